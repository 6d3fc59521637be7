package engine

import (
	"context"
	"time"

	"bench/runtime/bench"
	"bench/runtime/cost"
)

// The guard looks at the error rate over the last guardWindow seconds, and only once guardLeast operations have finished in
// them: one failure of one operation is no rate.
const (
	guardWindow = 10
	guardLeast  = 20
)

// A guard ends a run that does harm. It belongs to the run's goroutine.
type guard struct {
	r      *run
	until  time.Time // zero: no limit
	recent []bench.Ledger
	told   bool // it was said that credits are not known
	over   bool // it has ended the run, which goes on for as long as workers drain
}

// second takes in a second that was told.
func (g *guard) second(l bench.Ledger) {
	limit := g.r.plan.Guard.MaxErrorRate
	if limit <= 0 {
		return
	}
	if g.recent = append(g.recent, l); len(g.recent) > guardWindow {
		g.recent = g.recent[1:]
	}
	var sum bench.Ledger
	for _, x := range g.recent {
		sum.Add(x)
	}
	if rate, ok := sum.ErrorRate(); ok && rate > limit && sum.Finished() >= guardLeast {
		g.hit(bench.ReasonGuardErrorRate, "%.1f%% of %d operations of the last %d s failed, the guard allows %.1f%%: %s",
			100*rate, sum.Finished(), len(g.recent), 100*limit, g.r.measured.example())
	}
}

// check ends a run that has gone on for too long, and says when to look again.
func (g *guard) check(now time.Time) time.Time {
	if g.until.IsZero() {
		return now.Add(time.Hour)
	}
	if now.Before(g.until) {
		return g.until
	}
	g.until = time.Time{}
	g.hit(bench.ReasonGuardDuration, "the run took longer than the guard's %s", g.r.plan.Guard.MaxDuration)
	return now.Add(time.Hour)
}

// credits ends a run that has cost too much, by the samples of its warehouse so far.
func (g *guard) credits(samples []bench.TargetSample) {
	limit := g.r.plan.Guard.MaxCredits
	if limit <= 0 || g.told || g.r.record.Status.Terminal() {
		return
	}
	spent := cost.SoFar(samples)
	switch {
	case spent.Why != "":
		g.told = true
		g.r.announce(bench.EventGuard, "warn", time.Now(), struct{}{}, "max_credits cannot be guarded: %s", spent.Why)
	case *spent.Billed > limit:
		g.hit(bench.ReasonGuardCredits, "the run has cost about %.3g credits, the guard allows %.3g", *spent.Billed, limit)
	}
}

// Spent is what a run has cost up to the newest sample of its warehouse, nil where it runs on none.
func Spent(ctx context.Context, past History, id string) (*bench.Cost, error) {
	samples, err := past.Samples(ctx, id)
	if err != nil {
		return nil, err
	}
	return cost.SoFar(samples), nil
}

func (g *guard) hit(reason bench.Reason, format string, args ...any) {
	if g.over {
		return
	}
	g.over = true
	g.r.announce(bench.EventGuard, "error", time.Now(), map[string]string{"reason": string(reason)}, format, args...)
	g.r.early(reason, format, args...)
}

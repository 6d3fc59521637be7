package engine

import (
	"context"
	"time"

	"bench/runtime/bench"
)

// How a start is agreed on.
const (
	armMargin   = 150 * time.Millisecond // before t0, by which every worker must have acknowledged its ARM
	armAttempts = 5
)

// launch starts the workers.
func (r *run) launch(ctx context.Context) {
	fleet := r.e.Fleets[r.plan.Fleet.Kind]
	for slot := range r.plan.Fleet.Workers {
		r.roster.launched(slot)
		r.workers.Go(func() {
			err := fleet.Work(ctx, r.id, slot)
			r.do(ctx, func() { r.roster.exited(slot, err) })
		})
	}
}

// muster waits until each worker is READY.
func (r *run) muster() *ending {
	deadline := time.Now().Add(r.plan.Ready.D())
	ready, end := r.until(deadline, func() bool {
		r.waiting = r.roster.missing(deadline)
		return r.roster.allReady()
	})
	if end == nil && !ready {
		end = &ending{reason: bench.ReasonWorkersNotReady, abort: true, detail: r.roster.missing(deadline)}
	}
	return end
}

// arm stores the time line, sends it, and waits until every worker has acknowledged it; then the run is RUNNING from t0
// on, which lies just ahead. Whoever misses the margin gets a later t0, which replaces the one before, unless a worker has
// begun by that one meanwhile, because the later did not reach it in time: then the others join it.
func (r *run) arm() *ending {
	starts := map[*bench.Timeline]time.Time{} // t0 of each attempt on this server's clock
	for range armAttempts {
		r.attempt++
		r.waiting = "the start to be acknowledged"
		lead := r.e.Settings.Lead*time.Duration(min(r.attempt, armAttempts)) + 20*r.roster.clockError()
		r.t0 = time.Now().Add(lead)
		r.timeline = &bench.Timeline{
			T0:       r.t0.UTC().Round(time.Microsecond),
			WarmupUS: r.plan.Warmup.D().Microseconds(),
		}
		if r.plan.Iterations == 0 {
			r.timeline.EndUS = r.timeline.WarmupUS + r.plan.Duration.D().Microseconds()
		}
		starts[r.timeline] = r.t0
		r.tellArm("start at %s, attempt %d", false)
		settled, end := r.until(r.t0.Add(-armMargin), func() bool { return r.roster.allArmed() || r.roster.begunBy() != nil })
		if end != nil {
			return end
		}
		if begun := r.roster.begunBy(); begun != nil {
			r.timeline, r.t0 = begun, starts[begun]
			return r.join(bench.ReasonWorkersNotReady)
		}
		if settled {
			r.begin()
			return nil
		}
	}
	return &ending{reason: bench.ReasonWorkersNotReady, abort: true,
		detail: "the start was not acknowledged in time by " + r.roster.unarmed()}
}

// join lets the t0 of the time line stand, by which some may have begun, and makes the run RUNNING once all have it: the others
// are told it again, and begin late. Once WARMUP is over it is too late for that.
func (r *run) join(failed bench.Reason) *ending {
	if !r.roster.allArmed() {
		r.attempt++
		r.waiting = "the start to be acknowledged"
		r.tellArm("the start at %s stands, attempt %d", true)
		limit := time.Now().Add(adoptWait)
		if time.Now().After(r.at(r.timeline.WarmupUS)) {
			limit = time.Now()
		}
		armed, end := r.until(limit, r.roster.allArmed)
		if end == nil && !armed {
			end = &ending{reason: failed, abort: true,
				detail: "some workers have begun, and the start was not acknowledged in time by " + r.roster.unarmed()}
		}
		if end != nil {
			return end
		}
	}
	r.begin()
	return nil
}

// tellArm stores the time line and sends it. format has t0 and the attempt; standing says that some may have begun by it.
func (r *run) tellArm(format string, standing bool) {
	r.armed[r.attempt] = r.timeline
	r.announce(bench.EventArm, "info", r.t0, bench.Arm{
		Attempt: r.attempt, T0NS: int64(r.t0.Sub(r.e.start)), Timeline: *r.timeline, Standing: standing,
	}, format, r.timeline.T0.Format("15:04:05.000"), r.attempt)
}

// begin makes the run RUNNING from t0 on.
func (r *run) begin() {
	first := r.timeline.At(0)
	r.waiting = ""
	r.transit(bench.State{Status: bench.StatusRunning, Phase: first}, r.t0, nil, "%s begins", first)
}

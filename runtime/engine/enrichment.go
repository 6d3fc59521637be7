package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bench/runtime/bench"
)

// How long the end of a run waits for what its target says before the listener hears of it: enough for counters, which
// are there at once, and too little to be felt. A history is asked again after askAgain, then after twice that, and so on
// up to settled, because it is read from its start each time; once nothing new has come for settled, it is asked no more:
// what is not there by then comes much later, or never.
const (
	endPatience = 2 * time.Second
	askAgain    = 10 * time.Second
	settled     = 60 * time.Second
)

// late reports whether an SLO of the plan is about what only the target knows. The verdict then waits for it; all others
// are decided by what the workers measured, and wait for nothing.
func late(plan *bench.Plan) bool {
	return slices.ContainsFunc(plan.SLOs, func(s bench.SLO) bool { return serverMetric(s.Metric) })
}

func serverMetric(name string) bool { return name == "cost" || strings.HasPrefix(name, "server.") }

// enrich asks the target for its side of a run that came to its end, and stores it. It waits until everything has come that
// can come soon, at most for the deadline; the listener is not kept waiting, unless the verdict depends on it.
func (r *run) enrich(result *bench.Result, verdict bool) {
	o := r.observer
	if o == nil || r.evidence.enrichment != nil {
		return
	}
	h := &hearing{id: r.id, plan: r.plan, result: result, pass: 1, evidence: r.evidence}
	h.from, h.to = r.measuredBetween(result)
	var said *bench.Enrichment
	var timings []bench.Timing
	over := false
	began := time.Now()
	deadline := began.Add(r.e.Settings.Enrichment)
	r.waiting = "what the target says"
	r.guard.until = time.Time{} // nothing runs any more that could do harm
	o.ask(func(ctx context.Context, w Witness) {
		o.hearings(ctx, w, h, func(e *bench.Enrichment, of []bench.Timing, last bool) {
			said, timings, over = e, of, last
			r.waiting = "what the target says, until " + deadline.UTC().Format("15:04:05Z")
			if all := e.All(); all != nil {
				r.waiting += fmt.Sprintf(": %.0f%% of the statements so far", 100*all.Coverage)
			}
		})
	})
	settledNow := func() bool { return over || o.absent || o.trouble != "" || r.ctx.Err() != nil }
	done, end := r.until(began.Add(endPatience), settledNow)
	if !done && end == nil {
		r.pending()
		if !verdict {
			r.tellEnd(result)
		}
		done, end = r.until(deadline, settledNow)
	}
	r.waiting = ""
	if o.absent {
		return
	}
	r.conclusion(h, said, timings, over, done, end)
}

// hearings asks a history again and again until nothing new comes; tell is called on the run's goroutine.
func (o *observer) hearings(ctx context.Context, w Witness, h *hearing, tell func(e *bench.Enrichment, timings []bench.Timing, last bool)) {
	known, grown := 0, time.Now()
	for wait := askAgain; ; wait = min(2*wait, settled) {
		// What was asked before this question has been answered by now, and only the run may look at it.
		if o.r.do(ctx, func() { h.evidence = o.r.evidence.clone() }) != nil {
			return
		}
		e, timings, rows := h.hear(ctx, w)
		if ctx.Err() != nil {
			return
		}
		if rows > known {
			known, grown = rows, time.Now()
		}
		last := rows < 0 || e.All() != nil && e.All().Coverage >= 1 || time.Since(grown) >= settled
		if o.r.do(ctx, func() { tell(e, timings, last) }) != nil || last {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// conclusion stores what came of an enrichment.
func (r *run) conclusion(h *hearing, said *bench.Enrichment, timings []bench.Timing, over, done bool, end *ending) {
	e := said
	if e == nil {
		e = &bench.Enrichment{Run: r.id, Status: bench.EnrichmentIncomplete, Pass: h.pass, At: time.Now().UTC()}
	}
	unfinished := func(status bench.EnrichmentStatus, reason bench.EnrichmentReason, format string, args ...any) {
		e.Status, e.Reason, e.Detail = status, reason, fmt.Sprintf(format, args...)
	}
	again := "; bench enrich " + r.id + " asks again"
	switch {
	case over:
	case r.adopted && !r.resolvable():
		unfinished(bench.EnrichmentSkipped, bench.EnrichmentCredentialsGone, "what the target's secrets were was known to the server that died")
	case r.observer.trouble != "":
		unfinished(bench.EnrichmentFailed, bench.EnrichmentError, "the target cannot be asked: %s%s", r.observer.trouble, again)
	case end != nil && end.reason.Requested() && end.reason != bench.ReasonServerStopped:
		unfinished(bench.EnrichmentIncomplete, bench.EnrichmentCancelled, "%s%s", end.detail, again)
	case end != nil || r.ctx.Err() != nil:
		unfinished(bench.EnrichmentIncomplete, bench.EnrichmentInterrupted, "the server was told to end%s", again)
	case !done:
		unfinished(bench.EnrichmentIncomplete, bench.EnrichmentDeadline, "the target did not tell everything within %s%s", r.e.Settings.Enrichment, again)
	}
	r.evidence.enrichment = e
	r.keep(e, timings)
	level := "info"
	if e.Status != bench.EnrichmentComplete {
		level = "warn"
	}
	r.log.line(levelOf(level), "enrichment: %s %s", e.Status, e.Detail)
}

// pending stores that the target is being asked.
func (r *run) pending() {
	r.keep(&bench.Enrichment{
		Run: r.id, Status: bench.EnrichmentPending, Pass: 1, At: time.Now().UTC().Truncate(time.Microsecond),
		Detail: "the target is being asked, for at most " + r.e.Settings.Enrichment.String(),
	}, nil)
}

// keep stores an enrichment. Whoever hears of the end can read it.
func (r *run) keep(e *bench.Enrichment, timings []bench.Timing) {
	r.e.writer.put(bench.Batch{Enrichments: []bench.Enrichment{*e}, Timings: timings}, nil)
	ctx, cancel := r.storing()
	defer cancel()
	if err := r.e.writer.flush(ctx); err != nil {
		r.e.Log.Error("what the target says was not stored", "run", r.id, "error", err)
	}
}

// measuredBetween is MEASUREMENT on the server's clock.
func (r *run) measuredBetween(result *bench.Result) (from, to time.Time) {
	if r.timeline == nil {
		return r.record.CreatedAt, time.Now()
	}
	return window(r.timeline.T0.Add(time.Duration(r.timeline.WarmupUS)*time.Microsecond), result)
}

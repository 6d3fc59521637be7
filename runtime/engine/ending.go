package engine

import (
	"context"
	"fmt"
	"time"

	"bench/runtime/bench"
)

// teardownFor is how long teardown SQL may take.
const teardownFor = 5 * time.Minute

// An ending is why a run ends before its plan does.
type ending struct {
	reason bench.Reason
	detail string
	abort  bool // cancel what is in flight
}

// cutShort stops the workers of a run that ends before its plan does, and waits for what they measured.
func (r *run) cutShort(end *ending) {
	if !r.roster.any() {
		return
	}
	if r.record.Status != bench.StatusCancelling { // which a server before this one may have made it
		r.cutOff(r.record.Phase, time.Since(r.t0))
		r.transit(bench.State{Status: bench.StatusCancelling, Phase: r.record.Phase}, time.Now(), end, "ends early: %s", end.detail)
	}
	stop, wait := bench.EventStop, r.plan.Drain.D()+abortGrace+finalGrace
	if end.abort {
		stop, wait = bench.EventAbort, abortGrace+finalGrace
	}
	r.announce(stop, "info", time.Now(), struct{}{}, "workers are told to %s", end.verb())
	over := func() bool {
		r.waiting = r.roster.draining()
		return r.roster.noneLeft()
	}
	deadline := time.Now().Add(wait)
	for {
		_, harder := r.until(deadline, over)
		if harder == nil {
			return
		}
		if harder.abort && stop == bench.EventStop {
			stop, deadline = bench.EventAbort, time.Now().Add(abortGrace+finalGrace)
			end.reason, end.detail, end.abort = harder.reason, harder.detail, true
			r.announce(stop, "warn", time.Now(), struct{}{}, "workers are told to cancel what is in flight")
		}
	}
}

func (e *ending) verb() string {
	if e.abort {
		return "cancel what is in flight"
	}
	return "finish what is in flight"
}

func (e *ending) severity() string {
	switch {
	case e.reason == bench.ReasonCompleted:
		return "info"
	case e.reason.Requested():
		return "warn"
	}
	return "error"
}

// conclude computes what the run came to, stores it, and makes the run terminal.
func (r *run) conclude(end *ending) {
	if r.record.Status == bench.StatusCompleted { // the server before this one came so far
		result := r.measured.result(r, false)
		r.countAfter()
		r.enrich(result, false)
		r.complete(result)
		return
	}
	r.flush() // or it is said below; until it is durable, only the workers have what they said last
	r.kill()  // whoever is left now has nothing more to say
	r.second.finish()
	if end == nil && r.wish != nil { // the last second had a reason
		end, r.wish = r.wish, nil
	}
	if end == nil {
		end = &ending{reason: bench.ReasonCompleted, detail: "the plan came to its end"}
	}
	if err := r.roster.audit(); err != nil && end.reason == bench.ReasonCompleted {
		end = &ending{reason: bench.ReasonLedgerImbalance, detail: err.Error()}
	}
	completed := end.reason == bench.ReasonCompleted
	if completed {
		r.countAfter()
	}
	r.teardown()
	result := r.measured.result(r, !completed)
	if completed && late(r.plan) {
		r.enrich(result, true)
		result = r.measured.result(r, false)
	}
	r.e.writer.put(bench.Batch{
		Results: []bench.Result{*result}, Totals: []bench.Totals{r.totals()}, Workers: r.roster.rows(),
	}, nil)
	if err := r.flush(); err != nil && end.reason != bench.ReasonJournalUnavailable {
		end = &ending{reason: bench.ReasonJournalUnavailable, detail: fmt.Sprintf("the result could not be stored: %v", err)}
	}
	r.waiting = ""
	to := bench.State{Status: bench.StatusFailed, Phase: r.record.Phase}
	switch {
	case end.reason == bench.ReasonCompleted:
		to.Status = bench.StatusCompleted
	case end.reason.Requested() && r.record.Status == bench.StatusCancelling:
		to.Status = bench.StatusCancelled
	case end.reason.Requested(): // before there was any worker
		r.transit(bench.State{Status: bench.StatusCancelling, Phase: r.record.Phase}, time.Now(), end, "ends early: %s", end.detail)
		to.Status = bench.StatusCancelled
	}
	r.transit(to, time.Now(), end, "%s: %s", to.Status, end.detail)
	if r.record.Status == bench.StatusCompleted {
		r.enrich(result, false)
	}
	r.complete(result)
}

// complete is the last step of every run.
func (r *run) complete(result *bench.Result) {
	if r.record.Status == bench.StatusCompleted {
		r.transit(bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}, time.Now(), nil, "nothing more will change")
	}
	r.tellEnd(result)
}

// tellEnd tells the listener of the end, once: nothing that follows changes what the run measured.
func (r *run) tellEnd(result *bench.Result) {
	if !r.toldEnd {
		r.toldEnd = true
		r.e.Listener.Ended(r.live.Load(), result)
	}
}

// teardown runs the plan's teardown scripts and removes what was made for the run, whatever it ended with.
func (r *run) teardown() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), teardownFor)
	defer cancel()
	if r.adopted && len(r.plan.Teardown) > 0 && !r.resolvable() {
		r.measured.note("teardown was skipped (credentials_gone): what the target's secrets were was known to the server that died")
	} else if len(r.plan.Teardown) > 0 {
		r.waiting = "teardown SQL"
		if _, err := r.script(ctx, r.plan.Teardown, func(end *ending) bool { return end.abort }); err != nil {
			r.log.line(levelOf("error"), "teardown: %v", err)
			r.measured.note("teardown failed: " + err.Error())
		}
	}
	if err := r.e.Databases.Remove(r.id, r.plan.Target); err != nil {
		r.log.line(levelOf("warn"), "remove the temporary database: %v", err)
	}
}

// resolvable reports whether this server knows the target's secrets.
func (r *run) resolvable() bool {
	for _, s := range r.plan.Target.Secrets {
		if _, err := r.secret(s); err != nil {
			return false
		}
	}
	return true
}

func (r *run) totals() bench.Totals {
	ready, active, completed := r.roster.counts()
	operations, errors := r.measured.counts()
	return bench.Totals{
		Run: r.id, WorkersExpected: r.plan.Fleet.Workers, WorkersReady: ready, WorkersActive: active, WorkersCompleted: completed,
		TotalOperations: operations, TotalErrors: errors,
	}
}

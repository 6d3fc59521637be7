package engine

import (
	"context"
	"fmt"
	"time"

	"bench/runtime/bench"
)

// How long the course waits beyond the plan's own deadlines.
const (
	armMargin   = 150 * time.Millisecond // before t0, by which every worker must have acknowledged its ARM
	armAttempts = 5
	finalGrace  = 15 * time.Second // after the drain and the abort's grace, for the FINAL to arrive
	abortGrace  = 10 * time.Second // as workers have it: how long cancelled statements may take to return
	teardownFor = 5 * time.Minute
)

// drive is the run's goroutine, from its creation to its end.
func (r *run) drive(ctx context.Context) {
	r.ctx, r.ended = ctx, ctx.Done()
	wctx, kill := context.WithCancel(context.WithoutCancel(ctx))
	r.kill = kill
	r.observe()
	var end *ending
	if r.adopted {
		end = r.resume(wctx)
	} else {
		end = r.course(ctx, wctx)
	}
	if end != nil {
		r.cutShort(end)
	}
	r.conclude(end)
	close(r.done) // whoever still calls is refused from here on, and so comes to his end
	r.feed.end()
	kill()
	if r.observer != nil {
		r.observer.cancel()
	}
	r.workers.Wait()
	r.secrets = nil
	r.second, r.measured, r.guard, r.evidence = nil, nil, nil, evidence{} // megabytes of histograms; the history has what is asked for later
}

// course takes the run through its phases. It returns nil when the plan came to its end and every worker has said what
// it counted.
func (r *run) course(ctx, wctx context.Context) *ending {
	if r.plan.Guard.MaxDuration > 0 {
		r.guard.until = r.record.CreatedAt.Add(r.plan.Guard.MaxDuration.D())
	}
	if end := r.setup(ctx); end != nil {
		return end
	}
	r.launch(wctx)
	return r.fromMuster()
}

// fromMuster is the course from the launch of the workers on.
func (r *run) fromMuster() *ending {
	r.prepareCounters()
	if end := r.muster(); end != nil {
		return end
	}
	if r.plan.Warmup == 0 {
		r.count(momentBefore)
	}
	return r.fromArm()
}

func (r *run) fromArm() *ending {
	if end := r.arm(); end != nil {
		return end
	}
	return r.fromStart()
}

func (r *run) fromStart() *ending {
	if end := r.measure(); end != nil {
		return end
	}
	return r.drain()
}

// setup runs the plan's setup scripts, while the run stays reachable.
func (r *run) setup(ctx context.Context) *ending {
	if len(r.plan.Setup) == 0 {
		return nil
	}
	r.waiting = "setup SQL"
	end, err := r.script(ctx, r.plan.Setup, func(*ending) bool { return true })
	switch {
	case end != nil:
		return end
	case connectionRefused(err):
		return &ending{reason: bench.ReasonTargetUnreachable, detail: "setup: " + err.Error()}
	case err != nil:
		return &ending{reason: bench.ReasonSetupFailed, detail: "setup: " + err.Error()}
	}
	r.log.line(levelOf("info"), "setup done in %s", time.Since(r.record.CreatedAt).Round(time.Millisecond))
	return nil
}

// script runs SQL scripts while the run stays reachable. A wish to end the run stops them if stop says so, and is returned
// when they have stopped.
func (r *run) script(ctx context.Context, scripts []string, stop func(*ending) bool) (wish *ending, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := make(chan struct{})
	r.workers.Go(func() {
		err = r.e.Databases.Script(ctx, r.plan.Target, r.secret, scripts)
		close(finished)
		r.do(ctx, func() {}) // wakes whoever waits
	})
	ended := func() bool {
		select {
		case <-finished:
			return true
		default:
			return false
		}
	}
	for {
		done, end := r.until(time.Time{}, ended)
		if done {
			return wish, err
		}
		if wish = end; stop(end) {
			cancel()
			<-finished
			return wish, err
		}
	}
}

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

// measure goes through WARMUP and MEASUREMENT.
func (r *run) measure() *ending {
	never := func() bool { return false }
	if _, end := r.until(r.t0, never); end != nil {
		return end
	}
	if r.record.Phase == bench.PhaseWarmup {
		at := r.at(r.timeline.WarmupUS)
		if _, end := r.until(at, never); end != nil {
			return end
		}
		r.transit(bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}, at, nil, "%s begins", bench.PhaseMeasurement)
		r.count(momentBefore)
	}
	at := r.at(r.timeline.EndUS)
	if r.timeline.EndUS == 0 {
		at = time.Time{}
	}
	if _, end := r.until(at, r.roster.allExhausted); end != nil {
		return end
	}
	if at.IsZero() || at.After(time.Now()) {
		at = time.Now()
	}
	r.transit(bench.State{Status: bench.StatusStopping, Phase: bench.PhaseProcessing}, at, nil, "%s begins, workers drain", bench.PhaseProcessing)
	return nil
}

// window is how long MEASUREMENT was really measured, in microseconds: until the last worker ended it by its own clock, or was
// heard of, and no longer than until it was cut short.
func (r *run) window() int64 {
	if r.timeline == nil {
		return 0
	}
	us := max(r.roster.measuredUntil()-r.timeline.WarmupUS, 0)
	if r.record.Phase == bench.PhaseMeasurement { // reports of the drain still say MEASUREMENT
		us = min(us, r.cut)
	}
	if r.plan.Iterations == 0 {
		us = min(us, r.plan.Duration.D().Microseconds())
	}
	return us
}

// cutOff notes that the run was cut short in a phase, so long after t0.
func (r *run) cutOff(phase bench.Phase, since time.Duration) {
	if phase == bench.PhaseMeasurement {
		r.cut = max(since.Microseconds()-r.timeline.WarmupUS, 0)
	}
}

// afterCut reports whether what a report is about lies after the window was cut short.
func (r *run) afterCut(p *bench.Report) bool {
	return r.cut > 0 && p.FromUS-r.timeline.WarmupUS >= r.cut
}

// drain waits for the FINAL of every worker.
func (r *run) drain() *ending {
	deadline := time.Now().Add(r.plan.Drain.D() + abortGrace + finalGrace)
	all, end := r.until(deadline, func() bool {
		r.waiting = r.roster.draining()
		return r.roster.allFinal()
	})
	if end == nil && !all {
		end = &ending{reason: bench.ReasonWorkerLost, abort: true, detail: "no final report within the drain limit: " + r.roster.draining()}
	}
	return end
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

// until serves the run's inbox until done holds (true), the deadline passes (false; the zero time never does), or the run
// is to end early. Between calls it wakes only when something is due.
func (r *run) until(deadline time.Time, done func() bool) (bool, *ending) {
	r.deadline = deadline
	for {
		due := r.housekeeping(time.Now())
		if done() {
			r.publish()
			return true, nil
		}
		r.publish()
		if r.wish != nil {
			end := r.wish
			r.wish = nil
			return false, end
		}
		now := time.Now()
		if !deadline.IsZero() {
			if !now.Before(deadline) {
				return false, nil
			}
			due = earliest(due, deadline)
		}
		r.timer.Reset(due.Sub(now))
		select {
		case f := <-r.inbox:
			f()
		case <-r.timer.C:
		case <-r.ended:
			r.ended = nil // once is enough
			r.early(bench.ReasonServerStopped, "the server was told to end")
		}
	}
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// at is when so many microseconds have passed since t0.
func (r *run) at(us int64) time.Time { return r.t0.Add(time.Duration(us) * time.Microsecond) }

// housekeeping does what is due and returns when something will be due next.
func (r *run) housekeeping(now time.Time) time.Time {
	due := r.roster.judge(now)
	due = earliest(due, r.second.settle(now))
	due = earliest(due, r.guard.check(now))
	return due
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

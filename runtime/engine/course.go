package engine

import (
	"context"
	"time"

	"bench/runtime/bench"
)

// How long the course waits beyond the plan's own deadlines.
const (
	finalGrace = 15 * time.Second // after the drain and the abort's grace, for the FINAL to arrive
	abortGrace = 10 * time.Second // as workers have it: how long cancelled statements may take to return
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
		var f func()
		select {
		case f = <-r.inbox:
		case <-r.timer.C:
		case <-r.ended:
			r.ended = nil // once is enough
			f = func() { r.early(bench.ReasonServerStopped, "the server was told to end") }
		}
		r.turned.Store(new(time.Now()))
		if f != nil {
			f()
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

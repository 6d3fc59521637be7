package worker

import (
	"context"
	"time"

	"bench/runtime/bench"
)

// drive runs the load from t0 to its end and cuts a report at every full second and at every phase edge, and a
// first one early.
func (w *worker) drive(abort context.Context, a armed) {
	timeline := a.Timeline
	over := w.load.Start(abort, a.t0, timeline)
	cut := &cutter{w: w, t0: a.t0, timeline: timeline}
	w.enter(timeline.At(0), bench.WorkerRunning, bench.StageLoad)
	phase := cut.until(over, w.stop)
	w.load.Drain()
	w.tell(func(h *bench.Heartbeat) {
		h.Phase, h.Status, h.Stage = phase, bench.WorkerDraining, bench.StageDrain
		h.Exhausted = phase == bench.PhaseProcessing
	})
	w.drain(cut, phase, over)
	w.final(phase, cut.from)
}

// drain lets what is in flight end, then cancels it, then counts what does not even answer to that.
func (w *worker) drain(cut *cutter, phase bench.Phase, over <-chan struct{}) {
	if cut.while(phase, over, time.After(w.assigned.Plan.Drain.D())) {
		return
	}
	w.abort(context.DeadlineExceeded)
	if cut.while(phase, over, time.After(abortGrace)) {
		return
	}
	w.load.Censor()
}

func (w *worker) enter(p bench.Phase, s bench.WorkerStatus, stage bench.Stage) {
	w.tell(func(h *bench.Heartbeat) { h.Phase, h.Status, h.Stage = p, s, stage })
}

// A cutter cuts reports out of the recorder.
type cutter struct {
	w        *worker
	t0       time.Time
	timeline bench.Timeline
	from     int64 // end of the last report, microseconds since t0
}

// until cuts reports to the end of MEASUREMENT, or until the load came to its own end, because its iterations are done or
// no connection has anything left to do: then it returns PROCESSING. When stop comes first, it returns the phase in force.
func (c *cutter) until(over, stop <-chan struct{}) bench.Phase {
	t := c.timeline
	for {
		phase, next := t.At(c.from), t.NextCut(c.from)
		if c.from == 0 {
			next = min(next, bench.FirstCut)
		}
		select {
		case <-time.After(time.Until(c.t0.Add(time.Duration(next) * time.Microsecond))):
			c.cut(phase, next)
			if now := t.At(next); now != phase {
				if now == bench.PhaseProcessing {
					return now
				}
				c.w.enter(now, bench.WorkerRunning, bench.StageLoad)
			}
		case <-over:
			c.cut(phase, min(c.now(), next))
			return bench.PhaseProcessing
		case <-stop:
			c.cut(phase, min(c.now(), next))
			return phase
		}
	}
}

// while cuts a report each second until the load is over (true) or the limit passes or the worker ends (false).
func (c *cutter) while(phase bench.Phase, over <-chan struct{}, limit <-chan time.Time) bool {
	for {
		next := c.timeline.NextCut(c.from)
		select {
		case <-over:
			return true
		case <-limit:
			return false
		case <-time.After(time.Until(c.t0.Add(time.Duration(next) * time.Microsecond))):
			c.cut(phase, next)
		}
	}
}

func (c *cutter) now() int64 { return time.Since(c.t0).Microseconds() }

// cut makes one report of what was recorded since the last one and hands it to the sender.
func (c *cutter) cut(phase bench.Phase, to int64) {
	r := c.w.report(phase, c.from, to)
	c.from = max(to, c.from)
	c.w.sender.put(r)
}

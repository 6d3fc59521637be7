package worker

import (
	"encoding/json"
	"errors"
	"time"

	"bench/runtime/bench"
)

// armed is an ARM that this worker answers for.
type armed struct {
	bench.Arm
	t0 time.Time // on this worker's clock, with a monotonic reading
	by probe     // that t0 rests on
}

// hearAgain is how soon the ear asks again after a call that failed, at first, or that told what it cannot use yet.
const hearAgain = 50 * time.Millisecond

// hear obeys control events until the worker ends. Silence and errors are borne: the heart decides when it is too long.
func (w *worker) hear() {
	after, epoch := int64(0), w.assigned.Epoch
	for wait := hearAgain; w.ctx.Err() == nil; {
		events, err := w.Control.Events(w.ctx, w.Run, w.assigned.Worker, w.assigned.Generation, after)
		if err != nil {
			if final(err) {
				return
			}
			w.rest(wait)
			wait = min(2*wait, 2*time.Second)
			continue
		}
		wait = hearAgain
		for _, e := range events {
			if e.Sequence <= after {
				continue
			}
			if e.Type == bench.EventArm && !w.clock.met(e.Epoch) {
				// Its t0 means nothing before a heartbeat has measured its server's clock: then it is asked for again.
				w.tell(func(*bench.Heartbeat) {})
				w.rest(wait)
				break
			}
			after = e.Sequence
			if e.Epoch < epoch {
				continue // a server that has been replaced does not command any more
			}
			epoch = e.Epoch
			w.obey(e)
		}
	}
}

// rest waits, unless the worker ends.
func (w *worker) rest(d time.Duration) {
	select {
	case <-time.After(d):
	case <-w.ctx.Done():
	}
}

func (w *worker) obey(e bench.Event) {
	switch e.Type {
	case bench.EventArm:
		var a armed
		if err := json.Unmarshal(e.Data, &a.Arm); err != nil {
			w.Log.Error("an ARM could not be read", "error", err, "sequence", e.Sequence)
			return
		}
		var valid bool
		if a.t0, a.by, valid = w.clock.at(e.Epoch, a.T0NS); !valid {
			return
		}
		if w.begun.Load() {
			break // no ARM moves a t0 that has passed
		}
		if late := time.Since(a.t0); late >= 0 && !(a.Standing && late < time.Duration(a.Timeline.WarmupUS)*time.Microsecond) {
			w.Log.Warn("an ARM came too late to be obeyed", "late", late, "attempt", a.Attempt)
			break // whoever is not armed is sent a later t0
		}
		select {
		case <-w.armed: // replaced by the later attempt
		default:
		}
		w.armed <- a
	case bench.EventStop:
		w.halt(errors.New(e.Message), false)
	case bench.EventAbort:
		w.halt(errors.New(e.Message), true)
	}
	w.tell(func(h *bench.Heartbeat) { h.LastEvent = e.Sequence })
}

// awaitStart waits for t0 of the newest ARM. false says that the run ended before it started.
func (w *worker) awaitStart() (a armed, started bool) {
	var due <-chan time.Time
	for {
		select {
		case a = <-w.armed:
			due = w.arm(a)
		case <-due:
			select {
			case a = <-w.armed: // in the same moment: the later attempt counts
				due = w.arm(a)
				continue
			default:
			}
			w.begun.Store(true)
			return a, true
		case <-w.stop:
			return a, false
		case <-w.ctx.Done():
			return a, false
		}
	}
}

// arm acknowledges an ARM and returns the wait for its t0.
func (w *worker) arm(a armed) <-chan time.Time {
	w.tell(func(h *bench.Heartbeat) { h.Armed, w.t0, w.by = a.Attempt, a.t0, a.by })
	return time.After(time.Until(a.t0))
}

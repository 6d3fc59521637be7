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
}

// hear obeys control events until the worker ends. Silence and errors are borne: the heart decides when it is too long.
func (w *worker) hear() {
	after, epoch := int64(0), w.assigned.Epoch
	for wait := 50 * time.Millisecond; w.ctx.Err() == nil; {
		events, err := w.Control.Events(w.ctx, w.Run, w.assigned.Worker, w.assigned.Generation, after)
		if err != nil {
			if final(err) {
				return
			}
			select {
			case <-time.After(wait):
			case <-w.ctx.Done():
			}
			wait = min(2*wait, 2*time.Second)
			continue
		}
		wait = 50 * time.Millisecond
		for _, e := range events {
			if e.Sequence <= after {
				continue
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

func (w *worker) obey(e bench.Event) {
	switch e.Type {
	case bench.EventArm:
		var a armed
		if err := json.Unmarshal(e.Data, &a.Arm); err != nil {
			w.Log.Error("an ARM could not be read", "error", err, "sequence", e.Sequence)
			return
		}
		t0, valid := w.clock.at(e.Epoch, a.T0NS)
		if !valid {
			return
		}
		a.t0 = t0
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
			due = time.After(time.Until(a.t0))
			w.tell(func(h *bench.Heartbeat) { h.Armed, w.t0 = a.Attempt, a.t0 })
		case <-due:
			select {
			case a = <-w.armed: // in the same moment: the later attempt counts
				due = time.After(time.Until(a.t0))
				w.tell(func(h *bench.Heartbeat) { h.Armed, w.t0 = a.Attempt, a.t0 })
				continue
			default:
			}
			return a, true
		case <-w.stop:
			return a, false
		case <-w.ctx.Done():
			return a, false
		}
	}
}

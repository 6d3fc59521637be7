package worker

import (
	"context"
	"time"

	"bench/runtime/bench"
)

// beatEvery is how often a worker says that it lives when nothing else is to be said.
const beatEvery = time.Second

// beatAgain is how soon a beat that was not heard is repeated.
const beatAgain = 100 * time.Millisecond

// gather is how long a beat waits for what else changes in the same moment, so that one beat says all of it.
const gather = time.Millisecond

// tell changes what the heart says and makes it beat.
func (w *worker) tell(change func(*bench.Heartbeat)) {
	w.mu.Lock()
	change(&w.heart)
	w.mu.Unlock()
	select {
	case w.beat <- struct{}{}:
	default: // a beat is due already, and will say it
	}
}

func (w *worker) stage(s bench.Stage) { w.tell(func(h *bench.Heartbeat) { h.Stage = s }) }

// synchronize measures the clock before anything else.
func (w *worker) synchronize() error {
	for range probes {
		if err := w.sendBeat(w.ctx); err != nil && final(err) {
			return err
		}
	}
	return nil
}

// pulse beats until the worker ends, and ends the worker when the plane is gone for too long or refuses it.
func (w *worker) pulse() {
	due := time.NewTimer(beatEvery)
	defer due.Stop()
	for reached := time.Now(); ; {
		select {
		case <-w.ctx.Done():
			return
		case <-w.beat:
			due.Reset(gather)
			continue
		case <-due.C:
		}
		switch err := w.sendBeat(w.ctx); {
		case err == nil:
			reached = time.Now()
			due.Reset(beatEvery)
		case final(err):
			w.halt(err, true)
			w.sender.giveUp(err)
			return
		case time.Since(reached) > lostAfter:
			w.halt(ErrServerLost, true)
			w.sender.giveUp(ErrServerLost)
			return
		default: // it may have been the ARMED that somebody waits for
			due.Reset(beatAgain)
		}
	}
}

// lastBeat says the last word of a worker, which nobody may miss for want of a tick.
func (w *worker) lastBeat() {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	if err := w.sendBeat(ctx); err != nil {
		w.Log.Warn("the last heartbeat was not heard", "error", err)
	}
}

// sendBeat is one heartbeat, which is also one probe of the clock.
func (w *worker) sendBeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	clock := w.clock.estimate()
	cpu, memory := w.usage.read()
	errors, last := w.exhibits.Errors()
	w.mu.Lock()
	w.heart.Number++
	h := w.heart
	if h.Fatal == "" {
		h.ErrorCount, h.LastError = errors, last
	}
	if !w.t0.IsZero() { // which is never moved: what it rests on gets worse with time, whatever is known better by now
		h.SinceT0US, clock = time.Since(w.t0).Microseconds(), w.by
	}
	w.heart.Facts = nil // once is enough
	w.mu.Unlock()
	sent := w.clock.local()
	h.OffsetNS, h.ErrorNS, h.CPUPercent, h.MemoryBytes = clock.offset, clock.bound(sent), cpu, memory
	ack, err := w.Control.Heartbeat(ctx, h)
	if err != nil {
		if h.Facts != nil {
			w.mu.Lock()
			w.heart.Facts = h.Facts
			w.mu.Unlock()
		}
		return err
	}
	w.clock.observe(ack.Epoch, sent, w.clock.local(), ack.NowNS)
	w.sender.durable(ack.Durable)
	return nil
}

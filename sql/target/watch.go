package target

import (
	"context"
	"errors"
	"sync"
	"time"

	"bench/runtime/bench"
)

// A Watch interrupts the call of one session that is in flight when its context ends. A context without a deadline, such
// as the one of the whole run, is registered once and stays registered over the calls that follow, so that watching
// costs such a call two uncontended locks and no allocation. A context with a deadline belongs to one call.
//
// The interruption is repeated until the call returns: databases ignore one that arrives before they begin.
type Watch struct {
	interrupt func(first bool)
	every     time.Duration

	mu          sync.Mutex
	ctx         context.Context // registered, or nil
	forget      func() bool
	busy        bool
	interrupted bool
}

// NewWatch makes a Watch that calls interrupt at once and then at every interval, on a goroutine of its own. interrupt
// must return in bounded time: [Watch.End] waits for it.
func NewWatch(every time.Duration, interrupt func(first bool)) *Watch {
	return &Watch{every: every, interrupt: interrupt}
}

// Begin says that a call is about to be sent. An error means that ctx has ended already and nothing may be sent.
func (w *Watch) Begin(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx != w.ctx {
		w.release()
		if ctx.Done() != nil {
			w.ctx = ctx
			w.forget = context.AfterFunc(ctx, func() { w.ended(ctx) })
		}
	}
	// Looking at ctx after it was registered leaves no moment at which its end is not seen.
	w.busy, w.interrupted = ctx.Err() == nil, false
	return ctx.Err()
}

// End says that the call has returned, and reports whether it was interrupted. No interruption reaches the session
// after End.
func (w *Watch) End() (interrupted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	if w.ctx != nil {
		if _, once := w.ctx.Deadline(); once {
			w.release()
		}
	}
	return w.interrupted
}

// Close forgets the context.
func (w *Watch) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release()
}

func (w *Watch) release() {
	if w.forget != nil {
		w.forget()
	}
	w.ctx, w.forget = nil, nil
}

// ended interrupts what is in flight under ctx until it is over.
func (w *Watch) ended(ctx context.Context) {
	for w.interruptUnder(ctx) {
		time.Sleep(w.every)
	}
}

func (w *Watch) interruptUnder(ctx context.Context) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.busy || w.ctx != ctx {
		return false
	}
	first := !w.interrupted
	w.interrupted = true
	w.interrupt(first)
	return true
}

// Ended is the error of a call whose context ended. code is what the target calls an interruption.
func Ended(ctx context.Context, code string) *bench.OpError {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &bench.OpError{Class: bench.ErrorTimeout, Code: code, Message: "the statement timeout passed"}
	}
	return &bench.OpError{Class: bench.ErrorOther, Code: code, Message: "the statement was cancelled"}
}

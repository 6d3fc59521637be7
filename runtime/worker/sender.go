package worker

import (
	"context"
	"slices"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// Bounds of what a worker keeps for a plane that does not take it: beyond maxUnsent reports, neighbours of one phase are merged:
// the time resolution falls, the counts never do.
const (
	maxUnsent     = 120
	maxExecutions = 200
	minWait       = 100 * time.Millisecond // before a report is tried again, doubled with each try
)

// A sender brings reports to the plane, in order, each again and again until it is durable there. Its goroutine is the
// only one that sends.
type sender struct {
	w    *worker
	wake chan struct{} // capacity 1: there is something to do

	mu       sync.Mutex
	queue    []bench.Report // not durable yet, oldest first
	numbered int            // so many of them have a Seq: they may have been seen and never change again
	next     int            // place of the one to send next
	seq      int64          // last given
	flushing bool
	err      error         // why it gave up
	settled  chan struct{} // closed when flushing and there is nothing left to wait for
}

func newSender(w *worker) *sender {
	return &sender{w: w, wake: make(chan struct{}, 1), settled: make(chan struct{})}
}

// put queues a report. It never blocks.
func (s *sender) put(r bench.Report) {
	s.mu.Lock()
	s.queue = append(s.queue, r)
	if len(s.queue)-s.numbered > maxUnsent {
		s.shed()
	}
	s.mu.Unlock()
	s.notify()
}

// shed merges the oldest two neighbours that nobody has seen yet and that are alike. The caller holds mu.
func (s *sender) shed() {
	for i := s.numbered; i+1 < len(s.queue); i++ {
		a, b := &s.queue[i], &s.queue[i+1]
		if a.Phase != b.Phase || b.Final {
			continue
		}
		merged, err := stats.Merge(a.Deltas, b.Deltas)
		if err != nil {
			panic("our own deltas cannot be merged: " + err.Error())
		}
		b.FromUS, b.Deltas = a.FromUS, merged
		b.LagMaxUS, b.LagP99US = max(a.LagMaxUS, b.LagMaxUS), max(a.LagP99US, b.LagP99US)
		b.Executions, b.Unlisted = append(a.Executions, b.Executions...), a.Unlisted+b.Unlisted
		if over := len(b.Executions) - maxExecutions; over > 0 {
			b.Executions, b.Unlisted = b.Executions[:maxExecutions], b.Unlisted+int64(over)
		}
		s.queue = append(s.queue[:i], s.queue[i+1:]...)
		return
	}
}

func (s *sender) notify() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look at everything that is there
	}
}

// run sends until the worker ends.
func (s *sender) run() {
	wait := minWait
	for s.w.ctx.Err() == nil {
		r, ok := s.take()
		if !ok {
			select {
			case <-s.wake:
			case <-s.w.ctx.Done():
			}
			continue
		}
		ctx, cancel := context.WithTimeout(s.w.ctx, 15*time.Second)
		ack, err := s.w.Control.Report(ctx, r)
		cancel()
		if err == nil {
			wait = minWait
			s.acknowledged(r.Seq, ack)
			continue
		}
		if final(err) {
			s.w.halt(err, true) // what nobody will hear of need not be done
			s.giveUp(err)
			return
		}
		s.rewind()
		s.w.rest(wait)
		wait = min(2*wait, 2*time.Second)
	}
}

// take is the report to send now, with its number.
func (s *sender) take() (bench.Report, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= len(s.queue) {
		return bench.Report{}, false
	}
	if s.next >= s.numbered {
		s.seq++
		s.queue[s.next].Seq = s.seq
		s.numbered = s.next + 1
	}
	s.next++
	return s.queue[s.next-1], true
}

// acknowledged takes in the answer to a report.
func (s *sender) acknowledged(seq int64, ack *bench.ReportAck) {
	s.durable(ack.Durable)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ack.Received < seq:
		s.next = 0 // the plane lost what was not durable: all of it once more
	case s.flushing && s.next == len(s.queue) && s.next > 0:
		s.next-- // the last one again, until it is durable
	}
}

// rewind sends again what is not durable.
func (s *sender) rewind() {
	s.mu.Lock()
	s.next = 0
	s.mu.Unlock()
}

// durable forgets what the plane has for good.
func (s *sender) durable(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < s.numbered && s.queue[n].Seq <= seq {
		n++
	}
	s.queue = slices.Delete(s.queue, 0, n)
	s.numbered -= n
	s.next = max(s.next-n, 0)
	s.settle()
}

// settle ends a flush that has nothing left to wait for. The caller holds mu.
func (s *sender) settle() {
	if s.flushing && (len(s.queue) == 0 || s.err != nil) {
		select {
		case <-s.settled:
		default:
			close(s.settled)
		}
	}
}

// flush waits until every report is durable, or until it is said why that will never be.
func (s *sender) flush() error {
	s.mu.Lock()
	s.flushing = true
	if s.next == len(s.queue) {
		s.next = max(s.next-1, 0)
	}
	s.settle()
	s.mu.Unlock()
	s.notify()
	<-s.settled
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// giveUp ends the wait for a plane that will not take any more.
func (s *sender) giveUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.settle()
}

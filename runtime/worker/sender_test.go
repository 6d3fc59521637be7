package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
)

// A plane takes reports as the real one does, and loses what it is told to lose.
type plane struct {
	Control
	mu       sync.Mutex
	lose     func() bool // before the report arrives, or after: then the answer is lost
	received int64
	durable  int64
	lag      int64 // durable is so many reports behind
	took     []bench.Report
}

func (p *plane) Report(_ context.Context, r bench.Report) (*bench.ReportAck, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lose() {
		return nil, errors.New("lost on the way")
	}
	if r.Seq == p.received+1 {
		p.received = r.Seq
		p.took = append(p.took, r)
	}
	p.durable = max(p.durable, p.received-p.lag)
	if r.Final {
		p.durable = p.received
	}
	if p.lose() {
		return nil, errors.New("the answer was lost")
	}
	return &bench.ReportAck{Received: p.received, Durable: p.durable}, nil
}

// forget is a server that comes back with what was durable.
func (p *plane) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received = p.durable
	p.took = p.took[:p.durable]
}

func report(planned int64) bench.Report {
	return bench.Report{Phase: bench.PhaseMeasurement, Deltas: []bench.Delta{{OpPhase: bench.PhaseMeasurement, Ledger: bench.Ledger{Planned: planned, Indoubt: planned}}}}
}

// sending runs a sender against a plane in fake time.
func sending(t *testing.T, p *plane, act func(s *sender)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := &worker{Config: Config{Control: p, Log: slog.New(slog.DiscardHandler)}, ctx: ctx, assigned: &bench.Assignment{}}
		w.sender = newSender(w)
		var running sync.WaitGroup
		running.Go(w.sender.run)
		act(w.sender)
		cancel(nil)
		running.Wait()
	})
}

// Whatever is lost on the way, in either direction, and whatever a server forgets: each operation arrives once.
func TestReportsArriveOnce(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		p := &plane{lag: 3, lose: func() bool { return random.Float64() < 0.3 }}
		const reports = 60
		sending(t, p, func(s *sender) {
			for i := range reports {
				r := report(1)
				r.Final = i == reports-1
				s.put(r)
				time.Sleep(200 * time.Millisecond)
				if i == 20 || i == 40 {
					p.forget()
				}
			}
			if err := s.flush(); err != nil {
				t.Fatal(err)
			}
		})
		var planned int64
		for i, r := range p.took {
			planned += r.Deltas[0].Planned
			if r.Seq != int64(i)+1 {
				t.Fatalf("seed %d: report %d at place %d", seed, r.Seq, i)
			}
		}
		if planned != reports {
			t.Errorf("seed %d: %d operations arrived of %d", seed, planned, reports)
		}
	}
}

// A plane that is away for long costs resolution in time, never counts, and bounded memory.
func TestShedMerges(t *testing.T) {
	away := true
	p := &plane{lose: func() bool { return away }}
	const reports = 1000
	sending(t, p, func(s *sender) {
		for range reports {
			s.put(report(1))
			time.Sleep(100 * time.Millisecond)
		}
		s.mu.Lock()
		if n := len(s.queue); n > maxUnsent+2 {
			t.Errorf("%d reports are kept, want at most %d", n, maxUnsent+2)
		}
		s.mu.Unlock()
		p.mu.Lock()
		away = false
		p.mu.Unlock()
		last := report(0)
		last.Final, last.Deltas = true, nil
		s.put(last)
		if err := s.flush(); err != nil {
			t.Fatal(err)
		}
	})
	var planned int64
	for _, r := range p.took {
		for _, d := range r.Deltas {
			planned += d.Planned
		}
	}
	if planned != reports {
		t.Errorf("%d operations arrived of %d", planned, reports)
	}
}

func TestRefusedSenderGivesUp(t *testing.T) {
	p := &refusing{}
	synctest.Test(t, func(t *testing.T) {
		stopped := false
		w := &worker{Config: Config{Control: p, Log: slog.New(slog.DiscardHandler)}, ctx: t.Context(), assigned: &bench.Assignment{},
			stop: make(chan struct{}), abort: func(error) { stopped = true }}
		w.sender = newSender(w)
		go w.sender.run()
		w.sender.put(report(1))
		if err := w.sender.flush(); bench.CodeOf(err) != bench.CodeGenerationStale {
			t.Errorf("flush: %v", err)
		}
		if !stopped {
			t.Error("the load goes on, though nobody will hear of it")
		}
	})
}

type refusing struct{ Control }

func (*refusing) Report(context.Context, bench.Report) (*bench.ReportAck, error) {
	return nil, bench.Errorf(bench.CodeGenerationStale, "declared dead")
}

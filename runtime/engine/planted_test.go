package engine_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/worker"
)

// What the simulator must find: bugs of each kind, planted between the parts. Each is found within so many seeds.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, p := range []struct {
		bug    string
		kind   kind
		within uint64
		plant  func() bends
	}{
		{"a plane that loses what is in a report", lostReport, 5, planePlant(&empties{})},
		{"a store that takes a batch and leaves out a report", lostReport, 5, storePlant(func(s engine.Store) engine.Store { return &forgets{Store: s} })},
		{"a plane that takes a repeated report for a new one", doubleReport, 5, planePlant(&repeats{})},
		{"a worker whose t0 is moved after it was stored", retimed, 5, func() bends { return bends{control: moved} }},
		{"a server that times a phase when it comes to it", retimed, 5, storePlant(func(s engine.Store) engine.Store { return retimes{s} })},
		{"a server that takes a stop and does nothing", stopLost, 40, func() bends { return bends{stop: deafTo} }},
		{"a plane that lets a replaced worker speak for the one that replaced it", zombie, 100, planePlant(&forged{})},
		{"a store that takes what a dead worker still says", zombie, 100, graveyard},
		{"a worker that does not hear that it must end", zombie, 20, func() bends { return bends{control: headless} }},
	} {
		t.Run(p.bug, func(t *testing.T) {
			t.Parallel()
			for seed := range p.within {
				o := simulate(t, newScenario(seed), p.plant(), false)
				for _, v := range o.violations {
					if v.kind == p.kind {
						t.Logf("seed %d: %v", seed, v)
						return
					}
				}
			}
			t.Errorf("no %s in %d seeds", p.kind, p.within)
		})
	}
}

func storePlant(between func(engine.Store) engine.Store) func() bends {
	return func() bends { return bends{store: between} }
}

// A stand stands between the lines and whatever server there is; it outlives servers.
type stand interface {
	worker.Control
	before(worker.Control) worker.Control
}

// planePlant plants a fresh copy of a stand in each run.
func planePlant[T any, P interface {
	*T
	stand
}](P) func() bends {
	return func() bends { return bends{plane: P(new(T)).before} }
}

// empties takes the operations out of the first report that has some.
type empties struct {
	worker.Control
	mu   sync.Mutex
	worn string // whose report it was
	seq  int64
}

func (p *empties) before(c worker.Control) worker.Control { p.Control = c; return p }
func (p *empties) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	p.mu.Lock()
	if p.seq == 0 && len(r.Deltas) > 0 {
		p.worn, p.seq = r.Worker, r.Seq
	}
	if p.worn == r.Worker && p.seq == r.Seq {
		r.Deltas = nil
	}
	p.mu.Unlock()
	return p.Control.Report(ctx, r)
}

// forgets leaves the first report with operations out of its batch.
type forgets struct {
	engine.Store
	once sync.Once
}

func (p *forgets) Write(ctx context.Context, b *bench.Batch) error {
	for i, s := range b.Snapshots {
		if len(s.Deltas) > 0 {
			p.once.Do(func() {
				c := *b
				c.Snapshots = slices.Delete(slices.Clone(b.Snapshots), i, i+1)
				b = &c
			})
			break
		}
	}
	return p.Store.Write(ctx, b)
}

// repeats takes the first report with operations twice, and numbers whatever comes after it anew.
type repeats struct {
	worker.Control
	mu  sync.Mutex
	who string
	seq int64
}

func (p *repeats) before(c worker.Control) worker.Control { p.Control = c; return p }
func (p *repeats) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	p.mu.Lock()
	if p.seq == 0 && len(r.Deltas) > 0 {
		p.who, p.seq = r.Worker, r.Seq
	}
	mine, at := p.who == r.Worker, p.seq
	p.mu.Unlock()
	if mine && r.Seq > at {
		r.Seq++
	}
	ack, err := p.Control.Report(ctx, r)
	if err == nil && mine && r.Seq == at {
		r.Seq++
		ack, err = p.Control.Report(ctx, r)
	}
	if err == nil && mine && ack.Received > at {
		ack = &bench.ReportAck{Received: ack.Received - 1, Durable: max(ack.Durable-1, 0)}
	}
	return ack, err
}

// moved moves t0 for the first worker.
func moved(p *process, c worker.Control) worker.Control {
	if p.slot != 0 {
		return c
	}
	return movedArm{c}
}

type movedArm struct{ worker.Control }

func (p movedArm) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	events, err := p.Control.Events(ctx, run, w, generation, after)
	events = slices.Clone(events)
	for i, e := range events {
		var a bench.Arm
		if e.Type == bench.EventArm && json.Unmarshal(e.Data, &a) == nil {
			a.T0NS += int64(50 * time.Millisecond)
			events[i].Data, _ = json.Marshal(a)
		}
	}
	return events, err
}

// retimes writes the time line again when the next phase comes.
type retimes struct{ engine.Store }

func (p retimes) Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	if t.From.Phase == bench.PhaseMeasurement && t.Timeline == nil {
		t.Timeline = &bench.Timeline{T0: t.At.Add(-time.Second), EndUS: 1_000_000}
	}
	return p.Store.Transition(ctx, t)
}

// deafTo answers whoever asks for a stop, and no more.
func deafTo(stopper) stopper {
	return func(context.Context, string, bench.Desired, string) error { return nil }
}

// forged lets a replaced worker's reports pass for those of whoever replaced it.
type forged struct {
	worker.Control
	mu         sync.Mutex
	generation map[string]int64
	received   map[string]int64
}

func (p *forged) before(c worker.Control) worker.Control {
	p.Control = c
	if p.generation == nil {
		p.generation, p.received = map[string]int64{}, map[string]int64{}
	}
	return p
}

func (p *forged) Register(ctx context.Context, g bench.Registration) (*bench.Assignment, error) {
	a, err := p.Control.Register(ctx, g)
	if err == nil {
		p.mu.Lock()
		p.generation[a.Worker], p.received[a.Worker] = a.Generation, 0
		p.mu.Unlock()
	}
	return a, err
}

func (p *forged) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	p.mu.Lock()
	if newest := p.generation[r.Worker]; r.Generation < newest {
		r.Generation, r.Seq = newest, p.received[r.Worker]+1
	}
	p.mu.Unlock()
	ack, err := p.Control.Report(ctx, r)
	if err == nil {
		p.mu.Lock()
		p.received[r.Worker] = ack.Received
		p.mu.Unlock()
	}
	return ack, err
}

// graveyard stores what the plane refuses.
func graveyard() bends {
	var mu sync.Mutex
	var newest engine.Store
	return bends{
		store: func(s engine.Store) engine.Store {
			mu.Lock()
			defer mu.Unlock()
			newest = s
			return s
		},
		plane: func(c worker.Control) worker.Control {
			return buried{c, func(ctx context.Context, r bench.Report) {
				mu.Lock()
				s := newest
				mu.Unlock()
				s.Write(ctx, &bench.Batch{Snapshots: []bench.Snapshot{{Report: r, ReceivedAt: time.Now()}}})
			}}
		},
	}
}

type buried struct {
	worker.Control
	keep func(context.Context, bench.Report)
}

func (p buried) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	ack, err := p.Control.Report(ctx, r)
	if bench.CodeOf(err) == bench.CodeGenerationStale {
		p.keep(ctx, r)
	}
	return ack, err
}

// headless lets the first worker not hear of any end.
func headless(p *process, c worker.Control) worker.Control {
	if p.slot != 0 {
		return c
	}
	return headlessWorker{c}
}

type headlessWorker struct{ worker.Control }

func (p headlessWorker) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	ack, err := p.Control.Heartbeat(ctx, h)
	if bench.CodeOf(err) == bench.CodeRunEnded {
		return &bench.HeartbeatAck{}, nil
	}
	return ack, err
}

func (p headlessWorker) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	ack, err := p.Control.Report(ctx, r)
	if bench.CodeOf(err) == bench.CodeRunEnded {
		return nil, errNoReply
	}
	return ack, err
}

func (p headlessWorker) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	events, err := p.Control.Events(ctx, run, w, generation, after)
	return slices.DeleteFunc(slices.Clone(events), func(e bench.Event) bool {
		return e.Type == bench.EventStop || e.Type == bench.EventAbort
	}), err
}

package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/fleet"
	"bench/runtime/load"
	"bench/runtime/worker"
	"bench/sql/target/null"
)

// A process is one start of a worker of a machine, with what it did as seen from beside it.
type process struct {
	x      *machine
	slot   int
	number int // of its first actor
	clock  skew
	began  time.Time // where its monotonic clock reads 0

	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
	gone   chan struct{} // closed when it has ended or was killed
	end    sync.Once     // of gone
	err    error

	mu         sync.Mutex
	dead       bool      // killed: nothing that it does has an effect any more
	cut        time.Time // until when nothing of what it says, and is told, arrives
	generation int64
	heard      []bench.Arm // that it was told
	said       map[int64]bench.Report
	first      time.Time // when it sent the target its first statement
	last       time.Time // and its newest
}

// launch starts a worker that lives as long as it likes. twin counts the starts in a slot.
func (x *machine) launch(run string, slot, twin int) *process {
	ctx, cancel := context.WithCancel(context.Background())
	index := slot
	if twin > 0 {
		index += twin * 16
	}
	p := &process{
		x: x, slot: slot, number: theWorkers + index*perWorker, cancel: cancel,
		done: make(chan struct{}), gone: make(chan struct{}), said: map[int64]bench.Report{},
	}
	if x.scenario != nil {
		p.clock = x.scenario.skew(index)
	}
	x.mu.Lock()
	x.processes = append(x.processes, p)
	x.mu.Unlock()
	x.going.Go(func() {
		defer p.end.Do(func() { close(p.gone) })
		defer close(p.done)
		x.actor(p.number).sleep(ctx, 0)
		p.began = time.Now()
		p.err = fleet.Local{Config: p.config}.Work(ctx, run, slot)
	})
	return p
}

func (p *process) config() worker.Config {
	var control worker.Control = newLine(p)
	if p.x.bends.control != nil {
		control = p.x.bends.control(p, control)
	}
	return worker.Config{
		Control: witness{control, p}, Host: "machine", PID: 100 + p.slot, Log: slog.New(slog.DiscardHandler),
		Lookup:    func(bench.Secret) (string, error) { return "", errNoSecret },
		Monotonic: func() int64 { return int64(time.Since(p.began)) },
		Open:      p.open,
	}
}

// open opens the target that needs no database. With a scenario, it takes time.
func (p *process) open(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error) {
	if p.x.bends.open != nil {
		if err := p.x.bends.open(); err != nil {
			return nil, err
		}
	}
	t, err := null.Open(ctx, plan.Target, lookup, 1, tag)
	if err != nil || p.x.scenario == nil {
		return t, err
	}
	way := p.x.actor(p.number + 4)
	return unsteady{t, p, way, plan.Fleet.Workers}, way.sleep(ctx, time.Millisecond)
}

// die ends the process as SIGKILL would.
func (p *process) die() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.end.Do(func() { close(p.gone) })
	p.cancel()
}

// mute reports whether nothing that the process says arrives; dead, whether nothing ever will.
func (p *process) mute() (mute, dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead || time.Now().Before(p.cut), p.dead
}

// A witness notes what a worker says and is told, on the worker's side of the line.
type witness struct {
	worker.Control
	p *process
}

func (w witness) Register(ctx context.Context, g bench.Registration) (*bench.Assignment, error) {
	a, err := w.Control.Register(ctx, g)
	if err == nil {
		w.p.mu.Lock()
		w.p.generation = a.Generation
		w.p.mu.Unlock()
	}
	return a, err
}

func (w witness) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	w.p.mu.Lock()
	w.p.said[r.Seq] = r
	w.p.mu.Unlock()
	return w.Control.Report(ctx, r)
}

// An unsteady target is one whose calls do not all take the same time. A cancelled statement takes a moment to come back.
type unsteady struct {
	*null.Target
	p       *process
	way     *actor
	workers int
}

func (u unsteady) Open(ctx context.Context, number int, stage func(bench.Stage)) (load.Conn, error) {
	a := u.p.x.actor(u.p.number + 5 + number/u.workers)
	if err := a.sleep(ctx, time.Millisecond); err != nil {
		return nil, &bench.OpError{Class: bench.ErrorConnection, Message: "the login was cancelled", Lost: true}
	}
	c, err := u.Target.Open(ctx, number, stage)
	return &unsteadyConn{c, u.p, a}, err
}

func (u unsteady) Facts(ctx context.Context) ([]bench.Fact, error) {
	if err := u.way.sleep(ctx, time.Millisecond); err != nil {
		return nil, err
	}
	return u.Target.Facts(ctx)
}

type unsteadyConn struct {
	load.Conn
	p *process
	a *actor
}

func (c *unsteadyConn) Exec(ctx context.Context, call *load.Call) error {
	c.p.mu.Lock()
	c.p.last = time.Now()
	if c.p.first.IsZero() {
		c.p.first = c.p.last
	}
	c.p.mu.Unlock()
	err := c.Conn.Exec(ctx, call)
	c.a.sleep(context.Background(), c.a.between(0, 3*time.Millisecond))
	return err
}

// fleetOf is the fleet of a server on a machine. Its workers outlive the server.
type fleetOf struct {
	x *machine
	m *mortal
}

var errSignal = errors.New("signal: killed")

func (f fleetOf) Work(ctx context.Context, run string, slot int) error {
	p := f.x.launch(run, slot, 0)
	if s := f.x.scenario; s != nil && s.twin != nil && s.twin.slot == slot {
		// The slot is started once more, as by whoever believes that its process is gone.
		f.x.actor(theWorkers+slot*perWorker+perWorker-1).sleep(ctx, s.twin.at)
		f.x.trace.note("slot", "starts again", slot)
		return f.wait(ctx, f.x.launch(run, slot, 1))
	}
	return f.wait(ctx, p)
}

func (f fleetOf) Watch(ctx context.Context, _ string, slot, _ int) error {
	var newest *process
	f.x.mu.Lock()
	for _, p := range f.x.processes {
		if p.slot == slot {
			newest = p
		}
	}
	f.x.mu.Unlock()
	if newest == nil {
		return errors.New("no such process")
	}
	return f.wait(ctx, newest)
}

func (f fleetOf) wait(ctx context.Context, p *process) error {
	select {
	case <-p.gone:
		f.x.actor(p.number+4).sleep(context.Background(), 0) // nobody learns of two ends at once
	case <-f.m.gone:
		return errKilled
	case <-ctx.Done():
		if f.x.scenario != nil && f.x.scenario.far {
			return context.Cause(ctx) // nobody can end it from here
		}
		p.cancel()
		select {
		case <-p.done:
		case <-time.After(2 * time.Second):
			p.die()
		}
	}
	if _, dead := p.mute(); dead {
		return errSignal
	}
	return p.err
}

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/worker"
	"bench/sql/journal/memory"
)

// A machine is a journal and workers that survive, and servers that come and go on them, in one bubble of fake time.
type machine struct {
	t        testing.TB
	scenario *scenario // nil: nothing goes wrong, and nothing takes time that is not in the plan
	bends    bends
	journal  *memory.Journal
	spindle  *spindle
	heard    *listener
	trace    *trace // nil: not wanted
	going    sync.WaitGroup

	mu        sync.Mutex
	server    *mortal // nil while there is none
	booted    int
	unable    error // why a server could not start
	began     time.Time
	processes []*process
}

// bends are what tests put between the parts. Nil bends nothing.
type bends struct {
	control func(p *process, c worker.Control) worker.Control // between a worker and its line
	plane   func(worker.Control) worker.Control               // between the lines and a server
	store   func(engine.Store) engine.Store                   // between a server and its disk
	stop    func(stopper) stopper                             // between a person and a server
	setup   func(ctx context.Context) error                   // what setup SQL does
	open    func() error                                      // what opening the target does
}

// A stopper asks a server to end a run.
type stopper func(ctx context.Context, id string, mode bench.Desired, by string) error

func newMachine(t testing.TB, s *scenario, b bends) *machine {
	x := &machine{t: t, scenario: s, bends: b, journal: memory.New(), heard: &listener{}}
	x.spindle = newSpindle(x)
	return x
}

// actor is the actor of a number; without a scenario it does nothing of its own.
func (x *machine) actor(number int) *actor {
	if x.scenario == nil {
		return &actor{}
	}
	return newActor(x.scenario.seed, int64(number))
}

// A mortal is a server that can be killed: from then on nothing that it does has an effect.
type mortal struct {
	*engine.Engine
	plane worker.Control // the engine, as its lines reach it
	name  string
	open  atomic.Bool // it has adopted what it found and answers
	dead  atomic.Bool
	gone  chan struct{} // closed when it is dead
	stop  context.CancelFunc
}

// errKilled is final, so that what is left of a server does not try again and again.
var errKilled = bench.Errorf(bench.CodeStopping, "the server was killed")

var errNoSecret = errors.New("no secret")

// boot starts a server, which adopts what it finds. One that cannot even do that ends, and is started again.
func (x *machine) boot() {
	for range bootAttempts {
		err := x.tryBoot()
		if err == nil {
			return
		}
		x.kill()
		x.mu.Lock()
		x.unable = err
		x.mu.Unlock()
		time.Sleep(time.Second)
	}
}

// bootAttempts is how often a server is started that cannot adopt what it finds; then somebody would have to be called.
const bootAttempts = 60

func (x *machine) tryBoot() error {
	x.booted++
	m := &mortal{name: fmt.Sprintf("server-%d", x.booted), gone: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	var store engine.Store = &disk{x.journal, x, m, x.spindle}
	if x.bends.store != nil {
		store = x.bends.store(store)
	}
	c := engine.Config{
		Store: store, Listener: ears{x.heard, m}, Databases: databases{x}, Fleets: map[string]engine.Fleet{"local": fleetOf{x, m}},
		Lookup: func(bench.Secret) (string, error) { return "", errNoSecret },
		Log:    slog.New(slog.DiscardHandler), Owner: m.name,
	}
	if x.scenario != nil {
		c.Settings = x.scenario.settings
	}
	m.Engine = engine.New(c)
	m.plane = m.Engine
	if x.bends.plane != nil {
		m.plane = x.bends.plane(m.plane)
	}
	x.going.Go(func() { m.Engine.Run(ctx) })
	x.mu.Lock()
	x.server = m
	x.mu.Unlock()
	unfinished, err := x.journal.Unfinished(ctx)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := m.Adopt(ctx, x.journal, unfinished); err != nil {
		x.trace.note(m.name, "ends", err)
		return err
	}
	x.trace.note(m.name, "serves")
	m.open.Store(true)
	return nil
}

// kill ends the server as SIGKILL would: at once, and nothing that it was about to do is done.
func (x *machine) kill() {
	x.mu.Lock()
	m := x.server
	x.server = nil
	x.mu.Unlock()
	if m == nil {
		return
	}
	m.dead.Store(true)
	x.trace.note(m.name, "is killed")
	close(m.gone)
	m.stop()
}

// reach is the server that answers now; nil when none does.
func (x *machine) reach() *mortal {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.server == nil || !x.server.open.Load() {
		return nil
	}
	return x.server
}

// databases are those of a machine: there is nothing to be readied.
type databases struct{ x *machine }

func (databases) Place(_ string, t bench.Target) (bench.Target, error) { return t, nil }
func (databases) Remove(string, bench.Target) error                    { return nil }
func (d databases) Script(ctx context.Context, _ bench.Target, _ func(bench.Secret) (string, error), _ []string) error {
	if d.x.bends.setup != nil {
		return d.x.bends.setup(ctx)
	}
	return nil
}

// A listener keeps what servers told.
type listener struct {
	mu      sync.Mutex
	seconds []bench.Second
	ended   []*bench.Result
	runs    []*bench.Run
	events  []bench.Event
}

// over is how many times a run was told to have ended.
func (l *listener) over() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ended)
}

// ears are how a server tells; a dead one tells nothing.
type ears struct {
	l *listener
	m *mortal
}

func (e ears) tell(keep func()) {
	if !e.m.dead.Load() {
		e.l.mu.Lock()
		defer e.l.mu.Unlock()
		keep()
	}
}

func (e ears) Started(*bench.Run) {}
func (e ears) Event(event bench.Event) {
	e.tell(func() { e.l.events = append(e.l.events, event) })
}
func (e ears) Second(s *bench.Second, _ bool) {
	e.tell(func() { e.l.seconds = append(e.l.seconds, *s) })
}
func (e ears) Ended(run *bench.Run, r *bench.Result) {
	e.tell(func() { e.l.ended, e.l.runs = append(e.l.ended, r), append(e.l.runs, run) })
}

// plan is a small plan, changed as a test likes.
func plan(change func(*bench.Plan)) *bench.Plan {
	p := &bench.Plan{
		Name: "test", Seed: 1, Warmup: bench.Duration(2 * time.Second), Duration: bench.Duration(5 * time.Second),
		Drain: bench.Duration(3 * time.Second), Ready: bench.Duration(20 * time.Second),
		Target: bench.Target{Kind: "null", Options: map[string]string{"latency": "10ms"}},
		Fleet:  bench.Fleet{Kind: "local", Workers: 2},
		Workloads: []bench.Workload{
			{Name: "read", Weight: 3, Statements: []bench.Statement{{Parts: []string{"SELECT 1"}, Fetch: "all"}}},
			{Name: "write", Weight: 1, Transaction: true, Statements: []bench.Statement{{Parts: []string{"UPDATE t"}, Fetch: "all"}}},
		},
		Groups: []bench.Group{{Load: bench.Load{Model: "closed", Connections: 4}, Workloads: []int{0, 1}, Pick: "random"}},
	}
	if change != nil {
		change(p)
	}
	return p
}

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/fleet"
	"bench/runtime/load"
	"bench/runtime/worker"
	"bench/sql/target/null"
)

// A machine is a store that survives, workers that survive, and servers that come and go on them, in one bubble.
type machine struct {
	t      *testing.T
	random *rand.Rand // of whoever needs one; each worker has its own
	store  *memory
	loss   float64 // share of calls to the plane that are lost, half of them on their way back

	mu      sync.Mutex
	server  *mortal // nil while there is none
	workers map[int]*process
	finals  map[string][]bench.Delta // what each worker counted itself
	heard   *listener
}

// A mortal is a server that can be killed: from then on nothing that it does has an effect.
type mortal struct {
	*engine.Engine
	dead atomic.Bool
	stop context.CancelFunc
	done chan struct{}
}

var errKilled = errors.New("the server was killed")

// grave stands between a server and the world.
type grave struct {
	engine.Store
	m *mortal
}

func (g grave) Create(ctx context.Context, r *bench.Run, e bench.Event) error {
	if g.m.dead.Load() {
		return errKilled
	}
	return g.Store.Create(ctx, r, e)
}
func (g grave) Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	if g.m.dead.Load() {
		return nil, bench.Event{}, errKilled
	}
	return g.Store.Transition(ctx, t)
}
func (g grave) Append(ctx context.Context, e bench.Event) (bench.Event, error) {
	if g.m.dead.Load() {
		return bench.Event{}, errKilled
	}
	return g.Store.Append(ctx, e)
}
func (g grave) Write(ctx context.Context, b *bench.Batch) error {
	if g.m.dead.Load() {
		return errKilled
	}
	return g.Store.Write(ctx, b)
}

// quiet is a listener that a dead server does not reach.
type quiet struct {
	engine.Listener
	m *mortal
}

func (l *listener) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ended) > 0
}

func (q quiet) Ended(run *bench.Run, r *bench.Result) {
	if !q.m.dead.Load() {
		q.Listener.Ended(run, r)
	}
}

// A process is one worker of the machine.
type process struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// survivors is the fleet of a server on a machine.
type survivors struct {
	x *machine
	m *mortal
}

func (s survivors) Work(ctx context.Context, run string, slot int) error {
	return s.wait(ctx, s.x.launch(run, slot))
}

func (s survivors) Watch(ctx context.Context, _ string, slot, _ int) error {
	s.x.mu.Lock()
	p := s.x.workers[slot]
	s.x.mu.Unlock()
	if p == nil {
		return errors.New("no such process")
	}
	return s.wait(ctx, p)
}

func (s survivors) wait(ctx context.Context, p *process) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		if s.m.dead.Load() {
			return errKilled
		}
		p.cancel()
		<-p.done
	}
	return p.err
}

// launch starts a worker that lives as long as it likes.
func (x *machine) launch(run string, slot int) *process {
	ctx, cancel := context.WithCancel(x.t.Context())
	p := &process{cancel: cancel, done: make(chan struct{})}
	x.mu.Lock()
	x.workers[slot] = p
	seed := x.random.Uint64()
	x.mu.Unlock()
	// A phase of its own for each worker, so that no two timers of the bubble are due in the same nanosecond.
	phase := time.Duration(slot*7919+13) * time.Nanosecond
	go func() {
		defer close(p.done)
		time.Sleep(phase)
		began := time.Now()
		p.err = fleet.Local{Config: func() worker.Config {
			return worker.Config{
				Control: &line{x: x, random: rand.New(rand.NewPCG(seed, uint64(slot))), slot: slot}, Host: "machine", PID: slot + 1, Log: slog.New(slog.DiscardHandler),
				Lookup:    func(bench.Secret) (string, error) { return "", errors.New("no secret") },
				Monotonic: func() int64 { return int64(time.Since(began)) },
				Open: func(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error) {
					return null.Open(ctx, plan.Target, lookup, 1, tag)
				},
			}
		}}.Work(ctx, run, slot)
	}()
	return p
}

// A line is a worker's way to whatever server there is. It loses and delays.
type line struct {
	x    *machine
	slot int

	mu     sync.Mutex
	random *rand.Rand
}

func (l *line) chance() (delay time.Duration, before, after bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.random.Float64()
	return time.Duration(l.random.IntN(2_000_000)+l.slot) * time.Nanosecond, f < l.x.loss/2, f >= l.x.loss/2 && f < l.x.loss
}

func (l *line) reach() (*mortal, error) {
	delay, before, _ := l.chance()
	time.Sleep(delay)
	l.x.mu.Lock()
	defer l.x.mu.Unlock()
	if before || l.x.server == nil || l.x.server.dead.Load() {
		return nil, errors.New("no route")
	}
	return l.x.server, nil
}

func through[T any](l *line, call func(*engine.Engine) (T, error)) (answer T, err error) {
	m, err := l.reach()
	if err != nil {
		return answer, err
	}
	answer, err = call(m.Engine)
	if _, _, after := l.chance(); after || m.dead.Load() {
		var none T
		return none, errors.New("the answer was lost")
	}
	return answer, err
}

func (l *line) Register(ctx context.Context, g bench.Registration) (*bench.Assignment, error) {
	return through(l, func(e *engine.Engine) (*bench.Assignment, error) { return e.Register(ctx, g) })
}
func (l *line) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	return through(l, func(e *engine.Engine) (*bench.HeartbeatAck, error) { return e.Heartbeat(ctx, h) })
}
func (l *line) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	if r.Final {
		l.x.mu.Lock()
		l.x.finals[r.Worker] = r.Totals
		l.x.mu.Unlock()
	}
	return through(l, func(e *engine.Engine) (*bench.ReportAck, error) { return e.Report(ctx, r) })
}
func (l *line) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	m, err := l.reach()
	if err != nil {
		return nil, err
	}
	// A connection to a server that dies is cut.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-m.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	events, err := m.Events(ctx, run, w, generation, after)
	if m.dead.Load() {
		return nil, errors.New("cut off")
	}
	return events, err
}

// boot starts a server, which adopts what it finds.
func (x *machine) boot() *mortal {
	m := &mortal{done: make(chan struct{})}
	ctx, cancel := context.WithCancel(x.t.Context())
	m.stop = cancel
	m.Engine = engine.New(engine.Config{
		Store: grave{x.store, m}, Listener: quiet{x.heard, m}, Databases: &world{}, Fleets: map[string]engine.Fleet{"local": survivors{x, m}},
		Lookup: func(bench.Secret) (string, error) { return "", errors.New("no secret") },
		Log:    slog.New(slog.DiscardHandler), Owner: fmt.Sprintf("server %p", m),
	})
	go func() { m.Engine.Run(ctx) }()
	synctest.Wait()
	var unfinished []bench.Run
	runs, _ := x.store.Runs(ctx, 0, "")
	for _, r := range runs {
		if !r.Status.Terminal() {
			unfinished = append(unfinished, r)
		}
	}
	if err := m.Adopt(ctx, x.store, unfinished); err != nil {
		x.t.Fatal(err)
	}
	x.mu.Lock()
	x.server = m
	x.mu.Unlock()
	return m
}

// kill ends the server as SIGKILL would: at once, and nothing that it was about to do is done.
func (x *machine) kill() {
	x.mu.Lock()
	m := x.server
	x.server = nil
	m.dead.Store(true)
	x.mu.Unlock()
	close(m.done)
	m.stop()
}

// A server that is killed at any instant and comes back within ten seconds: the run completes, its window unchanged, and
// its ledger equals what the workers counted themselves, to the operation. Only a start that was interrupted in the few
// milliseconds in which some workers have their t0 and others do not may end the run, before anything was measured.
func TestServerDiesAndComesBack(t *testing.T) {
	seeds := uint64(25)
	if n, err := strconv.ParseUint(os.Getenv("BENCH_SOAK"), 10, 64); err == nil {
		seeds = n
	}
	began := time.Now()
	interrupted := 0
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if restart(t, seed) {
				interrupted++
			}
		})
	}
	t.Logf("%d simulated runs in %s, %d starts interrupted", seeds, time.Since(began).Round(time.Millisecond), interrupted)
	if uint64(interrupted) > 1+seeds/50 {
		t.Errorf("%d of %d starts were interrupted", interrupted, seeds)
	}
}

func restart(t *testing.T, seed uint64) (interrupted bool) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 42))
		x := &machine{t: t, random: rand.New(rand.NewPCG(seed, 43)), store: newMemory(), workers: map[int]*process{},
			finals: map[string][]bench.Delta{}, heard: &listener{}, loss: []float64{0, 0.05, 0.2}[seed%3]}
		server := x.boot()
		p := plan(func(p *bench.Plan) {
			p.Fleet.Workers = 3
			p.Groups[0].Load.Connections = 6
			p.Target.Options["latency"] = "23ms"
		})
		run, err := server.Create(t.Context(), "", p, nil)
		if err != nil {
			t.Fatal(err)
		}
		// Any instant from when all workers are known to the end of the run.
		for known := 0; known < 3; time.Sleep(time.Millisecond) {
			x.store.mu.Lock()
			known = 0
			for _, w := range x.store.workers {
				if w.Generation > 0 {
					known++
				}
			}
			x.store.mu.Unlock()
		}
		for kills := 1 + random.IntN(3); kills > 0; kills-- {
			time.Sleep(time.Duration(random.Int64N(int64(6 * time.Second))))
			if x.heard.over() {
				break
			}
			x.kill()
			time.Sleep(time.Duration(random.Int64N(int64(10 * time.Second))))
			x.boot()
		}
		for waited := 0; !x.heard.over(); waited++ {
			time.Sleep(100 * time.Millisecond)
			if waited > 3000 {
				r, _ := x.store.Run(t.Context(), run.ID)
				t.Fatalf("the run does not end: %v, live %+v", r.State, x.server)
			}
		}
		interrupted = x.check(run.ID)
		time.Sleep(20 * time.Second)
		for slot, w := range x.workers {
			select {
			case <-w.done:
			default:
				t.Errorf("worker %d is still there", slot)
				w.cancel()
			}
		}
		x.kill()
		time.Sleep(10 * time.Minute) // what is left of killed servers finds its end
	})
	return interrupted
}

// check holds the stored run against what the workers say, and reports whether its start was interrupted.
func (x *machine) check(id string) (interrupted bool) {
	t := x.t
	run, _ := x.store.Run(t.Context(), id)
	if run.State == (bench.State{Status: bench.StatusFailed, Phase: bench.PhasePreparing}) && run.StartTime == nil {
		return true
	}
	if run.Status != bench.StatusCompleted {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
		for _, e := range x.store.events[id] {
			t.Logf("%s %d %s: %s", e.CreatedAt.Format("05.000"), e.Epoch, e.Type, e.Message)
		}
		return false
	}
	var own bench.Ledger
	x.mu.Lock()
	for _, deltas := range x.finals {
		for _, d := range deltas {
			if d.OpPhase == bench.PhaseMeasurement {
				own.Add(d.Ledger)
			}
		}
	}
	x.mu.Unlock()
	x.heard.mu.Lock()
	result := x.heard.ended[len(x.heard.ended)-1]
	x.heard.mu.Unlock()
	x.store.mu.Lock()
	defer x.store.mu.Unlock()
	if result.WindowUS != 5_000_000 {
		t.Errorf("the window is %d µs", result.WindowUS)
	}
	if got := result.All().Ledger; got != own || result.Partial {
		t.Errorf("the result has %+v, the workers counted %+v; partial %t", got, own, result.Partial)
	}
	var seconds bench.Ledger
	for n := int64(0); n < 7; n++ {
		s, ok := x.store.seconds[n]
		if !ok {
			t.Errorf("second %d is missing", n)
		}
		for _, row := range s.Rows {
			if row.Workload >= 0 && s.Phase == bench.PhaseMeasurement {
				seconds.Add(row.Ledger)
			}
		}
	}
	if seconds.Planned != own.Planned {
		t.Errorf("the seconds hold %d planned operations, the workers %d", seconds.Planned, own.Planned)
	}
	starts := map[string]bool{}
	for i, e := range x.store.events[id] {
		if e.Sequence != int64(i)+1 {
			t.Errorf("event %d has sequence %d", i, e.Sequence)
		}
		if e.Type == bench.EventPhase {
			if starts[string(e.Data)] {
				t.Errorf("%s was entered twice", e.Data)
			}
			starts[string(e.Data)] = true
		}
	}
	seen := map[string]int64{}
	for _, s := range x.store.snapshots {
		if s.Seq != seen[s.Worker]+1 {
			t.Errorf("%s: report %d after %d", s.Worker, s.Seq, seen[s.Worker])
		}
		seen[s.Worker] = s.Seq
	}
	return false
}

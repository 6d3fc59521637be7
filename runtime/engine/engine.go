// Package engine takes runs through their phases.
//
// An [Engine] owns one goroutine a run (course.go), and nobody else touches what that goroutine owns: the roster of
// workers, the aggregation of their reports, and the run's row as it was last stored. The calls of the plane (plane.go) and
// of people reach it as closures through the run's inbox. Around it there are only: one goroutine a worker, which lives
// as long as its [Fleet] keeps the worker alive; one [observer] a run, which watches its target; and one [writer] for all
// runs, which writes batches behind the runs' backs, so that no report ever waits for a disk.
//
// # One phase change
//
// The course reaches an edge of the time line; the store makes the compare-and-set and gives the event its number; then
// the event is told to the workers that listen (feed.go) and to the [Listener]. Workers do not wait for it: they have had the
// time line since they were armed.
//
// # One report
//
// The plane checks its generation and number; the roster counts it; the aggregate adds it to its second, or to the count
// of what is left out and why; the writer stores it, which moves the worker's durable number. A second is told when all
// live workers have reported it, or a quarter of a second after its end; what comes later corrects it.
//
// # The target's side
//
// The observer signs in on a session of its own, samples the target, and reads its counters before and after MEASUREMENT
// (witness.go). Once the result is stored and its verdict told, the target is asked for its side ([hearing]) and the run
// stays in COMPLETED/PROCESSING until it has told everything that can come soon, or the deadline passes (enrichment.go). The
// listener hears of the end before, unless an SLO is about what only the target knows: then the verdict waits.
//
// # When something fails
//
// Whatever ends a run early is an [ending] with a reason and a sentence: the run turns CANCELLING, its workers are
// stopped, what was measured is kept and marked partial, and it ends CANCELLED or FAILED. If the store cannot be written for
// long, every run ends with journal_unavailable, which then only the listener and [Engine.Live] can tell.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bench/runtime/bench"
)

// Config is what an Engine works with. All fields are needed, but for Witnesses and Settings.
type Config struct {
	Store     Store
	Listener  Listener
	Databases Databases
	Witnesses Witnesses        // nil: targets are not asked for their side
	Fleets    map[string]Fleet // by the kind that a plan names
	Lookup    func(bench.Secret) (string, error)
	Log       *slog.Logger
	Owner     string // names this server in RUN_STATUS
	Version   string
	Settings  Settings
}

// A Fleet keeps workers alive.
type Fleet interface {
	// Work runs one worker of a run to its end and returns why it ended: nil when it did what it was there for. When
	// ctx ends, it ends the worker at once.
	Work(ctx context.Context, run string, slot int) error
}

// Databases readies databases under test, outside of the measured path.
type Databases interface {
	// Place returns the target with everything decided that its owner decides, such as the path of a temporary file.
	Place(run string, t bench.Target) (bench.Target, error)
	// Script runs scripts in order. A *bench.OpError says what the target refused.
	Script(ctx context.Context, t bench.Target, lookup func(bench.Secret) (string, error), scripts []string) error
	// Remove deletes what Place made.
	Remove(run string, t bench.Target) error
}

// Settings are the deadlines of a server. Zero values mean the defaults.
type Settings struct {
	Stale   time.Duration // of silence make a worker STALE; 5 s
	Dead    time.Duration // of silence make it DEAD; 30 s
	Lead    time.Duration // from ARM to t0; 500 ms
	Late    time.Duration // how long after its end a second waits for its reports; 250 ms
	Journal time.Duration // how long the journal may be unwritable before runs end; 20 s

	Enrichment time.Duration // how long a run that has ended waits for what its target says; 240 s
}

func (s Settings) withDefaults() Settings {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&s.Stale, 5*time.Second)
	def(&s.Dead, 30*time.Second)
	def(&s.Lead, 500*time.Millisecond)
	def(&s.Late, 250*time.Millisecond)
	def(&s.Journal, 20*time.Second)
	def(&s.Enrichment, 240*time.Second)
	return s
}

// An Engine drives runs. Use New, then Run, once each.
type Engine struct {
	Config
	start  time.Time // of the server's monotonic clock
	writer *writer

	started  chan struct{} // closed by Run
	creating sync.Mutex    // one run at a time

	mu    sync.Mutex
	ctx   context.Context // of Run; nil before and after it
	runs  map[string]*run
	keys  map[string]string // idempotency key to run
	going sync.WaitGroup
}

// New makes an engine.
func New(c Config) *Engine {
	c.Settings = c.Settings.withDefaults()
	e := &Engine{Config: c, start: time.Now(), started: make(chan struct{}), runs: map[string]*run{}, keys: map[string]string{}}
	e.writer = newWriter(c.Store, c.Settings.Journal, e.journalLost)
	return e
}

// Run lets runs be created until ctx ends; then it stops all of them with reason server_stopped, waits for them and for
// everything to be stored, and returns. A second end of patience is the caller's: it may leave.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	e.ctx = ctx
	e.mu.Unlock()
	close(e.started)
	writing := make(chan error, 1) // one value, sent when the writer ends
	wctx, flush := context.WithCancel(context.WithoutCancel(ctx))
	defer flush()
	go func() { writing <- e.writer.run(wctx) }()
	<-ctx.Done()
	e.mu.Lock()
	e.ctx = nil // no run starts any more
	e.mu.Unlock()
	e.going.Wait()
	flush()
	return <-writing
}

// now reads the server's monotonic clock: nanoseconds since the engine was made.
func (e *Engine) now() int64 { return int64(time.Since(e.start)) }

// Create starts a run of a plan. The same key with the same plan again returns the run that it started.
func (e *Engine) Create(ctx context.Context, key string, plan *bench.Plan, secrets map[bench.Secret]string) (*bench.Run, error) {
	if err := check(plan, e.Fleets); err != nil {
		return nil, err
	}
	e.creating.Lock() // and not mu: other runs must not wait for the disk
	defer e.creating.Unlock()
	asked := plan.Hash()
	e.mu.Lock()
	running, known := e.ctx, e.runs[e.keys[key]]
	e.mu.Unlock()
	switch {
	case running == nil:
		return nil, bench.Errorf(bench.CodeStopping, "the server is about to end and starts no run")
	case key != "" && known != nil && known.asked != asked:
		return nil, bench.Errorf(bench.CodeKeyReused, "the idempotency key %s belongs to run %s of another plan", key, known.id)
	case key != "" && known != nil:
		return known.live.Load(), nil
	}
	r, err := newRun(e, plan, asked, secrets)
	if err != nil {
		return nil, err
	}
	if err := r.create(ctx); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runs[r.id] = r
	if key != "" {
		e.keys[key] = r.id
	}
	if e.ctx == nil { // told to end meanwhile: the run ends at once, as it is stored
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		running = ended
	}
	e.going.Go(func() {
		r.drive(running)
	})
	return r.live.Load(), nil
}

// check refuses plans that no worker could carry out, whoever made them.
func check(plan *bench.Plan, fleets map[string]Fleet) error {
	invalid := func(format string, args ...any) error {
		return bench.Errorf(bench.CodePlanInvalid, format, args...)
	}
	switch {
	case len(plan.Workloads) == 0 || len(plan.Groups) == 0:
		return invalid("the plan has no workload")
	case plan.Connections() == 0:
		return invalid("the plan has no connection")
	case fleets[plan.Fleet.Kind] == nil:
		return invalid("this server has no fleet %q", plan.Fleet.Kind)
	case plan.Fleet.Workers < 1 || plan.Fleet.Workers > plan.Connections():
		return invalid("%d workers cannot share %d connections", plan.Fleet.Workers, plan.Connections())
	case (plan.Duration > 0) == (plan.Iterations > 0):
		return invalid("a plan has either a duration or iterations")
	case plan.Duration > 0 && plan.Duration.D() < time.Millisecond:
		return invalid("a duration of %s is too short to measure anything", plan.Duration)
	case plan.Warmup < 0 || plan.Duration < 0 || plan.Drain < 0 || plan.Ready <= 0:
		return invalid("the plan has a negative duration, or gives workers no time to get ready")
	}
	for _, g := range plan.Groups {
		for _, w := range g.Workloads {
			if w < 0 || w >= len(plan.Workloads) {
				return invalid("a group names workload %d of %d", w, len(plan.Workloads))
			}
		}
	}
	for _, slo := range plan.SLOs {
		known := slo.Workload == "" || slo.Workload == "*"
		for _, w := range plan.Workloads {
			known = known || w.Name == slo.Workload
		}
		if !knownMetric(slo.Metric) || !known {
			return invalid("SLO %s is about %s of workload %q, which there is not", slo.Name, slo.Metric, slo.Workload)
		}
	}
	for _, w := range plan.Workloads {
		for _, s := range w.Statements {
			if len(s.Parts) != len(s.Binds)+1 {
				return invalid("a statement of workload %s has %d parts for %d binds", w.Name, len(s.Parts), len(s.Binds))
			}
			for _, b := range s.Binds {
				if b.Param >= len(plan.Params) || b.Param < 0 && (b.Statement < 0 || b.Statement >= len(w.Statements)) {
					return invalid("a statement of workload %s binds what is not there", w.Name)
				}
			}
		}
	}
	return nil
}

// Live is the run as it is now, if this engine drives it or has driven it.
func (e *Engine) Live(id string) (*bench.Run, bool) {
	r, err := e.run(id)
	if err != nil {
		return nil, false
	}
	live := *r.live.Load()
	live.AsOf = time.Now()
	return &live, true
}

// Unwritable says in words why the journal takes no writes, "" while it does.
func (e *Engine) Unwritable() string { return e.writer.unwritable() }

// Active is how many runs have not ended.
func (e *Engine) Active() int { return len(e.Going()) }

// Going are the ids of the runs that have not ended.
func (e *Engine) Going() (ids []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, r := range e.runs {
		select {
		case <-r.done:
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// Idle waits until there is no run that has not ended, or ctx ends.
func (e *Engine) Idle(ctx context.Context) {
	for {
		going := e.Going()
		if len(going) == 0 {
			return
		}
		r, err := e.run(going[0])
		if err != nil {
			continue // it is forgotten by now
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return
		}
	}
}

// Stop raises what is wanted of a run. It returns when that is stored, before the run has stopped. A run that has its result
// and waits for what its target says stops waiting.
func (e *Engine) Stop(ctx context.Context, id string, mode bench.Desired, by string) error {
	r, err := e.run(id)
	if err != nil {
		return err
	}
	if mode != bench.DesiredStop && mode != bench.DesiredAbort {
		return bench.Errorf(bench.CodeInvalid, "a run is stopped with mode %q or %q, not %q", bench.DesiredStop, bench.DesiredAbort, mode)
	}
	live := r.live.Load()
	if live.Status.Terminal() && live.State != (bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseProcessing}) {
		return bench.Errorf(bench.CodeRunEnded, "run %s has ended already", id)
	}
	if _, err := e.Store.Desire(ctx, id, mode); err != nil {
		return err
	}
	return r.do(ctx, func() { r.desire(mode, by) })
}

func (e *Engine) run(id string) (*run, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, ok := e.runs[id]
	if !ok {
		return nil, bench.Errorf(bench.CodeRunNotFound, "no run %s on this server", id)
	}
	return r, nil
}

// journalLost ends every run, because nothing of it can be stored any more.
func (e *Engine) journalLost(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.runs {
		go r.do(context.Background(), func() {
			r.unwritable = true
			r.early(bench.ReasonJournalUnavailable, "the journal could not be written for %s: %v", e.Settings.Journal, err)
		})
	}
}

// errEnded is what a call to a run that is over gets.
func errEnded(id string) error {
	return bench.Errorf(bench.CodeRunEnded, "run %s has ended", id)
}

// connectionRefused reports whether a target could not even be reached.
func connectionRefused(err error) bool {
	e, ok := errors.AsType[*bench.OpError](err)
	return ok && e.Class == bench.ErrorConnection
}

// plural is "1 worker", "2 workers".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

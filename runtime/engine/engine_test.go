package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
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

// A world is an engine with its workers in one bubble of fake time.
type world struct {
	t      *testing.T
	store  *memory
	engine *engine.Engine
	heard  *listener
	hooks  hooks
	id     string
}

// hooks bend what workers meet.
type hooks struct {
	control func(slot int, c worker.Control) worker.Control
	setup   func(ctx context.Context) error
	open    func() error
	store   func(engine.Store) engine.Store
}

type listener struct {
	mu      sync.Mutex
	seconds []bench.Second
	ended   []*bench.Result
	runs    []*bench.Run
	events  []bench.Event
}

func (l *listener) Started(*bench.Run) {}
func (l *listener) Event(e bench.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}
func (l *listener) Second(s *bench.Second, _ bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seconds = append(l.seconds, *s)
}
func (l *listener) Ended(run *bench.Run, r *bench.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended, l.runs = append(l.ended, r), append(l.runs, run)
}

func (w *world) Place(_ string, t bench.Target) (bench.Target, error) { return t, nil }
func (w *world) Remove(string, bench.Target) error                    { return nil }
func (w *world) Script(ctx context.Context, _ bench.Target, _ func(bench.Secret) (string, error), _ []string) error {
	if w.hooks.setup != nil {
		return w.hooks.setup(ctx)
	}
	return nil
}

// slots is a local fleet that lets a test stand between a worker and the plane.
type slots struct{ w *world }

func (s slots) Work(ctx context.Context, run string, slot int) error {
	control := worker.Control(s.w.engine)
	if s.w.hooks.control != nil {
		control = s.w.hooks.control(slot, control)
	}
	start := time.Now()
	return fleet.Local{Config: func() worker.Config {
		return worker.Config{
			Control: control, Host: "test", PID: 100 + slot, Log: slog.New(slog.DiscardHandler),
			Lookup:    func(bench.Secret) (string, error) { return "", errors.New("no secret") },
			Monotonic: func() int64 { return int64(time.Since(start)) },
			Open: func(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error) {
				if s.w.hooks.open != nil {
					if err := s.w.hooks.open(); err != nil {
						return nil, err
					}
				}
				return null.Open(ctx, plan.Target, lookup, 1, tag)
			},
		}
	}}.Work(ctx, run, slot)
}

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

// simulate runs one plan to its end in fake time; during, if not nil, acts while it runs.
func simulate(t *testing.T, p *bench.Plan, h hooks, during func(w *world, id string)) *world {
	t.Helper()
	w := &world{t: t, store: newMemory(), heard: &listener{}, hooks: h}
	synctest.Test(t, func(t *testing.T) {
		outer := w.t
		w.t = t
		defer func() { w.t = outer }()
		ctx, stop := context.WithCancel(t.Context())
		var store engine.Store = w.store
		if h.store != nil {
			store = h.store(store)
		}
		w.engine = engine.New(engine.Config{
			Store: store, Listener: w.heard, Databases: w, Fleets: map[string]engine.Fleet{"local": slots{w}},
			Lookup: func(bench.Secret) (string, error) { return "", errors.New("no secret") },
			Log:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Owner: "test",
		})
		ran := make(chan error, 1)
		go func() { ran <- w.engine.Run(ctx) }()
		synctest.Wait()
		run, err := w.engine.Create(ctx, "key", p, nil)
		if err != nil {
			t.Fatalf("create: %v", err)
		}
		if during != nil {
			during(w, run.ID)
		}
		for w.engine.Active() > 0 {
			time.Sleep(100 * time.Millisecond) // fake time
		}
		stop()
		if err := <-ran; err != nil && w.store.broken == nil {
			t.Errorf("engine: %v", err)
		}
	})
	return w
}

func (w *world) run() *bench.Run {
	if len(w.heard.runs) != 1 {
		w.t.Fatalf("%d runs ended, want 1", len(w.heard.runs))
	}
	return w.heard.runs[0]
}

func (w *world) result() *bench.Result { w.run(); return w.heard.ended[0] }

func TestPlainRun(t *testing.T) {
	began := time.Now()
	w := simulate(t, plan(nil), hooks{}, nil)
	if real := time.Since(began); real > 10*time.Second {
		t.Errorf("a simulated run took %s", real)
	}
	run, result := w.run(), w.result()
	if run.State != (bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}) || run.Verdict != bench.VerdictPass {
		t.Fatalf("ended %v %s (%s: %s)", run.State, run.Verdict, run.StopReason, run.StopDetail)
	}
	want := []string{
		`{"status":"RUNNING","phase":"WARMUP"}`, `{"status":"RUNNING","phase":"MEASUREMENT"}`,
		`{"status":"STOPPING","phase":"PROCESSING"}`, `{"status":"COMPLETED","phase":"PROCESSING"}`, `{"status":"COMPLETED","phase":"COMPLETED"}`,
	}
	if got := w.store.phases(run.ID); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("phases %v, want %v", got, want)
	}
	all := result.All()
	// 4 connections, 10 ms each, 5 s: 2000 operations, give or take the one at each edge.
	if all.Done < 1990 || all.Done > 2004 || all.InFlight() != 0 || all.Planned != all.Finished() {
		t.Errorf("ledger %+v", all.Ledger)
	}
	if all.Response.P50US < 9_990 || all.Response.P50US > 10_050 {
		t.Errorf("p50 %d µs, want 10 ms", all.Response.P50US)
	}
	if got := all.Throughput; got < 398 || got > 401 {
		t.Errorf("throughput %.1f/s, want 400", got)
	}
	if result.Workloads[0].Done+result.Workloads[1].Done != all.Done {
		t.Errorf("workloads %d + %d, all %d", result.Workloads[0].Done, result.Workloads[1].Done, all.Done)
	}
	w.checkReports()
}

// checkReports holds what the guide says of snapshots against the stored ones, and the seconds against the result.
func (w *world) checkReports() {
	t := w.t
	t.Helper()
	var measured, done int64
	last := map[string]int64{}
	preparing := 0
	for _, s := range w.store.snapshots {
		if s.Seq != last[s.Worker]+1 {
			t.Errorf("%s: report %d after %d", s.Worker, s.Seq, last[s.Worker])
		}
		last[s.Worker] = s.Seq
		if s.Phase == bench.PhasePreparing {
			preparing++
			if len(s.Deltas) > 0 || s.Excluded == "" {
				t.Errorf("a PREPARING report holds %d deltas, excluded %q", len(s.Deltas), s.Excluded)
			}
		}
		if s.Phase.Aggregated() != (s.Excluded == "") {
			t.Errorf("a report of %s is excluded for %q", s.Phase, s.Excluded)
		}
		for _, d := range s.Deltas {
			if d.OpPhase == bench.PhaseMeasurement {
				measured += d.Planned
				done += d.Done
			}
		}
	}
	if preparing == 0 {
		t.Error("no report of PREPARING")
	}
	if all := w.result().All(); all.Planned != measured || all.Done != done {
		t.Errorf("result %+v, reports planned %d, done %d", all.Ledger, measured, done)
	}
	for i, e := range w.store.events[w.run().ID] {
		if e.Sequence != int64(i)+1 {
			t.Errorf("event %d has sequence %d", i, e.Sequence)
		}
	}
}

func TestNoWarmupStartsInMeasurement(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) { p.Warmup = 0 }), hooks{}, nil)
	if got := w.store.phases(w.run().ID)[0]; got != `{"status":"RUNNING","phase":"MEASUREMENT"}` {
		t.Errorf("first phase %s", got)
	}
	if d := w.result().All().Done; d < 1990 || d > 2004 {
		t.Errorf("%d operations in 5 s, want 2000", d)
	}
	w.checkReports()
}

func TestIterationsAreExact(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) { p.Duration, p.Iterations = 0, 1001 }), hooks{}, nil)
	if all := w.result().All(); all.Done != 1001 || w.run().Status != bench.StatusCompleted {
		t.Errorf("%d operations, %v: %s", all.Done, w.run().State, w.run().StopDetail)
	}
	if us := w.result().WindowUS; us < 2_500_000 || us > 2_530_000 {
		t.Errorf("window %d µs, want about 1001 × 10 ms ÷ 4", us)
	}
	w.checkReports()
}

// A second that nobody has reported must not be told as zero without saying so, and live frames must come each second.
func TestSecondsAreToldOnce(t *testing.T) {
	w := simulate(t, plan(nil), hooks{}, nil)
	next := int64(0)
	for _, s := range w.heard.seconds {
		if s.Second < 0 || s.Draining {
			continue
		}
		if s.Second != next || s.Workers != 2 {
			t.Errorf("second %d by %d workers, want %d by 2", s.Second, s.Workers, next)
		}
		next++
	}
	if next != 7 {
		t.Errorf("%d seconds told, want 7", next)
	}
}

func TestStopDrainsAndKeeps(t *testing.T) {
	w := simulate(t, plan(nil), hooks{}, func(w *world, id string) {
		time.Sleep(5 * time.Second)
		if err := w.engine.Stop(w.t.Context(), id, bench.DesiredStop, "ada"); err != nil {
			w.t.Error(err)
		}
	})
	run, all := w.run(), w.result().All()
	if run.Status != bench.StatusCancelled || run.Phase != bench.PhaseMeasurement || run.StopReason != bench.ReasonStopRequested || !strings.Contains(run.StopDetail, "ada") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	if all.Done < 900 || all.Planned != all.Done || !w.result().Partial {
		t.Errorf("kept %+v, partial %t", all.Ledger, w.result().Partial)
	}
	w.checkReports()
}

func TestAbortCensorsWhatHangs(t *testing.T) {
	p := plan(func(p *bench.Plan) { p.Target.Options = map[string]string{"hang": "true"}; p.Warmup = 0 })
	w := simulate(t, p, hooks{}, func(w *world, id string) {
		time.Sleep(3 * time.Second)
		w.engine.Stop(w.t.Context(), id, bench.DesiredStop, "ada")
		time.Sleep(time.Second)
		w.engine.Stop(w.t.Context(), id, bench.DesiredAbort, "ada")
	})
	run, all := w.run(), w.result().All()
	if run.Status != bench.StatusCancelled || run.StopReason != bench.ReasonAbortRequested {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	if all.Censored != 4 || all.Planned != 4 || all.Response.P50US < 3_000_000 {
		t.Errorf("ledger %+v, p50 %d µs", all.Ledger, all.Response.P50US)
	}
	var why string
	for _, s := range w.heard.seconds {
		if s.Second == 1 && !s.Draining {
			why = s.Why
		}
	}
	if !strings.Contains(why, "4 operations in flight and none finished") {
		t.Errorf("second 1 says %q", why)
	}
}

// At the end of the window, what does not finish within the drain limit is counted with its age.
func TestDrainLimitCensors(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) {
		p.Target.Options = map[string]string{"latency": "10ms", "stall_at": "6s", "stall_for": "60s"}
	}), hooks{}, nil)
	run, all := w.run(), w.result().All()
	if run.Status != bench.StatusCompleted || all.Censored != 4 || all.InFlight() != 0 {
		t.Errorf("%v: %s; ledger %+v", run.State, run.StopDetail, all.Ledger)
	}
	if len(all.Response.AtLeast) == 0 {
		t.Error("no percentile is said to be a lower bound")
	}
}

func TestMissingWorkerIsNamed(t *testing.T) {
	w := simulate(t, plan(nil), hooks{control: func(slot int, c worker.Control) worker.Control {
		if slot == 1 {
			return deaf{c}
		}
		return c
	}}, nil)
	run := w.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkersNotReady || !strings.Contains(run.StopDetail, "worker-1 (launch)") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// deaf never reaches the plane.
type deaf struct{ worker.Control }

func (deaf) Register(context.Context, bench.Registration) (*bench.Assignment, error) {
	return nil, errors.New("no route")
}

func TestTargetRefuses(t *testing.T) {
	refused := &bench.OpError{Class: bench.ErrorConnection, Message: "connection refused"}
	w := simulate(t, plan(nil), hooks{open: func() error { return refused }}, nil)
	if run := w.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonTargetUnreachable || !strings.Contains(run.StopDetail, "connection refused") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

func TestSetupFails(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) { p.Setup = []string{"CREATE"} }), hooks{setup: func(context.Context) error {
		return &bench.OpError{Class: bench.ErrorOther, Message: "syntax error"}
	}}, nil)
	if run := w.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonSetupFailed || run.Phase != bench.PhasePreparing {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

func TestGuardEndsAFailingRun(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) {
		p.Target.Options = map[string]string{"latency": "10ms", "error_rate": "0.5"}
		p.Guard.MaxErrorRate = 0.1
	}), hooks{}, nil)
	run := w.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonGuardErrorRate {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

func TestSilentWorkerIsStaleThenDead(t *testing.T) {
	var muted sync.Map
	w := simulate(t, plan(func(p *bench.Plan) { p.Duration = bench.Duration(60 * time.Second) }), hooks{control: func(slot int, c worker.Control) worker.Control {
		if slot == 1 {
			return mute{c, &muted}
		}
		return c
	}}, func(w *world, id string) {
		time.Sleep(6 * time.Second)
		muted.Store("now", true)
	})
	run := w.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkerLost || !strings.Contains(run.StopDetail, "worker-1") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	var story []string
	for _, e := range w.heard.events {
		if e.Type == bench.EventWorker && strings.Contains(e.Message, "silent") {
			story = append(story, e.Message)
		}
	}
	if len(story) != 2 || !strings.Contains(story[0], "for 5s") || !strings.Contains(story[1], "for 30s") {
		t.Errorf("told %q", story)
	}
	if !w.result().Partial || w.result().Validity != bench.Suspect {
		t.Errorf("partial %t, %s", w.result().Partial, w.result().Validity)
	}
}

// mute loses everything once told to.
type mute struct {
	worker.Control
	muted *sync.Map
}

var errLost = errors.New("lost")

func (m mute) is() bool { _, ok := m.muted.Load("now"); return ok }
func (m mute) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	if m.is() {
		return nil, errLost
	}
	return m.Control.Heartbeat(ctx, h)
}
func (m mute) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	if m.is() {
		return nil, errLost
	}
	return m.Control.Report(ctx, r)
}

func TestJournalGone(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) { p.Duration = bench.Duration(120 * time.Second) }), hooks{}, func(w *world, id string) {
		time.Sleep(6 * time.Second)
		w.store.breakDown(errors.New("disk full"))
	})
	if run := w.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonJournalUnavailable || !strings.Contains(run.StopDetail, "disk full") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

func TestSameKeySameRun(t *testing.T) {
	simulate(t, plan(nil), hooks{}, func(w *world, id string) {
		again, err := w.engine.Create(w.t.Context(), "key", plan(nil), nil)
		if err != nil || again.ID != id {
			w.t.Errorf("%v, %v", again, err)
		}
		_, err = w.engine.Create(w.t.Context(), "key", plan(func(p *bench.Plan) { p.Seed = 9 }), nil)
		if bench.CodeOf(err) != bench.CodeKeyReused {
			w.t.Errorf("another plan with the same key: %v", err)
		}
	})
}

// A stop that is stored at the very moment of a phase change is obeyed all the same.
func TestStopDuringTransition(t *testing.T) {
	var w *world
	var once sync.Once
	w = simulate(t, plan(nil), hooks{store: func(s engine.Store) engine.Store {
		return atTransition{s, func(to bench.State) {
			if to.Phase == bench.PhaseMeasurement && to.Status == bench.StatusRunning {
				once.Do(func() {
					s.Desire(context.Background(), w.id, bench.DesiredStop)
					go w.engine.Stop(context.Background(), w.id, bench.DesiredStop, "ada")
				})
			}
		}}
	}}, func(x *world, id string) { w = x; w.id = id })
	if run := w.run(); run.StopReason != bench.ReasonStopRequested {
		t.Errorf("ended %v, %s", run.State, run.StopReason)
	}
}

type atTransition struct {
	engine.Store
	do func(to bench.State)
}

func (a atTransition) Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	a.do(t.To)
	return a.Store.Transition(ctx, t)
}

// A store that fails for a moment ends no run.
func TestJournalStumbles(t *testing.T) {
	w := simulate(t, plan(nil), hooks{}, func(w *world, id string) {
		for range 5 {
			w.store.breakDown(errors.New("busy"))
			time.Sleep(300 * time.Millisecond)
			w.store.breakDown(nil)
			time.Sleep(900 * time.Millisecond)
		}
	})
	if run := w.run(); run.Status != bench.StatusCompleted {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	w.checkReports()
}

// A worker that somebody else ended is not a worker that did its part.
func TestWorkerEndedFromOutside(t *testing.T) {
	end := make(chan struct{})
	w := simulate(t, plan(nil), hooks{control: func(slot int, c worker.Control) worker.Control {
		if slot == 1 {
			return ends{c, end}
		}
		return c
	}}, func(w *world, id string) {
		time.Sleep(5 * time.Second)
		close(end)
	})
	if run := w.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkerLost || !strings.Contains(run.StopDetail, "worker-1") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// ends gives its worker an ABORT that the plane did not send, as a signal would.
type ends struct {
	worker.Control
	now <-chan struct{}
}

func (e ends) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	select {
	case <-e.now:
		if after >= 1<<40 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return []bench.Event{{Sequence: 1 << 40, Epoch: 1 << 40, Type: bench.EventAbort, Message: "killed"}}, nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return e.Control.Events(ctx, run, w, generation, after)
}

// What goes wrong in the last second is seen.
func TestGuardInTheLastSecond(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) {
		p.Warmup, p.Duration = 0, bench.Duration(time.Second)
		p.Target.Options = map[string]string{"latency": "10ms", "error_rate": "0.9"}
		p.Guard.MaxErrorRate = 0.05
	}), hooks{}, nil)
	if run := w.run(); run.StopReason != bench.ReasonGuardErrorRate {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// A stop that comes while workers drain leaves the window as it was.
func TestStopInProcessing(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) {
		p.Drain = bench.Duration(30 * time.Second)
		p.Target.Options = map[string]string{"latency": "10ms", "stall_at": "6s", "stall_for": "20s"}
	}), hooks{}, func(w *world, id string) {
		time.Sleep(12 * time.Second)
		if err := w.engine.Stop(w.t.Context(), id, bench.DesiredAbort, "ada"); err != nil {
			w.t.Error(err)
		}
	})
	if r := w.result(); r.WindowUS != 5_000_000 || r.All().Throughput == 0 || w.run().Phase != bench.PhaseProcessing {
		t.Errorf("window %d µs, %.1f/s, %v", r.WindowUS, r.All().Throughput, w.run().State)
	}
}

// Operations that end after the window are counted, and are no throughput of it.
func TestThroughputIsOfTheWindow(t *testing.T) {
	w := simulate(t, plan(func(p *bench.Plan) {
		p.Warmup, p.Duration, p.Drain = 0, bench.Duration(time.Second), bench.Duration(10*time.Second)
		p.Target.Options["latency"] = "3s"
	}), hooks{}, nil)
	if all := w.result().All(); all.Done != 4 || all.Throughput != 0 {
		t.Errorf("%d done, %.1f/s, want 4 and 0", all.Done, all.Throughput)
	}
}

package cli

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/fleet"
	"bench/runtime/load"
	"bench/runtime/stats"
	"bench/runtime/worker"
	"bench/server"
	"bench/server/tail"
	"bench/sql/journal"
	"bench/sql/target/null"
)

// A ward is a server with its workers and its journal in one bubble of fake time, in which a worker can fall ill.
type ward struct {
	t       *testing.T
	engine  *engine.Engine
	server  *server.Server
	hub     *tail.Hub
	log     *slog.Logger
	journal *journal.Journal
	checks  diagnostics.Set
	run     string
	illness illness
	cured   chan struct{} // closed when whoever stands still may go on
}

// An illness is what is done to one worker. Everything else is the real thing.
type illness struct {
	slot      int
	heartbeat func(*bench.Heartbeat)
	report    func(*bench.Report)
	deaf      bool        // it never hears of an event
	mute      func() bool // its reports get no answer while this holds
	stuck     bool        // it stands still in its first report after the start
	login     bool        // its login hangs
}

// An ill plane stands between a worker and the engine.
type ill struct {
	worker.Control
	illness
}

func (i ill) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	if i.heartbeat != nil {
		i.heartbeat(&h)
	}
	return i.Control.Heartbeat(ctx, h)
}

func (i ill) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	if i.mute != nil && i.mute() {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	if i.report != nil {
		i.report(&r)
	}
	return i.Control.Report(ctx, r)
}

func (i ill) Events(ctx context.Context, run, name string, generation, after int64) ([]bench.Event, error) {
	if i.deaf {
		<-ctx.Done()
		return nil, nil
	}
	return i.Control.Events(ctx, run, name, generation, after)
}

// Work makes a ward a fleet.
func (w *ward) Work(ctx context.Context, run string, slot int) error {
	start := time.Now()
	sick := slot == w.illness.slot
	config := worker.Config{
		Control: w.engine, Host: "ward", PID: 100 + slot, Log: w.log,
		Lookup:    func(bench.Secret) (string, error) { return "", errors.New("no secret") },
		Monotonic: func() int64 { return int64(time.Since(start)) },
		Open: func(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error) {
			if sick && w.illness.login {
				<-w.cured
			}
			return null.Open(ctx, plan.Target, lookup, 1, tag)
		},
	}
	if sick {
		config.Control = ill{w.engine, w.illness}
		if w.illness.stuck {
			config.Monotonic = func() int64 { <-w.cured; return int64(time.Since(start)) }
		}
	}
	return fleet.Local{Config: func() worker.Config { return config }}.Work(ctx, run, slot)
}

// Place, Remove and Script make a ward the keeper of databases, of which there are none.
func (w *ward) Place(_ string, t bench.Target) (bench.Target, error) { return t, nil }
func (w *ward) Remove(string, bench.Target) error                    { return nil }
func (w *ward) Script(context.Context, bench.Target, func(bench.Secret) (string, error), []string) error {
	return nil
}

// admit runs a plan of two workers in a bubble of fake time, and visit while it goes on.
func admit(t *testing.T, i illness, visit func(w *ward)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t, i)
		ctx, stop := context.WithCancel(t.Context())
		var driving sync.WaitGroup
		driving.Go(func() { w.engine.Run(ctx) })
		synctest.Wait()
		unwatch := watchRuns(w.checks, w.server, w.engine, w.log)
		w.begin(ctx)
		visit(w)
		close(w.cured)
		stop()
		driving.Wait()
		unwatch()
		w.journal.Close()
	})
}

func newWard(t *testing.T, i illness) *ward {
	t.Helper()
	w := &ward{t: t, illness: i, cured: make(chan struct{}), log: slog.New(slog.DiscardHandler)}
	var err error
	if w.journal, err = journal.Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), journal.Options{}); err != nil {
		t.Fatal(err)
	}
	if w.checks, err = loadChecks(""); err != nil {
		t.Fatal(err)
	}
	w.hub = &tail.Hub{Merge: stats.MergeHists}
	w.engine = engine.New(engine.Config{
		Store: w.journal, Listener: w.hub, Databases: w, Fleets: map[string]engine.Fleet{"local": w}, Log: w.log, Owner: "ward",
		Lookup: func(bench.Secret) (string, error) { return "", errors.New("no secret") },
	})
	w.server = server.New(server.Config{Engine: w.engine, History: w.journal, Hub: w.hub, Checks: w.checks, Store: journalDatabase("journal", w.journal.Reader)})
	return w
}

// begin starts a run of two workers.
func (w *ward) begin(ctx context.Context) {
	w.t.Helper()
	run, err := w.engine.Create(ctx, "", &bench.Plan{
		Name: "ward", Seed: 1, Warmup: bench.Duration(5 * time.Second), Duration: bench.Duration(60 * time.Second),
		Drain: bench.Duration(time.Second), Ready: bench.Duration(60 * time.Second),
		Target:    bench.Target{Kind: "null", Options: map[string]string{"latency": "10ms"}},
		Fleet:     bench.Fleet{Kind: "local", Workers: 2},
		Workloads: []bench.Workload{{Name: "read", Weight: 1, Statements: []bench.Statement{{Parts: []string{"SELECT 1"}, Fetch: "all"}}}},
		Groups:    []bench.Group{{Load: bench.Load{Model: "closed", Connections: 4}, Workloads: []int{0}, Pick: "random"}},
	}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.run = run.ID
}

// examine lets so much time pass and then asks the server's doctor.
func (w *ward) examine(after time.Duration) *diagnostics.Report {
	w.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	k, err := w.server.Case(w.t.Context(), w.run)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := w.checks.Examine(w.t.Context(), k, diagnostics.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// told are the events of checks so far.
func (w *ward) told() (all []bench.CheckChange) {
	events, err := w.journal.Events(w.t.Context(), w.run, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == bench.EventCheck {
			c, _ := decode[bench.CheckChange](e.Data)
			all = append(all, c)
		}
	}
	return all
}

// A sickness is an illness with what the doctor says of it.
type sickness struct {
	name     string
	illness  func() illness
	after    time.Duration // how long the run goes on until it is certain
	code     string
	sentence string
	shown    string // the sentence on the run's page, as a regular expression: by the doctor, or by how the run ended
}

// sicknesses are what befalls workers and cannot be done to a process from outside.
var sicknesses = []sickness{
	{"login hangs", func() illness { return illness{slot: 1, login: true} }, 15 * time.Second, "BEN0102", "worker-1 is at login for 1", `^PREPARING: worker-1 is at login for \d+s \(BEN0102\)$`},
	{"deaf", func() illness { return illness{slot: 1, deaf: true} }, 2 * time.Second, "BEN0112", "worker-1 was handed events up to 0", `worker-1 was handed events up to 0.*\(BEN0112\)$`},
	{"acknowledges nothing", func() illness { return illness{slot: 1, heartbeat: func(h *bench.Heartbeat) { h.Armed = 0 }} }, 2 * time.Second, "BEN0113", "acknowledged by 1 of 2 workers", `^FAILED in PREPARING: (some workers have begun, and )?the start was not acknowledged in time by worker-1; (nothing was measured|\S+ measured, kept as partial)$`},
	{"blocks after the start gate", func() illness { return illness{slot: 1, stuck: true} }, 10 * time.Second, "BEN0121", "worker-1 is READY and told of 0 operations since the start, in 0 reports", `^(WARMUP|MEASUREMENT): worker-1 is READY and told of 0 operations since the start, in 0 reports \(BEN0121\)$`},
	{"stops reporting", func() illness { return illness{slot: 1, mute: muteAfter(8 * time.Second)} }, 20 * time.Second, "BEN0203", "worker-1 sent report", `^(WARMUP|MEASUREMENT): worker-1 sent report.*\(BEN0203\)$`},
	{"is excluded", func() illness {
		return illness{slot: 1, report: func(r *bench.Report) {
			if r.Phase.Aggregated() {
				r.Phase = bench.PhasePreparing
			}
		}}
	}, 5 * time.Second, "BEN0211", "are excluded: phase PREPARING", `are excluded: phase PREPARING.*\(BEN0211\)$`},
	{"is replaced", func() illness {
		return illness{slot: 1, report: func(r *bench.Report) {
			if r.Seq == 5 {
				r.Generation--
			}
		}}
	}, 12 * time.Second, "BEN0105", "worker-1 of generation 0 was replaced by generation 1", `^FAILED in WARMUP: worker-1 at done: worker-1 of generation 0 was replaced by generation 1; `},
	{"a clock that jumps", func() illness {
		return illness{slot: 1, heartbeat: func(h *bench.Heartbeat) {
			if h.SinceT0US > 6_000_000 {
				h.SinceT0US += 7_000_000
			}
		}}
	}, 12 * time.Second, "BEN0305", "worker-1 is 70", `^MEASUREMENT: worker-1 is (69|70)\d\d ms ahead of the server .*\(BEN0305\)$`},
}

// Each illness is found, by its own name, before everything that follows from it.
func TestDoctorFindsTheCause(t *testing.T) {
	for _, c := range sicknesses {
		t.Run(c.name, func(t *testing.T) {
			admit(t, c.illness(), func(w *ward) {
				t := w.t
				r := w.examine(c.after)
				if len(r.Causes) == 0 {
					t.Fatalf("nothing was found: %s", r.Path)
				}
				f := r.Find(r.Causes[0])
				if f.Code != c.code || !strings.Contains(f.Detail, c.sentence) {
					t.Errorf("the cause is %s %s, want %s %q; %v %s", f.Code, f.Detail, c.code, c.sentence, r.Causes, r.Path)
				}
				if r.Exit != bench.ExitFail {
					t.Errorf("exit %d", r.Exit)
				}
			})
		})
	}
}

func muteAfter(d time.Duration) func() bool {
	var once sync.Once
	var from time.Time
	return func() bool {
		once.Do(func() { from = time.Now().Add(d) })
		return time.Now().After(from)
	}
}

// What the doctor finds while a run goes on is told once when it stands, and once when it is over.
func TestLiveFindings(t *testing.T) {
	from, to := 10*time.Second, 25*time.Second
	var start time.Time
	var once sync.Once
	admit(t, illness{slot: 1, mute: func() bool {
		once.Do(func() { start = time.Now() })
		since := time.Since(start)
		return since > from && since < to
	}}, func(w *ward) {
		w.examine(50 * time.Second)
		told := w.told()
		if len(told) != 2 || told[0].Code != "BEN0203" || told[0].Outcome != "fail" || told[0].Subject != "worker-1" || told[1].Outcome != "pass" {
			t.Errorf("told: %+v", told)
		}
		_, rows, err := w.journal.Query(w.t.Context(), "SELECT CHECK_CODE, SUBJECT, OUTCOME, PHASE FROM DOCTOR_FINDINGS ORDER BY CHECKED_AT", 10)
		if err != nil || len(rows) != 2 || rows[0][0] != "BEN0203" || rows[0][1] != "worker-1" || rows[1][2] != "pass" {
			t.Errorf("stored: %v, %v", rows, err)
		}
	})
}

// A healthy run tells nothing, and every check that applies has rows.
func TestLiveHealthyRun(t *testing.T) {
	admit(t, illness{slot: -1}, func(w *ward) {
		for _, after := range []time.Duration{4 * time.Second, 10 * time.Second, 60 * time.Second} {
			r := w.examine(after)
			for i := range r.Checks {
				if f := &r.Checks[i]; f.Outcome == diagnostics.Fail || f.Outcome == diagnostics.Undetermined || f.Outcome == diagnostics.Pass && len(f.Rows) == 0 {
					t.Errorf("%s is %s %s: %s", f.Code, f.Outcome, f.Why, f.Detail)
				}
			}
			if r.Exit != 0 {
				t.Errorf("exit %d, %v", r.Exit, r.Counts)
			}
		}
		if told := w.told(); len(told) > 0 {
			t.Errorf("told: %+v", told)
		}
	})
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/runtime/fleet"
	"bench/runtime/load"
	"bench/runtime/worker"
	"bench/sql/journal/memory"
	"bench/sql/target/null"
)

// A court is a server with a target that can be heard, in a bubble of fake time.
type court struct {
	t       *testing.T
	journal *memory.Journal
	engine  *Engine
	dies    *atomic.Bool // the server
	held    atomic.Int64 // how long the journal takes for what the run waits for, ns
	stop    context.CancelFunc
	ran     chan error
	id      string

	mu    sync.Mutex
	ended []time.Time // when the listener heard of the end
	told  []string    // types of events
}

// testimony is a scripted Witness. What is nil is not there.
type testimony struct {
	signIn   func() error
	sample   func(ctx context.Context) (*bench.TargetSample, error)
	counters func(moment int) *bench.Counters
	recall   func(ctx context.Context, time int, each func(*bench.Recalled)) (*bench.Recollection, error)

	run         string // that it is asked about
	read, asked int
}

func (w *testimony) Every() time.Duration { return time.Second }
func (w *testimony) Close() error         { return nil }
func (w *testimony) Sample(ctx context.Context) (*bench.TargetSample, error) {
	if w.sample == nil {
		return &bench.TargetSample{Waits: []bench.Wait{{State: "active", Sessions: 3}, {State: "active", Type: "Lock", Event: "tuple", Sessions: 1}}}, nil
	}
	return w.sample(ctx)
}

func (w *testimony) Counters(context.Context) (*bench.Counters, error) {
	if w.counters == nil {
		return nil, nil
	}
	w.read++
	return w.counters(w.read), nil
}

func (w *testimony) Recall(ctx context.Context, _, _ time.Time, each func(*bench.Recalled)) (*bench.Recollection, error) {
	if w.recall == nil {
		return nil, nil
	}
	w.asked++
	return w.recall(ctx, w.asked, each)
}

// A summons finds the testimony.
type summons struct{ w *testimony }

func (s summons) Witness(_ context.Context, run string, plan *bench.Plan, lookup func(bench.Secret) (string, error)) (Witness, error) {
	for _, secret := range plan.Target.Secrets {
		if _, err := lookup(secret); err != nil {
			return nil, err
		}
	}
	switch {
	case s.w == nil:
		return nil, nil
	case s.w.signIn != nil:
		if err := s.w.signIn(); err != nil {
			return nil, err
		}
	}
	s.w.run = run
	return s.w, nil
}

func (c *court) Place(_ string, t bench.Target) (bench.Target, error) { return t, nil }
func (c *court) Remove(string, bench.Target) error                    { return nil }
func (c *court) Script(context.Context, bench.Target, func(bench.Secret) (string, error), []string) error {
	return nil
}
func (c *court) Started(*bench.Run)         {}
func (c *court) Second(*bench.Second, bool) {}
func (c *court) Event(e bench.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, string(e.Type))
}
func (c *court) Ended(*bench.Run, *bench.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = append(c.ended, time.Now())
}

// Work runs a worker of the run against the target that is none.
func (c *court) Work(ctx context.Context, run string, slot int) error {
	start, e := time.Now(), c.engine
	return fleet.Local{Config: func() worker.Config {
		return worker.Config{
			Control: e, Host: "test", PID: 100 + slot, Log: slog.New(slog.DiscardHandler), Lookup: e.Lookup,
			Monotonic: func() int64 { return int64(time.Since(start)) },
			Open: func(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error) {
				t := plan.Target
				t.Secrets = nil // the target that is none has no use for them
				return null.Open(ctx, t, lookup, 1, tag)
			},
		}
	}}.Work(ctx, run, slot)
}

// A mortal is the journal of a server that may die: from then on nothing it does is stored. It may be slow, too.
type mortal struct {
	*memory.Journal
	dead *atomic.Bool
	held *atomic.Int64
}

var errDead = errors.New("the server is dead")

func (m mortal) Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	if m.dead.Load() {
		return nil, bench.Event{}, errDead
	}
	time.Sleep(time.Duration(m.held.Load())) // fake time
	return m.Journal.Transition(ctx, t)
}

func (m mortal) Append(ctx context.Context, e bench.Event) (bench.Event, error) {
	time.Sleep(time.Duration(m.held.Load())) // fake time
	return m.Journal.Append(ctx, e)
}

func (m mortal) Write(ctx context.Context, b *bench.Batch) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Journal.Write(ctx, b)
}

// serve starts a server on the journal.
func (c *court) serve(w Witnesses) {
	ctx, stop := context.WithCancel(context.Background())
	c.stop, c.ran = stop, make(chan error, 1)
	c.dies = new(atomic.Bool)
	c.engine = New(Config{
		Store: mortal{c.journal, c.dies, &c.held}, Listener: c, Databases: c, Witnesses: w, Fleets: map[string]Fleet{"local": c}, Owner: "test",
		Lookup: func(bench.Secret) (string, error) { return "", errors.New("no secret") },
		Log:    slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
	e, ran := c.engine, c.ran
	go func() { ran <- e.Run(ctx) }()
	synctest.Wait()
}

// close ends the server.
func (c *court) close() {
	c.t.Helper()
	c.stop()
	if err := <-c.ran; err != nil {
		c.t.Error(err)
	}
}

// hold runs a plan with a witness; during, if not nil, acts while it goes on. It ends when the run has.
func hold(t *testing.T, w *testimony, change func(*bench.Plan), during func(*court)) *court {
	t.Helper()
	c := &court{t: t, journal: memory.New()}
	c.serve(summons{w})
	p := &bench.Plan{
		Name: "test", Seed: 1, Warmup: bench.Duration(2 * time.Second), Duration: bench.Duration(5 * time.Second),
		Drain: bench.Duration(3 * time.Second), Ready: bench.Duration(20 * time.Second),
		Target:    bench.Target{Kind: "null", Options: map[string]string{"latency": "10ms"}},
		Fleet:     bench.Fleet{Kind: "local", Workers: 2},
		Workloads: []bench.Workload{{Name: "read", Weight: 1, Statements: []bench.Statement{{Parts: []string{"SELECT 1"}, Fetch: "all"}}}},
		Groups:    []bench.Group{{Load: bench.Load{Model: "closed", Connections: 4}, Workloads: []int{0}, Pick: "random"}},
	}
	if change != nil {
		change(p)
	}
	run, err := c.engine.Create(t.Context(), "key", p, map[bench.Secret]string{"var:given": "known"})
	if err != nil {
		t.Fatal(err)
	}
	c.id = run.ID
	if during != nil {
		during(c)
	}
	c.idle()
	return c
}

func (c *court) idle() {
	for c.engine.Active() > 0 {
		time.Sleep(100 * time.Millisecond) // fake time
	}
}

// reach waits until the run is in a state.
func (c *court) reach(s bench.Status, p bench.Phase) {
	for c.run().State != (bench.State{Status: s, Phase: p}) {
		time.Sleep(100 * time.Millisecond) // fake time
	}
}

func (c *court) run() *bench.Run {
	run, err := c.journal.Run(c.t.Context(), c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	return run
}

func (c *court) enrichment() *bench.Enrichment {
	c.t.Helper()
	e, err := c.journal.Enrichment(c.t.Context(), c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	return e
}

func (c *court) result() *bench.Result {
	r, err := c.journal.Result(c.t.Context(), c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// want fails unless the enrichment is so, the run is over, and the end was told once, so long after the result was final.
func (c *court) want(status bench.EnrichmentStatus, reason bench.EnrichmentReason, after time.Duration) *bench.Enrichment {
	c.t.Helper()
	run, e := c.run(), c.enrichment()
	if e.Status != status || e.Reason != reason {
		c.t.Errorf("enrichment is %s %s (%s), want %s %s", e.Status, e.Reason, e.Detail, status, reason)
	}
	if run.State != (bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}) {
		c.t.Errorf("the run is %v", run.State)
	}
	if len(c.ended) != 1 {
		c.t.Fatalf("the end was told %d times", len(c.ended))
	}
	if told := c.ended[0].Sub(*run.EndTime); told < after || told > after+100*time.Millisecond {
		c.t.Errorf("the end was told %s after it, want %s", told, after)
	}
	return e
}

// counted is a target that counts: 2000 calls of 6 ms in MEASUREMENT.
func counted() *testimony { return countedFrom(0) }

// countedFrom is the same, as a witness that begins later has it.
func countedFrom(before int) *testimony {
	return &testimony{counters: func(moment int) *bench.Counters {
		sums := bench.ServerSums{Calls: 500, ExecuteUS: 1e6}
		if moment+before > 2 { // the first is in advance
			sums = bench.ServerSums{Calls: 2500, ExecuteUS: 1e6 + 2000*6000}
		}
		return &bench.Counters{Source: "counters", Epoch: "1", List: []bench.Counter{{Key: "a", ServerSums: sums}}}
	}}
}

// recalled is a target whose history has so many rows when it is asked for the nth time.
func recalled(rows func(n int) int) *testimony {
	w := &testimony{}
	w.recall = func(_ context.Context, n int, each func(*bench.Recalled)) (*bench.Recollection, error) {
		return &bench.Recollection{Source: "history"}, w.give(rows(n), each)
	}
	return w
}

func (w *testimony) give(rows int, each func(*bench.Recalled)) error {
	for i := range rows {
		each(&bench.Recalled{QueryID: fmt.Sprint(i), Run: w.run, Workload: "read", Phase: bench.PhaseMeasurement, TotalUS: 6000, ExecuteUS: 6000})
	}
	return nil
}

func TestCountersAreHeardAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, counted(), nil, nil)
		defer c.close()
		e := c.want(bench.EnrichmentComplete, "", 0)
		if s := e.All(); s.Calls != 2000 || s.Coverage < 0.99 || s.Split == nil || math.Abs(s.Split.ExecuteUS-6000) > 1 || math.Abs(s.Split.ClientUS-4000) > 50 {
			t.Errorf("all workloads: %+v, split %+v", s, s.Split)
		}
		// 3 of 4 sessions ran; one sample a second of MEASUREMENT.
		if len(e.Waits) != 2 || e.Waits[0].Sessions != 3 || e.Waits[1].Share != 0.25 || e.Samples < 4 || e.Samples > 6 {
			t.Errorf("%d samples, waits %+v", e.Samples, e.Waits)
		}
		if n := strings.Count(strings.Join(c.told, " "), string(bench.EventCounters)); n != 2 {
			t.Errorf("%d readings of counters were told, want 2", n)
		}
		if run := c.run(); run.Verdict != bench.VerdictPass || run.StopReason != bench.ReasonCompleted {
			t.Errorf("ended %s, %s", run.Verdict, run.StopReason)
		}
	})
}

// TestCountersThatSayNothing: what was reset between two readings is no evidence, and the enrichment says so as a whole.
func TestCountersThatSayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := counted()
		read := w.counters
		w.counters = func(moment int) *bench.Counters {
			c := read(moment)
			c.Epoch = fmt.Sprint(moment)
			return c
		}
		c := hold(t, w, nil, nil)
		defer c.close()
		e := c.want(bench.EnrichmentFailed, bench.EnrichmentError, 0)
		if s := e.All(); !strings.Contains(e.Detail, "reset") || s.Split != nil || s.Coverage != 0 {
			t.Errorf("%s; all workloads: %+v", e.Detail, s)
		}
	})
}

func TestATargetThatKeepsNoRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, nil, nil, nil)
		defer c.close()
		if _, err := c.journal.Enrichment(t.Context(), c.id); !errors.Is(err, ErrNoEnrichment) {
			t.Errorf("there is an enrichment: %v", err)
		}
		if _, err := c.engine.Enrich(t.Context(), c.journal, c.id); bench.CodeOf(err) != bench.CodeInvalid {
			t.Errorf("asked again: %v", err)
		}
		if told := c.ended[0].Sub(*c.run().EndTime); told > 100*time.Millisecond {
			t.Errorf("the end was told %s late", told)
		}
	})
}

func TestAHistoryThatFillsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, recalled(func(n int) int { return 500 * n }), nil, func(c *court) {
			c.reach(bench.StatusCompleted, bench.PhaseProcessing)
			time.Sleep(15 * time.Second) // fake time
			if live, _ := c.engine.Live(c.id); !strings.Contains(live.Waiting, "50% of the statements so far") {
				t.Errorf("waits for %q", live.Waiting)
			}
			if e := c.enrichment(); e.Status != bench.EnrichmentPending || len(c.ended) != 1 {
				t.Errorf("%s, the end was told %d times", e.Status, len(c.ended))
			}
		})
		defer c.close()
		e := c.want(bench.EnrichmentComplete, "", endPatience)
		if s := e.Workloads[0]; s.Coverage != 1 || s.Split == nil || math.Abs(s.Split.ExecuteUS-6000) > 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestRowsThatNeverComeAreNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recalled(func(int) int { return 1000 })
		c := hold(t, w, nil, nil)
		defer c.close()
		e := c.want(bench.EnrichmentComplete, "", endPatience)
		if s := e.Workloads[0]; s.Coverage < 0.49 || s.Coverage > 0.51 || s.Split != nil || s.Why == "" {
			t.Errorf("coverage %g, split %v, %s", s.Coverage, s.Split, s.Why)
		}
		if asked := w.asked; asked != 4 { // at once, and 10, 30 and 70 s later
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recalled(func(n int) int { return n })
		c := hold(t, w, nil, nil)
		defer c.close()
		e := c.want(bench.EnrichmentIncomplete, bench.EnrichmentDeadline, endPatience)
		if took := time.Since(*c.run().EndTime); took < 239*time.Second || took > 241*time.Second {
			t.Errorf("ended %s after the result", took)
		}
		if !strings.Contains(e.Detail, "bench enrich "+c.id) || e.Workloads[0].Calls != 6 {
			t.Errorf("%d calls; %s", e.Workloads[0].Calls, e.Detail)
		}
	})
}

func TestTheGuardsDurationIsThatOfTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, recalled(func(n int) int { return n }), func(p *bench.Plan) { p.Guard.MaxDuration = bench.Duration(time.Minute) }, nil)
		defer c.close()
		c.want(bench.EnrichmentIncomplete, bench.EnrichmentDeadline, endPatience)
		events, err := c.journal.Events(t.Context(), c.id, 0)
		if err != nil || slices.ContainsFunc(events, func(e bench.Event) bool { return e.Type == bench.EventGuard }) {
			t.Errorf("the guard spoke, or %v", err)
		}
	})
}

func TestAStopEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, recalled(func(n int) int { return n }), nil, func(c *court) {
			c.reach(bench.StatusCompleted, bench.PhaseProcessing)
			time.Sleep(30 * time.Second) // fake time
			if err := c.engine.Stop(t.Context(), c.id, bench.DesiredStop, "ada"); err != nil {
				t.Error(err)
			}
		})
		defer c.close()
		if e := c.want(bench.EnrichmentIncomplete, bench.EnrichmentCancelled, endPatience); !strings.Contains(e.Detail, "ada") || e.Workloads[0].Calls == 0 {
			t.Errorf("%+v", e)
		}
		if run := c.run(); run.Verdict != bench.VerdictPass || run.StopReason != bench.ReasonCompleted {
			t.Errorf("the run ended %s, %s", run.Verdict, run.StopReason)
		}
		if err := c.engine.Stop(t.Context(), c.id, bench.DesiredAbort, "ada"); bench.CodeOf(err) != bench.CodeRunEnded {
			t.Errorf("a second stop: %v", err)
		}
	})
}

func TestAServerThatEndsDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, recalled(func(n int) int { return n }), nil, func(c *court) {
			c.reach(bench.StatusCompleted, bench.PhaseProcessing)
			began := time.Now()
			c.close()
			if took := time.Since(began); took > time.Second {
				t.Errorf("the server took %s to end", took)
			}
		})
		c.want(bench.EnrichmentIncomplete, bench.EnrichmentInterrupted, 0)
	})
}

func TestATargetThatLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := hold(t, &testimony{signIn: func() error { tries++; return errors.New("too many sessions") }}, nil, nil)
		defer c.close()
		if e := c.want(bench.EnrichmentFailed, bench.EnrichmentError, 0); !strings.Contains(e.Detail, "too many sessions") {
			t.Error(e.Detail)
		}
		if n := strings.Count(strings.Join(c.told, " "), string(bench.EventTarget)); n != 1 || tries < 2 {
			t.Errorf("told %d times after %d tries, want once", n, tries)
		}
	})
}

// A target that does not answer its witness costs the run neither an operation nor a second.
func TestATargetThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		c := hold(t, &testimony{
			sample: func(ctx context.Context) (*bench.TargetSample, error) { return nil, hang(ctx) },
			recall: func(ctx context.Context, _ int, _ func(*bench.Recalled)) (*bench.Recollection, error) {
				return nil, hang(ctx)
			},
		}, nil, nil)
		defer c.close()
		c.want(bench.EnrichmentIncomplete, bench.EnrichmentDeadline, endPatience)
		if n := c.result().All().Done; n < 1990 || n > 2004 {
			t.Errorf("%d operations, want 2000", n)
		}
	})
}

func TestEnrichmentSurvivesItsServer(t *testing.T) {
	for name, secret := range map[string]bench.Secret{"knows": "", "credentials_gone": "var:given"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hangs := counted()
				hangs.recall = func(ctx context.Context, _ int, _ func(*bench.Recalled)) (*bench.Recollection, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				c := hold(t, hangs, func(p *bench.Plan) {
					if secret != "" {
						p.Target.Secrets = map[string]bench.Secret{"password": secret}
					}
				}, func(c *court) {
					c.reach(bench.StatusCompleted, bench.PhaseProcessing)
					time.Sleep(endPatience / 2) // fake time
					c.dies.Store(true)
					first, ran := c.stop, c.ran
					unfinished, err := c.journal.Unfinished(t.Context())
					if err != nil || len(unfinished) != 1 {
						t.Fatalf("unfinished: %v, %v", unfinished, err)
					}
					c.serve(summons{countedFrom(2)}) // the counters were read before; this one's would say nothing of the run
					if err := c.engine.Adopt(t.Context(), c.journal, unfinished); err != nil {
						t.Fatal(err)
					}
					c.idle()
					first()
					<-ran
				})
				defer c.close()
				e := c.enrichment()
				if secret != "" {
					if e.Status != bench.EnrichmentSkipped || e.Reason != bench.EnrichmentCredentialsGone {
						t.Errorf("%s %s: %s", e.Status, e.Reason, e.Detail)
					}
				} else if e.Status != bench.EnrichmentComplete || e.All().Calls != 2000 || e.All().Split == nil || e.Samples < 4 {
					t.Errorf("%s %s: %+v, %d samples", e.Status, e.Detail, e.All(), e.Samples)
				}
				if run := c.run(); run.State != (bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}) || run.Verdict != bench.VerdictPass {
					t.Errorf("the run is %v, %s", run.State, run.Verdict)
				}
			})
		})
	}
}

// warehouse is a target that runs on one of a kind, of which an hour costs a credit.
func warehouse(kind string) *testimony {
	w := recalled(func(int) int { return 2100 })
	w.sample = func(context.Context) (*bench.TargetSample, error) {
		return &bench.TargetSample{Warehouse: &bench.Warehouse{Name: "WH", State: "STARTED", Size: "X-Small", Started: 1, MinClusters: 1, MaxClusters: 1,
			Raw: map[string]string{"auto_suspend": "60", "type": kind}}}, nil
	}
	return w
}

func TestAnSLOOnCostWaitsForTheTarget(t *testing.T) {
	for _, c := range []struct {
		kind    string
		max     float64 // credits per 1,000 operations; the run costs 5 s ÷ 3600 s ÷ 2000 × 1000 = 0.00069
		verdict bench.Verdict
	}{
		{"STANDARD", 0.001, bench.VerdictPass}, {"STANDARD", 0.0005, bench.VerdictFail}, {"MARTIAN", 1, bench.VerdictUndetermined},
	} {
		t.Run(fmt.Sprint(c.kind, c.max), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := hold(t, warehouse(c.kind), func(p *bench.Plan) {
					p.SLOs = []bench.SLO{{Name: "cost", Metric: "cost", Max: &c.max}, {Name: "server", Workload: "read", Metric: "server.mean", Max: new(7000.0)}}
				}, nil)
				defer k.close()
				k.want(bench.EnrichmentComplete, "", 0)
				run, slos := k.run(), k.result().SLOs
				if run.Verdict != c.verdict || slos[0].Verdict != c.verdict {
					t.Errorf("the run is %s, the SLO %s (%s), want %s", run.Verdict, slos[0].Verdict, slos[0].Why, c.verdict)
				}
				if v := slos[0].Value; c.kind == "STANDARD" && (v == nil || math.Abs(*v-1000*5/3600./2000) > 1e-5) {
					t.Errorf("cost %v", v)
				}
				if s := slos[1]; s.Verdict != bench.VerdictPass || math.Abs(*s.Value-6000) > 1 {
					t.Errorf("server time: %+v", s)
				}
				if c.kind != "STANDARD" && !strings.Contains(slos[0].Why, "rate of a warehouse of kind MARTIAN X-Small is unknown") {
					t.Errorf("why %q", slos[0].Why)
				}
			})
		})
	}
}

func TestTheGuardOnCredits(t *testing.T) {
	for _, c := range []struct {
		kind   string
		max    float64
		reason bench.Reason
	}{{"STANDARD", 0.001, bench.ReasonGuardCredits}, {"STANDARD", 1, bench.ReasonCompleted}, {"MARTIAN", 0.001, bench.ReasonCompleted}} {
		t.Run(fmt.Sprint(c.kind, c.max), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := hold(t, warehouse(c.kind), func(p *bench.Plan) { p.Guard.MaxCredits = c.max }, nil)
				defer k.close()
				if run := k.run(); run.StopReason != c.reason {
					t.Errorf("ended %s: %s, want %s", run.StopReason, run.StopDetail, c.reason)
				}
				guarded := strings.Count(strings.Join(k.told, " "), string(bench.EventGuard))
				if want := map[bool]int{true: 0, false: 1}[c.max == 1]; guarded != want {
					t.Errorf("the guard spoke %d times, want %d", guarded, want)
				}
				if n := strings.Count(strings.Join(k.told, " "), string(bench.EventTarget)); n != 1 {
					t.Errorf("the shape of the warehouse was told %d times, want once", n)
				}
			})
		})
	}
}

func TestASecondPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := 1000
		c := hold(t, recalled(func(int) int { return rows }), nil, nil)
		defer c.close()
		before := c.run()
		rows = 2100
		e, err := c.engine.Enrich(t.Context(), c.journal, c.id)
		if err != nil {
			t.Fatal(err)
		}
		stored := c.enrichment()
		if e.Pass != 2 || stored.Pass != 2 || stored.All().Coverage != 1 || stored.All().Split == nil {
			t.Errorf("pass %d, stored %d: %+v", e.Pass, stored.Pass, stored.All())
		}
		if after := c.run(); after.Verdict != before.Verdict || after.State != before.State {
			t.Errorf("the run was %v %s, and is %v %s", before.State, before.Verdict, after.State, after.Verdict)
		}
		rows = 100 // of a history that has forgotten most
		if _, err := c.engine.Enrich(t.Context(), c.journal, c.id); bench.CodeOf(err) != bench.CodeEnrichmentNotReady || c.enrichment().Pass != 2 {
			t.Errorf("less than before: %v, stored is pass %d", err, c.enrichment().Pass)
		}
		if _, err := c.engine.Enrich(t.Context(), c.journal, "nobody"); bench.CodeOf(err) != bench.CodeRunNotFound {
			t.Errorf("of no run: %v", err)
		}
	})
}

func TestSamplesAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hold(t, counted(), nil, nil)
		defer c.close()
		samples, err := c.journal.Samples(t.Context(), c.id)
		if err != nil {
			t.Fatal(err)
		}
		measured := slices.DeleteFunc(samples, func(s bench.TargetSample) bool { return s.Phase != bench.PhaseMeasurement })
		if len(measured) < 4 || len(measured) > 6 || measured[0].ElapsedUS < 1_900_000 || len(measured[0].Waits) != 2 {
			t.Errorf("%d samples of MEASUREMENT, first %+v", len(measured), measured[0])
		}
	})
}

package server

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/tail"
)

// A fleet is a small engine that keeps its runs in memory and drives nothing: tests say what happens to a run. It is its
// own history.
type fleet struct {
	hub *tail.Hub

	mu      sync.Mutex
	keys    map[string]string // idempotency key to run
	secrets map[bench.Secret]string
	runs    map[string]*bench.Run
	events  map[string][]bench.Event
	seconds map[string][]bench.Second
	results map[string]*bench.Result
	reports map[string]int64 // newest sequence by run and worker
	stops   []string
	waits   chan struct{} // closed when a worker waits for events, if not nil
	broken  error         // what every read of the history fails with
	changed chan struct{} // closed and replaced with every event
}

func newFleet(hub *tail.Hub) *fleet {
	return &fleet{
		hub: hub, keys: map[string]string{}, runs: map[string]*bench.Run{}, events: map[string][]bench.Event{},
		seconds: map[string][]bench.Second{}, results: map[string]*bench.Result{}, reports: map[string]int64{},
		changed: make(chan struct{}),
	}
}

func (f *fleet) Create(_ context.Context, key string, plan *bench.Plan, secrets map[bench.Secret]string) (*bench.Run, error) {
	if len(plan.Workloads) == 0 {
		return nil, bench.Errorf(bench.CodePlanInvalid, "the plan has no workload")
	}
	f.mu.Lock()
	if id, ok := f.keys[key]; ok {
		defer f.mu.Unlock()
		if f.runs[id].PlanHash != plan.Hash() {
			return nil, bench.Errorf(bench.CodeKeyReused, "the key belongs to another plan")
		}
		return f.runs[id], nil
	}
	run := &bench.Run{
		ID: fmt.Sprintf("01RUN%04d", len(f.runs)+1), Name: plan.Name, PlanHash: plan.Hash(), Plan: plan,
		State: bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing}, CreatedAt: time.Now(),
	}
	f.keys[key], f.secrets, f.runs[run.ID] = run.ID, secrets, run
	f.mu.Unlock()
	f.hub.Started(run)
	f.event(run.ID, bench.EventCreated, nil)
	return run, nil
}

// event makes an event happen.
func (f *fleet) event(run string, kind bench.EventType, data any) {
	f.mu.Lock()
	text, _ := json.Marshal(data)
	e := bench.Event{Run: run, Sequence: int64(len(f.events[run]) + 1), Type: kind, Data: text, Message: string(kind), CreatedAt: time.Now()}
	f.events[run] = append(f.events[run], e)
	close(f.changed)
	f.changed = make(chan struct{})
	f.mu.Unlock()
	f.hub.Event(e)
}

// second makes a second happen.
func (f *fleet) second(run string, n int64) {
	s := bench.Second{Run: run, Second: n, Phase: bench.PhaseMeasurement, At: time.Now(), Workers: 1, Expected: 1,
		Rows: []bench.SecondRow{{Ledger: bench.Ledger{Planned: n, Done: n}, Response: []byte{1, 2, 3}}}}
	f.mu.Lock()
	f.seconds[run] = append(f.seconds[run], s)
	f.mu.Unlock()
	f.hub.Second(&s, false)
}

// end makes a run end.
func (f *fleet) end(id string) {
	f.mu.Lock()
	run := *f.runs[id]
	run.State = bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}
	run.Verdict, run.EndTime = bench.VerdictPass, new(time.Now())
	f.runs[id] = &run
	f.results[id] = &bench.Result{Run: id, Verdict: bench.VerdictPass, Workloads: []bench.WorkloadResult{{}}}
	f.mu.Unlock()
	f.hub.Ended(&run, f.results[id])
}

// Chart has what Seconds has, second by second.
func (f *fleet) Chart(_ context.Context, id, workload string, _ int) (*bench.Chart, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &bench.Chart{Workload: workload, Width: 1, Columns: []string{"first_second"}, Rows: [][]*int64{}}
	for _, s := range f.seconds[id] {
		c.Rows = append(c.Rows, []*int64{&s.Second})
	}
	return c, f.broken
}

func (f *fleet) Histograms(_ context.Context, id, _ string, each func(int64, bench.Phase, []byte) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.seconds[id] {
		if err := each(s.Second, s.Phase, s.Rows[0].Response); err != nil {
			return err
		}
	}
	return f.broken
}

func (f *fleet) Live(id string) (*bench.Run, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	run, ok := f.runs[id]
	if !ok || run.Status.Terminal() {
		return nil, false
	}
	now := *run
	now.Plan, now.Waiting = nil, "1 of 2 workers is not ready"
	return &now, true
}

func (f *fleet) Look(_ context.Context, id string) (*bench.Live, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	run, ok := f.runs[id]
	if !ok || run.Status.Terminal() {
		return nil, bench.Errorf(bench.CodeRunEnded, "run %s has ended", id)
	}
	return &bench.Live{Run: []bench.LiveRun{{Status: run.Status, Phase: run.Phase}}, Plane: []bench.LivePlane{{RefusedS: -1}}}, nil
}

func (f *fleet) Stop(_ context.Context, id string, mode bench.Desired, by string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.runs[id].Status.Terminal() {
		return bench.Errorf(bench.CodeRunEnded, "run %s has ended", id)
	}
	f.stops = append(f.stops, fmt.Sprint(id, " ", mode, " ", by))
	return nil
}

func (f *fleet) Enrich(_ context.Context, past engine.History, id string) (*bench.Enrichment, error) {
	e, err := past.Enrichment(context.Background(), id)
	if err != nil {
		return nil, err
	}
	e.Pass++
	return e, nil
}

func (f *fleet) Samples(context.Context, string) ([]bench.TargetSample, error) {
	return []bench.TargetSample{{Waits: []bench.Wait{{State: "active", Sessions: 3}}}}, nil
}

func (f *fleet) Enrichment(_ context.Context, id string) (*bench.Enrichment, error) {
	if _, ok := f.results[id]; !ok {
		return nil, engine.ErrNoEnrichment
	}
	return &bench.Enrichment{Run: id, Status: bench.EnrichmentComplete, Pass: 1, Source: "test", Workloads: []bench.ServerSide{{Coverage: 0.5}}}, nil
}

func (f *fleet) Register(_ context.Context, r bench.Registration) (*bench.Assignment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	run, ok := f.runs[r.Run]
	if !ok {
		return nil, bench.Errorf(bench.CodeRunNotFound, "no run %s on this server", r.Run)
	}
	return &bench.Assignment{Run: r.Run, Worker: fmt.Sprint("worker-", r.Slot), Generation: 1, Plan: *run.Plan, Secrets: f.secrets}, nil
}

func (f *fleet) Heartbeat(_ context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	if h.Generation != 1 {
		return nil, bench.Errorf(bench.CodeGenerationStale, "%s was replaced", h.Worker)
	}
	return &bench.HeartbeatAck{NowNS: 42, Epoch: 1}, nil
}

func (f *fleet) Report(_ context.Context, r bench.Report) (*bench.ReportAck, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.runs[r.Run]; !ok {
		return nil, bench.Errorf(bench.CodeRunNotFound, "no run of that name on this server")
	}
	newest := max(f.reports[r.Run+r.Worker], r.Seq)
	f.reports[r.Run+r.Worker] = newest
	return &bench.ReportAck{Received: newest}, nil
}

func (f *fleet) eventsOf(run string, after int64) ([]bench.Event, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.events[run]
	return slices.Clone(all[min(int(after), len(all)):]), f.changed
}

// A control is the plane's Events beside the history's.
type control struct{ *fleet }

func (c control) Events(ctx context.Context, run, _ string, _, after int64) ([]bench.Event, error) {
	for {
		events, changed := c.eventsOf(run, after)
		if len(events) > 0 {
			return events, nil
		}
		if c.waits != nil {
			close(c.waits)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *fleet) Runs(_ context.Context, limit int, before string) ([]bench.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var runs []bench.Run
	for id, run := range f.runs {
		if before == "" || id < before {
			runs = append(runs, *run)
		}
	}
	slices.SortFunc(runs, func(a, b bench.Run) int { return strings.Compare(b.ID, a.ID) })
	return runs[:min(limit, len(runs))], f.broken
}

func (f *fleet) Run(_ context.Context, id string) (*bench.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	run, ok := f.runs[id]
	if f.broken != nil {
		return nil, f.broken
	}
	if !ok {
		return nil, fmt.Errorf("run %s: %w", id, engine.ErrNoRun)
	}
	return run, nil
}

func (f *fleet) Events(_ context.Context, id string, after int64) ([]bench.Event, error) {
	events, _ := f.eventsOf(id, after)
	return events, nil
}

func (f *fleet) Seconds(_ context.Context, id string, from, to int64) ([]bench.Second, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seconds []bench.Second
	for _, s := range f.seconds[id] {
		if from <= s.Second && s.Second < to {
			s.Rows = slices.Clone(s.Rows)
			seconds = append(seconds, s)
		}
	}
	return seconds, nil
}

func (f *fleet) Result(_ context.Context, id string) (*bench.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.results[id]; ok {
		return r, nil
	}
	return nil, engine.ErrNoResult
}

func (f *fleet) Workers(context.Context, string) ([]bench.Worker, error) {
	return []bench.Worker{{Slot: 0}}, nil
}
func (f *fleet) Logs(context.Context, string) ([]bench.LogLine, error) { return nil, nil }
func (f *fleet) Facts(context.Context, string) ([]bench.Fact, error) {
	return []bench.Fact{{Name: "version"}}, nil
}
func (f *fleet) Executions(_ context.Context, _ string, limit int) ([]bench.Execution, error) {
	return make([]bench.Execution, min(limit, 300)), nil
}

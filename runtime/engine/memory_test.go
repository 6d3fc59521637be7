package engine_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// memory is a store that works, for tests in which no disk may take part.
type memory struct {
	mu        sync.Mutex
	runs      map[string]*bench.Run
	events    map[string][]bench.Event
	snapshots []bench.Snapshot
	seconds   map[int64]bench.Second
	results   []bench.Result
	workers   map[string]bench.Worker
	broken    error // if not nil, every write fails with it
}

func newMemory() *memory {
	return &memory{runs: map[string]*bench.Run{}, events: map[string][]bench.Event{}, seconds: map[int64]bench.Second{}, workers: map[string]bench.Worker{}}
}

func (m *memory) Create(_ context.Context, run *bench.Run, first bench.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	m.runs[run.ID] = new(*run)
	m.events[run.ID] = []bench.Event{first}
	return nil
}

func (m *memory) Transition(_ context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, bench.Event{}, m.broken
	}
	run := m.runs[t.Run]
	if run == nil {
		return nil, bench.Event{}, engine.ErrNoRun
	}
	if run.State != t.From || run.Epoch != t.Epoch || !bench.Allowed(t.From, t.To) {
		return nil, bench.Event{}, &bench.Conflict{Run: t.Run, Want: t.From, Got: run.State, WantEpoch: t.Epoch, GotEpoch: run.Epoch}
	}
	run.State = t.To
	if t.Timeline != nil {
		run.StartTime = &t.Timeline.T0
	}
	if t.StopReason != "" {
		run.StopReason, run.StopDetail = t.StopReason, t.StopDetail
	}
	if t.Ended {
		run.EndTime, run.Verdict, run.Validity = &t.At, t.Verdict, t.Validity
	}
	return new(*run), m.add(t.Event), nil
}

func (m *memory) add(e bench.Event) bench.Event {
	e.Sequence = int64(len(m.events[e.Run])) + 1
	m.events[e.Run] = append(m.events[e.Run], e)
	return e
}

func (m *memory) Append(_ context.Context, e bench.Event) (bench.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return bench.Event{}, m.broken
	}
	if r := m.runs[e.Run]; r.Epoch != e.Epoch {
		return bench.Event{}, &bench.Conflict{Run: e.Run, Want: r.State, Got: r.State, WantEpoch: e.Epoch, GotEpoch: r.Epoch}
	}
	return m.add(e), nil
}

func (m *memory) Takeover(_ context.Context, run, owner string) (*bench.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.runs[run]
	r.Epoch++
	r.Owner = owner
	return new(*r), nil
}

func (m *memory) Desire(_ context.Context, run string, d bench.Desired) (bench.Desired, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[run]; d.Exceeds(r.Desired) {
		r.Desired = d
	}
	return m.runs[run].Desired, nil
}

func (m *memory) Write(_ context.Context, b *bench.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	m.snapshots = append(m.snapshots, b.Snapshots...)
	for _, s := range b.Seconds {
		m.seconds[s.Second] = s
	}
	for _, w := range b.Workers {
		m.workers[w.Worker] = w
	}
	m.results = append(m.results, b.Results...)
	return nil
}

func (m *memory) breakDown(err error) {
	m.mu.Lock()
	m.broken = err
	m.mu.Unlock()
}

func (m *memory) phases(run string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, e := range m.events[run] {
		if e.Type == bench.EventPhase || e.Type == bench.EventEnd {
			all = append(all, string(e.Data))
		}
	}
	return slices.Clip(all)
}

// What follows makes memory a History, for a server that comes back.

func (m *memory) Runs(context.Context, int, string) ([]bench.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var runs []bench.Run
	for _, r := range m.runs {
		runs = append(runs, *r)
	}
	return runs, nil
}

func (m *memory) Run(_ context.Context, id string) (*bench.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id]; r != nil {
		return new(*r), nil
	}
	return nil, engine.ErrNoRun
}

func (m *memory) Events(_ context.Context, id string, after int64) ([]bench.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events[id][after:]), nil
}

func (m *memory) Seconds(context.Context, string, int64, int64) ([]bench.Second, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Collect(maps.Values(m.seconds))
	slices.SortFunc(all, func(a, b bench.Second) int { return cmp.Compare(a.Second, b.Second) })
	return all, nil
}

func (m *memory) Workers(context.Context, string) ([]bench.Worker, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.workers)), nil
}

func (m *memory) Reports(_ context.Context, _ string, each func(*bench.Report) error) error {
	m.mu.Lock()
	all := slices.Clone(m.snapshots)
	m.mu.Unlock()
	for i := range all {
		if err := each(&all[i].Report); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Logs(context.Context, string) ([]bench.LogLine, error)              { return nil, nil }
func (m *memory) Facts(context.Context, string) ([]bench.Fact, error)                { return nil, nil }
func (m *memory) Executions(context.Context, string, int) ([]bench.Execution, error) { return nil, nil }
func (m *memory) Result(context.Context, string) (*bench.Result, error) {
	return nil, engine.ErrNoResult
}

func (m *memory) Samples(context.Context, string) ([]bench.TargetSample, error) { return nil, nil }
func (m *memory) Enrichment(context.Context, string) (*bench.Enrichment, error) {
	return nil, engine.ErrNoEnrichment
}

// Package memory is a journal without a disk, for tests in which no disk may take part: it works in a testing/synctest
// bubble, where time is fake and nothing may wait for the kernel. It passes the contract suite of package journaltest, as
// the journal on SQLite does, and refuses what that refuses. What it is given and what it hands out are copies.
package memory

import (
	"context"
	"sync"
	"time"

	"bench/runtime/bench"
)

// A Journal keeps runs in memory. Its methods may be used by several goroutines at once; none of them waits.
type Journal struct {
	mu   sync.Mutex
	runs map[string]*record
}

// A record is all that is kept of one run.
type record struct {
	run       bench.Run
	events    []bench.Event
	workers   map[string]bench.Worker
	snapshots map[report]bench.Snapshot
	seconds   map[int64]bench.Second
	result    *bench.Result
	logs      []bench.LogLine
	said      map[bench.LogLine]bool // what is in logs
	facts     map[fact]bench.Fact
	samples   map[time.Time]bench.TargetSample
	timings   map[string]bench.ServerTiming // by query id

	enrichment *bench.Enrichment
}

// A report identifies a report within its run.
type report struct {
	worker          string
	generation, seq int64
}

// A fact identifies a fact within its run.
type fact struct{ source, name string }

// New makes an empty journal.
func New() *Journal { return &Journal{runs: map[string]*record{}} }

// Create stores a new run and its first event, with sequence 1. An id that is taken is an error with code
// [bench.CodeConflict].
func (j *Journal) Create(_ context.Context, run *bench.Run, first bench.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.runs[run.ID] != nil {
		return bench.Errorf(bench.CodeConflict, "there is a run %s already", run.ID)
	}
	x := &record{
		run: clone(*run), workers: map[string]bench.Worker{}, snapshots: map[report]bench.Snapshot{},
		seconds: map[int64]bench.Second{}, said: map[bench.LogLine]bool{}, facts: map[fact]bench.Fact{},
		samples: map[time.Time]bench.TargetSample{}, timings: map[string]bench.ServerTiming{},
	}
	x.run.NextSequence = 1
	first.Run = run.ID
	if first.CreatedAt.IsZero() {
		first.CreatedAt = now()
	}
	x.add(first)
	j.runs[run.ID] = x
	return nil
}

// Transition makes one change of state and returns the run after it and the event with its sequence. It is a
// [*bench.Conflict] when the run is in another state or epoch than the transition expects, and an error with code
// [bench.CodeInternal] when the table of transitions does not allow it.
func (j *Journal) Transition(_ context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	if !bench.Allowed(t.From, t.To) {
		return nil, bench.Event{}, bench.Errorf(bench.CodeInternal, "run %s cannot go from %v to %v", t.Run, t.From, t.To)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(t.Run)
	if err != nil {
		return nil, bench.Event{}, err
	}
	run := &x.run
	if run.State != t.From || run.Epoch != t.Epoch {
		return nil, bench.Event{}, &bench.Conflict{Run: t.Run, Want: t.From, Got: run.State, WantEpoch: t.Epoch, GotEpoch: run.Epoch}
	}
	run.State = t.To
	if line := t.Timeline; line != nil {
		at := func(us int64) *time.Time { return new(line.T0.Add(time.Duration(us) * time.Microsecond)) }
		run.StartTime, run.WarmupEnd = at(0), at(line.WarmupUS)
		if line.EndUS != 0 {
			run.MeasurementEnd = at(line.EndUS)
		}
	}
	if t.Ended {
		run.EndTime = new(t.At)
	}
	keep(&run.StopReason, t.StopReason)
	keep(&run.StopDetail, t.StopDetail)
	keep(&run.Verdict, t.Verdict)
	keep(&run.Validity, t.Validity)
	event := t.Event
	event.Run, event.Epoch, event.CreatedAt = t.Run, t.Epoch, now()
	if event.EffectiveAt.IsZero() {
		event.EffectiveAt = t.At
	}
	event = x.add(event)
	return new(clone(*run)), event, nil
}

// keep sets a field to a value, unless there is none.
func keep[T ~string](field *T, value T) {
	if value != "" {
		*field = value
	}
}

// Append stores an event that changes no state and gives it the next sequence. It is a [*bench.Conflict] when the epoch is
// not the run's any more.
func (j *Journal) Append(_ context.Context, event bench.Event) (bench.Event, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(event.Run)
	if err != nil {
		return bench.Event{}, err
	}
	if run := &x.run; run.Epoch != event.Epoch {
		return bench.Event{}, &bench.Conflict{Run: run.ID, Want: run.State, Got: run.State, WantEpoch: event.Epoch, GotEpoch: run.Epoch}
	}
	event.CreatedAt = now()
	return x.add(event), nil
}

// add gives an event the next sequence.
func (x *record) add(event bench.Event) bench.Event {
	event.Sequence = x.run.NextSequence
	x.run.NextSequence++
	x.run.AsOf = now()
	x.events = append(x.events, clone(event))
	return event
}

// Takeover makes owner the owner of a run, in the next epoch, and returns the run after it.
func (j *Journal) Takeover(_ context.Context, id, owner string) (*bench.Run, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(id)
	if err != nil {
		return nil, err
	}
	x.run.Epoch++
	x.run.Owner, x.run.AsOf = owner, now()
	return new(clone(x.run)), nil
}

// Desire raises what is wanted of a run and returns what is wanted now.
func (j *Journal) Desire(_ context.Context, id string, desired bench.Desired) (bench.Desired, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(id)
	if err != nil {
		return "", err
	}
	if desired.Exceeds(x.run.Desired) {
		x.run.Desired, x.run.AsOf = desired, now()
	}
	return x.run.Desired, nil
}

// of is the record of a run. The caller holds mu.
func (j *Journal) of(id string) (*record, error) {
	if x := j.runs[id]; x != nil {
		return x, nil
	}
	return nil, bench.Errorf(bench.CodeRunNotFound, "there is no run %s", id)
}

// now is the time as journals keep it: to the microsecond.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

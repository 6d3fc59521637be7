package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"bench/runtime/bench"
)

// Runs lists at most limit runs, newest first, without their plans: those whose ids sort below before, or all when it is
// empty. A limit of 0 is no limit.
func (j *Journal) Runs(_ context.Context, limit int, before string) ([]bench.Run, error) {
	var runs []bench.Run
	for _, run := range j.all() {
		if run.Plan = nil; before == "" || run.ID < before {
			runs = append(runs, run)
		}
	}
	slices.Reverse(runs)
	if limit > 0 && len(runs) > limit {
		runs = runs[:limit]
	}
	return runs, nil
}

// Unfinished lists the runs that are not terminal, oldest first and with their plans.
func (j *Journal) Unfinished(context.Context) ([]bench.Run, error) {
	return slices.DeleteFunc(j.all(), func(r bench.Run) bool {
		return r.Status.Terminal() && (r.Status != bench.StatusCompleted || r.Phase == bench.PhaseCompleted)
	}), nil
}

// all is every run, oldest first.
func (j *Journal) all() []bench.Run {
	j.mu.Lock()
	defer j.mu.Unlock()
	var runs []bench.Run
	for _, id := range slices.Sorted(maps.Keys(j.runs)) {
		runs = append(runs, clone(j.runs[id].run))
	}
	return runs
}

// Run reads one run with its plan.
func (j *Journal) Run(_ context.Context, id string) (*bench.Run, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(id)
	if err != nil {
		return nil, err
	}
	return new(clone(x.run)), nil
}

// Events lists the control events of a run with a sequence above after, in order.
func (j *Journal) Events(_ context.Context, id string, after int64) ([]bench.Event, error) {
	return list(j, id, func(x *record) []bench.Event { return x.events[min(max(after, 0), int64(len(x.events))):] }), nil
}

// Seconds lists the seconds of a run with from <= Second < to, in order.
func (j *Journal) Seconds(_ context.Context, id string, from, to int64) ([]bench.Second, error) {
	return list(j, id, func(x *record) []bench.Second {
		all := slices.SortedFunc(maps.Values(x.seconds), func(a, b bench.Second) int { return cmp.Compare(a.Second, b.Second) })
		return slices.DeleteFunc(all, func(s bench.Second) bool { return s.Second < from || s.Second >= to })
	}), nil
}

// Workers lists the workers of a run by slot.
func (j *Journal) Workers(_ context.Context, id string) ([]bench.Worker, error) {
	return list(j, id, func(x *record) []bench.Worker {
		return slices.SortedFunc(maps.Values(x.workers), func(a, b bench.Worker) int {
			return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Worker, b.Worker))
		})
	}), nil
}

// Snapshots lists the reports of a run as they were stored, a worker's in their order.
func (j *Journal) Snapshots(id string) []bench.Snapshot {
	return list(j, id, func(x *record) []bench.Snapshot {
		return slices.SortedFunc(maps.Values(x.snapshots), func(a, b bench.Snapshot) int {
			return cmp.Or(cmp.Compare(a.Worker, b.Worker), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Seq, b.Seq))
		})
	})
}

// Reports calls each for every report of a run, a worker's in their order, without Executions.
func (j *Journal) Reports(_ context.Context, id string, each func(*bench.Report) error) error {
	for _, s := range j.Snapshots(id) {
		s.Executions = nil
		if err := each(&s.Report); err != nil {
			return err
		}
	}
	return nil
}

// Logs lists the log lines of a run by time.
func (j *Journal) Logs(_ context.Context, id string) ([]bench.LogLine, error) {
	logs := list(j, id, func(x *record) []bench.LogLine { return x.logs })
	slices.SortStableFunc(logs, func(a, b bench.LogLine) int { return a.At.Compare(b.At) })
	return logs, nil
}

// Facts lists what is known about where a run ran, by source and name.
func (j *Journal) Facts(_ context.Context, id string) ([]bench.Fact, error) {
	return list(j, id, func(x *record) []bench.Fact {
		return slices.SortedFunc(maps.Values(x.facts), func(a, b bench.Fact) int {
			return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
		})
	}), nil
}

// Executions lists at most limit operations of a run: errors, then the slowest, then the sample, the longest of each first.
// A limit of 0 is no limit.
func (j *Journal) Executions(_ context.Context, id string, limit int) ([]bench.Execution, error) {
	var all []bench.Execution
	for _, s := range j.Snapshots(id) { // by worker and generation
		all = append(all, s.Executions...)
	}
	j.time(id, all)
	rank := map[string]int{"error": 0, "slow": 1, "sample": 2}
	slices.SortStableFunc(all, func(a, b bench.Execution) int {
		return cmp.Or(cmp.Compare(rank[a.Why], rank[b.Why]), cmp.Compare(b.DoneUS-b.IntendedUS, a.DoneUS-a.IntendedUS),
			cmp.Compare(a.Worker, b.Worker), cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Number, b.Number))
	})
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// Result reads the result of a run. It is an error with code [bench.CodeResultNotReady] while there is none, and one with
// code [bench.CodeRunNotFound] when there is no such run.
func (j *Journal) Result(_ context.Context, id string) (*bench.Result, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(id)
	if err != nil {
		return nil, err
	}
	if x.result == nil {
		return nil, bench.Errorf(bench.CodeResultNotReady, "run %s has no result yet", id)
	}
	return new(clone(*x.result)), nil
}

// time adds what the target said of single queries.
func (j *Journal) time(id string, all []bench.Execution) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range all { // of a run that there is
		if t, ok := j.runs[id].timings[all[i].QueryID]; ok {
			all[i].Server = &t
		}
	}
}

// Samples lists what the target of a run was at, by time.
func (j *Journal) Samples(_ context.Context, id string) ([]bench.TargetSample, error) {
	return list(j, id, func(x *record) []bench.TargetSample {
		return slices.SortedFunc(maps.Values(x.samples), func(a, b bench.TargetSample) int { return a.At.Compare(b.At) })
	}), nil
}

// Enrichment reads what the target said about a run. It is an error with code [bench.CodeEnrichmentNotReady] when it said
// nothing yet, and one with code [bench.CodeRunNotFound] when there is no such run.
func (j *Journal) Enrichment(_ context.Context, id string) (*bench.Enrichment, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	x, err := j.of(id)
	if err != nil {
		return nil, err
	}
	if x.enrichment == nil {
		return nil, bench.Errorf(bench.CodeEnrichmentNotReady, "the target of run %s was not asked for its side", id)
	}
	return new(clone(*x.enrichment)), nil
}

// list is a copy of what of gives; nothing when there is no such run.
func list[T any](j *Journal, id string, of func(*record) []T) []T {
	j.mu.Lock()
	defer j.mu.Unlock()
	if x := j.runs[id]; x != nil {
		return clone(of(x))
	}
	return nil
}

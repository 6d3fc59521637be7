package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bench/runtime/bench"
)

// Write stores a batch. Reports, logs, facts and samples that are stored already stay as they are; workers, seconds, results,
// totals and enrichments are replaced. A row of a run that does not exist, or of a workload that is not in the run's plan, fails the whole
// batch.
func (j *Journal) Write(_ context.Context, batch *bench.Batch) error {
	b := clone(*batch)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.check(&b); err != nil {
		return fmt.Errorf("store a batch: %w", err)
	}
	for _, w := range b.Workers {
		j.runs[w.Run].workers[w.Worker] = w
	}
	for _, s := range b.Snapshots {
		j.runs[s.Run].take(s)
	}
	for _, s := range b.Seconds {
		slices.SortStableFunc(s.Rows, func(a, b bench.SecondRow) int { return a.Workload - b.Workload })
		j.runs[s.Run].seconds[s.Second] = s
	}
	for i := range b.Results {
		j.runs[b.Results[i].Run].result = &b.Results[i]
	}
	for _, l := range b.Logs {
		l.At = l.At.UTC().Round(0)
		if x := j.runs[l.Run]; !x.said[l] {
			x.said[l] = true
			x.logs = append(x.logs, l)
		}
	}
	for _, f := range b.Environment {
		x, key := j.runs[f.Run], fact{f.Source, f.Name}
		if _, known := x.facts[key]; !known {
			x.facts[key] = f
		}
	}
	for _, t := range b.Totals {
		run := &j.runs[t.Run].run
		run.WorkersExpected, run.WorkersReady = t.WorkersExpected, t.WorkersReady
		run.WorkersActive, run.WorkersCompleted = t.WorkersActive, t.WorkersCompleted
		run.TotalOperations, run.TotalErrors = t.TotalOperations, t.TotalErrors
		run.AsOf = now()
	}
	for _, s := range b.Samples {
		s.At = s.At.UTC().Truncate(time.Microsecond)
		if x := j.runs[s.Run]; x.samples[s.At].Run == "" {
			x.samples[s.At] = s
		}
	}
	for i := range b.Enrichments {
		j.runs[b.Enrichments[i].Run].enrichment = &b.Enrichments[i]
	}
	for _, t := range b.Timings {
		if x := j.runs[t.Run]; x != nil {
			x.timings[t.QueryID] = t.ServerTiming
		}
	}
	return nil
}

// take stores a report, unless it was stored before.
func (x *record) take(s bench.Snapshot) {
	key := report{s.Worker, s.Generation, s.Seq}
	if _, known := x.snapshots[key]; !known {
		x.snapshots[key] = s
	}
}

// check refuses a batch of which a row cannot be stored. The caller holds mu.
func (j *Journal) check(b *bench.Batch) error {
	var failed error
	of := func(run string) *record {
		x, err := j.of(run)
		if failed == nil {
			failed = err
		}
		return x
	}
	workload := func(run string, index int) {
		if x := of(run); x != nil && failed == nil && (x.run.Plan == nil || index < 0 || index >= len(x.run.Plan.Workloads)) {
			failed = fmt.Errorf("the plan of run %s has no workload %d", run, index)
		}
	}
	for _, w := range b.Workers {
		of(w.Run)
	}
	for _, s := range b.Snapshots {
		of(s.Run)
		for _, d := range s.Deltas {
			workload(s.Run, d.Workload)
		}
		for _, e := range s.Executions {
			workload(s.Run, e.Workload)
		}
	}
	for _, s := range b.Seconds {
		of(s.Run)
		for _, r := range s.Rows {
			if r.Workload != together {
				workload(s.Run, r.Workload)
			}
		}
	}
	for _, r := range b.Results {
		if of(r.Run); failed == nil && (len(r.Workloads) == 0 || r.All().Workload != "") {
			failed = fmt.Errorf("result of run %s has no row for all workloads together at its end", r.Run)
		}
	}
	for _, l := range b.Logs {
		of(l.Run)
	}
	for _, f := range b.Environment {
		of(f.Run)
	}
	for _, t := range b.Totals {
		of(t.Run)
	}
	for _, s := range b.Samples {
		of(s.Run)
	}
	for _, e := range b.Enrichments {
		of(e.Run)
	}
	return failed
}

// together is the index of the row of a second that stands for all workloads.
const together = -1

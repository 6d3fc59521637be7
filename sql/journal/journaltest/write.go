package journaltest

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"bench/runtime/bench"
)

// A record is all that a history says about one run.
type record struct {
	Run        *bench.Run
	Events     []bench.Event
	Seconds    []bench.Second
	Workers    []bench.Worker
	Logs       []bench.LogLine
	Facts      []bench.Fact
	Executions []bench.Execution
	Result     *bench.Result
	Samples    []bench.TargetSample
	Enrichment *bench.Enrichment
}

func read(t *testing.T, s Store, run string) record {
	t.Helper()
	ctx := t.Context()
	return record{
		Run:        must(s.Run(ctx, run))(t),
		Events:     must(s.Events(ctx, run, 0))(t),
		Seconds:    must(s.Seconds(ctx, run, math.MinInt64, math.MaxInt64))(t),
		Workers:    must(s.Workers(ctx, run))(t),
		Logs:       must(s.Logs(ctx, run))(t),
		Facts:      must(s.Facts(ctx, run))(t),
		Executions: must(s.Executions(ctx, run, 0))(t),
		Result:     must(s.Result(ctx, run))(t),
		Samples:    must(s.Samples(ctx, run))(t),
		Enrichment: must(s.Enrichment(ctx, run))(t),
	}
}

// expected is what a history must say after one batch.
func expected(run *bench.Run, events []bench.Event, b *bench.Batch) record {
	counted := *run
	x := b.Totals[0]
	counted.WorkersExpected, counted.WorkersReady = x.WorkersExpected, x.WorkersReady
	counted.WorkersActive, counted.WorkersCompleted = x.WorkersActive, x.WorkersCompleted
	counted.TotalOperations, counted.TotalErrors = x.TotalOperations, x.TotalErrors
	r := record{&counted, events, b.Seconds, b.Workers, b.Logs, b.Environment, nil, &b.Results[0], b.Samples, &b.Enrichments[0]}
	for _, s := range b.Snapshots {
		r.Executions = append(r.Executions, s.Executions...)
	}
	for i := range r.Executions {
		for _, x := range b.Timings {
			if x.QueryID == r.Executions[i].QueryID {
				r.Executions[i].Server = new(x.ServerTiming)
			}
		}
	}
	slices.SortFunc(r.Executions, func(a, b bench.Execution) int {
		return cmp.Or(cmp.Compare(b.DoneUS-b.IntendedUS, a.DoneUS-a.IntendedUS), cmp.Compare(a.Worker, b.Worker), cmp.Compare(a.Number, b.Number))
	})
	return r
}

func write(t *testing.T, s Store, b *bench.Batch) {
	t.Helper()
	if err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func writeAndRead(t *testing.T, s Store) {
	run := created(t, s, "run-1")
	created(t, s, "run-2") // whose rows stay apart
	write(t, s, NewBatch("run-2", 5))
	b := NewBatch("run-1", 4)
	write(t, s, b)
	write(t, s, &bench.Batch{})
	same(t, "history", expected(run, must(s.Events(t.Context(), "run-1", 0))(t), b), read(t, s, "run-1"))

	seconds := must(s.Seconds(t.Context(), "run-1", 1, 2))(t)
	same(t, "seconds from 1 to 2", b.Seconds[1:2], seconds)
}

func writeTwice(t *testing.T, s Store) {
	created(t, s, "run-1")
	b := NewBatch("run-1", 4)
	write(t, s, b)
	want := read(t, s, "run-1")
	write(t, s, b)
	same(t, "history after the same batch again", want, read(t, s, "run-1"))
}

// newestWins: what may be corrected is, what a worker has reported never changes.
func newestWins(t *testing.T, s Store) {
	run := created(t, s, "run-1")
	first, second := NewBatch("run-1", 4), NewBatch("run-1", 5)
	second.Seconds[0].Rows = second.Seconds[0].Rows[1:] // a correction may have fewer rows
	second.Results[0].Workloads = second.Results[0].Workloads[1:]
	write(t, s, first)
	write(t, s, second)

	want := expected(run, must(s.Events(t.Context(), "run-1", 0))(t), second)
	old := expected(run, nil, first)
	want.Executions, want.Facts = old.Executions, old.Facts
	want.Logs = append(slices.Clone(first.Logs), second.Logs...)
	want.Samples = append(slices.Clone(first.Samples), second.Samples...)
	same(t, "history", want, read(t, s, "run-1"))
}

// batchIsAtomic: a batch of which one row cannot be stored leaves nothing behind.
func batchIsAtomic(t *testing.T, s Store) {
	created(t, s, "run-1")
	write(t, s, NewBatch("run-1", 4))
	want := read(t, s, "run-1")
	for what, spoil := range map[string]func(*bench.Batch){
		"sample of nobody":     func(b *bench.Batch) { b.Samples[0].Run = "nobody" },
		"enrichment of nobody": func(b *bench.Batch) { b.Enrichments[0].Run = "nobody" },
		"totals of nobody":     func(b *bench.Batch) { b.Totals[0].Run = "nobody" },
		"fact of nobody":       func(b *bench.Batch) { b.Environment[0].Run = "nobody" },
		"log of nobody":        func(b *bench.Batch) { b.Logs[0].Run = "nobody" },
		"second of nobody":     func(b *bench.Batch) { b.Seconds[0].Run = "nobody" },
		"unknown workload":     func(b *bench.Batch) { b.Seconds[0].Rows[0].Workload = len(workloads) },
		"result without sums":  func(b *bench.Batch) { b.Results[0].Workloads = nil },
	} {
		b := NewBatch("run-1", 5)
		spoil(b)
		if err := s.Write(t.Context(), b); err == nil {
			t.Errorf("%s was stored", what)
		}
		same(t, "history after "+what, want, read(t, s, "run-1"))
	}
}

// reportsInOrder: whatever the order in which reports were stored, each worker's come back in theirs, whole but for their
// Executions, which no server needs again.
func reportsInOrder(t *testing.T, s Store) {
	created(t, s, "run-1")
	created(t, s, "run-2")
	write(t, s, NewBatch("run-2", 9))
	var want []bench.Report
	for _, key := range []struct {
		worker          string
		generation, seq int64
	}{{"worker-0", 1, 1}, {"worker-0", 1, 2}, {"worker-0", 2, 1}, {"worker-1", 1, 1}, {"worker-1", 1, 9}, {"worker-1", 1, 10}} {
		report := NewBatch("run-1", 4).Snapshots[0].Report
		report.Worker, report.Generation, report.Seq = key.worker, key.generation, key.seq
		report.Executions = nil
		want = append(want, report)
	}
	for _, i := range []int{3, 0, 5, 2, 4, 1} {
		write(t, s, &bench.Batch{Snapshots: []bench.Snapshot{{Report: want[i]}}})
	}
	var got []bench.Report
	if err := s.Reports(t.Context(), "run-1", func(r *bench.Report) error { got = append(got, *r); return nil }); err != nil {
		t.Fatal(err)
	}
	same(t, "reports", want, got)
}

// reportsStop: whoever cannot read a report is asked for no more of them.
func reportsStop(t *testing.T, s Store) {
	created(t, s, "run-1")
	write(t, s, NewBatch("run-1", 4))
	calls, full := 0, errors.New("full")
	err := s.Reports(t.Context(), "run-1", func(*bench.Report) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%d calls and error %v, want 1 call and its error", calls, err)
	}
}

func executionsInOrder(t *testing.T, s Store) {
	created(t, s, "run-1")
	b := NewBatch("run-1", 4)
	b.Snapshots = b.Snapshots[:1]
	b.Snapshots[0].Executions = []bench.Execution{
		{Worker: "worker-0", Number: 0, Why: "sample", Outcome: "done", DoneUS: 9000},
		{Worker: "worker-0", Number: 1, Why: "slow", Outcome: "done", DoneUS: 5000},
		{Worker: "worker-0", Number: 2, Why: "error", Outcome: "failed", Class: bench.ErrorConnection, DoneUS: 10},
		{Worker: "worker-0", Number: 3, Why: "slow", Outcome: "censored", DoneUS: 6000},
		{Worker: "worker-0", Number: 4, Why: "error", Outcome: "failed", Class: bench.ErrorTimeout, DoneUS: 20},
	}
	write(t, s, b)
	for limit, want := range map[int][]int64{0: {4, 2, 3, 1, 0}, 3: {4, 2, 3}} {
		var got []int64
		for _, e := range must(s.Executions(t.Context(), "run-1", limit))(t) {
			got = append(got, e.Number)
		}
		if !slices.Equal(got, want) {
			t.Errorf("with limit %d: operations %v, want %v", limit, got, want)
		}
	}
}

func noResultYet(t *testing.T, s Store) {
	created(t, s, "run-1")
	if _, err := s.Result(t.Context(), "run-1"); bench.CodeOf(err) != bench.CodeResultNotReady {
		t.Errorf("got error %v, want one with code %s", err, bench.CodeResultNotReady)
	}
}

func noEnrichmentYet(t *testing.T, s Store) {
	created(t, s, "run-1")
	if _, err := s.Enrichment(t.Context(), "run-1"); bench.CodeOf(err) != bench.CodeEnrichmentNotReady {
		t.Errorf("got error %v, want one with code %s", err, bench.CodeEnrichmentNotReady)
	}
}

// enrichmentThatSaysNothing: that the target was not asked, and why, is kept as well; what it said before is gone.
func enrichmentThatSaysNothing(t *testing.T, s Store) {
	created(t, s, "run-1")
	write(t, s, NewBatch("run-1", 4))
	want := bench.Enrichment{Run: "run-1", Status: bench.EnrichmentSkipped, Reason: bench.EnrichmentCredentialsGone, Detail: "nobody knows", Pass: 1}
	write(t, s, &bench.Batch{Enrichments: []bench.Enrichment{want}})
	same(t, "enrichment", &want, must(s.Enrichment(t.Context(), "run-1"))(t))
}

// emptySamples: that no session was found is a sample, too.
func emptySamples(t *testing.T, s Store) {
	created(t, s, "run-1")
	at := time.Date(2026, 5, 6, 7, 8, 9, 123456000, time.UTC)
	want := []bench.TargetSample{
		{Run: "run-1", At: at, Phase: bench.PhaseMeasurement, ElapsedUS: 1_234_567},
		{Run: "run-1", At: at.Add(time.Second), Phase: bench.PhaseMeasurement, Waits: []bench.Wait{{State: "active", Sessions: 2}, {State: "active", Type: "Lock", Event: "tuple", Sessions: 1}}},
	}
	write(t, s, &bench.Batch{Samples: want})
	write(t, s, &bench.Batch{Samples: want})
	same(t, "samples", want, must(s.Samples(t.Context(), "run-1"))(t))
}

package journal_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

// TestTables looks at what no method reads back: rows as somebody with an SQL shell finds them.
func TestTables(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	if err := j.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		t.Fatal(err)
	}
	t0 := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ledger := bench.Ledger{Planned: 20, Done: 10, Failed: [bench.ErrorClasses]int64{1, 2, 0, 0, 0, 3}, Skipped: 1}
	err := j.Write(t.Context(), &bench.Batch{
		Workers: []bench.Worker{{Heartbeat: bench.Heartbeat{Run: "run-1", Worker: "worker-0", Status: bench.WorkerStarting}}},
		Snapshots: []bench.Snapshot{{
			ReceivedAt: t0, Timestamp: t0, P50US: 50, P95US: 95, P99US: 99, MaxUS: 100, Excluded: "worker is DEAD",
			Report: bench.Report{
				Run: "run-1", Worker: "worker-0", Generation: 2, Seq: 3, Phase: bench.PhaseMeasurement, FromUS: 1e6, ToUS: 1.5e6, OldestUS: 1500,
				Deltas: []bench.Delta{
					{Workload: 0, OpPhase: bench.PhaseWarmup, Ledger: bench.Ledger{Done: 5}},
					{Workload: 0, OpPhase: bench.PhaseMeasurement, Ledger: ledger, Response: []byte{1, 2}},
					{Workload: 1, OpPhase: bench.PhaseMeasurement, Ledger: ledger, Retries: 4, Rows: 5},
				},
			},
		}},
		Seconds: []bench.Second{
			{Run: "run-1", Second: 0, Phase: bench.PhaseMeasurement, At: t0, Workers: 1, Expected: 2, Rows: []bench.SecondRow{
				{Workload: 0, Ledger: ledger, Rows: 1, P50US: 7}, {Workload: 1, Ledger: ledger, Rows: 2, P50US: 8}}},
			{Run: "run-1", Second: 1, Phase: bench.PhaseMeasurement, At: t0, Rows: []bench.SecondRow{
				{Workload: -1, Ledger: ledger, P50US: 9}, {Workload: 0, Ledger: ledger, P50US: 9}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}

	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, tt := range []struct {
		query string
		want  [][]any
	}{
		{"SELECT STATUS, PHASE, LAST_HEARTBEAT FROM WORKER_HEARTBEATS", [][]any{{"STARTING", "PREPARING", nil}}},
		{"SELECT QPS, TOTAL_OPERATIONS, TOTAL_ERRORS, STARTED, OLDEST_IN_FLIGHT_MS FROM WORKER_METRICS_SNAPSHOTS",
			[][]any{{50.0, int64(39), int64(14), int64(40), 1.5}}},
		{"SELECT P50_US, P95_US, P99_US, MAX_US, EXCLUDED_REASON, FINAL FROM WORKER_METRICS_SNAPSHOTS",
			[][]any{{int64(50), int64(95), int64(99), int64(100), "worker is DEAD", int64(0)}}},
		{"SELECT WORKLOAD, OP_PHASE, DONE, FAILED_TIMEOUT, FAILED_SERIALIZATION, FAILED_OTHER, RESPONSE_HISTOGRAM FROM WORKLOAD_SNAPSHOTS ORDER BY WORKLOAD, OP_PHASE",
			[][]any{
				{"lookup", "MEASUREMENT", int64(10), int64(1), int64(2), int64(3), []byte{1, 2}},
				{"lookup", "WARMUP", int64(5), int64(0), int64(0), int64(0), nil},
				{"transfer", "MEASUREMENT", int64(10), int64(1), int64(2), int64(3), nil},
			}},
		{"SELECT SECOND, WORKLOAD, DONE, ROW_COUNT, P50_US, WORKERS_EXPECTED FROM RUN_SECONDS ORDER BY SECOND, WORKLOAD", [][]any{
			{int64(0), "", int64(20), int64(3), nil, int64(2)}, // the sum of the two, whose percentiles cannot be added
			{int64(0), "lookup", int64(10), int64(1), int64(7), nil},
			{int64(0), "transfer", int64(10), int64(2), int64(8), nil},
			{int64(1), "", int64(10), int64(0), int64(9), int64(0)},
			{int64(1), "lookup", int64(10), int64(0), int64(9), nil},
		}},
	} {
		if diff := cmp.Diff(tt.want, table(t, db, tt.query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, diff)
		}
	}

	seconds, err := j.Seconds(t.Context(), "run-1", 0, 2)
	if err != nil || len(seconds) != 2 || len(seconds[0].Rows) != 2 || len(seconds[1].Rows) != 2 || seconds[1].Rows[0].Workload != -1 {
		t.Errorf("seconds %v, %v, want the row of all together only where it was given", seconds, err)
	}
}

// TestCancelledWrite: a write whose context has ended says so and stores nothing; the next one works.
func TestCancelledWrite(t *testing.T) {
	j := open(t, newPath(t))
	if err := j.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Write(ctx, journaltest.NewBatch("run-1", 4)); err == nil {
		t.Error("a cancelled write succeeded")
	}
	if seconds, err := j.Seconds(t.Context(), "run-1", 0, 100); err != nil || len(seconds) != 0 {
		t.Errorf("the cancelled write left %v, %v", seconds, err)
	}
	if err := j.Write(t.Context(), journaltest.NewBatch("run-1", 4)); err != nil {
		t.Error(err)
	}
}

// BenchmarkWrite stores a second of 64 workers with 5 workloads each, durably.
func BenchmarkWrite(b *testing.B) {
	const workers, workloads = 64, 5
	j := open(b, newPath(b))
	run := journaltest.NewRun("run-1")
	run.Plan.Workloads = nil
	for i := range workloads {
		run.Plan.Workloads = append(run.Plan.Workloads, bench.Workload{Name: fmt.Sprintf("workload-%d", i)})
	}
	if err := j.Create(b.Context(), run, bench.Event{}); err != nil {
		b.Fatal(err)
	}
	histogram := bytes.Repeat([]byte{7}, 600)
	for n := int64(1); b.Loop(); n++ {
		b.StopTimer()
		batch := second(n, workers, workloads, histogram)
		b.StartTimer()
		if err := j.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// second is what a fleet reports about one second of a run.
func second(seq int64, workers, workloads int, histogram []byte) *bench.Batch {
	now := time.Now()
	ledger := bench.Ledger{Planned: 1000, Done: 990, Failed: [bench.ErrorClasses]int64{1: 10}}
	batch := &bench.Batch{Totals: []bench.Totals{{Run: "run-1"}}}
	whole := bench.Second{Run: "run-1", Second: seq, Phase: bench.PhaseMeasurement, At: now}
	for w := range workloads {
		whole.Rows = append(whole.Rows, bench.SecondRow{Workload: w, Ledger: ledger, Response: histogram, Service: histogram})
	}
	batch.Seconds = []bench.Second{whole}
	for i := range workers {
		name := fmt.Sprintf("worker-%d", i)
		batch.Workers = append(batch.Workers, bench.Worker{LastHeartbeat: now, Heartbeat: bench.Heartbeat{Run: "run-1", Worker: name, Phase: bench.PhaseMeasurement}})
		s := bench.Snapshot{ReceivedAt: now, Timestamp: now, Report: bench.Report{Run: "run-1", Worker: name, Seq: seq, Phase: bench.PhaseMeasurement, ToUS: 1e6}}
		for w := range workloads {
			s.Deltas = append(s.Deltas, bench.Delta{Workload: w, OpPhase: bench.PhaseMeasurement, Ledger: ledger, Response: histogram, Service: histogram})
		}
		batch.Snapshots = append(batch.Snapshots, s)
	}
	return batch
}

// BenchmarkOpen opens a journal that exists: what every command pays.
func BenchmarkOpen(b *testing.B) {
	path := newPath(b)
	for b.Loop() {
		j, err := journal.Open(b.Context(), path, journal.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	j := open(b, newPath(b))
	if err := j.Create(b.Context(), journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := j.Append(b.Context(), bench.Event{Run: "run-1", Epoch: 7}); err != nil {
			b.Fatal(err)
		}
	}
}

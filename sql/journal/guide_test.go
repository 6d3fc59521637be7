package journal_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/journal/journaltest"
	"bench/sql/queries"
)

// TestGuide asks the guide's questions about a run of which two workers have reported PREPARING, WARMUP and MEASUREMENT.
func TestGuide(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	ctx := t.Context()
	if err := j.Create(ctx, journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		t.Fatal(err)
	}
	t0 := time.Now().UTC().Add(-90 * time.Second).Truncate(time.Second)
	_, _, err := j.Transition(ctx, bench.Transition{
		Run: "run-1", Epoch: 7, At: t0, Timeline: &bench.Timeline{T0: t0, WarmupUS: 30e6, EndUS: 90e6},
		From: bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing}, To: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseWarmup},
	})
	if err != nil {
		t.Fatal(err)
	}
	var batch bench.Batch
	for _, worker := range []string{"worker-0", "worker-1"} {
		batch.Workers = append(batch.Workers, bench.Worker{LastHeartbeat: t0,
			Heartbeat: bench.Heartbeat{Run: "run-1", Worker: worker, Status: bench.WorkerRunning, Phase: bench.PhaseWarmup, ErrorCount: 3}})
		for i, r := range []struct {
			phase    bench.Phase
			from, to int64
			done     int64
		}{
			{bench.PhasePreparing, 0, 0, 0},
			{bench.PhaseWarmup, 0, 1e6, 100},
			{bench.PhaseWarmup, 1e6, 1.5e6, 100},
			{bench.PhaseMeasurement, 30e6, 31e6, 400},
		} {
			batch.Snapshots = append(batch.Snapshots, bench.Snapshot{
				Timestamp: t0.Add(time.Duration(r.to) * time.Microsecond), ReceivedAt: t0,
				Report: bench.Report{Run: "run-1", Worker: worker, Generation: 1, Seq: int64(i) + 1, Phase: r.phase, FromUS: r.from, ToUS: r.to,
					Deltas: []bench.Delta{{OpPhase: r.phase, Ledger: bench.Ledger{Planned: r.done + 1, Done: r.done, Censored: 1}}}},
			})
		}
	}
	if err := j.Write(ctx, &batch); err != nil {
		t.Fatal(err)
	}

	set, err := queries.Load(dialect.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := func(seconds float64) string {
		return t0.Add(time.Duration(seconds * float64(time.Second))).Format(dialect.TimeLayout)
	}
	for _, tt := range []struct {
		name, byHand string
		want         [][]any
	}{
		{"GuidePhases", journaltest.GuidePhases, [][]any{
			{"PREPARING", int64(2), 0.0, at(0), at(0)},
			{"WARMUP", int64(4), 150.0, at(1), at(1.5)},
			{"MEASUREMENT", int64(2), 400.0, at(31), at(31)},
		}},
		{"GuideWorkers", journaltest.GuideWorkers, [][]any{
			{"worker-0", "RUNNING", at(0), int64(3)},
			{"worker-1", "RUNNING", at(0), int64(3)},
		}},
	} {
		if diff := cmp.Diff(tt.want, table(t, db, set[tt.name], "run-1")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.want, table(t, db, strings.ReplaceAll(tt.byHand, "<run_id>", "run-1"))); diff != "" {
			t.Errorf("%s as the guide has it (-want +got):\n%s", tt.name, diff)
		}
	}

	before := time.Since(t0)
	got := table(t, db, set["GuideElapsed"], "run-1")
	after := time.Since(t0)
	if len(got) != 1 {
		t.Fatalf("GuideElapsed: %v", got)
	}
	elapsed, ok := got[0][2].(int64)
	if !ok || elapsed < int64(before/time.Second) || elapsed > int64(after/time.Second)+1 {
		t.Errorf("elapsed %v, want between %v and %v", got[0][2], before, after)
	}
	if diff := cmp.Diff([]any{"RUNNING", "WARMUP", elapsed, journaltest.NewRun("run-1").WarmupSeconds}, got[0]); diff != "" {
		t.Errorf("GuideElapsed (-want +got):\n%s", diff)
	}
}

// table is all that a query gives.
func table(t *testing.T, db *sql.DB, query string, args ...any) [][]any {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]any
	for rows.Next() {
		row, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

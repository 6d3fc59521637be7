package journal_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

// A follower reads changes as a replica does: what it has is the newest row that it was given for each key.
type follower struct {
	t        *testing.T
	j        *journal.Journal
	position int64
	tables   map[string]int            // rows seen by table
	runs     map[string]map[string]any // columns of runs by id
}

func follow(t *testing.T, j *journal.Journal) *follower {
	return &follower{t: t, j: j, tables: map[string]int{}, runs: map[string]map[string]any{}}
}

// next reads a portion and says whether there was one.
func (f *follower) next(rows, bytes int64) bool {
	f.t.Helper()
	upto, err := f.j.Changes(f.t.Context(), f.position, rows, bytes, func(table string, columns []string, row []any) error {
		f.tables[table]++
		of := map[string]any{}
		for i, name := range columns {
			of[name] = row[i]
		}
		run, ok := of["RUN_ID"].(string)
		if table == "RUN_STATUS" {
			if old := f.runs[run]; old != nil && of["PLAN"] == nil {
				of["PLAN"] = old["PLAN"]
			}
			f.runs[run] = of
		}
		if !ok || f.runs[run] == nil {
			return fmt.Errorf("a row of %s came before its run %q", table, run)
		}
		if n, ok := of["CHANGE_NO"].(int64); !ok || n <= f.position && table != "RUN_STATUS" {
			return fmt.Errorf("a row of %s has change %d, and %d was read before", table, n, f.position)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	moved := upto > f.position
	f.position = upto
	return moved
}

// TestChangesInPortions: however small the portions, each row that is there comes, runs come first, and a run keeps the
// plan that came with its creation.
func TestChangesInPortions(t *testing.T) {
	j := open(t, newPath(t))
	for n := range 3 {
		id := fmt.Sprintf("run-%d", n)
		if err := j.Create(t.Context(), journaltest.NewRun(id), bench.Event{}); err != nil {
			t.Fatal(err)
		}
		for seed := range 3 {
			if err := j.Write(t.Context(), journaltest.NewBatch(id, seed)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := j.Desire(t.Context(), "run-0", bench.DesiredStop); err != nil {
		t.Fatal(err)
	}
	head, written, oldest, err := j.Backlog(t.Context(), 0)
	if err != nil || head != 13 || time.Since(oldest) > time.Minute {
		t.Fatalf("the backlog ends at change %d and begins at %v, %v", head, oldest, err)
	}
	var first map[string]int
	for _, bound := range []struct{ rows, bytes int64 }{{1, 1 << 30}, {1 << 30, 1}, {60, 1 << 30}, {1 << 30, 1 << 30}} {
		f := follow(t, j)
		portions := 0
		for f.next(bound.rows, bound.bytes) {
			portions++
		}
		if f.position != head {
			t.Errorf("reading ended at change %d, want %d", f.position, head)
		}
		if small := bound.rows == 1 || bound.bytes == 1; small && portions != 13 || bound.rows == 60 && portions < 3 ||
			bound.rows == bound.bytes && portions != 1 {
			t.Errorf("at most %d rows and %d bytes: %d portions", bound.rows, bound.bytes, portions)
		}
		for id, run := range f.runs {
			if run["PLAN"] == nil {
				t.Errorf("%s has lost its plan", id)
			}
		}
		delete(f.tables, "RUN_STATUS") // comes as often as portions end
		if first == nil {
			first = f.tables
		}
		if diff := cmp.Diff(first, f.tables); diff != "" {
			t.Errorf("other rows came in portions of %d rows (-first +got):\n%s", bound.rows, diff)
		}
		sum := int64(0)
		for n := range maps.Values(f.tables) {
			sum += int64(n)
		}
		if sum == 0 || sum > written {
			t.Errorf("%d rows came, %d were written", sum, written)
		}
	}
	want := []string{"DOCTOR_FINDINGS", "QUERY_EXECUTIONS", "RUN_CONTROL_EVENTS", "RUN_ENRICHMENT", "RUN_ENVIRONMENT", "RUN_LOGS", "RUN_RESULTS",
		"RUN_SECONDS", "WAIT_SAMPLES", "WAREHOUSE_POLL_SNAPSHOTS", "WORKER_HEARTBEATS", "WORKER_METRICS_SNAPSHOTS", "WORKLOAD_SNAPSHOTS"}
	if got := slices.Sorted(maps.Keys(first)); !slices.Equal(got, want) {
		t.Errorf("rows came of %v, want %v", got, want)
	}
}

// TestChangesWhileWriting: a follower misses nothing of what is written, and rewritten, while it reads.
func TestChangesWhileWriting(t *testing.T) {
	j := open(t, newPath(t))
	if err := j.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		t.Fatal(err)
	}
	const events = 60
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for n := range events {
			if _, err := j.Append(t.Context(), bench.Event{Run: "run-1", Epoch: 7}); err != nil {
				t.Error(err)
			}
			if n%10 == 0 {
				if err := j.Write(t.Context(), journaltest.NewBatch("run-1", n)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	f := follow(t, j)
	for f.tables["RUN_CONTROL_EVENTS"] < events+1 && !t.Failed() {
		f.next(50, 1<<30)
	}
	if n := f.runs["run-1"]["NEXT_SEQUENCE"]; n != int64(events+2) {
		t.Errorf("the run's next sequence is %v, want %d", n, events+2)
	}
}

// TestNothingChanged: what writes nothing is no change.
func TestNothingChanged(t *testing.T) {
	j := open(t, newPath(t))
	if err := j.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Desire(t.Context(), "run-1", bench.DesiredRun); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), bench.Event{Run: "run-1", Epoch: 1}); err == nil {
		t.Error("an event of an old epoch was stored")
	}
	if err := j.Write(t.Context(), &bench.Batch{}); err != nil {
		t.Fatal(err)
	}
	if head, rows, oldest, err := j.Backlog(t.Context(), 1); head != 1 || rows != 0 || !oldest.IsZero() || err != nil {
		t.Errorf("after change 1 there are %d rows up to change %d since %v, %v", rows, head, oldest, err)
	}
	wantError(t, "a change to come", func() error { _, _, _, err := j.Backlog(t.Context(), 2); return err }(),
		"the journal ends at change 1, and change 2 is asked for")
}

// TestID: a journal keeps its id, and another one has another.
func TestID(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		path := newPath(t)
		for range 2 {
			j, err := journal.Open(t.Context(), path, journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			id, err := j.ID(t.Context())
			if err != nil || len(id) != 32 {
				t.Errorf("the id is %q, %v", id, err)
			}
			seen[id] = true
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("two journals have the ids %v", seen)
	}
}

// TestNumbersForOldRows: a journal from before there were numbers gives out all its rows in small portions.
func TestNumbersForOldRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		id := fmt.Sprintf("run-%d", n)
		if err := j.Create(t.Context(), journaltest.NewRun(id), bench.Event{}); err != nil {
			t.Fatal(err)
		}
		if err := j.Write(t.Context(), journaltest.NewBatch(id, n)); err != nil {
			t.Fatal(err)
		}
	}
	many := &bench.Batch{}
	for n := range 1500 {
		many.Environment = append(many.Environment, bench.Fact{Run: "run-1", Source: "server", Name: fmt.Sprint("n_", n)})
	}
	if err := j.Write(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	want := follow(t, j)
	for want.next(1, 1) {
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := journal.OpenSchema(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // to before changes had numbers
		if _, err := s.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	old := open(t, path)
	got := follow(t, old)
	portions := 0
	for got.next(1, 1) {
		portions++
	}
	for _, gone := range []string{"RUN_ENRICHMENT", "WAIT_SAMPLES"} { // younger than the numbers
		delete(want.tables, gone)
	}
	delete(want.tables, "RUN_STATUS")
	delete(got.tables, "RUN_STATUS")
	if diff := cmp.Diff(want.tables, got.tables); diff != "" || portions != 2 {
		t.Errorf("%d portions (-before +after):\n%s", portions, diff)
	}
	if err := old.Write(t.Context(), journaltest.NewBatch("run-0", 9)); err != nil {
		t.Fatal(err)
	}
	if !got.next(1, 1) || got.position != 3 {
		t.Errorf("the next change is %d, want 3", got.position)
	}
}

package journal_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/journal/journaltest"
)

// What a server goes on from is what was stored, and its former owner is fenced off.
func TestTakeover(t *testing.T) {
	j := open(t, newPath(t))
	run := journaltest.NewRun("run-1")
	if err := j.Create(t.Context(), run, bench.Event{Type: bench.EventCreated}); err != nil {
		t.Fatal(err)
	}
	batch := journaltest.NewBatch("run-1", 1)
	if err := j.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var got []bench.Report
	if err := j.Reports(t.Context(), "run-1", func(r *bench.Report) error { got = append(got, *r); return nil }); err != nil {
		t.Fatal(err)
	}
	var want []bench.Report
	for _, s := range batch.Snapshots {
		s.Report.Executions = nil
		want = append(want, s.Report)
	}
	slices.SortFunc(want, func(a, b bench.Report) int { return int(a.Seq - b.Seq) })
	slices.SortFunc(got, func(a, b bench.Report) int { return int(a.Seq - b.Seq) })
	if len(want) == 0 || !cmp.Equal(want, got) {
		t.Errorf("reports differ (-stored +read):\n%s", cmp.Diff(want, got))
	}
	taken, err := j.Takeover(t.Context(), "run-1", "another")
	if err != nil || taken.Epoch != run.Epoch+1 || taken.Owner != "another" {
		t.Fatalf("taken over: %+v, %v", taken, err)
	}
	if _, err := j.Append(t.Context(), bench.Event{Run: "run-1", Epoch: run.Epoch, Type: bench.EventStop}); err == nil {
		t.Error("the former owner still appends events")
	}
}

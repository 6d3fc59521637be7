package journal

import (
	"path/filepath"
	"testing"

	"bench/runtime/bench"
	"bench/sql/journal/journaltest"
)

// What a check found is there for whoever reads the tables; the same finding again changes nothing.
func TestFindingsAreStored(t *testing.T) {
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	run := journaltest.NewRun("run-1")
	if err := j.Create(t.Context(), run, bench.Event{}); err != nil {
		t.Fatal(err)
	}
	f := journaltest.Sample[bench.Finding](1)
	f.Run = run.ID
	for range 2 {
		if err := j.Write(t.Context(), &bench.Batch{Findings: []bench.Finding{f}}); err != nil {
			t.Fatal(err)
		}
	}
	columns, rows, err := j.Query(t.Context(), "SELECT CHECK_CODE, SUBJECT, PHASE, TITLE, STEP, SEVERITY, OUTCOME, REASON, REMEDY, RUNBOOK, EVIDENCE, DURATION_MS FROM DOCTOR_FINDINGS", 10)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := []any{f.Code, f.Subject, string(f.Phase), f.Title, f.Step, f.Severity, f.Outcome, f.Reason, f.Remedy, f.Runbook, string(f.Evidence), f.DurationMS}
	for i, v := range rows[0] {
		if v != want[i] {
			t.Errorf("%s is %v, want %v", columns[i], v, want[i])
		}
	}
}

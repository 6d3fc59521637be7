package memory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/journal/journaltest"
)

func TestContract(t *testing.T) {
	journaltest.Exercise(t, func(*testing.T) journaltest.Store { return New() })
}

// Whoever changes what he gave, or what he was given, changes nothing that is stored.
func TestNothingIsShared(t *testing.T) {
	j, run := New(), journaltest.NewRun("run-1")
	if err := j.Create(t.Context(), run, bench.Event{}); err != nil {
		t.Fatal(err)
	}
	want := journaltest.NewRun("run-1")
	read := func() *bench.Run {
		got, err := j.Run(t.Context(), "run-1")
		if err != nil {
			t.Fatal(err)
		}
		got.AsOf = want.AsOf
		return got
	}
	for _, held := range []*bench.Run{run, read()} {
		held.Plan.Workloads[0].Statements[0].Parts[0] = "changed"
		held.Labels["changed"] = "yes"
		*held.Plan.SLOs[0].Max = -1
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Errorf("the stored run changed (-want +got):\n%s", diff)
		}
	}
}

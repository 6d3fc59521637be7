package cli

import (
	"context"
	"fmt"
	"testing"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// kept is a history of runs in memory, newest first.
type kept struct {
	engine.History
	runs []bench.Run
}

func (k kept) Runs(_ context.Context, limit int, before string) ([]bench.Run, error) {
	var found []bench.Run
	for _, r := range k.runs {
		if (before == "" || r.ID < before) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func (k kept) Run(_ context.Context, id string) (*bench.Run, error) {
	for _, r := range k.runs {
		if r.ID == id {
			return &r, nil
		}
	}
	return nil, engine.ErrNoRun
}

func TestLookup(t *testing.T) {
	run := func(id string, s bench.Status) bench.Run { return bench.Run{ID: id, State: bench.State{Status: s}} }
	going := kept{runs: []bench.Run{run("01C3", bench.StatusCompleted), run("01B2", bench.StatusRunning), run("01B1", bench.StatusFailed), run("01A0", bench.StatusCompleted)}}
	over := kept{runs: going.runs[2:]}
	for _, c := range []struct {
		h               kept
		reference, want string
		code            string
	}{
		{going, "@last", "01B2", ""}, // the one that goes on, though it is not the newest
		{over, "@last", "01B1", ""},
		{kept{}, "@last", "", bench.CodeRunNotFound},
		{going, "01C3", "01C3", ""},
		{going, "01c", "01C3", ""},
		{going, "01B", "", bench.CodeRunAmbiguous},
		{going, "01X", "", bench.CodeRunNotFound},
		{going, "", "", bench.CodeRunNotFound},
	} {
		got, err := lookup(t.Context(), c.h, c.reference)
		switch {
		case c.code != "" && bench.CodeOf(err) != c.code:
			t.Errorf("%q: error %v, want code %s", c.reference, err, c.code)
		case c.code == "" && (err != nil || got.ID != c.want):
			t.Errorf("%q: run %v, error %v, want %s", c.reference, got, err, c.want)
		}
	}
}

func TestRunsGoThroughAllPages(t *testing.T) {
	var k kept
	for i := range 250 {
		k.runs = append(k.runs, bench.Run{ID: fmt.Sprintf("01%03d", 999-i)})
	}
	n := 0
	for _, err := range runs(t.Context(), k) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 250 {
		t.Errorf("%d runs, want 250", n)
	}
}

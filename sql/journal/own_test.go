package journal_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

// What is written to a file that nobody can find is lost, so it is not written.
func TestFileIsGone(t *testing.T) {
	for _, test := range []struct {
		want string
		do   func(path string) error
	}{
		{"removed", os.Remove},
		{"removed", func(path string) error { return os.Rename(path, path+".old") }},
		{"replaced", func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)) }},
	} {
		path := newPath(t)
		j := open(t, path)
		if err := j.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{Epoch: 7}); err != nil {
			t.Fatal(err)
		}
		if err := test.do(path); err != nil {
			t.Fatal(err)
		}
		if err := j.Write(t.Context(), journaltest.NewBatch("run-1", 4)); err == nil || !strings.Contains(err.Error(), path+" was "+test.want) {
			t.Errorf("got error %v, want that it was %s", err, test.want)
		}
	}
}

// A lock that was removed is taken again by whoever comes first. The other writes no more.
func TestLockIsGone(t *testing.T) {
	path := newPath(t)
	first := open(t, path)
	if err := first.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{Epoch: 7}); err != nil {
		t.Fatal(err)
	}
	remove := func() {
		t.Helper()
		if err := os.Remove(path + ".lock"); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	if err := first.Write(t.Context(), journaltest.NewBatch("run-1", 4)); err != nil {
		t.Error(err)
	}
	_, err := journal.Open(t.Context(), path, journal.Options{})
	if locked, ok := errors.AsType[*journal.Locked](err); !ok || locked.PID != os.Getpid() {
		t.Errorf("got error %v, want that the first has it again", err)
	}
	remove()
	second := open(t, path)
	err = first.Write(t.Context(), journaltest.NewBatch("run-1", 5))
	if locked, ok := errors.AsType[*journal.Locked](err); !ok || locked.PID != os.Getpid() {
		t.Errorf("the first got error %v, want that the second has it", err)
	}
	if err := second.Write(t.Context(), journaltest.NewBatch("run-1", 5)); err != nil {
		t.Error(err)
	}
}

package journal_test

import (
	"path/filepath"
	"testing"

	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

func TestContract(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T) journaltest.Store { return open(t, newPath(t)) })
}

func TestChart(t *testing.T) { journaltest.Chart(t, open(t, newPath(t))) }

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "journal.db") }

func open(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

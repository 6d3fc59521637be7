package journal_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

func TestReaderSeesCommits(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	r, err := journal.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n, id := range []string{"run-1", "run-2"} {
		if err := j.Create(t.Context(), journaltest.NewRun(id), bench.Event{}); err != nil {
			t.Fatal(err)
		}
		runs, err := r.Runs(t.Context(), 0, "")
		if err != nil || len(runs) != n+1 {
			t.Errorf("the reader sees %d runs, %v, want %d", len(runs), err, n+1)
		}
	}
}

// TestReaderOfClosedJournal: a journal at rest is one file, which a reader does not change.
func TestReaderOfClosedJournal(t *testing.T) {
	path := newPath(t)
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Create(t.Context(), journaltest.NewRun("run-1"), bench.Event{}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) != 2 { // and the lock's
		t.Errorf("a closed journal is %v, %v", left, err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	r, err := journal.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), "run-1"); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the reader changed the journal: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	noFile := newPath(t)
	if _, err := journal.OpenReader(t.Context(), noFile); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), noFile) {
		t.Errorf("no file: got error %v", err)
	}
	if _, err := journal.OpenSchema(noFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("schema of no file: got error %v", err)
	}
	if _, err := os.Stat(noFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking for a journal made one: %v", err)
	}

	empty := newPath(t)
	writeFile(t, empty, "")
	wantError(t, "empty file", reader(t, empty), "is not a journal, or an empty one")

	text := newPath(t)
	writeFile(t, text, strings.Repeat("This is no database. ", 100))
	wantError(t, "reader of a text", reader(t, text), "file is not a database")
	wantError(t, "journal of a text", journalError(t, text), "file is not a database")

	newer := newPath(t)
	setVersion(t, newer, "INSERT INTO bench_schema_version (version_id, is_applied) VALUES (99, 1)")
	for what, err := range map[string]error{"reader": reader(t, newer), "journal": journalError(t, newer)} {
		wantError(t, what+" of a newer journal", err, "has tables of version 99, and this program knows them up to version 6: use a newer bench")
	}

	older := newPath(t)
	setVersion(t, older, "")
	s, err := journal.OpenSchema(older)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "reader of an older journal", reader(t, older), "has tables of version 5, and this program reads version 6")
	open(t, older) // brings it up to date
	if err := reader(t, older); err != nil {
		t.Errorf("reader after the update: %v", err)
	}
}

func reader(t *testing.T, path string) error {
	r, err := journal.OpenReader(t.Context(), path)
	if err == nil {
		r.Close()
	}
	return err
}

func journalError(t *testing.T, path string) error {
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err == nil {
		j.Close()
	}
	return err
}

func wantError(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got error %v, want one with %q", what, err, want)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// setVersion makes a journal and changes it behind its back.
func setVersion(t *testing.T, path, change string) {
	t.Helper()
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	runSQL(t, path, change)
}

// runSQL runs SQL on a journal as another program would.
func runSQL(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// TestSchema: versions go down and up step by step, under a path with every character that an address treats apart.
func TestSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "on demand", "a b?c#d%e.db")
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the journal has mode %v, %v, want 0600", info.Mode(), err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := journal.OpenSchema(path)
	if err != nil {
		t.Fatal(err)
	}
	if down, err := s.Down(t.Context()); err != nil || down.Name != "00006_enrichment" {
		t.Errorf("took back %v, %v", down, err)
	}
	if current, err := s.Current(t.Context()); err != nil || current != 5 {
		t.Errorf("current version is %d, %v, want 5", current, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = journal.OpenSchema(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if up, err := s.Up(t.Context()); err != nil || len(up) != 1 {
		t.Errorf("applied %v, %v, want one", up, err)
	}
}

package replica

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
	"bench/sql/replica/replicatest"
)

// A world is a journal, a feeder and the network between the feeder and the replica.
type world struct {
	t       testing.TB
	path    string
	journal *journal.Journal
	dsn     string
	network *replicatest.Network
	feeder  *Feeder
}

// emptyJournal is the file of a journal without runs. Making its tables takes longer than most tests.
var emptyJournal = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "journal-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "journal.db")
	j, err := journal.Open(context.Background(), path, journal.Options{})
	if err != nil {
		return nil, err
	}
	if err := j.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// newJournal makes the file of a journal with an id of its own.
func newJournal(t testing.TB) (path string) {
	t.Helper()
	file, err := emptyJournal()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), "UPDATE JOURNAL SET JOURNAL_ID = lower(hex(randomblob(16)))"); err != nil {
		t.Fatal(err)
	}
	return path
}

func newWorld(t testing.TB, dsn string, adjust func(*Config)) *world {
	t.Helper()
	w := &world{t: t, path: newJournal(t), dsn: dsn, network: new(replicatest.Network)}
	var err error
	if w.journal, err = journal.Open(context.Background(), w.path, journal.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	config := Config{Journal: w.journal, DSN: dsn, Pace: time.Microsecond, Dial: w.network.Dial}
	if adjust != nil {
		adjust(&config)
	}
	if w.feeder, err = New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.feeder.Close)
	return w
}

func (w *world) create(run string) {
	w.t.Helper()
	if err := w.journal.Create(w.t.Context(), journaltest.NewRun(run), bench.Event{Run: run}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(b *bench.Batch) {
	w.t.Helper()
	if err := w.journal.Write(w.t.Context(), b); err != nil {
		w.t.Fatal(err)
	}
}

// flush catches up, over a network without faults.
func (w *world) flush() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	if err := w.feeder.Flush(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// replica opens the replica's tables past the feeder's network.
func (w *world) replica() *sql.DB { return replicatest.Open(w.t, w.dsn) }

// same fails the test unless the replica has what the journal has.
func (w *world) same() {
	w.t.Helper()
	replicatest.Same(w.t, w.path, w.dsn)
}

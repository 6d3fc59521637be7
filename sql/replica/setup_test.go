package replica

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

// A world is a journal, a feeder and the network between the feeder and the replica.
type world struct {
	t       testing.TB
	path    string
	journal *journal.Journal
	dsn     string
	network *network
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
	w := &world{t: t, path: newJournal(t), dsn: dsn, network: &network{}}
	var err error
	if w.journal, err = journal.Open(context.Background(), w.path, journal.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	config := Config{Journal: w.journal, DSN: dsn, Pace: time.Microsecond, Dial: w.network.dial}
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
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	if err := w.feeder.Flush(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// replica opens the replica's tables past the feeder's network.
func (w *world) replica() *sql.DB {
	w.t.Helper()
	config, err := parse(w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	db := OpenDB(config)
	w.t.Cleanup(func() { db.Close() })
	return db
}

// same fails the test unless every row of the journal is in the replica as it is, and no other row of its runs.
func (w *world) same() {
	w.t.Helper()
	lite, err := sql.Open("sqlite", "file:"+w.path+"?mode=ro")
	if err != nil {
		w.t.Fatal(err)
	}
	defer lite.Close()
	pg := w.replica()
	var runs []string
	for _, line := range lines(w.t, lite, "SELECT RUN_ID FROM RUN_STATUS") {
		runs = append(runs, "'"+strings.TrimPrefix(line, "run_id=")+"'")
	}
	tables := lines(w.t, lite, `SELECT T.name FROM sqlite_schema AS T, pragma_table_info(T.name) AS C
		WHERE T.type = 'table' AND C.name = 'RUN_ID'`)
	if len(tables) != 14 {
		w.t.Fatalf("runs consist of %d tables", len(tables))
	}
	for _, line := range tables {
		table := strings.TrimPrefix(line, "name=")
		query := "SELECT * FROM " + table
		if len(runs) > 0 {
			query += " WHERE RUN_ID IN (" + strings.Join(runs, ", ") + ")"
		}
		want, got := lines(w.t, lite, query), lines(w.t, pg, query)
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("%s differs (-journal +replica):\n%s", table, diff)
		}
		for _, row := range want {
			if strings.Contains(row, " change_no=0 ") {
				w.t.Errorf("%s has a row without a change: %s", table, row)
			}
		}
	}
}

// lines are the rows that a query gives, each as a text with its columns in alphabetical order, in one form for both
// databases; the rows are sorted too.
func lines(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	found, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for found.Next() {
		row, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := found.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var fields []string
		for i, v := range row {
			fields = append(fields, strings.ToLower(columns[i])+"="+canonical(v))
		}
		slices.Sort(fields)
		all = append(all, strings.Join(fields, " "))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func canonical(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(dialect.TimeLayout)
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	case []byte:
		return hex.EncodeToString(v)
	}
	return fmt.Sprint(v)
}

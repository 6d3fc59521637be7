// Package journal keeps runs in one local SQLite file: the truth about every run on this machine, and what all else is
// fed from.
//
// # One writer
//
// A journal belongs to one server at a time. [Open] takes a lock beside the file, "journal.db.lock", which the kernel
// frees when the process ends, however it ends; a second server gets a [*Locked] that says who holds it. A journal whose file
// was removed or replaced takes no writes, nor does one whose lock was removed and taken by another. Inside the
// server, all writes go over one connection, so that transactions never wait for each other in SQLite: they queue in
// order. Readers have connections of their own, see the last commit before their query, and neither wait nor make others
// wait (SQLite's WAL mode). [OpenReader] reads a journal from any process on the machine, with or without a live server.
//
// # Durability
//
// What a method has returned without an error survives the loss of power, if the disk keeps its word: the connection
// writes with synchronous = FULL, one sync of the WAL per transaction. NORMAL would sync only at checkpoints, and could
// forget the last transitions. A batch costs one sync, however many rows it has.
//
// On a disk that is full every write fails, and nothing that was stored is lost. What a run ends with is stored all the
// same: for that there is a file beside the journal, "journal.db.reserve", that gives up its room.
//
// # Changes of state
//
// A transition is a compare-and-set on (run, epoch, status, phase). The state, the number of the next event and the event
// itself change in one transaction, so events are numbered without gaps and terminal states never change.
//
// # The order of changes
//
// Every transaction that writes rows has a number, one more than the transaction before, which is stored in the rows; a
// row that is written again moves to the end of the order. [Reader.Changes] hands out what was written after a number, so
// that a replica can follow, and start again where it stopped.
//
// The file must be on a local disk: SQLite's WAL and the lock do not work over a network. Times are kept to the
// microsecond.
package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	_ "modernc.org/sqlite" // driver "sqlite"

	"bench/sql/dialect"
	"bench/sql/migrations"
	"bench/sql/queries"
)

// A Journal is the store of one server. Its methods may be used by several goroutines at once.
type Journal struct {
	*Reader
	write   *sql.DB // one connection
	stmts   map[string]*sql.Stmt
	path    string
	file    fs.FileInfo // as it was opened
	lock    *lock       // changed inside a transaction alone
	reserve reserve

	mu        sync.Mutex
	workloads map[string][]string // names of a run's workloads, in the order of its plan
}

// Options of a journal. The zero value is good.
type Options struct {
	// BusyTimeout is how long to wait for a lock of SQLite, which another program such as the sqlite3 shell may hold.
	// Zero is 5 s.
	BusyTimeout time.Duration
	// Readers is the largest number of queries that read at once. Zero is 4.
	Readers int
}

// Open opens or creates the journal at path, with the folders above it, and brings its tables up to date. The journal is
// this process's until Close; it is a [*Locked] when another process has it. A journal of a newer program is refused.
func Open(ctx context.Context, path string, options Options) (_ *Journal, err error) {
	schema, err := openSchema(path, options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			schema.Close()
		}
	}()
	current, err := schema.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", schema.path, err)
	}
	if current > schema.Latest() {
		return nil, newer(schema.path, current, schema.Latest())
	}
	if _, err := schema.Up(ctx); err != nil {
		return nil, fmt.Errorf("bring journal %s up to date: %w", schema.path, err)
	}

	set, err := queries.Load(dialect.SQLite)
	if err != nil {
		return nil, err
	}
	stmts := map[string]*sql.Stmt{}
	for name, query := range set {
		if stmts[name], err = schema.db.PrepareContext(ctx, query); err != nil {
			return nil, fmt.Errorf("prepare query %s on journal %s: %w", name, schema.path, err)
		}
	}
	file, err := os.Stat(schema.path)
	if err != nil {
		return nil, missing(schema.path, err)
	}
	reader, err := newReader(ctx, schema.path, set, options)
	if err != nil {
		return nil, err
	}
	return &Journal{
		Reader: reader, write: schema.db, stmts: stmts, path: schema.path, file: file, lock: schema.lock,
		reserve: reserve(schema.path + ".reserve"), workloads: map[string][]string{},
	}, nil
}

// Close ends all connections, which leaves everything in the one file, and gives up the reserve and the lock. Nothing may use the
// journal any more.
func (j *Journal) Close() error {
	j.reserve.spend()
	return errors.Join(j.Reader.Close(), j.write.Close(), j.lock.release())
}

// A Schema is the tables of a journal apart from what they hold, for whoever wants to see or change their version.
type Schema struct {
	*migrations.Set
	path string
	db   *sql.DB
	lock *lock
}

// OpenSchema opens the journal at path as [Open] does, but leaves its tables as they are. A file that does not exist is
// an error that is [fs.ErrNotExist].
func OpenSchema(path string) (*Schema, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, missing(path, err)
	}
	return openSchema(path, Options{})
}

func openSchema(path string, options Options) (_ *Schema, err error) {
	if path, err = create(path); err != nil {
		return nil, err
	}
	s := &Schema{path: path}
	if s.lock, err = acquire(path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.lock.release()
		}
	}()
	if s.db, err = connect(path, options, "rwc", "journal_mode(wal)", "synchronous(full)", "foreign_keys(on)"); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(1)
	s.Set, err = migrations.Open(dialect.SQLite.Name, s.db)
	return s, err
}

// Close ends the connection and gives up the lock.
func (s *Schema) Close() error { return errors.Join(s.db.Close(), s.lock.release()) }

// create makes an empty file, readable by its owner alone, if there is none at path, and returns the path without
// symbolic links, so that one journal has one lock.
func create(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("create the folder of the journal: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("open the journal: %w", err)
	}
	f.Close()
	return real(path)
}

func real(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// connect prepares a pool of connections to the file. Every one of them sets the pragmas first.
func connect(path string, options Options, mode string, pragmas ...string) (*sql.DB, error) {
	busy := options.BusyTimeout
	if busy == 0 {
		busy = 5 * time.Second
	}
	q := url.Values{"mode": {mode}, "_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)}, "_dqs": {"0"}, "_pragma": pragmas}
	if mode != "ro" {
		q.Set("_txlock", "immediate")
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return sql.Open("sqlite", dsn.String())
}

func newer(path string, version, known int64) error {
	return fmt.Errorf("journal %s has tables of version %d, and this program knows them up to version %d: use a newer bench", path, version, known)
}

func missing(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no journal at %s; it is created by the first run or server: %w", path, os.ErrNotExist)
	}
	return fmt.Errorf("open the journal: %w", err)
}

// names are the workloads of a run's plan, in its order.
func (j *Journal) names(t *tx, run string) ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if names, ok := j.workloads[run]; ok {
		return names, nil
	}
	var text sql.NullString
	if err := t.row("ReadPlan", run).Scan(&text); errors.Is(err, sql.ErrNoRows) {
		return nil, noRun(run)
	} else if err != nil {
		return nil, err
	}
	var plan struct {
		Workloads []struct {
			Name string `json:"name"`
		} `json:"workloads"`
	}
	if text.Valid {
		if err := json.Unmarshal([]byte(text.String), &plan); err != nil {
			return nil, fmt.Errorf("read the plan of run %s: %w", run, err)
		}
	}
	var names []string
	for _, w := range plan.Workloads {
		names = append(names, w.Name)
	}
	j.workloads[run] = names
	return names, nil
}

// Package sqlite runs workload statements on a SQLite database file.
//
// It calls the C library as modernc.org/sqlite translates it to Go, without database/sql and the driver in between. A
// lookup by key takes half the time that way and allocates nothing, where database/sql allocates some thirty times and
// starts a goroutine; and a timeout interrupts a statement at every row, where the driver only interrupts it before the
// first. File handle.go is that binding; nothing outside of it touches C.
//
// SQLite has one writer at a time. A statement that finds the file locked waits, as the library's own busy handler would,
// until busy_timeout or the end of its context; then it fails with class serialization, and a retry may succeed.
// Transactions take the write lock at once (BEGIN IMMEDIATE) unless their isolation is "deferred" or "exclusive".
//
// Options of the target:
//
//	path          the file; its folder must exist, the file is created when there is none
//	temporary     "true": the owner of the run keeps the file in a folder of its own, see [Resolve]
//	journal_mode  WAL (the default), DELETE, TRUNCATE, PERSIST, MEMORY, OFF
//	synchronous   NORMAL (the default), FULL, EXTRA, OFF
//	busy_timeout  how long to wait for a lock, 5s by default
//
// Session parameters are pragmas.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A Target is a database file and how to open it. It holds no connection.
type Target struct {
	path        string
	journalMode string
	synchronous string
	busy        time.Duration
	session     bench.Session
}

// Resolve gives a temporary target without a path the one it has below dir. Server and workers resolve it to the same
// file when they are given the same dir; whoever owns dir removes it.
func Resolve(t bench.Target, dir string) bench.Target {
	if t.Kind != "sqlite" || t.Options["temporary"] != "true" || t.Options["path"] != "" {
		return t
	}
	t.Options = maps.Clone(t.Options)
	t.Options["path"] = filepath.Join(dir, "target.db")
	return t
}

// Open checks the options and opens the file once, so that a path or a pragma that does not work is found here.
func Open(ctx context.Context, t bench.Target, _ func(bench.Secret) (string, error), _ int, _ string) (*Target, error) {
	if err := target.Known(t, "path", "temporary", "journal_mode", "synchronous", "busy_timeout"); err != nil {
		return nil, err
	}
	s := &Target{session: t.Session, busy: 5 * time.Second}
	var err1, err2, err3 error
	s.path, err1 = file(t.Options)
	s.journalMode, err2 = target.One(t, "journal_mode", "WAL", "DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF")
	s.synchronous, err3 = target.One(t, "synchronous", "NORMAL", "FULL", "EXTRA", "OFF")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if text, ok := t.Options["busy_timeout"]; ok {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("target \"sqlite\": busy_timeout = %q must be a duration such as \"5s\"", text)
		}
		s.busy = d
	}
	conn, err := s.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	return s, conn.Close()
}

// file is the path, when it can be one of a database.
func file(options map[string]string) (string, error) {
	path := options["path"]
	if path == "" {
		return "", errors.New("target \"sqlite\" needs path = \"FILE\"")
	}
	if path == ":memory:" {
		return "", errors.New("target \"sqlite\": path = \":memory:\" would give every connection its own database; write temporary = true instead")
	}
	switch info, err := os.Stat(filepath.Dir(path)); {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("target \"sqlite\": path = %q is in a folder that does not exist; create %s first", path, filepath.Dir(path))
	case err != nil:
		return "", fmt.Errorf("target \"sqlite\": path = %q: %w", path, err)
	case !info.IsDir():
		return "", fmt.Errorf("target \"sqlite\": path = %q: %s is not a folder", path, filepath.Dir(path))
	}
	return path, nil
}

// Open opens the file once more and sets the session up.
func (t *Target) Open(ctx context.Context, _ int, stage func(bench.Stage)) (load.Conn, error) {
	c, err := t.connect(ctx, stage)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (t *Target) connect(ctx context.Context, stage func(bench.Stage)) (*Conn, error) {
	if stage == nil {
		stage = func(bench.Stage) {}
	}
	stage(bench.StageLogin)
	h, e := open(t.path, t.busy)
	if e != nil {
		e.Class, e.Lost = bench.ErrorConnection, true
		e.Message = fmt.Sprintf("open %s: %s", t.path, e.Message)
		return nil, e
	}
	c := newConn(h)
	stage(bench.StageSession)
	if err := c.setUp(ctx, t); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// setUp sets pragmas and runs the session's statements. The journal mode comes first: some pragmas depend on it.
func (c *Conn) setUp(ctx context.Context, t *Target) error {
	if err := c.pragma(ctx, "journal_mode", t.journalMode); err != nil {
		return err
	}
	if err := c.pragma(ctx, "synchronous", t.synchronous); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.session.Params)) {
		if err := c.pragma(ctx, name, t.session.Params[name]); err != nil {
			return err
		}
	}
	for i, sql := range t.session.Init {
		if err := c.script(ctx, sql); err != nil {
			return fmt.Errorf("init statement %d of the session: %w", i+1, err)
		}
	}
	return nil
}

// pragma sets one. SQLite ignores pragmas that it does not know, and keeps the journal mode when it cannot change it, so
// both are asked for.
func (c *Conn) pragma(ctx context.Context, name, value string) error {
	_, known, err := c.query(ctx, "SELECT name FROM pragma_pragma_list WHERE name = "+quote(name), 1)
	if err != nil {
		return fmt.Errorf("set pragma %s: %w", name, err)
	}
	if len(known) == 0 {
		return fmt.Errorf("SQLite has no pragma %q: name a session parameter that it has", name)
	}
	_, rows, err := c.query(ctx, fmt.Sprintf("PRAGMA %s = %s", name, quote(value)), 1)
	if err != nil {
		return fmt.Errorf("set pragma %s: %w", name, err)
	}
	if name == "journal_mode" && len(rows) == 1 && !strings.EqualFold(rows[0][0].Text, value) {
		return fmt.Errorf("set pragma journal_mode to %s: SQLite keeps %s for this file", value, rows[0][0].Text)
	}
	return nil
}

// Query runs one statement on a connection of its own.
func (t *Target) Query(ctx context.Context, sql string, limit int) ([]string, [][]bench.Value, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	return c.query(ctx, sql, limit)
}

// Script runs statements one after the other on a connection of its own, each committed by itself unless the script says
// BEGIN. The error of a statement names its place; the statements before it stay done.
func (t *Target) Script(ctx context.Context, sql string) error {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.script(ctx, sql)
}

// Facts are the library's version, the pragmas that matter for speed, and the time of a SELECT 1.
func (t *Target) Facts(ctx context.Context) ([]bench.Fact, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var facts []bench.Fact
	for name, sql := range map[string]string{
		"version":      "SELECT sqlite_version()",
		"journal_mode": "PRAGMA journal_mode",
		"synchronous":  "PRAGMA synchronous",
		"page_size":    "PRAGMA page_size",
		"cache_size":   "PRAGMA cache_size",
	} {
		_, rows, err := c.query(ctx, sql, 1)
		if err != nil {
			return nil, err
		}
		facts = append(facts, bench.Fact{Source: "target", Name: name, Value: fmt.Sprint(rows[0][0].Any())})
	}
	facts = append(facts, bench.Fact{Source: "target", Name: "busy_timeout", Value: t.busy.String()})

	if err := c.Prepare(ctx, []*bench.Statement{{Parts: []string{"SELECT 1"}}}); err != nil {
		return nil, err
	}
	var call load.Call
	trip, err := target.RoundTrip(func() error { return c.Exec(ctx, &call) })
	if err != nil {
		return nil, err
	}
	facts = append(facts, bench.Fact{Source: "target", Name: "round_trip_us", Value: strconv.FormatInt(trip.Microseconds(), 10)})
	slices.SortFunc(facts, func(a, b bench.Fact) int { return strings.Compare(a.Name, b.Name) })
	return facts, nil
}

// Close does nothing: connections are closed by themselves.
func (t *Target) Close() error { return nil }

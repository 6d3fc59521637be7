package sqlite_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/sqlite"
	"bench/sql/target/targettest"
)

const (
	endless   = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 0"
	firstFast = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 2"
)

func database(t testing.TB, options map[string]string) bench.Target {
	t.Helper()
	d := bench.Target{Kind: "sqlite", Options: map[string]string{"path": filepath.Join(t.TempDir(), "a b?c=d%.db")}}
	maps.Copy(d.Options, options)
	return d
}

func open(t testing.TB, d bench.Target) *sqlite.Target {
	t.Helper()
	target, err := sqlite.Open(t.Context(), d, nil, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func connect(t testing.TB, target *sqlite.Target, statements ...string) load.Conn {
	t.Helper()
	conn, err := target.Open(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var prepared []*bench.Statement
	for _, sql := range statements {
		prepared = append(prepared, targettest.Statement(sql))
	}
	if err := conn.Prepare(t.Context(), prepared); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestContract(t *testing.T) {
	targettest.Exercise(t, targettest.Fixture{
		Open:     func(t *testing.T) targettest.Target { return open(t, database(t, nil)) },
		Code:     "SQLITE_INTERRUPT",
		Slow:     endless,
		Conflict: "deferred",
		Allocs:   0,
	})
}

// The driver of database/sql does not interrupt what comes after the first row.
func TestTimeoutBetweenRows(t *testing.T) {
	conn := connect(t, open(t, database(t, nil)), firstFast)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	answers := 0
	err := conn.Exec(ctx, &load.Call{Answered: func() { answers++ }})
	if e, ok := errors.AsType[*bench.OpError](err); !ok || e.Class != bench.ErrorTimeout || answers != 1 {
		t.Errorf("got %v, answered %d times; want a timeout after the first row", err, answers)
	}
}

func TestBusy(t *testing.T) {
	d := database(t, map[string]string{"busy_timeout": "100ms"})
	target := open(t, d)
	if err := target.Script(t.Context(), "CREATE TABLE t (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	writer, waiter := connect(t, target), connect(t, target, "INSERT INTO t VALUES (1)")
	if err := writer.Begin(t.Context(), ""); err != nil {
		t.Fatal(err)
	}

	start := time.Now()
	err := waiter.Exec(t.Context(), &load.Call{})
	took := time.Since(start)
	if e, ok := errors.AsType[*bench.OpError](err); !ok || e.Class != bench.ErrorSerialization || e.Code != "SQLITE_BUSY" {
		t.Errorf("got %v, want SQLITE_BUSY of class serialization", err)
	}
	if took < 100*time.Millisecond {
		t.Errorf("waited %v for the lock, want 100ms", took)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = waiter.Begin(ctx, "")
	if e, ok := errors.AsType[*bench.OpError](err); !ok || e.Class != bench.ErrorTimeout {
		t.Errorf("a timeout in the wait for a lock: got %v", err)
	}

	var release sync.WaitGroup
	release.Go(func() {
		time.Sleep(20 * time.Millisecond) // while the other waits; too early is right as well
		writer.Rollback(t.Context())
	})
	defer release.Wait()
	if err := waiter.Exec(t.Context(), &load.Call{}); err != nil {
		t.Errorf("the lock was released in time: %v", err)
	}
}

// SQLite rolls a transaction back by itself when a change in it is interrupted.
func TestRollbackAfterAnInterruptedChange(t *testing.T) {
	target := open(t, database(t, nil))
	if err := target.Script(t.Context(), "CREATE TABLE t (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, target, "INSERT INTO t "+endless)
	if err := conn.Begin(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := conn.Exec(ctx, &load.Call{}); err == nil {
		t.Fatal("an endless statement ended")
	}
	if err := conn.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if err := conn.Begin(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

func TestSession(t *testing.T) {
	d := database(t, map[string]string{"journal_mode": "delete", "synchronous": "off"})
	d.Session = bench.Session{
		Params: map[string]string{"foreign_keys": "on", "cache_size": "-4321"},
		Init:   []string{"CREATE TEMP TABLE mine (n INTEGER); INSERT INTO mine VALUES (7)"},
	}
	target := open(t, d)
	for sql, want := range map[string]bench.Value{
		"PRAGMA journal_mode": bench.TextValue("delete"),
		"PRAGMA synchronous":  bench.IntValue(0),
		"PRAGMA foreign_keys": bench.IntValue(1),
		"PRAGMA cache_size":   bench.IntValue(-4321),
		"SELECT n FROM mine":  bench.IntValue(7),
		"SELECT x'c3bc00'":    bench.TextValue("ü\x00"),
	} {
		_, rows, err := target.Query(t.Context(), sql, 1)
		if err != nil || rows[0][0] != want {
			t.Errorf("%s: %v, %v; want %v", sql, rows, err, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		options map[string]string
		session bench.Session
		want    string
	}{
		{name: "no folder", options: map[string]string{"path": "/absent/folder/x.db"}, want: "create /absent/folder first"},
		{name: "not a folder", options: map[string]string{"path": file + "/x.db"}, want: "not a"},
		{name: "folder", options: map[string]string{"path": filepath.Dir(file)}, want: "unable to open database file"},
		{name: "not a database", options: map[string]string{"path": file}, want: "file is not a database"},
		{name: "no path", options: map[string]string{"path": ""}, want: `needs path = "FILE"`},
		{name: "memory", options: map[string]string{"path": ":memory:"}, want: "temporary = true"},
		{name: "mode", options: map[string]string{"journal_mode": "wall"}, want: "must be one of WAL, DELETE"},
		{name: "timeout", options: map[string]string{"busy_timeout": "-1s"}, want: "busy_timeout"},
		{name: "option", options: map[string]string{"host": "x"}, want: `no option "host"`},
		{name: "pragma", session: bench.Session{Params: map[string]string{"cach_size": "1"}}, want: `no pragma "cach_size"`},
		{name: "init", session: bench.Session{Init: []string{"SELECT 1", "SELEC 1"}}, want: "init statement 2 of the session: near \"SELEC\": syntax error at line 1, column 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := database(t, test.options)
			d.Session = test.session
			_, err := sqlite.Open(t.Context(), d, nil, 1, "")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestNoStatement(t *testing.T) {
	conn := connect(t, open(t, database(t, nil)))
	err := conn.Prepare(t.Context(), []*bench.Statement{{Parts: []string{"-- nothing"}}})
	if err == nil || !strings.Contains(err.Error(), "there is no statement in") {
		t.Errorf("got %v", err)
	}
}

func TestResolve(t *testing.T) {
	given := bench.Target{Kind: "sqlite", Options: map[string]string{"temporary": "true"}}
	resolved := sqlite.Resolve(given, "/run")
	if got := resolved.Options["path"]; got != filepath.Join("/run", "target.db") {
		t.Errorf("path = %q", got)
	}
	if _, ok := given.Options["path"]; ok {
		t.Error("the target that was given was changed")
	}
	for _, d := range []bench.Target{
		{Kind: "sqlite", Options: map[string]string{"path": "x"}},
		{Kind: "sqlite", Options: map[string]string{"path": "x", "temporary": "true"}},
		{Kind: "postgres", Options: map[string]string{"temporary": "true"}},
	} {
		if got := sqlite.Resolve(d, "/run"); got.Options["path"] != d.Options["path"] {
			t.Errorf("%v became %v", d, got)
		}
	}
}

func BenchmarkExec(b *testing.B) {
	target := open(b, database(b, nil))
	if err := target.Script(b.Context(), `CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, s TEXT);
		WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 10000) INSERT INTO t SELECT x, x * 2, 'abc' || x FROM c`); err != nil {
		b.Fatal(err)
	}
	conn := connect(b, target, "SELECT * FROM t WHERE id = ?")
	call := &load.Call{Args: []bench.Value{{}}}
	b.ReportAllocs()
	for b.Loop() {
		call.Args[0] = bench.IntValue(call.Args[0].Int%10000 + 1)
		if err := conn.Exec(b.Context(), call); err != nil {
			b.Fatal(err)
		}
	}
}

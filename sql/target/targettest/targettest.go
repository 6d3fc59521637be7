// Package targettest is what every target must hold, as one suite of tests.
package targettest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/runtime/load"
)

// A Target is a load.Target that can also run setup and teardown.
type Target interface {
	load.Target
	Script(ctx context.Context, sql string) error
}

// A Fixture is one kind of target and what the suite must know about it.
type Fixture struct {
	Open func(t *testing.T) Target // of an empty database
	Code string                    // of an interrupted statement

	Slow     string                      // a statement that returns nothing for minutes
	OpenSlow func(t *testing.T) Target   // where Slow is slow, if not on every target
	Running  func(t *testing.T) []string // what runs in the database apart from the question itself, if it can be asked
	Kill     func(t *testing.T)          // ends all sessions in the database, if that can be done

	NoSQL    bool    // statements are not looked at, each returns three rows
	Conflict string  // isolation in which two transactions that change the same row cannot both commit
	Allocs   float64 // how much a lookup by key may allocate

	Skip map[string]string // tests that the database cannot pass, and why
}

// Statement makes a prepared statement's text from SQL with a ? for each parameter.
func Statement(sql string) *bench.Statement {
	parts := strings.Split(sql, "?")
	return &bench.Statement{Parts: parts, Binds: make([]bench.Bind, len(parts)-1)}
}

// Exercise runs the suite.
func Exercise(t *testing.T, f Fixture) {
	run := func(name string, test func(*testing.T, Fixture)) {
		t.Run(name, func(t *testing.T) {
			if why := f.Skip[name]; why != "" {
				t.Skip(why)
			}
			test(t, f)
		})
	}
	run("open tells its stages", stages)
	run("rows", rows)
	run("query", query)
	run("timeout interrupts the statement", timeout)
	run("cancel interrupts the statement", cancel)
	run("a context that has ended sends nothing", ended)
	run("a closed session is lost", closed)
	run("allocations", allocations)
	run("facts", facts)
	if f.NoSQL {
		return
	}
	run("values", values)
	run("rows changed", changes)
	run("transactions", transactions)
	run("constraint", constraint)
	run("conflict", conflict)
	run("wrong statements", wrong)
	run("script", script)
	if f.Kill != nil {
		run("a killed session is lost", killed)
	}
}

// table is what most tests work on: three rows.
const table = `
	CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT NOT NULL, f DOUBLE PRECISION, s TEXT);
	INSERT INTO t VALUES (1, 10, 0.5, 'one'), (2, 20, NULL, NULL), (3, 30, -1e300, 'drei; ''ü''');
`

func filled(t *testing.T, f Fixture) Target {
	t.Helper()
	target := f.Open(t)
	if err := target.Script(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	return target
}

// session opens a connection with prepared statements.
func session(t *testing.T, target Target, statements ...string) load.Conn {
	t.Helper()
	conn, err := target.Open(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var prepared []*bench.Statement
	for _, sql := range statements {
		prepared = append(prepared, Statement(sql))
	}
	if err := conn.Prepare(t.Context(), prepared); err != nil {
		t.Fatal(err)
	}
	return conn
}

func exec(t *testing.T, conn load.Conn, statement int, args ...bench.Value) *load.Call {
	t.Helper()
	call := &load.Call{Statement: statement, Args: args, Keep: true}
	if err := conn.Exec(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	return call
}

// opError is err as every error of a statement must be.
func opError(t *testing.T, err error) *bench.OpError {
	t.Helper()
	e, ok := errors.AsType[*bench.OpError](err)
	if !ok {
		t.Fatalf("got %v (%T), want a *bench.OpError", err, err)
	}
	return e
}

func stages(t *testing.T, f Fixture) {
	var got []bench.Stage
	conn, err := f.Open(t).Open(t.Context(), 7, func(s bench.Stage) { got = append(got, s) })
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if diff := cmp.Diff([]bench.Stage{bench.StageLogin, bench.StageSession}, got); diff != "" {
		t.Error(diff)
	}
}

func rows(t *testing.T, f Fixture) {
	conn := session(t, filled(t, f), "SELECT id FROM t ORDER BY id")
	for _, test := range []struct {
		fetch string
		rows  int64
	}{{"all", 3}, {"first_row", 1}, {"none", 3}, {"", 3}, {"all", 3}} {
		for _, keep := range []bool{false, true} {
			answers := 0
			call := &load.Call{Fetch: test.fetch, Keep: keep, Answered: func() { answers++ }}
			if err := conn.Exec(t.Context(), call); err != nil {
				t.Fatal(err)
			}
			if call.Rows != test.rows || answers != 1 {
				t.Errorf("fetch %q, keep %v: %d rows, answered %d times; want %d, 1", test.fetch, keep, call.Rows, answers, test.rows)
			}
			if kept := len(call.First) == 1 && len(call.Columns) == 1; kept != keep {
				t.Errorf("fetch %q, keep %v: first row %v, columns %v", test.fetch, keep, call.First, call.Columns)
			}
		}
	}
}

func query(t *testing.T, f Fixture) {
	target := filled(t, f)
	columns, rows, err := target.Query(t.Context(), "SELECT id AS value FROM t ORDER BY id", 3)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]bench.Value{{bench.IntValue(1)}, {bench.IntValue(2)}, {bench.IntValue(3)}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"value"}, columns); diff != "" {
		t.Error(diff)
	}
	if _, _, err := target.Query(t.Context(), "SELECT id FROM t", 2); err == nil || !strings.Contains(err.Error(), "more than 2 rows") {
		t.Errorf("three rows where two are wanted: got %v", err)
	}
}

func (f Fixture) slow(t *testing.T) Target {
	if f.OpenSlow != nil {
		return f.OpenSlow(t)
	}
	return f.Open(t)
}

func timeout(t *testing.T, f Fixture) {
	conn := session(t, f.slow(t), f.Slow)
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		start := time.Now()
		answers := 0
		e := opError(t, conn.Exec(ctx, &load.Call{Answered: func() { answers++ }}))
		cancel()
		if e.Class != bench.ErrorTimeout || e.Code != f.Code || e.Lost || answers != 0 {
			t.Errorf("got class %v, code %q, lost %v, answered %d times: %v", e.Class, e.Code, e.Lost, answers, e)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("a timeout of 30 ms took %v", took)
		}
	}
	f.idle(t)
}

func cancel(t *testing.T, f Fixture) {
	target := f.slow(t)
	conn := session(t, target, f.Slow)
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(30*time.Millisecond, cancel)
	defer stop.Stop()
	e := opError(t, conn.Exec(ctx, &load.Call{}))
	if e.Class != bench.ErrorOther || e.Code != f.Code || e.Lost || ctx.Err() == nil {
		t.Errorf("got class %v, code %q, lost %v: %v", e.Class, e.Code, e.Lost, e)
	}
	f.idle(t)
	if err := conn.Prepare(t.Context(), nil); err != nil {
		t.Errorf("the session is unusable after a cancel: %v", err)
	}
}

// idle fails the test if a statement still runs in the database.
func (f Fixture) idle(t *testing.T) {
	t.Helper()
	if f.Running == nil {
		return
	}
	if running := f.Running(t); len(running) > 0 {
		t.Errorf("still running in the database: %q", running)
	}
}

func ended(t *testing.T, f Fixture) {
	conn := session(t, filled(t, f), "INSERT INTO t VALUES (4, 0, 0, '')")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if e := opError(t, conn.Exec(ctx, &load.Call{})); e.Lost || e.Class != bench.ErrorOther {
			t.Errorf("got class %v, lost %v: %v", e.Class, e.Lost, e)
		}
	}
	exec(t, conn, 0) // the first to insert the row
}

func closed(t *testing.T, f Fixture) {
	target := filled(t, f)
	conn := session(t, target, "SELECT id FROM t")
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"exec":     conn.Exec(t.Context(), &load.Call{}),
		"begin":    conn.Begin(t.Context(), ""),
		"commit":   conn.Commit(t.Context()),
		"rollback": conn.Rollback(t.Context()),
		"prepare":  conn.Prepare(t.Context(), nil),
	} {
		if e := opError(t, err); !e.Lost || e.Class != bench.ErrorConnection {
			t.Errorf("%s: got class %v, lost %v: %v", name, e.Class, e.Lost, e)
		}
	}
	if err := conn.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	exec(t, session(t, target, "SELECT id FROM t"), 0)
}

func killed(t *testing.T, f Fixture) {
	target := filled(t, f)
	conn := session(t, target, "SELECT id FROM t")
	f.Kill(t)
	e := opError(t, conn.Exec(t.Context(), &load.Call{}))
	if !e.Lost || e.Class != bench.ErrorConnection {
		t.Errorf("got class %v, lost %v: %v", e.Class, e.Lost, e)
	}
	exec(t, session(t, target, "SELECT id FROM t"), 0)
}

func allocations(t *testing.T, f Fixture) {
	conn := session(t, filled(t, f), "SELECT id, n, f, s FROM t WHERE id = ?")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	call := &load.Call{Args: []bench.Value{{}}, Fetch: "all", Answered: func() {}}
	n := testing.AllocsPerRun(200, func() {
		call.Args[0] = bench.IntValue(call.Args[0].Int%3 + 1)
		if err := conn.Exec(ctx, call); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v allocations a call", n)
	if n > f.Allocs {
		t.Errorf("%v allocations a call, want at most %v", n, f.Allocs)
	}
}

func facts(t *testing.T, f Fixture) {
	facts, err := f.Open(t).Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(facts) == 0 {
		t.Error("no facts")
	}
	seen := map[string]bool{}
	for _, fact := range facts {
		if fact.Source != "target" || fact.Name == "" || fact.Value == "" || seen[fact.Name] {
			t.Errorf("fact %+v", fact)
		}
		seen[fact.Name] = true
	}
}

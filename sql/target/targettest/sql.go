package targettest

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/runtime/load"
)

func values(t *testing.T, f Fixture) {
	conn := session(t, filled(t, f),
		"INSERT INTO t (id, n, f, s) VALUES (?, ?, ?, ?)",
		"SELECT n, f, s FROM t WHERE id = ?")
	for i, row := range [][]bench.Value{
		{bench.IntValue(0), bench.FloatValue(0.1), bench.TextValue("")},
		{bench.IntValue(math.MaxInt64), bench.FloatValue(math.MaxFloat64), bench.TextValue("naïve – 日本 🜚\t\n\\ ' \" $1 ? :x")},
		{bench.IntValue(math.MinInt64), bench.FloatValue(-math.SmallestNonzeroFloat64), bench.TextValue(strings.Repeat("long ", 20_000))},
		{bench.IntValue(-1), {}, {}},
	} {
		id := bench.IntValue(int64(100 + i))
		if call := exec(t, conn, 0, append([]bench.Value{id}, row...)...); call.Rows != 1 || len(call.First) != 0 {
			t.Errorf("insert: %d rows, first %v; want 1 and none", call.Rows, call.First)
		}
		call := exec(t, conn, 1, id)
		if diff := cmp.Diff(row, call.First); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
		if diff := cmp.Diff([]string{"n", "f", "s"}, call.Columns); diff != "" {
			t.Error(diff)
		}
	}
	if call := exec(t, conn, 1, bench.IntValue(-5)); call.Rows != 0 || len(call.First) != 0 {
		t.Errorf("no such row: got %d rows, first %v", call.Rows, call.First)
	}
}

func changes(t *testing.T, f Fixture) {
	conn := session(t, filled(t, f),
		"UPDATE t SET n = n + 1 WHERE id < ?",
		"UPDATE t SET n = n + 1 WHERE id < 3 RETURNING id",
		"CREATE TABLE other (id BIGINT)",
		"DELETE FROM t",
		"SELECT sum(n) AS total FROM t")
	answers := 0
	call := &load.Call{Args: []bench.Value{bench.IntValue(3)}, Fetch: "none", Answered: func() { answers++ }}
	if err := conn.Exec(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if call.Rows != 2 || answers != 1 {
		t.Errorf("update: %d rows, answered %d times; want 2, 1", call.Rows, answers)
	}
	if call := exec(t, conn, 0, bench.IntValue(-1)); call.Rows != 0 {
		t.Errorf("update of nothing: %d rows", call.Rows)
	}
	// However much of the answer is read, the change is complete.
	for fetch, want := range map[string]int64{"first_row": 1, "all": 2, "none": 2} {
		call := &load.Call{Statement: 1, Fetch: fetch}
		if err := conn.Exec(t.Context(), call); err != nil || call.Rows != want {
			t.Errorf("update returning, fetch %s: %d rows, %v; want %d", fetch, call.Rows, err, want)
		}
	}
	total := exec(t, conn, 4)
	if n := number(t, total.First[0]); n != 68 {
		t.Errorf("sum after eight updates of a row = %d, want 68", n)
	}
	if call := exec(t, conn, 2); call.Rows != 0 {
		t.Errorf("create table: %d rows", call.Rows)
	}
	if call := exec(t, conn, 3); call.Rows != 3 {
		t.Errorf("delete: %d rows, want 3", call.Rows)
	}
}

// number reads a whole number, which some databases return as a decimal text.
func number(t *testing.T, v bench.Value) int64 {
	t.Helper()
	if v.Kind == bench.KindText {
		var n int64
		for _, c := range v.Text {
			n = n*10 + int64(c-'0')
		}
		return n
	}
	return v.Int
}

func transactions(t *testing.T, f Fixture) {
	target := filled(t, f)
	conn := session(t, target, "UPDATE t SET n = n + ? WHERE id = 1", "SELECT n FROM t WHERE id = 1")
	reader := session(t, target, "SELECT n FROM t WHERE id = 1")
	seen := func() int64 { return exec(t, reader, 0).First[0].Int }

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(conn.Begin(t.Context(), ""))
	exec(t, conn, 0, bench.IntValue(5))
	if inside, outside := exec(t, conn, 1).First[0].Int, seen(); inside != 15 || outside != 10 {
		t.Errorf("before COMMIT: %d inside, %d outside; want 15, 10", inside, outside)
	}
	must(conn.Commit(t.Context()))
	if n := seen(); n != 15 {
		t.Errorf("after COMMIT: %d, want 15", n)
	}
	must(conn.Begin(t.Context(), strings.ToUpper(f.Conflict)))
	exec(t, conn, 0, bench.IntValue(5))
	must(conn.Rollback(t.Context()))
	if n := seen(); n != 15 {
		t.Errorf("after ROLLBACK: %d, want 15", n)
	}
	if e := opError(t, conn.Begin(t.Context(), "chaos; DROP TABLE t")); !strings.Contains(e.Message, f.Conflict) {
		t.Errorf("unknown isolation: got %v, which does not name %q", e, f.Conflict)
	}
	must(conn.Begin(t.Context(), ""))
	must(conn.Close()) // rolls back
	if n := seen(); n != 15 {
		t.Errorf("after a close: %d, want 15", n)
	}
}

func constraint(t *testing.T, f Fixture) {
	conn := session(t, filled(t, f), "INSERT INTO t (id, n, s) VALUES (?, ?, ?)")
	for _, args := range [][]bench.Value{
		{bench.IntValue(1), bench.IntValue(0), bench.TextValue("hush hush")},
		{bench.IntValue(9), {}, bench.TextValue("hush hush")},
	} {
		e := opError(t, conn.Exec(t.Context(), &load.Call{Args: args}))
		if e.Class != bench.ErrorConstraint || e.Code == "" || e.Lost {
			t.Errorf("got class %v, code %q, lost %v: %v", e.Class, e.Code, e.Lost, e)
		}
		if strings.Contains(e.Message, "hush") || strings.Contains(e.Message, "(1)") {
			t.Errorf("the message holds a value: %v", e)
		}
	}
	exec(t, conn, 0, bench.IntValue(9), bench.IntValue(0), bench.Value{})
}

// Two transactions read a row, then both change it.
func conflict(t *testing.T, f Fixture) {
	target := filled(t, f)
	statements := []string{"SELECT n FROM t WHERE id = 1", "UPDATE t SET n = n + 1 WHERE id = 1"}
	a, b := session(t, target, statements...), session(t, target, statements...)
	for _, conn := range []load.Conn{a, b} {
		if err := conn.Begin(t.Context(), f.Conflict); err != nil {
			t.Fatal(err)
		}
		exec(t, conn, 0)
	}
	exec(t, a, 1)
	if err := a.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := opError(t, b.Exec(t.Context(), &load.Call{Statement: 1}))
	if e.Class != bench.ErrorSerialization || e.Code == "" || e.Lost {
		t.Errorf("got class %v, code %q, lost %v: %v", e.Class, e.Code, e.Lost, e)
	}
	if err := b.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if call := exec(t, b, 1); call.Rows != 1 {
		t.Errorf("the retry changed %d rows, want 1", call.Rows)
	}
	if n := exec(t, b, 0).First[0].Int; n != 12 {
		t.Errorf("n = %d after two updates, want 12", n)
	}
}

func wrong(t *testing.T, f Fixture) {
	target := filled(t, f)
	for _, test := range []struct{ sql, want string }{
		{"SELECT *\nFROM absent", "absent"},
		{"SELECT 1\nFORM t", "line 2, column "},
		{"SELEC 1", "line 1, column 1 (SELEC 1)"},
		{"SELECT 1; SELECT 2", ""},
		{"SELECT 1; SELEC 2", ""},
	} {
		conn := session(t, target)
		e := opError(t, conn.Prepare(t.Context(), []*bench.Statement{Statement(test.sql)}))
		if e.Class != bench.ErrorOther || e.Lost || !strings.Contains(e.Message, test.want) {
			t.Errorf("%q: got class %v, lost %v: %v", test.sql, e.Class, e.Lost, e)
		}
		if err := conn.Prepare(t.Context(), []*bench.Statement{Statement("SELECT 1")}); err != nil {
			t.Errorf("after %q: %v", test.sql, err)
		}
	}
	conn := session(t, target)
	native := Statement("SELECT ?")
	native.Parts, native.Binds = []string{native.Text(func(int) string { return "$1" })}, nil
	if e := opError(t, conn.Prepare(t.Context(), []*bench.Statement{native})); !strings.Contains(e.Message, "1 placeholders for 0 parameters") {
		t.Errorf("a placeholder without a parameter: got %v", e)
	}
}

func script(t *testing.T, f Fixture) {
	target := f.Open(t)
	for _, ok := range []string{"", "  -- nothing\n", ";;", "CREATE TABLE a (id INTEGER);;\n-- x\nINSERT INTO a VALUES (1);INSERT INTO a SELECT id + 1 FROM a\n"} {
		if err := target.Script(t.Context(), ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	if _, rows, err := target.Query(t.Context(), "SELECT id FROM a", 10); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v; want 2", len(rows), err)
	}
	for _, test := range []struct{ sql, want string }{
		{"CREATE TABLE b (id INTEGER);\n\nCRATE TABLE c (id INTEGER);", "line 3, column 1 (CRATE TABLE c (id INTEGER);)"},
		{"SELECT 1;\nINSERT INTO\n  absent VALUES (1)", "absent"},
		{"CREATE TABLE d (id INTEGER PRIMARY KEY);\nINSERT INTO d VALUES (1);\nINSERT INTO d VALUES (1)", "d"},
	} {
		e := opError(t, target.Script(t.Context(), test.sql))
		if !strings.Contains(strings.ToLower(e.Message), strings.ToLower(test.want)) { // names may come back in capitals
			t.Errorf("%q: got %v, want %q in it", test.sql, e, test.want)
		}
	}
}

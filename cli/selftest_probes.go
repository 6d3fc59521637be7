package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
)

// probes are what README lists as not yet proven, each tried in a schema that is thrown away.
var probes = []struct {
	what string
	try  func(ctx context.Context, db database) (outcome, text string)
}{
	{"values", tryValues},
	{"a large result", tryLarge},
	{"abort", tryAbort},
	{"timeout of the server", tryTimeout},
	{"key of a hybrid table", tryKey},
}

// tryValues holds what comes back against what went in.
func tryValues(ctx context.Context, db database) (outcome, text string) {
	for _, v := range []struct {
		sql  string
		want bench.Value
	}{
		{"SELECT 9223372036854775807", bench.IntValue(9223372036854775807)},
		{"SELECT 1.5::NUMBER(10, 2)", bench.TextValue("1.50")},
		{"SELECT 1.23456789012345::FLOAT", bench.FloatValue(1.23456789012345)},
		{"SELECT '2026-01-02'::DATE", bench.TextValue("2026-01-02")},
		{"SELECT '2026-01-02 15:04:05.678901234'::TIMESTAMP_NTZ(9)", bench.TextValue("2026-01-02 15:04:05.678901234")},
		{"SELECT NULL::VARCHAR", bench.Value{}},
	} {
		_, rows, err := db.Query(ctx, v.sql, 1)
		if err != nil {
			return "fail", fmt.Sprintf("%s: %v", v.sql, err)
		}
		if len(rows) != 1 || rows[0][0] != v.want {
			return "fail", fmt.Sprintf("%s gives %v, not %v", v.sql, rows, v.want)
		}
	}
	return "pass", "numbers, floats, dates, times and NULL come as they should"
}

// tryLarge reads an answer that comes in many chunks.
func tryLarge(ctx context.Context, db database) (outcome, text string) {
	const rows = 200_000
	call := &load.Call{Fetch: "all"}
	err := once(ctx, db, "SELECT SEQ4(), RANDSTR(50, RANDOM()) FROM TABLE(GENERATOR(ROWCOUNT => 200000))", call, 30*time.Second)
	if err != nil {
		return "fail", err.Error()
	}
	if call.Rows != rows {
		return "fail", fmt.Sprintf("%s of %s came", count(call.Rows), plural(rows, "row"))
	}
	return "pass", plural(rows, "row") + " came"
}

// tryAbort ends a statement after a second, and looks whether it executes still.
func tryAbort(ctx context.Context, db database) (outcome, text string) {
	const after = time.Second
	began := time.Now()
	err := once(ctx, db, "SELECT SYSTEM$WAIT(30)", &load.Call{}, after)
	took := time.Since(began)
	e, ok := errors.AsType[*bench.OpError](err)
	if !ok || e.Class != bench.ErrorTimeout || e.Lost {
		return "fail", fmt.Sprintf("a statement that was cut off says: %v", err)
	}
	found, _, err := db.(executor).Executing(ctx)
	switch {
	case err != nil:
		return "undetermined", fmt.Sprintf("it came back %s after it was begun, sign-in and all, and what executes cannot be seen: %v", span(took), err)
	case len(found) > 0:
		return "fail", fmt.Sprintf("it came back %s after it was begun, sign-in and all, and executes still: %s", span(took), found[0].ID)
	}
	return "pass", fmt.Sprintf("a statement that was cut off after 1s ended %s after it was begun, sign-in and all, and executes no more", span(took))
}

// tryTimeout has the server end a statement.
func tryTimeout(ctx context.Context, db database) (outcome, text string) {
	err := db.Script(ctx, "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1; SELECT SYSTEM$WAIT(10)")
	return number(err, bench.ErrorTimeout, "000630")
}

// tryKey breaks the primary key of a hybrid table.
func tryKey(ctx context.Context, db database) (outcome, text string) {
	if err := db.Script(ctx, "CREATE HYBRID TABLE bench_keys (id INTEGER NOT NULL PRIMARY KEY); INSERT INTO bench_keys VALUES (1)"); err != nil {
		return "undetermined", fmt.Sprintf("there are no hybrid tables here: %v", err)
	}
	return number(db.Script(ctx, "INSERT INTO bench_keys VALUES (1)"), bench.ErrorConstraint, "200001")
}

// number holds an error against the class and the number that it should have.
func number(err error, class bench.ErrorClass, code string) (outcome, text string) {
	e, ok := errors.AsType[*bench.OpError](err)
	if !ok || e.Class != class || e.Code != code {
		return "fail", fmt.Sprintf("the error should be %s of class %v, and is: %v", code, class, err)
	}
	return "pass", fmt.Sprintf("%s, class %v", code, class)
}

// once runs a statement in a session of its own, as a workload would, and cuts it off after a time.
func once(ctx context.Context, db database, sql string, call *load.Call, after time.Duration) error {
	conn, err := db.Open(ctx, 0, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	if t, ok := conn.(load.Tagger); ok {
		t.Tag(bench.PhaseMeasurement, "selftest")
	}
	if err := conn.Prepare(ctx, []*bench.Statement{{Parts: []string{sql}, Fetch: call.Fetch}}); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	return conn.Exec(limited, call)
}

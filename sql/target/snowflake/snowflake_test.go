package snowflake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/snowflake"
	"bench/sql/target/snowflake/snowtest"
	"bench/sql/target/targettest"
)

// secret is a lookup that takes the reference for the value.
func secret(s bench.Secret) (string, error) { return string(s), nil }

// account is a target on the stand-in.
func account(s *snowtest.Server) bench.Target {
	host, port := s.Address()
	return bench.Target{
		Kind:    "snowflake",
		Options: map[string]string{"account": "acme", "user": "bench", "url": fmt.Sprintf("http://%s:%d", host, port)},
		Secrets: map[string]bench.Secret{"password": "hush"},
	}
}

func open(t testing.TB, d bench.Target) *snowflake.Target {
	t.Helper()
	target, err := snowflake.Open(t.Context(), d, secret, 1, "bench run-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

func connect(t testing.TB, target *snowflake.Target, statements ...string) load.Conn {
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

// opError is err as every error of a statement must be.
func opError(t *testing.T, err error) *bench.OpError {
	t.Helper()
	e, ok := errors.AsType[*bench.OpError](err)
	if !ok {
		t.Fatalf("got %v (%T), want a *bench.OpError", err, err)
	}
	return e
}

// answers responds to statements by their text, and to all others with three rows.
func answers(s *snowtest.Server, by map[string]snowtest.Answer) {
	s.Respond(func(statement snowtest.Statement) snowtest.Answer {
		if a, ok := by[statement.SQL]; ok && !statement.Describe {
			return a
		}
		return snowtest.Numbers(3)
	})
}

// settled checks that a test left nothing behind: no session, no statement, no retry behind the clock's back.
func settled(t *testing.T, s *snowtest.Server) {
	t.Helper()
	counts := s.Counts()
	if s.Open() != 0 || len(s.Running()) != 0 || counts.Retries != 0 || counts.Telemetry != 0 || counts.Other != 0 {
		t.Errorf("%d sessions are open, these run: %v, requests: %+v", s.Open(), s.Running(), counts)
	}
}

func TestContract(t *testing.T) {
	var s *snowtest.Server
	const slow = "SELECT SYSTEM$WAIT(600)"
	targettest.Exercise(t, targettest.Fixture{
		Open: func(t *testing.T) targettest.Target {
			s = snowtest.Start(t)
			answers(s, map[string]snowtest.Answer{slow: {Hang: true}})
			return open(t, account(s))
		},
		Code: "000604",
		Slow: slow,
		Running: func(t *testing.T) []string {
			var texts []string
			for _, statement := range s.Running() {
				texts = append(texts, statement.SQL)
			}
			return texts
		},
		NoSQL:  true,
		Allocs: 1500, // of the driver, of HTTP, and of the stand-in, which is in the same process; some 20 are ours
	})
	if s.Counts().Retries != 0 {
		t.Errorf("%d retries behind the clock's back", s.Counts().Retries)
	}
}

func TestSession(t *testing.T) {
	s := snowtest.Start(t)
	d := account(s)
	d.Options["warehouse"], d.Options["role"], d.Options["database"], d.Options["schema"] = "WH", "TESTER", "DB", "PUBLIC"
	d.Options["statement_timeout"] = "90s"
	d.Session = bench.Session{
		Params: map[string]string{"LOCK_TIMEOUT": "7", "TIMESTAMP_INPUT_FORMAT": `it's \ odd`},
		Init:   []string{"CREATE TEMP TABLE mine (n int); INSERT INTO mine VALUES (7)", "USE SCHEMA x"},
	}
	connect(t, open(t, d)).Close()
	login := s.Logins()[0]
	want := map[string]any{
		"ABORT_DETACHED_QUERY": "true", "CLIENT_TELEMETRY_ENABLED": "false", "GO_QUERY_RESULT_FORMAT": "JSON",
		"QUERY_TAG": `{"app":"bench","run":"run-1"}`, "STATEMENT_TIMEOUT_IN_SECONDS": "90", "TIMEZONE": "UTC", "USE_CACHED_RESULT": "false",
		"CLIENT_VALIDATE_DEFAULT_PARAMETERS": true,
	}
	if diff := cmp.Diff(want, login.Parameters); diff != "" {
		t.Error(diff)
	}
	login.Parameters = nil
	if diff := cmp.Diff(snowtest.Login{Account: "acme", User: "bench", Password: "hush", Role: "TESTER", Warehouse: "WH", Database: "DB", Schema: "PUBLIC"}, login); diff != "" {
		t.Error(diff)
	}
	var sent []string
	for _, e := range s.History()[:5] {
		sent = append(sent, e.SQL)
	}
	if diff := cmp.Diff([]string{
		"ALTER SESSION SET LOCK_TIMEOUT = 7", `ALTER SESSION SET TIMESTAMP_INPUT_FORMAT = 'it''s \\ odd'`,
		"CREATE TEMP TABLE mine (n int)", "INSERT INTO mine VALUES (7)", "USE SCHEMA x",
	}, sent); diff != "" {
		t.Error(diff)
	}
	settled(t, s)

	s.Respond(func(statement snowtest.Statement) snowtest.Answer {
		if strings.Contains(statement.SQL, "WRONG") {
			return snowtest.Error(1006, "22023", "SQL compilation error:\ninvalid parameter 'WRONG'")
		}
		return snowtest.Answer{}
	})
	for want, session := range map[string]bench.Session{
		"session parameter WRONG: SQL compilation error: invalid parameter 'WRONG'":                                     {Params: map[string]string{"WRONG": "1"}},
		`session parameter "A = 1; DROP": that is no name of a parameter`:                                               {Params: map[string]string{"A = 1; DROP": "1"}},
		"init statement 2 of the session: statement 2 of the script, at line 1, column 11 (SELECT 2; USE WRONG): SQL c": {Init: []string{"SELECT 1", "SELECT 2; USE WRONG"}},
	} {
		d.Session = session
		if _, err := snowflake.Open(t.Context(), d, secret, 1, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	settled(t, s)
}

func TestTags(t *testing.T) {
	s := snowtest.Start(t)
	conn := connect(t, open(t, account(s)), "SELECT 1", "UPDATE t SET a = 1")
	tagger := conn.(load.Tagger)
	tagger.Tag(bench.PhaseWarmup, "look \"up\"")
	if err := errors.Join(conn.Begin(t.Context(), ""), conn.Exec(t.Context(), &load.Call{}), conn.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
	tagger.Tag(bench.PhaseMeasurement, "change")
	call := &load.Call{Statement: 1}
	if err := conn.Exec(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	history := s.History()
	for i, want := range []string{"BEGIN", "SELECT 1", "COMMIT"} {
		if e := history[i]; e.SQL != want || e.Tag != `{"app":"bench","run":"run-1","phase":"WARMUP","workload":"look \"up\""}` {
			t.Errorf("statement %d: %s with tag %s", i, e.SQL, e.Tag)
		}
	}
	if last := history[3]; last.Tag != `{"app":"bench","run":"run-1","phase":"MEASUREMENT","workload":"change"}` || last.QueryID != call.QueryID || call.QueryID == "" {
		t.Errorf("tag %s, query id %q, of the call %q", last.Tag, last.QueryID, call.QueryID)
	}
}

func TestStatementsAreDescribedOnce(t *testing.T) {
	s := snowtest.Start(t)
	s.Respond(func(statement snowtest.Statement) snowtest.Answer {
		switch {
		case strings.HasPrefix(statement.SQL, "SELECT absent"):
			return snowtest.Error(904, "42000", "SQL compilation error: error line 2 at position 3\ninvalid identifier 'ABSENT'")
		case strings.HasPrefix(statement.SQL, "SELECT TO_DATE"):
			return snowtest.Error(1026, "22023", "the format argument is no string")
		}
		return snowtest.Answer{}
	})
	target := open(t, account(s))
	for range 3 {
		connect(t, target, "SELECT 1", "INSERT INTO t VALUES (?)", "CREATE TABLE t (a int)", "SELECT TO_DATE(a, ?)")
	}
	if counts := s.Counts(); counts.Describes != 3 || counts.Statements != 0 {
		t.Errorf("described %d statements and ran %d, want 3 and 0", counts.Describes, counts.Statements)
	}
	conn := connect(t, target)
	for sql, want := range map[string]string{
		"SELECT absent,\n  b FROM t": "SQL compilation error: error invalid identifier 'ABSENT' at line 2, column 4 (b FROM t)",
		"SELECT 1; SELECT 2":         "the text has 2 statements",
		"-- nothing":                 "the text has 0 statements",
	} {
		if e := opError(t, conn.Prepare(t.Context(), []*bench.Statement{targettest.Statement(sql)})); !strings.Contains(e.Message, want) || e.Lost {
			t.Errorf("%q: got %v, want %q", sql, e, want)
		}
	}
	bare := &bench.Statement{Parts: []string{"SELECT ?, '?' -- ?"}}
	if e := opError(t, conn.Prepare(t.Context(), []*bench.Statement{bare})); !strings.Contains(e.Message, "1 placeholders for 0 parameters") {
		t.Errorf("a placeholder without a parameter: got %v", e)
	}
}

func TestValues(t *testing.T) {
	s := snowtest.Start(t)
	fixed := func(name string, scale int) snowtest.Column {
		return snowtest.Column{Name: name, Type: "fixed", Precision: 38, Scale: scale}
	}
	columns := []snowtest.Column{
		fixed("N", 0), fixed("BIG", 0), fixed("Money", 2), {Name: "F", Type: "real"}, {Name: "S_1", Type: "text"}, {Name: "B", Type: "boolean"},
		{Name: "D", Type: "date"}, {Name: "T", Type: "time"}, {Name: "TS", Type: "timestamp_ntz"}, {Name: "LTZ", Type: "timestamp_ltz"},
		{Name: "TZ", Type: "timestamp_tz"}, {Name: "X", Type: "binary"}, {Name: "V", Type: "variant"}, {Name: "NONE", Type: "text"},
	}
	row := []any{
		"-9223372036854775808", "12345678901234567890123", "1.50", "1.23456789012345e-300", "naïve", "true",
		"20455", "45296.789000000", "1767366245.678901234", "1767366245.678901234", "1767366245.000000000 1560", "c3bc", `{"a":1}`, nil,
	}
	answers(s, map[string]snowtest.Answer{"SELECT everything": {Columns: columns, Rows: [][]any{row}}})
	names, rows, err := open(t, account(s)).Query(t.Context(), "SELECT everything", 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []bench.Value{
		bench.IntValue(math.MinInt64), bench.TextValue("12345678901234567890123"), bench.TextValue("1.50"), bench.FloatValue(1.23456789012345e-300),
		bench.TextValue("naïve"), bench.TextValue("true"), bench.TextValue("2026-01-02"), bench.TextValue("12:34:56.789"),
		bench.TextValue("2026-01-02 15:04:05.678901234"), bench.TextValue("2026-01-02 15:04:05.678901234 +0000"),
		bench.TextValue("2026-01-02 17:04:05 +0200"), bench.TextValue("C3BC"), bench.TextValue(`{"a":1}`), {},
	}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"n", "big", "Money", "f", "s_1", "b", "d", "t", "ts", "ltz", "tz", "x", "v", "none"}, names); diff != "" {
		t.Error(diff)
	}
}

// Floats go out with every digit, and nothing but numbers and texts does.
func TestBinds(t *testing.T) {
	s := snowtest.Start(t)
	conn := connect(t, open(t, account(s)), "INSERT INTO t VALUES (?, ?, ?, ?)")
	args := []bench.Value{bench.IntValue(math.MinInt64), bench.FloatValue(1.23456789012345), bench.TextValue("'?;--"), {}}
	if err := conn.Exec(t.Context(), &load.Call{Args: args}); err != nil {
		t.Fatal(err)
	}
	got := s.History()[0].Args
	want := []snowtest.Arg{
		{Type: "FIXED", Value: new("-9223372036854775808")}, {Type: "TEXT", Value: new("1.23456789012345")}, {Type: "TEXT", Value: new("'?;--")}, {Type: "TEXT"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRowsChanged(t *testing.T) {
	s := snowtest.Start(t)
	answers(s, map[string]snowtest.Answer{"MERGE INTO t": {Changed: 12}, "CREATE TABLE t (a int)": {}})
	conn := connect(t, open(t, account(s)), "MERGE INTO t", "CREATE TABLE t (a int)")
	for i, want := range []int64{12, 0} {
		call := &load.Call{Statement: i}
		if err := conn.Exec(t.Context(), call); err != nil || call.Rows != want || call.QueryID == "" {
			t.Errorf("statement %d: %d rows, query id %q, %v; want %d", i, call.Rows, call.QueryID, err, want)
		}
	}
}

func TestClasses(t *testing.T) {
	s := snowtest.Start(t)
	target := open(t, account(s))
	for _, test := range []struct {
		answer  snowtest.Answer
		class   bench.ErrorClass
		code    string
		lost    bool
		message string
	}{
		{snowtest.Error(625, "57014", "Statement has locked table 'T', the number of waiters exceeds the 20 statements limit."), bench.ErrorSerialization, "000625", false, "20 statements"},
		{snowtest.Error(630, "57014", "Statement reached its statement or warehouse timeout of 2 second(s) and was canceled."), bench.ErrorTimeout, "000630", false, "timeout of 2"},
		{snowtest.Error(604, "57014", "SQL execution canceled"), bench.ErrorOther, "000604", false, "canceled"},
		{snowtest.Error(90073, "57014", "Warehouse 'WH' cannot be resumed because resource monitor 'RM' has exceeded its quota."), bench.ErrorOther, "090073", false, "resource monitor"},
		{snowtest.Error(2003, "42S02", "SQL compilation error:\nObject 'T' does not exist or not authorized."), bench.ErrorOther, "002003", false, "error: Object 'T'"},
		{snowtest.Error(100038, "22018", "Numeric value 'hush' is not recognized"), bench.ErrorOther, "100038", false, "Numeric value '…' is"},
		{snowtest.Error(100090, "42P18", "Duplicate row detected during DML action\nRow Values: [1, \"hush\"]"), bench.ErrorOther, "100090", false, "Duplicate row"},
		{snowtest.Error(100072, "22000", "NULL result in a non-nullable column"), bench.ErrorConstraint, "100072", false, "NULL result"},
		{snowtest.Error(200001, "22000", "A primary key already exists. [hush]"), bench.ErrorConstraint, "200001", false, "primary key"},
		{snowtest.Error(1, "40001", "deadlock"), bench.ErrorSerialization, "000001", false, ""},
		{snowtest.Error(snowtest.SessionGone, "08001", "Session no longer exists."), bench.ErrorConnection, "390111", true, "no longer exists"},
		{snowtest.Error(snowtest.MasterTokenExpired, "08001", "Authentication token has expired."), bench.ErrorConnection, "390114", true, "expired"},
		{snowtest.Answer{Lose: true}, bench.ErrorConnection, "390111", true, ""},
		{snowtest.Answer{Status: http.StatusTooManyRequests}, bench.ErrorSerialization, "429", false, "busy"},
		{snowtest.Answer{Status: http.StatusServiceUnavailable}, bench.ErrorSerialization, "503", false, "busy"},
		{snowtest.Answer{Status: http.StatusInternalServerError}, bench.ErrorConnection, "500", true, "HTTP 500"},
		{snowtest.Answer{Status: http.StatusForbidden}, bench.ErrorConnection, "261000", true, "403"},
	} {
		answers(s, map[string]snowtest.Answer{"SELECT ?": test.answer, "COMMIT": test.answer})
		conn := connect(t, target, "SELECT ?")
		call := &load.Call{Args: []bench.Value{bench.TextValue("hush")}}
		e := opError(t, conn.Exec(t.Context(), call))
		if e.Class != test.class || e.Code != test.code || e.Lost != test.lost || !strings.Contains(e.Message, test.message) {
			t.Errorf("%+v: got class %v, code %q, lost %v: %v", test.answer, e.Class, e.Code, e.Lost, e)
		}
		if strings.Contains(e.Message, "hush") || strings.Contains(e.Message, "\n") {
			t.Errorf("the message holds a value, or is more than a line: %v", e)
		}
		if (call.QueryID == "") != (test.answer.Status != 0) {
			t.Errorf("%+v: query id %q", test.answer, call.QueryID)
		}
		conn.Close()
		conn = connect(t, target)
		if e := opError(t, conn.Commit(t.Context())); e.Lost != (test.lost || test.answer.Status == 503) {
			t.Errorf("COMMIT, %+v: lost %v", test.answer, e.Lost)
		}
		conn.Close()
	}
	settled(t, s)
}

// What is cut off does not come to the caller before Snowflake has taken the abort, and for no longer than five seconds.
func TestAborts(t *testing.T) {
	t.Parallel() // it waits for five real seconds
	s := snowtest.Start(t)
	answers(s, map[string]snowtest.Answer{"SELECT slow": {Hang: true}})
	target := open(t, account(s))
	conn := connect(t, target, "SELECT slow")
	s.SetAbort(300 * time.Millisecond)
	run := func() (*bench.OpError, time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		start := time.Now()
		return opError(t, conn.Exec(ctx, &load.Call{})), time.Since(start)
	}
	if e, took := run(); e.Class != bench.ErrorTimeout || e.Lost || took < 300*time.Millisecond {
		t.Errorf("got %v, lost %v, after %v", e, e.Lost, took)
	}
	if running := s.Running(); len(running) > 0 {
		t.Errorf("still running: %v", running)
	}
	s.SetAbort(time.Hour)
	e, took := run()
	if e.Class != bench.ErrorTimeout || !e.Lost || !strings.Contains(e.Message, "did not confirm") || took < 5*time.Second {
		t.Errorf("an abort that hangs: got %v, lost %v, after %v", e, e.Lost, took)
	}
	conn.Close()
	for s.Open() > 0 || len(s.Running()) > 0 {
		time.Sleep(time.Millisecond) // the session ends, and its statement with it
	}
}

func TestLogins(t *testing.T) {
	s := snowtest.Start(t)
	target := open(t, account(s))
	refusals := 0
	s.Refuse(func(snowtest.Login) *snowtest.Answer {
		if refusals++; refusals == 1 {
			return &snowtest.Answer{Status: http.StatusServiceUnavailable}
		}
		return nil
	})
	connect(t, target).Close() // at the second try

	s.Refuse(func(snowtest.Login) *snowtest.Answer {
		return new(snowtest.Error(390100, "08001", "Incorrect username or password was specified."))
	})
	_, err := target.Open(t.Context(), 0, nil)
	if e := opError(t, err); e.Class != bench.ErrorConnection || e.Code != "390100" || !strings.Contains(e.Message, `does not let user "bench" in: Incorrect username`) || strings.Contains(e.Message, "hush") {
		t.Errorf("a wrong password: %v", e)
	}

	// A login whose caller has left is taken back when it comes.
	entered, leave := make(chan struct{}), make(chan struct{})
	s.Refuse(func(snowtest.Login) *snowtest.Answer {
		close(entered)
		<-leave
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	_, err = target.Open(ctx, 0, nil)
	if e := opError(t, err); !strings.Contains(e.Message, "did not answer in time") {
		t.Errorf("a slow login: %v", e)
	}
	close(leave)
	target.Close()
	settled(t, s)
}

func TestWarehouse(t *testing.T) {
	s := snowtest.Start(t)
	columns := []snowtest.Column{}
	for _, name := range []string{"name", "state", "type", "size", "min_cluster_count", "max_cluster_count", "scaling_policy"} {
		columns = append(columns, snowtest.Column{Name: name, Type: "text"})
	}
	answers(s, map[string]snowtest.Answer{
		`SHOW WAREHOUSES LIKE 'MY\\_WH'`: {Columns: columns, Rows: [][]any{
			{"MYxWH", "SUSPENDED", "STANDARD", "Large", "1", "1", "ECONOMY"}, {"MY_WH", "STARTED", "STANDARD", "2X-Large", "1", "4", "STANDARD"},
		}},
		"SELECT CURRENT_WAREHOUSE()": {Columns: columns[:1], Rows: [][]any{{"MY_WH"}}},
		"SELECT CURRENT_VERSION()":   {Columns: columns[:1], Rows: [][]any{{"9.30.1"}}},
	})
	d := account(s)
	d.Options["warehouse"] = "MY_WH"
	for _, test := range []struct{ size, clusters, scaling, want string }{
		{"2xlarge", "4", "standard", ""},
		{"X2LARGE", "", "", ""},
		{"XXLARGE", "", "", ""},
		{"xlarge", "", "", "size is 2XLARGE, the spec requires XLARGE"},
		{"XSMALL", "2", "ECONOMY", "warehouse MY_WH is not what the spec requires: size is 2XLARGE, the spec requires XSMALL; clusters is 4, the spec requires 2; scaling is STANDARD, the spec requires ECONOMY"},
		{"HUGE", "", "", `size = "HUGE" must be one of XSMALL`},
		{"", "many", "", `clusters = "many" must be a whole number`},
		{"", "", "FAST", `"FAST" must be one of STANDARD, ECONOMY`},
	} {
		for name, v := range map[string]string{"require_size": test.size, "require_clusters": test.clusters, "require_scaling": test.scaling} {
			if delete(d.Options, name); v != "" {
				d.Options[name] = v
			}
		}
		target, err := snowflake.Open(t.Context(), d, secret, 1, "")
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v", test, err)
		}
		if err == nil {
			target.Close()
		}
	}
	for _, name := range []string{"require_clusters", "require_scaling"} {
		delete(d.Options, name)
	}
	d.Options["require_size"], d.Options["warehouse"] = "SMALL", "OTHER"
	if _, err := snowflake.Open(t.Context(), d, secret, 1, ""); err == nil || !strings.Contains(err.Error(), "there is no warehouse OTHER") {
		t.Errorf("a warehouse that is not there: %v", err)
	}
	delete(d.Options, "warehouse")
	if _, err := snowflake.Open(t.Context(), d, secret, 1, ""); err == nil || !strings.Contains(err.Error(), "there is no warehouse: write") {
		t.Errorf("no warehouse: %v", err)
	}
	delete(d.Options, "require_size")
	facts, err := open(t, d).Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range facts {
		got[f.Name] = f.Value
	}
	for name, want := range map[string]string{"version": "9.30.1", "warehouse_state": "STARTED", "warehouse_size": "2X-Large", "use_cached_result": "false"} {
		if got[name] != want {
			t.Errorf("fact %s is %q, want %q", name, got[name], want)
		}
	}
}

func TestScript(t *testing.T) {
	s := snowtest.Start(t)
	s.Respond(func(statement snowtest.Statement) snowtest.Answer {
		switch statement.SQL {
		case "CRATE TABLE c (id INTEGER)":
			return snowtest.Error(1003, "42000", "SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'CRATE'.")
		case "INSERT INTO d VALUES (1)":
			return snowtest.Error(200001, "22000", "A primary key already exists.")
		}
		return snowtest.Answer{}
	})
	target := open(t, account(s))
	const ok = ";;CREATE TABLE a (s TEXT DEFAULT ';');; -- x;\n/* ; */INSERT INTO a VALUES ('it''s;\\';'), (\"x;\");EXECUTE IMMEDIATE $$ BEGIN a; b; END $$ // last;\n"
	if err := target.Script(t.Context(), ok); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, e := range s.History() {
		sent = append(sent, e.SQL)
	}
	if diff := cmp.Diff([]string{
		"CREATE TABLE a (s TEXT DEFAULT ';')", "INSERT INTO a VALUES ('it''s;\\';'), (\"x;\")", "EXECUTE IMMEDIATE $$ BEGIN a; b; END $$",
	}, sent); diff != "" {
		t.Error(diff)
	}
	for sql, want := range map[string]string{
		"CREATE TABLE b (id INTEGER);\n\nCRATE TABLE c (id INTEGER);":      "syntax error unexpected 'CRATE' at line 3, column 1 (CRATE TABLE c (id INTEGER);)",
		"CREATE TABLE d (id INTEGER);\nINSERT INTO d VALUES (1); SELECT 1": "statement 2 of the script, at line 2, column 1 (INSERT INTO d VALUES (1); SELECT 1): A primary key already exists.",
	} {
		if e := opError(t, target.Script(t.Context(), sql)); !strings.Contains(e.Message, want) {
			t.Errorf("%q: got %v, want %q in it", sql, e, want)
		}
	}
	settled(t, s)
}

// The driver would load a library of its own into every process that it is linked into, unless what stops it comes first.
func TestQuietComesBeforeTheDriver(t *testing.T) {
	self := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	self.Env = append(self.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	self.Stderr = &trace
	if err := self.Run(); err != nil {
		t.Fatal(err)
	}
	quiet := strings.Index(trace.String(), "init bench/sql/account/quiet ")
	driver := strings.Index(trace.String(), "init github.com/snowflakedb/gosnowflake/v2 ")
	if quiet < 0 || driver < quiet {
		t.Errorf("quiet is initialized at %d, the driver at %d of\n%s", quiet, driver, trace.String())
	}
}

func TestOpenErrors(t *testing.T) {
	for name, test := range map[string]struct {
		target bench.Target
		want   string
	}{
		"down":    {bench.Target{Kind: "snowflake", Options: map[string]string{"account": "a", "user": "u", "url": "http://127.0.0.1:1"}, Secrets: map[string]bench.Secret{"password": "hush"}}, "Snowflake at 127.0.0.1:1 cannot be reached: connect: connection refused"},
		"url":     {bench.Target{Kind: "snowflake", Options: map[string]string{"account": "a", "user": "u", "url": "https://u:hush@x"}, Secrets: map[string]bench.Secret{"password": "hush"}}, "url must be that of an account"},
		"option":  {bench.Target{Kind: "snowflake", Options: map[string]string{"path": "x"}}, `no option "path"`},
		"timeout": {bench.Target{Kind: "snowflake", Options: map[string]string{"account": "a", "user": "u", "statement_timeout": "3"}, Secrets: map[string]bench.Secret{"password": "hush"}}, `statement_timeout = "3" must be a duration`},
	} {
		_, err := snowflake.Open(t.Context(), test.target, secret, 1, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: the error holds the password or is more than a line: %v", name, err)
		}
	}
}

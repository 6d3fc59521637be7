package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/postgres"
	"bench/sql/target/postgres/pgtest"
	"bench/sql/target/targettest"
)

// secret is a lookup that takes the reference for the value.
func secret(s bench.Secret) (string, error) { return string(s), nil }

func database(dsn string) bench.Target {
	return bench.Target{Kind: "postgres", Secrets: map[string]bench.Secret{"dsn": bench.Secret(dsn)}}
}

func open(t testing.TB, d bench.Target) *postgres.Target {
	t.Helper()
	target, err := postgres.Open(t.Context(), d, secret, 1, "bench run-1")
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func connect(t testing.TB, target *postgres.Target, statements ...string) load.Conn {
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

// ask runs one statement as an onlooker and returns the first column.
func ask(t *testing.T, dsn, sql string) []string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	answer := conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
	if answer.Err != nil {
		t.Fatal(answer.Err)
	}
	var column []string
	for _, row := range answer.Rows {
		column = append(column, string(row[0]))
	}
	return column
}

const others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"

func TestContract(t *testing.T) {
	var dsn string
	targettest.Exercise(t, targettest.Fixture{
		Open: func(t *testing.T) targettest.Target {
			dsn = pgtest.Start(t)
			return open(t, database(dsn))
		},
		Code:     "57014",
		Slow:     "SELECT pg_sleep(600)",
		Running:  func(t *testing.T) []string { return ask(t, dsn, "SELECT query "+others+" AND state <> 'idle'") },
		Kill:     func(t *testing.T) { ask(t, dsn, "SELECT pg_terminate_backend(pid, 5000) "+others) },
		Conflict: "repeatable read",
		Allocs:   2,
	})
}

func TestSession(t *testing.T) {
	dsn := pgtest.Start(t)
	d := database(dsn)
	d.Session = bench.Session{
		Params: map[string]string{"work_mem": "7MB", "search_path": `"odd '; name", public`},
		Init:   []string{"CREATE TEMP TABLE mine (n int); INSERT INTO mine VALUES (7)", "SET lock_timeout = '3s'"},
	}
	target := open(t, d)
	for sql, want := range map[string]bench.Value{
		"SHOW work_mem":         bench.TextValue("7MB"),
		"SHOW search_path":      bench.TextValue(`"odd '; name", public`),
		"SHOW lock_timeout":     bench.TextValue("3s"),
		"SHOW application_name": bench.TextValue("bench run-1"),
		"SELECT n FROM mine":    bench.IntValue(7),
	} {
		_, rows, err := target.Query(t.Context(), sql, 1)
		if err != nil || rows[0][0] != want {
			t.Errorf("%s: %v, %v; want %v", sql, rows, err, want)
		}
	}
	conn := connect(t, target)
	if names := ask(t, dsn, "SELECT application_name "+others); !slices.Contains(names, "bench run-1") {
		t.Errorf("sessions on the server: %q, want one named after the run", names)
	}
	conn.Close()

	for want, session := range map[string]bench.Session{
		`session parameter wrok_mem: unrecognized configuration parameter "wrok_mem"`: {Params: map[string]string{"wrok_mem": "1MB"}},
		`init statement 2 of the session: syntax error at or near "SELEC" at line 1`:  {Init: []string{"SELECT 1", "SELEC 1"}},
	} {
		d.Session = session
		if _, err := postgres.Open(t.Context(), d, secret, 1, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestValues(t *testing.T) {
	target := open(t, database(pgtest.Start(t)))
	_, rows, err := target.Query(t.Context(), `SELECT 1::smallint, 2::int, 3::bigint, 4::oid, 0.5::real, 'NaN'::float8, 1.50::numeric, true,
		'2026-01-02'::date, '\xc3bc'::bytea, NULL::int, ''`, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []bench.Value{
		bench.IntValue(1), bench.IntValue(2), bench.IntValue(3), bench.IntValue(4), bench.FloatValue(0.5), {}, bench.TextValue("1.50"), bench.TextValue("t"),
		bench.TextValue("2026-01-02"), bench.TextValue(`\xc3bc`), {}, bench.TextValue(""),
	}
	for i, got := range rows[0] {
		if i == 5 && got.Kind == bench.KindFloat && math.IsNaN(got.Float) {
			continue
		}
		if got != want[i] {
			t.Errorf("column %d: got %+v, want %+v", i, got, want[i])
		}
	}
}

func TestClasses(t *testing.T) {
	dsn := pgtest.Start(t)
	target := open(t, database(dsn))
	if err := target.Script(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES t, c int CHECK (c > 0)); INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	holder := connect(t, target, "SELECT * FROM t FOR UPDATE")
	if err := holder.Begin(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := holder.Exec(t.Context(), &load.Call{}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		set, sql string
		class    bench.ErrorClass
		code     string
		lost     bool
		message  string
	}{
		{"", "INSERT INTO t VALUES (2, 99)", bench.ErrorConstraint, "23503", false, "foreign key"},
		{"", "INSERT INTO t VALUES (2, NULL, -7)", bench.ErrorConstraint, "23514", false, "check constraint"},
		{"SET statement_timeout = '20ms'", "SELECT pg_sleep(60)", bench.ErrorTimeout, "57014", false, "statement timeout"},
		{"SET lock_timeout = '20ms'", "UPDATE t SET c = 1", bench.ErrorTimeout, "55P03", false, "lock timeout"},
		{"", "SELECT * FROM t FOR UPDATE NOWAIT", bench.ErrorTimeout, "55P03", false, "could not obtain lock"},
		{"", "SELECT pg_cancel_backend(pg_backend_pid())", bench.ErrorOther, "57014", false, "user request"},
		{"", "SELECT pg_terminate_backend(pg_backend_pid())", bench.ErrorConnection, "57P01", true, "terminating connection"},
		{"SET idle_in_transaction_session_timeout = '10ms'; BEGIN", "SELECT pg_sleep(0.1)", bench.ErrorConnection, "", true, ""},
		{"", "SELECT ('hush'||n)::int FROM (VALUES (1)) AS v(n)", bench.ErrorOther, "22P02", false, `type integer: "…"`},
		{"", "SELECT 1 / (n - 1) FROM (VALUES (1)) AS v(n)", bench.ErrorOther, "22012", false, "division by zero"},
	} {
		conn := connect(t, target, test.sql)
		for i, sql := range slices.DeleteFunc(strings.Split(test.set, "; "), func(s string) bool { return s == "" }) {
			err := conn.Prepare(t.Context(), []*bench.Statement{targettest.Statement(sql)})
			if err := errors.Join(err, conn.Exec(t.Context(), &load.Call{Statement: i + 1})); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(test.set, "SET idle") {
			for len(ask(t, dsn, "SELECT 1 "+others+" AND state = 'idle in transaction'")) > 1 {
				time.Sleep(time.Millisecond) // until only holder is left
			}
		}
		e := opError(t, conn.Exec(t.Context(), &load.Call{}))
		if e.Class != test.class || test.code != "" && e.Code != test.code || e.Lost != test.lost || !strings.Contains(e.Message, test.message) {
			t.Errorf("%s: got class %v, code %q, lost %v: %v", test.sql, e.Class, e.Code, e.Lost, e)
		}
		if strings.Contains(e.Message, "hush") {
			t.Errorf("%s: the message holds a value: %v", test.sql, e)
		}
	}
}

func TestDeadlock(t *testing.T) {
	dsn := pgtest.Start(t)
	d := database(dsn)
	d.Session.Params = map[string]string{"deadlock_timeout": "10ms"}
	target := open(t, d)
	if err := target.Script(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)"); err != nil {
		t.Fatal(err)
	}
	const update = "UPDATE t SET n = n + 1 WHERE id = ?"
	a, b := connect(t, target, update), connect(t, target, update)
	change := func(conn load.Conn, id int64) error {
		return conn.Exec(t.Context(), &load.Call{Args: []bench.Value{bench.IntValue(id)}})
	}
	for i, conn := range []load.Conn{a, b} {
		if err := errors.Join(conn.Begin(t.Context(), ""), change(conn, int64(i)+1)); err != nil {
			t.Fatal(err)
		}
	}
	failed := make(chan error, 1)
	go func() {
		err := change(a, 2)
		a.Rollback(t.Context())
		failed <- err
	}()
	err := change(b, 1)
	b.Rollback(t.Context())
	if other := <-failed; err == nil {
		err = other
	}
	if e := opError(t, err); e.Class != bench.ErrorSerialization || e.Code != "40P01" {
		t.Errorf("got class %v, code %q: %v", e.Class, e.Code, e)
	}
}

func TestCommitOfAFailedTransaction(t *testing.T) {
	conn := connect(t, open(t, database(pgtest.Start(t))), "SELECT 1 / ?")
	if err := conn.Begin(t.Context(), "serializable"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Exec(t.Context(), &load.Call{Args: []bench.Value{bench.IntValue(0)}}); err == nil {
		t.Fatal("divided by zero")
	}
	if e := opError(t, conn.Commit(t.Context())); e.Code != "25P02" || e.Lost {
		t.Errorf("got %v, want 25P02", e)
	}
}

// A cancel request that is late must not hit the statement after the one that it was meant for. The timeout follows the
// statement's time, up when it was too short and down when it was too long, so about half of the statements are cancelled
// just when they end, on any machine.
func TestCancelHitsNothingElse(t *testing.T) {
	conn := connect(t, open(t, database(pgtest.Start(t))), "SELECT pg_sleep(0.002)", "SELECT 1")
	const tries = 200
	timeout, timeouts := 2*time.Millisecond, 0
	for range tries {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		err := conn.Exec(ctx, &load.Call{})
		cancel()
		if err == nil {
			timeout -= timeout / 20
		} else {
			timeout += timeout / 20
			timeouts++
			if e := opError(t, err); e.Class != bench.ErrorTimeout || e.Lost {
				t.Fatalf("got class %v, lost %v: %v", e.Class, e.Lost, e)
			}
		}
		if err := conn.Exec(t.Context(), &load.Call{Statement: 1}); err != nil {
			t.Fatalf("after %d timeouts: %v", timeouts, err)
		}
	}
	t.Logf("%d of %d timed out", timeouts, tries)
	if timeouts < tries/10 || timeouts > tries*9/10 {
		t.Errorf("%d of %d timed out, so little was tested", timeouts, tries)
	}
}

func TestServerGoesAwayAndComesBack(t *testing.T) {
	server := pgtest.StartServer(t)
	target := open(t, database(server.DSN))
	conn := connect(t, target, "SELECT pg_sleep(?)")

	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for len(ask(t, server.DSN, "SELECT 1 "+others+" AND state = 'active'")) == 0 {
			time.Sleep(time.Millisecond)
		}
		server.Stop()
	}()
	e := opError(t, conn.Exec(t.Context(), &load.Call{Args: []bench.Value{bench.IntValue(600)}}))
	if e.Class != bench.ErrorConnection || !e.Lost {
		t.Errorf("the server crashed: got class %v, lost %v: %v", e.Class, e.Lost, e)
	}
	<-stopped
	if e := opError(t, conn.Begin(t.Context(), "")); !e.Lost {
		t.Errorf("the session is gone: got %v", e)
	}
	_, err := target.Open(t.Context(), 0, nil)
	if e := opError(t, err); e.Class != bench.ErrorConnection || !strings.Contains(e.Message, "cannot be reached: connect: connection refused") {
		t.Errorf("the server is down: got %v", e)
	}

	server.Restart()
	again := connect(t, target, "SELECT ?::int")
	if err := again.Exec(t.Context(), &load.Call{Args: []bench.Value{bench.IntValue(1)}}); err != nil {
		t.Error(err)
	}
}

// A server that takes the connection and then says nothing.
func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = postgres.Open(ctx, database(fmt.Sprintf("postgres://u:hush@%s/d?sslmode=disable", listener.Addr())), secret, 1, "")
	if e := opError(t, err); e.Class != bench.ErrorConnection || !strings.Contains(e.Message, "did not answer in time") {
		t.Errorf("got %v", e)
	}
}

func TestOpenErrors(t *testing.T) {
	dsn := pgtest.Start(t)
	if err := open(t, database(dsn)).Script(t.Context(), "DROP ROLE IF EXISTS alice; CREATE ROLE alice LOGIN PASSWORD 'right'"); err != nil {
		t.Fatal(err)
	}
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	at := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	alice := func(password, database string) bench.Target {
		return bench.Target{
			Kind:    "postgres",
			Options: map[string]string{"host": config.Host, "port": fmt.Sprint(config.Port), "user": "alice", "database": database, "sslmode": "disable"},
			Secrets: map[string]bench.Secret{"password": bench.Secret(password)},
		}
	}
	open(t, alice("right", config.Database))

	for name, test := range map[string]struct {
		target bench.Target
		want   string
	}{
		"password": {alice("hush", config.Database), "PostgreSQL at " + at + ` does not let user "alice" into database "` + config.Database + `": password authentication failed for user "alice" (28P01)`},
		"database": {alice("right", "absent"), `database "absent" does not exist (3D000)`},
		"down":     {database("postgres://u:hush@127.0.0.1:1/d"), "PostgreSQL at 127.0.0.1:1 cannot be reached: connect: connection refused"},
		"url":      {database("postgres://u:hush@[::1/d"), "dsn cannot be read: write postgres://"},
		"port":     {database("postgres://a@u:hu:sh@host/d"), "dsn cannot be read: write postgres://"},
		"words":    {database("host=x password='hush"), "dsn cannot be read: write postgres://"},
		"file":     {database("postgres://u:hush@localhost/d?sslmode=verify-full&sslrootcert=/absent.pem"), "/absent.pem"},
		"both":     {bench.Target{Kind: "postgres", Options: map[string]string{"host": "h"}, Secrets: map[string]bench.Secret{"dsn": "x"}}, "both dsn and host"},
		"sslmode":  {bench.Target{Kind: "postgres", Options: map[string]string{"host": "h", "sslmode": "maybe"}}, "sslmode"},
		"option":   {bench.Target{Kind: "postgres", Options: map[string]string{"path": "x"}}, `no option "path"`},
	} {
		_, err := postgres.Open(t.Context(), test.target, secret, 1, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "sh@") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: the error holds the password or is more than a line: %v", name, err)
		}
	}

	_, err = postgres.Open(t.Context(), database("env:ABSENT"), func(bench.Secret) (string, error) { return "", errors.New("ABSENT is not set") }, 1, "")
	if err == nil || !strings.Contains(err.Error(), "dsn: ABSENT is not set") {
		t.Errorf("a secret that does not resolve: got %v", err)
	}
}

func TestScriptPlaces(t *testing.T) {
	target := open(t, database(pgtest.Start(t)))
	for sql, want := range map[string]string{
		"SELECT 'ü';\nSELECT *\n  FROM absent;":                                                 `relation "absent" does not exist at line 3, column 8 (FROM absent;)`,
		"CREATE TABLE d (id int PRIMARY KEY);INSERT INTO d VALUES (1);INSERT INTO d VALUES (1)": "statement 3 of the script: duplicate key value violates unique constraint",
		"CREATE TABLE e (id int);\nCOPY e FROM STDIN;\n1\n\\.\n":                                "COPY FROM STDIN has no input here at line 2, column 1",
	} {
		if e := opError(t, target.Script(t.Context(), sql)); !strings.Contains(e.Message, want) {
			t.Errorf("%q: got %v, want %q in it", sql, e, want)
		}
	}
	if _, rows, err := target.Query(t.Context(), "SELECT 1 FROM pg_class WHERE relname IN ('d', 'e')", 9); err != nil || len(rows) != 0 {
		t.Errorf("%d tables are left of scripts that failed, %v", len(rows), err)
	}
}

func BenchmarkExec(b *testing.B) {
	target := open(b, database(pgtest.Start(b)))
	if err := target.Script(b.Context(), "CREATE TABLE t (id int PRIMARY KEY, s text); INSERT INTO t SELECT g, 'abc' || g FROM generate_series(1, 10000) g; ANALYZE t"); err != nil {
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

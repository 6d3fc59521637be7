package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/sql/target/snowflake/snowtest"
)

// A selftest goes its whole way on the stand-in, which answers as the service is expected to; what that proves is the way, not
// the service. It finds what is not as it is taken for granted, leaves nothing behind, and its report holds no secret.
func TestSelftest(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	host, port := server.Address()
	large := snowtest.Answer{Columns: []snowtest.Column{{Name: "N", Type: "fixed", Precision: 38}, {Name: "R", Type: "text"}}}
	for i := range 200_000 {
		large.Rows = append(large.Rows, []any{fmt.Sprint(i), "x"})
	}
	one := func(kind string, scale int, v any) snowtest.Answer {
		return snowtest.Answer{Columns: []snowtest.Column{{Name: "V", Type: kind, Precision: 38, Scale: scale}}, Rows: [][]any{{v}}}
	}
	answers := map[string]snowtest.Answer{
		"SELECT 9223372036854775807":                               one("fixed", 0, "9223372036854775807"),
		"SELECT 1.5::NUMBER(10, 2)":                                one("fixed", 2, "1.50"),
		"SELECT 1.23456789012345::FLOAT":                           one("real", 0, "1.23456789012345"),
		"SELECT '2026-01-02'::DATE":                                one("date", 0, "20455"),
		"SELECT NULL::VARCHAR":                                     one("text", 0, nil),
		"SELECT SYSTEM$WAIT(30)":                                   {Hang: true},
		"SELECT SYSTEM$WAIT(10)":                                   snowtest.Error(630, "57014", "Statement reached its statement or warehouse timeout of 1 second(s) and was canceled."),
		"INSERT INTO bench_keys VALUES (1)":                        {Changed: 1},
		"SELECT '2026-01-02 15:04:05.678901234'::TIMESTAMP_NTZ(9)": one("timestamp_ntz", 0, "1767366245.678901234"),
		"SELECT SEQ4(), RANDSTR(50, RANDOM()) FROM TABLE(GENERATOR(ROWCOUNT => 200000))": large,
		"UPDATE bench_selftest SET value = value + 1 WHERE id = ?":                       {Latency: time.Millisecond, Changed: 1},
		"SHOW PARAMETERS LIKE 'USE_CACHED_RESULT' IN SESSION":                            named("key", "USE_CACHED_RESULT", "value", "false"),
		"SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_VERSION()":                  named("R", "TESTER", "W", "WH", "V", "9.1"),
		"SELECT value FROM bench_selftest WHERE id = ?":                                  one("fixed", 0, "1"),
		"SELECT QUERY_ID FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY":                     {Columns: []snowtest.Column{{Name: "QUERY_ID", Type: "text"}}},
		"SHOW WAREHOUSES LIKE 'WH'":                                                      named("name", "WH", "state", "STARTED", "size", "X-Small", "type", "STANDARD", "started_clusters", "1", "min_cluster_count", "1", "max_cluster_count", "1", "auto_suspend", "60"),
	}
	var inserts atomic.Int64
	var broken, huge atomic.Bool
	server.Respond(func(statement snowtest.Statement) snowtest.Answer {
		answer, known := answers[statement.SQL]
		switch {
		case statement.Describe:
			return snowtest.Answer{}
		case strings.Contains(statement.SQL, "QUERY_HISTORY_BY_USER"):
			return snowtest.Answer{Columns: []snowtest.Column{{Name: "SEEN", Type: "fixed", Precision: 38}, {Name: "EXECUTING", Type: "array"}}, Rows: [][]any{{"1", "[]"}}}
		case statement.SQL == "INSERT INTO bench_keys VALUES (1)" && inserts.Add(1)%2 == 0:
			return snowtest.Error(200001, "22000", "A primary key already exists.")
		case statement.SQL == "SELECT SYSTEM$WAIT(10)" && broken.Load():
			return snowtest.Answer{}
		case statement.SQL == "SHOW WAREHOUSES LIKE 'WH'" && huge.Load():
			return named("name", "WH", "state", "STARTED", "size", "Large", "type", "STANDARD", "started_clusters", "1", "auto_suspend", "600")
		case known:
			return answer
		}
		return snowtest.Answer{}
	})
	s := newSite(t)
	home := t.TempDir()
	s.env = []string{"SNOWFLAKE_HOME=" + home}
	connection := fmt.Sprintf("[c]\naccount = 'acme'\nuser = 'u'\npassword = 'canary'\nprotocol = 'http'\nhost = '%s'\nport = %d\n", host, port)
	if err := os.WriteFile(filepath.Join(home, "connections.toml"), []byte(connection), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"selftest", "snowflake", "--connection", "c", "--warehouse", "WH", "--database", "DB", "--duration", "2s"}
	out, code := s.output(args...)
	// The stand-in has no history of the run: that is undetermined, and so is the whole.
	if code != bench.ExitUndetermined {
		t.Errorf("exit %d, want %d", code, bench.ExitUndetermined)
	}
	for _, want := range []string{
		"ok    sign-in: user \"u\" as role TESTER", "ok    credits: at most 0.1 on WH, X-Small", "ok    tables of a store", "ok    values", "ok    a large result: 200,000 rows came",
		"ok    abort: ", "executes no more", "ok    timeout of the server: 000630", "ok    key of a hybrid table: 200001", "ok    run: COMPLETED", "?     history", "ok    clean up: schema BENCH_SELFTEST_",
		"not tried: what a busy service says", "ledger: planned",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "canary") || strings.Contains(out, home) {
		t.Errorf("the report holds what is nobody's business:\n%s", out)
	}
	if server.Open() != 0 || len(server.Running()) != 0 {
		t.Errorf("%d sessions are open, these run: %v", server.Open(), server.Running())
	}
	created, dropped := 0, 0
	for _, e := range server.History() {
		if strings.HasPrefix(e.SQL, "CREATE SCHEMA BENCH_SELFTEST_") {
			created++
		}
		if strings.HasPrefix(e.SQL, "DROP SCHEMA BENCH_SELFTEST_") {
			dropped++
		}
	}
	if created != 1 || dropped != 1 {
		t.Errorf("%d schemas were made, %d dropped", created, dropped)
	}
	if _, err := os.Stat(s.journal()); err == nil {
		t.Error("the run of a selftest is in the journal of the user")
	}

	broken.Store(true) // a server that heeds no timeout
	if out, code := s.output(args...); code != bench.ExitFail || !strings.Contains(out, "FAIL  timeout of the server: the error should be 000630") || !strings.Contains(out, "ok    clean up") {
		t.Errorf("a server without timeouts: exit %d\n%s", code, out)
	}
	huge.Store(true)
	if out, code := s.output(args...); code != bench.ExitFail || !strings.Contains(out, "WH Large could cost 2") || strings.Contains(out, "clean up") {
		t.Errorf("a warehouse that is too large: exit %d\n%s", code, out)
	}
}

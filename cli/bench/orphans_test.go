package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
	"bench/sql/target/postgres/pgtest"
	"bench/sql/target/snowflake/snowtest"
)

// bereave starts a run whose operations hang and kills its worker once so many of them execute: they are left to the
// database.
func (s *site) bereave(spec string, executing func() int, want int) (run string) {
	s.t.Helper()
	apply := s.start("apply", s.spec(spec))
	for executing() < want {
		select {
		case <-apply.exited:
			s.t.Fatalf("the run ended before %d statements executed: %s", want, apply.stderr.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	for _, pid := range s.pids() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			s.t.Fatal(err)
		}
	}
	if code := apply.code(); code != bench.ExitEarly {
		s.t.Fatalf("a run without workers ended with %d", code)
	}
	return s.query("SELECT RUN_ID FROM RUN_STATUS")[0][0].(string)
}

// orphans runs cancel-orphans and returns what it says about statements, line by line.
func (s *site) orphans(want int, args ...string) []string {
	s.t.Helper()
	c := s.start(append([]string{"cancel-orphans"}, args...)...)
	if code := c.code(); code != want {
		s.t.Errorf("cancel-orphans %v ended with %d, want %d: %s", args, code, want, c.stderr.String())
	}
	return strings.Split(strings.TrimSpace(c.stdout.String()), "\n")
}

// Statements that a killed worker left on Snowflake are cancelled, by the tag of their run; those of others are not.
func TestCancelOrphansOnSnowflake(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	text := []snowtest.Column{{Name: "SEEN", Type: "fixed", Precision: 38}, {Name: "EXECUTING", Type: "array"}}
	server.Respond(func(statement snowtest.Statement) snowtest.Answer {
		switch {
		case strings.Contains(statement.SQL, "QUERY_HISTORY_BY_USER"):
			list := []map[string]any{
				{"id": "strange", "tag": `{"app":"bench","run":"01AAAAAAAAAAAAAAAAAAAAAAAA","phase":"MEASUREMENT","workload":"stuck"}`, "status": "RUNNING", "started": 1},
				{"id": "no tag", "tag": "", "status": "RUNNING", "started": 1},
			}
			for _, e := range server.Running() {
				list = append(list, map[string]any{"id": e.QueryID, "tag": e.Tag, "status": "RUNNING", "started": e.Sent.UnixMilli()})
			}
			b, err := json.Marshal(list)
			if err != nil {
				panic(err)
			}
			return snowtest.Answer{Columns: text, Rows: [][]any{{strconv.Itoa(len(list)), string(b)}}}
		case strings.HasPrefix(statement.SQL, "SELECT SYSTEM$CANCEL_QUERY("):
			id := strings.Trim(strings.TrimPrefix(statement.SQL, "SELECT SYSTEM$CANCEL_QUERY("), "')")
			return snowtest.Answer{Columns: []snowtest.Column{{Name: "SAYS", Type: "text"}}, Rows: [][]any{{fmt.Sprintf("query [%s] terminated: %v", id, server.Cancel(id))}}}
		case statement.SQL == "SELECT stuck" && !statement.Describe:
			return snowtest.Answer{Hang: true}
		}
		return snowtest.Numbers(1)
	})
	host, port := server.Address()
	s := newSite(t)
	s.env = []string{"PASSWORD=canary"}
	run := s.bereave(fmt.Sprintf(`
run "bereft" {
  duration = "60s"
  target "snowflake" {
    account  = "acme"
    user     = "bench"
    password = env("PASSWORD")
    url      = "http://%s:%d"
  }
  fleet "process" { workers = 1 }
  load "closed" { connections = 3 }
  workload "stuck" { sql = "SELECT stuck" }
}
`, host, port), func() int { return len(server.Running()) }, 3)
	if n := len(server.Running()); n != 3 {
		t.Fatalf("%d statements are left, want 3", n)
	}
	would := s.orphans(bench.ExitPass, "--dry-run")
	if len(would) != 3 || len(server.Running()) != 3 {
		t.Errorf("of 3 statements %d run after --dry-run, which said: %q", len(server.Running()), would)
	}
	did := s.orphans(bench.ExitPass)
	if len(did) != 3 || len(server.Running()) != 0 {
		t.Errorf("of 3 statements %d run still; said: %q", len(server.Running()), did)
	}
	for i, line := range append(would, did...) {
		if !strings.Contains(line, "run "+run+"  workload stuck  running for") || strings.Contains(line, "would be") != (i < len(would)) {
			t.Errorf("line %d: %s", i, line)
		}
	}
	for _, e := range server.History() {
		if strings.Contains(e.SQL, "'strange'") || strings.Contains(e.SQL, "'no tag'") {
			t.Errorf("a statement of somebody else: %s", e.SQL)
		}
	}
	if after := s.orphans(bench.ExitPass); len(after) != 1 || after[0] != "" {
		t.Errorf("afterwards: %q", after)
	}
	s.env = nil
	if says := s.start("cancel-orphans"); says.code() != bench.ExitUnreachable || !strings.Contains(says.stderr.String(), "PASSWORD") {
		t.Errorf("without the password: %s", says.stderr.String())
	}
}

// The same on PostgreSQL, where a session of a run that nobody knows executes beside them.
func TestCancelOrphansOnPostgres(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	strange, err := pgx.Connect(t.Context(), dsn+"&application_name=bench%2001AAAAAAAAAAAAAAAAAAAAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	defer strange.Close(t.Context())
	slept := make(chan error, 1)
	go func() {
		_, err := strange.Exec(t.Context(), "SELECT pg_sleep(600)")
		slept <- err
	}()
	executing := func() (n int) {
		if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	s := newSite(t)
	s.env = []string{"PG_DSN=" + dsn}
	s.bereave(`
run "bereft" {
  duration = "60s"
  target "postgres" { dsn = env("PG_DSN") }
  fleet "process" { workers = 1 }
  load "closed" { connections = 3 }
  workload "stuck" { sql = "SELECT pg_sleep(600)" }
}
`, executing, 4)
	if n := executing(); n != 4 {
		t.Fatalf("%d statements execute, want 4", n)
	}
	began := time.Now()
	if did := s.orphans(bench.ExitPass); len(did) != 3 || executing() != 1 {
		t.Errorf("%d statements execute still, want that of somebody else; said: %q", executing(), did)
	}
	t.Logf("took %s", time.Since(began))
	select {
	case err := <-slept:
		t.Errorf("the statement of somebody else ended: %v", err)
	default:
	}
	if _, err := db.Exec(t.Context(), "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bench %'"); err != nil {
		t.Fatal(err)
	}
	<-slept
}

package main

import (
	"fmt"
	"strings"
	"testing"

	"bench/runtime/bench"
	"bench/sql/target/snowflake/snowtest"
)

// named is an answer of one row of texts, by the names of its columns.
func named(pairs ...string) snowtest.Answer {
	a := snowtest.Answer{Rows: [][]any{nil}}
	for i := 0; i < len(pairs); i += 2 {
		a.Columns = append(a.Columns, snowtest.Column{Name: pairs[i], Type: "text"})
		a.Rows[0] = append(a.Rows[0], pairs[i+1])
	}
	return a
}

// An account whose warehouse is as a test wants it, and which knows the tables t and, as a dynamic one, derived.
func surveyed(server *snowtest.Server, warehouse snowtest.Answer) {
	server.Respond(func(statement snowtest.Statement) snowtest.Answer {
		sql := statement.SQL
		switch {
		case strings.HasPrefix(sql, "SELECT CURRENT_ROLE()"):
			return named("R", "TESTER", "W", "WH", "V", "9.1")
		case strings.HasPrefix(sql, "SHOW WAREHOUSES"):
			return warehouse
		case strings.HasPrefix(sql, "SHOW PARAMETERS"):
			return named("key", "USE_CACHED_RESULT", "value", "false")
		case strings.HasPrefix(sql, "SHOW TABLES LIKE 'derived'"):
			return named("name", "DERIVED", "is_dynamic", "Y")
		case strings.Contains(sql, "absent"):
			return snowtest.Error(2003, "42S02", "SQL compilation error:\nObject 'ABSENT' does not exist or not authorized.")
		}
		return snowtest.Numbers(1)
	})
}

// What would keep a run from measuring is said before it starts, with its place in the spec.
func TestPreflight(t *testing.T) {
	t.Parallel()
	server := snowtest.Start(t)
	host, port := server.Address()
	s := newSite(t)
	s.env = []string{"PASSWORD=canary"}
	const good = `workload "read" { sql = "SELECT 1" }`
	spec := func(setup, workloads string) string {
		return s.spec(fmt.Sprintf(`run "asked" {
  duration = "60s"
  target "snowflake" {
    account  = "acme"
    user     = "bench"
    password = env("PASSWORD")
    url      = "http://%s:%d"
  }
  load "closed" { connections = 2 }
  %s
  slo "p95" {
    metric = "response.p95"
    max    = "1us"
  }
  %s
}
`, host, port, setup, workloads))
	}
	started := named("name", "WH", "state", "STARTED", "size", "X-Small", "type", "STANDARD", "min_cluster_count", "1", "max_cluster_count", "2", "started_clusters", "1", "auto_suspend", "60", "auto_resume", "true")
	suspended := named("name", "WH", "state", "SUSPENDED", "size", "X-Small", "type", "STANDARD", "auto_resume", "false")
	strange := named("name", "WH", "state", "STARTED", "size", "X-Small", "type", "SNOWPARK-OPTIMIZED")
	for name, test := range map[string]struct {
		warehouse        snowtest.Answer
		setup, workloads string
		code             int
		want             []string
	}{
		"all is well": {started, "", good, bench.ExitPass, []string{
			`ok    sign-in: user "bench" as role TESTER on Snowflake 9.1`, "ok    warehouse: WH, X-Small standard, started",
			"ok    credits: 0.0333 to 0.05 for 1m00s and until the warehouse suspends itself, at the rate of 2025-12", "ok    result cache: off",
			"ok    statements: the target understands 1 statement", "warn  round trip: ", "% of SLO p95  (", "run.hcl:11)",
		}},
		"suspended for good": {suspended, "", good, bench.ExitUsage, []string{"FAIL  warehouse: WH is suspended and does not resume by itself", "run.hcl:3)"}},
		"an unknown rate":    {strange, "", good, bench.ExitUndetermined, []string{"?     credits: unknown: the rate of a warehouse of kind SNOWPARK-OPTIMIZED X-Small is unknown"}},
		"no such table": {started, "", good + "\n  workload \"lost\" { sql = \"SELECT * FROM absent\" }", bench.ExitUsage,
			[]string{"FAIL  workload lost: SQL compilation error: Object 'ABSENT' does not exist", "run.hcl:16)"}},
		"setup may make it": {started, `setup { sql = "CREATE TABLE absent (a INT)" }`, `workload "lost" { sql = "SELECT * FROM absent" }`, bench.ExitUndetermined,
			[]string{"?     workload lost: SQL compilation error", "setup may make what is missing"}},
		"read-only": {started, "", `workload "write" { sql = "INSERT INTO derived VALUES (1)" }`, bench.ExitUsage,
			[]string{"FAIL  table derived: it is a dynamic table, which workloads cannot write to", "run.hcl:15)"}},
	} {
		surveyed(server, test.warehouse)
		path := spec(test.setup, test.workloads)
		out, code := s.output("plan", "--preflight", path)
		for _, want := range test.want {
			if code != test.code || !strings.Contains(out, want) {
				t.Errorf("%s: exit %d, want %d and %q in\n%s", name, code, test.code, want, out)
			}
		}
		if code == bench.ExitUsage {
			apply := s.start("apply", path)
			if got := apply.code(); got != code || !strings.Contains(apply.stderr.String(), test.want[0]) {
				t.Errorf("%s: apply ended with %d: %s", name, got, apply.stderr.String())
			}
		}
	}
	before := server.Counts().Logins
	if _, code := s.output("plan", spec("", good)); code != bench.ExitPass || server.Counts().Logins != before {
		t.Errorf("a plan without --preflight signed in, or ended with %d", code)
	}
	if n := len(s.runs()); n != 0 {
		t.Errorf("%d runs were started", n)
	}
	if server.Open() != 0 {
		t.Errorf("%d sessions are open", server.Open())
	}
	for _, e := range server.History() {
		if e.Tag != `{"app":"bench","run":"preflight"}` || strings.Contains(e.SQL, "derived VALUES") {
			t.Errorf("%s with tag %s was run", e.SQL, e.Tag)
		}
	}
	server.Refuse(func(snowtest.Login) *snowtest.Answer {
		return new(snowtest.Error(390189, "08001", "Role 'NOBODY' specified in the connect string does not exist or not authorized."))
	})
	if out, code := s.output("plan", "--preflight", spec("", good)); code != bench.ExitUnreachable || !strings.Contains(out, "FAIL  sign-in: Snowflake at "+host) || !strings.Contains(out, "Role 'NOBODY'") {
		t.Errorf("a role that is not granted: exit %d\n%s", code, out)
	}
}

// runs are the ids of the runs in the journal.
func (s *site) runs() []string {
	s.t.Helper()
	out, _ := s.output("list", "-o", "csv")
	return strings.Split(strings.TrimSpace(out), "\n")[1:]
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
	"bench/sql/target/postgres/pgtest"
	"bench/sql/target/snowflake/snowtest"
)

// recordSpec has a workload that sleeps 5 ms in the server, and one that does next to nothing there. Its first SLO waits for
// what the server says.
const recordSpec = `
run "record" {
  warmup   = "1s"
  duration = "3s"
  target "postgres" { dsn = env("PG_RECORD_DSN") }
  setup {
    sql = <<-SQL
      CREATE TABLE items (id int PRIMARY KEY, name text);
      INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 100) n;
    SQL
  }
  teardown { sql = "DROP TABLE items" }
  fleet "process" { workers = 2 }
  load "closed" { connections = 4 }
  param "id" {
    uniform = { from = 1, to = 100 }
  }
  workload "sleep" { sql = "SELECT pg_sleep(0.005)" }
  workload "rename" {
    transaction = true
    statement { sql = "SELECT name FROM items WHERE id = :id FOR UPDATE" }
    statement { sql = "UPDATE items SET name = 'constant' WHERE id = :id" }
  }
  slo "sleeps" {
    workload = "sleep"
    metric   = "server.mean"
    min      = "5ms"
  }
}
`

// counting is a folder whose commands know a database whose server counts statements.
func counting(t *testing.T) *site {
	t.Helper()
	dsn := pgtest.Start(t)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(t.Context(), "CREATE EXTENSION pg_stat_statements"); err != nil {
		t.Skipf("the server cannot count statements: %v", err)
	}
	s := newSite(t)
	s.env = []string{"PG_RECORD_DSN=" + dsn}
	return s
}

// TestWhatPostgresSays: a whole run, its split and its waits; then the same once more, from a server of its own.
func TestWhatPostgresSays(t *testing.T) {
	t.Parallel()
	s := counting(t)
	out, code := s.output("apply", s.spec(recordSpec))
	if code != 0 || !strings.Contains(out, "where the service time of the mean operation went, by pg_stat_statements") ||
		!strings.Contains(out, "what sessions were at, in ") || !strings.Contains(out, "does not count: parsing, planning") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	s.split()
	if n := s.query("SELECT COUNT(DISTINCT TIMESTAMP) FROM WAIT_SAMPLES WHERE PHASE = 'MEASUREMENT' AND SESSIONS > 0")[0][0].(int64); n < 2 {
		t.Errorf("%d samples of MEASUREMENT are stored", n)
	}

	again, code := s.output("enrich")
	if code != 0 || !strings.Contains(again, "by pg_stat_statements") {
		t.Errorf("bench enrich: exit %d:\n%s", code, again)
	}
	s.split()
	report, code := s.output("report", "-o", "json")
	var told struct{ Enrichment bench.Enrichment }
	if err := json.Unmarshal([]byte(report), &told); err != nil || code != 0 {
		t.Fatalf("bench report: exit %d, %v", code, err)
	}
	if e := told.Enrichment; e.Pass != 2 || e.Status != bench.EnrichmentComplete || e.All().Split == nil || e.Samples < 2 {
		t.Errorf("%+v", e)
	}
}

// TestWhatPostgresSaysSurvives: the server that read the counters before MEASUREMENT is killed, and the next one reads those
// after it.
func TestWhatPostgresSaysSurvives(t *testing.T) {
	t.Parallel()
	s := counting(t)
	server := s.serve()
	if _, code := s.output("apply", "--detach", s.spec(recordSpec)); code != 0 {
		t.Fatalf("apply --detach: exit %d", code)
	}
	s.await("counters before MEASUREMENT", "SELECT COUNT(*) = 1 FROM RUN_CONTROL_EVENTS WHERE EVENT_TYPE = 'COUNTERS'")
	server.Process.Kill()
	<-server.exited
	s.serve()
	s.await("end", "SELECT PHASE = 'COMPLETED' FROM RUN_STATUS")
	if row := s.query("SELECT STATUS, STOP_REASON, VERDICT, EPOCH FROM RUN_STATUS")[0]; row[0] != "COMPLETED" || row[2] != "pass" || row[3].(int64) != 2 {
		t.Errorf("the run is %v", row)
	}
	s.split()
}

// split holds what is stored against what must be: the sleeps are in the server, and of the rest next to nothing.
func (s *site) split() {
	s.t.Helper()
	rows := s.query(`SELECT E.WORKLOAD, E.COVERAGE, E.STATEMENTS, E.MEAN_EXECUTE_US, E.MEAN_CLIENT_US, R.DONE, R.SERVICE_MEAN_US, E.WHY, E.STATUS
		FROM RUN_ENRICHMENT AS E JOIN RUN_RESULTS AS R ON R.WORKLOAD = E.WORKLOAD ORDER BY E.WORKLOAD_INDEX`)
	if len(rows) != 3 {
		s.t.Fatalf("rows %v", rows)
	}
	for i, each := range []int64{1, 2, 0} {
		name, coverage, statements, done := rows[i][0], rows[i][1].(float64), rows[i][2].(int64), rows[i][5].(int64)
		execute, ok := rows[i][3].(float64)
		if coverage < 0.9 || !ok {
			s.t.Fatalf("%s: %v", name, rows[i])
		}
		client, service := rows[i][4].(float64), rows[i][6].(float64)
		if each > 0 && statements != done*each || execute+client < 0.99*service || execute+client > 1.01*service {
			s.t.Errorf("%s: %d statements of %d operations; %g + %g µs of %g", name, statements, done, execute, client, service)
		}
		if name == "sleep" && (execute < 5000 || client < 0) {
			s.t.Errorf("slept %g µs in the server, %g besides", execute, client)
		}
	}
	if status := rows[2][8]; status != "COMPLETE" {
		s.t.Errorf("status %v", status)
	}
}

// historic is an account whose history has what was really sent to it, a moment late. From the second look at its warehouse
// on, statements are queued.
type historic struct {
	*snowtest.Server
	asked   atomic.Int64 // times its history was asked for
	sampled atomic.Int64 // times its warehouse was
}

func startHistoric(t *testing.T) *historic {
	h := &historic{Server: snowtest.Start(t)}
	h.Respond(h.respond)
	return h
}

// spec is a run on the account.
func (h *historic) spec(duration, slo string) string {
	host, port := h.Address()
	return fmt.Sprintf(`
run "told" {
  warmup   = "1s"
  duration = "%s"
  target "snowflake" {
    account   = "acme"
    user      = "bench"
    password  = env("PASSWORD")
    warehouse = "bench_wh"
    url       = "http://%s:%d"
  }
  fleet "process" { workers = 2 }
  load "closed" { connections = 4 }
  workload "read" {
    weight = 3
    sql    = "SELECT 1"
  }
  workload "write" {
    transaction = true
    sql         = "UPDATE t SET a = 1"
  }
  %s
  guard { max_credits = 1 }
}
`, duration, host, port, slo)
}

func (h *historic) respond(s snowtest.Statement) snowtest.Answer {
	text := func(names ...string) (columns []snowtest.Column) {
		for _, name := range names {
			columns = append(columns, snowtest.Column{Name: name, Type: "text"})
		}
		return columns
	}
	switch {
	case strings.HasPrefix(s.SQL, "SHOW WAREHOUSES"):
		queued := "0"
		if h.sampled.Add(1) > 1 {
			queued = "7"
		}
		return snowtest.Answer{Columns: text("name", "state", "type", "size", "started_clusters", "min_cluster_count", "max_cluster_count", "running", "queued", "auto_suspend"),
			Rows: [][]any{{"BENCH_WH", "STARTED", "STANDARD", "X-Small", "1", "1", "1", "4", queued, "60"}}}
	case strings.Contains(s.SQL, "INFORMATION_SCHEMA.QUERY_HISTORY"):
		answer := snowtest.Answer{}
		for i := range 13 {
			kind := "fixed"
			if i < 4 {
				kind = "text"
			}
			answer.Columns = append(answer.Columns, snowtest.Column{Name: fmt.Sprint("C", i), Type: kind, Precision: 38})
		}
		if h.asked.Add(1) == 1 {
			return answer // nothing is there yet
		}
		for _, e := range h.History() {
			answer.Rows = append(answer.Rows, []any{e.QueryID, e.Tag, "BENCH_WH", "SUCCESS", fmt.Sprint(e.Sent.UnixMilli()), fmt.Sprint(e.Ended.UnixMilli()),
				"9", "2", "6", "0", "1", "1", "100"})
		}
		return answer
	case s.Tag == "", s.Describe:
		return snowtest.Numbers(1)
	}
	a := snowtest.Numbers(1)
	a.Latency, a.Changed = 10*time.Millisecond, 1
	return a
}

// TestWhatSnowflakeSays: a whole run against the stand-in, whose history is late. Its statements are joined by their ids. The
// verdict waits if an SLO is about the cost; else the result is printed before.
func TestWhatSnowflakeSays(t *testing.T) {
	t.Parallel()
	for _, waits := range []bool{true, false} {
		t.Run(fmt.Sprintf("verdict waits %t", waits), func(t *testing.T) {
			t.Parallel()
			whatSnowflakeSays(t, waits)
		})
	}
}

const costSLO = `
  slo "cost" {
    metric = "cost"
    max    = 10
  }
`

func whatSnowflakeSays(t *testing.T, waits bool) {
	slo := ""
	if waits {
		slo = costSLO
	}
	h := startHistoric(t)
	s := newSite(t)
	s.env = []string{"PASSWORD=canary"}
	out, code := s.output("apply", s.spec(h.spec("6s", slo)))
	if early := strings.Contains(out, "the target's side: PENDING: the target is being asked"); early == waits {
		t.Errorf("the result was printed before the target told its side: %t", early)
	}
	if code != 0 || !strings.Contains(out, "by QUERY_HISTORY") || !strings.Contains(out, "credits of warehouse BENCH_WH, STANDARD X-Small, at 1 per hour and cluster") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	for _, row := range s.query(`SELECT WORKLOAD, COVERAGE, STATEMENTS, CALLS, MEAN_COMPILE_US, MEAN_EXECUTE_US, MEAN_BLOCKED_US, BYTES_SCANNED FROM RUN_ENRICHMENT`) {
		each := map[any]float64{"read": 1, "write": 3}[row[0]] // with BEGIN and COMMIT
		if row[1] != 1.0 || row[2] != row[3] || row[7].(int64) != 100*row[3].(int64) {
			t.Errorf("%v", row)
		}
		if each > 0 && (math.Abs(row[4].(float64)-2000*each) > 1 || math.Abs(row[5].(float64)-6000*each) > 1 || math.Abs(row[6].(float64)-1000*each) > 1) {
			t.Errorf("split %v", row)
		}
	}
	told := s.query(`SELECT COUNT(*), SUM(SERVER_TOTAL_US = 9000 AND SERVER_EXECUTION_US = 6000 AND ENRICHED_AT IS NOT NULL) FROM QUERY_EXECUTIONS WHERE QUERY_ID IS NOT NULL`)[0]
	if told[0].(int64) < 10 || told[0] != told[1] {
		t.Errorf("of %v operations that were told in full, %v have timings of the target", told[0], told[1])
	}
	if n := s.query("SELECT COUNT(*) FROM WAREHOUSE_POLL_SNAPSHOTS WHERE STARTED_CLUSTERS = 1 AND PHASE = 'MEASUREMENT'")[0][0].(int64); n < 1 {
		t.Errorf("%d samples of the warehouse in MEASUREMENT", n)
	}
	if h.asked.Load() != 2 || h.Open() != 0 {
		t.Errorf("the history was asked for %d times, %d sessions are open", h.asked.Load(), h.Open())
	}
}

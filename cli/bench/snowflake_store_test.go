package main

import (
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/journal/journaltest"
	"bench/sql/queries"
	"bench/sql/replica/replicatest"
	"bench/sql/target/snowflake/fakesnow"
)

// onFakesnow gives a site two connections to a new fakesnow: target, and store, whose database it opens.
func (s *site) onFakesnow() (store *sql.DB, target string) {
	s.t.Helper()
	at := fakesnow.Start(s.t)
	target, kept := fakesnow.Database(), fakesnow.Database()
	s.env = []string{"SNOWFLAKE_HOME=" + s.dir}
	text := fakesnow.Connection(s.t, "target", at, target) + fakesnow.Connection(s.t, "store", at, kept)
	if err := os.WriteFile(filepath.Join(s.dir, "connections.toml"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return fakesnow.Open(s.t, at, kept), target
}

// The example that users start from, with a store beside it, and SQL that is really run. At the end the store has all of the
// journal, answers the guide's questions, and is read by an empty machine like the journal itself.
func TestSnowflakeExample(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	store, target := s.onFakesnow()
	apply := s.start("apply", filepath.Join(examples, "snowflake-lookup.hcl"), "--store", "snowflake://store", "--var", "connection=target", "--var", "database="+target,
		"--var", "connections=4", "--var", "rows=500", "--var", "warmup=2s", "--var", "duration=4s")
	operations, failed := s.ended(apply)
	if operations == 0 || failed != 0 {
		t.Errorf("%d operations, %d failed", operations, failed)
	}
	if n := s.query("SELECT COUNT(*) FROM QUERY_EXECUTIONS WHERE QUERY_ID IS NOT NULL")[0][0].(int64); n == 0 {
		t.Error("no execution has a query id")
	}
	if strings.Contains(apply.stderr.String(), "not in the replica") {
		t.Error("the store was not fed to the end")
	}
	replicatest.SameIn(t, s.journal(), store)
	polls := rowsOf(t, store, "SELECT WAREHOUSE, STATE, SIZE, COUNT(*) FROM WAREHOUSE_POLL_SNAPSHOTS GROUP BY ALL")
	if len(polls) != 1 || polls[0][0] != "BENCH_WH" || polls[0][1] != "STARTED" || polls[0][2] != "X-Small" || whole(polls[0][3]) < 2 {
		t.Errorf("the warehouse was seen as %v", polls)
	}
	s.guide(store)
	s.readsBack()
}

// guide asks the store the guide's questions about the only run, as written and as our queries have them, and holds the
// answers against the journal.
func (s *site) guide(store *sql.DB) {
	s.t.Helper()
	run := s.query("SELECT RUN_ID FROM RUN_STATUS")[0][0].(string)
	ours, err := queries.Load(dialect.Snowflake)
	if err != nil {
		s.t.Fatal(err)
	}
	filled := func(query string) string { return strings.ReplaceAll(query, "<run_id>", run) }
	ask := func(query, name string) [2][][]any {
		return [2][][]any{rowsOf(s.t, store, filled(query)), rowsOf(s.t, store, ours[name], run)}
	}
	began, err := time.Parse(dialect.TimeLayout, s.query("SELECT START_TIME FROM RUN_STATUS")[0][0].(string))
	if err != nil {
		s.t.Fatal(err)
	}

	want := s.query(filled(journaltest.GuidePhases))
	for _, got := range ask(journaltest.GuidePhases, "GuidePhases") {
		var phases []string
		for i, row := range got {
			phase, qps := row[0].(string), row[2].(float64)
			phases = append(phases, phase)
			if i >= len(want) || phase != want[i][0] || whole(row[1]) != want[i][1].(int64) || math.Abs(qps-want[i][2].(float64)) > 1e-6*qps ||
				instant(row[3]) != want[i][3] || instant(row[4]) != want[i][4] {
				s.t.Errorf("scenario 1: %v, want %v", row, want)
			}
			if active := phase == "WARMUP" || phase == "MEASUREMENT"; active != (qps > 0) {
				s.t.Errorf("scenario 1: QPS is %v in %s", qps, phase)
			}
		}
		if len(got) != len(want) || !strings.HasPrefix(strings.Join(phases, " "), "PREPARING WARMUP MEASUREMENT") {
			s.t.Errorf("scenario 1 has the phases %v", phases)
		}
	}

	before := time.Since(began)
	for _, got := range ask(journaltest.GuideElapsed, "GuideElapsed") {
		after := time.Since(began)
		if len(got) != 1 || got[0][0] != "COMPLETED" || got[0][1] != s.query("SELECT PHASE FROM RUN_STATUS")[0][0] || got[0][3] != 2.0 {
			s.t.Fatalf("scenario 3: %v", got)
		}
		if elapsed := whole(got[0][2]); elapsed < int64(before/time.Second) || elapsed > int64(after/time.Second)+1 {
			s.t.Errorf("scenario 3: %d s elapsed, want %s to %s", elapsed, before, after)
		}
	}

	want = s.query(filled(journaltest.GuideWorkers))
	for _, got := range ask(journaltest.GuideWorkers, "GuideWorkers") {
		if len(got) != 1 || len(want) != 1 || got[0][0] != want[0][0] || got[0][1] != string(bench.WorkerCompleted) || instant(got[0][2]) != want[0][2] || whole(got[0][3]) != want[0][3] {
			s.t.Errorf("scenario 4: %v, want %v", got, want)
		}
	}
}

// readsBack reads the store from an empty machine.
func (s *site) readsBack() {
	s.t.Helper()
	elsewhere := newSite(s.t)
	elsewhere.env = s.env
	for _, args := range [][]string{{"list", "-o", "json"}, {"report", "-o", "json"}, {"report", "-o", "csv"}, {"report"}} {
		want, code := s.output(args...)
		got, also := elsewhere.output(append(args, "--store", "snowflake://store")...)
		if got != want || code != also {
			s.t.Errorf("bench %s of the store: exit %d, want %d\n%s\nwant\n%s", strings.Join(args, " "), also, code, got, want)
		}
	}
	for command, want := range map[string]string{"status": "COMPLETED/COMPLETED", "tail": "COMPLETED, 4s measured"} {
		got, _ := elsewhere.output(command, "--store", "snowflake://store")
		if !strings.Contains(got, want) {
			s.t.Errorf("bench %s of the store lacks %q:\n%s", command, want, got)
		}
	}
	took := regexp.MustCompile(`· [\d.]+m?s ·`)
	want, code := s.output("doctor")
	got, also := elsewhere.output("doctor", "--store", "snowflake://store")
	if want, got = took.ReplaceAllString(want, ""), took.ReplaceAllString(got, ""); got != want || code != also {
		s.t.Errorf("bench doctor of the store: exit %d, want %d\n%s\nwant\n%s", also, code, got, want)
	}
}

// The tables of a store come up twice, go down and come up again: they are the same. A server then feeds it all that its
// journal has.
func TestSnowflakeMigrate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	store, _ := s.onFakesnow()
	migrate := func(want int, args ...string) string {
		t.Helper()
		out, code := s.output(append([]string{"migrate", "--store", "snowflake://store"}, args...)...)
		if code != want {
			t.Fatalf("bench migrate %s: exit %d, want %d\n%s", strings.Join(args, " "), code, want, out)
		}
		return out
	}
	columns := func() []string {
		return replicatest.Lines(t, store, "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE, ORDINAL_POSITION FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = CURRENT_SCHEMA()")
	}
	spec := s.spec(`
run "run" {
  duration = "1s"
  target "null" { latency = "5ms" }
  load "closed" { connections = 2 }
  workload "w" { sql = "SELECT 1" }
}
`)
	feed := func() {
		t.Helper()
		apply := s.start("apply", "--store", "snowflake://store", spec)
		if code := apply.code(); code != 0 || strings.Contains(apply.stderr.String(), "not in the replica") {
			t.Errorf("apply: exit %d", code)
		}
		replicatest.SameIn(t, s.journal(), store)
	}

	if n := strings.Count(migrate(bench.ExitDiffers, "status"), "pending"); n != 6 {
		t.Errorf("%d migrations are pending", n)
	}
	migrate(0, "up")
	first := columns()
	if len(first) < 200 || strings.Contains(migrate(0, "status"), "pending") {
		t.Errorf("there are %d columns, or something is pending", len(first))
	}
	feed()
	migrate(0, "up")
	replicatest.SameIn(t, s.journal(), store)

	migrate(bench.ExitUsage, "down") // without --yes
	for range 6 {
		migrate(0, "down", "--yes")
	}
	migrate(bench.ExitUsage, "down", "--yes")
	if left := columns(); len(left) != 3 { // those of the table of versions
		t.Errorf("down left %v", left)
	}
	if out := migrate(0, "sql"); strings.Count(out, "CREATE HYBRID TABLE") != 6 || !strings.Contains(out, "INSERT INTO bench_schema_version") {
		t.Errorf("the script of a store is\n%s", out)
	}
	migrate(0, "up")
	if again := columns(); strings.Join(first, "\n") != strings.Join(again, "\n") {
		t.Errorf("up after down made %v, and first %v", again, first)
	}
	feed() // and what it had before

	// While a server feeds it, what its warehouse costs is estimated.
	s.env = append(s.env, "BENCH_STORE=snowflake://store")
	server := s.serve()
	s.catchesUp(30 * time.Second)
	out, code := s.output("status")
	if code != 0 || !regexp.MustCompile(`warehouse BENCH_WH X-Small kept up for \d.*: an estimated \d.* credits at the rates of 20`).MatchString(out) {
		t.Errorf("status: exit %d\n%s", code, out)
	}
	for _, want := range []string{`bench_replica_credits_total{warehouse="BENCH_WH"} `, `bench_replica_warehouse_seconds_total{warehouse="BENCH_WH"} `} {
		if text := string(s.get("/metrics")); !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	server.Process.Signal(os.Interrupt)
	server.code()
}

// whole is a whole number, which the driver gives as a text.
func whole(v any) int64 {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// instant is a time as a journal has it.
func instant(v any) string { return v.(time.Time).UTC().Format(dialect.TimeLayout) }

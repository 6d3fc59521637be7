package cli

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/history"
	"bench/sql/journal"
	"bench/sql/migrations"
	"bench/sql/replica"
	"bench/sql/target/postgres/pgtest"
	"bench/sql/target/snowflake/fakesnow"
)

// The statements of checks say the same on PostgreSQL.
func TestFixturesOnPostgres(t *testing.T) {
	config, err := pgx.ParseConfig(pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	tables, err := migrations.Open(dialect.Postgres.Name, db)
	if err == nil {
		_, err = tables.Up(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	set, err := loadChecks("")
	if err != nil {
		t.Fatal(err)
	}
	failures, _ := set.Test(t.Context(), &diagnostics.Laboratory{DB: db, Dialect: "postgres", Rows: history.Rows})
	for _, f := range failures {
		t.Error(f)
	}
}

// The questions to a PostgreSQL under test are answered by one, for a role that may see no more of the sessions of others
// than that they are there.
func TestTargetChecksOnPostgres(t *testing.T) {
	dsn := pgtest.Start(t)
	admin, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin.RuntimeParams["application_name"] = "bench RUN"
	worker, err := pgx.ConnectConfig(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close(context.Background())
	role := fmt.Sprint("onlooker_", time.Now().UnixNano()) // roles are of all databases of a server
	if _, err := worker.Exec(t.Context(), "CREATE ROLE "+role+" LOGIN PASSWORD 'seen'"); err != nil {
		t.Fatal(err)
	}
	onlooker, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	onlooker.User = url.UserPassword(role, "seen")
	set, err := loadChecks("")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Process: Process{Env: func(string) (string, bool) { return onlooker.String(), true }}}
	s := &subject{}
	plan := &bench.Plan{Target: bench.Target{Kind: "postgres", Secrets: map[string]bench.Secret{"dsn": "env:PG_DSN"}}}
	db := p.askTarget(t.Context(), s, plan)
	if db == nil {
		t.Fatal("the target is not asked")
	}
	defer s.close()
	if _, _, err := db.Query(t.Context(), "CREATE TABLE t (n INT)", 1); err == nil {
		t.Error("the doctor can write to the database under test")
	}
	k := &diagnostics.Case{Run: &bench.Run{ID: "RUN", State: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseWarmup}, Plan: plan}, At: time.Now(), Target: db}
	r, err := set.Examine(t.Context(), k, diagnostics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for i := range r.Checks {
		f := &r.Checks[i]
		if f.Source != diagnostics.SourceTarget || f.Why == diagnostics.WhyDoesntApply {
			continue
		}
		asked++
		if f.Outcome != diagnostics.Pass && f.Outcome != diagnostics.Warn {
			t.Errorf("%s is %s (%s): %s", f.Code, f.Outcome, f.Why, f.Detail)
		}
	}
	if asked != 4 {
		t.Errorf("%d questions were asked", asked)
	}
	for code, column := range map[string]string{"BEN0601": "sessions", "BEN0602": "ours"} {
		if f := r.Find(code); len(f.Rows) != 1 || f.Rows[0].Data[column].(int64) < 1 {
			t.Errorf("%s does not see the session of another role: %+v", code, f.Rows)
		}
	}
}

// Every statement of a check parses with a parser of Snowflake's SQL that is not ours: those to an account under test, and
// those to the tables of a run, as they would be sent to a replica there.
func TestChecksOnSnowflakeParse(t *testing.T) {
	t.Parallel()
	set, err := loadChecks("")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, c := range set {
		if c.Source == diagnostics.SourceServer || c.Target != "" && c.Target != dialect.Snowflake.Name {
			continue
		}
		sql, err := c.SQL(dialect.Snowflake.Name, "01RUN", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s;\n", sql)
	}
	if tree, ok := fakesnow.Parse(t, all.String()); !ok {
		at := strings.Index(tree, `"unparsable"`)
		t.Errorf("a statement does not parse: %s", tree[max(0, at):min(len(tree), max(0, at)+1000)])
	}
}

// A run is examined from a replica as from its journal.
func TestExamineFromReplica(t *testing.T) {
	dsn := pgtest.Start(t)
	j, _, run := openSample(t)
	if f := feedOnce(t, j, dsn); !f.Status().Connected {
		t.Fatalf("the replica was not fed: %+v", f.Status())
	}
	set, err := loadChecks("")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Process: Process{Stderr: io.Discard, Env: func(string) (string, bool) { return "", false }}, globals: globals{Store: dsn}}
	p.Journal = p.defaultJournal()
	c := &doctorCommand{}
	c.runFlag.Run = run.ID
	k := &subject{Case: &diagnostics.Case{At: time.Now()}}
	defer k.close()
	if err := c.openStore(t.Context(), p, k); err != nil {
		t.Fatal(err)
	}
	r, err := set.Examine(t.Context(), k.Case, diagnostics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	decided := 0
	for i := range r.Checks {
		f := &r.Checks[i]
		if f.Why == diagnostics.WhySQLError || f.Why == diagnostics.WhyEvalError {
			t.Errorf("%s is %s (%s): %s", f.Code, f.Outcome, f.Why, f.Detail)
		}
		if f.Outcome == diagnostics.Pass {
			decided++
		}
	}
	if decided == 0 {
		t.Error("nothing was decided")
	}
}

// feedOnce feeds a replica until the feeder has said how it went.
func feedOnce(t *testing.T, j *journal.Journal, dsn string) *replica.Feeder {
	t.Helper()
	f, err := replica.New(replica.Config{Journal: j, DSN: dsn, Pace: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f.Flush(ctx)
	return f
}

// openSample is a journal with one run that measures.
func openSample(t testing.TB) (*journal.Journal, string, *bench.Run) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	plan := &bench.Plan{Name: "sample", Target: bench.Target{Kind: "null"}, Workloads: []bench.Workload{{Name: "read"}}}
	run := &bench.Run{ID: "01SAMPLE", Name: "sample", Plan: plan, State: bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing},
		Desired: bench.DesiredRun, WarmupSeconds: 10, DurationSeconds: 20000, CreatedAt: time.Now().Add(-5 * time.Hour), Epoch: 1, WorkersExpected: 64}
	if err := j.Create(t.Context(), run, bench.Event{Message: "created"}); err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-15626 * time.Second)
	if _, _, err := j.Transition(t.Context(), bench.Transition{Run: run.ID, Epoch: 1, From: run.State,
		To: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}, At: start,
		Timeline: &bench.Timeline{T0: start, WarmupUS: 10_000_000, EndUS: 20_010_000_000}}); err != nil {
		t.Fatal(err)
	}
	if run, err = j.Run(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	return j, path, run
}

// A journal with a million reports of 64 workers is examined in less than two seconds. It takes a while to make, so it is
// asked for: BENCH_TEST_LARGE=1.
func TestDoctorMillionReports(t *testing.T) {
	if os.Getenv("BENCH_TEST_LARGE") == "" {
		t.Skip("set BENCH_TEST_LARGE=1 to examine a journal with 1,000,000 reports")
	}
	took := examineMillion(t)
	t.Logf("examined in %s", took)
	if took > 2*time.Second {
		t.Errorf("the examination took %s, want less than 2 s", took)
	}
}

func examineMillion(t testing.TB) time.Duration {
	j, path, run := openSample(t)
	fill(t, path, run, 64, 15_625)
	set, err := loadChecks("")
	if err != nil {
		t.Fatal(err)
	}
	best := time.Duration(math.MaxInt64)
	for range 3 { // the machine may have other work
		began := time.Now()
		r, err := set.Examine(t.Context(), &diagnostics.Case{Run: run, At: run.StartTime.Add(15_625 * time.Second), Store: journalDatabase("journal", j.Reader)}, diagnostics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
		for i := range r.Checks {
			f := &r.Checks[i]
			if f.DurationMS > 100 {
				t.Logf("%s %s %.0f ms", f.Code, f.Name, f.DurationMS)
			}
			if f.Outcome == diagnostics.Undetermined {
				t.Errorf("%s is undetermined (%s): %s", f.Code, f.Why, f.Detail)
			}
		}
		if f := r.Find("BEN0301"); len(f.Rows) != 64 || f.Outcome != diagnostics.Pass {
			t.Errorf("%s is %s with %d rows: %s", f.Code, f.Outcome, len(f.Rows), f.Detail)
		}
	}
	return best
}

// fill makes the tables of a run that has gone on for so many seconds with so many workers, in SQL.
func fill(t testing.TB, path string, run *bench.Run, workers, seconds int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	start := run.StartTime.UTC().Format(dialect.TimeLayout)
	for _, statement := range []string{
		`WITH RECURSIVE N (I) AS (SELECT 0 UNION ALL SELECT I + 1 FROM N WHERE I < $1 * $2 - 1)
		INSERT INTO WORKER_METRICS_SNAPSHOTS (RUN_ID, WORKER_ID, GENERATION, SEQ, TIMESTAMP, RECEIVED_AT, PHASE, FROM_US, TO_US,
			QPS, TOTAL_OPERATIONS, TOTAL_ERRORS, STARTED, CONNECTIONS, IN_FLIGHT, OLDEST_IN_FLIGHT_MS, P50_US, P95_US, P99_US, MAX_US,
			LAG_P50_US, LAG_P99_US, LAG_MAX_US, UNLISTED_ERRORS, MONO_NS, FINAL)
		SELECT $3, 'worker-' || (I / $2), 1, 1 + I % $2,
			strftime('%Y-%m-%d %H:%M:%f000', $4, '+' || (1 + I % $2) || ' seconds'),
			strftime('%Y-%m-%d %H:%M:%f000', $4, '+' || (1 + I % $2) || '.02 seconds'),
			CASE WHEN I % $2 < 10 THEN 'WARMUP' ELSE 'MEASUREMENT' END, (I % $2) * 1000000, (1 + I % $2) * 1000000,
			100, 100, 0, 100, 4, 4, 10, 900, 2000, 3000, 9000, 10, 50, 200, 0, 0, 0
		FROM N`,
		`WITH RECURSIVE N (I) AS (SELECT 0 UNION ALL SELECT I + 1 FROM N WHERE I < $2 - 1)
		INSERT INTO RUN_SECONDS (RUN_ID, SECOND, WORKLOAD, WORKLOAD_INDEX, PHASE, TIMESTAMP, PLANNED, DONE, FAILED_TIMEOUT,
			FAILED_SERIALIZATION, FAILED_CONNECTION, FAILED_CONSTRAINT, FAILED_EXPECTATION, FAILED_OTHER, INDOUBT, CENSORED, SKIPPED,
			RETRIES, ROW_COUNT, P50_US, P95_US, P99_US, MAX_US, LAG_P99_US, WORKERS_REPORTED, WORKERS_EXPECTED)
		SELECT $3, I, W.NAME, W.PLACE, CASE WHEN I < 10 THEN 'WARMUP' ELSE 'MEASUREMENT' END,
			strftime('%Y-%m-%d %H:%M:%f000', $4, '+' || (1 + I) || ' seconds'),
			100 * $1, 100 * $1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100 * $1, 900, 2000, 3000, 9000, 50, $1, $1
		FROM N, (SELECT 'read' AS NAME, 0 AS PLACE UNION ALL SELECT '', -1) AS W`,
		`WITH RECURSIVE N (I) AS (SELECT 0 UNION ALL SELECT I + 1 FROM N WHERE I < $1 - 1)
		INSERT INTO WORKER_HEARTBEATS (RUN_ID, WORKER_ID, SLOT, GENERATION, HOST, PID, STATUS, PHASE, STAGE, PLAN_HASH, LAST_HEARTBEAT,
			LAST_EVENT_SEQ, LAST_REPORT_SEQ, FINAL, ARMED_ATTEMPT, SINCE_T0_US, CONNECTIONS, EXHAUSTED, ERROR_COUNT, LAST_ERROR,
			FATAL_REASON, CLOCK_OFFSET_NS, CLOCK_ERROR_NS, CPU_PERCENT, MEMORY_BYTES)
		SELECT $3, 'worker-' || I, I, 1, 'host', I, 'RUNNING', 'MEASUREMENT', 'load', '', strftime('%Y-%m-%d %H:%M:%f000', $4, '+' || $2 || ' seconds'),
			2, $2, 0, 1, $2 * 1000000, 4, 0, 0, '', '', 0, 100000, 10, 1000000
		FROM N`,
	} {
		if _, err := db.ExecContext(t.Context(), statement, workers, seconds, run.ID, start); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkLiveChecks is what the live checks cost a server at 64 workers: the share of one core that they take when they
// run as often as they do.
func BenchmarkLiveChecks(b *testing.B) {
	j, path, run := openSample(b)
	fill(b, path, run, 64, 300)
	set, err := loadChecks("")
	if err != nil {
		b.Fatal(err)
	}
	live := bench.Live{
		Run:     []bench.LiveRun{{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement, QPS: 9, Expected: 64, Ready: 64, Armed: 64, Attempt: 1, Recent: 640}},
		Plane:   []bench.LivePlane{{Received: 9000, RefusedS: -1}},
		Viewers: []bench.LiveViewer{{Viewers: 2}}, Journal: []bench.LiveStore{{Name: "journal", OK: true}},
	}
	for i := range 64 {
		live.Workers = append(live.Workers, bench.LiveWorker{Worker: fmt.Sprintf("worker-%d", i), Host: "host", PID: i, Status: bench.WorkerRunning,
			Phase: bench.PhaseMeasurement, Stage: bench.StageLoad, Planned: 9, Reports: 9, Armed: true, Start: 2, Told: 2})
	}
	var checks diagnostics.Set
	for _, c := range set {
		if c.Live {
			checks = append(checks, c)
		}
	}
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	n := 0
	for b.Loop() {
		n++
		k := &diagnostics.Case{Run: run, At: run.StartTime.Add(300 * time.Second), Store: journalDatabase("journal", j.Reader), Server: func(context.Context) (diagnostics.Tables, error) {
			return diagnostics.LiveTables(func() (json.RawMessage, error) { return json.Marshal(live) }, diagnostics.Reach{State: diagnostics.Reached})
		}}
		r, err := checks.Examine(b.Context(), k, diagnostics.Options{Live: true})
		if err != nil || r.Counts[diagnostics.Fail]+r.Counts[diagnostics.Undetermined] > 0 {
			b.Fatalf("%v: %+v", err, r)
		}
	}
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	share := 100 * spent.Seconds() / float64(n) / diagnostics.WatchEvery.Seconds()
	b.ReportMetric(share, "%core")
	if share >= 1 {
		b.Errorf("the live checks take %.2f%% of a core, want less than 1%%", share)
	}
}

package main

import (
	"archive/zip"
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/server/api"
	"bench/sql/target/postgres/pgtest"
)

// examine runs bench doctor and reads its report.
func (s *site) examine(args ...string) (*diagnostics.Report, int) {
	s.t.Helper()
	c := s.start(append([]string{"doctor", "-o", "json"}, args...)...)
	code := c.code()
	r := new(diagnostics.Report)
	if err := json.Unmarshal(c.stdout.Bytes(), r); err != nil {
		s.t.Fatalf("exit %d, %v: %s", code, err, c.stderr.String())
	}
	if code != r.Exit {
		s.t.Errorf("exit %d, the report says %d", code, r.Exit)
	}
	return r, code
}

// causeIs examines again and again until a cause is named, which must be this one. Until it shows there may be none, or
// only the symptom.
func (s *site) causeIs(code, sentence string, args ...string) *diagnostics.Report {
	t := s.t
	t.Helper()
	for deadline := time.Now().Add(45 * time.Second); ; {
		r, exit := s.examine(args...)
		if len(r.Causes) == 0 || r.Find(r.Causes[0]).Symptom {
			if time.Now().After(deadline) {
				t.Fatalf("no cause was named, want %s: %+v", code, r.Checks)
			}
			continue
		}
		f := r.Find(r.Causes[0])
		if f.Code != code || !strings.Contains(f.Detail, sentence) {
			t.Fatalf("the cause is %s %s, want %s %q; %s", f.Code, f.Detail, code, sentence, r.Path)
		}
		if exit != bench.ExitFail || f.Remedy() == "" {
			t.Errorf("exit %d, remedy %q", exit, f.Remedy())
		}
		if r.TookMS > 2000 {
			t.Errorf("the examination took %.0f ms, want less than 2 s", r.TookMS)
		}
		t.Logf("%s %s (%.0f ms)", f.Code, f.Detail, r.TookMS)
		return r
	}
}

// load starts a run in the background and waits until it drives load.
func (s *site) load(spec string) (apply *command, next func() (api.Frame, bool)) {
	s.t.Helper()
	apply = s.prepare("apply", s.spec(spec))
	if err := apply.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { apply.Wait(); close(apply.exited) }()
	s.t.Cleanup(func() { apply.Process.Kill(); <-apply.exited })
	next, _ = s.follow(apply)
	until(s.t, next, "the start", func(f api.Frame) bool { return f.T == "d" && f.Phase == bench.PhaseWarmup })
	return apply, next
}

const doctorSpec = `
run "ill" {
  warmup   = "2s"
  duration = "60s"
  drain    = "1s"
  %s
  load "closed" { connections = 8 }
  workload "read" { sql = "SELECT 1" }
}
`

// A database that takes statements and answers none: found, told on the stream, stored, and the same from a bundle.
func TestDoctorTargetHangs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, next := s.load(fmt.Sprintf(doctorSpec, `target "null" { hang = "true" }`))
	bundle := filepath.Join(s.dir, "out.zip")
	r := s.causeIs("BEN0123", "8 operations in flight", "--bundle", bundle)
	if !strings.Contains(r.Symptom, "QPS 0 because 8 operations in flight and none") || !strings.Contains(r.Path, "done 0 <- here") {
		t.Errorf("%s\n%s", r.Symptom, r.Path)
	}

	again, _ := newSite(t).examine("--from", bundle)
	for i := range r.Checks {
		want, got := &r.Checks[i], &again.Checks[i]
		if want.Outcome != got.Outcome || want.Why != got.Why || want.Detail != got.Detail || len(want.Rows) != len(got.Rows) {
			t.Errorf("%s is %s %s %q, from the bundle %s %s %q", want.Code, want.Outcome, want.Why, want.Detail, got.Outcome, got.Why, got.Detail)
		}
	}
	if again.Exit != r.Exit || again.Path != r.Path || again.Symptom != r.Symptom || !slices.Equal(again.Causes, r.Causes) {
		t.Errorf("%+v, from the bundle %+v", r, again)
	}

	f := until(t, next, "a finding", func(f api.Frame) bool { return f.T == "ev" && f.Event.Type == bench.EventCheck })
	if !strings.HasPrefix(f.Event.Message, "BEN0123 fail: 8 operations in flight") {
		t.Errorf("event %q", f.Event.Message)
	}
	var stored [][]any
	for deadline := time.Now().Add(10 * time.Second); len(stored) == 0 && time.Now().Before(deadline); {
		stored = s.query("SELECT CHECK_CODE, OUTCOME, SEVERITY, PHASE FROM DOCTOR_FINDINGS")
	}
	if len(stored) == 0 || stored[0][0] != "BEN0123" || stored[0][1] != "fail" || stored[0][2] != "error" {
		t.Errorf("stored findings are %v", stored)
	}
}

// revocable gives the site a replica on Postgres that is fed by a role of its own, and returns what takes from that role that
// it may write.
func (s *site) revocable() (revoke func()) {
	t := s.t
	t.Helper()
	dsn := pgtest.Start(t)
	admin, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	config := admin.Config()
	role := "feeder_" + config.Database
	if _, err := admin.Exec(t.Context(), fmt.Sprintf("CREATE ROLE %[1]s LOGIN PASSWORD 'x'; GRANT ALL ON SCHEMA public TO %[1]s", role)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role)
		admin.Close(context.Background())
	})
	s.env = append(s.env, fmt.Sprintf("BENCH_STORE=postgres://%s:x@%s:%d/%s?sslmode=disable", role, config.Host, config.Port, config.Database))
	return func() {
		t.Helper()
		if _, err := admin.Exec(t.Context(), "REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM "+role); err != nil {
			t.Fatal(err)
		}
	}
}

// A replica whose feeder may not write to it any more.
func TestDoctorRevokedInsert(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	revoke := s.revocable()
	_, next := s.load(fmt.Sprintf(doctorSpec, `target "null" { latency = "20ms" }`))
	until(t, next, "a replica that is current", func(f api.Frame) bool { return f.Replica != nil && f.Replica.State == api.ReplicaCurrent })
	revoke()
	s.causeIs("BEN0511", "permission denied")
}

func TestDoctorEveryOperationFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.load(fmt.Sprintf(doctorSpec, `target "null" {
    latency     = "20ms"
    error_rate  = 1
    error_class = "timeout"
  }`))
	s.causeIs("BEN0124", "the first error: ")
}

func TestDoctorStoppedWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.load(fmt.Sprintf(doctorSpec, "target \"null\" { latency = \"20ms\" }\n  fleet \"process\" { workers = 2 }"))
	pid := s.pids()["worker-1"]
	syscall.Kill(pid, syscall.SIGSTOP)
	defer syscall.Kill(pid, syscall.SIGCONT)
	s.causeIs("BEN0107", fmt.Sprintf("worker-1 (pid %d", pid))
}

func TestDoctorKilledWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	apply, _ := s.load(fmt.Sprintf(doctorSpec, "target \"null\" { latency = \"20ms\" }\n  fleet \"process\" { workers = 2 }"))
	syscall.Kill(s.pids()["worker-1"], syscall.SIGKILL)
	apply.code()
	s.causeIs("BEN0106", "worker-1 (pid ")
}

// With the server gone the journal says the rest; a server that is stopped does not answer, which is not the same.
func TestDoctorServerIsGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := s.serve()
	spec := s.spec(fmt.Sprintf(doctorSpec, "target \"null\" { latency = \"20ms\" }\n  fleet \"process\" { workers = 1 }"))
	if out, code := s.output("apply", "--detach", spec); code != 0 {
		t.Fatalf("apply --detach: exit %d %s", code, out)
	}
	next, tail := s.frames()
	until(t, next, "load for some seconds", func(f api.Frame) bool { return f.T == "d" && f.Second != nil && *f.Second >= 5 })
	tail.Process.Kill()
	defer func() {
		for _, pid := range s.pids() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}()
	server.Process.Signal(syscall.SIGSTOP)
	s.causeIs("BEN0001", "does not answer")
	server.Process.Kill()
	<-server.exited
	r := s.causeIs("BEN0001", "no server drives this run: nothing listens at")
	if f := r.Find("BEN0301"); f.Outcome != diagnostics.Pass {
		t.Errorf("of the journal: %s %s %s", f.Code, f.Outcome, f.Detail)
	}
}

func TestDoctorWrongToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.load(fmt.Sprintf(doctorSpec, `target "null" { latency = "20ms" }`))
	c := s.prepare("doctor", "-o", "json")
	c.Env = append(c.Env, "BENCH_SERVER="+s.url(), "BENCH_TOKEN=wrong")
	c.Run()
	r := new(diagnostics.Report)
	if err := json.Unmarshal(c.stdout.Bytes(), r); err != nil {
		t.Fatalf("%v: %s", err, c.stderr.String())
	}
	if len(r.Causes) == 0 || r.Causes[0] != "BEN0002" {
		t.Errorf("causes are %v", r.Causes)
	}
}

func (s *site) url() string {
	var f api.ServerFile
	text, err := os.ReadFile(s.serverFile())
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return f.URL
}

// Statements wait for a lock that a stranger holds: the database says who.
func TestDoctorPostgresLock(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t)
	os.Setenv("BENCH_TEST_LOCK_DSN", dsn) // for the program and for its doctor; no other test knows the name
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(t.Context(), "CREATE TABLE t (n INT); INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	_, next := s.load(`
run "waits" {
  warmup   = "2s"
  duration = "60s"
  drain    = "1s"
  target "postgres" { dsn = env("BENCH_TEST_LOCK_DSN") }
  load "closed" { connections = 4 }
  workload "read" { sql = "SELECT * FROM t" }
}`)
	until(t, next, "done operations", func(f api.Frame) bool { return f.T == "d" && f.Why == "" })
	if _, err := db.Exec(t.Context(), "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	r := s.causeIs("BEN0601", "4 of 4 sessions wait for a lock")
	if f := r.Find("BEN0123"); f.Outcome != diagnostics.Skip || f.Cause != "BEN0601" {
		t.Errorf("BEN0123 is %s, its cause %s", f.Outcome, f.Cause)
	}
}

// A journal that another program holds a lock on: nothing is lost yet, and the doctor says what holds everything up.
func TestDoctorLockedJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.load(fmt.Sprintf(doctorSpec, `target "null" { latency = "20ms" }`))
	unlock := s.lock()
	defer unlock()
	s.causeIs("BEN0004", "wait")
}

// A healthy run, in MEASUREMENT and afterwards: everything that applies passes, with rows.
func TestDoctorHealthyRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	apply := s.start("apply", s.spec(`
run "well" {
  warmup   = "2s"
  duration = "10s"
  target "sqlite" { temporary = true }
  setup { sql = "CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)" }
  fleet "process" { workers = 2 }
  load "closed" {
    connections = 4
    think       = { dist = "constant", mean = "20ms" }
  }
  workload "read" { sql = "SELECT n FROM t WHERE n = 1" }
  slo "errors" {
    metric = "errors.rate"
    max    = 0.5
  }
}`))
	next, _ := s.follow(apply)
	until(t, next, "three seconds of MEASUREMENT", func(f api.Frame) bool { return f.T == "d" && f.Second != nil && *f.Second >= 6 })
	s.well("BEN0001", "BEN0006", "BEN0109", "BEN0113", "BEN0121", "BEN0123", "BEN0201", "BEN0211", "BEN0301", "BEN0305")
	if code := apply.code(); code != 0 {
		t.Fatalf("apply: exit %d", code)
	}
	s.well("BEN0007", "BEN0301", "BEN0308", "BEN0402", "BEN0404")
}

func (s *site) well(mustPass ...string) {
	t := s.t
	t.Helper()
	// Whether the generator keeps up depends on what else this machine does.
	r, code := s.examine("--skip", "BEN0309=the machine is shared")
	for i := range r.Checks {
		f := &r.Checks[i]
		switch {
		case f.Outcome == diagnostics.Pass && len(f.Rows) == 0:
			t.Errorf("%s passes without a row", f.Code)
		case f.Outcome == diagnostics.Fail || f.Outcome == diagnostics.Undetermined:
			t.Errorf("%s is %s (%s): %s", f.Code, f.Outcome, f.Why, f.Detail)
		}
	}
	if code != 0 || r.Counts[diagnostics.Pass] < len(mustPass) {
		t.Errorf("exit %d with %v", code, r.Counts)
	}
	for _, c := range mustPass {
		if f := r.Find(c); f.Outcome != diagnostics.Pass && f.Outcome != diagnostics.Warn {
			t.Errorf("%s is %s (%s): %s", c, f.Outcome, f.Why, f.Detail)
		}
	}
}

// The exit code is the same for every form, JUnit is what build servers read, and the statements run where they are pasted.
func TestDoctorForms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	apply := s.start("apply", s.spec(strings.Replace(fmt.Sprintf(doctorSpec, "target \"null\" {\n error_rate = 1\n latency = \"20ms\"\n }"), `"60s"`, `"3s"`, 1)))
	apply.code()
	for _, form := range []string{"text", "short", "json", "junit", "md"} {
		out, code := s.output("doctor", "-o", form)
		if code != bench.ExitFail || !strings.Contains(out, "BEN0124") {
			t.Errorf("-o %s: exit %d\n%s", form, code, out)
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("-o %s: escape bytes", form)
		}
	}
	if _, code := s.output("doctor", "--check", "BEN0301"); code != 0 {
		t.Errorf("a check that passes: exit %d", code)
	}
	if _, code := s.output("doctor", "--check", "BEN0301", "--skip", "BEN0301=known, and not now"); code != bench.ExitUndetermined {
		t.Errorf("nothing was decided: exit %d", code)
	}

	out, _ := s.output("doctor", "-o", "junit")
	var suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Failures int      `xml:"failures,attr"`
		Suites   []struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Class   string `xml:"classname,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(out), &suites); err != nil || len(suites.Suites) != 1 || suites.Suites[0].Tests != len(suites.Suites[0].Cases) {
		t.Fatalf("%v: %+v", err, suites)
	}
	failures := 0
	for _, c := range suites.Suites[0].Cases {
		if c.Failure != nil {
			failures++
		}
	}
	if failures == 0 || failures != suites.Failures {
		t.Errorf("%d failures are told, %d counted", failures, suites.Failures)
	}

	pasted, code := s.output("doctor", "--show-sql")
	if code != 0 {
		t.Fatalf("--show-sql: exit %d", code)
	}
	if shell, err := exec.LookPath("sqlite3"); err == nil {
		cmd := exec.Command(shell, "-bail", "-readonly", s.journal())
		cmd.Stdin = strings.NewReader(pasted)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	n := 0
	for statement := range strings.SplitSeq(pasted, ";\n") {
		if strings.Contains(statement, "SELECT") && !strings.Contains(statement, "-- SELECT") {
			s.query(statement)
			n++
		}
	}
	if n < 20 {
		t.Errorf("%d statements were pasted", n)
	}
}

// A bundle holds no spec text and no secret.
func TestDoctorBundleHoldsNoSpec(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start("apply", s.spec("# a remark of the spec\n"+strings.Replace(fmt.Sprintf(doctorSpec, `target "null" { latency = "20ms" }`), `"60s"`, `"1s"`, 1))).code()
	file := filepath.Join(s.dir, "out.zip")
	s.output("doctor", "--bundle", file)
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text := new(strings.Builder)
		if _, err := fmt.Fprint(text, readAll(t, r)); err != nil || strings.Contains(text.String(), "a remark of the spec") {
			t.Errorf("%s: %v, or it holds the spec", f.Name, err)
		}
	}
}

func readAll(t *testing.T, r io.ReadCloser) string {
	t.Helper()
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lock holds the journal's write lock, as a shell in a transaction would.
func (s *site) lock() (unlock func()) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.journal()+"?_pragma=busy_timeout(5000)&_txlock=immediate")
	if err != nil {
		s.t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		s.t.Fatal(err)
	}
	return func() { tx.Rollback(); db.Close() }
}

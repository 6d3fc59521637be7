package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/server/client"
	"bench/sql/replica/replicatest"
	"bench/sql/target/postgres/pgtest"
)

// nobody is the address of a store that refuses.
const nobody = "postgres://bench@127.0.0.1:1/none?sslmode=disable"

// A store that is not there changes nothing about a run. What it lacks is said at the end, and the next server goes on.
func TestStoreIsNotThere(t *testing.T) {
	thorough(t)
	t.Parallel()
	s := newSite(t)
	spec := s.spec(fmt.Sprintf(fleetSpec, "6s", 1))
	apply := s.start("apply", "--store", nobody, spec)
	if code := apply.code(); code != 0 {
		t.Errorf("exit %d", code)
	}
	lines := strings.Split(strings.TrimSpace(apply.stderr.String()), "\n")
	last := lines[len(lines)-1]
	if !strings.Contains(last, "rows are not in the replica: ") || !strings.Contains(last, "connection refused; the next server on "+s.journal()) {
		t.Errorf("its last word is %q", last)
	}
	for _, want := range []string{"-- the replica is away", " replica=away/", "waiting up to 10s for database"} {
		if !strings.Contains(apply.stderr.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	times := s.query(`SELECT (SELECT SUM(TOTAL_OPERATIONS) FROM RUN_STATUS), COUNT(*) FROM RUN_SECONDS WHERE WORKLOAD <> ''`)[0]
	if times[0].(int64) == 0 || times[1].(int64) < 8 {
		t.Errorf("%v operations in %v seconds", times[0], times[1])
	}

	dsn := pgtest.Start(t)
	s.env = []string{"BENCH_STORE=" + dsn}
	if code := s.start("apply", s.spec(fmt.Sprintf(fleetSpec, "1s", 1))).code(); code != 0 {
		t.Errorf("the next apply: exit %d", code)
	}
	replicatest.Same(t, s.journal(), dsn)
	if n := s.query("SELECT COUNT(*) FROM RUN_STATUS")[0][0]; n != int64(2) {
		t.Errorf("there are %v runs", n)
	}
}

// Whoever does not want to wait for a store that is away presses Ctrl-C once more; the verdict stays.
func TestInterruptLeavesTheStoreToTheNextServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	apply := s.start("apply", "--store", nobody, s.spec(fmt.Sprintf(fleetSpec, "1s", 1)))
	for _, there := range []bool{true, false} { // the server comes, and when its run has ended it goes
		for {
			if _, err := os.Stat(s.serverFile()); (err == nil) == there {
				break
			}
			select {
			case <-apply.exited:
				t.Fatal("apply did not wait for its store")
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	asked := time.Now()
	apply.Process.Signal(os.Interrupt)
	if code := apply.code(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("it left after %s", took)
	}
	if !strings.Contains(apply.stdout.String(), "COMPLETED") || !strings.Contains(apply.stderr.String(), "rows are not in the replica") {
		t.Error("it does not say how the run ended, or what the replica lacks")
	}
}

// A store outlives its server: it says how a run stood that had not ended, and what it lacks is never hidden.
func TestStoreOfADeadServer(t *testing.T) {
	t.Parallel()
	s, elsewhere := newSite(t), newSite(t)
	dsn := pgtest.Start(t)
	s.env = []string{"BENCH_STORE=" + dsn}
	server := s.serve()
	if _, code := s.output("apply", "--detach", s.spec(fmt.Sprintf(fleetSpec, "60s", 1))); code != 0 {
		t.Fatalf("apply --detach: exit %d", code)
	}
	next, _ := s.frames()
	until(t, next, "a replica of its MEASUREMENT", func(f api.Frame) bool {
		return inPhase(bench.PhaseMeasurement)(f) && *f.Second > 3 && f.Replica.State == api.ReplicaCurrent
	})
	pids := s.pids()
	server.Process.Kill()
	<-server.exited

	tail := elsewhere.start("tail", "--store", dsn)
	if code := tail.code(); code != bench.ExitUndetermined || !strings.Contains(tail.stderr.String(), "had not ended, as far as database") ||
		!strings.Contains(tail.stdout.String(), "WARMUP 1s/2s") {
		t.Errorf("tail: exit %d", code)
	}
	if out, code := elsewhere.output("status", "--store", dsn); code != 0 || !strings.Contains(out, " has of a run that had not ended") {
		t.Errorf("status: exit %d: %s", code, out)
	}
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), "UPDATE REPLICA_PROGRESS SET HEAD_CHANGE_NO = FED_CHANGE_NO + 1500"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"status"}, {"report"}, {"tail"}} {
		c := elsewhere.start(append(args, "-q", "-o", "json", "--store", dsn)...)
		c.code()
		if !strings.Contains(c.stderr.String(), ", 1,500 changes of journal ") || !strings.Contains(c.stderr.String(), "bench: as of 20") {
			t.Errorf("bench %s hides what is missing", args[0])
		}
		if said := strings.Contains(c.stdout.String(), `"lacks": [`); said != (args[0] == "list" || args[0] == "status") {
			t.Errorf("bench %s says for programs what is missing: %v", args[0], said)
		}
	}

	s.serve() // takes the run over, and feeds what has happened since
	next, _ = s.frames()
	if out, code := s.output("stop"); code != 0 {
		t.Errorf("stop: exit %d: %s", code, out)
	}
	until(t, next, "the end", func(f api.Frame) bool { return f.T == "end" })
	s.catchesUp(30 * time.Second)
	replicatest.Same(t, s.journal(), dsn)
	out, code := elsewhere.output("list", "--store", dsn)
	if code != 0 || !strings.Contains(out, string(bench.StatusCancelled)) {
		t.Errorf("list: exit %d: %s", code, out)
	}
	for name, pid := range pids {
		for deadline := time.Now().Add(10 * time.Second); alive(pid) && time.Now().Before(deadline); {
			<-time.After(10 * time.Millisecond)
		}
		if alive(pid) {
			t.Errorf("%s is left", name)
		}
	}
}

// The password of a store is in nothing that a server and its commands print, answer, store, or hand to their workers.
func TestStoreStaysSecret(t *testing.T) {
	thorough(t)
	t.Parallel()
	const canary = "hunter2-canary-of-a-store"
	const secret, wrong = canary + "-1", canary + "-2"
	dsn := pgtest.Start(t)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, grant := range []string{"CREATE ROLE feeder LOGIN PASSWORD '" + secret + "'", "GRANT ALL ON SCHEMA public TO feeder"} {
		if _, err := db.Exec(t.Context(), grant); err != nil {
			t.Fatal(err)
		}
	}
	with := func(password string) string {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword("feeder", password)
		return u.String()
	}
	s := newSite(t)
	var everything bytes.Buffer
	ask := func(args ...string) {
		c := s.start(args...)
		c.code()
		everything.Write(c.stdout.Bytes())
		everything.Write(c.stderr.Bytes())
	}
	for _, password := range []string{wrong, secret} {
		s.env = []string{"BENCH_STORE=" + with(password)}
		server := s.serve()
		ask("-v", "apply", "--detach", s.spec(fmt.Sprintf(fleetSpec, "2s", 1)))
		next, _ := s.frames()
		until(t, next, "MEASUREMENT", inPhase(bench.PhaseMeasurement))
		for _, pid := range s.pids() {
			for _, file := range []string{"cmdline", "environ"} {
				b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
				if err != nil {
					t.Error(err)
				}
				everything.Write(b)
			}
		}
		everything.Write(s.get("/api/replica", "/readyz", "/metrics", "/api/runs/@last/logs", "/api/runs/@last/stream"))
		ask("status")
		ask("status", "-o", "json")
		if password == secret {
			s.catchesUp(30 * time.Second)
		}
		server.Process.Signal(os.Interrupt)
		server.code()
		everything.Write(server.stdout.Bytes())
		everything.Write(server.stderr.Bytes())
		ask("-v", "apply", s.spec(fmt.Sprintf(fleetSpec, "1s", 1))) // whose server tells what it does
		ask("-v", "list", "--store", "env:BENCH_STORE")
		ask("-v", "migrate", "--store", "env:BENCH_STORE", "status")
	}
	if !strings.Contains(everything.String(), "password authentication failed") {
		t.Error("nothing says that the password is wrong")
	}
	replicatest.Same(t, s.journal(), dsn)
	s.keeps(canary, everything.Bytes())
}

// get is what the server answers to its owner.
func (s *site) get(paths ...string) (all []byte) {
	s.t.Helper()
	file, err := client.ReadServerFile(s.serverFile())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, path := range paths {
		r, err := http.NewRequestWithContext(s.t.Context(), "GET", file.URL+path, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+file.Token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode >= 500 {
			s.t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		answer.Body.Close()
		all = append(all, text...)
	}
	return all
}

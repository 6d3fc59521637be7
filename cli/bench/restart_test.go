package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/sql/dialect"
	"bench/sql/target/postgres/pgtest"
)

// A survivor is a run with three worker processes whose server dies, and a viewer that watches all of it.
type survivor struct {
	*site
	server *command
	id     string
	frames chan api.Frame // all that the viewer sees; closed at its end
	dsn    string         // of the database under test; "" is none
}

// survive starts a server and a run of two seconds of WARMUP and three of MEASUREMENT on it, and waits until its three
// workers are registered.
func survive(t *testing.T, dsn string) *survivor {
	t.Helper()
	s := &survivor{site: newSite(t), frames: make(chan api.Frame, 1000), dsn: dsn} // more than such a run has
	s.server = s.serve()
	args := []string{"apply", "--detach"}
	if dsn == "" {
		args = append(args, s.spec(strings.Replace(fmt.Sprintf(fleetSpec, "3s", 3), `latency = "5ms"`, `latency = "50ms"`, 1)))
	} else {
		args = append(args, filepath.Join(examples, "pg-tpcb.hcl"), "--var", "dsn="+dsn,
			"--var", "connections=6", "--var", "workers=3", "--var", "warmup=2s", "--var", "duration=3s")
	}
	out, code := s.output(args...)
	if code != 0 {
		t.Fatalf("apply --detach: exit %d", code)
	}
	s.id = strings.TrimSpace(out)
	next, _ := s.site.frames(s.id)
	go func() {
		defer close(s.frames)
		for f, ok := next(); ok; f, ok = next() {
			s.frames <- f
		}
	}()
	s.await("three workers", "SELECT COUNT(*) = 3 FROM WORKER_HEARTBEATS WHERE GENERATION > 0")
	return s
}

// await waits until a query of the journal answers true.
func (s *site) await(what, query string, args ...any) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		if s.query(query, args...)[0][0] == int64(1) {
			return
		}
	}
	s.t.Fatalf("no %s", what)
}

// serve starts a server, with these flags too, and waits until it can be found.
func (s *site) serve(flags ...string) *command {
	s.t.Helper()
	before, _ := os.ReadFile(s.serverFile())
	server := s.start(append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if now, err := os.ReadFile(s.serverFile()); err == nil && string(now) != string(before) {
			return server
		}
		select {
		case <-server.exited:
			s.t.Fatalf("serve ended: %s", server.stderr.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.t.Fatal("serve left no address")
	return nil
}

func (s *survivor) kill() {
	s.server.Process.Kill()
	<-s.server.exited
}

// restart starts the next server and holds it to the three seconds in which it must be driving: it owns the run and has
// heard its workers.
func (s *survivor) restart() {
	s.t.Helper()
	epoch := s.query("SELECT EPOCH FROM RUN_STATUS")[0][0].(int64)
	ended := s.query("SELECT END_TIME IS NOT NULL FROM RUN_STATUS")[0][0] == int64(1)
	began := time.Now()
	s.server = s.serve()
	if ended {
		return
	}
	s.await("server that drives the run", `SELECT R.EPOCH > ? AND (R.END_TIME IS NOT NULL OR
		0 = (SELECT COUNT(*) FROM WORKER_HEARTBEATS WHERE LAST_HEARTBEAT < ? AND STATUS <> 'COMPLETED')) FROM RUN_STATUS AS R`,
		epoch, began.UTC().Format(dialect.TimeLayout))
	if took := time.Since(began); took > 3*time.Second {
		s.t.Errorf("the second server drove the run after %s", took)
	}
}

// A server that is killed and started again finds its run going on: the window stays, and the ledger is what the workers
// counted, to the operation.
//
// It has a time limit, so no other test runs beside it.
func TestServerIsKilled(t *testing.T) {
	entered := func(p bench.Phase) func(api.Frame) bool {
		return func(f api.Frame) bool {
			return f.T == "ev" && f.Event.Type == bench.EventPhase && strings.Contains(string(f.Event.Data), string(p))
		}
	}
	for _, c := range []struct {
		name string
		in   func(api.Frame) bool
	}{
		{"PREPARING", func(f api.Frame) bool { return true }},
		{"WARMUP", inPhase(bench.PhaseWarmup)},
		{"MEASUREMENT", inPhase(bench.PhaseMeasurement)},
		{"PROCESSING", entered(bench.PhaseProcessing)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := survive(t, "")
			var seen []api.Frame
			for f := range s.frames {
				seen = append(seen, f)
				if c.in(f) {
					break
				}
			}
			s.kill()
			s.restart()
			s.endsWhole(seen)
		})
	}
}

// A server that cannot leave its address beside the journal says so, as something that cannot be reached, and leaves the run that
// it would have taken over to the next.
func TestServerLeavesNoAddress(t *testing.T) {
	s := survive(t, "")
	var seen []api.Frame
	for f := range s.frames {
		if seen = append(seen, f); inPhase(bench.PhaseWarmup)(f) {
			break
		}
	}
	s.kill()
	file := s.serverFile()
	if err := errors.Join(os.Remove(file), os.MkdirAll(filepath.Join(file, "full"), 0o700)); err != nil {
		t.Fatal(err)
	}
	failed := s.start("serve", "--listen", "127.0.0.1:0")
	if code := failed.code(); code != bench.ExitUnreachable || !strings.Contains(failed.stderr.String(), "server.json") {
		t.Errorf("exit %d: %s", code, failed.stderr.String())
	}
	if row := s.query("SELECT EPOCH, STATUS FROM RUN_STATUS")[0]; row[0] != int64(1) || row[1] != "RUNNING" {
		t.Errorf("it left the run as %v", row)
	}
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
	s.restart()
	s.endsWhole(seen)
}

// At any instant at all, also long enough for somebody to come and start it again. BENCH_KILLS says how many instants are
// tried; every other run is against PostgreSQL, whose own history then says what was committed.
func TestServerIsKilledAtRandom(t *testing.T) {
	kills := 1
	if n, err := strconv.Atoi(os.Getenv("BENCH_KILLS")); err == nil {
		kills = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range kills {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			dsn := ""
			if i%2 == 1 {
				dsn = pgtest.Start(t)
			}
			at := time.Duration(random.Int64N(int64(6500 * time.Millisecond)))
			away := time.Duration(random.Int64N(int64(10 * time.Second)))
			if random.IntN(2) == 0 {
				away /= 20 // as a supervisor would
			}
			t.Logf("killed %s after its workers came, back after %s", at, away)
			s := survive(t, dsn)
			<-time.After(at)
			s.kill()
			<-time.After(away)
			s.restart()
			s.endsWhole(nil)
		})
	}
}

// endsWhole waits for the end of the run and holds its ledger against what its workers counted, and what the viewer saw
// against what there was to see.
func (s *survivor) endsWhole(seen []api.Frame) {
	t := s.t
	t.Helper()
	for f := range s.frames {
		seen = append(seen, f)
	}
	end := seen[len(seen)-1]
	if end.T != "end" {
		t.Fatalf("the stream ended with %+v", end)
	}
	if s.startInterrupted(end) {
		t.Logf("the server died while it told its workers the start: %s", end.Final.StopDetail)
		return
	}
	if end.Final.Status != bench.StatusCompleted || end.Result.Partial {
		t.Fatalf("ended %v, %s: %s", end.Final.State, end.Final.StopReason, end.Final.StopDetail)
	}
	if end.Result.WindowUS != 3_000_000 || !end.Final.MeasurementEnd.Equal(end.Final.StartTime.Add(5*time.Second)) {
		t.Errorf("the window is %d µs, from %v to %v", end.Result.WindowUS, end.Final.StartTime, end.Final.MeasurementEnd)
	}
	own := s.query(`SELECT SUM(json_extract(D.value, '$.planned')), SUM(json_extract(D.value, '$.done')), COUNT(DISTINCT WORKER_ID)
		FROM WORKER_METRICS_SNAPSHOTS, json_each(FINAL_TOTALS) AS D
		WHERE FINAL AND json_extract(D.value, '$.op_phase') = 'MEASUREMENT'`)[0]
	all := end.Result.All()
	if own[0] != all.Planned || own[1] != all.Done || own[2] != int64(3) || all.Done == 0 {
		t.Errorf("%v workers counted %v planned, %v done; the result has %+v", own[2], own[0], own[1], all.Ledger)
	}
	stored := s.query("SELECT COUNT(*), MAX(SEQUENCE_ID) FROM RUN_CONTROL_EVENTS")[0]
	if stored[0] != stored[1] {
		t.Errorf("%v events up to sequence %v", stored[0], stored[1])
	}
	s.sawAll(seen, stored[0].(int64))
	if s.dsn != "" {
		s.committed()
	}
	for name, pid := range s.pids() {
		for deadline := time.Now().Add(10 * time.Second); alive(pid) && time.Now().Before(deadline); {
			<-time.After(10 * time.Millisecond)
		}
		if alive(pid) {
			t.Errorf("%s (pid %d) is left", name, pid)
		}
	}
}

// startInterrupted reports whether the server died in the few milliseconds in which some workers knew t0 and others did
// not, and was away for longer than they could wait for each other: the only run that a restart may end, before anything was measured.
func (s *survivor) startInterrupted(end api.Frame) bool {
	r := end.Final
	return r.State == bench.State{Status: bench.StatusFailed, Phase: bench.PhasePreparing} && r.StopReason == bench.ReasonServerLost &&
		r.StartTime == nil && end.Result.All().Planned == 0
}

// sawAll holds what the viewer saw against the journal: every event once and in order, every second of the run.
func (s *survivor) sawAll(seen []api.Frame, events int64) {
	s.t.Helper()
	var last int64
	seconds := map[int64]bool{}
	for _, f := range seen {
		switch f.T {
		case "ev":
			if f.Event.Sequence != last+1 {
				s.t.Errorf("the viewer saw event %d after %d", f.Event.Sequence, last)
			}
			last = f.Event.Sequence
		case "d":
			seconds[*f.Second] = true
		}
	}
	if last < events-1 { // "nothing more will change" follows the end
		s.t.Errorf("the viewer saw %d of %d events", last, events)
	}
	for second := range int64(5) {
		if !seconds[second] {
			s.t.Errorf("the viewer did not see second %d", second)
		}
	}
}

// committed holds the ledger of all phases against the rows that the transactions left in the database.
func (s *survivor) committed() {
	s.t.Helper()
	db, err := pgx.Connect(context.Background(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close(context.Background())
	var history int64
	if err := db.QueryRow(context.Background(), "SELECT count(*) FROM pgbench_history").Scan(&history); err != nil {
		s.t.Fatal(err)
	}
	ledger := s.query("SELECT SUM(DONE), SUM(INDOUBT) FROM WORKLOAD_SNAPSHOTS")[0]
	done, indoubt := ledger[0].(int64), ledger[1].(int64)
	if done == 0 || history < done || history > done+indoubt {
		s.t.Errorf("%d committed, %d in doubt, %d rows of history", done, indoubt, history)
	}
}

// A journal has one server: the second is refused and told who has it, and the first one's death, however sudden, frees it
// at once.
func TestTwoServers(t *testing.T) {
	s := newSite(t)
	first := s.serve()
	second := s.start("serve", "--listen", "127.0.0.1:0")
	if code := second.code(); code != bench.ExitUnreachable || !strings.Contains(second.stderr.String(), fmt.Sprintf("process %d", first.Process.Pid)) {
		t.Errorf("exit %d: %s", code, second.stderr.String())
	}
	first.Process.Kill()
	<-first.exited
	began := time.Now()
	s.serve()
	if took := time.Since(began); took > time.Second {
		t.Errorf("the journal was free after %s", took)
	}
}

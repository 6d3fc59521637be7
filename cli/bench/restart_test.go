package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// A server that is killed and started again finds its run going on: the window stays, and the ledger is what the workers
// counted, to the operation.
func TestServerIsKilled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   func(api.Frame) bool
	}{
		{"WARMUP", inPhase(bench.PhaseWarmup)},
		{"MEASUREMENT", inPhase(bench.PhaseMeasurement)},
		{"PROCESSING", func(f api.Frame) bool {
			return f.T == "ev" && f.Event.Type == bench.EventPhase && strings.Contains(string(f.Event.Data), string(bench.PhaseProcessing))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			first, id := s.detached()
			next, _ := s.frames(id)
			until(t, next, c.name, c.in)
			s.killAndRestart(first)
			s.endsWhole(id)
		})
	}
}

// At any instant at all.
func TestServerIsKilledAtRandom(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := newSite(t)
	first, id := s.detached()
	timer := time.NewTimer(time.Duration(random.Int64N(int64(5 * time.Second))))
	<-timer.C
	s.killAndRestart(first)
	s.endsWhole(id)
}

// detached starts a server and a run on it with three worker processes, all of them ready.
func (s *site) detached() (server *command, id string) {
	s.t.Helper()
	spec := s.spec(strings.Replace(fmt.Sprintf(fleetSpec, "3s", 3), `latency = "5ms"`, `latency = "50ms"`, 1))
	server = s.serve()
	out, code := s.output("apply", "--detach", spec)
	if code != 0 {
		s.t.Fatalf("apply --detach: exit %d", code)
	}
	id = strings.TrimSpace(out)
	next, tail := s.frames(id)
	until(s.t, next, "the start", func(f api.Frame) bool { return f.T == "ev" && f.Event.Type == bench.EventArm })
	tail.Process.Kill()
	return server, id
}

// serve starts a server and waits until it can be found.
func (s *site) serve() *command {
	s.t.Helper()
	before, _ := os.ReadFile(s.dir + "/server.json")
	server := s.start("serve", "--listen", "127.0.0.1:0")
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if now, err := os.ReadFile(s.dir + "/server.json"); err == nil && string(now) != string(before) {
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

func (s *site) killAndRestart(first *command) {
	s.t.Helper()
	first.Process.Kill()
	<-first.exited
	began := time.Now()
	s.serve()
	if took := time.Since(began); took > 3*time.Second {
		s.t.Errorf("the second server was there after %s", took)
	}
}

// endsWhole waits for the end of a run and holds its ledger against what its workers counted.
func (s *site) endsWhole(id string) {
	t := s.t
	t.Helper()
	next, _ := s.frames(id)
	end := until(t, next, "the end", func(f api.Frame) bool { return f.T == "end" })
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
	arms := s.query("SELECT COUNT(*), MAX(SEQUENCE_ID) FROM RUN_CONTROL_EVENTS")[0]
	if arms[0] != arms[1] {
		t.Errorf("%v events up to sequence %v", arms[0], arms[1])
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

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/sql/replica/replicatest"
	"bench/sql/target/postgres/pgtest"
)

// The replica of a server goes away while a run is on, in each of three ways. The run and its stream do not feel it, the
// backlog is shown, and afterwards the replica catches up in order, to the row. BENCH_OUTAGE=5m makes it last that long.
func TestReplicaGoesAway(t *testing.T) {
	thorough(t)
	t.Parallel()
	outage := 8 * time.Second
	if text := os.Getenv("BENCH_OUTAGE"); text != "" {
		var err error
		if outage, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		fault replicatest.Fault
		shown api.ReplicaState // at some time while it is away
	}{
		{"refused", replicatest.Refused, api.ReplicaAway},
		{"hanging", replicatest.Speechless, api.ReplicaBehind}, // it takes 20 s to give up an answer
		{"commit then error", replicatest.Unheard, api.ReplicaAway},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			dsn := pgtest.Start(t)
			network := new(replicatest.Network)
			s.env = []string{"BENCH_STORE=" + through(t, network, dsn)}
			server := s.serve()
			order := watchOrder(t, dsn)
			out, code := s.output("apply", "--detach", s.spec(fmt.Sprintf(fleetSpec, outage+8*time.Second, 2)))
			if code != 0 {
				t.Fatalf("apply --detach: exit %d", code)
			}
			next, _ := s.frames(strings.TrimSpace(out))
			var seen stream
			until(t, next, "a replica that is current", func(f api.Frame) bool {
				return seen.takes(t, f) && f.Replica.State == api.ReplicaCurrent && *f.Second > 2
			})

			if err := network.Last(c.fault); err != nil {
				t.Fatal(err)
			}
			began, shown, backlog := time.Now(), map[api.ReplicaState]int{}, int64(0)
			until(t, next, "the end of the outage", func(f api.Frame) bool {
				if seen.takes(t, f) {
					shown[f.Replica.State]++
					backlog = max(backlog, f.Replica.BacklogRows)
				}
				return time.Since(began) > outage
			})
			if status := s.replica(); status.BacklogRows == 0 || status.State == api.ReplicaCurrent {
				t.Errorf("while it is away, bench status says of it %+v", status)
			}
			if err := network.Last(replicatest.None); err != nil {
				t.Fatal(err)
			}
			end := until(t, next, "the end", func(f api.Frame) bool { return !seen.takes(t, f) && f.T == "end" })
			t.Logf("%d faults; frames showed %v and up to %d rows of backlog; %d seconds, at most %s apart", network.Struck(), shown, backlog, seen.seconds, seen.longest)
			if shown[c.shown] == 0 || backlog < 30 {
				t.Errorf("the replica was shown as %v with up to %d rows of backlog, want it %s", shown, backlog, c.shown)
			}
			if end.Final.Status != bench.StatusCompleted || end.Result.Partial || end.Result.All().Done == 0 {
				t.Errorf("the run ended %v, %s: %s", end.Final.State, end.Final.StopReason, end.Final.StopDetail)
			}
			if want := int64(end.Result.WindowUS)/1e6 + 2; seen.seconds != want {
				t.Errorf("the stream had %d seconds, want %d", seen.seconds, want)
			}

			s.catchesUp(90 * time.Second)
			server.Process.Signal(os.Interrupt)
			if code := server.code(); code != 0 || strings.Contains(server.stderr.String(), "not in the replica") {
				t.Errorf("the server ended with %d", code)
			}
			order.check()
			replicatest.Same(t, s.journal(), dsn)
		})
	}
}

// through is the address of a database behind a network.
func through(t *testing.T, network *replicatest.Network, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = network.Listen(t, u.Host)
	return u.String()
}

// A stream is what was seen of the seconds of a run.
type stream struct {
	seconds int64 // told so far, from 0
	at      time.Time
	longest time.Duration // between two of them, by the server's stamps
}

// gapLimit is how far apart two seconds may be told.
const gapLimit = 1500 * time.Millisecond

// takes reports whether a frame is the next second of WARMUP or MEASUREMENT. One that is missing, or late, fails the test.
func (s *stream) takes(t *testing.T, f api.Frame) bool {
	t.Helper()
	if f.T == "gap" {
		t.Errorf("frames %d to %d are missing: %s", f.From, f.To, f.Why)
	}
	if f.T != "d" || *f.Second < 0 || f.Corrected || f.Draining {
		return false
	}
	at := time.UnixMilli(f.TS)
	if *f.Second != s.seconds || f.Replica == nil {
		t.Fatalf("second %d of %s came after second %d, and the replica is %v", *f.Second, f.Phase, s.seconds-1, f.Replica)
	}
	if s.seconds > 0 {
		gap := at.Sub(s.at)
		if s.longest = max(s.longest, gap); gap > gapLimit {
			t.Errorf("second %d was told %s after the one before", *f.Second, gap)
		}
	}
	s.at, s.seconds = at, s.seconds+1
	return true
}

// replica is how bench status says that the replica stands.
func (s *site) replica() (r api.Replica) {
	s.t.Helper()
	out, code := s.output("status", "-o", "json")
	var status struct {
		Replica *api.Replica `json:"replica"`
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil || code != 0 || status.Replica == nil {
		s.t.Fatalf("status: exit %d, %v: %s", code, err, out)
	}
	return *status.Replica
}

// catchesUp waits until nothing is missing in the replica.
func (s *site) catchesUp(limit time.Duration) {
	s.t.Helper()
	var r api.Replica
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		r = api.Replica{}
		if err := json.Unmarshal(s.get("/api/replica"), &r); err != nil {
			s.t.Fatal(err)
		}
		if r.State == api.ReplicaCurrent && r.BacklogRows == 0 {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	s.t.Fatalf("after %s the replica is %+v", limit, r)
}

// An order watches a replica while it is fed: its position only moves forward, and no row in it is beyond the position.
type order struct {
	t    *testing.T
	db   *sql.DB
	stop context.CancelFunc
	done sync.WaitGroup

	positions []int64
	wrong     []string
}

func watchOrder(t *testing.T, dsn string) *order {
	ctx, stop := context.WithCancel(context.Background())
	o := &order{t: t, db: replicatest.Open(t, dsn), stop: stop}
	o.done.Go(func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			o.look()
			<-ticker.C
		}
	})
	t.Cleanup(func() { stop(); o.done.Wait() })
	return o
}

// look compares the position with the newest rows, in one snapshot.
func (o *order) look() {
	var position, newest int64
	err := o.db.QueryRowContext(context.Background(), `SELECT P.FED_CHANGE_NO, GREATEST(
		(SELECT MAX(CHANGE_NO) FROM RUN_STATUS), (SELECT MAX(CHANGE_NO) FROM RUN_SECONDS), (SELECT MAX(CHANGE_NO) FROM WORKER_HEARTBEATS),
		(SELECT MAX(CHANGE_NO) FROM WORKLOAD_SNAPSHOTS), (SELECT MAX(CHANGE_NO) FROM RUN_CONTROL_EVENTS), 0)
		FROM REPLICA_PROGRESS AS P`).Scan(&position, &newest)
	if err != nil {
		return // the server has not made the tables yet
	}
	n := len(o.positions)
	switch {
	case newest > position:
		o.wrong = append(o.wrong, fmt.Sprintf("position %d, but there is a row of change %d", position, newest))
	case n > 0 && position < o.positions[n-1]:
		o.wrong = append(o.wrong, fmt.Sprintf("position %d after %d", position, o.positions[n-1]))
	case n > 0 && position == o.positions[n-1]:
		return
	}
	o.positions = append(o.positions, position)
}

func (o *order) check() {
	o.t.Helper()
	o.stop()
	o.done.Wait()
	for _, text := range o.wrong {
		o.t.Error(text)
	}
	if len(o.positions) < 5 {
		o.t.Errorf("the position was seen at %v only", o.positions)
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bench/server/api"
	"bench/sql/journal"
	"bench/sql/replica"
)

// stuck is a store that never answers, and a feeder of it.
type stuck struct {
	store
	status replica.Status
}

func (*stuck) String() string { return "the store" }

func (*stuck) patience() time.Duration { return 10 * time.Second }

func (s *stuck) feeder(*journal.Journal, *slog.Logger) (feeder, error) { return s, nil }

func (*stuck) Run(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func (*stuck) Flush(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("7 rows are not in the replica: %w", context.Cause(ctx))
}

func (s *stuck) Status() replica.Status { return s.status }

func (*stuck) Close() {}

// The end of a server waits for its store for a stated time, and not when nobody wants to wait.
func TestEndWaitsForTheStoreForALimitedTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		skip  time.Duration // after which nobody waits any more
		takes time.Duration
		says  string
	}{
		{"patient", time.Hour, 10 * time.Second, "7 rows are not in the replica: 10s were not enough; the next server on j.db with this store goes on from there"},
		{"impatient", 3 * time.Second, 3 * time.Second, "7 rows are not in the replica: it was not waited for; the next server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var talk strings.Builder
				p := &program{Process: Process{Stderr: &talk}, globals: globals{Journal: "j.db"}}
				f, err := p.newFeeding(&stuck{}, nil, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				finish := f.start()
				timer := time.AfterFunc(c.skip, func() { f.leave() })
				defer timer.Stop()
				began := time.Now()
				err = finish()
				if took := time.Since(began); took != c.takes || err == nil || !strings.HasPrefix(err.Error(), c.says) {
					t.Errorf("after %s: %v", took, err)
				}
				if want := "waiting up to 10s for the store to take what it lacks; Ctrl-C leaves it to the next server\n"; talk.String() != want {
					t.Errorf("it said %q", talk.String())
				}
			})
		})
	}
}

func TestStanding(t *testing.T) {
	for _, c := range []struct {
		name   string
		age    time.Duration // of the feeding
		status replica.Status
		state  api.ReplicaState
		text   string
	}{
		{"just begun", time.Second, replica.Status{Backlog: 12, Lag: time.Hour}, api.ReplicaConnecting, "connecting"},
		{"makes its tables", 40 * time.Second, replica.Status{Answering: true, Backlog: 12, Lag: time.Hour}, api.ReplicaConnecting, "connecting"},
		{"failed to make them, tries again", 90 * time.Second, replica.Status{Answering: true, Backlog: 12, Lag: time.Hour, LastError: "it did not answer in time"},
			api.ReplicaAway, "away, up to 12 rows not in it yet: it did not answer in time"},
		{"never answered", 6 * time.Second, replica.Status{Backlog: 12, Lag: time.Hour}, api.ReplicaAway,
			"away, up to 12 rows not in it yet: it has not answered"},
		{"refused", 2 * time.Second, replica.Status{Backlog: 12, Lag: time.Hour, LastError: "connection refused"}, api.ReplicaAway,
			"away, up to 12 rows not in it yet: connection refused"},
		{"current", time.Hour, replica.Status{Connected: true, Reached: true, Backlog: 12, Lag: time.Second}, api.ReplicaCurrent, "current"},
		{"behind", time.Hour, replica.Status{Connected: true, Reached: true, Backlog: 1234, Lag: 12 * time.Second}, api.ReplicaBehind,
			"behind, 1,234 rows not in it yet, the oldest for 12s"},
		{"gone", time.Hour, replica.Status{Reached: true, Backlog: 1, Lag: time.Second, LastError: "EOF"}, api.ReplicaAway,
			"away, 1 row not in it yet, the oldest for 1s: EOF"},
		{"the journal cannot be read", time.Hour, replica.Status{Connected: true, Reached: true, LastError: "disk full"}, api.ReplicaAway, "away: disk full"},
	} {
		f := &feeding{store: &stuck{}, feeder: &stuck{status: c.status}}
		r := f.standing(c.age)
		if got := inWords(r); r.State != c.state || got != c.text {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, r.State, got, c.state, c.text)
		}
	}
}

func TestTurnsTellOfChangesThatMatter(t *testing.T) {
	var told turns
	var got []string
	for _, state := range []api.ReplicaState{"", api.ReplicaConnecting, api.ReplicaCurrent, api.ReplicaCurrent, api.ReplicaBehind, api.ReplicaBehind,
		api.ReplicaAway, api.ReplicaBehind, api.ReplicaCurrent, api.ReplicaAway, api.ReplicaCurrent} {
		var r *api.Replica
		if state != "" {
			r = &api.Replica{State: state}
		}
		if text := told.to(r); text != "" {
			got = append(got, strings.TrimPrefix(text, "the replica "))
		}
	}
	want := "is behind|is away: it has not answered|is behind|has caught up|is away: it has not answered|has caught up"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

// A viewer is told once when the replica goes away and when it has caught up; in between, each line has a mark.
func TestDisplaysShowTheReplica(t *testing.T) {
	with := func(f *api.Frame, state api.ReplicaState) *api.Frame {
		f.Replica = &api.Replica{State: state, Reached: true, BacklogRows: 40, LagMS: 6000}
		return f
	}
	frames := []*api.Frame{with(hello(), api.ReplicaCurrent), with(second(3, 100, "MEASUREMENT"), api.ReplicaAway),
		with(second(4, 100, "MEASUREMENT"), api.ReplicaAway), with(second(5, 100, "MEASUREMENT"), api.ReplicaCurrent)}
	var asLines, asBlock strings.Builder
	for _, d := range []display{&lines{w: &asLines}, &block{w: &asBlock, size: func() (int, int) { return 100, 24 }, blocks: asciiLevels}} {
		v := new(view)
		for _, f := range frames {
			v.take(f)
			d.frame(v, f, at)
			d.tick(v, link{}, at)
		}
	}
	for _, c := range []struct {
		where, what string
		times       int
	}{
		{asLines.String(), "-- the replica is away, 40 rows not in it yet, the oldest for 6s: it has not answered\n", 1},
		{asLines.String(), "-- the replica has caught up\n", 1},
		{asLines.String(), " replica=away/40rows", 2},
		{asBlock.String(), "-- the replica is away, 40 rows", 1},
		{asBlock.String(), "-- the replica has caught up\n", 1},
		{asBlock.String(), "replica away, lacks 40 rows", 2},
	} {
		if n := strings.Count(c.where, c.what); n != c.times {
			t.Errorf("%q is there %d times, want %d:\n%s", c.what, n, c.times, c.where)
		}
	}
}

func TestStoreIsNamedByFlagThenEnvironment(t *testing.T) {
	const one, two = "postgres://u:geheim@one/x", "postgresql://u:geheim@two/x"
	for _, c := range []struct {
		flag, variable string
		named, any     string // part of the store's name; "" is none
		wrong          string // what the error of either says
	}{
		{"", "", "", "", ""},
		{one, two, `"x" of PostgreSQL at one:5432`, `at one:5432`, ""},
		{"", two, "", `at two:5432`, ""},
		{"env:BENCH_STORE", two, `at two:5432`, `at two:5432`, ""},
		{"env:NONE", two, "", "", "--store: the environment has no variable NONE"},
		{"mysql://u:geheim@one", "", "", "", "--store: write postgres://"},
		{"host=one password=geheim", "", "", "", "--store: write postgres://"},
		{"", "postgres://u:geheim@one:x/", "", "", "BENCH_STORE: the address of the replica cannot be read"},
	} {
		p := &program{globals: globals{Store: c.flag}, Process: Process{Env: func(name string) (string, bool) {
			return c.variable, name == "BENCH_STORE" && c.variable != ""
		}}}
		named, err := p.namedStore()
		either, errEither := p.store()
		if has := func(s store, part string) bool {
			return (s == nil) == (part == "") && (s == nil || strings.Contains(s.String(), part) && !strings.Contains(s.String(), "geheim"))
		}; !has(named, c.named) || !has(either, c.any) {
			t.Errorf("--store %q, BENCH_STORE %q: got %v and %v", c.flag, c.variable, named, either)
		}
		err = errors.Join(err, errEither)
		if (err == nil) != (c.wrong == "") || err != nil && (exitCode(err) != 80 || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "geheim")) {
			t.Errorf("--store %q, BENCH_STORE %q: error %v, want %q", c.flag, c.variable, err, c.wrong)
		}
	}
}

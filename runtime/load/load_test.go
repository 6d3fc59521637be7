package load_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/runtime/stats"
	"bench/sql/target/null"
)

func plan(change func(*bench.Plan)) *bench.Plan {
	p := &bench.Plan{
		Seed: 7, Duration: bench.Duration(10 * time.Second),
		Target:    bench.Target{Kind: "null", Options: map[string]string{"latency": "20ms"}},
		Workloads: []bench.Workload{{Name: "read", Weight: 1, Statements: []bench.Statement{{Parts: []string{"SELECT 1"}, Fetch: "all"}}}},
		Groups:    []bench.Group{{Load: bench.Load{Model: "closed", Connections: 2}, Workloads: []int{0}, Pick: "random"}},
	}
	if change != nil {
		change(p)
	}
	return p
}

// drive runs a plan on one worker in fake time and returns what was recorded of MEASUREMENT.
func drive(t *testing.T, p *bench.Plan, wrap func(load.Target) load.Target, during func(l *load.Load, abort func())) (sum *stats.Tally, shown []bench.Execution) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var target load.Target
		target, err := null.Open(t.Context(), p.Target, nil, 1, "test")
		if err != nil {
			t.Fatal(err)
		}
		if wrap != nil {
			target = wrap(target)
		}
		recorder := stats.NewRecorder(2, len(p.Workloads))
		exhibits := &load.Exhibits{}
		l, err := load.New(load.Config{Plan: p, Workers: 1, Target: target, Recorder: recorder, Exhibits: exhibits})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Connect(t.Context(), func(bench.Stage) {}); err != nil {
			t.Fatal(err)
		}
		abort, cancel := context.WithCancel(t.Context())
		defer cancel()
		timeline := bench.Timeline{WarmupUS: p.Warmup.D().Microseconds()}
		if p.Iterations == 0 {
			timeline.EndUS = timeline.WarmupUS + p.Duration.D().Microseconds()
		}
		over := l.Start(abort, time.Now().Add(time.Second), timeline)
		if during != nil {
			during(l, cancel)
		}
		<-over
		l.Close()
		var all stats.Aggregate
		deltas, _ := recorder.Cut()
		if err := all.Add(deltas); err != nil {
			t.Fatal(err)
		}
		if err := all.Balanced(0); err != nil {
			t.Error(err)
		}
		sum = all.All(bench.PhaseMeasurement)
		shown, _ = exhibits.Cut()
	})
	return sum, shown
}

func TestClosedLoop(t *testing.T) {
	second := func(n int) bench.Duration { return bench.Duration(time.Duration(n) * time.Second) }
	ms := func(n int) bench.Duration { return bench.Duration(time.Duration(n) * time.Millisecond) }
	for _, c := range []struct {
		name     string
		load     bench.Load
		low, top int64 // operations of 20 ms in 10 s
		p50      int64 // response, microseconds
	}{
		{"back to back", bench.Load{Connections: 2}, 998, 1000, 20_000},
		{"ramp over half the time", bench.Load{Connections: 2, Ramp: second(10)}, 745, 755, 20_000},
		{"constant think time", bench.Load{Connections: 2, Think: &bench.Dist{Kind: "constant", Mean: ms(80)}}, 198, 202, 20_000},
		{"paced", bench.Load{Connections: 2, Pacing: ms(100)}, 198, 201, 20_000},
		// The schedule asks for an operation each 10 ms, the target takes 20: by the end they start 5 s late.
		{"paced beyond what the target holds", bench.Load{Connections: 2, Pacing: ms(10)}, 990, 1010, 2_500_000},
		{"stages from 0 to 4 and back", bench.Load{Connections: 0, Stages: []bench.LoadStage{
			{Connections: 4, Duration: second(5)}, {Connections: 0, Duration: second(5)}}}, 1240, 1260, 20_000}, // the first joins at once
	} {
		t.Run(c.name, func(t *testing.T) {
			sum, _ := drive(t, plan(func(p *bench.Plan) { p.Groups[0].Load = c.load }), nil, nil)
			if sum.Done < c.low || sum.Done > c.top {
				t.Errorf("%d operations, want %d to %d", sum.Done, c.low, c.top)
			}
			if got := sum.Response.Quantile(50, 100); got < c.p50*95/100 || got > c.p50*105/100 {
				t.Errorf("p50 %d µs, want %d ± 5 %%", got, c.p50)
			}
		})
	}
}

// A stall of the target must show in the percentiles of a paced load for every operation that it kept waiting, and only for
// one operation a connection of an unpaced one.
func TestStallIsNotOmitted(t *testing.T) {
	stalled := map[string]string{"latency": "1ms", "stall_at": "5s", "stall_for": "1s"}
	paced, _ := drive(t, plan(func(p *bench.Plan) {
		p.Target.Options, p.Groups[0].Load.Pacing = stalled, bench.Duration(10*time.Millisecond)
	}), nil, nil)
	// 100 of 1000 operations a connection waited, evenly from 1 s down to 0: p95 is about half a second.
	if got := paced.Response.Quantile(95, 100); got < 400_000 || got > 600_000 {
		t.Errorf("paced p95 %d µs, want about 500 ms", got)
	}
	if got := paced.Service.Quantile(95, 100); got > 2_000 {
		t.Errorf("service p95 %d µs, want 1 ms", got)
	}
	free, _ := drive(t, plan(func(p *bench.Plan) { p.Target.Options = stalled }), nil, nil)
	if got := free.Response.Max(); got < 990_000 {
		t.Errorf("unpaced max %d µs, want 1 s", got)
	}
}

// answers is a target whose sessions are scripted.
type answers struct {
	load.Target
	mu    sync.Mutex
	exec  func(n int, call *load.Call) error
	done  func(ctx context.Context) error // of COMMIT
	calls int
	opens int
	trace []string
}

type scripted struct {
	load.Conn
	a *answers
}

func (a *answers) Open(ctx context.Context, n int, stage func(bench.Stage)) (load.Conn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opens++
	c, err := a.Target.Open(ctx, n, stage)
	return scripted{c, a}, err
}

func (c scripted) note(what string) {
	c.a.mu.Lock()
	c.a.trace = append(c.a.trace, what)
	c.a.mu.Unlock()
}

func (c scripted) Begin(ctx context.Context, isolation string) error {
	c.note("begin")
	return c.Conn.Begin(ctx, isolation)
}

func (c scripted) Rollback(ctx context.Context) error {
	c.note("rollback")
	return c.Conn.Rollback(ctx)
}

func (c scripted) Commit(ctx context.Context) error {
	c.note("commit")
	if c.a.done != nil {
		return c.a.done(ctx)
	}
	return c.Conn.Commit(ctx)
}

func (c scripted) Exec(ctx context.Context, call *load.Call) error {
	c.note("exec")
	c.a.mu.Lock()
	n := c.a.calls
	c.a.calls++
	c.a.mu.Unlock()
	if c.a.exec != nil {
		if err := c.a.exec(n, call); err != nil {
			return err
		}
	}
	return c.Conn.Exec(ctx, call)
}

// What a schedule asked for and the target did not hold is counted, not forgotten.
func TestMissedPlacesAreSkipped(t *testing.T) {
	sum, _ := drive(t, plan(func(p *bench.Plan) { p.Groups[0].Load.Pacing = bench.Duration(10 * time.Millisecond) }), nil, nil)
	if sum.Planned < 1998 || sum.Planned > 2002 || sum.Skipped < 990 || sum.Skipped > 1010 {
		t.Errorf("planned %d, skipped %d, want 2000 and 1000", sum.Planned, sum.Skipped)
	}
}

func once(p *bench.Plan) {
	p.Duration, p.Iterations = 0, 1
	p.Groups[0].Load.Connections = 1
}

func TestOutcomes(t *testing.T) {
	conflict := &bench.OpError{Class: bench.ErrorSerialization, Message: "deadlock"}
	lost := &bench.OpError{Class: bench.ErrorConnection, Message: "gone", Lost: true}
	retry := bench.Retry{Attempts: 3, On: []bench.ErrorClass{bench.ErrorSerialization}}
	failing := func(times int, err error) func(int, *load.Call) error {
		return func(n int, _ *load.Call) error {
			if n < times {
				return err
			}
			return nil
		}
	}
	for _, c := range []struct {
		name    string
		plan    func(*bench.Plan)
		target  *answers
		want    bench.Ledger
		retries int64
		trace   []string
		opens   int
	}{
		{
			name: "done", want: bench.Ledger{Planned: 1, Done: 1}, trace: []string{"begin", "exec", "commit"}, opens: 1,
		}, {
			name: "retried, then done", target: &answers{exec: failing(2, conflict)},
			plan: func(p *bench.Plan) { p.Workloads[0].Retry = retry }, retries: 2,
			want:  bench.Ledger{Planned: 1, Done: 1},
			trace: []string{"begin", "exec", "rollback", "begin", "exec", "rollback", "begin", "exec", "commit"}, opens: 1,
		}, {
			name: "retried in vain", target: &answers{exec: failing(9, conflict)},
			plan: func(p *bench.Plan) { p.Workloads[0].Retry = retry }, retries: 2,
			want:  bench.Ledger{Planned: 1, Failed: [bench.ErrorClasses]int64{bench.ErrorSerialization: 1}},
			trace: []string{"begin", "exec", "rollback", "begin", "exec", "rollback", "begin", "exec", "rollback"}, opens: 1,
		}, {
			name: "session lost", target: &answers{exec: failing(1, lost)},
			want:  bench.Ledger{Planned: 1, Failed: [bench.ErrorClasses]int64{bench.ErrorConnection: 1}},
			trace: []string{"begin", "exec"}, opens: 1,
		}, {
			name: "no answer to COMMIT", target: &answers{done: func(context.Context) error { return lost }},
			want: bench.Ledger{Planned: 1, Indoubt: 1}, trace: []string{"begin", "exec", "commit"}, opens: 1,
		}, {
			name: "COMMIT refused", target: &answers{done: func(context.Context) error { return conflict }},
			want:  bench.Ledger{Planned: 1, Failed: [bench.ErrorClasses]int64{bench.ErrorSerialization: 1}},
			trace: []string{"begin", "exec", "commit", "rollback"}, opens: 1,
		}, {
			name: "fewer rows than expected", plan: func(p *bench.Plan) { p.Workloads[0].Statements[0].Expect = &bench.Expect{MinRows: new(int64(2))} },
			want:  bench.Ledger{Planned: 1, Failed: [bench.ErrorClasses]int64{bench.ErrorExpectation: 1}},
			trace: []string{"begin", "exec", "rollback"}, opens: 1,
		}, {
			name: "timeout", plan: func(p *bench.Plan) { p.Workloads[0].Timeout = bench.Duration(5 * time.Millisecond) },
			want:  bench.Ledger{Planned: 1, Failed: [bench.ErrorClasses]int64{bench.ErrorTimeout: 1}},
			trace: []string{"begin", "exec", "rollback"}, opens: 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan(once)
			p.Workloads[0].Transaction = true
			if c.plan != nil {
				c.plan(p)
			}
			a := c.target
			if a == nil {
				a = &answers{}
			}
			sum, shown := drive(t, p, func(inner load.Target) load.Target { a.Target = inner; return a }, nil)
			if sum.Ledger != c.want || sum.Retries != c.retries {
				t.Errorf("ledger %+v, %d retries, want %+v, %d", sum.Ledger, sum.Retries, c.want, c.retries)
			}
			if !slices.Equal(a.trace, c.trace) || a.opens != c.opens {
				t.Errorf("trace %v, %d logins, want %v, %d", a.trace, a.opens, c.trace, c.opens)
			}
			if c.want.Done == 0 && (len(shown) != 1 || shown[0].Why != "error" || shown[0].Error == "") {
				t.Errorf("told %+v", shown)
			}
		})
	}
}

// An abort cancels what is in flight; a COMMIT among it is in doubt.
func TestAbort(t *testing.T) {
	for _, committing := range []bool{false, true} {
		p := plan(func(p *bench.Plan) {
			p.Groups[0].Load.Connections = 1
			p.Workloads[0].Transaction = true
			p.Target.Options = map[string]string{"latency": "1h"}
		})
		a := &answers{}
		if committing {
			p.Target.Options["latency"] = "0s"
			a.done = func(ctx context.Context) error {
				<-ctx.Done()
				return &bench.OpError{Class: bench.ErrorOther, Message: "cancelled"}
			}
		}
		sum, _ := drive(t, p, func(inner load.Target) load.Target { a.Target = inner; return a }, func(l *load.Load, abort func()) {
			time.Sleep(3 * time.Second)
			if _, inFlight, oldest := l.Level(); inFlight != 1 || oldest < int64(1900*time.Millisecond) {
				t.Errorf("%d in flight, the oldest for %d ns", inFlight, oldest)
			}
			abort()
		})
		want := bench.Ledger{Planned: 1, Censored: 1}
		if committing {
			want = bench.Ledger{Planned: 1, Indoubt: 1}
		}
		if sum.Ledger != want {
			t.Errorf("committing %t: %+v, want %+v", committing, sum.Ledger, want)
		}
	}
}

// A target that refuses sessions is left alone for a while, and each try is an operation that failed.
func TestRefusedSessionsBackOff(t *testing.T) {
	var down bool
	a := &answers{}
	a.exec = func(n int, _ *load.Call) error {
		if n == 10 {
			down = true
		}
		if down {
			return &bench.OpError{Class: bench.ErrorConnection, Message: "gone", Lost: true}
		}
		return nil
	}
	refuse := &refusing{answers: a, down: &down}
	sum, _ := drive(t, plan(func(p *bench.Plan) { p.Groups[0].Load.Connections = 1 }), func(inner load.Target) load.Target {
		a.Target = inner
		return refuse
	}, nil)
	if n := sum.Failed[bench.ErrorConnection]; n < 3 || n > 60 {
		t.Errorf("%d failed operations in 10 s, want a few", n)
	}
}

type refusing struct {
	*answers
	down *bool
}

func (r *refusing) Open(ctx context.Context, n int, stage func(bench.Stage)) (load.Conn, error) {
	if *r.down {
		return nil, errors.New("refused")
	}
	return r.answers.Open(ctx, n, stage)
}

// The stream of operations must not depend on how many workers there are.
func TestSameOperationsForAnyFleet(t *testing.T) {
	stream := func(workers int) map[[2]int64]string {
		got := map[[2]int64]string{}
		var mu sync.Mutex
		for slot := range workers {
			p := plan(func(p *bench.Plan) {
				p.Duration, p.Iterations = 0, 60
				p.Groups[0].Load.Connections = 6
				p.Params = []bench.Param{{Name: "n", Kind: "zipf", From: 1, To: 1000, Skew: 0.9}}
				p.Workloads = append(p.Workloads, bench.Workload{Name: "other", Weight: 2, Statements: []bench.Statement{
					{Parts: []string{"SELECT ", ""}, Binds: []bench.Bind{{Param: 0, Statement: -1}}, Fetch: "all"}}})
				p.Groups[0].Workloads = []int{0, 1}
			})
			synctest.Test(t, func(t *testing.T) {
				target, err := null.Open(t.Context(), p.Target, nil, 1, "test")
				if err != nil {
					t.Fatal(err)
				}
				l, err := load.New(load.Config{Plan: p, Slot: slot, Workers: workers, Target: &listening{Target: target, heard: func(c int, n int64, call *load.Call) {
					mu.Lock()
					defer mu.Unlock()
					s := "read"
					if len(call.Args) > 0 {
						s = "other " + string(rune('0'+call.Args[0].Int%10)) + time.Duration(call.Args[0].Int).String()
					}
					got[[2]int64{int64(c), n}] = s
				}}, Recorder: stats.NewRecorder(1, 2), Exhibits: &load.Exhibits{}})
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Connect(t.Context(), func(bench.Stage) {}); err != nil {
					t.Fatal(err)
				}
				<-l.Start(t.Context(), time.Now(), bench.Timeline{})
				l.Close()
			})
		}
		return got
	}
	one, three := stream(1), stream(3)
	if len(one) != 60 {
		t.Fatalf("%d operations, want 60", len(one))
	}
	for k, v := range one {
		if three[k] != v {
			t.Errorf("operation %v: %q with one worker, %q with three", k, v, three[k])
		}
	}
}

// listening hears every call with its connection.
type listening struct {
	load.Target
	heard func(connection int, n int64, call *load.Call)
}

func (l *listening) Open(ctx context.Context, n int, stage func(bench.Stage)) (load.Conn, error) {
	c, err := l.Target.Open(ctx, n, stage)
	return &listeningConn{Conn: c, l: l, number: n}, err
}

type listeningConn struct {
	load.Conn
	l      *listening
	number int
	calls  int64
}

func (c *listeningConn) Exec(ctx context.Context, call *load.Call) error {
	c.l.heard(c.number, c.calls, call)
	c.calls++
	return c.Conn.Exec(ctx, call)
}

// A session that can mark its statements is told, before each operation, what they belong to.
func TestTags(t *testing.T) {
	tags := &tagging{counts: map[string]int{}}
	sum, _ := drive(t, plan(func(p *bench.Plan) {
		p.Warmup = bench.Duration(time.Second)
		p.Workloads = append(p.Workloads, bench.Workload{Name: "write", Weight: 1, Statements: p.Workloads[0].Statements})
		p.Groups[0].Workloads = []int{0, 1}
	}), func(inner load.Target) load.Target {
		tags.Target = inner
		return tags
	}, nil)
	warm := tags.counts["WARMUP read"] + tags.counts["WARMUP write"]
	measured := tags.counts["MEASUREMENT read"] + tags.counts["MEASUREMENT write"]
	if len(tags.counts) != 4 || warm == 0 || int64(measured) != sum.Planned {
		t.Errorf("tags %v, and %d measured operations", tags.counts, sum.Planned)
	}
}

// tagging counts its calls by tag.
type tagging struct {
	load.Target
	mu     sync.Mutex
	counts map[string]int
}

func (t *tagging) Open(ctx context.Context, n int, stage func(bench.Stage)) (load.Conn, error) {
	c, err := t.Target.Open(ctx, n, stage)
	return &taggingConn{Conn: c, target: t}, err
}

type taggingConn struct {
	load.Conn
	target *tagging
	tag    string
}

func (c *taggingConn) Tag(phase bench.Phase, workload string) {
	c.tag = string(phase) + " " + workload
}

func (c *taggingConn) Exec(ctx context.Context, call *load.Call) error {
	c.target.mu.Lock()
	c.target.counts[c.tag]++
	c.target.mu.Unlock()
	return c.Conn.Exec(ctx, call)
}

// What the generator itself costs: an operation on a target that does nothing.
func BenchmarkOperation(b *testing.B) {
	p := plan(func(p *bench.Plan) {
		p.Target.Options = nil
		p.Duration, p.Iterations = 0, int64(b.N)
		p.Groups[0].Load.Connections = 1
	})
	target, err := null.Open(b.Context(), p.Target, nil, 1, "test")
	if err != nil {
		b.Fatal(err)
	}
	l, err := load.New(load.Config{Plan: p, Workers: 1, Target: target, Recorder: stats.NewRecorder(1, 1), Exhibits: &load.Exhibits{}})
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Connect(b.Context(), func(bench.Stage) {}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	<-l.Start(b.Context(), time.Now(), bench.Timeline{})
}

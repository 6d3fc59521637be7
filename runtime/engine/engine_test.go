package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/worker"
)

// A tale is one run in which nothing is left to chance, taken to its end in fake time.
type tale struct {
	*machine
	id string
}

// tell runs one plan to its end; during, if not nil, acts while it runs.
func tell(t *testing.T, p *bench.Plan, b bends, during func(x *tale)) *tale {
	t.Helper()
	x := &tale{machine: newMachine(t, nil, b)}
	synctest.Test(t, func(t *testing.T) {
		x.boot()
		run, err := x.server.Create(t.Context(), "key", p, nil)
		if err != nil {
			t.Fatalf("create: %v", err)
		}
		x.id = run.ID
		if during != nil {
			during(x)
		}
		for x.server.Active() > 0 {
			time.Sleep(100 * time.Millisecond) // fake time
		}
		x.server.stop()
		x.going.Wait()
	})
	return x
}

// run is the run as it was told to have ended.
func (x *tale) run() *bench.Run {
	x.t.Helper()
	if len(x.heard.runs) != 1 {
		x.t.Fatalf("%d runs ended, want 1", len(x.heard.runs))
	}
	return x.heard.runs[0]
}

func (x *tale) result() *bench.Result { x.run(); return x.heard.ended[0] }

// events are those that were stored.
func (x *tale) events() []bench.Event {
	x.t.Helper()
	events, err := x.journal.Events(context.Background(), x.id, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	return events
}

// phases are the states that the run went through.
func (x *tale) phases() (all []string) {
	for _, e := range x.events() {
		if e.Type == bench.EventPhase || e.Type == bench.EventEnd {
			all = append(all, string(e.Data))
		}
	}
	return all
}

// stop asks for the end of the run.
func (x *tale) stop(mode bench.Desired) {
	if err := x.server.Stop(context.Background(), x.id, mode, "ada"); err != nil {
		x.t.Error(err)
	}
}

func TestPlainRun(t *testing.T) {
	began := time.Now()
	x := tell(t, plan(nil), bends{}, nil)
	if real := time.Since(began); real > 10*time.Second {
		t.Errorf("a simulated run took %s", real)
	}
	run, result := x.run(), x.result()
	if run.State != (bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}) || run.Verdict != bench.VerdictPass {
		t.Fatalf("ended %v %s (%s: %s)", run.State, run.Verdict, run.StopReason, run.StopDetail)
	}
	want := []string{
		`{"status":"RUNNING","phase":"WARMUP"}`, `{"status":"RUNNING","phase":"MEASUREMENT"}`,
		`{"status":"STOPPING","phase":"PROCESSING"}`, `{"status":"COMPLETED","phase":"PROCESSING"}`, `{"status":"COMPLETED","phase":"COMPLETED"}`,
	}
	if got := x.phases(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("phases %v, want %v", got, want)
	}
	all := result.All()
	// 4 connections, 10 ms each, 5 s: 2000 operations, give or take the one at each edge.
	if all.Done < 1990 || all.Done > 2004 || all.InFlight() != 0 || all.Planned != all.Finished() {
		t.Errorf("ledger %+v", all.Ledger)
	}
	if all.Response.P50US < 9_990 || all.Response.P50US > 10_050 {
		t.Errorf("p50 %d µs, want 10 ms", all.Response.P50US)
	}
	if got := all.Throughput; got < 398 || got > 401 {
		t.Errorf("throughput %.1f/s, want 400", got)
	}
	if result.Workloads[0].Done+result.Workloads[1].Done != all.Done {
		t.Errorf("workloads %d + %d, all %d", result.Workloads[0].Done, result.Workloads[1].Done, all.Done)
	}
	x.checkReports()
}

// checkReports holds what the guide says of snapshots against the stored ones, and the seconds against the result.
func (x *tale) checkReports() {
	t := x.t
	t.Helper()
	var measured, done int64
	last := map[string]int64{}
	preparing := 0
	for _, s := range x.journal.Snapshots(x.id) {
		if s.Seq != last[s.Worker]+1 {
			t.Errorf("%s: report %d after %d", s.Worker, s.Seq, last[s.Worker])
		}
		last[s.Worker] = s.Seq
		if s.Phase == bench.PhasePreparing {
			preparing++
			if len(s.Deltas) > 0 || s.Excluded == "" {
				t.Errorf("a PREPARING report holds %d deltas, excluded %q", len(s.Deltas), s.Excluded)
			}
		}
		if s.Phase.Aggregated() != (s.Excluded == "") {
			t.Errorf("a report of %s is excluded for %q", s.Phase, s.Excluded)
		}
		for _, d := range s.Deltas {
			if d.OpPhase == bench.PhaseMeasurement {
				measured += d.Planned
				done += d.Done
			}
		}
	}
	if preparing == 0 {
		t.Error("no report of PREPARING")
	}
	if all := x.result().All(); all.Planned != measured || all.Done != done {
		t.Errorf("result %+v, reports planned %d, done %d", all.Ledger, measured, done)
	}
	for i, e := range x.events() {
		if e.Sequence != int64(i)+1 {
			t.Errorf("event %d has sequence %d", i, e.Sequence)
		}
	}
}

func TestNoWarmupStartsInMeasurement(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) { p.Warmup = 0 }), bends{}, nil)
	if got := x.phases()[0]; got != `{"status":"RUNNING","phase":"MEASUREMENT"}` {
		t.Errorf("first phase %s", got)
	}
	if d := x.result().All().Done; d < 1990 || d > 2004 {
		t.Errorf("%d operations in 5 s, want 2000", d)
	}
	x.checkReports()
}

func TestIterationsAreExact(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) { p.Duration, p.Iterations = 0, 1001 }), bends{}, nil)
	if all := x.result().All(); all.Done != 1001 || x.run().Status != bench.StatusCompleted {
		t.Errorf("%d operations, %v: %s", all.Done, x.run().State, x.run().StopDetail)
	}
	if us := x.result().WindowUS; us < 2_500_000 || us > 2_530_000 {
		t.Errorf("window %d µs, want about 1001 × 10 ms ÷ 4", us)
	}
	x.checkReports()
}

// A second that nobody has reported must not be told as zero without saying so, and live frames must come each second.
func TestSecondsAreToldOnce(t *testing.T) {
	x := tell(t, plan(nil), bends{}, nil)
	next, begun := int64(0), 0
	for _, s := range x.heard.seconds {
		if s.Second < 0 && s.Phase.Aggregated() { // the load has begun, and no second is over
			begun++
			if at := s.At.Sub(*x.run().StartTime); next != 0 || at < 250*time.Millisecond || at > 300*time.Millisecond || !strings.HasSuffix(s.Why, " done in the first 250 ms") {
				t.Errorf("%s after the start it is told: %s", at, s.Why)
			}
		}
		if s.Second < 0 || s.Draining {
			continue
		}
		if s.Second != next || s.Workers != 2 {
			t.Errorf("second %d by %d workers, want %d by 2", s.Second, s.Workers, next)
		}
		next++
	}
	if next != 7 || begun != 1 {
		t.Errorf("%d seconds told, want 7; the beginning of the first %d times", next, begun)
	}
}

// TestTheFirstReportCounts: what a worker tells of the first part of the first second is in that second: operations, and how late
// they were.
func TestTheFirstReportCounts(t *testing.T) {
	const late = 123_456
	x := tell(t, plan(nil), bends{control: func(_ *process, c worker.Control) worker.Control { return lateAtFirst{c, late} }}, nil)
	seen := 0
	for _, s := range x.heard.seconds {
		switch {
		case s.Draining || s.Second < 0:
		case s.Second == 0 && (s.Gauges.LagP99US != late || s.Rows[0].Done < 390 || s.Gauges.Connections != 4 || s.Gauges.InFlight > 4): // operations end at the very cut
			t.Errorf("the first second: %+v, gauges %+v", s.Rows[0].Ledger, s.Gauges)
		case s.Second > 0 && s.Gauges.LagP99US >= late:
			t.Errorf("second %d has the lag of another: %+v", s.Second, s.Gauges)
		default:
			seen++
		}
	}
	if seen != 7 {
		t.Errorf("%d seconds are as they should be, want 7", seen)
	}
	x.checkReports()
}

// lateAtFirst has operations begin late until the first cut.
type lateAtFirst struct {
	worker.Control
	us int64
}

func (p lateAtFirst) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	if r.FromUS == 0 && r.ToUS == bench.FirstCut {
		r.LagP99US = p.us
	}
	return p.Control.Report(ctx, r)
}

func TestStopDrainsAndKeeps(t *testing.T) {
	x := tell(t, plan(nil), bends{}, func(x *tale) {
		time.Sleep(5 * time.Second)
		x.stop(bench.DesiredStop)
	})
	run, all := x.run(), x.result().All()
	if run.Status != bench.StatusCancelled || run.Phase != bench.PhaseMeasurement || run.StopReason != bench.ReasonStopRequested || !strings.Contains(run.StopDetail, "ada") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	if all.Done < 900 || all.Planned != all.Done || !x.result().Partial {
		t.Errorf("kept %+v, partial %t", all.Ledger, x.result().Partial)
	}
	x.checkReports()
}

func TestAbortCensorsWhatHangs(t *testing.T) {
	p := plan(func(p *bench.Plan) { p.Target.Options = map[string]string{"hang": "true"}; p.Warmup = 0 })
	x := tell(t, p, bends{}, func(x *tale) {
		time.Sleep(3 * time.Second)
		x.stop(bench.DesiredStop)
		time.Sleep(time.Second)
		x.stop(bench.DesiredAbort)
	})
	run, all := x.run(), x.result().All()
	if run.Status != bench.StatusCancelled || run.StopReason != bench.ReasonAbortRequested {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	if all.Censored != 4 || all.Planned != 4 || all.Response.P50US < 3_000_000 {
		t.Errorf("ledger %+v, p50 %d µs", all.Ledger, all.Response.P50US)
	}
	var why string
	for _, s := range x.heard.seconds {
		if s.Second == 1 && !s.Draining {
			why = s.Why
		}
	}
	if !strings.Contains(why, "4 operations in flight and none finished") {
		t.Errorf("second 1 says %q", why)
	}
}

// At the end of the window, what does not finish within the drain limit is counted with its age.
func TestDrainLimitCensors(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) {
		p.Target.Options = map[string]string{"latency": "10ms", "stall_at": "6s", "stall_for": "60s"}
	}), bends{}, nil)
	run, all := x.run(), x.result().All()
	if run.Status != bench.StatusCompleted || all.Censored != 4 || all.InFlight() != 0 {
		t.Errorf("%v: %s; ledger %+v", run.State, run.StopDetail, all.Ledger)
	}
	if len(all.Response.AtLeast) == 0 {
		t.Error("no percentile is said to be a lower bound")
	}
}

func TestMissingWorkerIsNamed(t *testing.T) {
	x := tell(t, plan(nil), bends{control: func(p *process, c worker.Control) worker.Control {
		if p.slot == 1 {
			return deaf{c}
		}
		return c
	}}, nil)
	run := x.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkersNotReady || !strings.Contains(run.StopDetail, "worker-1 (launch)") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// deaf never reaches the plane.
type deaf struct{ worker.Control }

func (deaf) Register(context.Context, bench.Registration) (*bench.Assignment, error) {
	return nil, errors.New("no route")
}

func TestTargetRefuses(t *testing.T) {
	refused := &bench.OpError{Class: bench.ErrorConnection, Message: "connection refused"}
	x := tell(t, plan(nil), bends{open: func() error { return refused }}, nil)
	if run := x.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonTargetUnreachable || !strings.Contains(run.StopDetail, "connection refused") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

func TestSetupFails(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) { p.Setup = []string{"CREATE"} }), bends{setup: func(context.Context) error {
		return &bench.OpError{Class: bench.ErrorOther, Message: "syntax error"}
	}}, nil)
	if run := x.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonSetupFailed || run.Phase != bench.PhasePreparing {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

func TestGuardEndsAFailingRun(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) {
		p.Target.Options = map[string]string{"latency": "10ms", "error_rate": "0.5"}
		p.Guard.MaxErrorRate = 0.1
	}), bends{}, nil)
	run := x.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonGuardErrorRate {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	var told []string
	for _, e := range x.events() {
		if e.Type == bench.EventGuard {
			told = append(told, e.Message)
		}
	}
	if len(told) != 1 || told[0] != run.StopDetail {
		t.Errorf("the guard told %q", told)
	}
}

// A forgetful control lets heartbeats say nothing of errors, as those do that come before the errors.
type forgetful struct{ worker.Control }

func (c forgetful) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	h.ErrorCount = 0
	return c.Control.Heartbeat(ctx, h)
}

// TestErrorsOfAWorkerAreThoseOfItsReports: heartbeats stop before the last operations end, and a run may end before the last
// heartbeat is heard.
func TestErrorsOfAWorkerAreThoseOfItsReports(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) {
		p.Target.Options = map[string]string{"latency": "10ms", "error_rate": "0.5"}
	}), bends{control: func(_ *process, c worker.Control) worker.Control { return forgetful{c} }}, nil)
	x.run()
	workers, err := x.journal.Workers(t.Context(), x.id)
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]int64{}
	for _, s := range x.journal.Snapshots(x.id) {
		for _, d := range s.Deltas {
			failed[s.Worker] += d.Failures()
		}
	}
	for _, w := range workers {
		if w.ErrorCount == 0 || w.ErrorCount != failed[w.Worker] {
			t.Errorf("%s has %d errors, its reports have %d", w.Worker, w.ErrorCount, failed[w.Worker])
		}
	}
}

func TestSilentWorkerIsStaleThenDead(t *testing.T) {
	var muted sync.Map
	x := tell(t, plan(func(p *bench.Plan) { p.Duration = bench.Duration(60 * time.Second) }), bends{control: func(p *process, c worker.Control) worker.Control {
		if p.slot == 1 {
			return mute{c, &muted}
		}
		return c
	}}, func(x *tale) {
		time.Sleep(6 * time.Second)
		muted.Store("now", true)
	})
	run := x.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkerLost || !strings.Contains(run.StopDetail, "worker-1") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	var story []string
	for _, e := range x.heard.events {
		if e.Type == bench.EventWorker && strings.Contains(e.Message, "silent") {
			story = append(story, e.Message)
		}
	}
	if len(story) != 2 || !strings.Contains(story[0], "for 5s") || !strings.Contains(story[1], "for 30s") {
		t.Errorf("told %q", story)
	}
	if !x.result().Partial || x.result().Validity != bench.Suspect {
		t.Errorf("partial %t, %s", x.result().Partial, x.result().Validity)
	}
}

// mute loses everything once told to.
type mute struct {
	worker.Control
	muted *sync.Map
}

var errLost = errors.New("lost")

func (m mute) is() bool { _, ok := m.muted.Load("now"); return ok }
func (m mute) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	if m.is() {
		return nil, errLost
	}
	return m.Control.Heartbeat(ctx, h)
}
func (m mute) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	if m.is() {
		return nil, errLost
	}
	return m.Control.Report(ctx, r)
}

func TestJournalGone(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) { p.Duration = bench.Duration(120 * time.Second) }), bends{}, func(x *tale) {
		time.Sleep(6 * time.Second)
		x.spindle.breakDown(errors.New("disk full"))
	})
	if run := x.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonJournalUnavailable || !strings.Contains(run.StopDetail, "disk full") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// denying is a store that creates a run and says, once, that it did not.
type denying struct {
	engine.Store
	times int
}

func (d *denying) Create(ctx context.Context, r *bench.Run, first bench.Event) error {
	err := d.Store.Create(ctx, r, first)
	if d.times++; d.times == 1 {
		return errors.Join(err, errDisk)
	}
	return err
}

// A run that is stored is driven, whatever the journal said of it: there is none in it that nobody knows.
func TestCreatedAndDenied(t *testing.T) {
	var d *denying
	x := tell(t, plan(nil), bends{store: func(s engine.Store) engine.Store { d = &denying{Store: s}; return d }}, nil)
	if x.run().Status != bench.StatusCompleted || d.times != 2 {
		t.Errorf("ended %v after %d tries", x.run().State, d.times)
	}
}

func TestSameKeySameRun(t *testing.T) {
	tell(t, plan(nil), bends{}, func(x *tale) {
		again, err := x.server.Create(context.Background(), "key", plan(nil), nil)
		if err != nil || again.ID != x.id {
			x.t.Errorf("%v, %v", again, err)
		}
		_, err = x.server.Create(context.Background(), "key", plan(func(p *bench.Plan) { p.Seed = 9 }), nil)
		if bench.CodeOf(err) != bench.CodeKeyReused {
			x.t.Errorf("another plan with the same key: %v", err)
		}
	})
}

// A stop that is stored at the very moment of a phase change is obeyed all the same.
func TestStopDuringTransition(t *testing.T) {
	var x *tale
	var once sync.Once
	x = tell(t, plan(nil), bends{store: func(s engine.Store) engine.Store {
		return atTransition{s, func(to bench.State) {
			if to.Phase == bench.PhaseMeasurement && to.Status == bench.StatusRunning {
				once.Do(func() {
					s.Desire(context.Background(), x.id, bench.DesiredStop)
					go x.server.Stop(context.Background(), x.id, bench.DesiredStop, "ada")
				})
			}
		}}
	}}, func(y *tale) { x = y })
	if run := x.run(); run.StopReason != bench.ReasonStopRequested {
		t.Errorf("ended %v, %s", run.State, run.StopReason)
	}
}

type atTransition struct {
	engine.Store
	do func(to bench.State)
}

func (a atTransition) Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error) {
	a.do(t.To)
	return a.Store.Transition(ctx, t)
}

// A store that fails for a moment ends no run.
func TestJournalStumbles(t *testing.T) {
	x := tell(t, plan(nil), bends{}, func(x *tale) {
		for range 5 {
			x.spindle.breakDown(errors.New("busy"))
			time.Sleep(300 * time.Millisecond)
			x.spindle.breakDown(nil)
			time.Sleep(900 * time.Millisecond)
		}
	})
	if run := x.run(); run.Status != bench.StatusCompleted {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	x.checkReports()
}

// A worker that somebody else ended is not a worker that did its part.
func TestWorkerEndedFromOutside(t *testing.T) {
	end := make(chan struct{})
	x := tell(t, plan(nil), bends{control: func(p *process, c worker.Control) worker.Control {
		if p.slot == 1 {
			return ends{c, end}
		}
		return c
	}}, func(x *tale) {
		time.Sleep(5 * time.Second)
		close(end)
	})
	if run := x.run(); run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkerLost || !strings.Contains(run.StopDetail, "worker-1") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// ends gives its worker an ABORT that the plane did not send, as a signal would.
type ends struct {
	worker.Control
	now <-chan struct{}
}

func (e ends) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	select {
	case <-e.now:
		if after >= 1<<40 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return []bench.Event{{Sequence: 1 << 40, Epoch: 1 << 40, Type: bench.EventAbort, Message: "killed"}}, nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return e.Control.Events(ctx, run, w, generation, after)
}

// What goes wrong in the last second is seen.
func TestGuardInTheLastSecond(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) {
		p.Warmup, p.Duration = 0, bench.Duration(time.Second)
		p.Target.Options = map[string]string{"latency": "10ms", "error_rate": "0.9"}
		p.Guard.MaxErrorRate = 0.05
	}), bends{}, nil)
	if run := x.run(); run.StopReason != bench.ReasonGuardErrorRate {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
}

// A stop that comes while workers drain leaves the window as it was.
func TestStopInProcessing(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) {
		p.Drain = bench.Duration(30 * time.Second)
		p.Target.Options = map[string]string{"latency": "10ms", "stall_at": "6s", "stall_for": "20s"}
	}), bends{}, func(x *tale) {
		time.Sleep(12 * time.Second)
		x.stop(bench.DesiredAbort)
	})
	if r := x.result(); r.WindowUS != 5_000_000 || r.All().Throughput == 0 || x.run().Phase != bench.PhaseProcessing {
		t.Errorf("window %d µs, %.1f/s, %v", r.WindowUS, r.All().Throughput, x.run().State)
	}
}

// Operations that end after the window are counted, and are no throughput of it.
func TestThroughputIsOfTheWindow(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) {
		p.Warmup, p.Duration, p.Drain = 0, bench.Duration(time.Second), bench.Duration(10*time.Second)
		p.Target.Options["latency"] = "3s"
	}), bends{}, nil)
	if all := x.result().All(); all.Done != 4 || all.Throughput != 0 {
		t.Errorf("%d done, %.1f/s, want 4 and 0", all.Done, all.Throughput)
	}
}

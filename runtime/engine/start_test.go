package engine_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/runtime/worker"
)

// A slowEar hears of an attempt to start the run only after a while.
type slowEar struct {
	worker.Control
	attempt int
	late    time.Duration
}

func (p slowEar) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	events, err := p.Control.Events(ctx, run, w, generation, after)
	for _, e := range events {
		var a bench.Arm
		if e.Type == bench.EventArm && json.Unmarshal(e.Data, &a) == nil && a.Attempt == p.attempt {
			time.Sleep(p.late) // fake time
		}
	}
	return events, err
}

// crossed makes worker-1 miss the first start, and worker-0 not hear of the second before it has begun by the first.
func crossed(p *process, c worker.Control) worker.Control {
	if p.slot == 1 {
		return slowEar{c, 1, 400 * time.Millisecond}
	}
	return slowEar{c, 2, 300 * time.Millisecond}
}

// TestAStartThatCannotBeTakenBack: the worker that has begun keeps its t0, and the other joins it.
func TestAStartThatCannotBeTakenBack(t *testing.T) {
	x := tell(t, plan(nil), bends{control: crossed}, nil)
	run, all := x.run(), x.result().All()
	if run.Status != bench.StatusCompleted || run.Verdict != bench.VerdictPass {
		t.Fatalf("ended %v %s (%s: %s)", run.State, run.Verdict, run.StopReason, run.StopDetail)
	}
	if all.Done < 1990 || all.Done > 2004 {
		t.Errorf("%d operations in MEASUREMENT, want those of all four connections: 2000", all.Done)
	}
	var arms []bench.Arm
	for _, e := range x.events() {
		if e.Type == bench.EventArm {
			var a bench.Arm
			if err := json.Unmarshal(e.Data, &a); err != nil {
				t.Fatal(err)
			}
			arms = append(arms, a)
		}
	}
	if len(arms) != 3 || !arms[2].Standing || arms[2].T0NS != arms[0].T0NS || !run.StartTime.Equal(arms[0].Timeline.T0) {
		t.Errorf("the run began at %s by these: %+v; want the first, told again", run.StartTime, arms)
	}
	x.checkReports()
}

// TestNobodyJoinsMeasurement: without WARMUP a worker that was late would be missing in what is measured.
func TestNobodyJoinsMeasurement(t *testing.T) {
	x := tell(t, plan(func(p *bench.Plan) { p.Warmup = 0 }), bends{control: crossed}, nil)
	run := x.run()
	if run.Status != bench.StatusFailed || run.StopReason != bench.ReasonWorkersNotReady || !strings.HasSuffix(run.StopDetail, "in time by worker-1") {
		t.Errorf("ended %v, %s: %s", run.State, run.StopReason, run.StopDetail)
	}
	if took := run.EndTime.Sub(run.CreatedAt); took > 3*time.Second {
		t.Errorf("it went on for %s when nobody could join any more", took)
	}
}

package engine_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// 200 workers whose clocks are off by up to an hour and drift by up to 200 ppm begin together, and switch to MEASUREMENT
// together, as exactly as they say that they know the server's clock. The truth is what the server's clock reads, as it
// stands to each worker's (see skew), at the very instants at which the worker sends its first statement and cuts its WARMUP.
func TestClocksSpreadAsRecorded(t *testing.T) {
	const workers, warmup = 200, 20 * time.Second
	r := rand.New(rand.NewPCG(6, 1))
	s := &scenario{
		seed: 6, delay: 5 * time.Millisecond, slow: 0.05, far: true, settings: engine.Settings{},
		plan: plan(func(p *bench.Plan) {
			p.Fleet.Workers, p.Groups[0].Load.Connections = workers, workers
			p.Warmup, p.Duration = bench.Duration(warmup), bench.Duration(5*time.Second)
			p.Target.Options["latency"] = "700ms"
		}),
	}
	for range workers {
		s.skews = append(s.skews, newSkew(r))
	}
	for i, worst := range []int64{-mostDrift, mostDrift} {
		s.skews[i] = skew{offset: worst * mostOffset / mostDrift, ppm: worst}
	}
	synctest.Test(t, func(t *testing.T) {
		x := newMachine(t, s, bends{})
		x.began = time.Now()
		x.boot()
		id := x.create()
		o := &outcome{scenario: s}
		x.until(id, bench.StatusRunning)
		x.look(o, id)
		t0 := *o.run.StartTime
		for _, phase := range []struct {
			name bench.Phase
			from time.Duration // of t0
		}{{bench.PhaseWarmup, 0}, {bench.PhaseMeasurement, warmup}} {
			time.Sleep(time.Until(t0.Add(phase.from + 2*time.Second))) // a heartbeat later, and stored
			x.look(o, id)
			var off []time.Duration
			var known []time.Duration
			for _, w := range o.workers {
				p := o.of(w.Slot, w.Generation)
				off = append(off, p.off(phase.from))
				known = append(known, time.Duration(w.ErrorNS))
				if w.Phase != phase.name || off[w.Slot].Abs() > known[w.Slot] {
					t.Errorf("%s in %s: %s off, known to within %s", w.Worker, w.Phase, off[w.Slot], known[w.Slot])
				}
			}
			if len(off) != workers {
				t.Fatalf("%d workers, want %d", len(off), workers)
			}
			slices.Sort(known)
			spread, recorded := slices.Max(off)-slices.Min(off), known[workers-1]+known[workers-2]
			if spread > recorded {
				t.Errorf("%s: the spread is %s, recorded are %s", phase.name, spread, recorded)
			}
			t.Logf("%s: 200 workers switched within %s; recorded is that it is at most %s (each ± %s at most)", phase.name, spread, recorded, known[workers-1])
		}
		x.await(o, id, nil)
		x.look(o, id)
		if o.run.Status != bench.StatusCompleted || o.result.Validity != bench.Valid {
			t.Errorf("ended %v, %s: %s; %s: %v", o.run.State, o.run.StopReason, o.run.StopDetail, o.result.Validity, o.result.Notes)
		}
		x.kill()
		x.going.Wait()
	})
}

// off is how far from its place the process switched to the phase that begins at a time from t0, on the server's clock.
func (p *process) off(from time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	arm := p.heard[len(p.heard)-1]
	zero := arm.Timeline.T0.Add(-time.Duration(arm.T0NS)) // where the server's clock reads 0, to the microsecond
	at := p.first
	for _, r := range p.said {
		if from > 0 && r.ToUS == from.Microseconds() && r.Phase == bench.PhaseWarmup {
			at = p.began.Add(time.Duration(r.MonoNS))
		}
	}
	return time.Duration(p.clock.seen(int64(at.Sub(zero)))-p.clock.seen(arm.T0NS)) - from
}

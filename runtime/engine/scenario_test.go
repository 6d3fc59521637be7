package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// A scenario is all that a seed decides about a run: what is asked for, and what goes wrong.
type scenario struct {
	seed     uint64
	plan     *bench.Plan
	settings engine.Settings

	// Each call of a worker, each by its own chance.
	delay                   time.Duration // most of what one way takes, as a rule
	loss, slow, late, again float64
	skews                   []skew

	// Each write of a server.
	diskFails, diskForgets, diskSlow float64

	// What happens once, from the creation of the run on.
	outages []span // no write succeeds
	deaths  []span // of the server, which comes back at their end
	cuts    []cut
	kills   []kill
	stops   []stop
	twin    *kill // a slot that is started a second time
	far     bool  // the fleet cannot end its workers
}

type span struct{ from, to time.Duration }

// A cut is a worker that nobody hears for a while, and that hears nobody.
type cut struct {
	slot int
	span
}

// A kill is a worker that dies.
type kill struct {
	slot int
	at   time.Duration
}

// A stop is what a person asks for.
type stop struct {
	at   time.Duration
	mode bench.Desired
}

// dice draw a scenario.
type dice struct{ *rand.Rand }

func (d dice) hit(p float64) bool { return d.Float64() < p }
func (d dice) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.Int64N(int64(most-least)))
}

// instant is any instant of a run, more often one of its beginning, in which more happens.
func (d dice) instant() time.Duration {
	if d.hit(0.4) {
		return d.between(0, time.Second)
	}
	return d.between(0, 7*time.Second)
}

func (d dice) span(most time.Duration) span {
	from := d.instant()
	return span{from, from + d.between(time.Millisecond, most)}
}

// newScenario draws the scenario of a seed. In one of four nothing is wrong but the lines and the disk; the others have one or
// more kinds of misfortune.
func newScenario(seed uint64) *scenario {
	d := dice{rand.New(rand.NewPCG(seed, 1<<32))}
	s := &scenario{
		seed: seed, plan: d.plan(),
		settings: engine.Settings{Stale: 2 * time.Second, Dead: 6 * time.Second, Journal: 5 * time.Second},
		delay:    []time.Duration{time.Millisecond, 5 * time.Millisecond, 30 * time.Millisecond}[d.IntN(3)],
		loss:     []float64{0, 0.02, 0.1}[d.IntN(3)], slow: []float64{0, 0.05}[d.IntN(2)],
		late: []float64{0, 0.03}[d.IntN(2)], again: []float64{0, 0.05}[d.IntN(2)],
		diskFails: []float64{0, 0, 0.1}[d.IntN(3)], diskForgets: []float64{0, 0, 0.05}[d.IntN(3)], diskSlow: []float64{0, 0.03}[d.IntN(2)],
		far: d.hit(0.5),
	}
	for range 64 {
		s.skews = append(s.skews, newSkew(d.Rand))
	}
	if d.hit(0.25) {
		return s
	}
	worker := func() int { return d.IntN(s.plan.Fleet.Workers) }
	if d.hit(0.5) {
		at := time.Duration(0)
		for range 1 + d.IntN(3) {
			death := d.span(10 * time.Second)
			death.from, death.to = at+death.from, at+death.to
			s.deaths = append(s.deaths, death)
			at = death.to
		}
	}
	if d.hit(0.15) {
		s.kills = append(s.kills, kill{worker(), d.instant()})
	}
	if d.hit(0.2) {
		s.cuts = append(s.cuts, cut{worker(), d.span([]time.Duration{2 * time.Second, 20 * time.Second, 70 * time.Second}[d.IntN(3)])})
	}
	if d.hit(0.15) {
		s.twin = &kill{worker(), d.between(0, 800*time.Millisecond)}
	}
	if d.hit(0.2) {
		s.outages = append(s.outages, d.span([]time.Duration{2 * time.Second, 20 * time.Second}[d.IntN(2)]))
	}
	if d.hit(0.4) {
		s.stops = append(s.stops, stop{d.instant(), []bench.Desired{bench.DesiredStop, bench.DesiredAbort}[d.IntN(2)]})
		if d.hit(0.3) {
			s.stops = append(s.stops, stop{s.stops[0].at + d.between(0, 2*time.Second), bench.DesiredAbort})
		}
	}
	return s
}

// plan draws what is asked for. Its durations are odd to the nanosecond where two deadlines would otherwise be the same.
func (d dice) plan() *bench.Plan {
	return plan(func(p *bench.Plan) {
		p.Seed = d.Uint64()
		p.Fleet.Workers = 1 + d.IntN(4)
		p.Groups[0].Load.Connections = p.Fleet.Workers + d.IntN(4)
		p.Warmup = []bench.Duration{0, bench.Duration(700 * time.Millisecond), bench.Duration(1300 * time.Millisecond)}[d.IntN(3)]
		p.Duration = bench.Duration(d.between(time.Second, 3*time.Second).Round(time.Millisecond))
		p.Drain = bench.Duration(2*time.Second + 271_828*time.Nanosecond)
		p.Ready = bench.Duration(8*time.Second + 314_159*time.Nanosecond)
		if d.hit(0.2) {
			p.Duration, p.Iterations = 0, 20+d.Int64N(60)
		}
		latency := d.between(20*time.Millisecond, 70*time.Millisecond)
		p.Target.Options = map[string]string{"latency": latency.String()}
		switch d.IntN(5) {
		case 0:
			p.Target.Options["error_rate"] = "0.1"
			p.Workloads[0].Retry = bench.Retry{Attempts: 2, On: []bench.ErrorClass{bench.ErrorOther}}
		case 1: // more than the drain limit bears
			p.Target.Options["stall_at"] = d.between(0, 3*time.Second).String()
			p.Target.Options["stall_for"] = d.between(0, 8*time.Second).String()
		}
	})
}

func (s *scenario) skew(index int) skew { return s.skews[index%len(s.skews)] }

// away reports whether the disk fails at an instant.
func (s *scenario) away(at time.Duration) bool {
	return slices.ContainsFunc(s.outages, func(o span) bool { return at >= o.from && at < o.to })
}

// calm reports whether nothing happens that may end a run: it must complete, unless its start was interrupted.
func (s *scenario) calm() bool {
	return len(s.kills)+len(s.cuts)+len(s.stops)+len(s.outages) == 0 && s.twin == nil
}

// sound reports whether also nothing happens that may interrupt a start.
func (s *scenario) sound() bool { return s.calm() && len(s.deaths) == 0 && s.loss+s.late == 0 }

func (s *scenario) String() string {
	p := s.plan
	return fmt.Sprintf("seed %d: %d workers, warmup %v, duration %v or %d operations, options %v; delay %v, loss %v, slow %v, late %v, again %v; "+
		"disk fails %v, forgets %v, slow %v, outages %v; server away %v; workers cut %v, killed %v, twin %v, far %t; stops %v",
		s.seed, p.Fleet.Workers, p.Warmup, p.Duration, p.Iterations, p.Target.Options, s.delay, s.loss, s.slow, s.late, s.again,
		s.diskFails, s.diskForgets, s.diskSlow, s.outages, s.deaths, s.cuts, s.kills, s.twin, s.far, s.stops)
}

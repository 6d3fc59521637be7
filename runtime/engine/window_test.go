package engine_test

import (
	"encoding/json"
	"slices"
	"time"

	"bench/runtime/bench"
)

// checkWindow: the time line is stored before it is sent, and nobody moves it, whatever is killed and started again: neither
// the journal, nor any worker.
func (o *outcome) checkWindow() {
	line := o.armed()
	if o.run.StartTime == nil {
		return
	}
	if line == nil {
		o.violate(retimed, "the run started and nobody was armed")
		return
	}
	at := func(us int64) time.Time { return line.T0.Add(time.Duration(us) * time.Microsecond) }
	if !o.run.StartTime.Equal(line.T0) || !o.run.WarmupEnd.Equal(at(line.WarmupUS)) ||
		line.EndUS != 0 && !o.run.MeasurementEnd.Equal(at(line.EndUS)) {
		o.violate(retimed, "armed was %+v, stored is %v, %v, %v", *line, o.run.StartTime, o.run.WarmupEnd, o.run.MeasurementEnd)
	}
	if o.run.Status == bench.StatusCompleted && line.EndUS != 0 && o.result.WindowUS != line.EndUS-line.WarmupUS {
		o.violate(retimed, "the window is %d µs, armed was %+v", o.result.WindowUS, *line)
	}
	o.checkEdges(line)
	for _, p := range o.processes {
		o.checkSwitches(p, line)
	}
}

// checkEdges: the server entered WARMUP and MEASUREMENT at their places of the time line, and a window that was cut short is no
// longer than it was measured.
func (o *outcome) checkEdges(line *bench.Timeline) {
	places := map[bench.State]int64{
		{Status: bench.StatusRunning, Phase: bench.PhaseWarmup}:      0,
		{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}: line.WarmupUS,
	}
	for _, e := range o.events {
		var state bench.State
		if e.Type != bench.EventPhase || json.Unmarshal(e.Data, &state) != nil {
			continue
		}
		us, ok := places[state]
		if off := e.EffectiveAt.Sub(line.T0) - time.Duration(us)*time.Microsecond; ok && off.Abs() > o.scenario.restartError() {
			o.violate(retimed, "%s took effect %s off its place of %+v", state.Phase, off, *line)
		}
		if state == (bench.State{Status: bench.StatusCancelling, Phase: bench.PhaseMeasurement}) && o.result != nil {
			o.checkCut(line, e.EffectiveAt)
		}
	}
}

// checkCut: a window that was cut short ends there, or with the last report of it.
func (o *outcome) checkCut(line *bench.Timeline, at time.Time) {
	ends := at.Sub(line.T0)
	if line.EndUS != 0 {
		ends = min(ends, time.Duration(line.EndUS)*time.Microsecond)
	}
	var last int64
	for _, s := range o.snapshots {
		if s.Phase == bench.PhaseMeasurement {
			last = max(last, s.ToUS)
		}
	}
	ends = min(ends, time.Duration(last)*time.Microsecond)
	window := max(ends-time.Duration(line.WarmupUS)*time.Microsecond, 0)
	if off := time.Duration(o.result.WindowUS)*time.Microsecond - window; off.Abs() > o.scenario.restartError()+time.Microsecond {
		o.violate(retimed, "the window was cut short after %s, the result has it %s off", window, off)
	}
}

// armed is the time line that stands: that of an ARM before the run was RUNNING, the newest unless workers have begun by one
// before. All later ones agree with it.
func (o *outcome) armed() *bench.Timeline {
	var line *bench.Timeline
	running := false
	stands := func(t *bench.Timeline) bool { return o.run.StartTime != nil && o.run.StartTime.Equal(t.T0) }
	for _, e := range o.events {
		if e.Type == bench.EventPhase {
			running = true
		}
		if e.Type != bench.EventArm {
			continue
		}
		var a bench.Arm
		if err := json.Unmarshal(e.Data, &a); err != nil {
			o.violate(gap, "event %d cannot be read: %v", e.Sequence, err)
			continue
		}
		if running && (line == nil || *line != a.Timeline) {
			o.violate(retimed, "armed was %+v, and again %+v", line, a.Timeline)
		}
		if line == nil || !stands(line) {
			line = &a.Timeline
		}
	}
	return line
}

// checkSwitches: a worker that started did so at t0, and entered MEASUREMENT at its place of the time line, as exactly as it
// says that it knows the server's clock. One that was told a t0 that stands may join the others during WARMUP.
func (o *outcome) checkSwitches(p *process, line *bench.Timeline) {
	if p.first.IsZero() {
		return
	}
	for _, w := range o.workers {
		if w.Slot != p.slot || w.Generation != p.generation {
			continue
		}
		unheard := max(p.first.Sub(w.LastHeartbeat), 0) // in which the clocks went on to part
		within := time.Duration(w.ErrorNS) + unheard*bench.ClockDriftPPM/1e6 + o.scenario.restartError()
		if late := p.first.Sub(line.T0); late.Abs() > within && !(p.joins() && late < time.Duration(line.WarmupUS)*time.Microsecond) {
			o.violate(retimed, "%s started %s off t0, known to within %s", w.Worker, late, within)
		}
	}
	for _, r := range p.said {
		if r.Phase != bench.PhaseWarmup || r.ToUS != line.WarmupUS || r.Final {
			continue
		}
		if took := p.began.Add(time.Duration(r.MonoNS)).Sub(p.first); took != time.Duration(line.WarmupUS)*time.Microsecond && !(p.joins() && took < time.Duration(line.WarmupUS)*time.Microsecond) {
			o.violate(retimed, "worker %d was in WARMUP for %s, armed was %+v", p.slot, took, *line)
		}
	}
}

// joins reports whether the process was told a t0 by which others may have begun.
func (p *process) joins() bool {
	return slices.ContainsFunc(p.heard, func(a bench.Arm) bool { return a.Standing })
}

// restartError is how far off a server that came back may find t0 again, for workers that have not started: what the
// heartbeats that it heard took on their way.
func (s *scenario) restartError() time.Duration {
	if len(s.deaths)+len(s.outages) == 0 {
		return time.Microsecond
	}
	return 300 * time.Millisecond
}

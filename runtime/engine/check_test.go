package engine_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// check holds what a run came to against what a run must be.
func (o *outcome) check() {
	if o.run == nil {
		return
	}
	o.checkEvents()
	o.checkWorkers()
	o.checkReports()
	o.checkOutcasts()
	o.checkResult()
	o.checkWindow()
	o.checkStops()
	o.checkEnd()
}

// checkEvents: numbered without a gap, each phase entered once, and no epoch that goes back.
func (o *outcome) checkEvents() {
	entered := map[bench.State]bool{}
	epoch := int64(0)
	for i, e := range o.events {
		if e.Sequence != int64(i)+1 {
			o.violate(gap, "event %d has sequence %d", i+1, e.Sequence)
		}
		if e.Epoch < epoch {
			o.violate(backwards, "event %d is of epoch %d, after one of epoch %d", e.Sequence, e.Epoch, epoch)
		}
		epoch = e.Epoch
		if e.Type != bench.EventPhase && e.Type != bench.EventEnd {
			continue
		}
		var state bench.State
		if err := json.Unmarshal(e.Data, &state); err != nil {
			o.violate(gap, "event %d cannot be read: %v", e.Sequence, err)
		}
		if entered[state] {
			o.violate(backwards, "%v was entered twice", state)
		}
		entered[state] = true
	}
}

// checkWorkers: what a worker is said to be never goes back, unless its slot is started again, or a server comes that did not
// live to store what the one before it had heard.
func (o *outcome) checkWorkers() {
	order := []bench.WorkerStatus{bench.WorkerStarting, bench.WorkerInitializing, bench.WorkerReady, bench.WorkerRunning, bench.WorkerDraining, bench.WorkerCompleted}
	were, epoch := map[string]int{}, int64(0)
	for _, e := range o.events {
		var c bench.WorkerChange
		if e.Type != bench.EventWorker || json.Unmarshal(e.Data, &c) != nil || o.scenario.twin != nil {
			continue
		}
		if e.Epoch != epoch {
			epoch = e.Epoch
			clear(were)
		}
		if is := slices.Index(order, c.Status); is >= 0 {
			if was := were[c.Worker]; is < was {
				o.violate(backwards, "%s is %s, after it was %s", c.Worker, c.Status, order[was])
			}
			were[c.Worker] = is
		}
	}
}

// of is who held a slot in a generation: the process that has it by now, and no other.
func (o *outcome) of(slot int, generation int64) *process {
	for _, p := range o.processes {
		if p.slot == slot && p.generation == generation {
			return p
		}
	}
	return nil
}

// same reports whether a report is the one that a worker gave under its number.
func same(a, b bench.Report) bool {
	a.Executions, b.Executions = nil, nil
	a.Worker, a.Generation, a.Seq = b.Worker, b.Generation, b.Seq
	return reflect.DeepEqual(a, b)
}

// checkReports holds every stored report against what the process that it is of has said, and the sum of a worker's
// reports against its FINAL.
func (o *outcome) checkReports() {
	slots := map[string]int{}
	newest := map[string]int64{}
	for _, w := range o.workers {
		slots[w.Worker], newest[w.Worker] = w.Slot, w.Generation
	}
	type holder struct {
		worker     string
		generation int64
	}
	last := map[holder]int64{}
	sums := map[holder]*stats.Aggregate{}
	for _, s := range o.snapshots {
		h := holder{s.Worker, s.Generation}
		if s.Seq != last[h]+1 {
			o.violate(gap, "%s: report %d after %d", s.Worker, s.Seq, last[h])
		}
		last[h] = s.Seq
		if sums[h] == nil {
			sums[h] = &stats.Aggregate{}
		}
		if err := sums[h].Add(s.Deltas); err != nil {
			o.violate(imbalance, "report %d of %s: %v", s.Seq, s.Worker, err)
		}
		o.checkReport(&s, slots[s.Worker])
		if !s.Final {
			continue
		}
		var total stats.Aggregate
		if err := total.Add(s.Totals); err != nil {
			o.violate(imbalance, "FINAL of %s: %v", s.Worker, err)
		}
		switch sum, own := sums[h].Ledger(), total.Ledger(); {
		case total.Equal(sums[h]) == nil:
		case sum.Planned > own.Planned:
			o.violate(doubleReport, "%s counted %+v, its reports sum up to %+v", s.Worker, own, sum)
		case sum.Planned < own.Planned:
			o.violate(lostReport, "%s counted %+v, its reports sum up to %+v", s.Worker, own, sum)
		default:
			o.violate(imbalance, "%s counted %+v, its reports sum up to %+v", s.Worker, own, sum)
		}
		if open := total.Ledger(); open.InFlight() != 0 {
			o.violate(imbalance, "%s ended with %d operations that have no outcome", s.Worker, open.InFlight())
		}
	}
}

// checkOutcasts: what a worker says after it was declared dead, or replaced, counts nowhere.
func (o *outcome) checkOutcasts() {
	dead, newest := map[string]time.Time{}, map[string]int64{}
	for _, e := range o.events {
		var c bench.WorkerChange
		if e.Type == bench.EventWorker && json.Unmarshal(e.Data, &c) == nil && c.Status == bench.WorkerDead && dead[c.Worker].IsZero() {
			dead[c.Worker] = e.EffectiveAt
		}
	}
	for _, w := range o.workers {
		newest[w.Worker] = w.Generation
	}
	for _, s := range o.snapshots {
		if at, ok := dead[s.Worker]; ok && s.ReceivedAt.After(at) {
			o.violate(zombie, "report %d of %s was taken %s after it was declared dead", s.Seq, s.Worker, s.ReceivedAt.Sub(at))
		}
		if s.Generation < newest[s.Worker] && len(s.Deltas) > 0 {
			o.violate(zombie, "report %d of %s, generation %d, counts, and it was replaced", s.Seq, s.Worker, s.Generation)
		}
	}
}

// checkReport looks for who said a report.
func (o *outcome) checkReport(s *bench.Snapshot, slot int) {
	p := o.of(slot, s.Generation)
	if p != nil && same(p.said[s.Seq], s.Report) {
		return
	}
	for _, q := range o.processes {
		for seq, r := range q.said {
			if q.slot != slot || !same(r, s.Report) {
				continue
			}
			if q == p {
				o.violate(doubleReport, "report %d of %s is its report %d", s.Seq, s.Worker, seq)
			} else {
				o.violate(zombie, "report %d of %s, generation %d, was said by a process of generation %d", s.Seq, s.Worker, s.Generation, q.generation)
			}
			return
		}
	}
	o.violate(lostReport, "report %d of %s is not what it said", s.Seq, s.Worker)
}

// checkResult: the result is the sum of the reports, of a run that completed also of what the workers counted themselves,
// and the seconds agree with it.
func (o *outcome) checkResult() {
	if o.run.Status == bench.StatusCompleted && (o.result == nil || o.result.Partial) {
		o.violate(imbalance, "a completed run has no whole result: %+v", o.result)
	}
	if o.result == nil {
		return
	}
	var reported bench.Ledger
	for _, s := range o.snapshots {
		for _, d := range s.Deltas {
			if d.OpPhase == bench.PhaseMeasurement {
				reported.Add(d.Ledger)
			}
		}
	}
	all := o.result.All().Ledger
	if all != reported {
		o.violate(imbalance, "the result has %+v, the reports %+v", all, reported)
	}
	var each bench.Ledger
	for _, w := range o.result.Workloads[:len(o.result.Workloads)-1] {
		each.Add(w.Ledger)
	}
	if each != all {
		o.violate(imbalance, "the workloads have %+v, all together %+v", each, all)
	}
	if o.heard != nil && o.run.StopReason == o.heardReason && !reflect.DeepEqual(o.heard.All().Ledger, all) {
		o.violate(imbalance, "the result that was told has %+v, the stored one %+v", o.heard.All().Ledger, all)
	}
	if o.run.Status != bench.StatusCompleted {
		return
	}
	if all.InFlight() != 0 {
		o.violate(imbalance, "%d operations have no outcome", all.InFlight())
	}
	o.checkCounts(all)
	o.checkSeconds(all)
}

// checkCounts holds the result against what the workers counted themselves.
func (o *outcome) checkCounts(all bench.Ledger) {
	var own bench.Ledger
	for _, w := range o.workers {
		p := o.of(w.Slot, w.Generation)
		if p == nil {
			o.violate(zombie, "nobody is %s of generation %d", w.Worker, w.Generation)
			continue
		}
		for _, r := range p.said {
			for _, d := range r.Totals {
				if d.OpPhase == bench.PhaseMeasurement {
					own.Add(d.Ledger)
				}
			}
		}
	}
	switch {
	case all == own:
	case all.Planned > own.Planned:
		o.violate(doubleReport, "the result has %+v, the workers counted %+v", all, own)
	default:
		o.violate(lostReport, "the result has %+v, the workers counted %+v", all, own)
	}
}

// checkSeconds: of a completed run every second is there, and every operation is in the second in which it was taken up.
func (o *outcome) checkSeconds(all bench.Ledger) {
	var planned int64
	for i, s := range o.seconds {
		if s.Second != int64(i) {
			o.violate(gap, "second %d after %d others", s.Second, i)
		}
		if s.Phase != bench.PhaseMeasurement {
			continue
		}
		var sum, together bench.Ledger
		for _, row := range s.Rows {
			if row.Workload < 0 {
				together.Add(row.Ledger)
			} else {
				sum.Add(row.Ledger)
			}
		}
		if sum != together {
			o.violate(imbalance, "second %d: the workloads have %+v, all together %+v", s.Second, sum, together)
		}
		planned += sum.Planned
	}
	if planned != all.Planned {
		o.violate(imbalance, "the seconds have %d planned operations, the result %d", planned, all.Planned)
	}
}

// checkStops: a stop that was taken ends the run, soon, and as stopped, unless the run was about to end anyway.
func (o *outcome) checkStops() {
	for _, a := range o.obeyed {
		switch {
		case o.run.Status == bench.StatusCompleted:
			o.violate(stopLost, "%s was taken at %s, the run completed", a.mode, a.at.Format("05.000000"))
		case o.run.StopReason == bench.ReasonWorkerLost && o.obedient():
			o.violate(stopLost, "%s was taken at %s, and the run ended FAILED: %s", a.mode, a.at.Format("05.000000"), o.run.StopDetail)
		case o.ended.Sub(a.at) > o.scenario.stopLimit():
			o.violate(stopLost, "%s was taken at %s, the run ended %s later", a.mode, a.at.Format("05.000000"), o.ended.Sub(a.at))
		}
	}
}

// obedient reports whether the run was told to end before any worker was lost.
func (o *outcome) obedient() bool {
	for _, e := range o.events {
		var c bench.WorkerChange
		switch {
		case e.Type == bench.EventDesired:
			return true
		case e.Type == bench.EventWorker && json.Unmarshal(e.Data, &c) == nil && c.Status == bench.WorkerDead:
			return false
		}
	}
	return false
}

// stopLimit is how long a stop may take: the drain limit with all its graces, and whatever keeps servers from obeying.
func (s *scenario) stopLimit() time.Duration {
	limit := s.plan.Drain.D() + 40*time.Second
	for _, d := range s.deaths {
		limit += d.to - d.from + 15*time.Second
	}
	for _, d := range s.outages {
		limit += d.to - d.from + 30*time.Second
	}
	return limit
}

// checkEnd: whoever does nothing that ends a run sees it complete.
func (o *outcome) checkEnd() {
	if o.run.StopReason == bench.ReasonLedgerImbalance || o.run.StopReason == bench.ReasonInternal {
		o.violate(imbalance, "ended %v, %s: %s", o.run.State, o.run.StopReason, o.run.StopDetail)
	}
	interrupted := o.run.StartTime == nil && !o.scenario.sound()
	if o.scenario.calm() && o.run.Status != bench.StatusCompleted && !interrupted {
		o.violate(needless, "ended %v, %s: %s", o.run.State, o.run.StopReason, o.run.StopDetail)
	}
}

// compare holds what there is some time after the end against what there was at it. Where the journal could not be written, it
// may have the end first, and then what was measured before.
func (o *outcome) compare(later, into *outcome) {
	if o.run.StopReason == bench.ReasonJournalUnavailable {
		o.run.TotalOperations, o.run.TotalErrors = later.run.TotalOperations, later.run.TotalErrors
		o.run.WorkersReady, o.run.WorkersActive, o.run.WorkersCompleted = later.run.WorkersReady, later.run.WorkersActive, later.run.WorkersCompleted
		o.snapshots, o.seconds, o.result = later.snapshots, later.seconds, later.result
	}
	o.run.AsOf, later.run.AsOf = time.Time{}, time.Time{}
	for what, changed := range map[string]bool{
		"the run":    !reflect.DeepEqual(o.run, later.run),
		"an event":   !reflect.DeepEqual(o.events, later.events),
		"a report":   !reflect.DeepEqual(o.snapshots, later.snapshots),
		"a second":   !reflect.DeepEqual(o.seconds, later.seconds),
		"the result": !reflect.DeepEqual(o.result, later.result),
	} {
		if changed {
			into.violate(undead, "%s changed after the end", what)
		}
	}
}

package stats

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"bench/runtime/bench"
)

// An Aggregate is a sum of deltas, by workload and phase: of many workers in one second, of one worker over time, or of
// a whole run. The zero value is empty and ready to use; it is not safe for concurrent use.
type Aggregate struct {
	tallies map[key]*Tally
}

type key struct {
	workload int
	phase    bench.Phase
}

func (k key) String() string { return fmt.Sprintf("workload %d in %s", k.workload, k.phase) }

// compare puts workloads in order, and of one WARMUP before MEASUREMENT.
func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.workload, other.workload), -cmp.Compare(k.phase, other.phase))
}

// Add adds deltas: all of them, or none when one cannot be read or contradicts itself.
func (a *Aggregate) Add(deltas []bench.Delta) error {
	read := make([]*Tally, len(deltas))
	for i := range deltas {
		t, err := tallyOf(&deltas[i])
		if err != nil {
			return err
		}
		read[i] = t
	}
	for i, d := range deltas {
		a.tally(key{d.Workload, d.OpPhase}).Merge(read[i])
	}
	return nil
}

// Merge adds all of other.
func (a *Aggregate) Merge(other *Aggregate) {
	for k, t := range other.tallies {
		a.tally(k).Merge(t)
	}
}

func (a *Aggregate) tally(k key) *Tally {
	t := a.tallies[k]
	if t == nil {
		if a.tallies == nil {
			a.tallies = map[key]*Tally{}
		}
		t = new(Tally)
		a.tallies[k] = t
	}
	return t
}

// Workload is the sum for one workload over operations of the given phases; no phase means all.
func (a *Aggregate) Workload(workload int, phases ...bench.Phase) *Tally {
	return a.sum(func(k key) bool { return k.workload == workload && among(k.phase, phases) })
}

// All is the sum over all workloads for operations of the given phases; no phase means all.
func (a *Aggregate) All(phases ...bench.Phase) *Tally {
	return a.sum(func(k key) bool { return among(k.phase, phases) })
}

// Ledger is the sum of the ledgers over all workloads, without the histograms; no phase means all.
func (a *Aggregate) Ledger(phases ...bench.Phase) bench.Ledger {
	var sum bench.Ledger
	for k, t := range a.tallies {
		if among(k.phase, phases) {
			sum.Add(t.Ledger)
		}
	}
	return sum
}

func (a *Aggregate) sum(in func(key) bool) *Tally {
	sum := new(Tally)
	for k, t := range a.tallies {
		if in(k) {
			sum.Merge(t)
		}
	}
	return sum
}

func among(phase bench.Phase, phases []bench.Phase) bool {
	return len(phases) == 0 || slices.Contains(phases, phase)
}

// Rows are the rows of one second, ordered by workload, over operations of the given phases; no phase means all.
// A workload of which nothing is known has no row.
func (a *Aggregate) Rows(phases ...bench.Phase) []bench.SecondRow {
	var rows []bench.SecondRow
	for k := range a.each() {
		if n := len(rows); among(k.phase, phases) && (n == 0 || rows[n-1].Workload != k.workload) {
			rows = append(rows, a.Workload(k.workload, phases...).Row(k.workload))
		}
	}
	return rows
}

// Deltas is the sum as it goes over the wire, ordered by workload and phase, without what is empty.
func (a *Aggregate) Deltas() []bench.Delta {
	var deltas []bench.Delta
	for k, t := range a.each() {
		deltas = append(deltas, t.Delta(k.workload, k.phase))
	}
	return deltas
}

// each goes over what is not empty in order.
func (a *Aggregate) each() iter.Seq2[key, *Tally] {
	return func(yield func(key, *Tally) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(a.tallies), key.compare) {
			if t := a.tallies[k]; !t.Empty() && !yield(k, t) {
				return
			}
		}
	}
}

package stats

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"bench/runtime/bench"
)

// Merge is the sum of two lists of deltas, such as those of two adjacent reports of a worker that must shed. Resolution
// in time is lost, no count is.
func Merge(a, b []bench.Delta) ([]bench.Delta, error) {
	var sum Aggregate
	if err := sum.Add(a); err != nil {
		return nil, err
	}
	if err := sum.Add(b); err != nil {
		return nil, err
	}
	return sum.Deltas(), nil
}

// MergeHists is the encoded sum of encoded histograms.
func MergeHists(encoded [][]byte) ([]byte, error) {
	var sum, h Hist
	for _, b := range encoded {
		if err := h.UnmarshalBinary(b); err != nil {
			return nil, err
		}
		sum.Merge(&h)
	}
	return sum.MarshalBinary()
}

// Equal is nil when two lists of deltas add up to the same, count by count and bucket by bucket, and else says where
// they first differ. It is how the totals of a final report are held against the reports before it.
func Equal(totals, deltas []bench.Delta) error {
	var a, b Aggregate
	if err := a.Add(totals); err != nil {
		return err
	}
	if err := b.Add(deltas); err != nil {
		return err
	}
	return a.Equal(&b)
}

// Equal is nil when both counted the same, and else says where they first differ.
func (a *Aggregate) Equal(other *Aggregate) error {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a.tallies)), maps.Keys(other.tallies))
	slices.SortFunc(keys, key.compare)
	for _, k := range slices.Compact(keys) {
		switch x, y := cmp.Or(a.tallies[k], new(Tally)), cmp.Or(other.tallies[k], new(Tally)); {
		case x.Ledger != y.Ledger || x.Retries != y.Retries || x.Rows != y.Rows:
			return fmt.Errorf("%v: counts %+v, %d retries, %d rows are not %+v, %d retries, %d rows",
				k, x.Ledger, x.Retries, x.Rows, y.Ledger, y.Retries, y.Rows)
		case !x.Equal(y):
			return fmt.Errorf("%v: the counts are equal, the histograms are not", k)
		}
	}
	return nil
}

// Balanced is nil when the ledger of every workload and phase accounts for each planned operation, inFlight of them over
// all being without an outcome yet, and else says which does not. It holds for sums from the start of a run on; within
// an interval, operations end that were planned before it.
func (a *Aggregate) Balanced(inFlight int64) error {
	var open int64
	for k, t := range a.each() {
		if t.InFlight() < 0 {
			return fmt.Errorf("%v: %d operations planned, %d finished", k, t.Planned, t.Finished())
		}
		open += t.InFlight()
	}
	if open != inFlight {
		return fmt.Errorf("%d operations have no outcome, %d are in flight", open, inFlight)
	}
	return nil
}

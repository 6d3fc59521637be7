package enrich

import (
	"fmt"

	"bench/runtime/bench"
)

// A Count is what a target says of one workload, over the whole of MEASUREMENT. Why, if it is not empty, says why the sums
// are not those of the workload; there is no split then.
type Count struct {
	bench.ServerSums
	Why string
}

// Between is what a target counted from one reading of its counters to the next, by workload. Nil readings are those that
// were not taken.
func Between(plan *bench.Plan, before, after *bench.Counters) []Count {
	counts := make([]Count, len(plan.Workloads))
	if why := Incomparable(before, after); why != "" {
		for i := range counts {
			counts[i].Why = why
		}
		return counts
	}
	type place struct{ workload, statement int }
	then := map[place]*bench.ServerSums{}
	for i := range before.List {
		c := &before.List[i]
		then[place{c.Workload, c.Statement}] = &c.ServerSums
	}
	first := map[string]int{} // workload by key
	for i := range after.List {
		c := &after.List[i]
		if c.Workload < 0 || c.Workload >= len(counts) {
			continue
		}
		count := &counts[c.Workload]
		if c.Why != "" {
			count.Why = c.Why
			continue
		}
		owner, met := first[c.Key]
		switch {
		case met && owner == c.Workload: // the same statement twice in one workload: the target counts both in one
			continue
		case met:
			count.Why = shared(plan, owner)
			counts[owner].Why = shared(plan, c.Workload)
			continue
		}
		first[c.Key] = c.Workload
		d := c.ServerSums
		if earlier := then[place{c.Workload, c.Statement}]; earlier != nil {
			d.Add(earlier, -1)
		}
		if d.Calls < 0 {
			count.Why = "the target's counter of a statement went back: it was reset"
			continue
		}
		count.Add(&d, 1)
	}
	return counts
}

func shared(plan *bench.Plan, other int) string {
	return fmt.Sprintf("the target counts a statement of it together with the same one of workload %s", plan.Workloads[other].Name)
}

// Incomparable says why two readings have no difference; "" when they have one.
func Incomparable(before, after *bench.Counters) string {
	switch {
	case after != nil && after.Missing != "":
		return after.Missing
	case before != nil && before.Missing != "":
		return before.Missing
	case before == nil:
		return "the target's counters were not read before MEASUREMENT"
	case after == nil:
		return "the target's counters were not read after MEASUREMENT"
	case before.Epoch != after.Epoch:
		return "the target's counters were reset, or the oldest of them dropped, during MEASUREMENT"
	}
	return ""
}

package enrich

import (
	"fmt"

	"bench/runtime/bench"
)

// LeastCoverage is the share of a workload's statements that a target must tell of before its service time is split.
const LeastCoverage = 0.9

// Sides sets what a target counted beside what the workers measured: one side per workload, in the order of the plan, then
// all in one. control says that the target also tells of the BEGIN and COMMIT of transactions.
//
// Statements are those of operations done, once each: what retries and failed operations sent besides may raise the calls
// above them. The coverage is never above 1.
func Sides(plan *bench.Plan, result *bench.Result, counts []Count, control bool) []bench.ServerSide {
	sides := make([]bench.ServerSide, 0, len(counts)+1)
	all := bench.ServerSide{}
	var sum bench.Split
	done, split := int64(0), true
	for i := range plan.Workloads {
		w, r := &plan.Workloads[i], &result.Workloads[i]
		each := int64(len(w.Statements))
		if control && w.Transaction {
			each += 2
		}
		s := side(w.Name, each, r, &counts[i])
		all.Statements += s.Statements
		all.ServerSums.Add(&s.ServerSums, 1)
		all.Coverage += s.Coverage * float64(s.Statements)
		switch {
		case s.Split != nil:
			add(&sum, s.Split, float64(r.Done))
			done += r.Done
		case r.Done > 0:
			split = false
		}
		sides = append(sides, s)
	}
	all.Coverage /= float64(max(all.Statements, 1))
	switch {
	case split && done > 0:
		all.Split = new(bench.Split)
		add(all.Split, &sum, 1/float64(done))
	case done > 0:
		all.Why = "not every workload has a split"
	}
	return append(sides, all)
}

// side is one workload of which each operation sends so many statements.
func side(name string, each int64, r *bench.WorkloadResult, c *Count) bench.ServerSide {
	s := bench.ServerSide{Workload: name, Statements: r.Done * each}
	if c.Why != "" {
		s.Why = c.Why
		return s
	}
	s.ServerSums = c.ServerSums
	s.Coverage = min(1, float64(c.Calls)/float64(max(s.Statements, 1)))
	switch {
	case r.Done == 0:
		s.Coverage = 0
		s.Why = "no operation was done"
		return s
	case s.Coverage < LeastCoverage:
		s.Why = fmt.Sprintf("the target tells of %d of %d statements, a split needs %.0f%%", c.Calls, s.Statements, 100*LeastCoverage)
		return s
	}
	scale := float64(each) / float64(c.Calls)
	split := bench.Split{
		ServiceUS: r.Service.MeanUS, QueuedUS: c.QueuedUS * scale, CompileUS: c.CompileUS * scale,
		ExecuteUS: c.ExecuteUS * scale, BlockedUS: c.BlockedUS * scale, OtherUS: c.OtherUS * scale,
	}
	split.ClientUS = split.ServiceUS - split.ServerUS()
	if split.ClientUS < 0 {
		s.Why = fmt.Sprintf("the target counts %.0f µs for an operation that took %.0f µs: others run the same statements, or its clock is coarse",
			split.ServerUS(), split.ServiceUS)
		return s
	}
	s.Split = &split
	// What operations sent that were tried again or failed is expected on top, and what was in flight at the edges.
	if extra := c.Calls - s.Statements; extra > s.Statements/100+each*(r.Retries+r.Finished()-r.Done) && extra > 100 {
		s.Why = fmt.Sprintf("the target counts %d statements more than this run sent: others run the same ones", extra)
	}
	return s
}

// add adds x to sum, times weight.
func add(sum, x *bench.Split, weight float64) {
	sum.ServiceUS += weight * x.ServiceUS
	sum.ClientUS += weight * x.ClientUS
	sum.QueuedUS += weight * x.QueuedUS
	sum.CompileUS += weight * x.CompileUS
	sum.ExecuteUS += weight * x.ExecuteUS
	sum.BlockedUS += weight * x.BlockedUS
	sum.OtherUS += weight * x.OtherUS
}

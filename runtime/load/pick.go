package load

import (
	"bench/runtime/bench"
	"bench/runtime/draw"
)

// A pick says which workload an operation of a connection is.
type pick struct {
	workloads []int
	draw      draw.Pick
}

func newPick(plan *bench.Plan, g bench.Group) (pick, error) {
	weights := make([]int, len(g.Workloads))
	for i, w := range g.Workloads {
		weights[i] = plan.Workloads[w].Weight
	}
	p, err := draw.NewPick(g.Pick, plan.Seed, weights)
	return pick{g.Workloads, p}, err
}

func (p pick) workload(connection int, number int64) int {
	return p.workloads[p.draw.Index(connection, number)]
}

package enrich

import (
	"hash/maphash"
	"time"

	"bench/runtime/bench"
)

// A Join finds the statements of one run in a target's history. Rows may come in any order and more than once; those of
// other runs, however similar their tags, are passed over.
type Join struct {
	run     string
	place   map[string]int  // of a workload in the plan, by name
	known   map[string]bool // ids of the queries that the workers told in full
	seen    map[hash]bool   // ids so far
	seeds   [2]maphash.Seed
	counts  []Count
	timings []bench.Timing
}

// A hash stands for an id: a history may have millions of them.
type hash [2]uint64

// NewJoin joins the history of a run of a plan; known are the ids of queries whose own timings are wanted.
func NewJoin(run string, plan *bench.Plan, known map[string]bool) *Join {
	j := &Join{
		run: run, known: known, place: map[string]int{}, seen: map[hash]bool{}, counts: make([]Count, len(plan.Workloads)),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	for i, w := range plan.Workloads {
		j.place[w.Name] = i
	}
	return j
}

// Add takes in one row of the history. The first of a query id counts.
func (j *Join) Add(r *bench.Recalled) {
	if r.Run != j.run || r.QueryID == "" {
		return
	}
	w, ok := j.place[r.Workload]
	id := hash{maphash.String(j.seeds[0], r.QueryID), maphash.String(j.seeds[1], r.QueryID)}
	if !ok || j.seen[id] {
		return
	}
	j.seen[id] = true
	if j.known[r.QueryID] {
		j.timings = append(j.timings, bench.Timing{Run: j.run, QueryID: r.QueryID, ServerTiming: bench.ServerTiming{
			TotalUS: r.TotalUS, CompileUS: r.CompileUS, QueuedUS: r.QueuedUS, ExecuteUS: r.ExecuteUS, Bytes: r.Bytes,
		}})
	}
	if r.Phase != bench.PhaseMeasurement {
		return
	}
	c := &j.counts[w]
	if r.Failed {
		c.Failed++
		return
	}
	parts := r.QueuedUS + r.CompileUS + r.ExecuteUS + r.BlockedUS
	c.Add(&bench.ServerSums{
		Calls: 1, QueuedUS: float64(r.QueuedUS), CompileUS: float64(r.CompileUS), ExecuteUS: float64(r.ExecuteUS),
		BlockedUS: float64(r.BlockedUS), OtherUS: float64(max(0, r.TotalUS-parts)), Rows: r.Rows, BytesScanned: r.Bytes,
	}, 1)
}

// Rows is how many statements of the run were found so far, of any phase.
func (j *Join) Rows() int { return len(j.seen) }

// Counts are the sums of MEASUREMENT by workload.
func (j *Join) Counts() []Count { return j.counts }

// Timings are those of the queries that were known by id, as of a time.
func (j *Join) Timings(at time.Time) []bench.Timing {
	for i := range j.timings {
		j.timings[i].At = at
	}
	return j.timings
}

// Better takes, for each workload, the evidence that tells of more statements. Two kinds overlap and are never added.
func Better(a, b []Count) []Count {
	best := make([]Count, len(a))
	for i := range a {
		best[i] = a[i]
		if b[i].Calls > a[i].Calls {
			best[i] = b[i]
		}
	}
	return best
}

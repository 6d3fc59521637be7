package stats

import (
	"fmt"
	"sync"

	"bench/runtime/bench"
)

// The phases that an operation can belong to, in the order of a shard's tallies.
var phases = [...]bench.Phase{bench.PhaseWarmup, bench.PhaseMeasurement}

// A Recorder is what the connections of one worker record into. It is split into shards, so that connections on
// different cores do not wait for each other; each shard has two buffers, so that nobody waits for [Recorder.Cut]
// longer than two of them take to change places.
type Recorder struct {
	shards []*Shard

	cutting  sync.Mutex
	interval []Tally // of Cut, kept for its memory
	total    []Tally // of all cuts
	lag      Hist
}

// A Shard is one part of a Recorder. Its methods may be called from many goroutines at once and allocate only when a
// histogram meets a value larger than all before.
type Shard struct {
	mu     sync.Mutex
	filled *buffer  // recorded into
	spare  *buffer  // empty, but while Cut empties it
	_      [64]byte // keeps shards on cache lines of their own
}

type buffer struct {
	tallies []Tally // by workload and phase
	lag     Hist
}

// NewRecorder makes a recorder for the workloads of a plan. As many shards as cores run connections are enough.
func NewRecorder(shards, workloads int) *Recorder {
	n := workloads * len(phases)
	r := &Recorder{interval: make([]Tally, n), total: make([]Tally, n)}
	for range max(shards, 1) {
		r.shards = append(r.shards, &Shard{filled: &buffer{tallies: make([]Tally, n)}, spare: &buffer{tallies: make([]Tally, n)}})
	}
	return r
}

// Shard is the shard for connection i of the worker, any number from 0.
func (r *Recorder) Shard(i int) *Shard { return r.shards[i%len(r.shards)] }

// tally is where operations of a workload and phase are counted. mu must be held.
func (s *Shard) tally(workload int, phase bench.Phase) *Tally {
	i := workload * len(phases)
	switch phase {
	case bench.PhaseWarmup:
	case bench.PhaseMeasurement:
		i++
	default:
		panic(fmt.Sprintf("an operation of workload %d belongs to phase %q, in which none is started", workload, phase))
	}
	return &s.filled.tallies[i]
}

// Planned counts an operation that was taken up. Each needs exactly one call of Finished later.
func (s *Shard) Planned(workload int, phase bench.Phase) {
	s.mu.Lock()
	s.tally(workload, phase).Planned++
	s.mu.Unlock()
}

// Finished counts the outcome of an operation with its rows and, of a done one, its response and service time. Done of a
// censored operation is when it was given up.
func (s *Shard) Finished(op *bench.Op) {
	s.mu.Lock()
	s.tally(op.Workload, op.Phase).finish(op)
	s.mu.Unlock()
}

// Retry counts a further attempt of an operation.
func (s *Shard) Retry(workload int, phase bench.Phase) {
	s.mu.Lock()
	s.tally(workload, phase).Retries++
	s.mu.Unlock()
}

// Lag records how late the generator itself was, in microseconds.
func (s *Shard) Lag(us int64) {
	s.mu.Lock()
	s.filled.lag.Record(us)
	s.mu.Unlock()
}

// swap takes what was recorded since the last swap. The caller must empty it before the next one.
func (s *Shard) swap() *buffer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filled, s.spare = s.spare, s.filled
	return s.spare
}

// A Lag is how late the generator was over an interval, in microseconds. It is not part of any latency of the target.
type Lag struct {
	P50US, P99US, MaxUS int64
}

// Cut takes what was recorded since the last cut: each thing once, in this cut or the next. Deltas are ordered by
// workload and phase; where nothing happened there is none.
func (r *Recorder) Cut() ([]bench.Delta, Lag) {
	r.cutting.Lock()
	defer r.cutting.Unlock()
	r.lag.Reset()
	for i := range r.interval {
		r.interval[i].Reset()
	}
	for _, s := range r.shards {
		b := s.swap()
		for i := range b.tallies {
			if t := &b.tallies[i]; !t.Empty() {
				r.interval[i].Merge(t)
				t.Reset()
			}
		}
		r.lag.Merge(&b.lag)
		b.lag.Reset()
	}
	for i := range r.interval {
		r.total[i].Merge(&r.interval[i])
	}
	return deltas(r.interval), Lag{P50US: r.lag.Quantile(50, 100), P99US: r.lag.Quantile(99, 100), MaxUS: r.lag.Max()}
}

// Totals is the sum of all cuts so far.
func (r *Recorder) Totals() []bench.Delta {
	r.cutting.Lock()
	defer r.cutting.Unlock()
	return deltas(r.total)
}

func deltas(tallies []Tally) []bench.Delta {
	var deltas []bench.Delta
	for i := range tallies {
		if t := &tallies[i]; !t.Empty() {
			deltas = append(deltas, t.Delta(i/len(phases), phases[i%len(phases)]))
		}
	}
	return deltas
}

package load

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"bench/runtime/bench"
)

// Bounds of what one worker tells in full in one report. The first errors of each class explain a failure; thousands
// more of the same do not, and are counted instead.
const (
	maxErrors  = 100 // of each report
	maxSlowest = 5   // of each report
	maxSamples = 20  // of each report
	sampleOne  = 997 // in so many operations, chosen by a hash of connection and number
)

// Exhibits keeps the operations of an interval that are told in full: errors up to a bound, the slowest, and a sample
// that is the same for every run with the same plan.
type Exhibits struct {
	floor atomic.Int64 // response of the fastest of the slowest, once there are enough

	mu       sync.Mutex
	errors   []bench.Execution
	unlisted int64
	slowest  []bench.Execution // slowest first
	samples  []bench.Execution
	failed   int64 // errors since the start
	last     string
}

// offer looks at an operation that its connection has just settled.
func (e *Exhibits) offer(c *connection) {
	switch op := &c.op; {
	case op.Outcome != bench.OutcomeDone:
		e.mu.Lock()
		if e.failed++; c.fault != nil {
			e.last = c.fault.Error()
		}
		if len(e.errors) < maxErrors {
			e.errors = append(e.errors, c.execution("error"))
		} else {
			e.unlisted++
		}
		e.mu.Unlock()
	case op.Response() > e.floor.Load():
		e.mu.Lock()
		x := c.execution("slow")
		at, _ := slices.BinarySearchFunc(e.slowest, x, func(a, b bench.Execution) int {
			return cmp.Compare(b.DoneUS-b.IntendedUS, a.DoneUS-a.IntendedUS)
		})
		e.slowest = slices.Insert(e.slowest, at, x)
		if len(e.slowest) >= maxSlowest {
			e.slowest = e.slowest[:maxSlowest]
			last := e.slowest[maxSlowest-1]
			e.floor.Store((last.DoneUS - last.IntendedUS) * 1000)
		}
		e.mu.Unlock()
	case (uint64(op.Number)*0x9e3779b97f4a7c15^uint64(op.Connection)*0xc2b2ae3d27d4eb4f)>>17%sampleOne == 0:
		e.mu.Lock()
		if len(e.samples) < maxSamples {
			e.samples = append(e.samples, c.execution("sample"))
		}
		e.mu.Unlock()
	}
}

// Cut returns what the interval had to show and how many errors are not in it, and starts the next interval.
func (e *Exhibits) Cut() (shown []bench.Execution, unlisted int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	shown = slices.Concat(e.errors, e.slowest, e.samples)
	unlisted = e.unlisted
	e.errors, e.slowest, e.samples, e.unlisted = nil, nil, nil, 0
	e.floor.Store(0)
	return shown, unlisted
}

// Errors is how many operations did not end done since the start, and what the last of them said.
func (e *Exhibits) Errors() (int64, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed, e.last
}

// execution tells the operation in flight in full.
func (c *connection) execution(why string) bench.Execution {
	op := &c.op
	x := bench.Execution{
		Connection: op.Connection, Number: op.Number, Workload: op.Workload, OpPhase: op.Phase, Why: why, QueryID: c.query,
		IntendedUS: op.Intended / 1000, TakenUpUS: op.TakenUp / 1000, SentUS: op.Sent / 1000,
		FirstRowUS: op.FirstRow / 1000, DoneUS: op.Done / 1000,
		Outcome: op.Outcome.String(), Class: op.Class, Attempts: op.Attempts, Rows: op.Rows,
	}
	if c.fault != nil {
		x.Code, x.Error = c.fault.Code, c.fault.Message
	}
	return x
}

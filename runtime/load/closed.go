package load

import (
	"context"
	"math/rand/v2"
	"time"

	"bench/runtime/bench"
	"bench/runtime/pace"
)

// closed runs the closed model: issue an operation, wait for its end, think, go on. The intended start of the next
// operation is the end of the one before it; a think time moves it to when the connection is back, and a pacing to its
// place in the schedule, so that whoever misses his place finds the wait in the response time. Places that have passed
// when nothing new may start are skipped operations: load that was asked for and not given.
func (c *connection) closed(abort context.Context) {
	defer c.setActive(false)
	var (
		l     = c.load
		load  = c.group.Load
		pacer = pace.NewClosed(load, c.index)
		share = pace.Share(l.Plan.Iterations, load.Peak(), c.index)
		ends  = l.Plan.Iterations > 0
		free  = int64(0) // when the connection was last free
	)
	for measured := int64(0); !ends || measured < share; {
		at, ok := pace.NextActive(load, c.index, time.Duration(max(free, 0)))
		if !ok {
			return
		}
		if int64(at) > free {
			c.setActive(false)
			free = int64(at)
			pacer.Restart()
		}
		intended, due := pacer.Next(free, c.think.next(c.op.Number))
		if !c.sleep(abort, due) || l.timeline.At(l.now()/1000) == bench.PhaseProcessing {
			c.skip(pacer, intended)
			return
		}
		if due > free && c.index >= pace.Active(load, time.Duration(due)) {
			free = due // a stage let it go while it waited
			continue
		}
		c.setActive(true)
		now := l.now()
		c.shard.Lag((now - max(due, free)) / 1000)
		if load.Pacing == 0 && load.Think != nil {
			intended = now // a late timer makes the user think longer, not the target slower
		}
		phase := l.timeline.At(intended / 1000)
		if phase == bench.PhaseProcessing {
			return
		}
		if phase == bench.PhaseMeasurement {
			measured++
		}
		c.op = bench.Op{
			Connection: c.number, Number: c.op.Number, Workload: c.pick.workload(c.number, c.op.Number),
			Phase: phase, Intended: intended, TakenUp: now,
		}
		c.operate(abort)
		c.op.Number++
		free = c.op.Done
		if c.conn == nil { // leaving the target alone is neither its latency nor the generator's lag
			if !c.sleep(abort, free+int64(c.backoff())) {
				return
			}
			free = l.now()
		}
	}
}

// skip counts the places of a schedule from intended on that have passed.
func (c *connection) skip(pacer *pace.Closed, intended int64) {
	if c.group.Load.Pacing == 0 {
		return
	}
	for now := c.load.now(); intended < now; intended, _ = pacer.Next(0, 0) {
		op := bench.Op{
			Connection: c.number, Number: c.op.Number, Workload: c.pick.workload(c.number, c.op.Number),
			Phase: c.load.timeline.At(intended / 1000), Intended: intended, Outcome: bench.OutcomeSkipped,
		}
		if op.Phase == bench.PhaseProcessing {
			return
		}
		c.shard.Planned(op.Workload, op.Phase)
		c.shard.Finished(&op)
		c.op.Number++
	}
}

// backoff is how long to leave a target alone that refuses sessions: up to 100 ms, doubled with each refusal up to 5 s,
// with full jitter so that the connections do not come back all at once.
func (c *connection) backoff() time.Duration {
	return rand.N(min(100*time.Millisecond<<min(c.tries, 10), 5*time.Second)) + time.Millisecond
}

package pace

import (
	"time"

	"bench/runtime/bench"
)

// Closed paces one connection under load "closed": it issues an operation, waits for its end, and goes on. Instants
// are nanoseconds since t0, as the clocks of an operation are.
//
// What the intended start of an operation is depends on what the load promises:
//
//   - Back to back, without pacing or think time, it is when the connection was free: the end of the operation before.
//   - A think time is the user's, not the target's. The operation is due when the user has thought, and its intended
//     start is when it is taken up: a timer that wakes up late makes him think longer, and the lateness is the
//     generator's lag, not part of any latency.
//   - A pacing is a schedule, one start each interval. The intended start is the place in the schedule, whether or not
//     the connection was free by then: an operation that is slower than the interval delays those after it, and their
//     response times count that wait. No place is left out, so that a slow target is not shown fewer operations than
//     were planned for it.
//
// Pacing with a think time makes no sense together; pacing rules. The first start after [Closed.Restart] is staggered:
// connection i of n waits i/n of its first interval or think time, so that a group does not start as one wave and stay one.
type Closed struct {
	pacing   int64
	index    int64
	peak     int64
	resumes  bool
	intended int64
}

// NewClosed is the pacer of a connection, counted from 0 in its group, before its first operation.
func NewClosed(load bench.Load, connection int) *Closed {
	return &Closed{pacing: int64(load.Pacing), index: int64(connection), peak: int64(load.Peak()), resumes: true}
}

// Restart forgets the schedule: the next operation begins a new one. It is for a connection that was not active.
func (c *Closed) Restart() { c.resumes = true }

// Next is when the next operation is intended to start and when it is due, which is how long to wait before it is taken
// up. free is when the connection became free, by the end of the operation before or by becoming active; think is the
// think time before this operation, zero without one. Under a think time the intended start is the later of due and the
// time at which it is taken up, which only the caller knows.
func (c *Closed) Next(free int64, think time.Duration) (intended, due int64) {
	first := c.resumes
	c.resumes = false
	switch {
	case c.pacing > 0 && first:
		c.intended = free + scale(c.pacing, c.index, c.peak)
	case c.pacing > 0:
		c.intended += c.pacing
	case first:
		c.intended = free + scale(int64(think), c.index, c.peak)
	default:
		c.intended = free + int64(think)
	}
	return c.intended, c.intended
}

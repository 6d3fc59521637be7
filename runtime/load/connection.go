package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/draw"
	"bench/runtime/stats"
)

// A connection is one virtual user: one session, one goroutine, one operation at a time. Only its goroutine touches it,
// but for the fields behind mu.
type connection struct {
	load   *Load
	group  bench.Group
	pick   pick
	think  think
	index  int // in its group
	number int // in the fleet
	shard  *stats.Shard
	timer  *time.Timer

	conn  Conn           // nil when the session is lost
	tag   Tagger         // the same, if it is one
	calls []Call         // one for each statement of the largest workload, used over and over
	op    bench.Op       // in flight
	query string         // id that the target gave to the last statement
	tries int            // logins in a row that failed, for the backoff
	fault *bench.OpError // of the operation in flight

	mu       sync.Mutex
	running  bool  // its goroutine has not ended
	active   bool  // takes part in the load now
	open     bool  // an operation is in flight and not settled
	intended int64 // of it
	workload int
	phase    bench.Phase
}

func newConnection(l *Load, g bench.Group, p pick, d *draw.Dist, index, local int) *connection {
	c := &connection{
		load: l, group: g, pick: p, think: think{d, g.First + index}, index: index, number: g.First + index,
		shard: l.Recorder.Shard(local), timer: time.NewTimer(time.Hour),
	}
	c.timer.Stop()
	most := 0
	for _, w := range g.Workloads {
		most = max(most, len(l.Plan.Workloads[w].Statements))
	}
	c.calls = make([]Call, most)
	answered := func() {
		if c.op.FirstRow == 0 {
			c.op.FirstRow = l.now()
		}
	}
	for i := range c.calls {
		c.calls[i].Answered = answered
	}
	return c
}

// connect opens the session and prepares its statements.
func (c *connection) connect(ctx context.Context) error {
	conn, err := c.load.Target.Open(ctx, c.number, nil)
	if err != nil {
		return fmt.Errorf("open session %d: %w", c.number, err)
	}
	if err := conn.Prepare(ctx, c.load.statements); err != nil {
		err = c.load.blame(ctx, conn, err)
		conn.Close()
		return err
	}
	c.conn, c.tries = conn, 0
	c.tag, _ = conn.(Tagger)
	return nil
}

// blame names the workload whose statement a session refused to prepare.
func (l *Load) blame(ctx context.Context, conn Conn, err error) error {
	for i := range l.Plan.Workloads {
		w := &l.Plan.Workloads[i]
		for j := range w.Statements {
			one := conn.Prepare(ctx, []*bench.Statement{&w.Statements[j]})
			if fault, ok := errors.AsType[*bench.OpError](one); ok && !fault.Lost {
				return fmt.Errorf("workload %s: %w", w.Name, one)
			}
		}
	}
	return err
}

func (c *connection) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// begin makes an operation the one in flight and counts it as planned.
func (c *connection) begin() {
	c.mu.Lock()
	c.open, c.intended, c.workload, c.phase = true, c.op.Intended, c.op.Workload, c.op.Phase
	c.mu.Unlock()
	c.shard.Planned(c.op.Workload, c.op.Phase)
}

// settle gives the operation in flight its outcome, unless Censor was first.
func (c *connection) settle() {
	c.mu.Lock()
	mine := c.open
	c.open = false
	c.mu.Unlock()
	if mine {
		c.shard.Finished(&c.op)
		c.load.Exhibits.offer(c)
	}
}

// censor settles the operation in flight from outside.
func (c *connection) censor() {
	c.mu.Lock()
	mine := c.open
	c.open = false
	op := bench.Op{
		Connection: c.number, Workload: c.workload, Phase: c.phase,
		Intended: c.intended, Done: c.load.now(), Outcome: bench.OutcomeCensored,
	}
	c.mu.Unlock()
	if mine {
		c.shard.Finished(&op)
	}
}

func (c *connection) setActive(active bool) {
	c.mu.Lock()
	c.active = active
	c.mu.Unlock()
}

// sleep waits until a time of the worker's clock; false says that nothing new may start.
func (c *connection) sleep(abort context.Context, until int64) bool {
	wait := time.Duration(until - c.load.now())
	if wait <= 0 {
		select {
		case <-c.load.drained:
			return false
		case <-abort.Done():
			return false
		default:
			return true
		}
	}
	c.timer.Reset(wait)
	select {
	case <-c.timer.C:
		return true
	case <-c.load.drained:
	case <-abort.Done():
	}
	c.timer.Stop()
	return false
}

// asOpError is the error of a statement as targets give it; anything else is a fault of ours or of a driver, and is
// shown as it is.
func asOpError(err error) *bench.OpError {
	if e, ok := errors.AsType[*bench.OpError](err); ok {
		return e
	}
	return &bench.OpError{Class: bench.ErrorOther, Message: err.Error()}
}

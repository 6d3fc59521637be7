package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"bench/runtime/bench"
)

// operate carries out the operation in flight, with its retries, and settles it.
func (c *connection) operate(abort context.Context) {
	w := &c.load.Plan.Workloads[c.op.Workload]
	c.begin()
	for c.op.Attempts = 1; ; c.op.Attempts++ {
		committing, err := c.attempt(abort, w)
		c.op.Done = c.load.now()
		if err == nil {
			c.op.Outcome, c.op.Class, c.fault = bench.OutcomeDone, 0, nil
			break
		}
		c.fault = asOpError(err)
		c.op.Outcome, c.op.Class = outcome(abort, committing, c.fault), c.fault.Class
		c.recover(abort, w, committing)
		if !c.again(abort, w) {
			break
		}
		c.shard.Retry(c.op.Workload, c.op.Phase)
	}
	c.settle()
}

// outcome is what an attempt that ended with an error means for its operation.
func outcome(abort context.Context, committing bool, fault *bench.OpError) bench.Outcome {
	silent := fault.Lost || fault.Class == bench.ErrorTimeout || abort.Err() != nil
	switch {
	case committing && silent:
		return bench.OutcomeIndoubt
	case abort.Err() != nil:
		return bench.OutcomeCensored
	default:
		return bench.OutcomeFailed
	}
}

// again reports whether a failed operation is to be tried again, after its backoff.
func (c *connection) again(abort context.Context, w *bench.Workload) bool {
	if c.op.Outcome != bench.OutcomeFailed || c.op.Attempts >= w.Retry.Attempts || !slices.Contains(w.Retry.On, c.op.Class) {
		return false
	}
	wait := w.Retry.Backoff.D() << min(c.op.Attempts-1, 10)
	if wait > 0 {
		wait = rand.N(wait)
	}
	return c.sleep(abort, c.load.now()+int64(wait))
}

// attempt runs the statements of a workload once. committing says that COMMIT was sent when it failed.
func (c *connection) attempt(abort context.Context, w *bench.Workload) (committing bool, err error) {
	c.op.FirstRow, c.op.Rows, c.query = 0, 0, ""
	if c.conn == nil {
		if err := c.connect(abort); err != nil {
			c.tries++
			return false, &bench.OpError{Class: bench.ErrorConnection, Code: asOpError(err).Code, Message: err.Error(), Lost: true}
		}
	}
	if c.tag != nil {
		c.tag.Tag(c.op.Phase, w.Name)
	}
	if c.op.Sent == 0 {
		c.op.Sent = c.load.now()
	}
	if w.Transaction {
		ctx, cancel := c.limited(abort, w)
		err := c.conn.Begin(ctx, w.Isolation)
		cancel()
		if err != nil {
			return false, err
		}
	}
	for i := range w.Statements {
		if err := c.statement(abort, w, i); err != nil {
			return false, err
		}
	}
	if w.Transaction {
		ctx, cancel := c.limited(abort, w)
		defer cancel()
		return true, c.conn.Commit(ctx)
	}
	return false, nil
}

// statement binds and runs statement i of a workload and holds its answer against what it expects.
func (c *connection) statement(abort context.Context, w *bench.Workload, i int) error {
	s, call := &w.Statements[i], &c.calls[i]
	call.Statement = c.load.offsets[c.op.Workload] + i
	call.Fetch, call.Keep = s.Fetch, s.Keep
	call.Args = call.Args[:0]
	for j := range s.Binds {
		v, err := c.value(w, &s.Binds[j], call.Statement, j)
		if err != nil {
			return err
		}
		call.Args = append(call.Args, v)
	}
	call.Rows, call.QueryID = 0, ""
	call.First, call.Columns = call.First[:0], nil
	ctx, cancel := c.limited(abort, w)
	err := c.conn.Exec(ctx, call)
	cancel()
	c.query = call.QueryID
	c.op.Rows += call.Rows
	if err == nil && s.Expect != nil {
		err = expect(s, call.Rows)
	}
	return err
}

// value is what a placeholder stands for in the operation in flight.
func (c *connection) value(w *bench.Workload, b *bench.Bind, statement, bind int) (bench.Value, error) {
	if b.Param >= 0 {
		return c.load.params[b.Param].Value(c.number, c.op.Number, c.load.columns[statement][bind]), nil
	}
	from := &c.calls[b.Statement]
	name := w.Statements[b.Statement].Name
	if len(from.First) == 0 {
		return bench.Value{}, &bench.OpError{Class: bench.ErrorExpectation, Message: fmt.Sprintf("statement %s returned no row for :%s.%s", name, name, b.Column)}
	}
	column := slices.Index(from.Columns, b.Column)
	if column < 0 {
		return bench.Value{}, &bench.OpError{Class: bench.ErrorExpectation, Message: fmt.Sprintf("statement %s returned no column %s, it returned %v", name, b.Column, from.Columns)}
	}
	return from.First[column], nil
}

func expect(s *bench.Statement, rows int64) error {
	switch e := s.Expect; {
	case e.MinRows != nil && rows < *e.MinRows:
		return &bench.OpError{Class: bench.ErrorExpectation, Message: fmt.Sprintf("%d rows, expected at least %d", rows, *e.MinRows)}
	case e.MaxRows != nil && rows > *e.MaxRows:
		return &bench.OpError{Class: bench.ErrorExpectation, Message: fmt.Sprintf("%d rows, expected at most %d", rows, *e.MaxRows)}
	}
	return nil
}

// recover makes the session fit for the next attempt: it rolls back what is open, or gives the session up. After an
// abort the rollback still has a moment to reach the target.
func (c *connection) recover(abort context.Context, w *bench.Workload, committing bool) {
	if c.conn == nil {
		return
	}
	lost := c.fault.Lost
	if w.Transaction && !lost {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(abort), 5*time.Second)
		lost = c.conn.Rollback(ctx) != nil && !committing
		cancel()
	}
	if lost || c.op.Outcome == bench.OutcomeIndoubt {
		c.close()
	}
}

// limited is the context of one call to the session: it ends with the statement timeout of the workload, if there is one.
func (c *connection) limited(abort context.Context, w *bench.Workload) (context.Context, context.CancelFunc) {
	timeout := w.Timeout
	if timeout == 0 {
		timeout = c.load.Plan.Target.Timeout
	}
	if timeout == 0 {
		return abort, unlimited
	}
	return context.WithTimeout(abort, timeout.D())
}

func unlimited() {}

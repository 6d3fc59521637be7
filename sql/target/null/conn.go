package null

import (
	"context"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A Conn counts its calls and waits.
type Conn struct {
	target *Target
	timer  *time.Timer // stopped between calls
	calls  int64
	owed   float64 // error_rate summed over the calls, less the errors so far
	closed bool
}

// columns is what every answer with rows has.
var columns = []string{"value"}

// lost and failed are shared by all calls, so that an error allocates nothing either.
var (
	lost   = &bench.OpError{Class: bench.ErrorConnection, Message: "the session is closed", Lost: true}
	failed = func() (all [bench.ErrorClasses]*bench.OpError) {
		for c := range bench.ErrorClasses {
			all[c] = &bench.OpError{Class: c, Code: "null", Message: "an error, as error_rate asks for", Lost: c == bench.ErrorConnection}
		}
		return all
	}()
)

// Prepare accepts every statement.
func (c *Conn) Prepare(ctx context.Context, _ []*bench.Statement) error { return c.usable(ctx) }

// Begin does nothing.
func (c *Conn) Begin(ctx context.Context, _ string) error { return c.usable(ctx) }

// Commit does nothing.
func (c *Conn) Commit(ctx context.Context) error { return c.usable(ctx) }

// Rollback does nothing.
func (c *Conn) Rollback(ctx context.Context) error { return c.usable(ctx) }

// Close ends the session; later calls find it lost.
func (c *Conn) Close() error {
	c.timer.Stop()
	c.closed = true
	return nil
}

func (c *Conn) usable(ctx context.Context) error {
	switch {
	case c.closed:
		return lost
	case ctx.Err() != nil:
		return target.Ended(ctx, "")
	}
	return nil
}

// Exec waits as the options say and returns their rows, or their error.
func (c *Conn) Exec(ctx context.Context, call *load.Call) error {
	if err := c.usable(ctx); err != nil {
		return err
	}
	c.target.started.Do(func() { c.target.start = time.Now() })
	c.calls++

	if c.target.hang {
		<-ctx.Done()
		return target.Ended(ctx, "")
	}
	if d := c.delay(); d > 0 {
		c.timer.Reset(d)
		select {
		case <-c.timer.C:
		case <-ctx.Done():
			c.timer.Stop()
			return target.Ended(ctx, "")
		}
	}
	// The sum of a rate like 0.1 is not exact in binary; without the allowance the tenth call would miss its error.
	if c.owed += c.target.errorRate; c.owed > 1-1e-9 {
		c.owed--
		err := failed[c.target.class]
		c.closed = err.Lost
		return err
	}

	call.Rows, call.First = c.target.rows, call.First[:0]
	if call.Fetch == "first_row" {
		call.Rows = min(call.Rows, 1)
	}
	if call.Keep {
		call.Columns = columns
		if call.Rows > 0 {
			call.First = append(call.First, bench.IntValue(c.calls))
		}
	}
	if call.Answered != nil {
		call.Answered()
	}
	return nil
}

// delay is the latency, after the rest of the stall when the target is in it.
func (c *Conn) delay() time.Duration {
	d := c.target.latency
	if c.target.stallFor > 0 {
		if since := time.Since(c.target.start) - c.target.stallAt; since >= 0 && since < c.target.stallFor {
			d += c.target.stallFor - since
		}
	}
	return d
}

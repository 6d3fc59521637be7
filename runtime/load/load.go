// Package load drives the workloads of a plan against a [Target] and records every operation once.
//
// A [Load] is one worker's share of the plan: the connections c of the fleet with c mod workers = slot. Each connection
// is one goroutine that runs the load model of its group (closed.go), from t0 on, until its plan ends, [Load.Drain] says
// that nothing new may start, or the context given to [Load.Start] ends, which cancels what is in flight on the target.
//
// The way of one operation: the model says when it is due; the connection takes it up, which counts it as planned in the
// phase of its intended start; its parameters are drawn as a function of (seed, connection, operation, name); its
// statements are sent one after the other (operation.go); and it is settled with exactly one outcome, by its connection,
// or by [Load.Censor] when the target does not even answer to a cancellation.
package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/draw"
	"bench/runtime/stats"

	"golang.org/x/sync/errgroup"
)

// poolLimit is how many rows a pool may have: a million rows of an order number are some tens of megabytes.
const poolLimit = 1_000_000

// logins is how many sessions a worker opens at once: enough to hide the round trips, few enough for a database that
// forks a process for each.
const logins = 16

// Config says what to drive.
type Config struct {
	Plan     *bench.Plan
	Slot     int // which of the fleet's workers this is, from 0
	Workers  int
	Target   Target
	Recorder *stats.Recorder
	Exhibits *Exhibits
}

// A Load is one worker's share of a plan. Use Connect, then Start, once each.
type Load struct {
	Config
	params      []*draw.Param
	statements  []*bench.Statement // of all workloads, as Conn.Prepare counts them
	offsets     []int              // of each workload's first statement
	columns     [][]int            // by statement: the pool's column of each bind, 0 where there is none
	connections []*connection

	t0       time.Time
	timeline bench.Timeline
	drained  chan struct{} // closed by Drain
	drain    sync.Once
}

// New compiles the share of a plan.
func New(c Config) (*Load, error) {
	l := &Load{Config: c, drained: make(chan struct{})}
	for _, p := range c.Plan.Params {
		compiled, err := draw.Compile(p, c.Plan.Seed, c.Plan.Connections())
		if err != nil {
			return nil, fmt.Errorf("param %s: %w", p.Name, err)
		}
		l.params = append(l.params, compiled)
	}
	for i := range c.Plan.Workloads {
		w := &c.Plan.Workloads[i]
		l.offsets = append(l.offsets, len(l.statements))
		for j := range w.Statements {
			l.statements = append(l.statements, &w.Statements[j])
		}
	}
	for _, g := range c.Plan.Groups {
		pick, err := newPick(c.Plan, g)
		if err != nil {
			return nil, err
		}
		var dist *draw.Dist
		if g.Load.Think != nil {
			if dist, err = draw.NewDist(*g.Load.Think, c.Plan.Seed); err != nil {
				return nil, fmt.Errorf("think time: %w", err)
			}
		}
		for index := range g.Load.Peak() {
			if number := g.First + index; number%c.Workers == c.Slot {
				l.connections = append(l.connections, newConnection(l, g, pick, dist, index, len(l.connections)))
			}
		}
	}
	return l, nil
}

// Connections is how many this worker drives.
func (l *Load) Connections() int { return len(l.connections) }

// Connect opens every session, prepares every statement and fills the pools, so that nothing of it happens after t0.
// stage is told what it is at. An error names what was refused, and what it was at is the last stage told.
func (l *Load) Connect(ctx context.Context, stage func(bench.Stage)) error {
	stage(bench.StageLogin)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(logins)
	for _, c := range l.connections {
		g.Go(func() error { return c.connect(gctx) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	stage(bench.StagePool)
	for i, p := range l.Plan.Params {
		if p.Kind != "pool" {
			continue
		}
		columns, rows, err := l.Target.Query(ctx, p.Query, poolLimit)
		if err != nil {
			return fmt.Errorf("fill pool %s: %w", p.Name, err)
		}
		if err := l.params[i].Fill(columns, rows); err != nil {
			return fmt.Errorf("fill pool %s: %w", p.Name, err)
		}
	}
	return l.bind()
}

// bind resolves the columns of pools, which are known only now.
func (l *Load) bind() error {
	l.columns = make([][]int, len(l.statements))
	for i, s := range l.statements {
		l.columns[i] = make([]int, len(s.Binds))
		for j, b := range s.Binds {
			if b.Param < 0 {
				continue
			}
			column, err := l.params[b.Param].Column(b.Column)
			if err != nil {
				return fmt.Errorf("param %s: %w", l.Plan.Params[b.Param].Name, err)
			}
			l.columns[i][j] = column
		}
	}
	return nil
}

// Start drives every connection from t0, a time with a monotonic reading that may lie ahead. The channel is closed when
// all have ended. When abort ends, what is in flight is cancelled on the target and counted as censored.
func (l *Load) Start(abort context.Context, t0 time.Time, timeline bench.Timeline) <-chan struct{} {
	l.t0, l.timeline = t0, timeline
	var running sync.WaitGroup
	for _, c := range l.connections {
		c.running = true
		running.Go(func() {
			c.closed(abort)
			c.mu.Lock()
			c.running = false
			c.mu.Unlock()
		})
	}
	over := make(chan struct{})
	go func() {
		running.Wait()
		close(over)
	}()
	return over
}

// Drain lets no new operation start. It may be called at any time, more than once.
func (l *Load) Drain() { l.drain.Do(func() { close(l.drained) }) }

// Censor settles every operation that is still in flight as censored, with its age. It is for connections whose driver
// does not return after a cancellation; what such an operation returns later is not counted.
func (l *Load) Censor() {
	for _, c := range l.connections {
		c.censor()
	}
}

// Level is what is going on now: how many connections are active, how many operations are in flight, and the age of
// the oldest of them, in nanoseconds.
func (l *Load) Level() (active, inFlight int, oldest int64) {
	now := l.now()
	for _, c := range l.connections {
		c.mu.Lock()
		if c.active {
			active++
		}
		if c.open {
			inFlight++
			oldest = max(oldest, now-c.intended)
		}
		c.mu.Unlock()
	}
	return active, inFlight, oldest
}

// Close ends every session, but for those in which a driver does not return: what it may still touch stays.
func (l *Load) Close() {
	var closing sync.WaitGroup
	for _, c := range l.connections {
		c.mu.Lock()
		running := c.running
		c.mu.Unlock()
		if !running {
			closing.Go(c.close)
		}
	}
	closing.Wait()
}

// now is the worker's clock: nanoseconds since t0, negative before it.
func (l *Load) now() int64 { return int64(time.Since(l.t0)) }

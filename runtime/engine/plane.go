package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// How long the plane holds a call that has nothing to say yet: an empty answer is better than a cut connection.
const (
	eventsWait  = 25 * time.Second
	durableWait = 5 * time.Second
)

// Register gives a worker its slot and all that it needs to run alone.
func (e *Engine) Register(ctx context.Context, g bench.Registration) (*bench.Assignment, error) {
	r, err := e.run(g.Run)
	if err != nil {
		return nil, err
	}
	var a *bench.Assignment
	var refused error
	err = r.do(ctx, func() {
		m, err := r.roster.register(g)
		if err != nil {
			refused = err
			return
		}
		e.writer.put(bench.Batch{Workers: []bench.Worker{m.Worker}}, nil)
		a = &bench.Assignment{
			Run: r.id, Worker: m.Name(), Generation: m.Generation, Epoch: r.record.Epoch,
			Slot: m.Slot, Workers: len(r.roster.members),
			Plan: *r.plan, PlanHash: r.hash, Secrets: r.secrets, NowNS: e.now(),
		}
	})
	if err != nil || refused != nil {
		return nil, errors.Join(err, refused)
	}
	// Whoever drives the run after this server must know the worker; so it is stored before the worker knows it.
	ctx, cancel := context.WithTimeout(ctx, durableWait)
	defer cancel()
	if err := e.writer.flush(ctx); err != nil {
		return nil, bench.Errorf(bench.CodeBusy, "the journal did not take the worker in time: %w", err)
	}
	return a, nil
}

// Heartbeat takes in how a worker stands. Its answer is also a reading of the server's clock.
func (e *Engine) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	at := time.Now()
	r, err := e.run(h.Run)
	if err != nil {
		return nil, err
	}
	ack := &bench.HeartbeatAck{}
	var refused error
	err = r.do(ctx, func() {
		m, err := r.roster.member(h.Worker, h.Generation)
		if err != nil {
			refused = err
			return
		}
		r.roster.beat(m, h, at)
		ack.Epoch, ack.Durable = r.record.Epoch, m.durable.load()
	})
	if err != nil {
		return nil, err
	}
	ack.NowNS = int64(at.Sub(e.start) + time.Since(at)/2) // the middle of the stay, as the worker assumes
	return ack, refused
}

// Events waits for events after a sequence number.
func (e *Engine) Events(ctx context.Context, run, worker string, generation, after int64) ([]bench.Event, error) {
	r, err := e.run(run)
	if err != nil {
		return nil, err
	}
	var refused error
	if err := r.do(ctx, func() { _, refused = r.roster.member(worker, generation) }); err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, refused
	}
	ctx, cancel := context.WithTimeout(ctx, eventsWait)
	defer cancel()
	events := r.feed.after(ctx, after)
	if len(events) > 0 {
		r.feed.hand(worker, events[len(events)-1].Sequence)
	}
	return events, nil
}

// Report takes in what a worker measured. A report that was taken in before changes nothing; one that would leave a gap is not
// taken in, which the answer says.
func (e *Engine) Report(ctx context.Context, report bench.Report) (*bench.ReportAck, error) {
	r, err := e.run(report.Run)
	if err != nil {
		return nil, err
	}
	// Decoding and merging is the expensive part; it needs nothing of the run.
	var counted stats.Aggregate
	if err := r.readable(&report, &counted); err != nil {
		r.refused.Add(bench.CodeInvalid)
		return nil, bench.Errorf(bench.CodeInvalid, "report %d of %s: %w", report.Seq, report.Worker, err)
	}
	ack := &bench.ReportAck{}
	var refused error
	var durable *progress
	err = r.do(ctx, func() {
		m, err := r.roster.member(report.Worker, report.Generation)
		if err != nil {
			refused = err
			r.refused.Add(bench.CodeOf(err))
			return
		}
		if report.Seq == m.LastSeq+1 {
			r.take(m, &report, &counted)
		}
		ack.Received, durable = m.LastSeq, m.durable
	})
	if err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, refused
	}
	if report.Final {
		ctx, cancel := context.WithTimeout(ctx, durableWait)
		durable.wait(ctx, report.Seq)
		cancel()
	}
	ack.Durable = durable.load()
	return ack, nil
}

// readable checks what a report claims before any of it counts.
func (r *run) readable(p *bench.Report, counted *stats.Aggregate) error {
	if p.Seq < 1 || p.FromUS < 0 || p.ToUS < p.FromUS {
		return fmt.Errorf("number %d, from %d to %d µs", p.Seq, p.FromUS, p.ToUS)
	}
	switch p.Phase {
	case bench.PhasePreparing, bench.PhaseWarmup, bench.PhaseMeasurement, bench.PhaseProcessing:
	default:
		return fmt.Errorf("no phase %q", p.Phase)
	}
	for _, deltas := range [][]bench.Delta{p.Deltas, p.Totals} {
		for _, d := range deltas {
			if d.Workload < 0 || d.Workload >= len(r.plan.Workloads) {
				return fmt.Errorf("no workload %d", d.Workload)
			}
			if d.OpPhase != bench.PhaseWarmup && d.OpPhase != bench.PhaseMeasurement {
				return fmt.Errorf("operations of phase %q", d.OpPhase)
			}
		}
	}
	for _, x := range p.Executions {
		if x.Workload < 0 || x.Workload >= len(r.plan.Workloads) {
			return fmt.Errorf("no workload %d", x.Workload)
		}
	}
	return counted.Add(p.Deltas)
}

// take counts a report that is next in the order of its worker.
func (r *run) take(m *member, p *bench.Report, counted *stats.Aggregate) {
	m.heard = time.Now()
	m.count(p, counted)
	r.evidence.learn(p.Executions)
	r.measured.add(counted, p, r.afterCut(p))
	m.reported = m.heard
	m.gauges = bench.Gauges{Connections: p.Connections, InFlight: p.InFlight, OldestUS: p.OldestUS, LagP99US: p.LagP99US}
	snapshot := bench.Snapshot{Report: *p, ReceivedAt: time.Now().UTC()}
	snapshot.Timestamp = snapshot.ReceivedAt
	if r.timeline != nil && p.Phase != bench.PhasePreparing {
		snapshot.Timestamp = r.timeline.T0.Add(time.Duration(p.ToUS) * time.Microsecond)
		m.lag = m.heard.Sub(r.at(p.ToUS))
	}
	all := counted.All()
	snapshot.P50US, snapshot.P95US, snapshot.P99US = all.Response.Quantile(50, 100), all.Response.Quantile(95, 100), all.Response.Quantile(99, 100)
	snapshot.MaxUS = all.Response.Max()
	if r.longest = max(r.longest, snapshot.MaxUS); counted.Ledger().Done > 0 {
		r.doneAt = m.heard
	}
	snapshot.Excluded = r.second.add(m, p, counted)
	if r.record.Status == bench.StatusRunning {
		r.second.window.add(m.heard, snapshot.Excluded)
	}
	if p.Final {
		if status := r.record.Status; p.Phase != bench.PhaseProcessing && (status == bench.StatusStarting || status == bench.StatusRunning) {
			r.early(bench.ReasonWorkerLost, "%s (pid %d) ended by itself in %s", m.Name(), m.PID, p.Phase)
		}
		r.measured.final(p)
		m.Status, m.Stage, m.Phase = bench.WorkerCompleted, bench.StageDone, bench.PhaseCompleted
		r.roster.changed(m, "info", "%s sent its final report", m.Name())
	}
	seq, durable := p.Seq, m.durable
	r.e.writer.put(bench.Batch{Snapshots: []bench.Snapshot{snapshot}}, func() { durable.reach(seq) })
}

package engine

import (
	"context"
	"time"

	"bench/runtime/bench"
)

// lookWait is how long a look waits for a run's goroutine. One that takes longer is held up, most likely by a store, and
// that is what the look then says.
const lookWait = 300 * time.Millisecond

// Look is how a run stands inside, for whoever diagnoses it. Its viewers and replicas are others' to fill in. When the run's
// goroutine is held up, the answer has only how long that has been so.
func (e *Engine) Look(ctx context.Context, id string) (*bench.Live, error) {
	r, err := e.run(id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	turned := time.Now()
	l := &bench.Live{}
	switch err := r.do(ctx, func() { l = r.look(time.Now()) }); {
	case bench.CodeOf(err) == bench.CodeRunEnded:
		return nil, err
	case err != nil:
		turned = *r.turned.Load()
	}
	l.Owner = []bench.LiveOwner{{Owner: r.live.Load().Owner, OwnerS: time.Since(turned).Seconds()}}
	l.Journal = []bench.LiveStore{e.writer.state()}
	return l, nil
}

// look belongs to the run's goroutine.
func (r *run) look(now time.Time) *bench.Live {
	l := &bench.Live{Run: []bench.LiveRun{r.whole(now)}, Plane: []bench.LivePlane{r.refused.plane(now)}}
	run, plane := &l.Run[0], &l.Plane[0]
	plane.Written, plane.Delivered = r.feed.last(), r.feed.last()
	var newest time.Time
	for _, m := range r.roster.members {
		w := m.look(r, now)
		l.Workers = append(l.Workers, w)
		if m.live() {
			plane.Delivered = min(plane.Delivered, w.Told)
		}
		if w.Armed {
			run.Armed++
		}
		run.InFlight += w.InFlight
		run.OldestS = max(run.OldestS, w.OldestS)
		run.Planned += w.Planned
		run.Done += w.Done
		run.Failed += w.Failed
		run.Reports += w.Reports
		if m.reported.After(newest) {
			newest = m.reported
		}
	}
	plane.Received = run.Reports
	run.DataS = since(newest, now)
	run.ReadyS = -1
	if r.roster.any() && r.roster.allReady() {
		run.ReadyS = since(r.roster.readyAt(), now)
	}
	return l
}

// whole is the run without what its workers add up to.
func (r *run) whole(now time.Time) bench.LiveRun {
	began := r.phaseAt
	if began.IsZero() {
		began = r.record.CreatedAt
	}
	x := bench.LiveRun{
		Status: r.record.Status, Phase: r.record.Phase, Desired: r.record.Desired, Waiting: r.waiting,
		PhaseS: now.Sub(began).Seconds(), Expected: r.plan.Fleet.Workers, Attempt: r.attempt, Second: -1, FirstError: r.measured.latest,
		SettleMS: milliseconds(r.second.settled),
	}
	x.LongestS, x.IdleS = float64(r.longest)/1e6, since(r.doneAt, now)
	if r.doneAt.IsZero() && now.After(r.t0) {
		x.IdleS = since(r.t0, now)
	}
	x.Ready, _, _ = r.roster.counts()
	switch r.record.Phase {
	case bench.PhaseWarmup:
		x.LimitS = r.plan.Warmup.D().Seconds()
	case bench.PhaseMeasurement:
		x.LimitS = r.plan.Duration.D().Seconds()
	case bench.PhasePreparing:
		if r.roster.any() {
			x.LimitS = r.plan.Ready.D().Seconds()
		}
	}
	if !r.deadline.IsZero() {
		x.OverdueS = now.Sub(r.deadline).Seconds()
	}
	if s := r.second.last; s != nil {
		var done int64
		for _, row := range s.Rows {
			done += row.Done
		}
		x.QPS, x.Why, x.Second, x.Reporting = float64(done), s.Why, s.Second, s.Workers
	}
	x.Recent, x.Excluded, x.ExcludedWhy = r.second.window.count(now)
	return x
}

func (m *member) look(r *run, now time.Time) bench.LiveWorker {
	w := bench.LiveWorker{
		Worker: m.Name(), Generation: m.Generation, Host: m.Host, PID: m.PID, Status: m.Status, Phase: m.Phase, Stage: m.Stage,
		StageS: since(m.staged, now), HeardS: since(m.heard, now), Ready: m.ReadyAt != nil,
		Told: r.feed.told(m.Name()), Acked: m.LastEvent, Start: r.start, Armed: r.attempt > 0 && m.Armed == r.attempt,
		Connections: m.Connections, Active: m.gauges.Connections, Planned: m.counted.Planned, Done: m.counted.Done, Failed: m.counted.Failures(),
		InFlight: m.gauges.InFlight, OldestS: float64(m.gauges.OldestUS) / 1e6,
		Reports: m.LastSeq, ReportS: since(m.reported, now), LagMS: milliseconds(m.lag), PaceLagMS: float64(m.gauges.LagP99US) / 1e3, Unstored: m.LastSeq - m.durable.load(),
		ClockMS: milliseconds(m.drift), ClockErrorMS: float64(m.ErrorNS) / 1e6,
		CPUPercent: m.CPUPercent, Errors: m.ErrorCount, LastError: m.LastError, Fatal: m.Fatal, Final: m.Final,
	}
	if m.reported.IsZero() {
		w.Active = -1
	}
	if m.heard.IsZero() {
		w.HeardS = since(m.launched, now)
	}
	return w
}

// readyAt is when the last worker became ready.
func (o *roster) readyAt() (last time.Time) {
	for _, m := range o.members {
		if m.ReadyAt.After(last) {
			last = *m.ReadyAt
		}
	}
	return last
}

// since is the seconds from an instant until now; -1 when there was none.
func since(t, now time.Time) float64 {
	if t.IsZero() {
		return -1
	}
	return max(now.Sub(t).Seconds(), 0)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// Found takes in what checks found out about a run that goes on: each is stored, and told to whoever follows the run.
func (e *Engine) Found(ctx context.Context, id string, findings []bench.Finding) error {
	r, err := e.run(id)
	if err != nil {
		return err
	}
	return r.do(ctx, func() {
		for i := range findings {
			f := &findings[i]
			f.Phase = r.record.Phase
			r.announce(bench.EventCheck, f.Severity, f.CheckedAt,
				bench.CheckChange{Code: f.Code, Outcome: f.Outcome, Subject: f.Subject, Reason: f.Reason}, "%s %s: %s", f.Code, f.Outcome, f.Reason)
		}
		e.writer.put(bench.Batch{Findings: findings}, nil)
	})
}

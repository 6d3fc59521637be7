package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// adoptWait is how long workers of an adopted run have to make themselves heard before the run goes on without
// knowing how they stand.
const adoptWait = 15 * time.Second

// A Watcher is a fleet whose workers outlive the server that started them.
type Watcher interface {
	// Watch waits until a worker that another server started has ended, and says why if it can be known. When ctx
	// ends, it ends the worker at once.
	Watch(ctx context.Context, run string, slot, pid int) error
}

// Adopt takes over runs that another server left unfinished: those whose workers live go on with their window unchanged,
// the others end FAILED with reason server_lost and what was measured. It waits for Run, and must be called before requests
// are answered: a worker whose run is not known yet would take that for its end.
func (e *Engine) Adopt(ctx context.Context, history Past, runs []bench.Run) error {
	select {
	case <-e.started:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for i := range runs {
		r, err := e.adopt(ctx, history, &runs[i])
		if err != nil {
			return fmt.Errorf("adopt run %s: %w", runs[i].ID, err)
		}
		e.mu.Lock()
		if e.ctx == nil {
			e.mu.Unlock()
			return bench.Errorf(bench.CodeStopping, "the server is about to end and adopts no run")
		}
		e.runs[r.id] = r
		e.going.Add(1)
		go func(ctx context.Context) {
			defer e.going.Done()
			r.drive(ctx)
		}(e.ctx)
		e.mu.Unlock()
	}
	return nil
}

// adopt brings a run into memory as its last server had it, as far as that was stored.
func (e *Engine) adopt(ctx context.Context, history Past, old *bench.Run) (*run, error) {
	record, err := e.Store.Takeover(ctx, old.ID, e.Owner)
	if err != nil {
		return nil, err
	}
	r := prepareRun(e, old.ID, old.Plan, nil)
	r.adopted, r.record, r.asked = true, record, r.hash
	r.record.Plan, r.sequence = r.plan, record.NextSequence-1
	if r.plan.Guard.MaxDuration > 0 {
		r.guard.until = record.CreatedAt.Add(r.plan.Guard.MaxDuration.D())
	}
	e.Listener.Started(r.record)
	events, err := history.Events(ctx, r.id, 0)
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		if err := r.recall(event); err != nil {
			return nil, fmt.Errorf("read event %d: %w", event.Sequence, err)
		}
		if err := r.evidence.event(&event); err != nil {
			return nil, err
		}
		e.Listener.Event(event) // not to workers: what the server before this one commanded is in terms of its own clock
	}
	if r.timeline != nil {
		r.t0 = time.Now().Add(time.Until(r.timeline.T0)) // until the workers say better
	}
	workers, err := history.Workers(ctx, r.id)
	if err != nil {
		return nil, err
	}
	r.roster.adopt(workers)
	seconds, err := history.Seconds(ctx, r.id, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	for i := range seconds {
		r.second.adopt(&seconds[i])
		e.Listener.Second(&seconds[i], false)
	}
	if err := history.Reports(ctx, r.id, r.replay); err != nil {
		return nil, err
	}
	limit := exampleLimit
	if e.Witnesses != nil {
		limit = 0 // the target may tell more of each
	}
	told, err := history.Executions(ctx, r.id, limit)
	if err != nil {
		return nil, err
	}
	r.measured.learn(told)
	r.evidence.learn(told)
	switch said, err := history.Enrichment(ctx, r.id); {
	case err == nil && said.Status != bench.EnrichmentPending:
		r.evidence.enrichment = said
	case err != nil && bench.CodeOf(err) != bench.CodeEnrichmentNotReady:
		return nil, err
	}
	samples, err := history.Samples(ctx, r.id)
	if err != nil {
		return nil, err
	}
	for i := range samples {
		r.evidence.sample(&samples[i])
	}
	r.publish()
	return r, nil
}

// recall takes in what an event of the servers before this one says about the start, the phase and the window.
func (r *run) recall(event bench.Event) error {
	switch event.Type {
	case bench.EventArm:
		var a bench.Arm
		if err := json.Unmarshal(event.Data, &a); err != nil {
			return err
		}
		r.attempt, r.armed[a.Attempt], r.start = a.Attempt, &a.Timeline, event.Sequence
		if r.timeline == nil || !r.began(r.timeline) {
			r.timeline = &a.Timeline
		}
	case bench.EventPhase:
		var to bench.State
		if err := json.Unmarshal(event.Data, &to); err != nil {
			return err
		}
		r.phaseAt = event.EffectiveAt
		if to.Status == bench.StatusCancelling && r.timeline != nil {
			r.cutOff(to.Phase, event.EffectiveAt.Sub(r.timeline.T0))
		}
	}
	return nil
}

// began reports whether it is stored that the run began by a time line.
func (r *run) began(line *bench.Timeline) bool {
	return r.record.StartTime != nil && r.record.StartTime.Equal(line.T0)
}

// exampleLimit is how many stored operations are looked at for examples of errors, which come first.
const exampleLimit = 1000

// replay counts a report that was taken in, and stored, before.
func (r *run) replay(p *bench.Report) error {
	var counted stats.Aggregate
	if err := counted.Add(p.Deltas); err != nil {
		return err
	}
	for _, m := range r.roster.members {
		if m.Name() == p.Worker && p.Generation < m.Generation {
			return nil // it was replaced before anything counted
		}
		if m.Name() == p.Worker {
			m.Generation = p.Generation // its row may be older than its reports
			m.count(p, &counted)
			m.durable.reach(p.Seq)
			r.measured.add(&counted, p, r.afterCut(p))
			r.second.replay(m, p, &counted)
			if p.Final {
				r.measured.final(p)
			}
			return nil
		}
	}
	return fmt.Errorf("report %d of %s generation %d is of nobody", p.Seq, p.Worker, p.Generation)
}

// resume goes on where the last server stopped.
func (r *run) resume(wctx context.Context) *ending {
	if r.record.Status == bench.StatusCompleted {
		return nil
	}
	fleet, ok := r.e.Fleets[r.plan.Fleet.Kind].(Watcher)
	if !ok || !r.roster.any() || !r.roster.anyProcess() {
		return &ending{reason: bench.ReasonServerLost, abort: true,
			detail: fmt.Sprintf("the server (%s) ended in %s, and its workers with it", r.record.Owner, r.record.Phase)}
	}
	for _, m := range r.roster.members {
		if m.Status == bench.WorkerDead && !m.Final && r.record.Status != bench.StatusCancelling {
			r.early(bench.ReasonWorkerLost, "%s was lost before the server that drove the run was", m.Name())
		}
		if m.Generation == 0 || m.Final || m.Status == bench.WorkerDead {
			continue
		}
		slot, pid := m.Slot, m.PID
		r.workers.Go(func() {
			err := fleet.Watch(wctx, r.id, slot, pid)
			r.do(wctx, func() { r.roster.exited(slot, err) })
		})
	}
	if r.record.Status == bench.StatusCancelling { // the reason is stored, whoever is lost meanwhile, and the workers are told again
		return &ending{reason: r.record.StopReason, detail: r.record.StopDetail, abort: r.record.Desired == bench.DesiredAbort}
	}
	r.waiting = "the workers to be heard again"
	if _, end := r.until(time.Now().Add(adoptWait), r.roster.allHeard); end != nil {
		return end
	}
	r.waiting = ""
	if r.record.Desired.Exceeds(r.obeyed) {
		r.desire(r.record.Desired, "somebody whom the server before this one did not hear any more")
	}
	switch r.record.Status {
	case bench.StatusStarting:
		return r.resumeStarting()
	case bench.StatusRunning:
		return r.fromStart()
	default: // STOPPING
		return r.drain()
	}
}

// resumeStarting goes on with a run that was not RUNNING yet. A worker that was armed starts by itself; so once one is, the
// t0 that it has stands, and the others are told it again, in terms of the new server's clock.
func (r *run) resumeStarting() *ending {
	if !r.roster.anyArmed() {
		r.timeline, r.t0 = nil, time.Time{}
		return r.fromMuster()
	}
	if begun := r.roster.begunBy(); begun != nil {
		r.timeline = begun // a worker that did not hear of the newest has begun by one before
	}
	if end := r.join(bench.ReasonServerLost); end != nil {
		return end
	}
	return r.fromStart()
}

// adopt fills the roster with the workers that were stored. Each gets a fresh lease.
func (o *roster) adopt(workers []bench.Worker) {
	slices.SortFunc(workers, func(a, b bench.Worker) int { return cmp.Compare(a.Slot, b.Slot) })
	for _, w := range workers {
		m := &member{Worker: w, launched: time.Now(), heard: time.Now(), durable: newProgress(), adopted: true}
		m.LastSeq, m.Final = 0, false // what its reports say counts
		o.members = append(o.members, m)
	}
}

// anyProcess reports whether a worker may still live: one that registered from another process than this.
func (o *roster) anyProcess() bool {
	return slices.ContainsFunc(o.members, func(m *member) bool { return m.Generation > 0 })
}

// allHeard reports whether every worker that may live was heard since the run was adopted.
func (o *roster) allHeard() bool {
	return o.all(func(m *member) bool {
		return !m.adopted || m.Generation == 0 || m.gone || m.Final || m.Status == bench.WorkerDead
	})
}

// anyArmed reports whether a worker has a t0.
func (o *roster) anyArmed() bool {
	return slices.ContainsFunc(o.members, func(m *member) bool { return m.Armed > 0 })
}

// begunBy is the newest time line by which a worker has begun; nil when none has.
func (o *roster) begunBy() *bench.Timeline {
	attempt := 0
	for _, m := range o.members {
		if m.SinceT0US > 0 && o.r.armed[m.Armed] != nil {
			attempt = max(attempt, m.Armed)
		}
	}
	return o.r.armed[attempt]
}

// reestimate takes t0 from the workers after a restart: the median of what they say has passed since. Their clocks never
// stopped, the server's did. It is never moved for them, only found again. Whoever has another t0 than the one that stands
// is not asked.
func (o *roster) reestimate() {
	stands := cmp.Or(o.begunBy(), o.r.timeline)
	var starts []time.Time
	for _, m := range o.members {
		if !m.start.IsZero() && o.armedBy(m, stands) {
			starts = append(starts, m.start)
		}
	}
	if len(starts) > 0 {
		slices.SortFunc(starts, time.Time.Compare)
		o.r.t0 = starts[(len(starts)-1)/2] // of two the earlier: it was delayed less
	}
}

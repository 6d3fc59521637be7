package engine

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// A roster is the workers of a run. It belongs to the run's goroutine.
type roster struct {
	r       *run
	members []*member
	saved   time.Time // when the rows were last given to the writer
	looked  time.Time // when the workers were last judged
}

// A member is one slot of the roster with whoever holds it.
type member struct {
	bench.Worker
	instance string
	launched time.Time
	heard    time.Time // on the monotonic clock
	beats    int64     // number of the newest heartbeat
	durable  *progress
	staged   time.Time     // when its stage began
	reported time.Time     // when its newest report was received
	lag      time.Duration // from the end of its interval until then
	gauges   bench.Gauges  // at its end
	drift    time.Duration // its time since t0 minus the server's, at its last heartbeat
	since    int64         // end of its last report of MEASUREMENT
	gone     bool          // its process ended
	adopted  bool          // from a server that is gone, and not heard since
	start    time.Time     // t0 as it says, after its run was adopted
	counted  bench.Ledger
	totals   bench.Ledger // of its FINAL
}

func newRoster(r *run) *roster { return &roster{r: r} }

// launched adds a slot whose worker is being started.
func (o *roster) launched(slot int) {
	o.members = append(o.members, newMember(slot, o.r.id))
}

func newMember(slot int, run string) *member {
	m := &member{launched: time.Now(), staged: time.Now(), durable: newProgress()}
	m.Worker = bench.Worker{Slot: slot, Heartbeat: bench.Heartbeat{
		Run: run, Worker: fmt.Sprintf("worker-%d", slot), Status: bench.WorkerStarting,
		Phase: bench.PhasePreparing, Stage: bench.StageLaunch,
	}}
	return m
}

// register gives a slot to whoever asks for it. The same instance again gets the same generation.
func (o *roster) register(g bench.Registration) (*member, error) {
	if g.Slot < 0 || g.Slot >= len(o.members) {
		return nil, bench.Errorf(bench.CodeWorkerUnknown, "run %s has no slot %d", o.r.id, g.Slot)
	}
	m := o.members[g.Slot]
	if m.instance == g.Instance && m.Generation > 0 {
		return m, nil
	}
	if m.Generation > 0 && o.r.record.Status != bench.StatusStarting {
		return nil, bench.Errorf(bench.CodeConflict, "run %s has begun: %s is not replaced", o.r.id, m.Name())
	}
	m.Generation++
	fresh := newMember(m.Slot, o.r.id)
	fresh.Generation = m.Generation
	*m = *fresh // nothing of who had the slot before
	m.instance, m.Host, m.PID = g.Instance, g.Host, g.PID
	m.Status, m.Stage, m.heard = bench.WorkerInitializing, bench.StageClock, time.Now()
	m.LastHeartbeat = time.Now().UTC()
	return m, nil
}

// member finds who speaks, and refuses those who were replaced or declared dead.
func (o *roster) member(worker string, generation int64) (*member, error) {
	for _, m := range o.members {
		if m.Name() != worker {
			continue
		}
		if m.Generation != generation {
			return nil, bench.Errorf(bench.CodeGenerationStale, "%s of generation %d was replaced by generation %d", worker, generation, m.Generation)
		}
		if m.Status == bench.WorkerDead {
			return nil, bench.Errorf(bench.CodeGenerationStale, "%s was declared dead", worker)
		}
		return m, nil
	}
	return nil, bench.Errorf(bench.CodeWorkerUnknown, "run %s has no worker %s", o.r.id, worker)
}

// Name is the worker's name.
func (m *member) Name() string { return m.Worker.Worker }

// beat takes in a heartbeat, which arrived at a time: the run may have been busy since. One that was overtaken on its way says
// nothing that is still true, but for facts.
func (o *roster) beat(m *member, h bench.Heartbeat, arrived time.Time) {
	o.facts(h.Facts)
	h.Facts = nil
	if h.Number <= m.beats {
		return
	}
	m.beats, h.Number = h.Number, 0
	m.heard, m.LastHeartbeat = time.Now(), time.Now().UTC()
	was := m.Status
	if h.Stage != m.Stage {
		m.staged = m.heard
	}
	if h.SinceT0US != 0 && !o.r.t0.IsZero() {
		m.drift = time.Duration(h.SinceT0US)*time.Microsecond - time.Since(o.r.t0)
	}
	m.adopted = false
	if m.Final {
		h.Status, h.Stage, h.Phase, h.ErrorCount = m.Status, m.Stage, m.Phase, m.failures() // it has said its last word
	}
	if h.Armed != m.Armed {
		m.start = time.Time{} // that was another t0
	}
	m.Heartbeat = h
	if o.r.adopted && h.SinceT0US != 0 {
		start := arrived.Add(-time.Duration(h.SinceT0US) * time.Microsecond)
		if m.start.IsZero() || start.Before(m.start) { // the earliest was the least delayed on its way
			m.start = start
		}
		o.reestimate()
	}
	if h.Status == bench.WorkerReady && m.ReadyAt == nil {
		if h.PlanHash != o.r.hash {
			o.r.early(bench.ReasonWorkerFailed, "%s is ready for another plan: its hash is %.12s", m.Name(), h.PlanHash)
			return
		}
		m.ReadyAt = new(time.Now().UTC())
	}
	if h.Status != was {
		o.changed(m, "info", "%s is %s", m.Name(), h.Status)
	}
	if h.Fatal != "" {
		o.r.early(h.Fatal, "%s at %s: %s", m.Name(), m.Stage, h.LastError)
	}
}

// facts keeps what a worker found out about its target, which it says once.
func (o *roster) facts(found []bench.Fact) {
	for _, f := range found {
		o.r.facts(cmp.Or(f.Source, "target"), f.Name, f.Value)
	}
}

func (o *roster) changed(m *member, severity, format string, args ...any) {
	o.r.announce(bench.EventWorker, severity, time.Now(), bench.WorkerChange{
		Worker: m.Name(), Status: m.Status, Stage: m.Stage, Error: m.LastError,
	}, format, args...)
}

// count takes in the numbers of a report.
func (m *member) count(p *bench.Report, counted *stats.Aggregate) {
	m.LastSeq = p.Seq
	if p.Phase == bench.PhaseMeasurement {
		m.since = max(m.since, p.ToUS)
	}
	m.counted.Add(counted.Ledger())
	if p.Final {
		m.Final = true
		for _, d := range p.Totals {
			m.totals.Add(d.Ledger)
		}
		m.ErrorCount = m.failures()
	}
}

// failures is how many operations of the worker failed or are in doubt, by its reports.
func (m *member) failures() int64 { return m.counted.Failures() + m.counted.Indoubt }

// exited takes in that a worker has ended.
func (o *roster) exited(slot int, err error) {
	m := o.members[slot]
	m.gone = true
	if m.Final || m.Fatal != "" || m.Status == bench.WorkerDead {
		return
	}
	o.dead(m, "%s (pid %d) ended in %s at %s without its final report: %v", m.Name(), m.PID, o.r.record.Phase, m.Stage, orNothing(err))
}

func orNothing(err error) any {
	if err == nil {
		return "it gave no error"
	}
	return err
}

func (o *roster) dead(m *member, format string, args ...any) {
	m.Status = bench.WorkerDead
	o.changed(m, "error", format, args...)
	o.r.early(bench.ReasonWorkerLost, format, args...)
}

// judge marks workers that have been silent for too long, stores the rows once a second, and says when to look again.
func (o *roster) judge(now time.Time) time.Time {
	due := now.Add(time.Minute)
	if late := now.Sub(o.looked) - 2*time.Second; late > 0 && !o.looked.IsZero() {
		// It was this server that was away, held up by a disk or stopped: nobody is judged by what it did not hear then.
		for _, m := range o.members {
			m.heard = m.heard.Add(late + 2*time.Second)
		}
	}
	o.looked = now
	for _, m := range o.members {
		if m.Generation == 0 || m.gone || m.Status == bench.WorkerDead || m.Status == bench.WorkerCompleted {
			continue
		}
		stale, dead := m.heard.Add(o.r.e.Settings.Stale), m.heard.Add(o.r.e.Settings.Dead)
		switch {
		case !now.Before(dead):
			o.dead(m, "%s (pid %d) was silent for %s in %s at %s", m.Name(), m.PID, now.Sub(m.heard).Round(time.Second), o.r.record.Phase, m.Stage)
		case !now.Before(stale):
			due = earliest(due, dead)
			if m.Status != bench.WorkerStale {
				m.Status = bench.WorkerStale
				o.changed(m, "warn", "%s has been silent for %s", m.Name(), now.Sub(m.heard).Round(time.Second))
			}
		default:
			due = earliest(due, stale)
		}
	}
	if len(o.members) > 0 {
		if now.Sub(o.saved) >= time.Second {
			o.saved = now
			o.r.e.writer.put(bench.Batch{Workers: o.rows(), Totals: []bench.Totals{o.r.totals()}}, nil)
		}
		due = earliest(due, o.saved.Add(time.Second))
	}
	return due
}

func (o *roster) rows() []bench.Worker {
	rows := make([]bench.Worker, len(o.members))
	for i, m := range o.members {
		rows[i] = m.Worker
		if m.LastHeartbeat.IsZero() {
			rows[i].LastHeartbeat = m.launched.UTC()
		}
	}
	return rows
}

func (o *roster) any() bool { return len(o.members) > 0 }

func (o *roster) all(holds func(*member) bool) bool {
	for _, m := range o.members {
		if !holds(m) {
			return false
		}
	}
	return true
}

func (o *roster) allReady() bool { return o.all((*member).ready) }
func (o *roster) allFinal() bool { return o.all(func(m *member) bool { return m.Final }) }
func (o *roster) allExhausted() bool {
	return o.all(func(m *member) bool { return m.Exhausted || m.Final })
}

// allArmed reports whether every worker is armed for the t0 that stands.
func (o *roster) allArmed() bool {
	return o.all(func(m *member) bool { return o.armedBy(m, o.r.timeline) })
}

// armedBy reports whether a worker is armed for the t0 of a time line. After a restart, more than one ARM may have told it.
func (o *roster) armedBy(m *member, line *bench.Timeline) bool {
	told := o.r.armed[m.Armed]
	return told != nil && line != nil && told.T0.Equal(line.T0)
}

// noneLeft reports whether nobody has anything more to say.
func (o *roster) noneLeft() bool {
	return o.all(func(m *member) bool { return m.Final || m.gone || m.Status == bench.WorkerDead })
}

func (m *member) ready() bool { return m.ReadyAt != nil && m.Status != bench.WorkerDead }

// live reports whether a worker is expected to report seconds.
func (m *member) live() bool {
	return !m.gone && !m.Final && m.Status != bench.WorkerDead && m.Status != bench.WorkerStale
}

func (o *roster) counts() (ready, active, completed int) {
	for _, m := range o.members {
		if m.ReadyAt != nil {
			ready++
		}
		if m.Final {
			completed++
		} else if m.live() && m.Generation > 0 {
			active++
		}
	}
	return ready, active, completed
}

// missing says in words who is not ready and what each is at.
func (o *roster) missing(deadline time.Time) string {
	ready := 0
	var names []string
	for _, m := range o.members {
		if m.ready() {
			ready++
			continue
		}
		names = append(names, fmt.Sprintf("%s (%s)", m.Name(), m.Stage))
	}
	limit := o.r.plan.Ready.D()
	spent := limit - time.Until(deadline)
	return fmt.Sprintf("%d of %s ready, waiting for %s, %s of %s", ready, plural(len(o.members), "worker"),
		list(names), spent.Round(time.Second), limit)
}

// unarmed names those who are not armed for the t0 that stands.
func (o *roster) unarmed() string {
	var names []string
	for _, m := range o.members {
		if !o.armedBy(m, o.r.timeline) {
			names = append(names, m.Name())
		}
	}
	return list(names)
}

// draining says in words who has not sent a final report.
func (o *roster) draining() string {
	var names []string
	for _, m := range o.members {
		if !m.Final && !m.gone && m.Status != bench.WorkerDead {
			names = append(names, fmt.Sprintf("%s (%s)", m.Name(), m.Stage))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "waiting for the final report of " + list(names)
}

// list joins names, and counts what would be too many to read.
func list(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// clockError is the largest bound of how far off a worker's clock is, or was at t0. What clocks drift apart after it makes no
// worker's window longer or shorter than that of the others by more than its share of ClockDriftPPM.
func (o *roster) clockError() time.Duration {
	var worst int64
	for _, m := range o.members {
		worst = max(worst, m.ErrorNS-max(m.SinceT0US, 0)*bench.ClockDriftPPM/1000)
	}
	return time.Duration(worst)
}

// measuredUntil is when the last worker ended its part of MEASUREMENT.
func (o *roster) measuredUntil() int64 {
	var end int64
	for _, m := range o.members {
		end = max(end, m.since)
	}
	return end
}

// audit checks that the FINAL of each worker is the sum of what it reported, and that nothing is left without an outcome.
func (o *roster) audit() error {
	for _, m := range o.members {
		if !m.Final {
			continue
		}
		if m.counted != m.totals {
			return fmt.Errorf("%s counted %+v in all, its reports sum up to %+v", m.Name(), m.totals, m.counted)
		}
		if open := m.counted.InFlight(); open != 0 {
			return fmt.Errorf("%s: %d operations were planned and have no outcome", m.Name(), open)
		}
	}
	if !o.allFinal() {
		return nil
	}
	return o.r.measured.audit()
}

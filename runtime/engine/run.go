package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bench/runtime/bench"
)

// A run is one run in the engine. Its goroutine is drive; everything that is not in the first group belongs to it.
type run struct {
	e       *Engine
	id      string
	plan    *bench.Plan
	asked   string // hash of the plan as it was submitted
	hash    string // hash of the plan as it is carried out, which workers confirm
	secrets map[bench.Secret]string
	inbox   chan func() // unbuffered: a closure is accepted only by a goroutine that will run it
	done    chan struct{}
	live    atomic.Pointer[bench.Run]
	turned  atomic.Pointer[time.Time] // when the run's goroutine last had something to do
	feed    *feed
	log     runLog

	adopted    bool       // from a server that is gone
	record     *bench.Run // as last stored
	sequence   int64      // of the newest event
	ctx        context.Context
	ended      <-chan struct{} // the server is told to end; nil once that was heard
	timer      *time.Timer
	obeyed     bench.Desired // what was wanted and is done; the stored DESIRED may be ahead of it
	wish       *ending       // why the run is to end early, until the course takes it
	waiting    string        // what it waits for, in words
	unwritable bool          // the store failed for as long as it may
	roster     *roster
	second     *seconds
	guard      *guard
	measured   *measured
	observer   *observer // nil when nobody can watch the target
	evidence   evidence
	toldEnd    bool      // the listener knows of the end
	t0         time.Time // with a monotonic reading; zero before ARM
	timeline   *bench.Timeline
	attempt    int                     // of the newest ARM
	start      int64                   // sequence of the newest ARM
	armed      map[int]*bench.Timeline // what each ARM told, by its attempt
	deadline   time.Time               // what until waits for, zero without one
	phaseAt    time.Time               // when the phase began; zero before the first change
	refused    Refusals                // reports of its workers
	doneAt     time.Time               // when the newest report with a done operation was received
	longest    int64                   // longest response time so far, microseconds
	cut        int64                   // microseconds of MEASUREMENT that were really measured, when it was cut short
	workers    sync.WaitGroup
	kill       context.CancelFunc // of all workers
}

func newRun(e *Engine, plan *bench.Plan, asked string, secrets map[bench.Secret]string) (*run, error) {
	id := newID(time.Now())
	target, err := e.Databases.Place(id, plan.Target)
	if err != nil {
		return nil, bench.Errorf(bench.CodePlanInvalid, "place the target: %w", err)
	}
	placed := *plan
	placed.Target = target
	r := prepareRun(e, id, &placed, secrets)
	r.asked = asked
	return r, nil
}

func prepareRun(e *Engine, id string, plan *bench.Plan, secrets map[bench.Secret]string) *run {
	r := &run{
		e: e, id: id, plan: plan, hash: plan.Hash(), secrets: secrets,
		inbox: make(chan func()), done: make(chan struct{}), feed: newFeed(), timer: time.NewTimer(time.Hour),
		measured: newMeasured(plan), obeyed: bench.DesiredRun, armed: map[int]*bench.Timeline{},
	}
	r.turned.Store(new(time.Now()))
	r.log = runLog{r}
	r.roster = newRoster(r)
	r.second = newSeconds(r)
	r.guard = &guard{r: r}
	return r
}

// create stores the run.
func (r *run) create(ctx context.Context) error {
	p := r.plan
	now := time.Now().UTC()
	r.record = &bench.Run{
		ID: r.id, Name: p.Name, Labels: p.Labels, PlanHash: r.asked, Plan: p,
		State:   bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing},
		Desired: bench.DesiredRun, WarmupSeconds: p.Warmup.D().Seconds(), DurationSeconds: p.Duration.D().Seconds(),
		CreatedAt: now, Owner: r.e.Owner, Epoch: 1, NextSequence: 2, WorkersExpected: p.Fleet.Workers,
	}
	first := bench.Event{
		Run: r.id, Sequence: 1, Epoch: 1, Type: bench.EventCreated, Severity: "info", EffectiveAt: now, CreatedAt: now,
		Message: fmt.Sprintf("run %s created: %s, %s on %s", p.Name, plural(p.Connections(), "connection"), plural(p.Fleet.Workers, "worker"), p.Target.Kind),
	}
	err := r.e.Store.Create(ctx, r.record, first)
	if err != nil && bench.CodeOf(err) == bench.CodeInternal { // it may be stored all the same; nobody else has its id
		if err = r.e.Store.Create(ctx, r.record, first); bench.CodeOf(err) == bench.CodeConflict {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	r.publish()
	r.e.Listener.Started(r.record)
	r.heard(first)
	host, _ := os.Hostname()
	r.facts("server",
		"version", r.e.Version, "go", runtime.Version(), "os", runtime.GOOS+"/"+runtime.GOARCH,
		"cpus", strconv.Itoa(runtime.NumCPU()), "host", host)
	return nil
}

// facts stores what a reader of the numbers may need, as pairs of name and value.
func (r *run) facts(source string, pairs ...string) {
	var b bench.Batch
	for i := 0; i+1 < len(pairs); i += 2 {
		b.Environment = append(b.Environment, bench.Fact{Run: r.id, Source: source, Name: pairs[i], Value: pairs[i+1]})
	}
	r.e.writer.put(b, nil)
}

// do runs f on the run's goroutine and waits for it.
func (r *run) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case r.inbox <- func() { defer close(ran); f() }:
		<-ran // accepted, so it is run now
		return nil
	case <-r.done:
		return errEnded(r.id)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// publish lets readers see the run as it is now.
func (r *run) publish() {
	live := *r.record
	live.Waiting, live.AsOf = r.waiting, time.Now()
	ready, active, completed := r.roster.counts()
	live.WorkersReady, live.WorkersActive, live.WorkersCompleted = ready, active, completed
	live.TotalOperations, live.TotalErrors = r.measured.counts()
	r.live.Store(&live)
}

// heard gives a stored event to workers and to the listener.
func (r *run) heard(e bench.Event) {
	r.sequence = e.Sequence
	r.feed.add(e)
	if !r.toldEnd {
		r.e.Listener.Event(e)
	}
	r.log.line(levelOf(e.Severity), "%s", e.Message)
}

// announce stores an event that changes no state and gives it to those who listen.
func (r *run) announce(kind bench.EventType, severity string, at time.Time, data any, format string, args ...any) {
	body, err := json.Marshal(data)
	if err != nil {
		panic("data of an event is always JSON: " + err.Error())
	}
	e := bench.Event{
		Run: r.id, Epoch: r.record.Epoch, Type: kind, Data: body, Severity: severity,
		Message: fmt.Sprintf(format, args...), EffectiveAt: at.UTC(), CreatedAt: time.Now().UTC(),
	}
	var stored bench.Event
	err = r.stored(func(ctx context.Context) (err error) {
		stored, err = r.e.Store.Append(ctx, e)
		return err
	})
	if err != nil {
		r.unstored(err)
		if kind == bench.EventStop || kind == bench.EventAbort { // workers must stop, whether it can be stored or not
			r.sequence++
			e.Sequence = r.sequence
			r.feed.add(e)
		}
		return
	}
	if kind == bench.EventArm {
		r.start = stored.Sequence
	}
	r.heard(stored)
}

// transit makes one change of state. at is when it takes effect.
func (r *run) transit(to bench.State, at time.Time, end *ending, format string, args ...any) {
	t := bench.Transition{
		Run: r.id, Epoch: r.record.Epoch, From: r.record.State, To: to, At: at.UTC(),
		Event: bench.Event{Run: r.id, Epoch: r.record.Epoch, Type: bench.EventPhase, Severity: "info",
			Message: fmt.Sprintf(format, args...), EffectiveAt: at.UTC(), CreatedAt: time.Now().UTC()},
		Ended: to.Status.Terminal() && r.record.EndTime == nil,
	}
	t.Event.Data, _ = json.Marshal(to) // two words
	if to.Status == bench.StatusRunning && r.record.Status == bench.StatusStarting {
		t.Timeline = r.timeline
	}
	if end != nil {
		t.StopReason, t.StopDetail, t.Event.Severity = end.reason, end.detail, end.severity()
	}
	if t.Ended {
		t.Event.Type = bench.EventEnd
		t.Verdict, t.Validity = r.measured.verdict, r.measured.validity
	}
	var stored *bench.Run
	var event bench.Event
	err := r.stored(func(ctx context.Context) (err error) {
		stored, event, err = r.e.Store.Transition(ctx, t)
		return err
	})
	if c, ok := errors.AsType[*bench.Conflict](err); ok && c.Got == to && c.GotEpoch == t.Epoch {
		// Nobody else changes the run in this epoch: a try before had an error for an answer, and was stored all the same.
		stored, event, err = r.after(t), t.Event, nil
		event.Sequence = r.sequence + 1
	}
	if err != nil {
		r.unstored(err)
		if !to.Status.Terminal() {
			return // the run stands where it is stored, and ends from there
		}
		// It must come to an end that can be seen, even if it cannot be stored.
		r.record = r.after(t)
		r.publish()
		return
	}
	stored.Plan = r.plan
	if stored.Phase != r.record.Phase {
		r.phaseAt = at
	}
	r.record = stored
	r.publish()
	r.heard(event)
}

// after is the run as a transition leaves it.
func (r *run) after(t bench.Transition) *bench.Run {
	next := *r.record
	next.State = t.To
	if line := t.Timeline; line != nil {
		at := func(us int64) *time.Time { return new(line.T0.Add(time.Duration(us) * time.Microsecond)) }
		next.StartTime, next.WarmupEnd = at(0), at(line.WarmupUS)
		if line.EndUS != 0 {
			next.MeasurementEnd = at(line.EndUS)
		}
	}
	if t.StopReason != "" {
		next.StopReason, next.StopDetail = t.StopReason, t.StopDetail
	}
	if t.Ended {
		next.EndTime, next.Verdict, next.Validity = &t.At, t.Verdict, t.Validity
	}
	return &next
}

// storing is the context of a write that the course waits for.
func (r *run) storing() (context.Context, context.CancelFunc) {
	limit := r.e.Settings.Journal
	if r.unwritable {
		limit = min(limit, time.Second) // it has had its time
	}
	return context.WithTimeout(context.WithoutCancel(r.ctx), limit)
}

// flush waits until everything that was put is stored. A store that failed for as long as it may gets no second term.
func (r *run) flush() error {
	ctx, cancel := r.storing()
	defer cancel()
	err := r.e.writer.flush(ctx)
	r.unwritable = r.unwritable || err != nil
	return err
}

// stored makes a write until it succeeds, is refused, or has failed for as long as a journal may: a disk that is full for
// a moment ends no run.
func (r *run) stored(write func(context.Context) error) error {
	ctx, cancel := r.storing()
	defer cancel()
	t := r.e.writer.begin()
	defer r.e.writer.end(t)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := write(ctx)
		if _, refused := errors.AsType[*bench.Conflict](err); err == nil || refused || bench.CodeOf(err) != bench.CodeInternal {
			return err
		}
		r.e.writer.fails(t, err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// unstored ends the run because the store refused it.
func (r *run) unstored(err error) {
	r.e.Log.Error("the journal refused a write", "run", r.id, "error", err)
	if c, ok := errors.AsType[*bench.Conflict](err); ok {
		r.early(bench.ReasonInternal, "another owner changed the run: %v", c)
		return
	}
	r.unwritable = true
	r.early(bench.ReasonJournalUnavailable, "the journal cannot be written: %v", err)
}

// early makes the run end before its plan does. The first reason stands.
func (r *run) early(reason bench.Reason, format string, args ...any) {
	if r.wish == nil {
		r.wish = &ending{reason: reason, detail: fmt.Sprintf(format, args...)}
	}
}

// desire takes in what a person wants.
func (r *run) desire(mode bench.Desired, by string) {
	if !mode.Exceeds(r.obeyed) {
		return
	}
	r.obeyed = mode
	r.announce(bench.EventDesired, "warn", time.Now(), map[string]string{"mode": string(mode), "by": by}, "%s asked for by %s", mode, by)
	if mode == bench.DesiredAbort {
		r.wish = &ending{bench.ReasonAbortRequested, "abort asked for by " + by, true}
	} else {
		r.early(bench.ReasonStopRequested, "stop asked for by %s", by)
	}
}

// secret resolves a reference for the server's own use.
func (r *run) secret(s bench.Secret) (string, error) {
	if v, ok := r.secrets[s]; ok {
		return v, nil
	}
	return r.e.Lookup(s)
}

package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/worker"
)

// A line is a worker's way to whatever server there is. It delays, loses, repeats, and delivers late, each kind of call with
// an actor of its own; and it shows the server's clock as the worker's own clock would see it.
type line struct {
	p                                  *process
	register, heartbeat, report, event *actor
}

func newLine(p *process) *line {
	return &line{p, p.x.actor(p.number), p.x.actor(p.number + 1), p.x.actor(p.number + 2), p.x.actor(p.number + 3)}
}

var (
	errNoRoute = errors.New("no route")
	errNoReply = errors.New("the answer was lost")
	// errBuried is final, so that what is left of a killed worker ends.
	errBuried = bench.Errorf(bench.CodeGenerationStale, "the worker was killed")
)

// A fate is what becomes of one call, and at which of the actor's instants. All of it is drawn when the call is made, so that
// calls that an answer wakes at once do not race for it.
type fate struct {
	goes, comes, repeats int64 // turns
	there, back          time.Duration
	lost, unheard        bool          // before it took effect, after it did
	late                 time.Duration // how long after its caller has given it up it arrives; 0: it does not
	again                time.Duration // how long after it was delivered it arrives once more; 0: it does not
}

func (l *line) fate(a *actor) (f fate) {
	s := l.p.x.scenario
	if s == nil {
		return f
	}
	f.goes, f.comes, f.repeats = a.take(), a.take(), a.take()
	wait := func() time.Duration {
		if a.hit(s.slow) {
			return a.between(0, 300*time.Millisecond)
		}
		return a.between(0, s.delay)
	}
	f.there, f.back = wait(), wait()
	f.lost, f.unheard = a.hit(s.loss), a.hit(s.loss)
	if late := a.between(time.Millisecond, 3*time.Second); a.hit(s.late) {
		f.late = late
	}
	if again := a.between(time.Millisecond, 3*time.Second); a.hit(s.again) {
		f.again = again
	}
	return f
}

// through takes a call to the server and its answer back.
func through[T any](ctx context.Context, l *line, a *actor, what string, args any, call func(context.Context, worker.Control) (T, error)) (T, error) {
	var none T
	deliver := func(ctx context.Context) (T, error) {
		m := l.p.x.reach()
		if mute, _ := l.p.mute(); mute || m == nil {
			return none, errNoRoute
		}
		ctx, cancel := context.WithCancel(ctx) // a connection to a server that dies is cut
		defer cancel()
		go func() {
			select {
			case <-m.gone:
				cancel()
			case <-ctx.Done():
			}
		}()
		answer, err := call(ctx, m.plane)
		if m.dead.Load() {
			return none, errNoReply
		}
		l.p.x.trace.note(l.name(), what, args, answer, err)
		return answer, err
	}
	f := l.fate(a)
	later := func(d time.Duration) {
		l.p.x.going.Go(func() {
			if time.Sleep(instant(f.repeats, d)); !l.buried() {
				deliver(context.Background())
			}
		})
	}
	if err := a.wait(ctx, f.goes, f.there); err != nil {
		return none, err
	}
	switch {
	case l.buried():
		return none, errBuried
	case f.late > 0:
		later(f.late)
		return none, errNoReply
	case f.lost:
		return none, errNoRoute
	}
	answer, err := deliver(ctx)
	if f.again > 0 {
		later(f.again)
	}
	if err := a.wait(ctx, f.comes, f.back); err != nil {
		return none, err
	}
	if mute, _ := l.p.mute(); mute || f.unheard {
		return none, errNoReply
	}
	return answer, err
}

func (l *line) buried() bool { _, dead := l.p.mute(); return dead }

func (l *line) name() string { return string(rune('A' + (l.p.number-theWorkers)/perWorker)) }

func (l *line) Register(ctx context.Context, g bench.Registration) (*bench.Assignment, error) {
	return through(ctx, l, l.register, "Register", g, func(ctx context.Context, c worker.Control) (*bench.Assignment, error) {
		a, err := c.Register(ctx, g)
		if err == nil {
			a.NowNS = l.p.clock.seen(a.NowNS)
		}
		return a, err
	})
}

func (l *line) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	h.SinceT0US = l.p.clock.own(h.SinceT0US)
	return through(ctx, l, l.heartbeat, "Heartbeat", h, func(ctx context.Context, c worker.Control) (*bench.HeartbeatAck, error) {
		ack, err := c.Heartbeat(ctx, h)
		if err == nil {
			ack.NowNS = l.p.clock.seen(ack.NowNS)
		}
		return ack, err
	})
}

func (l *line) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	return through(ctx, l, l.report, "Report", r, func(ctx context.Context, c worker.Control) (*bench.ReportAck, error) {
		return c.Report(ctx, r)
	})
}

func (l *line) Events(ctx context.Context, run, w string, generation, after int64) ([]bench.Event, error) {
	turn := l.event.take() // before anything can happen at the same time
	return through(ctx, l, l.event, "Events", after, func(ctx context.Context, c worker.Control) ([]bench.Event, error) {
		events, err := c.Events(ctx, run, w, generation, after)
		if err != nil || len(events) == 0 || l.p.x.scenario == nil {
			return events, err
		}
		// Whatever else the server says in this moment goes into the same answer.
		time.Sleep(instant(turn, 0))
		if events, err = c.Events(ctx, run, w, generation, after); err != nil {
			return nil, err
		}
		return l.tell(events), nil
	})
}

// tell shows events as the worker's clock would see them. An answer ends with its first ARM, so that what the worker does
// with it does not depend on whether its ear or its main goroutine is quicker.
func (l *line) tell(events []bench.Event) []bench.Event {
	for i, e := range events {
		if e.Type != bench.EventArm {
			continue
		}
		var a bench.Arm
		if err := json.Unmarshal(e.Data, &a); err != nil {
			panic(err)
		}
		l.p.mu.Lock()
		l.p.heard = append(l.p.heard, a)
		l.p.mu.Unlock()
		a.T0NS = l.p.clock.seen(a.T0NS)
		events = slices.Clone(events[:i+1])
		events[i].Data, _ = json.Marshal(a) // it came from JSON
		return events
	}
	return events
}

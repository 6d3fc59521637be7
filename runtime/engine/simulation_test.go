package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
)

// patience is how long a run may go on, and how long what is left of it may take to end.
const patience = 5 * time.Minute

// An outcome is what a simulated run came to, for the checks.
type outcome struct {
	scenario    *scenario
	run         *bench.Run // at its end, as the journal has it
	events      []bench.Event
	snapshots   []bench.Snapshot
	seconds     []bench.Second
	workers     []bench.Worker
	result      *bench.Result // nil: there is none
	ended       time.Time     // when the journal had it
	heard       *bench.Result // as it was told; nil: nobody lived to tell it
	heardReason bench.Reason
	processes   []*process
	obeyed      []accepted
	violations  []violation
	trace       *trace
}

// accepted is a stop that a server took.
type accepted struct {
	stop
	at time.Time
}

// simulate runs a scenario to its end and checks what it came to.
func simulate(t *testing.T, s *scenario, b bends, traced bool) *outcome {
	var o *outcome
	synctest.Test(t, func(t *testing.T) {
		x := newMachine(t, s, b)
		x.began = time.Now()
		if traced {
			x.trace = &trace{began: x.began}
		}
		o = &outcome{scenario: s, trace: x.trace}
		x.boot()
		id := x.create()
		var parts sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		parts.Go(func() { defer close(over); x.misfortune(ctx) })
		parts.Go(func() { o.obeyed = x.ask(ctx, id) })
		x.await(o, id, over)
		cancel()
		parts.Wait()
		x.look(o, id)
		x.aftermath(o, id)
		o.check()
		x.kill()
		x.going.Wait()
	})
	return o
}

// create asks for the run until there is one.
func (x *machine) create() string {
	person := x.actor(thePerson)
	for {
		run, err := x.reach().Create(context.Background(), "key", x.scenario.plan, nil)
		if err == nil {
			if x.trace != nil {
				x.trace.run = run.ID
			}
			return run.ID
		}
		person.sleep(context.Background(), 100*time.Millisecond)
	}
}

// age is the time since the simulation began.
func (x *machine) age() time.Duration { return time.Since(x.began) }

// misfortune lets happen what the scenario has, each at its instant.
func (x *machine) misfortune(ctx context.Context) {
	type happening struct {
		at time.Duration
		do func()
	}
	var all []happening
	s := x.scenario
	for _, d := range s.deaths {
		all = append(all, happening{d.from, x.kill}, happening{d.to, x.boot})
	}
	newest := func(slot int) *process {
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, p := range slices.Backward(x.processes) {
			if p.slot == slot {
				return p
			}
		}
		return nil
	}
	for _, k := range s.kills {
		all = append(all, happening{k.at, func() {
			if p := newest(k.slot); p != nil {
				x.trace.note("worker", "is killed", k.slot)
				p.die()
			}
		}})
	}
	for _, c := range s.cuts {
		all = append(all, happening{c.from, func() {
			if p := newest(c.slot); p != nil {
				x.trace.note("worker", "is cut off", c.slot)
				p.mu.Lock()
				p.cut = time.Now().Add(c.to - c.from)
				p.mu.Unlock()
			}
		}})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return int(a.at - b.at) })
	faults := x.actor(theFaults)
	for _, h := range all {
		faults.sleep(context.Background(), max(h.at-x.age(), 0))
		if ctx.Err() != nil && x.reach() != nil {
			return // the run has ended, and there is a server
		}
		h.do()
	}
}

// ask lets a person ask for what the scenario has, again and again until a server answers.
func (x *machine) ask(ctx context.Context, id string) (taken []accepted) {
	person := x.actor(thePerson)
	for _, s := range x.scenario.stops {
		person.sleep(ctx, max(s.at-x.age(), 0))
		for ctx.Err() == nil {
			err := errNoRoute
			if m := x.reach(); m != nil {
				ask := stopper(m.Stop)
				if x.bends.stop != nil {
					ask = x.bends.stop(ask)
				}
				if err = ask(ctx, id, s.mode, "ada"); m.dead.Load() {
					err = errNoReply
				}
			}
			x.trace.note("person", "asks for "+string(s.mode), err)
			if err == nil {
				taken = append(taken, accepted{s, time.Now()})
			}
			if err == nil || bench.CodeOf(err) == bench.CodeRunEnded || bench.CodeOf(err) == bench.CodeRunNotFound {
				break
			}
			person.sleep(ctx, 200*time.Millisecond)
		}
	}
	return taken
}

// await waits until the journal has the end of the run. Where a server had to tell an end that it could not store, the
// next one brings it about, once all misfortunes are over.
func (x *machine) await(o *outcome, id string, over <-chan struct{}) {
	main := x.actor(theMain)
	var told time.Time // when a run was told to have ended that the journal does not have as ended
	for ; x.age() < patience; main.sleep(context.Background(), 100*time.Millisecond) {
		run, err := x.journal.Run(context.Background(), id)
		if err != nil {
			x.t.Fatal(err)
		}
		if run.Status.Terminal() && (run.Status != bench.StatusCompleted || run.Phase == bench.PhaseCompleted) {
			o.ended = time.Now()
			return
		}
		switch {
		case x.heard.over() == 0 || !closed(over):
		case told.IsZero():
			told = time.Now()
		case time.Since(told) > 30*time.Second:
			told = time.Time{}
			x.kill()
			main.sleep(context.Background(), time.Second)
			x.boot()
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	o.violate(stuck, "the run does not end (a server that could not start said: %v)", x.unable)
}

// until waits until the journal has a status of the run.
func (x *machine) until(id string, status bench.Status) {
	for x.age() < patience {
		run, err := x.journal.Run(context.Background(), id)
		if err != nil {
			x.t.Fatal(err)
		}
		if run.Status == status {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	x.t.Fatalf("the run is never %s", status)
}

// look reads what the run came to.
func (x *machine) look(o *outcome, id string) {
	ctx := context.Background()
	var errs [6]error
	o.run, errs[0] = x.journal.Run(ctx, id)
	o.events, errs[1] = x.journal.Events(ctx, id, 0)
	o.seconds, errs[2] = x.journal.Seconds(ctx, id, 0, 1<<62)
	o.workers, errs[3] = x.journal.Workers(ctx, id)
	o.result, errs[4] = x.journal.Result(ctx, id)
	if bench.CodeOf(errs[4]) == bench.CodeResultNotReady {
		o.result, errs[4] = nil, nil
	}
	o.snapshots = x.journal.Snapshots(id)
	if err := errors.Join(errs[:]...); err != nil {
		x.t.Fatal(err)
	}
	x.heard.mu.Lock()
	if n := len(x.heard.ended); n > 0 {
		o.heard, o.heardReason = x.heard.ended[n-1], x.heard.runs[n-1].StopReason
	}
	x.heard.mu.Unlock()
	x.mu.Lock()
	o.processes = slices.Clone(x.processes)
	x.mu.Unlock()
}

// aftermath lets time pass after the end: whoever is still there must go, and nothing may change any more.
func (x *machine) aftermath(o *outcome, id string) {
	main := x.actor(theMain)
	ctx := context.Background()
	for limit := time.Now().Add(outlive); time.Now().Before(limit) && slices.ContainsFunc(o.processes, (*process).lives); {
		main.sleep(ctx, time.Second)
	}
	for _, p := range o.processes {
		if p.lives() {
			o.violate(zombie, "worker %d is still there %s after the end", p.slot, outlive)
			p.die()
		}
	}
	main.sleep(ctx, 5*time.Second)
	before, after := *o, &outcome{}
	x.look(after, id)
	before.compare(after, o)
}

// outlive is how long after the end of its run a worker may live: until it finds that nobody has answered it for a minute,
// and has given up what its target does not give back.
const outlive = 90 * time.Second

func (p *process) lives() bool {
	_, dead := p.mute()
	return !dead && !closed(p.done)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

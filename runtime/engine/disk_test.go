package engine_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/sql/journal/memory"
)

// A disk is the journal as one server has it: it takes time, fails, and, worst of all, stores and says that it failed.
// A dead server's writes never happen.
type disk struct {
	*memory.Journal
	x *machine
	m *mortal
	*spindle
}

// A spindle is what all servers' disks have in common: it is one disk.
type spindle struct {
	course, writer, others *actor

	mu     sync.Mutex
	broken error // what every write fails with
}

func newSpindle(x *machine) *spindle {
	return &spindle{course: x.actor(theCourse), writer: x.actor(theWriter), others: x.actor(theOthers)}
}

// breakDown lets every write fail from now on; nil mends it.
func (s *spindle) breakDown(err error) {
	s.mu.Lock()
	s.broken = err
	s.mu.Unlock()
}

func (s *spindle) state() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

var errDisk = errors.New("disk I/O error")

// write makes one write as an actor.
func (d *disk) write(ctx context.Context, a *actor, what string, of any, write func() error) error {
	if d.m.dead.Load() {
		return errKilled
	}
	s := d.x.scenario
	if err := d.state(); err != nil {
		return err
	}
	if s == nil {
		return write()
	}
	before, after := a.between(0, 2*time.Millisecond), a.between(0, 2*time.Millisecond)
	if slow := a.between(0, 3*time.Second); a.hit(s.diskSlow) {
		before = slow
	}
	fails, forgets := a.hit(s.diskFails), a.hit(s.diskForgets) && what != "Create"
	if err := a.sleep(ctx, before); err != nil {
		return err
	}
	switch {
	case d.m.dead.Load():
		return errKilled
	case fails || s.away(d.x.age()):
		return errDisk
	}
	err := write()
	d.x.trace.note(d.m.name, what, of, err)
	if err := a.sleep(ctx, after); err != nil {
		return err
	}
	switch {
	case d.m.dead.Load():
		return errKilled
	case forgets && err == nil:
		d.x.trace.note(d.m.name, what+" is denied")
		return errDisk
	}
	return err
}

func (d *disk) Create(ctx context.Context, r *bench.Run, first bench.Event) error {
	return d.write(ctx, d.others, "Create", first, func() error { return d.Journal.Create(ctx, r, first) })
}

func (d *disk) Transition(ctx context.Context, t bench.Transition) (run *bench.Run, event bench.Event, err error) {
	err = d.write(ctx, d.course, "Transition", t, func() (err error) {
		run, event, err = d.Journal.Transition(ctx, t)
		return err
	})
	return run, event, err
}

func (d *disk) Append(ctx context.Context, e bench.Event) (stored bench.Event, err error) {
	err = d.write(ctx, d.course, "Append", e, func() (err error) {
		stored, err = d.Journal.Append(ctx, e)
		return err
	})
	return stored, err
}

func (d *disk) Takeover(ctx context.Context, id, owner string) (run *bench.Run, err error) {
	err = d.write(ctx, d.others, "Takeover", owner, func() (err error) {
		run, err = d.Journal.Takeover(ctx, id, owner)
		return err
	})
	return run, err
}

func (d *disk) Desire(ctx context.Context, id string, mode bench.Desired) (wanted bench.Desired, err error) {
	err = d.write(ctx, d.others, "Desire", mode, func() (err error) {
		wanted, err = d.Journal.Desire(ctx, id, mode)
		return err
	})
	return wanted, err
}

func (d *disk) Write(ctx context.Context, b *bench.Batch) error {
	return d.write(ctx, d.writer, "Write", b, func() error { return d.Journal.Write(ctx, b) })
}

package engine_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// An actor is one part of a simulation: a worker's line for one kind of call, a connection, the disk, a person, the
// faults. What it draws depends on the seed and its number alone, and whatever it waits for happens at an instant that no
// other actor has: so nothing depends on which goroutine happens to run first, and a seed replays.
type actor struct {
	number int64

	mu     sync.Mutex
	random *rand.Rand // nil: the actor does nothing of its own and never waits
	turn   int64      // which of its instants is next, for calls of one actor that overlap
}

// Instants of an actor are those whose nanoseconds, modulo quantum, are one of its turns.
const (
	quantum = 1 << 16
	turns   = 16
)

// The numbers of actors. There is room for quantum/turns of them.
const (
	theMain = iota
	theFaults
	thePerson
	theCourse  // what the disk does for a run's course
	theWriter  // and for the writer of batches
	theOthers  // and for everybody else
	theWorkers = 16
	perWorker  = 16 // its four lines, its target, and its connections
)

func newActor(seed uint64, number int64) *actor {
	return &actor{number: number, random: rand.New(rand.NewPCG(seed, uint64(number)))}
}

// sleep waits for d and until the actor's next instant. An error says that ctx ended before.
func (a *actor) sleep(ctx context.Context, d time.Duration) error { return a.wait(ctx, a.take(), d) }

// wait waits for d and until the instant of a turn that was taken.
func (a *actor) wait(ctx context.Context, turn int64, d time.Duration) error {
	if a.random == nil {
		return ctx.Err()
	}
	timer := time.NewTimer(instant(turn, d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take takes the actor's next turn.
func (a *actor) take() (turn int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	turn = a.number*turns + a.turn
	a.turn = (a.turn + 1) % turns
	return turn
}

// instant is how long it is to the next instant of a turn when d has passed.
func instant(turn int64, d time.Duration) time.Duration {
	at := time.Now().Add(d).UnixNano()
	return d + time.Duration((turn-at%quantum+quantum)%quantum)
}

// hit is true with a probability.
func (a *actor) hit(p float64) bool {
	if a.random == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.random.Float64() < p
}

// between draws a duration, evenly.
func (a *actor) between(least, most time.Duration) time.Duration {
	if a.random == nil {
		return least
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return least + time.Duration(a.random.Int64N(int64(most-least)+1))
}

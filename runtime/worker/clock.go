package worker

import (
	"sync"
	"time"

	"bench/runtime/bench"
)

// probes is how many round trips estimate the clock before a worker gets ready.
const probes = 8

// A clock estimates the server's monotonic clock from round trips. Wall clocks play no part.
//
// The server's reading is taken somewhere within the round trip and is held to belong to its middle: that is off by half
// the round trip at most (F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989). Ever since the
// request was sent, the two clocks may have parted at bench.ClockDriftPPM. So the error of a probe is
//
//	bound(now) = round trip / 2 + drift · (now - sent)
//
// and the best probe is the one with the smallest bound: a long round trip now beats a short one of long ago.
type clock struct {
	base time.Time // of local readings

	mu    sync.Mutex
	epoch int64 // of the server whose clock is estimated
	best  probe
	known bool // there is a best
}

// A probe is one round trip, in nanoseconds.
type probe struct {
	sent   int64 // local
	trip   int64
	offset int64 // server minus local
}

// bound is how far off the probe's offset can be at a local time from sent on.
func (p probe) bound(now int64) int64 {
	return (p.trip+1)/2 + ((now-p.sent)*bench.ClockDriftPPM+999_999)/1_000_000
}

func (c *clock) start(epoch int64) { c.base, c.epoch = time.Now(), epoch }

// local reads the worker's clock in nanoseconds since start.
func (c *clock) local() int64 { return int64(time.Since(c.base)) }

// observe takes in one round trip to the server of an epoch. A newer one has another clock: what was known is forgotten.
func (c *clock) observe(epoch, sent, received, server int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch > c.epoch {
		c.epoch, c.known = epoch, false
	}
	p := probe{sent: sent, trip: received - sent, offset: server - (sent+received)/2}
	if epoch == c.epoch && (!c.known || p.bound(received) < c.best.bound(received)) {
		c.known, c.best = true, p
	}
}

// estimate is the best probe there is. Before there is one it says nothing, and is not wrong by anything that is known.
func (c *clock) estimate() probe {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.best
}

// met reports whether the clock of an epoch's server was ever measured. That of an older one was, if it is of use no more.
func (c *clock) met(epoch int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return epoch < c.epoch || epoch == c.epoch && c.known
}

// at turns a reading of the server's clock into a local time with a monotonic reading, and says which probe that rests on. It
// refuses a server that has been replaced: its clock is not the one that is known, and its word does not count any more.
func (c *clock) at(epoch, server int64) (local time.Time, by probe, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Duration(server - c.best.offset)), c.best, epoch == c.epoch && c.known
}

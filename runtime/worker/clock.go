package worker

import (
	"sync"
	"time"
)

// probes is how many round trips estimate the clock before a worker gets ready.
const probes = 8

// bestFor is how long the best probe counts: at 50 ppm two clocks drift 1.5 ms apart in it.
const bestFor = 30 * time.Second

// A clock estimates the server's monotonic clock from round trips: the server's reading belongs to the middle of the
// round trip, and the shortest one bounds the error by half its length (Cristian 1989). Wall clocks play no part.
type clock struct {
	base time.Time // of local readings

	mu     sync.Mutex
	epoch  int64         // of the server whose clock is estimated
	taken  int64         // when the best was, local nanoseconds
	best   time.Duration // shortest round trip
	offset int64         // server minus local, nanoseconds
	known  bool
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
	old := time.Duration(received-c.taken) > bestFor // clocks drift: a good probe is not good for ever
	if trip := time.Duration(received - sent); epoch == c.epoch && (!c.known || old || trip < c.best) {
		c.known, c.best, c.offset, c.taken = true, trip, server-(sent+received)/2, received
	}
}

// estimate is the offset and the bound of its error, in nanoseconds.
func (c *clock) estimate() (offset, bound int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset, int64(c.best / 2)
}

// at turns a reading of the server's clock into a local time with a monotonic reading. It refuses a server that has been
// replaced: its clock is not the one that is known, and its word does not count any more.
func (c *clock) at(epoch, server int64) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Duration(server - c.offset)), epoch >= c.epoch
}

package engine_test

import "math/rand/v2"

// A skew is how a worker's monotonic clock stands to a server's. All of a bubble share one clock, which is taken as the
// worker's own; so it is the server's that is shown to the worker as an off and drifting clock sees it: at a rate of 1 + ppm
// millionths, and from another zero. That is the same physics, told from the worker's side: at the instant v of the bubble, the
// worker's clock reads v and the server's reads seen(v).
type skew struct {
	offset int64 // nanoseconds
	ppm    int64 // how much faster than the worker's the server's clock runs
}

// Bounds of a skew. The offset says only that the zeros of monotonic clocks have nothing to do with each other.
const (
	mostOffset = 3600e9 // an hour
	mostDrift  = 200    // ppm
)

func newSkew(r *rand.Rand) skew {
	return skew{r.Int64N(2*mostOffset+1) - mostOffset, r.Int64N(2*mostDrift+1) - mostDrift}
}

// seen is a reading of the server's clock as the worker has to understand it.
func (s skew) seen(ns int64) int64 { return s.offset + ns + ns*s.ppm/1e6 }

// own is a time that has passed for the server as it has passed for the worker.
func (s skew) own(us int64) int64 { return us - us*s.ppm/1e6 }

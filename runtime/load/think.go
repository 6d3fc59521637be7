package load

import (
	"time"

	"bench/runtime/bench"
	"bench/runtime/draw"
)

// think draws the think times of one connection.
type think struct {
	dist       *draw.Dist // nil does not think
	connection int
}

func newThink(d *bench.Dist, seed uint64, connection int) think {
	if d == nil {
		return think{}
	}
	return think{draw.NewDist(*d, seed), connection}
}

func (t think) next(number int64) time.Duration {
	if t.dist == nil {
		return 0
	}
	return t.dist.Duration(t.connection, number)
}

package load

import (
	"time"

	"bench/runtime/draw"
)

// think draws the think times of one connection; nil does not think.
type think struct {
	dist       *draw.Dist
	connection int
}

func (t think) next(number int64) time.Duration {
	if t.dist == nil {
		return 0
	}
	return t.dist.Duration(t.connection, number)
}

package replica

import (
	"strconv"
	"time"

	"bench/runtime/bench"
)

// An Upkeep is for how long feeding has kept a warehouse of Snowflake from suspending itself: from each statement until the
// next, and at most until the warehouse would have suspended itself. Others who use it in that time share it.
type Upkeep struct {
	Warehouse *bench.Warehouse // as it was when the replica was last connected; nil where there is none
	Idle      time.Duration    // after which it suspends itself; 0 is never, or unknown
	Kept      time.Duration

	last time.Time // of the statements
}

// at is the upkeep at a time.
func (u Upkeep) at(t time.Time) Upkeep {
	if !u.last.IsZero() {
		u.Kept += min(t.Sub(u.last), u.Idle)
		u.last = t
	}
	return u
}

// asked is the upkeep with another statement to the warehouse, which may be another one than before.
func (u Upkeep) asked(w *bench.Warehouse, t time.Time) Upkeep {
	if w == nil {
		return u
	}
	u = u.at(t)
	seconds, _ := strconv.Atoi(w.Raw["auto_suspend"]) // NULL is never
	u.Warehouse, u.Idle, u.last = w, time.Duration(seconds)*time.Second, t
	return u
}

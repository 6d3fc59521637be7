package engine

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
)

// A journal that takes six seconds to store a stop holds up the run's goroutine. A look says for how long, not counting the
// time before, in which there was nothing to do, and that it is the journal.
func TestLookAtARunThatIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold(t, &testimony{}, nil, func(c *court) {
			look := func() (owner, journal float64) {
				l, err := c.engine.Look(t.Context(), c.id)
				if err != nil {
					t.Fatal(err)
				}
				return l.Owner[0].OwnerS, l.Journal[0].WaitingS
			}
			c.reach(bench.StatusRunning, bench.PhaseMeasurement)
			if owner, _ := look(); owner != 0 {
				t.Errorf("the owner is held up for %g s by nothing", owner)
			}
			time.Sleep(700 * time.Millisecond)
			c.held.Store(int64(6 * time.Second))
			began := time.Now()
			go c.engine.Stop(t.Context(), c.id, bench.DesiredStop, "test")
			for _, after := range []time.Duration{time.Second, 4 * time.Second} {
				time.Sleep(time.Until(began.Add(after)))
				owner, journal := look()
				for what, got := range map[string]float64{"owner": owner, "journal": journal} {
					if want := time.Since(began).Seconds(); math.Abs(got-want) > 0.001 {
						t.Errorf("the %s is held up for %g s, want %g", what, got, want)
					}
				}
			}
			c.held.Store(0)
		}).close()
	})
}

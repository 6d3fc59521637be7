package worker

import (
	"math/rand/v2"
	"testing"
	"time"

	"bench/runtime/bench"
)

func TestClockTakesTheBestProbe(t *testing.T) {
	const second = int64(time.Second)
	var c clock
	for _, step := range []struct {
		what                          string
		epoch, sent, received, server int64
		offset, bound                 int64 // when it was received
	}{
		{"the first is all there is", 1, 1000, 9000, 105_000, 100_000, 4000 + 2},
		{"a shorter trip", 1, 20_000, 22_000, 121_500, 100_500, 1000 + 1},
		{"a longer one says nothing new", 1, 30_000, 70_000, 999_999_999, 100_500, 1000 + 10},
		{"in 5 s a good probe gets worse by 1 ms", 1, 5 * second, 5*second + 2_020_000, 0, 100_500, 1000 + 1_000_400},
		{"so that a longer trip is better", 1, 6 * second, 6*second + 800_000, 6*second + 500_000, 100_000, 400_000 + 160},
		{"another server, another clock", 2, 7 * second, 7*second + 4000, 7*second - 95_000, -97_000, 2000 + 1},
		{"the one before says nothing any more", 1, 7 * second, 7*second + 2, 0, -97_000, 2000 + 1},
	} {
		c.observe(step.epoch, step.sent, step.received, step.server)
		if p := c.estimate(); p.offset != step.offset || p.bound(step.received) != step.bound {
			t.Errorf("%s: offset %d ± %d, want %d ± %d", step.what, p.offset, p.bound(step.received), step.offset, step.bound)
		}
	}
	if _, _, valid := c.at(1, 0); valid {
		t.Error("a server that was replaced is obeyed")
	}
}

// Whatever the clocks do within their bounds, and wherever in its round trip a reading was taken: the bound holds, then and
// later.
func TestClockBoundHolds(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		zero, ppm := r.Int64N(7200e9)-3600e9, r.Int64N(2*bench.ClockDriftPPM+1)-bench.ClockDriftPPM
		server := func(local int64) int64 { return zero + local + local*ppm/1_000_000 }
		var c clock
		now := int64(0)
		for range 100 {
			sent := now + r.Int64N(2e9)
			there, back := r.Int64N(1+r.Int64N(50e6)), r.Int64N(1+r.Int64N(50e6))
			now = sent + there + back
			c.observe(1, sent, now, server(sent+there))
			p := c.estimate()
			for _, later := range []int64{now, now + 1e9, now + 3600e9} {
				if off := server(later) - later - p.offset; max(off, -off) > p.bound(later) {
					t.Fatalf("seed %d: the offset is %d ns off after %d ns, the bound is %d ns", seed, off, later-p.sent, p.bound(later))
				}
			}
		}
	}
}

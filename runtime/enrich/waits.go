package enrich

import (
	"cmp"
	"slices"

	"bench/runtime/bench"
)

// Waits is what the sessions of a run were at in MEASUREMENT, most of them first, and how many samples that rests on. Idle
// sessions, which wait for the client, are left out; so is what others that are not active wait for, which is the client, too.
func Waits(samples []bench.TargetSample) ([]bench.WaitShare, int64) {
	type what struct{ state, kind, event string }
	sessions := map[what]int64{}
	var total, n int64
	for i := range samples {
		s := &samples[i]
		if s.Phase != bench.PhaseMeasurement || s.Warehouse != nil {
			continue
		}
		n++
		for _, w := range s.Waits {
			at := what{state: w.State}
			switch w.State {
			case "idle":
				continue
			case "active":
				at.kind, at.event = w.Type, w.Event
			}
			sessions[at] += w.Sessions
			total += w.Sessions
		}
	}
	var shares []bench.WaitShare
	for w, sum := range sessions {
		shares = append(shares, bench.WaitShare{
			State: w.state, Type: w.kind, Event: w.event,
			Sessions: float64(sum) / float64(n), Share: float64(sum) / float64(total),
		})
	}
	slices.SortFunc(shares, func(a, b bench.WaitShare) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.State, b.State), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Event, b.Event))
	})
	return shares, n
}

package enrich

import (
	"cmp"
	"maps"
	"slices"

	"bench/runtime/bench"
)

// Waits adds up what the sessions of a run were at in MEASUREMENT. The zero value is empty.
type Waits struct {
	sessions map[what]int64
	total    int64
	samples  int64
}

type what struct{ state, kind, event string }

// Add takes in a sample. Idle sessions, which wait for the client, are left out; so is what others that are not active wait
// for, which is the client, too.
func (w *Waits) Add(s *bench.TargetSample) {
	if s.Phase != bench.PhaseMeasurement || s.Warehouse != nil {
		return
	}
	w.samples++
	for _, x := range s.Waits {
		at := what{state: x.State}
		switch x.State {
		case "idle":
			continue
		case "active":
			at.kind, at.event = x.Type, x.Event
		}
		if w.sessions == nil {
			w.sessions = map[what]int64{}
		}
		w.sessions[at] += x.Sessions
		w.total += x.Sessions
	}
}

// Clone is a copy that nothing is added to.
func (w *Waits) Clone() Waits {
	c := *w
	c.sessions = maps.Clone(w.sessions)
	return c
}

// Shares are what sessions were at, most of them first, and how many samples that rests on.
func (w *Waits) Shares() ([]bench.WaitShare, int64) {
	var shares []bench.WaitShare
	for at, sum := range w.sessions {
		shares = append(shares, bench.WaitShare{
			State: at.state, Type: at.kind, Event: at.event,
			Sessions: float64(sum) / float64(w.samples), Share: float64(sum) / float64(w.total),
		})
	}
	slices.SortFunc(shares, func(a, b bench.WaitShare) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.State, b.State), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Event, b.Event))
	})
	return shares, w.samples
}

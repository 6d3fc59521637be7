package tail

import (
	"slices"
	"time"

	"bench/runtime/bench"
)

// Stored is the epoch of replays: the same rows give the same frames, so a position in one replay is one in the next.
const Stored = "stored"

// Replay gives a viewer of a run as its history tells it, with the frames that a live viewer would have got and their
// times. It waits for nothing. since is as for [Hub.Watch]. result may be nil. A run whose status is not terminal ends
// too, and its end frame says why.
func (h *Hub) Replay(run *bench.Run, events []bench.Event, seconds []bench.Second, result *bench.Result, since string) (*Viewer, error) {
	p, err := parsePosition(since)
	if err != nil {
		return nil, err
	}
	at := run.CreatedAt
	s := newStream(Stored, run, h.Merge, h.logger(run.ID))
	s.frames = 0
	s.stamp = func() time.Time { return at }

	seconds = slices.Clone(seconds)
	slices.SortStableFunc(seconds, func(a, b bench.Second) int { return a.At.Compare(b.At) })
	for _, event := range events {
		for len(seconds) > 0 && !seconds[0].At.After(event.CreatedAt) {
			at = seconds[0].At
			s.second(&seconds[0], false)
			seconds = seconds[1:]
		}
		at = event.CreatedAt
		s.event(event)
	}
	for i := range seconds {
		at = seconds[i].At
		s.second(&seconds[i], false)
	}
	why := ""
	if run.EndTime != nil {
		at = *run.EndTime
	}
	if !run.Status.Terminal() {
		why = "the run had not ended when this was stored"
	}
	s.end(run, result, why)
	s.run = withoutSource(run)
	return s.watch(p, nil), nil
}

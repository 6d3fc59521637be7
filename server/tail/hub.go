// Package tail is the stream bench.v1: what a run does, as frames that any number of viewers read at their own pace.
//
// A [Hub] listens to the engine. Each run has one encoder: a frame is given the next sequence number, encoded once, and
// kept. Frames of single seconds (d) go to a ring that forgets the oldest; events, histograms and the end (ev, h, end)
// are kept for as long as the run is. A [Viewer] is only a cursor over both:
//
//	engine --Started, Event, Second, Ended--> encoder --+-- ring:  d d d d d d d      bounded by count and bytes
//	                                                    +-- kept:  ev   h     ev  end never dropped
//	                                                          viewers: a sequence number each
//
// A viewer that falls behind jumps to the newest d frame and is told so by a gap frame; what is kept between it still
// gets, in order. Viewers share no lock with the engine but the short one around a run's lists, and nothing that a
// viewer does or leaves undone holds up the engine or another viewer.
//
// The package starts no goroutine. The engine's goroutine encodes, the viewer's own goroutine waits in [Viewer.Next].
//
// # Histograms
//
// Every ten seconds of one phase become one h frame a workload, two seconds after they are over. A later h frame
// replaces those earlier ones of its workload and phase whose seconds lie within its own. So late reports can correct
// a window, and the windows of a long run are merged ten to one once they are old, without any count told twice.
package tail

import (
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"bench/runtime/bench"
	"bench/server/api"
)

// keepEnded is how many ended runs a hub still streams from memory; older ones are replayed from the history.
const keepEnded = 16

// A Hub holds the streams of runs. It implements the engine's Listener. The zero value works; its fields are set
// before it is used.
type Hub struct {
	// Merge adds histograms as they are found in the rows of seconds. Without it there are no h frames.
	Merge func([][]byte) ([]byte, error)
	// Journal is why the server's journal takes no writes, "" while it does, for the frames of runs that go on. It must not
	// block. Nil is a journal that always works.
	Journal func() string
	// Replica is how the server's replica stands, for the frames of runs that go on. It must not block. Nil is none.
	Replica func() *api.Replica
	// Log hears of frames that could not be made. Nil is silence.
	Log *slog.Logger

	viewers atomic.Int64

	mu    sync.Mutex
	runs  map[string]*stream
	ended []string             // runs that have ended, oldest first
	tally map[bench.Status]int // how runs ended, also those that are forgotten
}

// Started begins the stream of a run.
func (h *Hub) Started(run *bench.Run) {
	s := newStream(rand.Text()[:8], run, h.Merge, h.logger(run.ID))
	if h.Journal != nil {
		s.journal = h.Journal
	}
	if h.Replica != nil {
		s.replica = h.Replica
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs == nil {
		h.runs = make(map[string]*stream)
		h.tally = make(map[bench.Status]int)
	}
	h.runs[run.ID] = s
}

// Event streams an event.
func (h *Hub) Event(event bench.Event) {
	if s := h.stream(event.Run); s != nil {
		s.event(event)
	}
}

// Second streams a second, or the correction of one.
func (h *Hub) Second(second *bench.Second, corrected bool) {
	if s := h.stream(second.Run); s != nil {
		s.second(second, corrected)
	}
}

// Ended ends the stream of a run. It stays readable until enough other runs have ended after it.
func (h *Hub) Ended(run *bench.Run, result *bench.Result) {
	s := h.stream(run.ID)
	if s == nil {
		return
	}
	s.end(run, result, "")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tally[run.Status]++
	h.ended = append(h.ended, run.ID)
	if len(h.ended) > keepEnded {
		delete(h.runs, h.ended[0])
		h.ended = slices.Delete(h.ended, 0, 1)
	}
}

// Watch gives a viewer of a run, or an Error with [bench.CodeRunNotFound] when the hub has not heard of the run or has
// forgotten it. since is empty or the EPOCH:SEQ of the last frame that the viewer has; after another epoch the viewer
// starts from what there is. now, if not nil, is how the run stands at this moment, for the hello frame.
func (h *Hub) Watch(id, since string, now *bench.Run) (*Viewer, error) {
	p, err := parsePosition(since)
	if err != nil {
		return nil, err
	}
	s := h.stream(id)
	if s == nil {
		return nil, bench.Errorf(bench.CodeRunNotFound, "run %s is not streamed by this server", id)
	}
	v := s.watch(p, now)
	h.viewers.Add(1)
	v.onClose = func() { h.viewers.Add(-1) }
	return v, nil
}

// Viewers is how many viewers of live runs are open.
func (h *Hub) Viewers() int { return int(h.viewers.Load()) }

// Runs counts the runs that the hub has heard of by their status.
func (h *Hub) Runs() map[bench.Status]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := make(map[bench.Status]int)
	for status, n := range h.tally {
		counts[status] = n
	}
	for id, s := range h.runs {
		if !slices.Contains(h.ended, id) {
			counts[s.status()]++
		}
	}
	return counts
}

func (h *Hub) stream(id string) *stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.runs[id]
}

func (h *Hub) logger(run string) *slog.Logger {
	if h.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Log.With("run", run)
}

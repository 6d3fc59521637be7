package tail

import (
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// Audience is who watches a run, and how far they are behind. What was there when a viewer came does not count.
func (h *Hub) Audience(id string) bench.LiveViewer {
	s := h.stream(id)
	if s == nil {
		return bench.LiveViewer{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := bench.LiveViewer{Viewers: len(s.viewers)}
	for v := range s.viewers {
		a.Gaps += v.gaps
		unread, _ := slices.BinarySearchFunc(s.ring, max(v.cursor, v.told, v.backlog)+1, bySequence)
		if n := len(s.ring) - unread; n > a.Behind {
			a.Behind = n
			a.BehindS = max(float64(api.Stamp(time.Now())-s.ring[unread].ts)/1e3, 0)
		}
	}
	return a
}

// join counts a viewer in.
func (s *stream) join(v *Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.viewers[v] = true
}

func (s *stream) leave(v *Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v)
}

package tail

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"bench/runtime/bench"
	"bench/server/api"
)

const (
	windowSeconds = 10 // of an h frame when it is new
	windowGrace   = 2  // seconds after its end until it is sent
	windowsOpen   = 3  // windows whose seconds can still be corrected
	windowsFine   = 60 // windows of one size that are kept before the oldest are merged
	windowsMerged = 10 // how many of them become one
)

// A window is the histograms of some seconds of one phase, one for each workload.
type window struct {
	phase    bench.Phase
	start    int64                    // a multiple of windowSeconds
	from, to int64                    // the seconds that it really has, both included
	seconds  map[int64]map[int][]byte // by second and workload, as long as they can be corrected
	changed  bool                     // seconds were added since it was sent
	merged   map[int][]byte           // by workload
	seqs     map[int]int64            // of the frames that hold what was merged
}

// workloads are those that it has something of, in order.
func (w *window) workloads() []int { return slices.Sorted(maps.Keys(w.merged)) }

func (w *window) frame(workload int) *api.Frame {
	return &api.Frame{T: "h", Phase: w.phase, Workload: &workload, From: w.from, To: w.to, Histogram: w.merged[workload]}
}

// windows collects the histograms of a run's seconds.
type windows struct {
	merge func([][]byte) ([]byte, error)
	open  []*window   // in the order of their first second
	old   [][]*window // those that cannot change any more: every level has windows ten times as long as the one before
}

// add puts a second into its window, in place of what was there, and returns the windows to be sent.
func (ws *windows) add(second *bench.Second) []*window {
	if ws.merge == nil {
		return nil
	}
	if second.Second >= 0 && second.Phase.Aggregated() {
		if w := ws.window(second); w != nil {
			hists := make(map[int][]byte)
			for _, row := range second.Rows {
				if row.Workload >= 0 && len(row.Response) > 0 {
					hists[row.Workload] = bytes.Clone(row.Response)
				}
			}
			w.seconds[second.Second] = hists
			w.changed = true
		}
	}
	var due []*window
	for _, w := range ws.open {
		if w.changed && (second.Second >= w.start+windowSeconds-1+windowGrace || second.Phase != w.phase) {
			due = append(due, w)
		}
	}
	return due
}

// rest returns the windows that were not sent yet.
func (ws *windows) rest() []*window {
	return slices.DeleteFunc(slices.Clone(ws.open), func(w *window) bool { return !w.changed })
}

// window finds or begins the window of a second. There is none for a second that comes too late to be corrected.
func (ws *windows) window(second *bench.Second) *window {
	start := second.Second - second.Second%windowSeconds
	for _, w := range ws.open {
		if w.phase == second.Phase && w.start == start {
			return w
		}
	}
	if len(ws.open) > 0 && start < ws.open[0].start {
		return nil
	}
	w := &window{
		phase: second.Phase, start: start,
		seconds: make(map[int64]map[int][]byte), seqs: make(map[int]int64),
	}
	ws.open = append(ws.open, w)
	slices.SortStableFunc(ws.open, func(a, b *window) int { return cmp.Compare(a.start, b.start) })
	return w
}

// close merges the seconds of a window. A workload whose histograms cannot be merged is left out.
func (ws *windows) close(w *window) error {
	parts := make(map[int][][]byte)
	for _, hists := range w.seconds {
		for workload, hist := range hists {
			parts[workload] = append(parts[workload], hist)
		}
	}
	w.changed = false
	seconds := slices.Sorted(maps.Keys(w.seconds))
	w.from, w.to = seconds[0], seconds[len(seconds)-1]
	return ws.mergeInto(w, parts)
}

func (ws *windows) mergeInto(w *window, parts map[int][][]byte) error {
	w.merged = make(map[int][]byte)
	var failed error
	for workload, hists := range parts {
		hist, err := ws.merge(hists)
		if err != nil {
			failed = err
			continue
		}
		w.merged[workload] = hist
	}
	return failed
}

// coarsen retires windows that were sent long ago, and merges the oldest once there are many of their size: it returns
// the parts and the window that takes their place, if that happened.
func (ws *windows) coarsen() (parts []*window, whole *window, err error) {
	for len(ws.open) > windowsOpen && !ws.open[0].changed {
		w := ws.open[0]
		w.seconds = nil
		ws.retire(0, w)
		ws.open = ws.open[1:]
	}
	for level := range ws.old {
		old := ws.old[level]
		if len(old) < windowsFine+windowsMerged {
			continue
		}
		n := 1
		for n < windowsMerged && old[n].phase == old[0].phase {
			n++
		}
		parts, ws.old[level] = old[:n:n], old[n:]
		if n == 1 {
			ws.retire(level+1, parts[0])
			return nil, nil, nil
		}
		whole = &window{phase: parts[0].phase, from: parts[0].from, to: parts[n-1].to, seqs: make(map[int]int64)}
		hists := make(map[int][][]byte)
		for _, p := range parts {
			for workload, hist := range p.merged {
				hists[workload] = append(hists[workload], hist)
			}
		}
		if err := ws.mergeInto(whole, hists); err != nil {
			return nil, nil, err
		}
		ws.retire(level+1, whole)
		return parts, whole, nil
	}
	return nil, nil, nil
}

func (ws *windows) retire(level int, w *window) {
	if level == len(ws.old) {
		ws.old = append(ws.old, nil)
	}
	ws.old[level] = append(ws.old[level], w)
}

package server

import (
	"bytes"
	"context"
	"sync"

	"bench/runtime/bench"
	"bench/server/api"
)

func (s *Server) showChart(ctx context.Context, in *struct {
	RunPath
	Workload string `query:"workload" maxLength:"256" doc:"The name of a workload; without it all together"`
	Buckets  int    `query:"buckets" minimum:"1" maximum:"2000" default:"1000" doc:"How many rows at most, but for one at a change of phase"`
}) (*answer[bench.Chart], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.config.History.Chart(ctx, run.ID, in.Workload, in.Buckets)
	if err != nil {
		return nil, err
	}
	return &answer[bench.Chart]{*c}, nil
}

func (s *Server) listHistograms(ctx context.Context, in *struct {
	RunPath
	Workload string `query:"workload" maxLength:"256" doc:"The name of a workload; without it all together"`
	Windows  int    `query:"windows" minimum:"1" maximum:"1000" default:"240" doc:"How many windows at most, but for one at a change of phase"`
}) (*answer[[]api.Window], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	asked := spread{run.ID, in.Workload, in.Windows}
	if windows, ok := s.spreads.get(asked); ok {
		return list(windows, nil)
	}
	chart, err := s.config.History.Chart(ctx, run.ID, in.Workload, in.Windows)
	if err != nil {
		return nil, err
	}
	w := windower{merge: s.config.Hub.Merge, width: chart.Width}
	if err := s.config.History.Histograms(ctx, run.ID, in.Workload, w.add); err != nil {
		return nil, err
	}
	if err := w.close(); err != nil {
		return nil, err
	}
	if run.Status.Terminal() {
		s.spreads.put(asked, w.windows)
	}
	return list(w.windows, nil)
}

// A spread names the windows that one question asks for.
type spread struct {
	run, workload string
	windows       int
}

// spreads are the windows of runs that have ended, which never change and take seconds to merge when a run lasted for a day.
// The zero value is empty.
type spreads struct {
	mu    sync.Mutex
	all   map[spread][]api.Window
	order []spread // oldest first
}

// maxSpreads is how many are kept, each at most some megabytes.
const maxSpreads = 32

func (k *spreads) get(asked spread) ([]api.Window, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	windows, ok := k.all[asked]
	return windows, ok
}

func (k *spreads) put(asked spread, windows []api.Window) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.all[asked]; ok {
		return
	}
	if k.all == nil {
		k.all = make(map[spread][]api.Window)
	}
	if len(k.order) == maxSpreads {
		delete(k.all, k.order[0])
		k.order = k.order[1:]
	}
	k.all[asked], k.order = windows, append(k.order, asked)
}

// A windower merges the histograms of seconds into windows.
type windower struct {
	merge   func([][]byte) ([]byte, error)
	width   int64
	windows []api.Window
	parts   [][]byte // of the last window
}

func (w *windower) add(second int64, phase bench.Phase, hist []byte) error {
	if n := len(w.windows); n == 0 || w.windows[n-1].Phase != phase || w.windows[n-1].From/w.width != second/w.width {
		if err := w.close(); err != nil {
			return err
		}
		w.windows = append(w.windows, api.Window{Phase: phase, From: second})
	}
	w.windows[len(w.windows)-1].To = second
	w.parts = append(w.parts, bytes.Clone(hist))
	return nil
}

// close merges the parts of the last window.
func (w *windower) close() (err error) {
	if len(w.parts) > 0 {
		w.windows[len(w.windows)-1].Histogram, err = w.merge(w.parts)
		w.parts = w.parts[:0]
	}
	return err
}

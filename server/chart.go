package server

import (
	"bytes"
	"context"

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
	chart, err := s.config.History.Chart(ctx, run.ID, in.Workload, in.Windows)
	if err != nil {
		return nil, err
	}
	w := windower{merge: s.config.Hub.Merge, width: chart.Width}
	if err := s.config.History.Histograms(ctx, run.ID, in.Workload, w.add); err != nil {
		return nil, err
	}
	return list(w.windows, w.close())
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

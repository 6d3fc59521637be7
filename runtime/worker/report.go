package worker

import (
	"time"

	"bench/runtime/bench"
)

// report cuts the recorder.
func (w *worker) report(phase bench.Phase, from, to int64) bench.Report {
	r := bench.Report{
		Run: w.Run, Worker: w.assigned.Worker, Generation: w.assigned.Generation,
		Phase: phase, FromUS: from, ToUS: to, MonoNS: w.Monotonic(),
	}
	if w.recorder == nil || w.load == nil {
		return r
	}
	var oldest int64
	r.Connections, r.InFlight, oldest = w.load.Level()
	r.OldestUS = oldest / 1000
	deltas, lag := w.recorder.Cut()
	r.Deltas, r.LagP50US, r.LagP99US, r.LagMaxUS = deltas, lag.P50US, lag.P99US, lag.MaxUS
	r.Executions, r.Unlisted = w.exhibits.Cut()
	for i := range r.Executions {
		r.Executions[i].Worker = w.assigned.Worker
	}
	return r
}

// prepareReports sends a report of PREPARING at once and each second until the returned function is called. They say that the worker lives and executes nothing.
func (w *worker) prepareReports() (end func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			w.sender.put(bench.Report{
				Run: w.Run, Worker: w.assigned.Worker, Generation: w.assigned.Generation,
				Phase: bench.PhasePreparing, MonoNS: w.Monotonic(),
			})
			select {
			case <-ticker.C:
			case <-done:
				return
			case <-w.ctx.Done():
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// final sends the last report, with the cumulative counts that all reports together must equal.
func (w *worker) final(phase bench.Phase, from int64) {
	r := w.report(phase, from, from)
	r.Final = true
	if w.recorder != nil {
		r.Totals = w.recorder.Totals()
	}
	w.sender.put(r)
}

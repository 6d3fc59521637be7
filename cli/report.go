package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// runFlag names the run that a command is about.
type runFlag struct {
	Run string `arg:"" optional:"" default:"@last" help:"The run: an id, a unique prefix of one, or @last: the run that goes on, else the latest." placeholder:"RUN"`
}

// find finds the run, and the place that has it.
func (f *runFlag) find(ctx context.Context, p *program) (*place, *bench.Run, error) {
	at, err := p.find(ctx)
	if err != nil {
		return nil, nil, err
	}
	run, err := lookup(ctx, at.history, f.Run)
	if err != nil {
		at.close()
		return nil, nil, err
	}
	return at, run, nil
}

// search is find for commands that stay longer than --timeout; a signal ends the search.
func (f *runFlag) search(p *program) (*place, *bench.Run, error) {
	ctx, cancel := p.until()
	defer cancel()
	return f.find(ctx, p)
}

// reportCommand prints the result of a run and ends with its verdict.
type reportCommand struct {
	runFlag
	Output     string `short:"o" help:"Form of the output: text, json, md, or csv with one row per workload." enum:"text,json,csv,md" default:"text"`
	Out        string `help:"Also write everything about the run into one HTML file, which opens without a server." placeholder:"FILE"`
	Histograms bool   `help:"With -o json: also the histograms."`

	WaitEnriched bool `help:"Wait until the target has told its side, or the time for that is over."`
}

// Run implements bench report.
func (c *reportCommand) Run(p *program) error {
	if c.WaitEnriched {
		if err := c.wait(p); err != nil {
			return err
		}
	}
	err := c.tell(p)
	if c.WaitEnriched && bench.CodeOf(err) == bench.CodeUnreachable && !p.named() { // the server ended with the run, between two questions
		err = c.tell(p)
	}
	return err
}

// tell prints what there is.
func (c *reportCommand) tell(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	at, run, err := c.find(ctx, p)
	if err != nil {
		return err
	}
	defer at.close()
	result, err := at.history.Result(ctx, run.ID)
	switch {
	case errors.Is(err, engine.ErrNoResult):
		result = nil
		if !run.Status.Terminal() {
			return bench.Errorf(bench.CodeResultNotReady, "run %s is in %s and has no result yet; bench tail %s watches it", run.ID, run.Phase, run.ID)
		}
	case err != nil:
		return err
	}
	if result != nil && !c.Histograms {
		result = withoutHistograms(result)
	}
	if c.Out != "" {
		if err := p.writeHTML(ctx, at, run, c.Out); err != nil {
			return err
		}
		p.talk("wrote %s", c.Out)
	}
	side, err := sideOf(ctx, at.history, run.ID)
	if err != nil {
		return err
	}
	return p.report(p.Stdout, c.Output, run, result, side, at.lacks)
}

// wait waits until nothing about the run changes any more, for as long as that takes, and settles which run is reported: @last
// may be another one by then. Where no server drives the run, nothing will change.
func (c *reportCommand) wait(p *program) error {
	at, run, err := c.search(p)
	if err != nil {
		return err
	}
	defer at.close()
	c.runFlag.Run = run.ID
	if !at.live() {
		if unsettled(run) {
			p.talk("no server drives run %s, as far as %s knows, so there is nothing to wait for", run.ID, at)
		}
		return nil
	}
	if !run.Status.Terminal() {
		w := &watch{display: silent{}, signals: p.Signals, signalled: func(_ int, s os.Signal) error { return left(s) }}
		if _, err := w.run(context.Background(), follow(at.client, run.ID, "", patience, false)); err != nil {
			return err
		}
	}
	return untilSettled(p, at, run.ID)
}

// untilSettled waits for what the target says. It comes after the end of the stream, so nothing tells of it but the run itself;
// the server's limit bounds the waiting. A server that lived for this run alone is gone afterwards, and its journal has the rest.
func untilSettled(p *program, at *place, id string) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		run, err := at.history.Run(context.Background(), id)
		switch {
		case bench.CodeOf(err) == bench.CodeUnreachable && !p.named():
			return nil
		case err != nil || !unsettled(run):
			return err
		}
		select {
		case <-ticker.C:
		case s := <-p.Signals:
			return left(s)
		}
	}
}

// unsettled reports whether a run goes on, or its target is still asked for its side.
func unsettled(run *bench.Run) bool {
	return !run.Status.Terminal() || run.State == bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseProcessing}
}

// report prints a result in a form and gives what the run ended with, the same for every form. side is what the target says,
// nil when it was not asked; lacks is what may be missing.
func (p *program) report(w io.Writer, form string, run *bench.Run, result *bench.Result, side *bench.Enrichment, lacks []lack) error {
	code := bench.ExitCode(run.Status, run.StopReason, run.Verdict)
	var err error
	switch form {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		err = e.Encode(struct {
			FormatVersion string            `json:"format_version"`
			Exit          int               `json:"exit"`
			Run           *bench.Run        `json:"run"`
			Result        *bench.Result     `json:"result"`
			Enrichment    *bench.Enrichment `json:"enrichment,omitempty"`
			Lacks         []lack            `json:"lacks,omitempty"`
		}{"1.0", code, run, result, side, lacks})
	case "csv":
		err = writeCSV(w, run, result, side)
	case "md":
		err = writeMarkdown(w, run, result)
	default:
		writeResult(w, run, result, side, p.width(w), p.colour(w))
	}
	if err != nil {
		return err
	}
	return ends(code)
}

// withoutHistograms is the result without what only programs read.
func withoutHistograms(r *bench.Result) *bench.Result {
	c := *r
	c.Workloads = make([]bench.WorkloadResult, len(r.Workloads))
	for i, w := range r.Workloads {
		w.ResponseHist, w.ServiceHist, w.CensoredHist = nil, nil, nil
		c.Workloads[i] = w
	}
	return &c
}

// writeCSV prints one row per workload and a last one, named "", for all together. Units are in the titles.
func writeCSV(w io.Writer, run *bench.Run, result *bench.Result, side *bench.Enrichment) error {
	out := csv.NewWriter(w)
	title := []string{"run", "name", "workload", "window_s", "partial", "planned", "done", "failed", "indoubt", "censored", "skipped",
		"throughput_ops", "retries", "rows"}
	for _, of := range []string{"response", "service"} {
		for _, p := range []string{"n", "mean_us", "p50_us", "p90_us", "p95_us", "p99_us", "p999_us", "max_us"} {
			title = append(title, of+"_"+p)
		}
	}
	for c := range bench.ErrorClasses {
		title = append(title, "errors_"+c.String())
	}
	title = append(title, "coverage", "mean_client_us", "mean_queued_us", "mean_compile_us", "mean_execute_us", "mean_blocked_us", "mean_other_us",
		"steady_credits", "billed_credits")
	out.Write(title)
	if result == nil {
		result = new(bench.Result)
	}
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	real := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	for i, r := range result.Workloads {
		row := []string{run.ID, run.Name, r.Workload, real(float64(result.WindowUS) / 1e6), strconv.FormatBool(result.Partial),
			whole(r.Planned), whole(r.Done), whole(r.Failures()), whole(r.Indoubt), whole(r.Censored), whole(r.Skipped),
			real(r.Throughput), whole(r.Retries), whole(r.Rows)}
		for _, l := range []bench.Latency{r.Response, r.Service} {
			row = append(row, whole(l.N), real(l.MeanUS), whole(l.P50US), whole(l.P90US), whole(l.P95US), whole(l.P99US), whole(l.P999US), whole(l.MaxUS))
		}
		for _, n := range r.Failed {
			row = append(row, whole(n))
		}
		out.Write(append(row, sideCells(side, i, i == len(result.Workloads)-1)...))
	}
	out.Flush()
	return out.Error()
}

// sideCells are what the target says of a workload: as many cells for each, empty where it says nothing.
func sideCells(side *bench.Enrichment, workload int, all bool) []string {
	cells := make([]string, 9)
	if side == nil {
		return cells
	}
	real := func(i int, x float64) { cells[i] = strconv.FormatFloat(x, 'f', -1, 64) }
	if workload < len(side.Workloads) {
		s := &side.Workloads[workload]
		real(0, s.Coverage)
		if m := s.Split; m != nil {
			for i, x := range []float64{m.ClientUS, m.QueuedUS, m.CompileUS, m.ExecuteUS, m.BlockedUS, m.OtherUS} {
				real(1+i, x)
			}
		}
	}
	if c := side.Cost; c != nil && all {
		for i, x := range []*float64{c.Steady, c.Billed} {
			if x != nil {
				real(7+i, *x)
			}
		}
	}
	return cells
}

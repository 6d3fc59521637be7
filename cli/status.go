package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// statusCommand says how a run stands. It ends with 0 whatever that is: report and tail end with the verdict.
type statusCommand struct {
	runFlag
	Output string `short:"o" help:"Form of the output: text or json." enum:"text,json" default:"text"`
}

// Run implements bench status.
func (c *statusCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	at, run, err := c.find(ctx, p)
	if err != nil {
		return err
	}
	defer at.close()
	workers, err := at.history.Workers(ctx, run.ID)
	if err != nil {
		return err
	}
	side, err := sideOf(ctx, at.history, run.ID)
	if err != nil {
		return err
	}
	fed, err := at.replica(ctx)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		e := json.NewEncoder(p.Stdout)
		e.SetIndent("", "  ")
		answer := at.with(map[string]any{"format_version": "1.0", "run": run, "workers": workers, "enrichment": side})
		if fed != nil {
			answer["replica"] = fed
		}
		return e.Encode(answer)
	}
	note := ""
	switch {
	case at.stored:
		note = "this is what " + at.name + " has of a run that had not ended"
	case !at.live():
		note = "no server drives this run now; this is what its journal says"
	}
	writeStatus(p.Stdout, run, workers, side, fed, note, time.Now(), p.width(p.Stdout), p.colour(p.Stdout))
	return nil
}

// writeStatus prints how a run stands and how old that is. note is about a run that goes on and is not driven.
func writeStatus(w io.Writer, run *bench.Run, workers []bench.Worker, side *bench.Enrichment, fed *api.Replica, note string, now time.Time, width int, colour bool) {
	line := func(what, format string, args ...any) {
		fmt.Fprintf(w, "  %-10s "+format+"\n", append([]any{what}, args...)...)
	}
	fmt.Fprintf(w, "run %s %s\n", run.ID, run.Name)
	line("status", "%s", run.State)
	if run.StopReason != "" {
		line("ended", "%s: %s", run.StopReason, run.StopDetail)
	}
	if run.Waiting != "" {
		line("waits for", "%s", run.Waiting)
	}
	if run.Desired.Exceeds(bench.DesiredRun) {
		line("desired", "%s", run.Desired)
	}
	if run.Verdict != "" {
		c := verdictCell(run.Verdict)
		line("verdict", "%s", c.paint.on(colour, c.text))
	}
	if side != nil {
		line("enriched", "%s", strings.TrimSuffix(fmt.Sprintf("%s: %s", side.Status, side.Detail), ": "))
	}
	line("created", "%s", when(&run.CreatedAt))
	if run.StartTime != nil {
		line("started", "%s", when(run.StartTime))
		line("warmup", "%s, until %s", span(time.Duration(run.WarmupSeconds*float64(time.Second))), when(run.WarmupEnd))
		if run.MeasurementEnd != nil {
			line("measured", "%s, until %s", span(time.Duration(run.DurationSeconds*float64(time.Second))), when(run.MeasurementEnd))
		}
	}
	if run.EndTime != nil {
		line("end", "%s", when(run.EndTime))
	}
	line("workers", "%d expected, %d ready, %d active, %d completed", run.WorkersExpected, run.WorkersReady, run.WorkersActive, run.WorkersCompleted)
	line("operations", "%s, %s", count(run.TotalOperations), plural(run.TotalErrors, "error"))
	for _, k := range sortedKeys(run.Labels) {
		line("label", "%s = %s", k, run.Labels[k])
	}
	if fed != nil {
		line("replica", "%s", fed.Place)
		line("", "%s", inWords(fed))
		if fed.Upkeep != nil {
			line("", "%s", estimated(fed.Upkeep))
		}
	}
	switch {
	case note != "" && !run.Status.Terminal():
		line("note", "%s", note)
	case !run.AsOf.IsZero() && !run.Status.Terminal():
		line("as of", "%s, %s ago", clock(run.AsOf), span(max(0, now.Sub(run.AsOf))))
	}
	if len(workers) == 0 {
		return
	}
	t := &table{columns: []column{{title: "worker", left: true}, {title: "status", left: true}, {title: "stage", left: true, rank: 1},
		{title: "connections", rank: 4}, {title: "heartbeat", rank: 2}, {title: "errors", rank: 5}, {title: "clock error", rank: 6}, {title: "last error", left: true, rank: 3}}}
	for _, x := range workers {
		heartbeat := "-"
		if !x.LastHeartbeat.IsZero() {
			heartbeat = span(max(0, now.Sub(x.LastHeartbeat))) + " ago"
			if run.Status.Terminal() {
				heartbeat = clock(x.LastHeartbeat)
			}
		}
		status := cell{text: string(x.Status)}
		switch x.Status {
		case bench.WorkerDead:
			status.paint = red
		case bench.WorkerStale:
			status.paint = yellow
		}
		t.rows = append(t.rows, []cell{{text: x.Worker}, status, {text: string(x.Stage)}, {text: fmt.Sprint(x.Connections)}, {text: heartbeat},
			{text: count(x.ErrorCount)}, {text: "±" + latency(float64(x.ErrorNS)/1e3)}, {text: strings.Join(strings.Fields(x.LastError), " ")}})
	}
	fmt.Fprintln(w)
	t.write(w, "  ", width, colour)
}

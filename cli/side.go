package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// sideOf is what the target says about a run; nil when it was not asked.
func sideOf(ctx context.Context, h engine.History, id string) (*bench.Enrichment, error) {
	side, err := h.Enrichment(ctx, id)
	if errors.Is(err, engine.ErrNoEnrichment) {
		return nil, nil
	}
	return side, err
}

// side is what the target says by the end of the run that apply has started; nil when that cannot be had at once.
func (a *application) side(id string) *bench.Enrichment {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	side, err := sideOf(ctx, a.at.history, id)
	if err != nil {
		a.talk("what the target says cannot be read: %v", err)
	}
	a.owed = side != nil && side.Status == bench.EnrichmentPending
	return side
}

// late prints what the target said after the result was printed, if it had not told everything by then.
func (a *application) late(at *place) {
	if !a.owed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	side, err := sideOf(ctx, at.history, a.run)
	if err != nil {
		a.talk("what the target says cannot be read: %v", err)
		return
	}
	writeSide(a.Stdout, &bench.Run{ID: a.run}, side, a.width(a.Stdout), a.colour(a.Stdout))
}

// writeSide prints what the target itself says: where the time of the mean operation went, what sessions were at, and what it
// cost. Nothing is printed of a target that was not asked.
func writeSide(w io.Writer, run *bench.Run, e *bench.Enrichment, width int, colour bool) {
	if e == nil {
		return
	}
	if e.Status != bench.EnrichmentComplete {
		line := "the target's side: " + string(e.Status)
		if e.Reason != "" {
			line += " (" + string(e.Reason) + ")"
		}
		fmt.Fprintf(w, "\n  %s: %s\n", yellow.on(colour, line), e.Detail)
		if e.Status == bench.EnrichmentPending {
			fmt.Fprintf(w, "  bench report %s --wait-enriched waits for it\n", run.ID)
		}
	}
	if len(e.Workloads) > 0 {
		fmt.Fprintf(w, "\n  where the service time of the mean operation went, by %s\n", e.Source)
		splitTable(e).write(w, "  ", width, colour)
		for i := range e.Workloads {
			if s := &e.Workloads[i]; s.Why != "" {
				fmt.Fprintf(w, "  %s: %s\n", workloadName(s.Workload), s.Why)
			}
		}
	}
	if len(e.Waits) > 0 {
		fmt.Fprintf(w, "\n  what sessions were at, in %s of MEASUREMENT\n", plural(e.Samples, "sample"))
		waitTable(e.Waits).write(w, "  ", width, colour)
	}
	writeCost(w, e.Cost, width, colour)
	if e.Others != nil {
		fmt.Fprintf(w, "\n  %s of others ran on the same warehouse meanwhile\n", plural(*e.Others, "statement"))
	}
	if len(e.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range e.Notes {
		fmt.Fprintf(w, "  - %s\n", n)
	}
}

// splitTable has the parts that some workload has.
func splitTable(e *bench.Enrichment) *table {
	parts := []struct {
		title string
		of    func(*bench.Split) float64
	}{
		{"service", func(s *bench.Split) float64 { return s.ServiceUS }},
		{"client+network", func(s *bench.Split) float64 { return s.ClientUS }},
		{"queued", func(s *bench.Split) float64 { return s.QueuedUS }},
		{"compile", func(s *bench.Split) float64 { return s.CompileUS }},
		{"execute", func(s *bench.Split) float64 { return s.ExecuteUS }},
		{"blocked", func(s *bench.Split) float64 { return s.BlockedUS }},
		{"other", func(s *bench.Split) float64 { return s.OtherUS }},
	}
	t := &table{columns: []column{{title: "workload", left: true}, {title: "coverage"}}}
	rows := make([][]cell, len(e.Workloads))
	for i, s := range e.Workloads {
		rows[i] = []cell{{text: workloadName(s.Workload)}, {text: percent(s.Coverage)}}
	}
	for n, part := range parts {
		some := n < 2
		cells := make([]cell, len(rows))
		for i, s := range e.Workloads {
			cells[i].text = "-"
			if s.Split != nil {
				cells[i].text = latency(part.of(s.Split))
				some = some || part.of(s.Split) > 0
			}
		}
		if !some {
			continue
		}
		t.columns = append(t.columns, column{title: part.title})
		for i := range rows {
			rows[i] = append(rows[i], cells[i])
		}
	}
	t.rows = rows
	return t
}

func waitTable(waits []bench.WaitShare) *table {
	t := &table{columns: []column{{title: "at", left: true}, {title: "sessions"}, {title: "share"}}}
	for _, s := range waits {
		at := "running"
		switch {
		case s.State != "active":
			at = s.State
		case s.Type != "":
			at = s.Type + ": " + s.Event
		}
		t.rows = append(t.rows, []cell{{text: at}, {text: trim(s.Sessions, 3)}, {text: percent(s.Share)}})
	}
	return t
}

// writeCost prints what a run cost, in credits.
func writeCost(w io.Writer, c *bench.Cost, width int, colour bool) {
	if c == nil {
		return
	}
	rate := "at an unknown rate"
	if c.CreditsPerHour != nil {
		rate = fmt.Sprintf("at %s per hour and cluster (rates of %s)", trim(*c.CreditsPerHour, 3), c.RatesAsOf)
	}
	fmt.Fprintf(w, "\n  credits of warehouse %s, %s, %s\n", c.Warehouse, c.Kind, rate)
	credits := func(x *float64) cell {
		if x == nil {
			return cell{text: "unknown"}
		}
		return cell{text: trim(*x, 3)}
	}
	t := &table{columns: []column{{title: "cost", left: true}, {title: "credits"}, {title: "per 1,000 ops"}, {title: "is", left: true, rank: 1}}}
	t.rows = [][]cell{
		{{text: "steady, estimated"}, credits(c.Steady), credits(c.SteadyPer1000), {text: trim(c.ClusterSeconds, 4) + " cluster-seconds of MEASUREMENT"}},
		{{text: "billed, estimated"}, credits(c.Billed), credits(c.BilledPer1000), {text: "from resume to suspend, with minimums"}},
		{{text: "metered"}, credits(c.Metered), {text: "-"}, {text: "whole hours, everybody's, hours late"}},
	}
	t.write(w, "  ", width, colour)
	if c.Why != "" {
		fmt.Fprintf(w, "  %s\n", c.Why)
	}
	for _, n := range c.Notes {
		fmt.Fprintf(w, "  - %s\n", n)
	}
}

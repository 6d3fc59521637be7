package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bench/runtime/bench"
)

// writeResult prints what a run ended with, for a person: per workload and over all of them operations, throughput and
// latencies, then errors, the ledger, the verdicts, and what to know before believing any of it. result is nil when
// the run ended before it measured anything.
func writeResult(w io.Writer, run *bench.Run, result *bench.Result, side *bench.Enrichment, width int, colour bool) {
	fmt.Fprintf(w, "\nrun %s %s  %s\n", run.ID, run.Name, headline(run, result, colour))
	if run.StopReason != "" && run.StopReason != bench.ReasonCompleted {
		fmt.Fprintf(w, "  %s: %s\n", run.StopReason, run.StopDetail)
	}
	if result == nil || len(result.Workloads) == 0 {
		fmt.Fprintln(w, "  nothing was measured")
		writeNext(w, run, nil)
		return
	}
	if result.Partial {
		fmt.Fprintf(w, "  %s\n", yellow.on(colour, "PARTIAL: these numbers do not cover the whole of what was planned"))
	}
	fmt.Fprintln(w)
	throughputTable(result).write(w, "  ", width, colour)
	fmt.Fprintln(w, "\n  response time, from the intended start")
	latencyTable(result, func(r *bench.WorkloadResult) bench.Latency { return r.Response }).write(w, "  ", width, colour)
	fmt.Fprintln(w, "\n  service time, from the first statement sent")
	latencyTable(result, func(r *bench.WorkloadResult) bench.Latency { return r.Service }).write(w, "  ", width, colour)
	writeErrors(w, result, width)
	fmt.Fprintf(w, "\n  ledger: %s\n", ledger(result.All().Ledger))
	if len(result.SLOs) > 0 {
		fmt.Fprintln(w)
		sloTable(result.SLOs).write(w, "  ", width, colour)
		for _, s := range result.SLOs {
			if s.Why != "" {
				fmt.Fprintf(w, "  %s: %s\n", sloName(s), s.Why)
			}
		}
	}
	if result.Validity != bench.Valid || len(result.Notes) > 0 {
		fmt.Fprintln(w)
	}
	if result.Validity != bench.Valid {
		fmt.Fprintf(w, "  %s\n", yellow.on(colour, string(result.Validity)+": "+map[bench.Validity]string{
			bench.Suspect: "believe these numbers with care",
			bench.Invalid: "these numbers cannot be believed, so no SLO is decided",
		}[result.Validity]))
	}
	for _, n := range result.Notes {
		fmt.Fprintf(w, "  - %s\n", n)
	}
	writeSide(w, run, side, width, colour)
	writeNext(w, run, result)
}

// headline says in one line how the run ended.
func headline(run *bench.Run, result *bench.Result, colour bool) string {
	s := string(run.Status)
	if result != nil && result.WindowUS > 0 {
		s += ", " + span(time.Duration(result.WindowUS)*time.Microsecond) + " measured"
	}
	if !run.Status.Terminal() {
		return s + ", still in " + string(run.Phase)
	}
	switch {
	case run.Status != bench.StatusCompleted:
		return red.on(colour, s)
	case result == nil:
		return s
	}
	return s + ", " + verdictCell(result.Verdict).paint.on(colour, verdictCell(result.Verdict).text)
}

// throughputTable has what was done, and what it took besides time.
func throughputTable(result *bench.Result) *table {
	t := &table{columns: []column{
		{title: "workload", left: true}, {title: "ops"}, {title: "ops/s"}, {title: "errors"}, {title: "error rate", rank: 1},
		{title: "retries", rank: 2}, {title: "rows", rank: 3},
	}}
	for i := range result.Workloads {
		r := &result.Workloads[i]
		share := "-"
		if x, any := r.ErrorRate(); any {
			share = percent(x)
		}
		failures := cell{text: count(r.Finished() - r.Done)}
		if r.Finished() > r.Done {
			failures.paint = red
		}
		t.rows = append(t.rows, []cell{{text: workloadName(r.Workload)}, {text: count(r.Finished())}, {text: rate(r.Throughput)},
			failures, {text: share}, {text: count(r.Retries)}, {text: count(r.Rows)}})
	}
	return t
}

// latencyTable has the percentiles; a leading ">=" marks those of which only a lower bound is known.
func latencyTable(result *bench.Result, of func(*bench.WorkloadResult) bench.Latency) *table {
	t := &table{columns: []column{
		{title: "workload", left: true}, {title: "p50"}, {title: "p90", rank: 2}, {title: "p95"}, {title: "p99"},
		{title: "p99.9", rank: 1}, {title: "max"}, {title: "mean", rank: 3},
	}}
	for i := range result.Workloads {
		r := &result.Workloads[i]
		l := of(r)
		row := []string{workloadName(r.Workload)}
		for _, p := range []struct {
			name string
			us   float64
		}{
			{"p50", float64(l.P50US)}, {"p90", float64(l.P90US)}, {"p95", float64(l.P95US)}, {"p99", float64(l.P99US)},
			{"p99.9", float64(l.P999US)}, {"max", float64(l.MaxUS)}, {"mean", l.MeanUS},
		} {
			switch {
			case l.N == 0:
				row = append(row, "-")
			case slices.Contains(l.AtLeast, p.name):
				row = append(row, ">="+latency(p.us))
			default:
				row = append(row, latency(p.us))
			}
		}
		t.add(row...)
	}
	return t
}

// writeErrors prints each class of error of each workload with one example; nothing when there was none.
func writeErrors(w io.Writer, result *bench.Result, width int) {
	title := "\n  errors\n"
	for _, r := range result.Workloads {
		if r.Workload == "" {
			continue // the same errors, told above workload by workload
		}
		for _, e := range r.Errors {
			fmt.Fprint(w, title)
			title = ""
			line := fmt.Sprintf("  %s  %s  %s", workloadName(r.Workload), e.Class, count(e.Count))
			if e.Example != "" {
				line += "  e.g. " + strings.Join(strings.Fields(e.Example), " ")
			}
			fmt.Fprintln(w, clip(line, width))
		}
	}
}

// ledger writes the identity that every run must satisfy.
func ledger(l bench.Ledger) string {
	s := fmt.Sprintf("planned %s = done %s + failed %s + indoubt %s + censored %s + skipped %s",
		count(l.Planned), count(l.Done), count(l.Failures()), count(l.Indoubt), count(l.Censored), count(l.Skipped))
	if n := l.InFlight(); n != 0 {
		s += " + in flight " + count(n)
	}
	return s
}

// sloTable has what was asked for, what was measured, and the verdict.
func sloTable(slos []bench.SLOResult) *table {
	t := &table{columns: []column{
		{title: "SLO", left: true}, {title: "metric", left: true, rank: 1}, {title: "limit"}, {title: "measured"},
		{title: "margin", rank: 3}, {title: "n", rank: 2}, {title: "verdict", left: true},
	}}
	for _, s := range slos {
		measured, margin := "-", "-"
		if s.Value != nil {
			measured = measure(s.Metric, *s.Value)
		}
		if s.Margin != nil {
			margin = percent(*s.Margin)
		}
		t.rows = append(t.rows, []cell{{text: sloName(s)}, {text: s.Metric}, {text: limits(s)}, {text: measured},
			{text: margin}, {text: count(s.N)}, verdictCell(s.Verdict)})
	}
	return t
}

// sloName names an SLO and, where it has one, its workload.
func sloName(s bench.SLOResult) string {
	if s.Workload == "" {
		return s.Name
	}
	return s.Name + " " + s.Workload
}

// limits writes the bounds of an SLO: "<= 50ms", ">= 100.0/s", or both.
func limits(s bench.SLOResult) string {
	var bounds []string
	if s.Min != nil {
		bounds = append(bounds, ">= "+measure(s.Metric, *s.Min))
	}
	if s.Max != nil {
		bounds = append(bounds, "<= "+measure(s.Metric, *s.Max))
	}
	return strings.Join(bounds, " ")
}

// verdictCell is a verdict as it is shown everywhere.
func verdictCell(v bench.Verdict) cell {
	switch v {
	case bench.VerdictPass:
		return cell{"pass", green}
	case bench.VerdictFail:
		return cell{"FAIL", red}
	case bench.VerdictUndetermined:
		return cell{"? undetermined", yellow}
	}
	return cell{text: "-"}
}

// workloadName is the name of a workload in a table, where "" means all together.
func workloadName(name string) string {
	if name == "" {
		return "all"
	}
	return name
}

// writeNext says which command answers the next question.
func writeNext(w io.Writer, run *bench.Run, result *bench.Result) {
	switch {
	case !run.Status.Terminal():
		fmt.Fprintf(w, "\n  next: bench tail %s\n", run.ID)
	case result == nil:
		fmt.Fprintf(w, "\n  next: bench status %s\n", run.ID)
	default:
		fmt.Fprintf(w, "\n  next: bench report %s -o json\n", run.ID)
	}
}

package cli

import (
	"fmt"
	"io"
	"strings"

	"bench/runtime/bench"
)

// writeMarkdown prints what a run ended with as it goes into an issue or a page of a wiki.
func writeMarkdown(w io.Writer, run *bench.Run, result *bench.Result) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "## %s `%s`\n\n%s\n", escapeMarkdown(run.Name), run.ID, headline(run, result, false))
	if run.StopReason != "" && run.StopReason != bench.ReasonCompleted {
		fmt.Fprintf(out, "\n`%s`: %s\n", run.StopReason, escapeMarkdown(run.StopDetail))
	}
	if result == nil || len(result.Workloads) == 0 {
		fmt.Fprint(out, "\nNothing was measured.\n")
		_, err := io.WriteString(w, out.String())
		return err
	}
	if len(result.SLOs) > 0 {
		sloTable(result.SLOs).markdown(out, "SLOs")
	}
	throughputTable(result).markdown(out, "Throughput")
	latencyTable(result, func(r *bench.WorkloadResult) bench.Latency { return r.Response }).markdown(out, "Response time, from the intended start")
	latencyTable(result, func(r *bench.WorkloadResult) bench.Latency { return r.Service }).markdown(out, "Service time, from the first statement sent")
	fmt.Fprintf(out, "\nLedger: %s\n", ledger(result.All().Ledger))
	if result.Validity != bench.Valid || len(result.Notes) > 0 {
		fmt.Fprintf(out, "\n%s\n\n", result.Validity)
	}
	for _, n := range result.Notes {
		fmt.Fprintf(out, "- %s\n", escapeMarkdown(n))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// markdown writes the whole table below a title; nothing is left out.
func (t *table) markdown(w io.Writer, title string) {
	fmt.Fprintf(w, "\n### %s\n\n", title)
	var titles, rules []string
	for _, c := range t.columns {
		titles = append(titles, escapeMarkdown(c.title))
		if c.left {
			rules = append(rules, ":--")
		} else {
			rules = append(rules, "--:")
		}
	}
	fmt.Fprintf(w, "| %s |\n| %s |\n", strings.Join(titles, " | "), strings.Join(rules, " | "))
	for _, row := range t.rows {
		texts := make([]string, len(row))
		for i, c := range row {
			texts[i] = escapeMarkdown(c.text)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(texts, " | "))
	}
}

// escapeMarkdown keeps a text on one line and from being anything but text.
func escapeMarkdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "`", "\\`", "*", "\\*", "_", "\\_", "<", "&lt;", ">", "&gt;", "[", "\\[", "\n", " ").Replace(s)
}

package cli

import (
	"strings"
	"testing"

	"bench/runtime/bench"
)

func TestWriteMarkdown(t *testing.T) {
	limit := 50_000.0
	run := &bench.Run{ID: "01J9", Name: "a|b_c", State: bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}, Verdict: bench.VerdictFail}
	row := bench.WorkloadResult{Workload: "read", Ledger: bench.Ledger{Planned: 10, Done: 10}, Throughput: 5, Response: bench.Latency{N: 10, P50US: 1000, P95US: 60_000}}
	all := row
	all.Workload = ""
	result := &bench.Result{
		WindowUS: 2e6, Workloads: []bench.WorkloadResult{row, all}, Verdict: bench.VerdictFail, Validity: bench.Suspect, Notes: []string{"one <note>"},
		SLOs: []bench.SLOResult{{Name: "p95", Metric: "response.p95", Max: &limit, Value: new(60_000.0), Margin: new(-0.2), N: 10, Verdict: bench.VerdictFail}},
	}
	var out strings.Builder
	if err := writeMarkdown(&out, run, result); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## a\\|b\\_c `01J9`\n", "COMPLETED, 2s measured, FAIL\n", "### SLOs\n", "| p95 | response.p95 | &lt;= 50ms | 60ms |",
		"| read | 10 | 5.0 | 0 |", "\nLedger: planned 10 = done 10", "- one &lt;note&gt;\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, "\\|", ""), "|") < 7 {
			t.Errorf("a line of a table has too few cells: %s", line)
		}
	}
	out.Reset()
	if err := writeMarkdown(&out, run, nil); err != nil || !strings.Contains(out.String(), "Nothing was measured.") {
		t.Errorf("without a result: %v\n%s", err, out.String())
	}
}

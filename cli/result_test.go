package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"bench/runtime/bench"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./cli -update accepts it)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// ended is a run with two workloads, an error, a censored operation and one SLO of each verdict.
func ended() (*bench.Run, *bench.Result) {
	run := &bench.Run{ID: "01j9zk4yq3t7", Name: "shop", State: bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted},
		StopReason: bench.ReasonCompleted, Verdict: bench.VerdictFail, Validity: bench.Suspect}
	lookup := bench.WorkloadResult{Workload: "lookup", Ledger: bench.Ledger{Planned: 12_345, Done: 12_345}, Throughput: 1543.1, Rows: 12_345,
		Response: bench.Latency{N: 12_345, MeanUS: 1210.4, P50US: 950, P90US: 1800, P95US: 2310, P99US: 4900, P999US: 48_200, MaxUS: 61_000},
		Service:  bench.Latency{N: 12_345, MeanUS: 1190.4, P50US: 940, P90US: 1700, P95US: 2300, P99US: 4800, P999US: 48_000, MaxUS: 60_000}}
	order := bench.WorkloadResult{Workload: "order", Ledger: bench.Ledger{Planned: 100, Done: 97, Censored: 1}, Throughput: 12.1, Retries: 7, Rows: 291,
		Response: bench.Latency{N: 98, MeanUS: 30_000, P50US: 20_000, P90US: 60_000, P95US: 80_000, P99US: 1_700_000, P999US: 1_700_000, MaxUS: 1_700_000, AtLeast: []string{"mean", "p99", "p99.9", "max"}},
		Service:  bench.Latency{},
		Errors:   []bench.ErrorCount{{Class: bench.ErrorSerialization, Count: 2, Example: "database is locked\n(5)"}}}
	order.Failed[bench.ErrorSerialization] = 2
	all := bench.WorkloadResult{Ledger: lookup.Ledger, Throughput: 1555.2, Retries: 7, Rows: 12_636, Response: lookup.Response, Service: lookup.Service}
	all.Ledger.Add(order.Ledger)
	return run, &bench.Result{Run: run.ID, WindowUS: 8_000_000, Workloads: []bench.WorkloadResult{lookup, order, all},
		SLOs: []bench.SLOResult{
			{Name: "p95", Workload: "lookup", Metric: "response.p95", Max: new(50_000.0), Value: new(2310.0), Margin: new(0.9538), N: 12_345, Verdict: bench.VerdictPass},
			{Name: "throughput", Metric: "throughput.ok", Min: new(2000.0), Value: new(1555.2), Margin: new(-0.2224), N: 12_442, Verdict: bench.VerdictFail},
			{Name: "p95", Workload: "order", Metric: "response.p95", Max: new(50_000.0), N: 97, Verdict: bench.VerdictUndetermined, Why: "97 operations, min_n is 500"},
		},
		Verdict: bench.VerdictFail, Validity: bench.Suspect, Notes: []string{"the generator was late by up to 12ms"}}
}

func TestResultForAPerson(t *testing.T) {
	run, result := ended()
	var b bytes.Buffer
	writeResult(&b, run, result, nil, 0, false)
	golden(t, "result.txt", b.String())
}

func TestResultOfARunThatMeasuredNothing(t *testing.T) {
	run := &bench.Run{ID: "01j9zk4yq3t7", Name: "shop", State: bench.State{Status: bench.StatusFailed, Phase: bench.PhasePreparing},
		StopReason: bench.ReasonSetupFailed, StopDetail: "setup script 1, line 3: no such table: customers"}
	var b bytes.Buffer
	writeResult(&b, run, nil, nil, 80, false)
	golden(t, "result_nothing.txt", b.String())
}

// The errors of the only workload are those of all, and are told once.
func TestResultTellsErrorsOnce(t *testing.T) {
	run, result := ended()
	only, all := result.Workloads[1], result.Workloads[1]
	all.Workload = ""
	result.Workloads = []bench.WorkloadResult{only, all}
	var b bytes.Buffer
	writeResult(&b, run, result, nil, 80, false)
	if n := strings.Count(b.String(), "database is locked"); n != 1 {
		t.Errorf("the error is told %d times:\n%s", n, b.String())
	}
}

func TestResultFitsItsWidthWithoutColour(t *testing.T) {
	run, result := ended()
	for width := 30; width <= 120; width += 10 {
		var b bytes.Buffer
		writeResult(&b, run, result, nil, width, false)
		if strings.Contains(b.String(), "\x1b") {
			t.Fatal("an escape sequence without colour")
		}
		inTable := false
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			inTable = strings.HasPrefix(line, "  workload") || strings.HasPrefix(line, "  SLO") || inTable && line != "" && !strings.Contains(line, "(not shown")
			if n := utf8.RuneCountInString(line); inTable && !strings.Contains(line, "min_n") && n > width {
				t.Errorf("width %d: a table line of %d characters: %q", width, n, line)
			}
		}
	}
}

func TestPartialAndInvalidAreSaid(t *testing.T) {
	run, result := ended()
	result.Partial, result.Validity = true, bench.Invalid
	var b bytes.Buffer
	writeResult(&b, run, result, nil, 80, false)
	for _, want := range []string{"PARTIAL", "INVALID: these numbers cannot be believed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

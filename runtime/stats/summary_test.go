package stats

import (
	"testing"

	"bench/runtime/bench"

	"github.com/google/go-cmp/cmp"
)

func upTo(n int64) []int64 {
	values := make([]int64, n)
	for i := range values {
		values[i] = int64(i) + 1
	}
	return values
}

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		name           string
		done, censored []int64
		want           bench.Latency
	}{
		{"nothing", nil, nil, bench.Latency{}},
		{
			"all done", upTo(1000), nil,
			bench.Latency{N: 1000, MeanUS: 500.5, P50US: 500, P90US: 900, P95US: 950, P99US: 990, P999US: 999, MaxUS: 1000},
		},
		{
			"older than all that are done: only what lies in them is open",
			upTo(990), []int64{1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010},
			bench.Latency{
				N: 1000, MeanUS: 500.6, P50US: 500, P90US: 900, P95US: 950, P99US: 990, P999US: 1009, MaxUS: 1010,
				AtLeast: []string{"mean", "p99.9", "max"},
			},
		},
		{
			"young when the run ended: every percentile above their age is open",
			upTo(98), []int64{60, 60},
			bench.Latency{
				N: 100, MeanUS: 49.71, P50US: 50, P90US: 88, P95US: 93, P99US: 97, P999US: 98, MaxUS: 98,
				AtLeast: []string{"mean", "p90", "p95", "p99", "p99.9", "max"},
			},
		},
		{
			"young, but it makes no difference",
			[]int64{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 7}, []int64{1},
			bench.Latency{
				N: 21, MeanUS: 103. / 21, P50US: 5, P90US: 5, P95US: 5, P99US: 7, P999US: 7, MaxUS: 7,
				AtLeast: []string{"mean", "p95", "p99", "p99.9", "max"},
			},
		},
		{
			"nothing done: all is open", nil, []int64{500, 1000},
			bench.Latency{
				N: 2, MeanUS: 750, P50US: 500, P90US: 1000, P95US: 1000, P99US: 1000, P999US: 1000, MaxUS: 1000,
				AtLeast: []string{"mean", "p50", "p90", "p95", "p99", "p99.9", "max"},
			},
		},
	} {
		if diff := cmp.Diff(c.want, Summarize(histOf(c.done...), histOf(c.censored...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if diff := cmp.Diff(Summarize(histOf(3, 4), new(Hist)), Summarize(histOf(3, 4), nil)); diff != "" {
		t.Errorf("nothing censored is not the same as nil:\n%s", diff)
	}
}

// TestSummaryBoundsTheTruth lets censored operations end after all, however late, and holds the summary made before
// against the latencies that came out.
func TestSummaryBoundsTheTruth(t *testing.T) {
	ages := []int64{15_000, 15_000, 15_500, 40_000, 90_000}
	done := samples(400, 8)
	before := Summarize(histOf(done...), histOf(ages...))
	open := map[string]bool{}
	for _, name := range before.AtLeast {
		open[name] = true
	}
	for _, later := range []int64{0, 1, 3000, 1_000_000, Highest / 2} {
		truth := histOf(done...)
		for _, age := range ages {
			truth.Record(age + later)
		}
		after := Summarize(truth, nil)
		for _, p := range []struct {
			name          string
			before, after int64
		}{
			{"p50", before.P50US, after.P50US},
			{"p90", before.P90US, after.P90US},
			{"p95", before.P95US, after.P95US},
			{"p99", before.P99US, after.P99US},
			{"p99.9", before.P999US, after.P999US},
			{"max", before.MaxUS, after.MaxUS},
		} {
			if p.after < p.before {
				t.Errorf("%s is %d, which is below the least %d that it could be", p.name, p.after, p.before)
			}
			if !open[p.name] && p.after != p.before {
				t.Errorf("%s is %d and was said to be exactly %d", p.name, p.after, p.before)
			}
		}
	}
	if !open["p99"] || open["p50"] || open["p90"] {
		t.Errorf("open are %v", before.AtLeast)
	}
}

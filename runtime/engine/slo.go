package engine

import (
	"fmt"
	"slices"
	"strings"

	"bench/runtime/bench"
)

// evaluate decides one SLO: for all workloads in one, for one, or for each by itself.
func evaluate(slo bench.SLO, res *bench.Result) []bench.SLOResult {
	var list []bench.SLOResult
	for i := range res.Workloads {
		if w := &res.Workloads[i]; w.Workload == slo.Workload || slo.Workload == "*" && w.Workload != "" {
			list = append(list, decide(slo, w, res))
		}
	}
	return list
}

// decide is the verdict on one workload. Without evidence there is no pass: an invalid run, nothing measured, fewer than
// min_n, or a value that is only a lower bound and within its limit, leave it undetermined.
func decide(slo bench.SLO, w *bench.WorkloadResult, res *bench.Result) bench.SLOResult {
	s := bench.SLOResult{Name: slo.Name, Workload: w.Workload, Metric: slo.Metric, Max: slo.Max, Min: slo.Min, Verdict: bench.VerdictUndetermined}
	value, n, bound, err := metric(slo.Metric, w)
	s.N = n
	switch {
	case err != nil:
		s.Why = err.Error()
		return s
	case n == 0:
		s.Why = "no operation was measured"
		return s
	case slo.Metric == "throughput.ok" && res.WindowUS == 0:
		s.Why = "nothing says how long it was measured"
		return s
	}
	s.Value = &value
	s.Verdict, s.Margin = bench.VerdictPass, margin(value, slo)
	if slo.Max != nil && value > *slo.Max || slo.Min != nil && value < *slo.Min {
		s.Verdict = bench.VerdictFail
	}
	switch {
	case res.Validity == bench.Invalid:
		s.Verdict, s.Why = bench.VerdictUndetermined, "the run is invalid"
	case res.Partial && s.Verdict == bench.VerdictPass:
		s.Verdict, s.Why = bench.VerdictUndetermined, "the run was cut short"
	case n < slo.MinN:
		s.Verdict, s.Why = bench.VerdictUndetermined, fmt.Sprintf("%d operations, min_n is %d", n, slo.MinN)
	case bound && s.Verdict == bench.VerdictPass && slo.Max != nil:
		s.Verdict, s.Why = bench.VerdictUndetermined, "operations were still in flight at the end: the value is a lower bound"
	}
	return s
}

// margin is the distance to the nearest limit as a share of it; negative beyond it, nil when the limit is 0.
func margin(value float64, slo bench.SLO) *float64 {
	var m *float64
	nearer := func(d float64) {
		if m == nil || d < *m {
			m = &d
		}
	}
	if slo.Max != nil && *slo.Max != 0 {
		nearer((*slo.Max - value) / *slo.Max)
	}
	if slo.Min != nil && *slo.Min != 0 {
		nearer((value - *slo.Min) / *slo.Min)
	}
	return m
}

// metric is the value of a metric, the number of operations that it rests on, and whether it is only a lower bound.
func metric(name string, w *bench.WorkloadResult) (value float64, n int64, bound bool, err error) {
	kind, of, _ := strings.Cut(name, ".")
	switch name {
	case "throughput.ok":
		return w.Throughput, w.Finished(), false, nil
	case "errors.rate":
		rate, _ := w.ErrorRate()
		return rate, w.Finished(), false, nil
	}
	var l *bench.Latency
	switch kind {
	case "response":
		l = &w.Response
	case "service":
		l = &w.Service
	default:
		return 0, 0, false, fmt.Errorf("no metric %s", name)
	}
	values := map[string]float64{
		"mean": l.MeanUS, "p50": float64(l.P50US), "p90": float64(l.P90US), "p95": float64(l.P95US),
		"p99": float64(l.P99US), "p99.9": float64(l.P999US), "max": float64(l.MaxUS),
	}
	value, ok := values[of]
	if !ok {
		return 0, 0, false, fmt.Errorf("no metric %s", name)
	}
	bound = slices.Contains(l.AtLeast, of) || kind == "service" && w.Censored > 0
	return value, l.N, bound, nil
}

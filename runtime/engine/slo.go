package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bench/runtime/bench"
)

// evaluate decides one SLO: for all workloads in one, for one, or for each by itself. side is what the target says, nil when
// it said nothing.
func evaluate(slo bench.SLO, res *bench.Result, side *bench.Enrichment) []bench.SLOResult {
	var list []bench.SLOResult
	for i := range res.Workloads {
		if w := &res.Workloads[i]; w.Workload == slo.Workload || slo.Workload == "*" && w.Workload != "" {
			list = append(list, decide(slo, w, res, side))
		}
	}
	return list
}

// decide is the verdict on one workload. Without evidence there is no pass: an invalid run, nothing measured, fewer than
// min_n, or a value that is only a lower bound and within its limit, leave it undetermined.
func decide(slo bench.SLO, w *bench.WorkloadResult, res *bench.Result, side *bench.Enrichment) bench.SLOResult {
	s := bench.SLOResult{Name: slo.Name, Workload: w.Workload, Metric: slo.Metric, Max: slo.Max, Min: slo.Min, Verdict: bench.VerdictUndetermined}
	value, n, bound, err := metric(slo.Metric, w, side)
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
func metric(name string, w *bench.WorkloadResult, side *bench.Enrichment) (value float64, n int64, bound bool, err error) {
	if serverMetric(name) {
		value, err = sideMetric(name, w.Workload, side)
		return value, w.Done, false, err
	}
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

// knownMetric reports whether there is a metric of this name.
func knownMetric(name string) bool {
	if serverMetric(name) {
		return name == "cost" || name == "server.mean"
	}
	_, _, _, err := metric(name, &bench.WorkloadResult{}, nil)
	return err == nil
}

// sideMetric is the value of a metric that only the target knows.
func sideMetric(name, workload string, side *bench.Enrichment) (float64, error) {
	switch {
	case side == nil:
		return 0, errors.New("the target did not say it")
	case name == "cost" && workload != "":
		return 0, errors.New("what one workload cost cannot be told from the others")
	case name == "cost" && side.Cost == nil:
		return 0, errors.New("a target of this kind costs no credits, or was not sampled")
	case name == "cost" && side.Cost.SteadyPer1000 == nil:
		return 0, errors.New(cmp.Or(side.Cost.Why, "no operation was done"))
	case name == "cost":
		return *side.Cost.SteadyPer1000, nil
	}
	for i := range side.Workloads {
		if s := &side.Workloads[i]; s.Workload == workload {
			if s.Split == nil {
				return 0, errors.New(s.Why)
			}
			return s.Split.ServerUS(), nil
		}
	}
	return 0, errors.New(cmp.Or(side.Detail, "the target did not say it"))
}

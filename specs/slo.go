package specs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"bench/runtime/bench"
)

// metrics are what an SLO can be about. Latencies are written as durations and kept in microseconds.
func metrics() []string {
	var all []string
	for _, latency := range []string{"response", "service"} {
		for _, statistic := range []string{"p50", "p90", "p95", "p99", "p99.9", "max", "mean"} {
			all = append(all, latency+"."+statistic)
		}
	}
	return append(all, "server.mean", "throughput.ok", "errors.rate", "cost")
}

func (l *loader) readSLOs(in *block) {
	first := map[string]hcl.Range{}
	for _, b := range in.each("slo", 1, `slo "p95" { metric = "response.p95", max = "50ms" }`) {
		name := b.Labels[0]
		if at, ok := first[name]; ok {
			l.fail(b.LabelRanges[0], fmt.Sprintf("The first is on line %d.", at.Start.Line), "there is a second slo %s", name)
		}
		first[name] = b.LabelRanges[0]
		l.place("slo "+name, b)
		l.readSLO(b)
	}
}

func (l *loader) readSLO(b *hclsyntax.Block) {
	in := l.block(b)
	defer in.done()
	s := bench.SLO{Name: b.Labels[0], MinN: in.whole("min_n", 0, 0, 1<<53)}
	named := in.has("workload")
	workloads := l.sloWorkloads(in)
	known := in.has("max")
	known = in.has("min") || known
	if f, ok := in.need("metric", `metric = "response.p95"`); ok {
		s.Metric = l.metric(f)
	}
	if !known {
		l.fail(in.at, `Write max = "50ms", or min.`, "%s has neither max nor min", in.where)
	}
	if s.Metric == "" {
		return
	}
	if s.Metric == "cost" && named {
		l.fail(in.place("workload"), "Leave workload out.", "what a run costs cannot be told apart by workload")
	}
	l.recorded(in, s.Metric)
	s.Max, s.Min = l.bound(in, s.Metric, "max"), l.bound(in, s.Metric, "min")
	if s.Max != nil && s.Min != nil && *s.Min > *s.Max {
		l.fail(in.place("min"), "Swap them.", "min is above max")
	}
	for _, w := range workloads {
		s.Workload = w
		l.plan.SLOs = append(l.plan.SLOs, s)
	}
}

// recorded refuses metrics that the plan's target knows nothing of.
func (l *loader) recorded(in *block, metric string) {
	switch kind := l.plan.Target.Kind; {
	case kind == "": // reported there
	case metric == "cost" && kind != "snowflake":
		l.fail(in.place("metric"), "Remove it.", "a target %q costs no credits", kind)
	case metric == "server.mean" && kind != "snowflake" && kind != "postgres":
		l.fail(in.place("metric"), "Use service.mean.", "a target %q keeps no record of its own", kind)
	}
}

func (l *loader) metric(f field) string {
	name, ok := l.text(f)
	if !ok {
		return ""
	}
	all := metrics()
	switch family, _, _ := strings.Cut(name, "."); {
	case slices.Contains(all, name):
		return name
	case family == "server":
		l.fail(f.at, "Write server.mean: what a target tells of its side are sums, and percentiles cannot be had from these.", "%s is no metric", l.quote(f, name))
	default:
		instead := nearest(name, all)
		if instead != "" {
			instead = "Did you mean " + instead + "?"
		} else {
			instead = "Write response or service with .p50, .p90, .p95, .p99, .p99.9, .max or .mean, or throughput.ok, errors.rate, server.mean, or cost."
		}
		l.fail(f.at, instead, "%s is no metric", l.quote(f, name))
	}
	return ""
}

// bound is a limit of an SLO in the unit of its metric: microseconds, operations per second, a share, credits per 1,000
// operations.
func (l *loader) bound(in *block, metric, name string) *float64 {
	f, ok := in.take(name)
	if !ok {
		return nil
	}
	if family, _, _ := strings.Cut(metric, "."); family == "response" || family == "service" || family == "server" {
		d, ok := l.duration(f, 0)
		if !ok {
			return nil
		}
		return new(float64(d) / float64(time.Microsecond))
	}
	x, ok := l.number(f)
	switch {
	case !ok:
		return nil
	case metric == "errors.rate" && x > 1:
		l.fail(f.at, "Write a share: 0.01 is one operation in a hundred.", "%s of errors.rate must be at most 1, got %v", name, x)
		return nil
	}
	return &x
}

// sloWorkloads is what an SLO is about: "" for all together, "*" for each by itself, or workloads by name. The name of a
// for_each workload stands for each of those that it made.
func (l *loader) sloWorkloads(in *block) []string {
	f, ok := in.take("workload")
	if !ok {
		return []string{""}
	}
	name, ok := l.text(f)
	if !ok {
		return nil
	}
	var names []string
	for _, w := range l.plan.Workloads {
		names = append(names, w.Name)
	}
	switch {
	case name == "*" || slices.Contains(names, name):
		return []string{name}
	case len(l.made[name]) > 0:
		return l.made[name]
	case slices.Contains(l.workloads, name):
		return nil // reported there
	}
	l.fail(f.at, didYouMean(name, append(names, "*")), "there is no workload %s", l.quote(f, name))
	return nil
}

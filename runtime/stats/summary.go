package stats

import "bench/runtime/bench"

// Summarize is the summary of done operations and of those that were censored, which stand in it with their age;
// censored may be nil. N counts both.
//
// The true latency of a censored operation is unknown and at least its age. So a percentile computed with the ages is
// the least that it can be, and one computed as if no censored operation ever ended is the most. Where both are in the
// same slot of the histogram the percentile is what it is; where they are not, AtLeast names it. The maximum and the mean
// are lower bounds as soon as anything was censored.
func Summarize(done, censored *Hist) bench.Latency {
	all := done
	if censored != nil && censored.Count() > 0 {
		all = new(Hist)
		all.Merge(done)
		all.Merge(censored)
	}
	s := bench.Latency{N: all.Count(), MeanUS: all.Mean(), MaxUS: all.Max()}
	if all.Count() > done.Count() {
		s.AtLeast = append(s.AtLeast, "mean")
	}
	for _, p := range []struct {
		name     string
		num, den int64
		us       *int64
	}{
		{"p50", 50, 100, &s.P50US},
		{"p90", 90, 100, &s.P90US},
		{"p95", 95, 100, &s.P95US},
		{"p99", 99, 100, &s.P99US},
		{"p99.9", 999, 1000, &s.P999US},
	} {
		*p.us = all.Quantile(p.num, p.den)
		if open(done, all, p.num, p.den) {
			s.AtLeast = append(s.AtLeast, p.name)
		}
	}
	if all.Count() > done.Count() {
		s.AtLeast = append(s.AtLeast, "max")
	}
	return s
}

// open reports whether a quantile of all would be larger if those that are in all and not in done had no end.
func open(done, all *Hist, num, den int64) bool {
	if all.Count() == done.Count() {
		return false
	}
	r := rank(all.Count(), num, den)
	return r > done.Count() || done.slotAt(r) != all.slotAt(r)
}

package draw

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
)

func durations(t *testing.T, d bench.Dist, n int) []float64 {
	t.Helper()
	dist, err := NewDist(d, 42)
	if err != nil {
		t.Fatal(err)
	}
	drawn := make([]float64, n)
	for i := range drawn {
		drawn[i] = float64(dist.Duration(i%16, int64(i/16)))
	}
	return drawn
}

// TestDurationsFollowTheirDistribution is the test of Kolmogorov and Smirnov: the share of draws up to any duration must
// not be further from the distribution function than would come up once in a hundred thousand times.
func TestDurationsFollowTheirDistribution(t *testing.T) {
	const n = 20_000
	second := bench.Duration(time.Second)
	for _, c := range []struct {
		dist bench.Dist
		cdf  func(seconds float64) float64
	}{
		{bench.Dist{Kind: "uniform", Min: second, Max: 3 * second}, func(x float64) float64 { return (x - 1) / 2 }},
		{bench.Dist{Kind: "exponential", Mean: 2 * second}, func(x float64) float64 { return 1 - math.Exp(-x/2) }},
		{bench.Dist{Kind: "lognormal", Median: second / 5, Sigma: 1}, func(x float64) float64 {
			return (1 + math.Erf(math.Log(x*5)/math.Sqrt2)) / 2
		}},
	} {
		drawn := durations(t, c.dist, n)
		slices.Sort(drawn)
		var distance float64
		for i, ns := range drawn {
			p := c.cdf(ns / 1e9)
			distance = max(distance, p-float64(i)/n, float64(i+1)/n-p)
		}
		if limit := 2.47 / math.Sqrt(n); distance > limit {
			t.Errorf("%s: the distance is %.4f, more than %.4f", c.dist.Kind, distance, limit)
		}
	}
}

func TestDurationBounds(t *testing.T) {
	ms := bench.Duration(time.Millisecond)
	for _, c := range []struct {
		dist     bench.Dist
		min, max time.Duration // that must come up, and nothing beyond
	}{
		{bench.Dist{Kind: "constant", Mean: 7 * ms}, 7 * time.Millisecond, 7 * time.Millisecond},
		{bench.Dist{Kind: "constant"}, 0, 0},
		{bench.Dist{Kind: "uniform", Min: 5, Max: 7}, 5, 7},
		{bench.Dist{Kind: "exponential", Mean: 10 * ms, Min: 5 * ms, Max: 20 * ms}, 5 * time.Millisecond, 20 * time.Millisecond},
		{bench.Dist{Kind: "lognormal", Median: 10 * ms, Sigma: 2, Min: 5 * ms, Max: 20 * ms}, 5 * time.Millisecond, 20 * time.Millisecond},
		{bench.Dist{Kind: "lognormal", Median: 10 * ms}, 10 * time.Millisecond, 10 * time.Millisecond},
		{bench.Dist{Kind: "lognormal", Median: 10 * ms, Sigma: 1000, Min: 1}, 1, math.MaxInt64},
	} {
		drawn := durations(t, c.dist, 1000)
		if got := time.Duration(slices.Min(drawn)); got != c.min {
			t.Errorf("%+v: the shortest is %v, want %v", c.dist, got, c.min)
		}
		if got := slices.Max(drawn); got != float64(c.max) {
			t.Errorf("%+v: the longest is %v ns, want %d", c.dist, got, c.max)
		}
	}
}

func TestNewDistRefuses(t *testing.T) {
	for _, c := range []struct {
		dist bench.Dist
		want string
	}{
		{bench.Dist{Kind: "normal"}, `no distribution "normal"`},
		{bench.Dist{Kind: "constant", Mean: -1}, "mean is -1ns"},
		{bench.Dist{Kind: "exponential"}, "mean is 0s"},
		{bench.Dist{Kind: "exponential", Mean: 1, Min: 3, Max: 2}, "min 3ns and max 2ns"},
		{bench.Dist{Kind: "exponential", Mean: 1, Min: -3}, "min -3ns"},
		{bench.Dist{Kind: "uniform", Min: 3}, "needs a max"},
		{bench.Dist{Kind: "lognormal", Sigma: 1}, "median is 0s"},
		{bench.Dist{Kind: "lognormal", Median: 1, Sigma: -1}, "sigma -1"},
		{bench.Dist{Kind: "lognormal", Median: 1, Sigma: math.NaN()}, "sigma NaN"},
	} {
		if _, err := NewDist(c.dist, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.dist, err, c.want)
		}
	}
}

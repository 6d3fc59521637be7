package cost

import (
	"math"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
)

var start = time.Date(2026, 5, 6, 7, 0, 0, 0, time.UTC)

// at is a sample of a warehouse so many seconds after start.
func at(seconds int, clusters int, change ...func(*bench.Warehouse)) bench.TargetSample {
	w := &bench.Warehouse{Name: "WH", State: "STARTED", Size: "X-Small", MinClusters: 1, MaxClusters: 3, Started: clusters,
		Raw: map[string]string{"auto_suspend": "120", "type": "STANDARD"}}
	if clusters == 0 {
		w.State = "SUSPENDED"
	}
	for _, f := range change {
		f(w)
	}
	return bench.TargetSample{At: start.Add(time.Duration(seconds) * time.Second), Warehouse: w}
}

func every5(from, to, clusters int, change ...func(*bench.Warehouse)) (all []bench.TargetSample) {
	for s := from; s <= to; s += 5 {
		all = append(all, at(s, clusters, change...))
	}
	return all
}

func join(parts ...[]bench.TargetSample) (all []bench.TargetSample) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func never(w *bench.Warehouse)  { w.Raw["auto_suspend"] = "0" }
func silent(w *bench.Warehouse) { delete(w.Raw, "auto_suspend") }
func large(w *bench.Warehouse)  { w.Size = "Large" }

func interactive(w *bench.Warehouse) { w.Raw["is_interactive"] = "true" }

func TestEstimate(t *testing.T) {
	const hour = 3600.0
	for name, c := range map[string]struct {
		samples        []bench.TargetSample
		from, to       int // of MEASUREMENT, seconds
		operations     int64
		steady, billed float64 // credits; negative is not known
		seconds        float64 // of clusters
		why, note      string
	}{
		"ran before, runs on until it suspends itself": {
			samples: every5(0, 100, 1), from: 20, to: 80, operations: 6000,
			steady: 60 / hour, seconds: 60, billed: (100 + 120) / hour,
		},
		"resumed by the run": {
			samples: join(every5(0, 5, 0), every5(10, 100, 1)), from: 20, to: 80, operations: 6000,
			steady: 60 / hour, seconds: 60, billed: (90 + 120) / hour,
		},
		"a second cluster for 10 s is billed for 60": {
			samples: join(every5(0, 25, 1), every5(30, 35, 2), every5(40, 100, 1)), from: 20, to: 80, operations: 6000,
			steady: 70 / hour, seconds: 70, billed: (100 + 60 + 120) / hour,
		},
		"a second cluster twice is billed twice": {
			samples: join(every5(0, 10, 1), every5(15, 15, 2), every5(20, 40, 1), every5(45, 45, 2), every5(50, 100, 1)), from: 20, to: 80,
			steady: 65 / hour, seconds: 65, billed: (100 + 60 + 60 + 120) / hour,
		},
		"clusters beyond the least end with the run, after their minimum": {
			samples: join(every5(0, 85, 1), every5(90, 100, 3)), from: 20, to: 80,
			steady: 60 / hour, seconds: 60, billed: (100 + 2*60 + 120) / hour,
		},
		"the minimum is not added to the time until it suspends itself": {
			samples: join(every5(0, 15, 0), every5(20, 40, 1)), from: 20, to: 40,
			steady: 20 / hour, seconds: 20, billed: (20 + 120) / hour,
		},
		"suspended and resumed in between": {
			samples: join(every5(0, 15, 0), every5(20, 40, 1), every5(45, 55, 0), every5(60, 130, 1), every5(135, 140, 0)), from: 20, to: 120,
			steady: (25 + 60) / hour, seconds: 85, billed: (60 + 75) / hour,
		},
		"larger": {
			samples: every5(0, 100, 1, large), from: 20, to: 80, steady: 8 * 60 / hour, seconds: 60, billed: 8 * 220 / hour,
		},
		"resized in the middle": {
			samples: join(every5(0, 45, 1), every5(50, 100, 1, large)), from: 20, to: 80,
			steady: (30 + 8*30) / hour, seconds: 60, billed: (50 + 8*(50+120)) / hour, note: "it was STANDARD X-Small before it was STANDARD Large",
		},
		"never suspends itself": {
			samples: every5(0, 100, 1, never), from: 20, to: 80, steady: 60 / hour, seconds: 60, billed: 100 / hour, note: "never suspends itself",
		},
		"does not say when it suspends itself": {
			samples: every5(0, 100, 1, silent), from: 20, to: 80, steady: 60 / hour, seconds: 60, billed: 100 / hour, note: "is not known",
		},
		"an edition that does not count clusters": {
			samples: every5(0, 100, 0, func(w *bench.Warehouse) { w.State = "STARTED" }), from: 20, to: 80,
			steady: 60 / hour, seconds: 60, billed: 220 / hour,
		},
		"a hole in the samples": {
			samples: join(every5(0, 20, 1), every5(70, 100, 1)), from: 20, to: 80,
			steady: -1, seconds: 30 + 10, billed: 220 / hour, why: "cover only 67% of MEASUREMENT", note: "for 20s there is no sample",
		},
		"an unknown kind": {
			samples: every5(0, 100, 1, func(w *bench.Warehouse) { w.Raw["type"] = "SNOWPARK-OPTIMIZED" }), from: 20, to: 80,
			steady: -1, seconds: 60, billed: -1, why: "the rate of a warehouse of kind SNOWPARK-OPTIMIZED X-Small is unknown",
		},
		"a generation whose rate differs by cloud": {
			samples: every5(0, 100, 1, func(w *bench.Warehouse) { w.Raw["generation"] = "2" }), from: 20, to: 80,
			steady: -1, seconds: 60, billed: -1, why: "generation 2 is unknown",
		},
		"interactive, billed for an hour at least": {
			samples: join(every5(0, 15, 0, interactive), every5(20, 100, 1, interactive), every5(105, 105, 0, interactive)), from: 20, to: 80,
			steady: 0.6 * 60 / hour, seconds: 60, billed: 0.6,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := Estimate(c.samples, start.Add(time.Duration(c.from)*time.Second), start.Add(time.Duration(c.to)*time.Second), c.operations)
			near(t, "cluster-seconds", &got.ClusterSeconds, c.seconds)
			near(t, "steady", got.Steady, c.steady)
			near(t, "billed", got.Billed, c.billed)
			if c.operations > 0 {
				near(t, "steady per 1000", got.SteadyPer1000, c.steady/float64(c.operations)*1000)
				near(t, "billed per 1000", got.BilledPer1000, c.billed/float64(c.operations)*1000)
			} else if got.SteadyPer1000 != nil || got.BilledPer1000 != nil {
				t.Error("credits per 1,000 operations of none")
			}
			if !strings.Contains(got.Why, c.why) || (c.why == "") != (got.Why == "") {
				t.Errorf("why %q, want %q", got.Why, c.why)
			}
			if notes := strings.Join(got.Notes, "; "); !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}

func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	switch {
	case got == nil && want >= 0:
		t.Errorf("%s is not known, want %g", what, want)
	case got != nil && want < 0:
		t.Errorf("%s is %g, want not known", what, *got)
	case got != nil && math.Abs(*got-want) > 1e-9:
		t.Errorf("%s is %g, want %g", what, *got, want)
	}
}

func TestNothingToEstimate(t *testing.T) {
	if got := Estimate([]bench.TargetSample{{At: start, Waits: []bench.Wait{{State: "active", Sessions: 3}}}}, start, start.Add(time.Minute), 5); got != nil {
		t.Errorf("got %+v of a target without a warehouse", got)
	}
	if got := SoFar(nil); got != nil {
		t.Errorf("got %+v without samples", got)
	}
}

func TestSoFar(t *testing.T) {
	for seconds, want := range map[int]float64{0: 60, 30: 60, 59: 60, 60: 60, 600: 600} {
		got := SoFar([]bench.TargetSample{at(-5, 0), at(0, 1), at(seconds, 1)})
		if got.Why != "" || math.Abs(*got.Billed*3600-want) > 1e-9 {
			t.Errorf("%d s after its resume a warehouse has cost %+v, want %g s", seconds, got, want)
		}
	}
	strange := func(w *bench.Warehouse) { w.Raw["type"] = "?" }
	if got := SoFar([]bench.TargetSample{at(0, 1, strange), at(5, 1)}); got.Billed != nil || got.Why != "the rate of a warehouse of kind ? X-Small is unknown" {
		t.Errorf("the cost of an unknown kind is %+v", got)
	}
}

func TestRateOf(t *testing.T) {
	for _, c := range []struct {
		kind, size string
		want       float64 // 0 is unknown
	}{
		{"STANDARD", "X-Small", 1}, {"standard", "XSMALL", 1}, {"STANDARD", "Small", 2}, {"STANDARD", "X-Large", 16}, {"STANDARD", "2X-Large", 32},
		{"STANDARD", "X2LARGE", 32}, {"STANDARD", "6X-Large", 512}, {"INTERACTIVE", "X-Small", 0.6}, {"INTERACTIVE", "4X-Large", 76.8},
		{"INTERACTIVE", "6X-Large", 0}, {"STANDARD", "7X-Large", 0}, {"STANDARD", "", 0}, {"", "X-Small", 0}, {"SNOWPARK-OPTIMIZED", "Medium", 0},
	} {
		rate, ok := RateOf(&bench.Warehouse{Size: c.size, Raw: map[string]string{"type": c.kind}})
		if ok != (c.want > 0) || math.Abs(rate.PerHour-c.want) > 1e-9 {
			t.Errorf("%s %s costs %g an hour (known %t), want %g", c.kind, c.size, rate.PerHour, ok, c.want)
		}
		if ok && (rate.AsOf == "" || rate.Minimum == 0) {
			t.Errorf("the rate of %s %s has no date or no minimum", c.kind, c.size)
		}
	}
}

package cost_test

import (
	"math"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/runtime/cost"
)

func TestAhead(t *testing.T) {
	warehouse := func(state, size string, started, least, most int, suspend, kind string) *bench.Warehouse {
		return &bench.Warehouse{State: state, Size: size, Started: started, MinClusters: least, MaxClusters: most, Raw: map[string]string{"auto_suspend": suspend, "type": kind}}
	}
	for name, test := range map[string]struct {
		w           *bench.Warehouse
		lasts       time.Duration
		least, most float64 // seconds of an X-Small
		note, why   bool
	}{
		"suspended, one cluster":          {warehouse("SUSPENDED", "X-Small", 0, 1, 1, "60", "STANDARD"), 2 * time.Minute, 180, 180, false, false},
		"the minimum":                     {warehouse("SUSPENDED", "X-Small", 0, 1, 1, "5", "STANDARD"), 10 * time.Second, 60, 60, false, false},
		"no minimum for what runs":        {warehouse("STARTED", "X-Small", 1, 1, 1, "5", "STANDARD"), 10 * time.Second, 15, 15, false, false},
		"an edition without clusters":     {warehouse("STARTED", "Small", 0, 0, 0, "10", "STANDARD"), 20 * time.Second, 60, 60, false, false},
		"clusters that may start":         {warehouse("SUSPENDED", "X-Small", 0, 1, 3, "60", "STANDARD"), 30 * time.Second, 90, 90 + 2*60, false, false},
		"clusters that run already":       {warehouse("STARTED", "X-Small", 2, 1, 3, "60", "STANDARD"), 30 * time.Second, 90, 90 + 30 + 60, false, false},
		"it never suspends itself":        {warehouse("STARTED", "X-Small", 1, 1, 1, "0", "STANDARD"), time.Minute, 60, 60, true, false},
		"it does not say when":            {warehouse("STARTED", "X-Small", 1, 1, 1, "", "STANDARD"), time.Minute, 60, 60, true, false},
		"a kind whose rate is not known":  {warehouse("STARTED", "X-Small", 1, 1, 1, "60", "SNOWPARK-OPTIMIZED"), time.Minute, 0, 0, false, true},
		"a size that there is not of any": {warehouse("STARTED", "Tiny", 1, 1, 1, "60", "STANDARD"), time.Minute, 0, 0, false, true},
	} {
		f, why := cost.Ahead(test.w, test.lasts)
		near := func(got, want float64) bool { return math.Abs(got*3600-want) < 1e-6 }
		if !near(f.Least, test.least) || !near(f.Most, test.most) || (f.Note != "") != test.note || (why != "") != test.why {
			t.Errorf("%s: %g to %g s, note %q, why %q; want %g to %g", name, f.Least*3600, f.Most*3600, f.Note, why, test.least, test.most)
		}
	}
}

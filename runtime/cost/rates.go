package cost

import (
	"slices"
	"time"

	"bench/runtime/bench"
)

// A Rate is what one cluster of a warehouse costs.
type Rate struct {
	PerHour float64       // credits
	Minimum time.Duration // billed for each start of a cluster, however short it runs
	AsOf    string        // when the rate was looked up: Snowflake's consumption table changes
}

// kinds are what an X-Small costs, and how many of the sizes there are, each of which costs twice as much as the one before,
// by the type of the warehouse. What is not here is unknown: a second generation and memory-optimized warehouses have rates
// that differ by cloud.
var kinds = map[string]struct {
	Rate
	sizes int
}{
	"STANDARD":    {Rate{1, time.Minute, "2025-12"}, len(bench.WarehouseSizes)},
	"INTERACTIVE": {Rate{0.6, time.Hour, "2025-12"}, 8},
}

// RateOf is the rate of a warehouse as it was sampled; false when it is not known.
func RateOf(w *bench.Warehouse) (Rate, bool) {
	k, ok := kinds[w.Kind()]
	size := slices.Index(bench.WarehouseSizes, bench.WarehouseSize(w.Size))
	if g := w.Raw["generation"]; !ok || size < 0 || size >= k.sizes || g != "" && g != "1" {
		return Rate{}, false
	}
	r := k.Rate
	r.PerHour *= float64(int(1) << size)
	return r, true
}

package cost

import (
	"strconv"
	"time"

	"bench/runtime/bench"
)

// A Forecast is what a run will be billed, in credits, if nobody else uses its warehouse.
type Forecast struct {
	Least, Most float64 // with the smallest and the largest number of clusters
	AsOf        string  // of the rate
	Note        string  // what is not in it
}

// Ahead is the forecast for a run that lasts so long on a warehouse as it is now, up to when the warehouse suspends itself;
// or why there is none. A warehouse that runs already costs no minimum.
func Ahead(w *bench.Warehouse, lasts time.Duration) (f Forecast, why string) {
	rate, ok := RateOf(w)
	if !ok {
		return f, Unknown(w)
	}
	f.AsOf = rate.AsOf
	seconds, err := strconv.Atoi(w.Raw["auto_suspend"])
	idle := time.Duration(max(seconds, 0)) * time.Second
	if err != nil || seconds <= 0 {
		f.Note = "what the warehouse costs after the run is not in it: it does not say when it suspends itself"
	}
	least := max(1, w.MinClusters)
	most := max(least, w.MaxClusters)
	running := clusters(w)
	credits := func(n int) (sum float64) {
		for k := 1; k <= n; k++ {
			ran := lasts
			if k <= least {
				ran += idle
			}
			if k > running { // it starts for the run
				ran = max(ran, rate.Minimum)
			}
			sum += ran.Hours() * rate.PerHour
		}
		return sum
	}
	f.Least, f.Most = credits(least), credits(most)
	return f, ""
}

// Package cost estimates what a run costs from samples of the warehouse that it ran on: arithmetic without clocks.
//
// There are two numbers, because two questions are asked.
//
//	steady: what does an operation cost while the load lasts?  cluster-seconds within MEASUREMENT × rate
//	billed: what will the bill say for this run?               each start of each cluster to its end, at least the minimum
//
// The bill of a run on a warehouse that ran before begins with the first sample, and goes on after the run until the
// warehouse suspends itself. Both are estimates: what Snowflake meters is known hours later, for all who used the
// warehouse.
//
// For the steady number a sample says how it is until the next one, and for at most [Stale]; where samples are missing for
// longer, there may be no number. The bill takes it that the warehouse stayed as it was last seen, and says so. Rates are a dated table (rates.go); of a kind that
// is not in it nothing is estimated.
package cost

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
)

// Stale is how long a sample stands for what follows it.
const Stale = 30 * time.Second

// leastCovered is the share of MEASUREMENT that samples must cover for an estimate.
const leastCovered = 0.9

// Estimate is what a run cost whose MEASUREMENT lasted from from to to and did so many operations. Samples are of one
// warehouse in the order of time; those without a warehouse are passed over. It is nil when there is none.
func Estimate(samples []bench.TargetSample, from, to time.Time, operations int64) *bench.Cost {
	spans := spansOf(samples)
	if len(spans) == 0 {
		return nil
	}
	last := spans[len(spans)-1].warehouse
	c := &bench.Cost{Warehouse: last.Name, Kind: kindOf(last)}
	var covered time.Duration
	var credits float64
	for _, s := range spans {
		if kind := kindOf(s.warehouse); kind != c.Kind && c.Why == "" {
			c.Notes = append(c.Notes, fmt.Sprintf("the warehouse changed: it was %s before it was %s", kind, c.Kind))
			c.Why = Unknown(s.warehouse)
		}
		d := overlap(s.from, s.to, from, to)
		covered += d
		c.ClusterSeconds += float64(s.clusters) * d.Seconds()
		credits += s.credits(d, s.clusters)
	}
	if why := Unknown(last); why != "" {
		c.Why = why
	}
	if c.Why != "" {
		return c
	}
	rate, _ := RateOf(last)
	c.RatesAsOf, c.CreditsPerHour = rate.AsOf, &rate.PerHour
	if share := covered.Seconds() / max(to.Sub(from).Seconds(), 1e-6); share < leastCovered {
		c.Why = fmt.Sprintf("samples of the warehouse cover only %.0f%% of MEASUREMENT", 100*share)
	} else {
		c.Steady, c.SteadyPer1000 = &credits, per1000(credits, operations)
	}
	if d := unseen(spans); d > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("for %s there is no sample: the bill takes it that the warehouse stayed as it was last seen", d.Round(time.Second)))
	}
	spans, note := untilSuspended(spans)
	billed := bill(spans)
	if note != "" {
		c.Notes = append(c.Notes, note)
	}
	c.Billed, c.BilledPer1000 = &billed, per1000(billed, operations)
	return c
}

// SoFar is what has been billed up to the newest sample, of a run that goes on: Billed, or Why that is not known. It is nil
// when there is no sample of a warehouse.
func SoFar(samples []bench.TargetSample) *bench.Cost {
	spans := spansOf(samples)
	if len(spans) == 0 {
		return nil
	}
	last := spans[len(spans)-1].warehouse
	c := &bench.Cost{Warehouse: last.Name, Kind: kindOf(last)}
	for _, s := range spans {
		if why := Unknown(s.warehouse); why != "" {
			c.Why = why
			return c
		}
	}
	rate, _ := RateOf(last)
	c.RatesAsOf, c.CreditsPerHour, c.Billed = rate.AsOf, &rate.PerHour, new(bill(spans))
	return c
}

// Unknown says why the cost of a warehouse cannot be estimated, "" when it can.
func Unknown(w *bench.Warehouse) string {
	if _, ok := RateOf(w); ok {
		return ""
	}
	return "the rate of a warehouse of kind " + kindOf(w) + " is unknown"
}

// kindOf names what decides the rate.
func kindOf(w *bench.Warehouse) string {
	kind := strings.TrimSpace(w.Kind() + " " + w.Size)
	if g := w.Raw["generation"]; g != "" && g != "1" {
		kind += " generation " + g
	}
	return kind
}

func per1000(credits float64, operations int64) *float64 {
	if operations <= 0 {
		return nil
	}
	return new(1000 * credits / float64(operations))
}

// A span is a time in which a warehouse was as one sample says.
type span struct {
	from, to  time.Time
	warehouse *bench.Warehouse
	clusters  int
}

// credits is what so many clusters cost for a time at the span's rate.
func (s *span) credits(d time.Duration, clusters int) float64 {
	rate, _ := RateOf(s.warehouse)
	return float64(clusters) * d.Hours() * rate.PerHour
}

func spansOf(samples []bench.TargetSample) []span {
	var spans []span
	for i := range samples {
		w := samples[i].Warehouse
		if w == nil {
			continue
		}
		at := samples[i].At
		if n := len(spans); n > 0 {
			spans[n-1].to = at
			if stale := spans[n-1].from.Add(Stale); at.After(stale) {
				spans[n-1].to = stale
			}
		}
		spans = append(spans, span{from: at, to: at.Add(Stale), warehouse: w, clusters: clusters(w)})
	}
	return spans
}

// unseen is for how long no sample says how the warehouse was.
func unseen(spans []span) (d time.Duration) {
	for i := range spans[1:] {
		d += spans[i+1].from.Sub(spans[i].to)
	}
	return d
}

// clusters is how many of a warehouse are billed. Editions without multi-cluster warehouses do not count them.
func clusters(w *bench.Warehouse) int {
	if w.Started == 0 && strings.EqualFold(w.State, "STARTED") {
		return 1
	}
	return w.Started
}

func overlap(a, b, from, to time.Time) time.Duration {
	if a.Before(from) {
		a = from
	}
	if b.After(to) {
		b = to
	}
	return max(0, b.Sub(a))
}

// bill is what clusters cost from the first sample to the newest: each start of each cluster at least its minimum, but
// for those that ran before the first sample.
func bill(spans []span) (credits float64) {
	most := 0
	for _, s := range spans {
		most = max(most, s.clusters)
	}
	for k := 1; k <= most; k++ {
		var since *span // where the cluster started
		var ran time.Duration
		var cost float64
		end := func() {
			if since != nil && since != &spans[0] {
				if rate, _ := RateOf(since.warehouse); ran < rate.Minimum {
					cost += since.credits(rate.Minimum-ran, 1)
				}
			}
			credits += cost
			since, ran, cost = nil, 0, 0
		}
		for i := range spans {
			s := &spans[i]
			if s.clusters < k {
				end()
				continue
			}
			if since == nil {
				since = s
			}
			if i < len(spans)-1 { // the newest sample says only that it runs now
				d := spans[i+1].from.Sub(s.from)
				ran += d
				cost += s.credits(d, 1)
			}
		}
		end()
	}
	return credits
}

// untilSuspended adds what follows on the newest sample: all clusters but the least number end, the others run until the
// warehouse suspends itself.
func untilSuspended(spans []span) ([]span, string) {
	last := spans[len(spans)-1]
	if last.clusters == 0 {
		return spans, ""
	}
	seconds, err := strconv.Atoi(last.warehouse.Raw["auto_suspend"])
	switch {
	case err != nil:
		return spans, "when the warehouse suspends itself is not known: what it costs after the run is not in the estimate"
	case seconds <= 0:
		return spans, "the warehouse never suspends itself: what it costs after the run is not in the estimate"
	}
	idle, over := last, last
	idle.clusters = min(last.clusters, max(1, last.warehouse.MinClusters))
	over.clusters, over.from = 0, last.from.Add(time.Duration(seconds)*time.Second)
	return append(spans, idle, over), ""
}

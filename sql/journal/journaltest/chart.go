package journaltest

import (
	"context"
	"slices"
	"testing"
	"time"

	"bench/runtime/bench"
)

// charted is ten seconds of a run: three of WARMUP, then MEASUREMENT, with one in which nothing was done.
func charted(run string) *bench.Batch {
	b := &bench.Batch{}
	for i := range int64(10) {
		s := bench.Second{Run: run, Second: i, Phase: bench.PhaseMeasurement, At: NewRun(run).CreatedAt.Add(time.Duration(i) * time.Second),
			Workers: 1, Expected: 1, Gauges: bench.Gauges{Connections: 4, InFlight: int(i), OldestUS: 1000 * i, LagP99US: i}}
		if i < 3 {
			s.Phase = bench.PhaseWarmup
		}
		for n := range workloads {
			row := bench.SecondRow{Workload: n, Ledger: bench.Ledger{Planned: i + 1, Done: i, Failed: [bench.ErrorClasses]int64{1}}, P50US: 100 + i, P95US: 1000 - i, P99US: 5000, Response: []byte{byte(i), byte(n)}}
			if i == 0 {
				row.P50US, row.P95US, row.P99US, row.Response = 0, 0, 0, nil
			}
			s.Rows = append(s.Rows, row)
		}
		b.Seconds = append(b.Seconds, s)
	}
	return b
}

// A Charted is a store that thins the seconds of a run by itself, as those with SQL do.
type Charted interface {
	Store
	Chart(ctx context.Context, id, workload string, buckets int) (*bench.Chart, error)
	Histograms(ctx context.Context, id, workload string, each func(second int64, phase bench.Phase, hist []byte) error) error
}

// Chart holds charts to their contract: its rows are the sums of their seconds and keep the extremes, no row lies in two phases, and a second in which
// nothing was done has no latency.
func Chart(t *testing.T, s Charted) {
	created(t, s, "run-1")
	created(t, s, "run-2")
	write(t, s, charted("run-1"))
	write(t, s, charted("run-2"))

	c := must(s.Chart(t.Context(), "run-1", workloads[1], 3))(t)
	if c.Workload != workloads[1] || c.Width != 4 {
		t.Errorf("chart of %q in steps of %d", c.Workload, c.Width)
	}
	at := func(name string) (values []int64) {
		column := slices.Index(c.Columns, name)
		if column < 0 {
			t.Fatalf("no column %s in %v", name, c.Columns)
		}
		for _, row := range c.Rows {
			if row[column] == nil {
				values = append(values, -1)
			} else {
				values = append(values, *row[column])
			}
		}
		return values
	}
	for name, want := range map[string][]int64{
		"first_second": {0, 3, 4, 8}, "seconds": {3, 1, 4, 2}, "measured": {0, 1, 1, 1},
		"planned": {6, 4, 26, 19}, "done": {3, 3, 22, 17}, "done_min": {0, 3, 4, 8}, "done_max": {2, 3, 7, 9},
		"errors": {3, 1, 4, 2}, "errors_max": {1, 1, 1, 1},
		"p50_min_us": {101, 103, 104, 108}, "p50_max_us": {102, 103, 107, 109}, "p95_min_us": {998, 997, 993, 991}, "p95_max_us": {999, 997, 996, 992},
		"in_flight_min": {-1, -1, -1, -1}, // levels stand with all together
	} {
		if got := at(name); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	c = must(s.Chart(t.Context(), "run-1", workloads[1], 1000))(t)
	if got := at("p50_max_us"); len(got) != 10 || got[0] != -1 || got[9] != 109 {
		t.Errorf("second by second: %v", got)
	}
	if c := must(s.Chart(t.Context(), "nobody", "", 10))(t); len(c.Rows) != 0 || c.Rows == nil {
		t.Errorf("the chart of nobody has rows: %v", c.Rows)
	}

	var seen []int64
	err := s.Histograms(t.Context(), "run-1", workloads[1], func(second int64, phase bench.Phase, hist []byte) error {
		seen = append(seen, second)
		if len(hist) != 2 || int64(hist[0]) != second || hist[1] != 1 || (phase == bench.PhaseWarmup) != (second < 3) {
			t.Errorf("second %d of %s has %v", second, phase, hist)
		}
		return nil
	})
	if err != nil || !slices.Equal(seen, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("histograms of seconds %v: %v", seen, err)
	}
}

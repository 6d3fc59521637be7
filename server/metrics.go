package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bench/runtime/bench"
	"bench/server/tail"
)

// metrics are what GET /metrics shows. No label holds text of a user.
type metrics struct {
	registry *prometheus.Registry
	reports  *prometheus.CounterVec
	ingest   prometheus.Histogram
}

var everyStatus = []bench.Status{
	bench.StatusStarting, bench.StatusRunning, bench.StatusStopping, bench.StatusCancelling,
	bench.StatusCompleted, bench.StatusCancelled, bench.StatusFailed,
}

func newMetrics(hub *tail.Hub) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bench_reports_total", Help: "Reports of workers, by what became of them.",
		}, []string{"result"}),
		ingest: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bench_report_seconds", Help: "Time that it took to take in a report.",
			Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
	}
	m.reports.WithLabelValues("received") // both are there from the start: an absent series is no zero
	m.reports.WithLabelValues("refused")
	m.registry.MustRegister(m.reports, m.ingest, runs{hub}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "bench_stream_viewers", Help: "Viewers of live runs."},
			func() float64 { return float64(hub.Viewers()) }))
	return m
}

// report counts a report, and how long it took to take it in or refuse it.
func (m *metrics) report(took time.Duration, err error) {
	result := "received"
	if err != nil {
		result = "refused"
	}
	m.reports.WithLabelValues(result).Inc()
	m.ingest.Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// runs counts the runs of a hub by their status.
type runs struct{ hub *tail.Hub }

var runsDesc = prometheus.NewDesc("bench_runs", "Runs since the server started, by status.", []string{"status"}, nil)

// Describe implements prometheus.Collector.
func (runs) Describe(to chan<- *prometheus.Desc) { to <- runsDesc }

// Collect implements prometheus.Collector.
func (r runs) Collect(to chan<- prometheus.Metric) {
	counts := r.hub.Runs()
	for _, status := range everyStatus {
		to <- prometheus.MustNewConstMetric(runsDesc, prometheus.GaugeValue, float64(counts[status]), string(status))
	}
}

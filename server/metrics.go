package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bench/runtime/bench"
	"bench/server/api"
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

func newMetrics(hub *tail.Hub, replica func() *api.Replica) *metrics {
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
	if replica != nil {
		m.registry.MustRegister(replicas{replica})
	}
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

// replicas tells how the replica stands. Its numbers are of one instant.
type replicas struct{ now func() *api.Replica }

var (
	replicaConnected = prometheus.NewDesc("bench_replica_connected", "1 while the replica of the journal can be fed, else 0.", nil, nil)
	replicaLag       = prometheus.NewDesc("bench_replica_lag_seconds", "Age of the oldest row that was written to the journal and is not in the replica.", nil, nil)
	replicaBacklog   = prometheus.NewDesc("bench_replica_backlog_rows", "Rows that were written to the journal and are not in the replica.", nil, nil)
	replicaKept      = prometheus.NewDesc("bench_replica_warehouse_seconds_total", "Time for which feeding the replica kept a warehouse of Snowflake up.", []string{"warehouse"}, nil)
	replicaCredits   = prometheus.NewDesc("bench_replica_credits_total", "Estimate of the credits of that time, others who used the warehouse included.", []string{"warehouse"}, nil)
)

// Describe implements prometheus.Collector.
func (replicas) Describe(to chan<- *prometheus.Desc) {
	to <- replicaConnected
	to <- replicaLag
	to <- replicaBacklog
	to <- replicaKept
	to <- replicaCredits
}

// Collect implements prometheus.Collector.
func (r replicas) Collect(to chan<- prometheus.Metric) {
	now := r.now()
	connected := 0.0
	if now.State == api.ReplicaCurrent || now.State == api.ReplicaBehind {
		connected = 1
	}
	to <- prometheus.MustNewConstMetric(replicaConnected, prometheus.GaugeValue, connected)
	to <- prometheus.MustNewConstMetric(replicaLag, prometheus.GaugeValue, float64(now.LagMS)/1000)
	to <- prometheus.MustNewConstMetric(replicaBacklog, prometheus.GaugeValue, float64(now.BacklogRows))
	u := now.Upkeep
	if u == nil {
		return
	}
	to <- prometheus.MustNewConstMetric(replicaKept, prometheus.CounterValue, u.KeptSeconds, u.Warehouse)
	if u.Credits != nil {
		to <- prometheus.MustNewConstMetric(replicaCredits, prometheus.CounterValue, *u.Credits, u.Warehouse)
	}
}

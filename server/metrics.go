package server

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/server/tail"
)

// metrics are what GET /metrics shows, in the text format of Prometheus. No label holds text of a user.
type metrics struct {
	hub *tail.Hub

	mu                sync.Mutex
	received, refused int64
	ingest            [len(ingestBounds) + 1]int64 // reports by time; the last has those above all bounds
	ingestSum         float64
}

// ingestBounds are seconds.
var ingestBounds = [...]float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}

var everyStatus = []bench.Status{
	bench.StatusStarting, bench.StatusRunning, bench.StatusStopping, bench.StatusCancelling,
	bench.StatusCompleted, bench.StatusCancelled, bench.StatusFailed,
}

func newMetrics(hub *tail.Hub) *metrics { return &metrics{hub: hub} }

// report counts a report, and how long it took to take it in or refuse it.
func (m *metrics) report(took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.refused++
	} else {
		m.received++
	}
	bucket := 0
	for bucket < len(ingestBounds) && took.Seconds() > ingestBounds[bucket] {
		bucket++
	}
	m.ingest[bucket]++
	m.ingestSum += took.Seconds()
}

func (m *metrics) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(m.text()) // an error means that the scraper has gone
	})
}

func (m *metrics) text() []byte {
	var b bytes.Buffer
	describe := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	gauge := func(name, help string, value any) {
		describe(name, "gauge", help)
		fmt.Fprintf(&b, "%s %v\n", name, value)
	}

	describe("bench_runs", "gauge", "Runs since the server started, by status.")
	counts := m.hub.Runs()
	for _, status := range everyStatus {
		fmt.Fprintf(&b, "bench_runs{status=%q} %d\n", status, counts[status])
	}
	gauge("bench_stream_viewers", "Viewers of live runs.", m.hub.Viewers())
	gauge("go_goroutines", "Goroutines of the process.", runtime.NumGoroutine())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge("go_memstats_heap_alloc_bytes", "Bytes of heap in use.", memory.HeapAlloc)
	gauge("go_memstats_sys_bytes", "Bytes taken from the system.", memory.Sys)

	m.mu.Lock()
	defer m.mu.Unlock()
	describe("bench_reports_total", "counter", "Reports of workers, by what became of them.")
	fmt.Fprintf(&b, "bench_reports_total{result=\"received\"} %d\nbench_reports_total{result=\"refused\"} %d\n", m.received, m.refused)
	describe("bench_report_seconds", "histogram", "Time that it took to take in a report.")
	var n int64
	for i, bound := range ingestBounds {
		n += m.ingest[i]
		fmt.Fprintf(&b, "bench_report_seconds_bucket{le=\"%v\"} %d\n", bound, n)
	}
	n += m.ingest[len(ingestBounds)]
	fmt.Fprintf(&b, "bench_report_seconds_bucket{le=\"+Inf\"} %d\nbench_report_seconds_sum %v\nbench_report_seconds_count %d\n", n, m.ingestSum, n)
	return b.Bytes()
}

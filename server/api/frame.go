package api

import (
	"time"

	"bench/runtime/bench"
)

// Protocol is the WebSocket subprotocol of the stream, GET /api/runs/{run_id}/stream.
const Protocol = "bench.v1"

// A Frame is one message of the stream. T says which kind it is and so which fields are set; a reader passes over kinds
// that it does not know. Seq is per run and gap-free on the server, and is what ?since=EPOCH:SEQ resumes after.
//
//	hello  the first: Version, Epoch, Run, Workloads, Columns, GaugeColumns, Timeline, Resume, Replica; frames after Seq follow
//	d      one second: Phase, Second, TS, Rows, All, Gauges, Workers, Expected, Draining, Corrected, Excluded, Why, Journal,
//	       Replica
//	h      histogram of response times of one workload in one phase over [From, To] seconds: Phase, Workload, Histogram
//	ev     an event: Event
//	gap    d frames From..To of Seq were not sent: Why
//	end    the run ended: Final, Result, Exit
//
// An h frame replaces those earlier ones of its workload and phase whose seconds lie within its own: late reports
// correct it, and those of a long run are merged. The histograms that are not replaced add up to the whole.
//
// gap and hello are made for one viewer. A gap has no Seq; the Seq of a hello is where the viewer resumes, zero when it
// starts with what there is.
type Frame struct {
	T   string `json:"t"`
	Seq int64  `json:"seq,omitempty"`
	TS  int64  `json:"ts,omitempty"` // server's wall clock when the frame was made, Unix ms

	// hello
	Version      int             `json:"v,omitempty"`
	Epoch        string          `json:"ep,omitempty"`
	Run          *bench.Run      `json:"run,omitempty"` // with its plan, without its source text
	Workloads    []string        `json:"workloads,omitempty"`
	Columns      []string        `json:"cols,omitempty"`
	GaugeColumns []string        `json:"gauge_cols,omitempty"`
	Timeline     *bench.Timeline `json:"timeline,omitempty"`
	Resume       string          `json:"resume,omitempty"` // ok: after since; snapshot: from the start of the ring; ended: the run has ended, what there is follows after Seq

	// d
	Phase     bench.Phase    `json:"ph,omitempty"`
	Second    *int64         `json:"s,omitempty"`   // -1 before the first is over
	Rows      [][]int64      `json:"w,omitempty"`   // one per workload: the values of Columns
	All       []int64        `json:"all,omitempty"` // the same for all workloads in one, with merged percentiles
	Gauges    []int64        `json:"g,omitempty"`   // the values of GaugeColumns
	Workers   int            `json:"workers,omitempty"`
	Expected  int            `json:"expected,omitempty"`
	Draining  bool           `json:"draining,omitempty"`
	Corrected bool           `json:"corrected,omitempty"`
	Excluded  map[string]int `json:"excluded,omitempty"`
	Why       string         `json:"why,omitempty"`     // why there is nothing to show; of gap: slow, ring
	Journal   string         `json:"journal,omitempty"` // why the journal takes no writes

	// hello and d of a server that feeds a replica: how that stood when the frame was made
	Replica *Replica `json:"replica,omitempty"`

	// h
	Workload  *int   `json:"wl,omitempty"`
	From      int64  `json:"from,omitempty"`
	To        int64  `json:"to,omitempty"`
	Histogram []byte `json:"hist,omitempty"`

	// ev
	Event *bench.Event `json:"ev,omitempty"`

	// end
	Final  *bench.Run    `json:"final,omitempty"`
	Result *bench.Result `json:"result,omitempty"` // without histograms
	Exit   *int          `json:"exit,omitempty"`
}

// Columns of a d frame's rows, and of its gauges. Units are in the names; all values are whole numbers.
var (
	Columns      = []string{"w", "planned", "done", "errors", "retries", "rows", "p50_us", "p95_us", "p99_us", "max_us", "service_p50_us", "service_p99_us"}
	GaugeColumns = []string{"connections", "in_flight", "oldest_us", "lag_p99_us"}
)

// Columnar puts a second into the arrays of a d frame.
func Columnar(s *bench.Second) (rows [][]int64, all, gauges []int64) {
	for _, r := range s.Rows {
		row := []int64{int64(r.Workload), r.Planned, r.Done, r.Finished() - r.Done, r.Retries, r.Rows,
			r.P50US, r.P95US, r.P99US, r.MaxUS, r.ServiceP50US, r.ServiceP99US}
		if r.Workload < 0 {
			all = row
		} else {
			rows = append(rows, row)
		}
	}
	g := s.Gauges
	return rows, all, []int64{int64(g.Connections), int64(g.InFlight), g.OldestUS, g.LagP99US}
}

// Stamp is a time as a frame carries it.
func Stamp(t time.Time) int64 { return t.UnixMilli() }

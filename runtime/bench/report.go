package bench

import "time"

// A Report is what one worker did in one interval, about a second long and never across a phase change. (Run, Worker,
// Generation, Seq) identifies it: receiving it again changes nothing. Times are microseconds since t0 of the run on the
// server's time line; both are 0 in PREPARING, when there is no t0 yet.
type Report struct {
	Run        string `json:"run"`
	Worker     string `json:"worker"`
	Generation int64  `json:"generation"`
	Seq        int64  `json:"seq"` // from 1, gap-free
	Phase      Phase  `json:"phase"`
	FromUS     int64  `json:"from_us"`
	ToUS       int64  `json:"to_us"`
	MonoNS     int64  `json:"mono_ns"` // the host's CLOCK_MONOTONIC when the counters were cut

	Connections int   `json:"connections"` // active at the cut
	InFlight    int   `json:"in_flight"`
	OldestUS    int64 `json:"oldest_us"`  // age of the oldest operation in flight
	LagP50US    int64 `json:"lag_p50_us"` // generator lag: taken up minus due, over the interval
	LagP99US    int64 `json:"lag_p99_us"`
	LagMaxUS    int64 `json:"lag_max_us"`

	Deltas     []Delta     `json:"deltas,omitempty"`
	Executions []Execution `json:"executions,omitempty"`
	Unlisted   int64       `json:"unlisted,omitempty"` // errors beyond the bound that have no Execution

	Final  bool    `json:"final,omitempty"`  // the last report of this worker
	Totals []Delta `json:"totals,omitempty"` // of a final one: cumulative, equal to the sum of all its Deltas
}

// A Delta is what happened to one workload in one interval, to operations of one phase by their intended start.
type Delta struct {
	Workload int   `json:"workload"`
	OpPhase  Phase `json:"op_phase"`
	Ledger
	Retries  int64  `json:"retries,omitempty"`
	Rows     int64  `json:"rows,omitempty"`
	Response []byte `json:"response,omitempty"` // histogram of done operations (stats.Hist), from the intended start
	Service  []byte `json:"service,omitempty"`  // histogram of done operations, from the first statement sent
	Censored []byte `json:"ages,omitempty"`     // histogram of the ages of censored operations
}

// An Execution is one operation told in full: every error up to a bound, the slowest, and a seeded sample.
type Execution struct {
	Worker     string     `json:"worker"`
	Connection int        `json:"connection"`
	Number     int64      `json:"number"`
	Workload   int        `json:"workload"`
	OpPhase    Phase      `json:"op_phase"`
	Why        string     `json:"why"` // error, slow, sample
	QueryID    string     `json:"query_id,omitempty"`
	IntendedUS int64      `json:"intended_us"`
	TakenUpUS  int64      `json:"taken_up_us"`
	SentUS     int64      `json:"sent_us"`
	FirstRowUS int64      `json:"first_row_us"`
	DoneUS     int64      `json:"done_us"`
	Outcome    string     `json:"outcome"`
	Class      ErrorClass `json:"class"`
	Code       string     `json:"code,omitempty"`
	Error      string     `json:"error,omitempty"`
	Attempts   int        `json:"attempts"`
	Rows       int64      `json:"rows"`

	Server *ServerTiming `json:"server,omitempty"` // of the last statement, once the target was asked
}

// A Snapshot is a Report as the server took it in.
type Snapshot struct {
	Report
	ReceivedAt time.Time `json:"received_at"`
	Timestamp  time.Time `json:"timestamp"`          // ToUS on the server's wall clock
	Excluded   string    `json:"excluded,omitempty"` // why it is not in the aggregate; empty when it is

	// Percentiles of done operations in the interval, over workloads, in microseconds.
	P50US, P95US, P99US, MaxUS int64 `json:"-"`
}

// ReportAck answers a report. A worker keeps what is above Durable, and sends it again when Received falls behind. A FINAL
// is answered when it is durable, or when that takes too long.
type ReportAck struct {
	Received int64 `json:"received_seq"`
	Durable  int64 `json:"durable_seq"`
}

// A Second is one second of a run merged over its workers: what charts and most checks read.
type Second struct {
	Run      string         `json:"run"`
	Second   int64          `json:"second"` // from t0; -1 while there is none yet
	Phase    Phase          `json:"phase"`
	At       time.Time      `json:"at"`       // its end on the server's clock
	Workers  int            `json:"workers"`  // that reported it
	Expected int            `json:"expected"` // that should have
	Rows     []SecondRow    `json:"rows"`
	Gauges   Gauges         `json:"gauges"`
	Draining bool           `json:"draining,omitempty"`
	Excluded map[string]int `json:"excluded,omitempty"` // reports left out, by reason
	Why      string         `json:"why,omitempty"`      // why there is nothing to show
}

// A Chart is the seconds of one workload, thinned to what a screen can show: each row is a bucket of at most Width adjacent
// seconds of one phase, the values of Columns; nil is none. first_second and seconds say which it covers, measured is 1 in
// MEASUREMENT and 0 before it. Other columns are sums, or with _min and _max the smallest and the largest second of the
// bucket; units are in the names.
type Chart struct {
	Workload string     `json:"workload"` // "" is all in one
	Width    int64      `json:"width"`
	Columns  []string   `json:"columns"`
	Rows     [][]*int64 `json:"rows"`
}

// Gauges are the levels at the end of a second, summed over workers except where a maximum makes sense.
type Gauges struct {
	Connections int   `json:"connections"`
	InFlight    int   `json:"in_flight"`
	OldestUS    int64 `json:"oldest_us"`  // maximum
	LagP99US    int64 `json:"lag_p99_us"` // maximum
}

// A SecondRow is one workload in one second. Latencies are of operations that were done in it, in microseconds.
type SecondRow struct {
	Workload int `json:"workload"` // index in the plan; -1 is all in one, with merged percentiles, where a second was stored
	Ledger
	Retries      int64  `json:"retries"`
	Rows         int64  `json:"rows"`
	P50US        int64  `json:"p50_us"`
	P95US        int64  `json:"p95_us"`
	P99US        int64  `json:"p99_us"`
	MaxUS        int64  `json:"max_us"`
	ServiceP50US int64  `json:"service_p50_us"`
	ServiceP99US int64  `json:"service_p99_us"`
	Response     []byte `json:"response,omitempty"` // histogram
	Service      []byte `json:"service,omitempty"`
}

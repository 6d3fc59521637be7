package bench

import "time"

// A Run is a row of RUN_STATUS.
type Run struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Labels   map[string]string `json:"labels,omitempty"`
	PlanHash string            `json:"plan_hash"`
	Plan     *Plan             `json:"plan,omitempty"` // only where a single run is asked for
	State
	Desired    Desired  `json:"desired"`
	StopReason Reason   `json:"stop_reason,omitempty"`
	StopDetail string   `json:"stop_detail,omitempty"`
	Verdict    Verdict  `json:"verdict,omitempty"`
	Validity   Validity `json:"validity,omitempty"`

	WarmupSeconds   float64    `json:"warmup_seconds"`
	DurationSeconds float64    `json:"duration_seconds"`
	CreatedAt       time.Time  `json:"created_at"`
	StartTime       *time.Time `json:"start_time,omitempty"` // t0; nil in PREPARING
	WarmupEnd       *time.Time `json:"warmup_end_time,omitempty"`
	MeasurementEnd  *time.Time `json:"measurement_end_time,omitempty"`
	EndTime         *time.Time `json:"end_time,omitempty"`

	Owner        string `json:"owner"` // which server drives it
	Epoch        int64  `json:"epoch"`
	NextSequence int64  `json:"next_sequence"`

	WorkersExpected  int   `json:"workers_expected"`
	WorkersReady     int   `json:"workers_ready"`
	WorkersActive    int   `json:"workers_active"`
	WorkersCompleted int   `json:"workers_completed"`
	TotalOperations  int64 `json:"total_operations"` // finished operations of MEASUREMENT
	TotalErrors      int64 `json:"total_errors"`

	Waiting string    `json:"waiting,omitempty"` // live only: what the run waits for, in words
	AsOf    time.Time `json:"as_of"`             // when this was true
}

// Totals are the counters of RUN_STATUS, refreshed with every batch.
type Totals struct {
	Run                                                            string
	WorkersExpected, WorkersReady, WorkersActive, WorkersCompleted int
	TotalOperations, TotalErrors                                   int64
}

// A Batch is what the engine writes to its store in one transaction. Every part is idempotent by its key.
type Batch struct {
	Workers     []Worker
	Snapshots   []Snapshot
	Seconds     []Second
	Results     []Result
	Logs        []LogLine
	Environment []Fact
	Totals      []Totals
	Findings    []Finding
	Samples     []TargetSample
	Enrichments []Enrichment
	Timings     []Timing // after the executions that they belong to
}

// Empty reports whether there is nothing to write.
func (b *Batch) Empty() bool {
	return len(b.Workers)+len(b.Snapshots)+len(b.Seconds)+len(b.Results)+len(b.Logs)+len(b.Environment)+len(b.Totals)+
		len(b.Findings)+len(b.Samples)+len(b.Enrichments)+len(b.Timings) == 0
}

// A Fact is a row of RUN_ENVIRONMENT: something about where the run ran that a reader of its numbers may need.
type Fact struct {
	Run    string `json:"run"`
	Source string `json:"source"` // server, target, or a worker's name
	Name   string `json:"name"`   // version, hardware.cpus, round_trip_us, …
	Value  string `json:"value"`
}

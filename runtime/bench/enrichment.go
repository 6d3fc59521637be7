package bench

import "time"

// An Enrichment is what the target itself says about a run, held against what the workers measured. The workers stay the
// source of truth: an enrichment explains their numbers and never changes them.
type Enrichment struct {
	Run    string           `json:"run"`
	Status EnrichmentStatus `json:"status"`
	Reason EnrichmentReason `json:"reason,omitempty"` // why it is not COMPLETE
	Detail string           `json:"detail,omitempty"` // the same as a sentence
	Source string           `json:"source,omitempty"` // where the target keeps it: pg_stat_statements, QUERY_HISTORY, …
	Pass   int              `json:"pass"`             // how often the target was asked for it, from 1
	At     time.Time        `json:"at"`               // when it was asked last

	Workloads []ServerSide `json:"workloads,omitempty"` // one per workload in the order of the plan, then all in one, named ""
	Waits     []WaitShare  `json:"waits,omitempty"`     // what the sessions of the run were at, over the samples of MEASUREMENT
	Samples   int64        `json:"samples,omitempty"`   // how many samples that rests on
	Others    *int64       `json:"others,omitempty"`    // statements of others on the same warehouse in the window; nil is not known
	Cost      *Cost        `json:"cost,omitempty"`
	Notes     []string     `json:"notes,omitempty"`
}

// All is what the target says about all workloads together; nil when it says nothing.
func (e *Enrichment) All() *ServerSide {
	if len(e.Workloads) == 0 {
		return nil
	}
	return &e.Workloads[len(e.Workloads)-1]
}

// An EnrichmentStatus says how far an enrichment came.
type EnrichmentStatus string

// The statuses of an enrichment.
const (
	EnrichmentPending    EnrichmentStatus = "PENDING"    // it goes on
	EnrichmentComplete   EnrichmentStatus = "COMPLETE"   // everything that can come has come
	EnrichmentIncomplete EnrichmentStatus = "INCOMPLETE" // more may be had later, by bench enrich
	EnrichmentSkipped    EnrichmentStatus = "SKIPPED"    // the target was not asked, or keeps no record
	EnrichmentFailed     EnrichmentStatus = "FAILED"     // the target was asked and did not answer
)

// An EnrichmentReason is the machine code of why an enrichment is not COMPLETE.
type EnrichmentReason string

// The reasons.
const (
	EnrichmentCredentialsGone EnrichmentReason = "credentials_gone" // a secret was known only to a server that is gone
	EnrichmentDeadline        EnrichmentReason = "deadline"         // the deadline passed
	EnrichmentInterrupted     EnrichmentReason = "interrupted"      // the server was told to end
	EnrichmentCancelled       EnrichmentReason = "cancelled"        // a person asked for its end
	EnrichmentNoRecord        EnrichmentReason = "no_record"        // the target keeps none: Detail says what to install or grant
	EnrichmentLate            EnrichmentReason = "late"             // the target publishes the rest later
	EnrichmentError           EnrichmentReason = "error"            // the target said no, or nothing
)

// A ServerSide is one workload as the target saw it.
type ServerSide struct {
	Workload   string  `json:"workload"`
	Statements int64   `json:"statements"` // that the workload's done operations of MEASUREMENT sent, by the plan
	Coverage   float64 `json:"coverage"`   // share of these that the target tells of, from 0 to 1
	ServerSums
	Split *Split `json:"split,omitempty"` // nil when the coverage is too low for one
	Why   string `json:"why,omitempty"`   // why there is no split, or what is odd about the counts
}

// ServerSums is what a target counted for a number of statements: microseconds and counts, summed over them.
type ServerSums struct {
	Calls        int64   `json:"calls"` // statements that succeeded
	QueuedUS     float64 `json:"queued_us"`
	CompileUS    float64 `json:"compile_us"` // parsing and planning, as far as the target counts them
	ExecuteUS    float64 `json:"execute_us"`
	BlockedUS    float64 `json:"blocked_us"` // waiting for locks of others, where the target counts it apart from executing
	OtherUS      float64 `json:"other_us"`   // of the target's own total, beyond the parts above
	Rows         int64   `json:"rows"`
	BlocksHit    int64   `json:"blocks_hit,omitempty"`    // found in the target's cache
	BlocksRead   int64   `json:"blocks_read,omitempty"`   // fetched from below it
	BytesScanned int64   `json:"bytes_scanned,omitempty"` // of the target's storage
	Failed       int64   `json:"failed,omitempty"`        // statements that did not succeed, in none of the above
}

// TotalUS is the time of all statements inside the target, in microseconds.
func (s *ServerSums) TotalUS() float64 {
	return s.QueuedUS + s.CompileUS + s.ExecuteUS + s.BlockedUS + s.OtherUS
}

// Add adds other, sign times: 1 adds, -1 takes away.
func (s *ServerSums) Add(other *ServerSums, sign int) {
	n, x := int64(sign), float64(sign)
	s.Calls += n * other.Calls
	s.QueuedUS += x * other.QueuedUS
	s.CompileUS += x * other.CompileUS
	s.ExecuteUS += x * other.ExecuteUS
	s.BlockedUS += x * other.BlockedUS
	s.OtherUS += x * other.OtherUS
	s.Rows += n * other.Rows
	s.BlocksHit += n * other.BlocksHit
	s.BlocksRead += n * other.BlocksRead
	s.BytesScanned += n * other.BytesScanned
	s.Failed += n * other.Failed
}

// A Split is where the service time of the mean operation went, in microseconds. The parts add up to ServiceUS. Means
// only: parts of percentiles do not add up.
type Split struct {
	ServiceUS float64 `json:"service_us"` // as the workers measured it
	ClientUS  float64 `json:"client_us"`  // what the target does not account for: the network and the client
	QueuedUS  float64 `json:"queued_us"`
	CompileUS float64 `json:"compile_us"`
	ExecuteUS float64 `json:"execute_us"`
	BlockedUS float64 `json:"blocked_us"`
	OtherUS   float64 `json:"other_us"`
}

// ServerUS is the part inside the target.
func (s *Split) ServerUS() float64 {
	return s.QueuedUS + s.CompileUS + s.ExecuteUS + s.BlockedUS + s.OtherUS
}

// Counters is a reading of a target's cumulative counters of the plan's statements. The difference between two readings
// is what happened between them. It is the data of an [EventCounters].
type Counters struct {
	Moment  string    `json:"moment"` // before, after MEASUREMENT
	At      time.Time `json:"at"`
	Source  string    `json:"source"`
	Epoch   string    `json:"epoch,omitempty"`   // changes when the target resets or loses counters: the readings cannot be compared then
	Missing string    `json:"missing,omitempty"` // why there is no counter at all, and what to do about it
	List    []Counter `json:"list,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
}

// A Counter is the sums of one statement of the plan since the target began to count.
type Counter struct {
	Workload  int    `json:"workload"`      // index in Plan.Workloads
	Statement int    `json:"statement"`     // index in Workload.Statements
	Key       string `json:"key,omitempty"` // the target's name for the statement; the same statement in two workloads has one
	Why       string `json:"why,omitempty"` // why the statement has no counter
	ServerSums
}

// A Recalled is one statement as the target's history tells it. Times are microseconds.
type Recalled struct {
	QueryID   string
	Run       string // as its tag says, like the two below
	Phase     Phase
	Workload  string
	TotalUS   int64
	QueuedUS  int64
	CompileUS int64
	ExecuteUS int64
	BlockedUS int64
	Rows      int64
	Bytes     int64 // scanned
	Failed    bool
}

// A Timing is what the target says of an operation that was told in full; it is found by the id of its query.
type Timing struct {
	Run     string    `json:"run"`
	QueryID string    `json:"query_id"`
	At      time.Time `json:"at"` // when the target was asked
	ServerTiming
}

// A ServerTiming is one statement inside the target, in microseconds.
type ServerTiming struct {
	TotalUS   int64 `json:"total_us"`
	CompileUS int64 `json:"compile_us"`
	QueuedUS  int64 `json:"queued_us"`
	ExecuteUS int64 `json:"execute_us"`
	Bytes     int64 `json:"bytes_scanned"`
}

// A Cost is what a run cost, in credits. Estimates come from samples of the warehouse and dated rates; what the target
// itself metered stands apart and covers everybody who used the warehouse. Nil is not known.
type Cost struct {
	Warehouse      string   `json:"warehouse"`
	Kind           string   `json:"kind"` // "STANDARD X-Small"
	RatesAsOf      string   `json:"rates_as_of"`
	CreditsPerHour *float64 `json:"credits_per_hour,omitempty"` // of one cluster
	ClusterSeconds float64  `json:"cluster_seconds"`            // clusters that ran, times seconds, within MEASUREMENT
	Steady         *float64 `json:"steady_credits,omitempty"`   // ClusterSeconds at the rate
	SteadyPer1000  *float64 `json:"steady_credits_per_1000_operations,omitempty"`
	Billed         *float64 `json:"billed_credits,omitempty"` // from resume to suspend, with the minimum for each start of each cluster
	BilledPer1000  *float64 `json:"billed_credits_per_1000_operations,omitempty"`
	Metered        *float64 `json:"metered_credits,omitempty"` // by the target's own metering, of whole hours
	Why            string   `json:"why,omitempty"`             // why an estimate is not known
	Notes          []string `json:"notes,omitempty"`
}

// A Recollection is what came with the rows of a target's history.
type Recollection struct {
	Source  string
	Sums    []RecalledSums // of statements that have no row of their own
	Others  *int64         // statements of others on the same warehouse; nil is not known
	Metered *float64       // credits by the target's own metering; nil is not known yet
	Later   string         // what may come later than any deadline, and when; "" when this is all that can come
	Notes   []string
}

// A RecalledSums is the sums of statements with one tag.
type RecalledSums struct {
	Run      string
	Phase    Phase
	Workload string
	ServerSums
}

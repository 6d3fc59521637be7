package bench

// A Verdict says whether what was asked for holds. There is no pass without evidence.
type Verdict string

// The verdicts.
const (
	VerdictPass         Verdict = "pass"
	VerdictFail         Verdict = "fail"
	VerdictUndetermined Verdict = "undetermined"
)

// Worse is the verdict of two taken together: fail beats undetermined beats pass.
func (v Verdict) Worse(w Verdict) Verdict {
	for _, x := range []Verdict{VerdictFail, VerdictUndetermined} {
		if v == x || w == x {
			return x
		}
	}
	return VerdictPass
}

// Validity says whether the numbers can be believed at all, whatever they are.
type Validity string

// The validities.
const (
	Valid   Validity = "VALID"
	Suspect Validity = "SUSPECT" // believe with care: its Notes say why
	Invalid Validity = "INVALID" // the run's SLOs are undetermined
)

// A Result is what a run measured: operations whose intended start lay in MEASUREMENT.
type Result struct {
	Run       string           `json:"run"`
	Partial   bool             `json:"partial"`   // the window was cut short, or a worker's counts are missing
	WindowUS  int64            `json:"window_us"` // length of the window that was really measured
	Workloads []WorkloadResult `json:"workloads"` // one per workload in the order of the plan, then all in one, named ""
	SLOs      []SLOResult      `json:"slos,omitempty"`
	Verdict   Verdict          `json:"verdict"`
	Validity  Validity         `json:"validity"`
	Notes     []string         `json:"notes,omitempty"` // why it is not VALID, and other things to know
}

// All is the result over all workloads.
func (r *Result) All() *WorkloadResult { return &r.Workloads[len(r.Workloads)-1] }

// A WorkloadResult is the result of one workload.
type WorkloadResult struct {
	Workload string `json:"workload"`
	Ledger
	Throughput float64      `json:"throughput_ops"` // operations that were meant to start and were done within the window, per second of it
	Response   Latency      `json:"response"`
	Service    Latency      `json:"service"`
	Errors     []ErrorCount `json:"errors,omitempty"`
	Retries    int64        `json:"retries"`
	Rows       int64        `json:"rows"`

	ResponseHist []byte `json:"response_histogram,omitempty"`
	ServiceHist  []byte `json:"service_histogram,omitempty"`
	CensoredHist []byte `json:"censored_histogram,omitempty"`
}

// A Latency summarises a histogram in microseconds. It covers done operations; in the response time, operations censored
// at the end stand with their age, and AtLeast names what is therefore only a lower bound.
type Latency struct {
	N       int64    `json:"n"`
	MeanUS  float64  `json:"mean_us"`
	P50US   int64    `json:"p50_us"`
	P90US   int64    `json:"p90_us"`
	P95US   int64    `json:"p95_us"`
	P99US   int64    `json:"p99_us"`
	P999US  int64    `json:"p999_us"`
	MaxUS   int64    `json:"max_us"`
	AtLeast []string `json:"at_least,omitempty"` // "mean", "p99", "p99.9", "max"
}

// An ErrorCount is how often a class of error ended an operation, with one example.
type ErrorCount struct {
	Class   ErrorClass `json:"class"`
	Count   int64      `json:"count"`
	Example string     `json:"example,omitempty"`
}

// An SLOResult is the verdict on one SLO for one workload.
type SLOResult struct {
	Name     string   `json:"name"`
	Workload string   `json:"workload"` // "" is all in one
	Metric   string   `json:"metric"`
	Max      *float64 `json:"max,omitempty"`
	Min      *float64 `json:"min,omitempty"`
	Value    *float64 `json:"value,omitempty"`  // nil when there is none
	Margin   *float64 `json:"margin,omitempty"` // distance to the limit as a share of it; negative when failed
	N        int64    `json:"n"`                // operations that the value rests on
	Verdict  Verdict  `json:"verdict"`
	Why      string   `json:"why,omitempty"` // of undetermined
}

package bench

import (
	"encoding/json"
	"time"
)

// A Finding is a row of DOCTOR_FINDINGS: what a check came to while a run went on.
type Finding struct {
	Run        string          `json:"run"`
	CheckedAt  time.Time       `json:"checked_at"`
	Code       string          `json:"code"`
	Subject    string          `json:"subject,omitempty"` // a worker, a workload; "" is the run
	Phase      Phase           `json:"phase"`
	Title      string          `json:"title"`
	Step       string          `json:"step"`
	Severity   string          `json:"severity"` // info, warn, error
	Outcome    string          `json:"outcome"`  // pass, warn, fail
	Reason     string          `json:"reason"`
	Remedy     string          `json:"remedy,omitempty"`
	Runbook    string          `json:"runbook,omitempty"`
	Evidence   json.RawMessage `json:"evidence,omitempty"` // the row behind it
	DurationMS float64         `json:"duration_ms"`
}

// A CheckChange is the data of an EventCheck.
type CheckChange struct {
	Code    string `json:"code"`
	Outcome string `json:"outcome"`
	Subject string `json:"subject,omitempty"`
	Reason  string `json:"reason"`
}

package bench

// A Live is how a run stands inside the server that drives it, as rows for whoever diagnoses it: what only memory knows.
// Durations are seconds or milliseconds, as the names say. Nothing in it waits for a database.
type Live struct {
	Owner   []LiveOwner  `json:"owner"`   // one
	Run     []LiveRun    `json:"run"`     // one; none when the owner is held up, and cannot say
	Workers []LiveWorker `json:"workers"` // by slot
	Plane   []LivePlane  `json:"plane"`   // one
	Viewers []LiveViewer `json:"viewers"` // one
	Journal []LiveStore  `json:"journal"` // one
	Replica []LiveStore  `json:"replica"` // one for each replica that is fed
}

// A LiveOwner is who drives the run.
type LiveOwner struct {
	Owner  string  `json:"owner"`
	OwnerS float64 `json:"owner_s"` // since its goroutine last turned round; much is a run that is held up
}

// A LiveRun is the run as a whole.
type LiveRun struct {
	Status      Status  `json:"status"`
	Phase       Phase   `json:"phase"`
	Desired     Desired `json:"desired"`
	PhaseS      float64 `json:"phase_s"`   // since the phase began; before the start since the run was created
	LimitS      float64 `json:"limit_s"`   // how long the phase is to last; 0 is not known
	OverdueS    float64 `json:"overdue_s"` // since the deadline that the run waits for passed; below 0 ahead of it; 0 without one
	Waiting     string  `json:"waiting"`   // what it waits for, in words
	Expected    int     `json:"expected"`  // workers
	Ready       int     `json:"ready"`
	Armed       int     `json:"armed"`     // workers that acknowledged the newest start
	Attempt     int     `json:"attempt"`   // of the start; 0 before it is written
	ReadyS      float64 `json:"ready_s"`   // since the last worker became ready; below 0 before
	QPS         float64 `json:"qps"`       // operations done in the newest second that was told
	Why         string  `json:"why"`       // why it is 0
	Second      int64   `json:"second"`    // its number; -1 before the first
	SettleMS    float64 `json:"settle_ms"` // from its end until it was told
	Reporting   int     `json:"reporting"` // workers in it
	Planned     int64   `json:"planned"`   // operations since the start, all workers
	Done        int64   `json:"done"`
	Failed      int64   `json:"failed"`
	InFlight    int     `json:"in_flight"`
	OldestS     float64 `json:"oldest_s"`  // in flight
	IdleS       float64 `json:"idle_s"`    // since an operation was last done, or since the start; below 0 before it
	LongestS    float64 `json:"longest_s"` // longest response time so far
	FirstError  string  `json:"first_error"`
	Reports     int64   `json:"reports"`      // received since the start, all workers
	DataS       float64 `json:"data_s"`       // since the newest was received; below 0 before the first
	Recent      int64   `json:"recent"`       // reports received in the last ten seconds of load
	Excluded    int64   `json:"excluded"`     // those of them that are not in the aggregate
	ExcludedWhy string  `json:"excluded_why"` // the most frequent reason
}

// A LiveWorker is one worker.
type LiveWorker struct {
	Worker       string       `json:"worker"`
	Generation   int64        `json:"generation"`
	Host         string       `json:"host"`
	PID          int          `json:"pid"`
	Status       WorkerStatus `json:"status"`
	Phase        Phase        `json:"phase"`
	Stage        Stage        `json:"stage"`
	StageS       float64      `json:"stage_s"` // how long it has been at it
	HeardS       float64      `json:"heard_s"` // since it was last heard
	Ready        bool         `json:"ready"`
	Told         int64        `json:"told"`  // sequence of the newest event handed to it
	Acked        int64        `json:"acked"` // of the newest that it obeyed
	Start        int64        `json:"start"` // of the newest start; 0 before there is one
	Armed        bool         `json:"armed"` // for it
	Connections  int          `json:"connections"`
	Active       int          `json:"active"` // connections that were due at its newest report; -1 before it
	Planned      int64        `json:"planned"`
	Done         int64        `json:"done"`
	Failed       int64        `json:"failed"`
	InFlight     int          `json:"in_flight"`
	OldestS      float64      `json:"oldest_s"`
	Reports      int64        `json:"reports"`     // received
	ReportS      float64      `json:"report_s"`    // since the newest was received; below 0 before the first
	LagMS        float64      `json:"lag_ms"`      // from the end of its interval until it was received
	PaceLagMS    float64      `json:"pace_lag_ms"` // p99 of how late its operations were taken up, in its newest report
	Unstored     int64        `json:"unstored"`    // reports received and not durable yet
	Refused      int64        `json:"refused"`
	ClockMS      float64      `json:"clock_ms"`       // its time since t0 minus the server's, at its last heartbeat
	ClockErrorMS float64      `json:"clock_error_ms"` // bound of the error of its clock's offset
	CPUPercent   float64      `json:"cpu_percent"`    // of one core
	Errors       int64        `json:"errors"`
	LastError    string       `json:"last_error"`
	Fatal        Reason       `json:"fatal"`
	Final        bool         `json:"final"`
}

// A LivePlane is what became of the reports of a run's workers.
type LivePlane struct {
	Received   int64   `json:"received"`
	Refused    int64   `json:"refused"`
	RefusedS   float64 `json:"refused_s"`   // since the last was refused; below 0 when none was
	RefusedWhy string  `json:"refused_why"` // reasons with counts, the most frequent first
	Written    int64   `json:"written"`     // sequence of the newest event
	Delivered  int64   `json:"delivered"`   // of the newest that every live worker was handed
}

// A LiveViewer is the audience of a run's stream.
type LiveViewer struct {
	Viewers int     `json:"viewers"`
	Behind  int     `json:"behind"`   // d frames that the slowest has not read
	BehindS float64 `json:"behind_s"` // age of the oldest of them
	Gaps    int     `json:"gaps"`     // how often a viewer that is there was told of frames that it will not get
}

// A LiveStore is a place that a run is written to: the journal, or a replica.
type LiveStore struct {
	Name     string  `json:"name"`
	OK       bool    `json:"ok"`        // the last attempt worked
	Waiting  int64   `json:"waiting"`   // rows that wait to be written
	WaitingS float64 `json:"waiting_s"` // since the oldest of them
	FailingS float64 `json:"failing_s"` // since writing fails; 0 when it does not
	Error    string  `json:"error"`
}

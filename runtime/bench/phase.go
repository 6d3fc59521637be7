package bench

// A Phase is what a run does, as a person watching it would say it.
type Phase string

// The phases in the order in which a run passes through them.
const (
	PhasePreparing   Phase = "PREPARING"   // setup, pools and sessions; nothing is executed by workers
	PhaseWarmup      Phase = "WARMUP"      // workers execute; nothing counts for the result
	PhaseMeasurement Phase = "MEASUREMENT" // counters start from zero; this is the result
	PhaseProcessing  Phase = "PROCESSING"  // workers drain, then the result is computed
	PhaseCompleted   Phase = "COMPLETED"   // nothing more will change
)

// Aggregated reports whether reports of this phase enter the live aggregate: only WARMUP and MEASUREMENT do.
func (p Phase) Aggregated() bool { return p == PhaseWarmup || p == PhaseMeasurement }

// A Status is how a run stands, as its control plane would say it.
type Status string

// The statuses of a run. COMPLETED, CANCELLED and FAILED are terminal: they never change.
const (
	StatusStarting   Status = "STARTING"
	StatusRunning    Status = "RUNNING"
	StatusStopping   Status = "STOPPING"   // the plan came to its end, workers drain
	StatusCancelling Status = "CANCELLING" // the run ends before its plan does, workers drain or abort
	StatusCompleted  Status = "COMPLETED"
	StatusCancelled  Status = "CANCELLED"
	StatusFailed     Status = "FAILED"
)

// Terminal reports whether a run in this status has ended.
func (s Status) Terminal() bool {
	return s == StatusCompleted || s == StatusCancelled || s == StatusFailed
}

// Desired is what a person wants of a run. It is a column of its own, so that no stop is lost in a race with a phase
// change: anybody may raise it, and only the owner of the run acts on it.
type Desired string

// What can be wanted, each stronger than the one before.
const (
	DesiredRun   Desired = "run"
	DesiredStop  Desired = "stop"  // start nothing new, let what is in flight finish, keep the result
	DesiredAbort Desired = "abort" // also cancel what is in flight on the target
)

// Exceeds reports whether d asks for more than other does.
func (d Desired) Exceeds(other Desired) bool { return desiredRank[d] > desiredRank[other] }

var desiredRank = map[Desired]int{DesiredRun: 0, DesiredStop: 1, DesiredAbort: 2}

// A WorkerStatus is how a worker stands. The server sets STALE and DEAD, the worker itself all others.
type WorkerStatus string

// The statuses of a worker.
const (
	WorkerStarting     WorkerStatus = "STARTING"     // launched, nothing heard yet
	WorkerInitializing WorkerStatus = "INITIALIZING" // opens sessions, fills pools; its Stage says what it is at
	WorkerReady        WorkerStatus = "READY"
	WorkerRunning      WorkerStatus = "RUNNING"
	WorkerDraining     WorkerStatus = "DRAINING"
	WorkerCompleted    WorkerStatus = "COMPLETED" // its FINAL was sent
	WorkerStale        WorkerStatus = "STALE"     // silent for longer than it should be
	WorkerDead         WorkerStatus = "DEAD"      // silent for too long, or its process ended; its reports are refused
)

// A Stage is what a worker is doing while it gets ready, so that a person knows what a run waits for.
type Stage string

// The stages of a worker.
const (
	StageLaunch  Stage = "launch"            // the process was started and has not registered yet
	StageClock   Stage = "clock"             // measuring the offset to the server's clock
	StageLogin   Stage = "login"             // opening sessions
	StageSession Stage = "session setup"     // session parameters and init statements
	StagePrepare Stage = "prepare"           // preparing statements
	StagePool    Stage = "pool"              // filling parameter pools
	StageWait    Stage = "waiting for start" // READY
	StageLoad    Stage = "load"
	StageDrain   Stage = "drain"
	StageDone    Stage = "done"
)

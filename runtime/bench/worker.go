package bench

import "time"

// A Registration is the first thing that a worker says.
type Registration struct {
	Run      string `json:"run"`
	Slot     int    `json:"slot"`     // which of the fleet's workers it is, from 0
	Instance string `json:"instance"` // unique per process start; a new one in the same slot gets a new generation
	Host     string `json:"host"`
	PID      int    `json:"pid"`
	Version  string `json:"version"`
}

// An Assignment answers a registration: all that a worker needs to run alone.
type Assignment struct {
	Run        string            `json:"run"`
	Worker     string            `json:"worker"` // its name, "worker-0"
	Generation int64             `json:"generation"`
	Epoch      int64             `json:"epoch"` // of the server; a worker refuses events of an older one
	Slot       int               `json:"slot"`
	Workers    int               `json:"workers"`
	Plan       Plan              `json:"plan"`
	PlanHash   string            `json:"plan_hash"`
	Secrets    map[Secret]string `json:"secrets,omitempty"`
	NowNS      int64             `json:"now_ns"` // the server's monotonic clock
}

// A Heartbeat says that a worker lives and how it stands. It is sent each second, and at once when something changed.
type Heartbeat struct {
	Run         string       `json:"run"`
	Worker      string       `json:"worker"`
	Generation  int64        `json:"generation"`
	Number      int64        `json:"number,omitempty"` // of the generation's heartbeats, from 1; not stored
	Status      WorkerStatus `json:"status"`
	Phase       Phase        `json:"phase"`
	Stage       Stage        `json:"stage"`
	PlanHash    string       `json:"plan_hash,omitempty"` // with READY
	LastEvent   int64        `json:"last_event"`          // sequence of the newest event obeyed
	Armed       int          `json:"armed,omitempty"`     // attempt that it is armed for
	SinceT0US   int64        `json:"since_t0_us,omitempty"`
	Connections int          `json:"connections"`
	Exhausted   bool         `json:"exhausted,omitempty"` // its share of the iterations is done
	ErrorCount  int64        `json:"error_count"`
	LastError   string       `json:"last_error,omitempty"`
	Fatal       Reason       `json:"fatal,omitempty"` // it gives up, for this reason; LastError says more
	OffsetNS    int64        `json:"offset_ns"`       // server's monotonic clock minus the worker's; once armed, as t0 rests on it
	ErrorNS     int64        `json:"error_ns"`        // bound of the offset's error: round trip / 2, and ClockDriftPPM since then
	Facts       []Fact       `json:"facts,omitempty"` // about the target and the host, with READY
	CPUPercent  float64      `json:"cpu_percent"`     // of one core
	MemoryBytes int64        `json:"memory_bytes"`
}

// ClockDriftPPM is how fast the monotonic clocks of a worker and of the server may part, in millionths of the time that
// passes: what two crystals that are 100 ppm off in opposite directions come to.
const ClockDriftPPM = 200

// A HeartbeatAck answers a heartbeat.
type HeartbeatAck struct {
	NowNS int64 `json:"now_ns"` // the server's monotonic clock when the heartbeat arrived
	Epoch int64 `json:"epoch"`
	// Durable is the newest report of the worker that is stored for good, with all before it.
	Durable int64 `json:"durable_seq"`
}

// A Worker is a row of WORKER_HEARTBEATS.
type Worker struct {
	Heartbeat
	Slot          int        `json:"slot"`
	Host          string     `json:"host,omitempty"`
	PID           int        `json:"pid,omitempty"`
	LastHeartbeat time.Time  `json:"last_heartbeat"`
	ReadyAt       *time.Time `json:"ready_at,omitempty"`
	LastSeq       int64      `json:"last_seq"` // newest report received
	Final         bool       `json:"final"`    // its FINAL was received
}

// A LogLine is a row of RUN_LOGS.
type LogLine struct {
	Run     string    `json:"run"`
	At      time.Time `json:"at"`
	Source  string    `json:"source"` // server, or a worker's name
	Level   string    `json:"level"`
	Message string    `json:"message"`
}

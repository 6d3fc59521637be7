package bench

import (
	"encoding/json"
	"time"
)

// An Event is a row of RUN_CONTROL_EVENTS: what the control plane decided, numbered without gaps within its run.
// Workers obey ARM, STOP and ABORT and pass over the others.
type Event struct {
	Run         string          `json:"run"`
	Sequence    int64           `json:"sequence"`
	Epoch       int64           `json:"epoch"`
	Type        EventType       `json:"type"`
	Data        json.RawMessage `json:"data,omitempty"`
	Message     string          `json:"message"`  // the sentence a person reads
	Severity    string          `json:"severity"` // info, warn, error
	EffectiveAt time.Time       `json:"effective_at"`
	CreatedAt   time.Time       `json:"created_at"`
}

// An EventType says what an Event is about.
type EventType string

// The types of events.
const (
	EventCreated  EventType = "CREATED"
	EventPhase    EventType = "PHASE"  // Data is a State
	EventArm      EventType = "ARM"    // Data is an Arm
	EventStop     EventType = "STOP"   // start nothing new, drain
	EventAbort    EventType = "ABORT"  // cancel what is in flight
	EventWorker   EventType = "WORKER" // a worker became ready, stale, dead, … ; Data is a WorkerChange
	EventGuard    EventType = "GUARD"
	EventCheck    EventType = "CHECK"    // a check of the doctor began to fail, or is over; Data is a CheckChange
	EventDesired  EventType = "DESIRED"  // somebody asked for a stop
	EventCounters EventType = "COUNTERS" // the target's counters were read; Data is a Counters
	EventTarget   EventType = "TARGET"   // the target changed its shape or cannot be watched; Data is a Warehouse, or nothing
	EventEnd      EventType = "END"      // the run is terminal
)

// An Arm tells workers when to start.
type Arm struct {
	Attempt  int      `json:"attempt"`
	T0NS     int64    `json:"t0_ns"` // on the server's monotonic clock, see HeartbeatAck.NowNS
	Timeline Timeline `json:"timeline"`
	Standing bool     `json:"standing,omitempty"` // some may have begun by it: whoever has not joins them while WARMUP lasts
}

// A Timeline is when the phases of a run begin and end. It is stored before it is sent, and never moved.
type Timeline struct {
	T0       time.Time `json:"t0"`        // on the server's wall clock, for display
	WarmupUS int64     `json:"warmup_us"` // end of WARMUP, from t0
	EndUS    int64     `json:"end_us"`    // end of MEASUREMENT, from t0; zero when iterations decide
}

// At is the phase in force at a time since t0.
func (t Timeline) At(us int64) Phase {
	switch {
	case us < 0:
		return PhasePreparing
	case us < t.WarmupUS:
		return PhaseWarmup
	case t.EndUS == 0 || us < t.EndUS:
		return PhaseMeasurement
	default:
		return PhaseProcessing
	}
}

// A WorkerChange is the data of an EventWorker.
type WorkerChange struct {
	Worker string       `json:"worker"`
	Status WorkerStatus `json:"status"`
	Stage  Stage        `json:"stage,omitempty"`
	Error  string       `json:"error,omitempty"`
}

// Second numbers the seconds of a run for a time since t0. They are counted from the start of each phase, so that none
// lies in two: a warmup that ends within a second makes that second a short one.
func (t Timeline) Second(us int64) int64 {
	if us < t.WarmupUS {
		return us / 1e6
	}
	return (t.WarmupUS+1e6-1)/1e6 + (us-t.WarmupUS)/1e6
}

// FirstCut is where workers cut a first report, in microseconds since t0: it tells that the load has begun, long before the
// first second is over, and counts for that second like the report of the rest.
const FirstCut = 250_000

// NextCut is the end of the second that a time since t0 lies in: where workers cut their reports.
func (t Timeline) NextCut(us int64) int64 {
	if us < t.WarmupUS {
		return min((us/1e6+1)*1e6, t.WarmupUS)
	}
	next := t.WarmupUS + ((us-t.WarmupUS)/1e6+1)*1e6
	if us < t.EndUS {
		next = min(next, t.EndUS)
	}
	return next
}

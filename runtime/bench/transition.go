package bench

import (
	"fmt"
	"slices"
	"time"
)

// A State is the pair that the transition table is about.
type State struct {
	Status Status `json:"status"`
	Phase  Phase  `json:"phase"`
}

func (s State) String() string { return string(s.Status) + "/" + string(s.Phase) }

// Transitions says for every state which states may follow it. A state that is not a key is terminal or impossible.
var Transitions = map[State][]State{
	{StatusStarting, PhasePreparing}: {
		{StatusRunning, PhaseWarmup}, {StatusRunning, PhaseMeasurement},
		{StatusCancelling, PhasePreparing}, {StatusFailed, PhasePreparing},
	},
	{StatusRunning, PhaseWarmup}: {
		{StatusRunning, PhaseMeasurement},
		{StatusCancelling, PhaseWarmup}, {StatusFailed, PhaseWarmup},
	},
	{StatusRunning, PhaseMeasurement}: {
		{StatusStopping, PhaseProcessing},
		{StatusCancelling, PhaseMeasurement}, {StatusFailed, PhaseMeasurement},
	},
	{StatusStopping, PhaseProcessing}: {
		{StatusCompleted, PhaseProcessing},
		{StatusCancelling, PhaseProcessing}, {StatusFailed, PhaseProcessing},
	},
	{StatusCompleted, PhaseProcessing}: {{StatusCompleted, PhaseCompleted}},

	{StatusCancelling, PhasePreparing}:   {{StatusCancelled, PhasePreparing}, {StatusFailed, PhasePreparing}},
	{StatusCancelling, PhaseWarmup}:      {{StatusCancelled, PhaseWarmup}, {StatusFailed, PhaseWarmup}},
	{StatusCancelling, PhaseMeasurement}: {{StatusCancelled, PhaseMeasurement}, {StatusFailed, PhaseMeasurement}},
	{StatusCancelling, PhaseProcessing}:  {{StatusCancelled, PhaseProcessing}, {StatusFailed, PhaseProcessing}},
}

// Allowed reports whether the table has a way from one state to the other.
func Allowed(from, to State) bool { return slices.Contains(Transitions[from], to) }

// A Transition is one change of a run's state as the store must make it: a compare-and-set on (run, epoch, status,
// phase) that writes one control event with the next sequence number in the same transaction.
type Transition struct {
	Run      string
	Epoch    int64
	From, To State
	At       time.Time // when the change takes effect, on the server's clock
	Event    Event     // its Sequence and CreatedAt are given by the store

	// Set with the change, where not zero.
	Timeline   *Timeline // START_TIME, WARMUP_END_TIME, MEASUREMENT_END_TIME
	StopReason Reason
	StopDetail string
	Ended      bool // sets END_TIME to At
	Verdict    Verdict
	Validity   Validity
}

// A Conflict says that a compare-and-set found the run elsewhere: another owner, or a change that came first.
type Conflict struct {
	Run       string
	Want, Got State
	WantEpoch int64
	GotEpoch  int64
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("run %s is %v in epoch %d, not %v in epoch %d", c.Run, c.Got, c.GotEpoch, c.Want, c.WantEpoch)
}

package bench

import "time"

// An Executing is a statement of a run that a target says it executes. When that run has ended, nobody waits for it any more:
// it is an orphan.
type Executing struct {
	ID       string // as the target names it, so exactly that no later statement can be meant
	Run      string
	Workload string // "" where the target does not know
	Status   string // in the target's words
	Started  time.Time
}

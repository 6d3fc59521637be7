// Package journaltest is the contract of a store of runs, as tests that every implementation passes: what must be refused,
// what a race may not break, and that whatever was written is read back whole.
package journaltest

import (
	"context"
	"testing"

	"bench/runtime/bench"
)

// A Store is what the suite exercises: the engine's store and its history.
type Store interface {
	Create(ctx context.Context, run *bench.Run, first bench.Event) error
	Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error)
	Append(ctx context.Context, event bench.Event) (bench.Event, error)
	Desire(ctx context.Context, run string, desired bench.Desired) (bench.Desired, error)
	Write(ctx context.Context, batch *bench.Batch) error

	Runs(ctx context.Context, limit int, before string) ([]bench.Run, error)
	Run(ctx context.Context, id string) (*bench.Run, error)
	Events(ctx context.Context, id string, after int64) ([]bench.Event, error)
	Seconds(ctx context.Context, id string, from, to int64) ([]bench.Second, error)
	Chart(ctx context.Context, id, workload string, buckets int) (*bench.Chart, error)
	Histograms(ctx context.Context, id, workload string, each func(second int64, phase bench.Phase, hist []byte) error) error
	Workers(ctx context.Context, id string) ([]bench.Worker, error)
	Logs(ctx context.Context, id string) ([]bench.LogLine, error)
	Facts(ctx context.Context, id string) ([]bench.Fact, error)
	Executions(ctx context.Context, id string, limit int) ([]bench.Execution, error)
	Result(ctx context.Context, id string) (*bench.Result, error)
}

// Exercise runs the suite, its tests side by side. open gives each of them an empty store, and closes it by t.Cleanup.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"Create", create},
		{"CreateTwice", createTwice},
		{"Runs", runs},
		{"UnknownRun", unknownRun},

		{"Life", life},
		{"LoserIsTold", loserIsTold},
		{"StaleEpoch", staleEpoch},
		{"NotInTheTable", notInTheTable},
		{"TerminalIsFinal", terminalIsFinal},
		{"EventsHaveNoGaps", eventsHaveNoGaps},
		{"DesireOnlyRises", desireOnlyRises},
		{"DesireSurvivesARace", desireSurvivesARace},

		{"WriteAndRead", writeAndRead},
		{"WriteTwice", writeTwice},
		{"NewestWins", newestWins},
		{"BatchIsAtomic", batchIsAtomic},
		{"Chart", chart},
		{"ExecutionsInOrder", executionsInOrder},
		{"NoResultYet", noResultYet},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

package engine

import (
	"context"

	"bench/runtime/bench"
)

// Store is where the engine keeps runs; sql/journal implements it. Every method is one transaction that is durable when
// it returns nil. A lost compare-and-set is a *bench.Conflict, an unknown run [ErrNoRun].
type Store interface {
	// Create stores a new run and its first event, which gets sequence 1.
	Create(ctx context.Context, run *bench.Run, first bench.Event) error
	// Transition makes one change of state and returns the run after it and the event with its sequence.
	Transition(ctx context.Context, t bench.Transition) (*bench.Run, bench.Event, error)
	// Append stores an event that changes no state, if the epoch is still the run's, and gives it the next sequence.
	Append(ctx context.Context, event bench.Event) (bench.Event, error)
	// Takeover makes owner the owner of a run in a new epoch, whose number it returns with the run. Whoever owned it
	// before finds a *bench.Conflict from then on.
	Takeover(ctx context.Context, run, owner string) (*bench.Run, error)
	// Desire raises what is wanted of a run, if it is more than what is wanted already, and returns what is wanted now.
	Desire(ctx context.Context, run string, desired bench.Desired) (bench.Desired, error)
	// Write stores a batch; writing the same rows again changes nothing, but for those that may be corrected
	// (workers, seconds, totals, results: the newest wins).
	Write(ctx context.Context, batch *bench.Batch) error
}

// History reads runs, from the journal or a replica of it. Results and details of a running run are what was stored so far.
type History interface {
	Runs(ctx context.Context, limit int, before string) ([]bench.Run, error) // newest first, ids below before
	Run(ctx context.Context, id string) (*bench.Run, error)                  // with its Plan
	Events(ctx context.Context, id string, after int64) ([]bench.Event, error)
	Seconds(ctx context.Context, id string, from, to int64) ([]bench.Second, error) // from <= Second < to
	Workers(ctx context.Context, id string) ([]bench.Worker, error)
	Logs(ctx context.Context, id string) ([]bench.LogLine, error)
	Facts(ctx context.Context, id string) ([]bench.Fact, error)
	Executions(ctx context.Context, id string, limit int) ([]bench.Execution, error)
	Result(ctx context.Context, id string) (*bench.Result, error)         // ErrNoResult before there is one
	Samples(ctx context.Context, id string) ([]bench.TargetSample, error) // of the target, by time
	Enrichment(ctx context.Context, id string) (*bench.Enrichment, error) // ErrNoEnrichment before the target was asked
}

// Past is a History that a server can go on from.
type Past interface {
	History
	// Reports calls each for every stored report of a run, those of a worker in their order, without its Executions.
	Reports(ctx context.Context, id string, each func(*bench.Report) error) error
}

// Errors of stores and histories. errors.Is finds them by their code.
var (
	ErrNoRun    = &bench.Error{Code: bench.CodeRunNotFound}
	ErrNoResult = &bench.Error{Code: bench.CodeResultNotReady}

	ErrNoEnrichment = &bench.Error{Code: bench.CodeEnrichmentNotReady}
)

// Listener hears what happens to runs, in order and from one goroutine a run. It must not block.
type Listener interface {
	Started(run *bench.Run)                      // created; the run's Plan is set
	Event(event bench.Event)                     // stored before it is heard
	Second(second *bench.Second, corrected bool) // corrected: late reports changed a second that was heard before
	Ended(run *bench.Run, result *bench.Result)  // terminal; nothing more is heard of this run
}

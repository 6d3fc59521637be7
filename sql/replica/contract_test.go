package replica

import (
	"context"
	"testing"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
	"bench/sql/target/postgres/pgtest"
)

// TestContract writes to a journal and reads from its replica: the whole contract of a store holds across the two, and
// in the end all their rows are the same.
func TestContract(t *testing.T) {
	t.Parallel()
	journaltest.Exercise(t, func(t *testing.T) journaltest.Store { return newMirrored(t, pgtest.Start(t)) })
}

func TestChart(t *testing.T) {
	t.Parallel()
	journaltest.Chart(t, newMirrored(t, pgtest.Start(t)))
}

// newMirrored makes a journal and its replica, whose rows must be the same in the end.
func newMirrored(t *testing.T, dsn string) mirrored {
	t.Helper()
	w := newWorld(t, dsn, nil)
	w.flush() // makes the tables
	reader, err := OpenReader(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.flushAfterwards()
		w.same()
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	})
	return mirrored{w.journal, w, reader}
}

// flushAfterwards is flush when the context of the test has ended.
func (w *world) flushAfterwards() {
	if err := w.feeder.Flush(context.Background()); err != nil {
		w.t.Error(err)
	}
}

// A mirrored store reads from the replica, once it has been fed.
type mirrored struct {
	*journal.Journal
	world  *world
	reader *Reader
}

// fed is the replica with everything that was written before.
func (m mirrored) fed() *Reader {
	m.world.flush()
	return m.reader
}

func (m mirrored) Runs(ctx context.Context, limit int, before string) ([]bench.Run, error) {
	return m.fed().Runs(ctx, limit, before)
}

func (m mirrored) Run(ctx context.Context, id string) (*bench.Run, error) {
	return m.fed().Run(ctx, id)
}

func (m mirrored) Chart(ctx context.Context, id, workload string, buckets int) (*bench.Chart, error) {
	return m.fed().Chart(ctx, id, workload, buckets)
}

func (m mirrored) Histograms(ctx context.Context, id, workload string, each func(int64, bench.Phase, []byte) error) error {
	return m.fed().Histograms(ctx, id, workload, each)
}

func (m mirrored) Events(ctx context.Context, id string, after int64) ([]bench.Event, error) {
	return m.fed().Events(ctx, id, after)
}

func (m mirrored) Seconds(ctx context.Context, id string, from, to int64) ([]bench.Second, error) {
	return m.fed().Seconds(ctx, id, from, to)
}

func (m mirrored) Workers(ctx context.Context, id string) ([]bench.Worker, error) {
	return m.fed().Workers(ctx, id)
}

func (m mirrored) Logs(ctx context.Context, id string) ([]bench.LogLine, error) {
	return m.fed().Logs(ctx, id)
}

func (m mirrored) Facts(ctx context.Context, id string) ([]bench.Fact, error) {
	return m.fed().Facts(ctx, id)
}

func (m mirrored) Executions(ctx context.Context, id string, limit int) ([]bench.Execution, error) {
	return m.fed().Executions(ctx, id, limit)
}

func (m mirrored) Result(ctx context.Context, id string) (*bench.Result, error) {
	return m.fed().Result(ctx, id)
}

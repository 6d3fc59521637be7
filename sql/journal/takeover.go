package journal

import (
	"context"

	"bench/runtime/bench"
	"bench/sql/history"
)

// Takeover makes owner the owner of a run, in the next epoch, and returns the run after it. What its former owner still
// tries to change is a [*bench.Conflict]. An unknown run is an error with code [bench.CodeRunNotFound].
func (j *Journal) Takeover(ctx context.Context, id, owner string) (*bench.Run, error) {
	var run *bench.Run
	err := within("take over run "+id, j.change(ctx, func(t *tx) error {
		n, err := t.put("TakeRun", owner, writeTime(now()), id)
		if err != nil {
			return err
		}
		if n == 0 {
			return noRun(id)
		}
		run, err = history.ScanRun(t.row("ReadRun", id))
		return err
	}))
	return run, err
}

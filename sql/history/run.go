package history

import (
	"database/sql"
	"slices"

	"bench/runtime/bench"
)

// ScanRun reads the row that the query ReadRun gives.
func ScanRun(row *sql.Row) (*bench.Run, error) {
	run, source := new(bench.Run), bench.Source{}
	err := row.Scan(slices.Concat(runColumns(run), []any{readJSON(&run.Plan), readText(&source.File), readText(&source.Text)})...)
	if err == nil && run.Plan != nil {
		run.Plan.Source = source
	}
	return run, err
}

// runColumns is the columns of ListRuns.
func runColumns(run *bench.Run) []any {
	return []any{
		&run.ID, &run.Name, readJSON(&run.Labels), &run.PlanHash,
		&run.Status, &run.Phase, &run.Desired, readText(&run.StopReason), readText(&run.StopDetail), readText(&run.Verdict), readText(&run.Validity),
		&run.WarmupSeconds, &run.DurationSeconds,
		readTime(&run.CreatedAt), readOptional(&run.StartTime), readOptional(&run.WarmupEnd), readOptional(&run.MeasurementEnd), readOptional(&run.EndTime), readTime(&run.AsOf),
		&run.Owner, &run.Epoch, &run.NextSequence,
		&run.WorkersExpected, &run.WorkersReady, &run.WorkersActive, &run.WorkersCompleted, &run.TotalOperations, &run.TotalErrors,
	}
}

package history

import (
	"context"
	"database/sql"
	"slices"

	"bench/runtime/bench"
)

// Reports calls each for every report of a run, a worker's in their order, without Executions. Only one report is in
// memory at a time, however long the run was.
func (r *Reader) Reports(ctx context.Context, id string, each func(*bench.Report) error) error {
	rows, err := r.db.QueryContext(ctx, r.queries["ListReports"], id)
	if err != nil {
		return r.failed("read the reports of run "+id, err)
	}
	defer rows.Close()
	var report *bench.Report
	for rows.Next() {
		next, delta, err := readReport(rows)
		if err != nil {
			return r.failed("read the reports of run "+id, err)
		}
		if report == nil || report.Worker != next.Worker || report.Generation != next.Generation || report.Seq != next.Seq {
			if report != nil {
				if err := each(report); err != nil {
					return err
				}
			}
			next.Run = id
			report = next
		}
		if delta != nil {
			report.Deltas = append(report.Deltas, *delta)
		}
	}
	if err := rows.Err(); err != nil {
		return r.failed("read the reports of run "+id, err)
	}
	if report != nil {
		return each(report)
	}
	return nil
}

// readReport reads a report with the one delta that is in this row; nil when the report has none.
func readReport(rows *sql.Rows) (*bench.Report, *bench.Delta, error) {
	p, d := &bench.Report{}, &bench.Delta{}
	var workload sql.NullInt64
	ledger := make([]sql.NullInt64, len(readLedger(&d.Ledger)))
	var retries, count sql.NullInt64
	into := []any{&p.Worker, &p.Generation, &p.Seq, &p.Phase, &p.FromUS, &p.ToUS, &p.Connections, &p.InFlight, readMS(&p.OldestUS),
		&p.LagP50US, &p.LagP99US, &p.LagMaxUS, &p.Unlisted, &p.MonoNS, readFlag(&p.Final), readJSON(&p.Totals),
		&workload, readText(&d.OpPhase)}
	for i := range ledger {
		into = append(into, &ledger[i])
	}
	err := rows.Scan(slices.Concat(into, []any{&retries, &count, &d.Response, &d.Service, &d.Censored})...)
	if err != nil || !workload.Valid {
		return p, nil, err
	}
	d.Workload, d.Retries, d.Rows = int(workload.Int64), retries.Int64, count.Int64
	for i, to := range readLedger(&d.Ledger) {
		*to.(*int64) = ledger[i].Int64
	}
	return p, d, nil
}

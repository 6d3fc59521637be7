package history

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"bench/runtime/bench"
)

// Chart thins the seconds of one workload, or of all together (""), to at most buckets of equal width, with the extremes of
// each. A run without seconds has a chart without rows.
func (r *Reader) Chart(ctx context.Context, id, workload string, buckets int) (_ *bench.Chart, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read the chart of run %s: %w", id, err)
		}
	}()
	var last sql.NullInt64
	if err := r.db.QueryRowContext(ctx, r.queries["LastSecond"], id).Scan(&last); err != nil {
		return nil, err
	}
	c := &bench.Chart{Workload: workload, Width: last.Int64/int64(max(buckets, 1)) + 1, Rows: [][]*int64{}}
	rows, err := r.db.QueryContext(ctx, r.queries["ChartSeconds"], c.Width, id, workload)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if c.Columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	for i, name := range c.Columns {
		c.Columns[i] = strings.ToLower(name)
	}
	for rows.Next() {
		values := make([]sql.NullInt64, len(c.Columns))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]*int64, len(values))
		for i := range values {
			if values[i].Valid {
				row[i] = &values[i].Int64
			}
		}
		c.Rows = append(c.Rows, row)
	}
	return c, rows.Err()
}

// Histograms calls each for the response times of every second of one workload, or of all together (""), in order. The
// bytes are good until each returns.
func (r *Reader) Histograms(ctx context.Context, id, workload string, each func(second int64, phase bench.Phase, hist []byte) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read the histograms of run %s: %w", id, err)
		}
	}()
	rows, err := r.db.QueryContext(ctx, r.queries["ListHistograms"], id, workload)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var second int64
		var phase bench.Phase
		var hist sql.RawBytes
		if err := rows.Scan(&second, &phase, &hist); err != nil {
			return err
		}
		if err := each(second, phase, hist); err != nil {
			return err
		}
	}
	return rows.Err()
}

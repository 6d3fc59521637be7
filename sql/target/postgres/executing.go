package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
)

//go:embed executing.sql
var executingSQL string

// Executing gives the statements that sessions of any run execute in the target's database, by their application_name, and
// that this is all of them.
func (t *Target) Executing(ctx context.Context) (found []bench.Executing, all bool, err error) {
	_, rows, err := t.Query(ctx, executingSQL, 10_000)
	if err != nil {
		return nil, false, err
	}
	for _, row := range rows {
		started, err := strconv.ParseFloat(row[3].Text, 64)
		if err != nil {
			return nil, false, fmt.Errorf("read when a statement started: %w", err)
		}
		found = append(found, bench.Executing{
			ID: fmt.Sprintf("%d/%s", row[0].Int, row[3].Text), Run: strings.TrimPrefix(row[1].Text, "bench "),
			Status: row[2].Text, Started: time.UnixMicro(int64(started * 1e6)),
		})
	}
	return found, true, nil
}

// Cancel tells the server to end a statement, if its session still executes that one.
func (t *Target) Cancel(ctx context.Context, e bench.Executing) (string, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return "", err
	}
	defer c.Close()
	pid, started, _ := strings.Cut(e.ID, "/")
	_, rows, err := c.query(ctx, `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE pid = $1::int AND application_name = $2 AND state = 'active' AND EXTRACT(EPOCH FROM query_start)::text = $3`,
		1, []byte(pid), []byte("bench "+e.Run), []byte(started))
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "it had ended", nil
	}
	return "", nil
}

package snowflake

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"bench/runtime/bench"
	"bench/sql/account"
)

//go:embed executing.sql
var executingSQL string

// Executing gives the statements of workloads, of any run, that the user of the target executes, by their exact tags, and
// whether that is all of them. Pools are filled, and histories read, without a workload in the tag: they are not among them.
func (t *Target) Executing(ctx context.Context) (found []bench.Executing, all bool, err error) {
	_, rows, err := t.Query(ctx, executingSQL, 1)
	if err != nil {
		return nil, false, err
	}
	if len(rows) != 1 || len(rows[0]) != 2 {
		return nil, false, fmt.Errorf("what executes: the answer has %d rows", len(rows))
	}
	var list []struct {
		ID, Tag, Status string
		Started         int64
	}
	if err := json.Unmarshal([]byte(rows[0][1].Text), &list); err != nil {
		return nil, false, fmt.Errorf("read what executes: %w", err)
	}
	for _, s := range list {
		if tag, ours := parsed(s.Tag); ours && tag.Workload != "" {
			found = append(found, bench.Executing{ID: s.ID, Run: tag.Run, Workload: tag.Workload, Status: s.Status, Started: time.UnixMilli(s.Started)})
		}
	}
	return found, rows[0][0].Int < pageRows, nil
}

// Cancel tells Snowflake to end a statement, and returns what it says to that. Whether it has ended, [Target.Executing] shows.
func (t *Target) Cancel(ctx context.Context, e bench.Executing) (string, error) {
	_, rows, err := t.Query(ctx, "SELECT SYSTEM$CANCEL_QUERY("+literal(e.ID)+")", 1)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", nil
	}
	return account.OneLine(rows[0][0].Text), nil
}

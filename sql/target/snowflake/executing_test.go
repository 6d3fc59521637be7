package snowflake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/target/snowflake"
	"bench/sql/target/snowflake/fakesnow"
	"bench/sql/target/snowflake/snowtest"
)

func TestExecuting(t *testing.T) {
	s := snowtest.Start(t)
	seen := "5"
	s.Respond(func(statement snowtest.Statement) snowtest.Answer {
		switch {
		case strings.Contains(statement.SQL, "QUERY_HISTORY_BY_USER"):
			return snowtest.Answer{Columns: columns("fixed", "array"), Rows: [][]any{{seen, `[
				{"id": "q1", "tag": "{\"app\":\"bench\",\"run\":\"run-1\",\"phase\":\"MEASUREMENT\",\"workload\":\"read\"}", "status": "RUNNING", "started": 1767366245678},
				{"id": "q2", "tag": "{\"app\":\"bench\",\"run\":\"run-1\"}", "status": "RUNNING", "started": 1767366245678},
				{"id": "q3", "tag": "bench run-1", "status": "QUEUED", "started": 1767366245678},
				{"id": "q4", "tag": "{\"app\":\"bench\",\"run\":\"run-1\",\"phase\":\"MEASUREMENT\",\"workload\":\"read\",\"x\":1}", "status": "RUNNING", "started": 1767366245678},
				{"id": "q5", "status": "BLOCKED", "started": 1767366245678}]`}}}
		case statement.SQL == "SELECT SYSTEM$CANCEL_QUERY('q1')":
			return snowtest.Answer{Columns: columns("text"), Rows: [][]any{{"query [q1] terminated."}}}
		}
		return snowtest.Error(1, "", "no such statement")
	})
	target := open(t, account(s))
	want := bench.Executing{ID: "q1", Run: "run-1", Workload: "read", Status: "RUNNING", Started: time.UnixMilli(1767366245678)}
	found, all, err := target.Executing(t.Context())
	if diff := cmp.Diff([]bench.Executing{want}, found); diff != "" || !all || err != nil {
		t.Errorf("all %v, %v: %s", all, err, diff)
	}
	if says, err := target.Cancel(t.Context(), want); says != "query [q1] terminated." || err != nil {
		t.Errorf("Snowflake says %q, %v", says, err)
	}
	if _, err := target.Cancel(t.Context(), bench.Executing{ID: "'); DROP"}); err == nil {
		t.Error("a statement that there is not was cancelled")
	}
	if last := s.History()[len(s.History())-1]; last.SQL != `SELECT SYSTEM$CANCEL_QUERY('''); DROP')` {
		t.Errorf("sent %s", last.SQL)
	}
	s.Respond(func(snowtest.Statement) snowtest.Answer {
		return snowtest.Answer{Columns: columns("fixed", "array"), Rows: [][]any{{"10000", "[]"}}}
	})
	if _, all, err := target.Executing(t.Context()); all || err != nil {
		t.Errorf("a full page is all there is: %v, %v", all, err)
	}
	settled(t, s)
}

func TestExecutingSQLParses(t *testing.T) {
	t.Parallel()
	if tree, ok := fakesnow.Parse(t, snowflake.ExecutingSQL); !ok {
		t.Error(tree)
	}
}

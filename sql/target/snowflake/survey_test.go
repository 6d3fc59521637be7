package snowflake_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/target/snowflake/snowtest"
	"bench/sql/target/targettest"
)

// shows is an answer of one row of texts, by the names of its columns.
func shows(pairs ...string) snowtest.Answer {
	a := snowtest.Answer{Rows: [][]any{nil}}
	for i := 0; i < len(pairs); i += 2 {
		a.Columns = append(a.Columns, snowtest.Column{Name: pairs[i], Type: "text"})
		a.Rows[0] = append(a.Rows[0], pairs[i+1])
	}
	return a
}

func TestSurvey(t *testing.T) {
	s := snowtest.Start(t)
	by := map[string]snowtest.Answer{
		"SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_VERSION()": shows("R", "TESTER", "W", "MY_WH", "V", "9.1"),
		`SHOW WAREHOUSES LIKE 'MY\\_WH'`:                                shows("name", "MY_WH", "state", "SUSPENDED", "size", "X-Small", "type", "STANDARD"),
		"SHOW PARAMETERS LIKE 'USE_CACHED_RESULT' IN SESSION":           shows("key", "USE_CACHED_RESULT", "value", "true"),
		"SHOW TABLES LIKE 'PLAIN'":                                      shows("name", "PLAIN", "is_dynamic", "N", "is_external", "N"),
		"SHOW TABLES LIKE 'derived' IN SCHEMA other.s":                  shows("name", "DERIVED", "is_dynamic", "Y", "is_external", "N"),
		"SHOW TABLES LIKE 'fast'":                                       shows("name", "FAST", "is_interactive", "true"),
		"SHOW TABLES LIKE 'unlike'":                                     shows("name", "UNLIKELY", "is_external", "Y"),
	}
	s.Respond(func(statement snowtest.Statement) snowtest.Answer {
		if a, ok := by[statement.SQL]; ok {
			return a
		}
		return snowtest.Error(2003, "42S02", "does not exist or not authorized")
	})
	plan := &bench.Plan{}
	for _, sql := range []string{
		"SELECT 1", "-- it\nINSERT INTO PLAIN VALUES (1)", "merge into other.s.derived using x on true", "UPDATE fast SET a = 1", "DELETE FROM unlike", "update FAST2 set b = 1",
	} {
		plan.Workloads = append(plan.Workloads, bench.Workload{Statements: []bench.Statement{*targettest.Statement(sql)}})
	}
	target := open(t, account(s))
	got, err := target.Survey(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(got.Notes, ""), "IMPORTED PRIVILEGES") || got.Warehouse == nil || got.Warehouse.State != "SUSPENDED" || got.Without || got.Unseen != "" {
		t.Errorf("%+v", got)
	}
	got.Warehouse, got.Notes = nil, nil
	want := &bench.Survey{
		Account: `user "bench" as role TESTER on Snowflake 9.1`, Cached: new(true),
		ReadOnly: map[string]string{"other.s.derived": "a dynamic table", "fast": "an interactive table"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	by["SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_VERSION()"] = snowtest.Answer{Columns: columns("text", "text", "text"), Rows: [][]any{{"TESTER", nil, "9.1"}}}
	delete(by, "SHOW PARAMETERS LIKE 'USE_CACHED_RESULT' IN SESSION")
	if got, err = target.Survey(t.Context(), plan); err != nil || got.Warehouse != nil || !got.Without || got.Cached != nil {
		t.Errorf("without a warehouse: %+v, %v", got, err)
	}
	settled(t, s)
}

package snowflake

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bench/runtime/bench"
)

// Survey signs in as a worker does and looks at what the plan will meet. Nothing that it asks needs a running warehouse.
func (t *Target) Survey(ctx context.Context, plan *bench.Plan) (*bench.Survey, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	s := &bench.Survey{Account: t.who(), ReadOnly: map[string]string{}}
	_, rows, err := c.query(ctx, "SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_VERSION()", 1)
	e, answered := errors.AsType[*bench.OpError](err)
	switch {
	case err != nil && (!answered || e.Lost || ctx.Err() != nil):
		return nil, err
	case err != nil:
		s.Unseen = err.Error()
	case len(rows) != 1 || len(rows[0]) != 3:
		s.Unseen = "the answer about the session cannot be read"
	default:
		s.Account += fmt.Sprintf(" as role %s on Snowflake %s", shown(rows[0][0]), shown(rows[0][2]))
		c.surveyWarehouse(ctx, s, rows[0][1].Text)
	}
	s.Cached = c.cached(ctx)
	for _, table := range written(plan) {
		if kind := c.readOnly(ctx, table); kind != "" {
			s.ReadOnly[table] = kind
		}
	}
	if err := c.showsHistory(ctx); err != nil {
		s.Notes = append(s.Notes, "the role may not read SNOWFLAKE.ACCOUNT_USAGE, so short statements on hybrid tables will have no server-side times: grant IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE")
	}
	return s, nil
}

func shown(v bench.Value) string { return fmt.Sprint(v.Any()) }

func (c *Conn) surveyWarehouse(ctx context.Context, s *bench.Survey, name string) {
	if s.Without = name == ""; s.Without {
		return
	}
	found, err := c.warehouse(ctx, name)
	if err != nil {
		s.Unseen = err.Error()
		return
	}
	s.Warehouse = sampled(found)
}

// cached is USE_CACHED_RESULT as it is in the session once the spec has set it up; nil when it cannot be seen.
func (c *Conn) cached(ctx context.Context) *bool {
	columns, rows, err := c.query(ctx, "SHOW PARAMETERS LIKE 'USE_CACHED_RESULT' IN SESSION", 10)
	at := slices.Index(columns, "value")
	if err != nil || len(rows) != 1 || at < 0 {
		return nil
	}
	return new(strings.EqualFold(shown(rows[0][at]), "true"))
}

// showsHistory describes a query of the history that needs a grant, without running it.
func (c *Conn) showsHistory(ctx context.Context) error {
	s, err := c.statement(ctx, "SELECT QUERY_ID FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY")
	if err != nil {
		return err
	}
	return c.describe(ctx, &s)
}

// changes is the beginning of a statement that changes a table: its name.
var changes = regexp.MustCompile(`(?is)^(?:INSERT\s+(?:OVERWRITE\s+)?INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*)`)

// written are the names of the tables that the workloads of a plan change, as they stand in the spec.
func written(plan *bench.Plan) []string {
	var all []string
	for _, w := range plan.Workloads {
		for i := range w.Statements {
			sql := w.Statements[i].Text(func(int) string { return "?" })
			for _, p := range split(sql) {
				m := changes.FindStringSubmatch(sql[p.from:p.to])
				if m != nil && !slices.Contains(all, m[1]) {
					all = append(all, m[1])
				}
			}
		}
	}
	return all
}

// readOnlyKinds are the columns of SHOW TABLES that say that a table takes no INSERT, UPDATE, DELETE and MERGE.
var readOnlyKinds = []struct{ column, kind string }{
	{"is_external", "an external table"}, {"is_dynamic", "a dynamic table"}, {"is_interactive", "an interactive table"}, {"is_immutable", "an immutable table"},
}

// readOnly says what a table is that cannot be written to, "" of others and of those that cannot be seen.
func (c *Conn) readOnly(ctx context.Context, table string) string {
	within, name := "", table
	if at := strings.LastIndexByte(table, '.'); at >= 0 && !strings.Contains(table[at:], `"`) {
		within, name = " IN SCHEMA "+table[:at], table[at+1:]
	}
	const most = 10
	columns, rows, err := c.query(ctx, "SHOW TABLES LIKE "+pattern(name)+within, most)
	if err != nil {
		return ""
	}
	for _, row := range rows {
		said := map[string]string{}
		for i, column := range columns {
			said[column] = shown(row[i])
		}
		if !strings.EqualFold(said["name"], unquoted(name)) {
			continue
		}
		for _, k := range readOnlyKinds {
			if v := said[k.column]; strings.EqualFold(v, "Y") || strings.EqualFold(v, "true") {
				return k.kind
			}
		}
	}
	return ""
}

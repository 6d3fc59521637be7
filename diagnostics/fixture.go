package diagnostics

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bench/runtime/bench"
)

// Test runs every fixture of a set. Those of checks that read a run's tables are loaded into the laboratory's database,
// each in a transaction that is rolled back. What does not come out as it should is told with its place; so are checks
// that were never seen to pass, or never to fail. n is how many fixtures were run.
func (s Set) Test(ctx context.Context, lab *Laboratory) (failures []string, n int) {
	for _, c := range s {
		seen := map[Outcome]bool{}
		for i := range c.Fixtures {
			f := &c.Fixtures[i]
			n++
			seen[f.Expect] = true
			if problem := lab.test(ctx, c, f); problem != "" {
				failures = append(failures, fmt.Sprintf("%s:%d: fixture %q of %s: %s", f.at.Filename, f.at.Start.Line, f.Name, c.Code, problem))
			}
		}
		if !seen[Pass] {
			failures = append(failures, fmt.Sprintf("%s: no fixture shows %s passing", c.File, c.Code))
		}
		if !seen[Fail] && !seen[Warn] {
			failures = append(failures, fmt.Sprintf("%s: no fixture shows %s failing", c.File, c.Code))
		}
	}
	return failures, n
}

// A Laboratory is where fixtures are examined.
type Laboratory struct {
	DB      *sql.DB // with the tables of a journal, and no rows
	Dialect string
	// Rows runs a statement, as Database.Query does.
	Rows func(ctx context.Context, tx *sql.Tx, statement string, limit int) ([]string, [][]any, error)

	columns map[string][]tableColumn // of tables seen so far
}

// fixtureRun is the run of all fixtures.
const fixtureRun = "RUN"

// test examines one fixture, and says what is wrong.
func (l *Laboratory) test(ctx context.Context, c *Check, f *Fixture) string {
	k := &Case{Run: &bench.Run{ID: fixtureRun, CreatedAt: fixtureNow, State: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}}, At: fixtureNow}
	a := answer{Rows: f.Rows}
	if c.Source == SourceRun {
		tx, err := l.DB.BeginTx(ctx, nil)
		if err != nil {
			return err.Error()
		}
		defer tx.Rollback()
		if err := l.load(ctx, tx, f.Tables); err != nil {
			return err.Error()
		}
		k.Store = &Database{Dialect: l.Dialect, Query: func(ctx context.Context, sql string, limit int) ([]string, [][]any, error) {
			return l.Rows(ctx, tx, sql, limit)
		}}
		a = k.ask(ctx, c)
	} else if len(c.sql) > 0 { // the statement cannot run here, but it can be written
		if _, err := c.SQL(c.Target, fixtureRun, fixtureNow); err != nil {
			return err.Error()
		}
	}
	x := &examination{k: k, run: k.facts()}
	var finding Finding
	x.decide(&finding, c, a)
	switch {
	case finding.Outcome != f.Expect:
		return fmt.Sprintf("it is %s %s (%s), not %s", finding.Outcome, finding.Why, finding.Detail, f.Expect)
	case !strings.Contains(finding.Detail, f.Reason):
		return fmt.Sprintf("it says %q, not %q", finding.Detail, f.Reason)
	case finding.Outcome == Pass && len(finding.Rows) == 0:
		return "it passes without a row"
	case (finding.Outcome == Fail || finding.Outcome == Warn) && finding.Remedy() == "":
		return "it fails and says nothing of what to do"
	}
	return ""
}

// A tableColumn is a column as a fixture must fill it.
type tableColumn struct{ name, kind string }

// defaults is the run of a fixture, 30 s after its start, unless the fixture says otherwise.
var defaults = Row{
	"RUN_ID": fixtureRun, "RUN_NAME": "fixture", "STATUS": "RUNNING", "PHASE": "MEASUREMENT", "DESIRED": "run",
	"WARMUP_SECONDS": int64(10), "DURATION_SECONDS": int64(60),
	"CREATED_AT": ago(40), "START_TIME": ago(30), "WARMUP_END_TIME": ago(20), "MEASUREMENT_END_TIME": ago(-40), "UPDATED_AT": ago(1),
	"OWNER": "host pid 1", "EPOCH": int64(1), "WORKERS_EXPECTED": int64(2), "WORKERS_READY": int64(2), "WORKERS_ACTIVE": int64(2),
}

func ago(seconds int) string {
	return fixtureNow.Add(-time.Duration(seconds) * time.Second).Format(timeLayout)
}

// load inserts the rows of a fixture. What a row does not say of a column that cannot be NULL is 0 or "".
func (l *Laboratory) load(ctx context.Context, tx *sql.Tx, tables Tables) error {
	runs := tables["RUN_STATUS"]
	if len(runs) == 0 {
		runs = []Row{{}}
	}
	for _, row := range runs {
		run := maps.Clone(defaults)
		maps.Copy(run, row)
		if err := l.insert(ctx, tx, "RUN_STATUS", run); err != nil {
			return err
		}
	}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		for _, row := range tables[table] {
			if table == "RUN_STATUS" {
				continue
			}
			if err := l.insert(ctx, tx, table, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Laboratory) insert(ctx context.Context, tx *sql.Tx, table string, row Row) error {
	columns, err := l.mustFill(ctx, tx, table)
	if err != nil {
		return err
	}
	full := maps.Clone(row)
	for _, c := range columns {
		_, given := full[c.name]
		switch kind := strings.ToUpper(c.kind); {
		case given:
		case c.name == "RUN_ID":
			full[c.name] = fixtureRun
		case kind == "BOOLEAN":
			full[c.name] = false
		case strings.HasPrefix(kind, "TIMESTAMP"):
			full[c.name] = ago(0)
		case kind == "TEXT":
			full[c.name] = ""
		default:
			full[c.name] = 0
		}
	}
	var names, values []string
	for _, name := range slices.Sorted(maps.Keys(full)) {
		names = append(names, name)
		values = append(values, sqlValue(full[name]))
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(names, ", "), strings.Join(values, ", ")))
	if err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// sqlValue writes a value of a fixture into a statement; every dialect turns quoted text into the type of its column.
func sqlValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return literal(v)
	}
	return fmt.Sprint(v)
}

// mustFill are the columns of a table that cannot be NULL and have no default.
func (l *Laboratory) mustFill(ctx context.Context, tx *sql.Tx, table string) ([]tableColumn, error) {
	if columns, ok := l.columns[table]; ok {
		return columns, nil
	}
	q := "SELECT name, type FROM pragma_table_info(" + literal(table) + `) WHERE "notnull" AND dflt_value IS NULL`
	if l.Dialect != "sqlite" {
		q = "SELECT UPPER(column_name), UPPER(data_type) FROM information_schema.columns WHERE UPPER(table_name) = " + literal(table) +
			" AND is_nullable = 'NO' AND column_default IS NULL"
	}
	_, found, err := l.Rows(ctx, tx, q, mostRows)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no table %s", table)
	}
	var columns []tableColumn
	for _, row := range found {
		columns = append(columns, tableColumn{fmt.Sprint(row[0]), fmt.Sprint(row[1])})
	}
	if l.columns == nil {
		l.columns = map[string][]tableColumn{}
	}
	l.columns[table] = columns
	return columns, nil
}

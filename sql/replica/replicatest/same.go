package replicatest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	sf "github.com/snowflakedb/gosnowflake/v2"
	_ "modernc.org/sqlite"

	"bench/sql/account"
	"bench/sql/dialect"
)

// Open opens the tables of a replica, past any [Network].
func Open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db := open(t, dsn)
	t.Cleanup(func() { db.Close() })
	return db
}

func open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	address, ok := strings.CutPrefix(dsn, "snowflake://")
	if !ok {
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	name, schema, _ := strings.Cut(address, "?schema=")
	config, err := account.Connection(name)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxRetryCount = -1
	if schema != "" {
		config.Schema = schema
	}
	config.Params = map[string]*string{"TIMEZONE": new("UTC"), "CLIENT_TELEMETRY_ENABLED": new("false")}
	return sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, *config))
}

// Same fails the test unless every row of the journal is in the replica as it is, and no other row of its runs. The
// journal may be in use.
func Same(t testing.TB, journal, dsn string) {
	t.Helper()
	SameIn(t, journal, Open(t, dsn))
}

// SameIn is Same for a replica that is open.
func SameIn(t testing.TB, journal string, copied *sql.DB) {
	t.Helper()
	lite, err := sql.Open("sqlite", "file:"+journal+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	var runs []string
	for _, line := range Lines(t, lite, "SELECT RUN_ID FROM RUN_STATUS") {
		runs = append(runs, "'"+strings.TrimPrefix(line, "run_id=")+"'")
	}
	tables := Lines(t, lite, `SELECT T.name FROM sqlite_schema AS T, pragma_table_info(T.name) AS C
		WHERE T.type = 'table' AND C.name = 'RUN_ID'`)
	if len(tables) != 14 {
		t.Fatalf("runs consist of %d tables", len(tables))
	}
	for _, line := range tables {
		table := strings.TrimPrefix(line, "name=")
		query := "SELECT * FROM " + table
		if len(runs) > 0 {
			query += " WHERE RUN_ID IN (" + strings.Join(runs, ", ") + ")"
		}
		want, got := Lines(t, lite, query), Lines(t, copied, query)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs (-journal +replica):\n%s", table, diff)
		}
		for _, row := range want {
			if strings.Contains(row, " change_no=0 ") {
				t.Errorf("%s has a row without a change: %s", table, row)
			}
		}
	}
}

// Lines are the rows that a query gives, each as a text with its columns in alphabetical order, in one form for both
// databases; the rows are sorted too.
func Lines(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	found, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for found.Next() {
		row, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := found.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var fields []string
		for i, v := range row {
			if document, ok := v.([]byte); ok && columns[i].DatabaseTypeName() == "JSON" {
				v = string(document)
			}
			fields = append(fields, strings.ToLower(columns[i].Name())+"="+canonical(v))
		}
		slices.Sort(fields)
		all = append(all, strings.Join(fields, " "))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func canonical(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(dialect.TimeLayout)
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	case []byte:
		return hex.EncodeToString(v)
	}
	return fmt.Sprint(v)
}

package migrations_test

import (
	"database/sql"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"bench/sql/dialect"
	"bench/sql/migrations"
)

var tables = []string{
	"DOCTOR_FINDINGS", "JOURNAL", "JOURNAL_CHANGES", "QUERY_EXECUTIONS", "REPLICA_PROGRESS", "RUN_CONTROL_EVENTS",
	"RUN_ENRICHMENT", "RUN_ENVIRONMENT", "RUN_LOGS", "RUN_RESULTS",
	"RUN_SECONDS", "RUN_STATUS", "WAIT_SAMPLES", "WAREHOUSE_POLL_SNAPSHOTS", "WORKER_HEARTBEATS", "WORKER_METRICS_SNAPSHOTS",
	"WORKLOAD_SNAPSHOTS",
}

// TestSameFiles: a number and a name mean the same in every dialect, and numbers have no gap.
func TestSameFiles(t *testing.T) {
	want, err := fs.Glob(os.DirFS(dialect.SQLite.Name), "*")
	if err != nil || len(want) == 0 {
		t.Fatalf("found %v, %v", want, err)
	}
	for i, name := range want {
		if !strings.HasPrefix(name, []string{"00001_", "00002_", "00003_", "00004_", "00005_", "00006_"}[i]) {
			t.Errorf("file %d is %s", i+1, name)
		}
	}
	for _, d := range dialect.All {
		got, err := fs.Glob(os.DirFS(d.Name), "*")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs (-sqlite +%s):\n%s", d.Name, d.Name, diff)
		}
	}
}

func TestSQLite(t *testing.T) {
	db := openSQLite(t)
	upDownUp(t, dialect.SQLite, db, func() schema { return sqliteSchema(t, db) })
}

// Tables of a newer program are not called up to date.
func TestNewer(t *testing.T) {
	db := openSQLite(t)
	up(t, dialect.SQLite, db)
	if _, err := db.Exec("INSERT INTO bench_schema_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	set, err := migrations.Open(dialect.SQLite.Name, db)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := set.Up(t.Context()); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("up did %v, %v, want that a newer program is needed", done, err)
	}
}

func TestPostgres(t *testing.T) {
	db := openPostgres(t)
	upDownUp(t, dialect.Postgres, db, func() schema { return postgresSchema(t, db) })
}

// TestSameColumns: tables have the same columns in the same order in every dialect, and agree on which may be NULL.
func TestSameColumns(t *testing.T) {
	lite, pg := openSQLite(t), openPostgres(t)
	up(t, dialect.SQLite, lite)
	up(t, dialect.Postgres, pg)
	if diff := cmp.Diff(sqliteSchema(t, lite), postgresSchema(t, pg)); diff != "" {
		t.Errorf("tables differ (-sqlite +postgres):\n%s", diff)
	}
}

// TestPhaseIsNeverNull: a filter on PHASE can be trusted to see every row.
func TestPhaseIsNeverNull(t *testing.T) {
	db := openSQLite(t)
	up(t, dialect.SQLite, db)
	found := 0
	for table, columns := range sqliteSchema(t, db) {
		for _, c := range columns {
			if c.Name == "PHASE" || c.Name == "OP_PHASE" {
				found++
				if c.Null {
					t.Errorf("%s.%s may be NULL", table, c.Name)
				}
			}
		}
	}
	if found < 6 {
		t.Errorf("found %d columns with a phase", found)
	}
}

// TestSQLByHand: what SQL prints makes the same tables as Up, which then finds nothing to do.
func TestSQLByHand(t *testing.T) {
	byHand, byUp := openSQLite(t), openSQLite(t)
	sqlByHand(t, dialect.SQLite, byHand)
	up(t, dialect.SQLite, byUp)
	if diff := cmp.Diff(sqliteSchema(t, byUp), sqliteSchema(t, byHand)); diff != "" {
		t.Errorf("tables differ (-up +sql):\n%s", diff)
	}
}

func TestPostgresSQLByHand(t *testing.T) {
	byHand, byUp := openPostgres(t), openPostgres(t)
	sqlByHand(t, dialect.Postgres, byHand)
	up(t, dialect.Postgres, byUp)
	if diff := cmp.Diff(postgresSchema(t, byUp), postgresSchema(t, byHand)); diff != "" {
		t.Errorf("tables differ (-up +sql):\n%s", diff)
	}
}

func sqlByHand(t *testing.T, d dialect.Dialect, db *sql.DB) {
	t.Helper()
	text, err := migrations.SQL(d.Name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "+goose") || strings.Contains(text, "DROP") {
		t.Error("the text holds more than Up statements")
	}
	for statement := range strings.SplitAfterSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
	set, err := migrations.Open(d.Name, db)
	if err != nil {
		t.Fatal(err)
	}
	status, err := set.Status(t.Context())
	if err != nil || len(status) == 0 || status[len(status)-1].Applied.IsZero() {
		t.Errorf("status %v, %v, want everything applied", status, err)
	}
	if applied, err := set.Up(t.Context()); err != nil || len(applied) != 0 {
		t.Errorf("Up applied %v, %v", applied, err)
	}
}

func TestUnknownDialect(t *testing.T) {
	if _, err := migrations.Open("oracle", openSQLite(t)); err == nil {
		t.Error("Open knows oracle")
	}
	if _, err := migrations.SQL("oracle"); err == nil {
		t.Error("SQL knows oracle")
	}
}

func upDownUp(t *testing.T, d dialect.Dialect, db *sql.DB, read func() schema) {
	ctx := t.Context()
	set, err := migrations.Open(d.Name, db)
	if err != nil {
		t.Fatal(err)
	}
	checkVersion := func(want int64) {
		t.Helper()
		if got, err := set.Current(ctx); err != nil || got != want {
			t.Fatalf("current version is %d, %v, want %d", got, err, want)
		}
	}
	checkVersion(0)
	if got := read(); len(got) != 0 {
		t.Fatalf("Open and Current made tables: %v", got)
	}

	applied, err := set.Up(ctx)
	if err != nil || int64(len(applied)) != set.Latest() {
		t.Fatalf("Up applied %v, %v", applied, err)
	}
	checkVersion(set.Latest())
	first := read()
	if got := slices.Sorted(maps.Keys(first)); !slices.Equal(got, tables) {
		t.Errorf("tables %v, want %v", got, tables)
	}
	if applied, err := set.Up(ctx); err != nil || len(applied) != 0 {
		t.Errorf("the second Up applied %v, %v", applied, err)
	}

	for version := set.Latest(); version > 0; version-- {
		down, err := set.Down(ctx)
		if err != nil || down.Version != version {
			t.Fatalf("Down took back %v, %v, want version %d", down, err, version)
		}
		checkVersion(version - 1)
	}
	if _, err := set.Down(ctx); err == nil || !strings.Contains(err.Error(), "none is applied") {
		t.Errorf("Down of nothing: %v", err)
	}
	status, err := set.Status(ctx)
	if err != nil || int64(len(status)) != set.Latest() || status[0].Name != "00001_runs" || !status[0].Applied.IsZero() {
		t.Errorf("status %v, %v, want everything pending", status, err)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("Down left %v", got)
	}

	up(t, d, db)
	if diff := cmp.Diff(first, read()); diff != "" {
		t.Errorf("Up after Down made other tables (-first +second):\n%s", diff)
	}
	status, err = set.Status(ctx)
	if err != nil || status[len(status)-1].Applied.IsZero() {
		t.Errorf("status %v, %v, want everything applied", status, err)
	}
}

func up(t *testing.T, d dialect.Dialect, db *sql.DB) {
	t.Helper()
	set, err := migrations.Open(d.Name, db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A schema is the columns of every table, by its name in upper case.
type schema map[string][]column

type column struct {
	Name string
	Null bool
}

func sqliteSchema(t *testing.T, db *sql.DB) schema {
	t.Helper()
	return readSchema(t, db, `
		SELECT M.name, C.name, C."notnull" = 0
		FROM sqlite_schema AS M, pragma_table_info(M.name) AS C
		WHERE M.type = 'table' AND M.name NOT LIKE 'sqlite_%' AND M.name <> 'bench_schema_version'
		ORDER BY M.name, C.cid`)
}

func postgresSchema(t *testing.T, db *sql.DB) schema {
	t.Helper()
	return readSchema(t, db, `
		SELECT upper(table_name), upper(column_name), is_nullable = 'YES'
		FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name <> 'bench_schema_version'
		ORDER BY table_name, ordinal_position`)
}

func readSchema(t *testing.T, db *sql.DB, query string) schema {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	s := schema{}
	for rows.Next() {
		var table string
		var c column
		if err := rows.Scan(&table, &c.Name, &c.Null); err != nil {
			t.Fatal(err)
		}
		s[table] = append(s[table], c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

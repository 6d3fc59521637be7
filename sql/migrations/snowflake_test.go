package migrations_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/sql/dialect"
	"bench/sql/migrations"
	"bench/sql/target/snowflake/fakesnow"
)

// openSnowflake opens an empty database of fakesnow.
func openSnowflake(t *testing.T) *sql.DB {
	return fakesnow.Open(t, fakesnow.Shared(t), fakesnow.Database())
}

func snowflakeSchema(t *testing.T, db *sql.DB) schema {
	t.Helper()
	return readSchema(t, db, `
		SELECT TABLE_NAME, COLUMN_NAME, IS_NULLABLE = 'YES'
		FROM INFORMATION_SCHEMA.COLUMNS
		WHERE TABLE_SCHEMA = CURRENT_SCHEMA() AND TABLE_NAME <> 'BENCH_SCHEMA_VERSION'
		ORDER BY TABLE_NAME, ORDINAL_POSITION`)
}

func TestSnowflake(t *testing.T) {
	t.Parallel()
	db := openSnowflake(t)
	upDownUp(t, dialect.Snowflake, db, func() schema { return snowflakeSchema(t, db) })
	lite := openSQLite(t)
	up(t, dialect.SQLite, lite)
	// The order of changes came later than the tables; in Snowflake its columns are there from the start.
	if diff := cmp.Diff(sqliteSchema(t, lite), snowflakeSchema(t, db)); diff != "" {
		t.Errorf("tables differ (-sqlite +snowflake):\n%s", diff)
	}
}

// A migration that failed half-way is run again from its start, and loses nothing.
func TestSnowflakeResumes(t *testing.T) {
	t.Parallel()
	db := openSnowflake(t)
	up(t, dialect.Snowflake, db)
	first := snowflakeSchema(t, db)
	set, err := migrations.Open(dialect.Snowflake.Name, db)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // to before 00005_changes
		if _, err := set.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	text, err := migrations.SQL(dialect.Snowflake.Name)
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(text, "-- 00005_changes")
	last, _, _ = strings.Cut(last, "-- 00006_")
	half, rest, _ := strings.Cut(last, ";\n")
	if !strings.Contains(half, "EXISTS JOURNAL (") || !strings.Contains(rest, "EXISTS JOURNAL_CHANGES (") {
		t.Fatalf("the migration does not begin with JOURNAL: %s", last)
	}
	for _, statement := range []string{half, "INSERT INTO JOURNAL (JOURNAL_ID) VALUES ('kept')"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if applied, err := set.Up(t.Context()); err != nil || len(applied) != 2 {
		t.Fatalf("Up applied %v, %v; want the last two", applied, err)
	}
	if diff := cmp.Diff(first, snowflakeSchema(t, db)); diff != "" {
		t.Errorf("tables differ (-first +resumed):\n%s", diff)
	}
	var id string
	if err := db.QueryRowContext(t.Context(), "SELECT JOURNAL_ID FROM JOURNAL").Scan(&id); err != nil || id != "kept" {
		t.Errorf("what was stored is %q, %v", id, err)
	}
}

// What SQL prints makes the same tables as Up, statement by statement, which then finds nothing to do.
func TestSnowflakeSQLByHand(t *testing.T) {
	t.Parallel()
	at := fakesnow.Shared(t)
	byHand, byUp := fakesnow.Open(t, at, fakesnow.Database()), fakesnow.Open(t, at, fakesnow.Database())
	sqlByHand(t, dialect.Snowflake, byHand)
	up(t, dialect.Snowflake, byUp)
	if diff := cmp.Diff(snowflakeSchema(t, byUp), snowflakeSchema(t, byHand)); diff != "" {
		t.Errorf("tables differ (-up +sql):\n%s", diff)
	}
}

// Every statement parses, hybrid tables included, which fakesnow does not know.
func TestSnowflakeParses(t *testing.T) {
	t.Parallel()
	text, err := migrations.SQL(dialect.Snowflake.Name)
	if err != nil {
		t.Fatal(err)
	}
	versions := strings.Join(migrations.SnowflakeVersionStatements(), ";\n")
	tree, ok := fakesnow.Parse(t, text+strings.ReplaceAll(versions, "?", "1")+";\n")
	if !ok {
		t.Errorf("does not parse: %s", tree)
	}
	if n := strings.Count(tree, `"create_table_statement"`); n != len(tables)+2 { // that of the versions stands in both
		t.Errorf("the parser found %d tables, want %d", n, len(tables)+2)
	}
	if _, ok := fakesnow.Parse(t, "CREATE HYBRID TABLE a b BIGINT;\n"); ok {
		t.Error("the parser takes what is wrong")
	}
}

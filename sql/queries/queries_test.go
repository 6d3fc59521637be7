package queries

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"bench/sql/dialect"
	"bench/sql/migrations"
	"bench/sql/target/postgres/pgtest"
)

// TestSQLite: every query compiles on the tables of the journal.
func TestSQLite(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), tables(t, dialect.SQLite)); err != nil {
		t.Fatal(err)
	}
	for name, query := range loaded(t, dialect.SQLite) {
		stmt, err := db.PrepareContext(t.Context(), query)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		stmt.Close()
	}
}

// TestPostgres: every query compiles on the same tables in PostgreSQL.
func TestPostgres(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), tables(t, dialect.Postgres)); err != nil {
		t.Fatal(err)
	}
	for name, query := range loaded(t, dialect.Postgres) {
		if _, err := conn.Prepare(t.Context(), name, query); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var phases int
	err = conn.QueryRow(t.Context(), "SELECT COUNT(*) FROM ("+loaded(t, dialect.Postgres)["GuidePhases"]+") AS P", "nobody").Scan(&phases)
	if err != nil || phases != 0 {
		t.Errorf("phases of nobody: %d, %v", phases, err)
	}
}

func tables(t *testing.T, d dialect.Dialect) string {
	t.Helper()
	text, err := migrations.SQL(d.Name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func loaded(t *testing.T, d dialect.Dialect) Set {
	t.Helper()
	set, err := Load(d)
	if err != nil || len(set) == 0 {
		t.Fatalf("%s: %d queries, %v", d.Name, len(set), err)
	}
	return set
}

func TestLoadOverrides(t *testing.T) {
	files := fstest.MapFS{
		"a.sql":          {Data: []byte("-- name: One\nSELECT ?;\n-- name: Two\nSELECT 2;\n")},
		"a.postgres.sql": {Data: []byte("-- name: Two\n-- Differs because.\nSELECT ?, ?;\n")},
	}
	for d, want := range map[dialect.Dialect]Set{
		dialect.SQLite:   {"One": "SELECT ?", "Two": "SELECT 2"},
		dialect.Postgres: {"One": "SELECT $1", "Two": "-- Differs because.\nSELECT $1, $2"},
	} {
		got, err := load(files, d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d.Name, diff)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	const one = "-- name: One\nSELECT 1;\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"twice in a file", map[string]string{"a.sql": one + one}, "a.sql:3: there is another query One"},
		{"twice in two files", map[string]string{"a.sql": one, "b.sql": one}, "b.sql:1: there is another query One"},
		{"override of nothing", map[string]string{"a.sql": one, "a.postgres.sql": "\n-- name: Two\n-- Why.\nSELECT 1"},
			"a.postgres.sql:2: Two overrides no portable query"},
		{"override without a reason", map[string]string{"a.sql": one, "a.postgres.sql": one},
			"a.postgres.sql:1: One does not say why it differs; begin it with a comment"},
		{"two overrides", map[string]string{"a.sql": one, "a.postgres.sql": "-- name: One\n-- Why.\nSELECT 1", "b.postgres.sql": "-- name: One\n-- Why.\nSELECT 1"},
			"b.postgres.sql:1: there is another query One"},
		{"malformed", map[string]string{"a.sql": "SELECT 1"}, `a.sql:1: SQL without a name; put "-- name: Something" before it`},
	} {
		files := fstest.MapFS{}
		for name, text := range tt.files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if _, err := load(files, dialect.Postgres); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", tt.name, err, tt.want)
		}
	}
}

var parses = []struct {
	text string
	want []Query
	err  string
}{
	{"", nil, ""},
	{"-- only\n\n-- comments\n", nil, ""},
	{"-- About.\n\n-- name: One\nSELECT 1;\n", []Query{{"One", 3, "SELECT 1"}}, ""},
	{"-- name: One\r\nSELECT 1;\r\n", []Query{{"One", 1, "SELECT 1"}}, ""},
	{"-- name: One\n-- why\nSELECT 1\n  -- inside\nFROM T;\n\n-- name: Two\nSELECT 2", []Query{
		{"One", 1, "-- why\nSELECT 1\n  -- inside\nFROM T"}, {"Two", 7, "SELECT 2"}}, ""},
	{"SELECT 1", nil, `1: SQL without a name; put "-- name: Something" before it`},
	{"-- name: One\n\n-- nothing\n", nil, "1: query One is empty"},
	{"-- name: One\n;\n-- name: Two\nSELECT 2", nil, "1: query One is empty"},
	{"-- name:\nSELECT 1", nil, `1: "" is no name of a query; use letters and digits, like CreateRun`},
	{"-- name: create run\nSELECT 1", nil, `1: "create run" is no name of a query; use letters and digits, like CreateRun`},
}

func TestParse(t *testing.T) {
	for _, tt := range parses {
		got, err := Parse(tt.text)
		if msg := errorText(err); msg != tt.err {
			t.Errorf("Parse(%q): got error %q, want %q", tt.text, msg, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzParse checks that what was parsed, written down again, parses to the same.
func FuzzParse(f *testing.F) {
	for _, tt := range parses {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		var b strings.Builder
		for i, q := range list {
			if !isName(q.Name) || strings.TrimSpace(q.Text) != q.Text || q.Text == "" {
				t.Fatalf("Parse(%q) has %+v", text, q)
			}
			list[i].Line = strings.Count(b.String(), "\n") + 1
			b.WriteString(header + " " + q.Name + "\n" + q.Text + "\n;\n")
		}
		again, err := Parse(b.String())
		if err != nil {
			t.Fatalf("Parse(%q): %v", b.String(), err)
		}
		if diff := cmp.Diff(list, again); diff != "" {
			t.Fatalf("%q (-first +again):\n%s", text, diff)
		}
	})
}

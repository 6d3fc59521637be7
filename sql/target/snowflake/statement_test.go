package snowflake

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/sql/target/snowflake/fakesnow"
)

var splits = []struct {
	text         string
	want         []string
	placeholders int
}{
	{"", nil, 0},
	{" ;; -- a;\n// b;\n/* c; */ ; ", nil, 0},
	{"SELECT 1", []string{"SELECT 1"}, 0},
	{"SELECT ?, '?', \"?\", $$ ? $$ -- ?\n, ? /* ? */;", []string{"SELECT ?, '?', \"?\", $$ ? $$ -- ?\n, ?"}, 2},
	{`SELECT 'a\'; b'; SELECT 'it''s; x'`, []string{`SELECT 'a\'; b'`, `SELECT 'it''s; x'`}, 0},
	{"SELECT a - b / c; SELECT 'open ; ?", []string{"SELECT a - b / c", "SELECT 'open ; ?"}, 0},
	{"SELECT 1 /* open ; ", []string{"SELECT 1"}, 0},
	{"BEGIN\n;\nCOMMIT\n", []string{"BEGIN", "COMMIT"}, 0},
}

func TestSplit(t *testing.T) {
	for _, test := range splits {
		var got []string
		placeholders := 0
		for _, p := range split(test.text) {
			got = append(got, test.text[p.from:p.to])
			placeholders += p.placeholders
		}
		if diff := cmp.Diff(test.want, got); diff != "" || placeholders != test.placeholders {
			t.Errorf("%q: %d placeholders, want %d; %s", test.text, placeholders, test.placeholders, diff)
		}
	}
}

// TestSplitAnything: pieces are in order, begin with something that is no blank, and are one statement each. It is no fuzz
// test, because those build everything that the package imports, the driver, anew.
func TestSplitAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"'", "\"", "$$", "--", "//", "/*", "*/", "\n", ";", " ", "?", "\\", "$", "-", "/", "a", "é", "SELECT"}
	for range 50_000 {
		var text strings.Builder
		for range random.IntN(12) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
		end := 0
		for _, p := range split(text.String()) {
			piece := text.String()[p.from:p.to]
			if p.from < end || piece == "" || strings.TrimLeft(piece, " \t\r\n;") != piece {
				t.Fatalf("%q has the piece %q from %d, after %d", text.String(), piece, p.from, end)
			}
			if again := split(piece); len(again) != 1 || again[0].placeholders != p.placeholders {
				t.Fatalf("%q has the piece %q, which has %v", text.String(), piece, again)
			}
			end = p.to
		}
	}
}

func TestKindOf(t *testing.T) {
	for sql, want := range map[string]kind{
		"SELECT 1": kindRows, "select\n1": kindRows, "(SELECT 1)": kindRows, "WITH a AS (SELECT 1) SELECT * FROM a": kindRows, "SHOW TABLES": kindRows,
		"INSERT INTO t VALUES (1)": kindChanges, "merge into t": kindChanges, "DELETE": kindChanges, "CREATE TABLE t (a INT)": kindOther, "BEGIN": kindOther, "": kindOther,
	} {
		if got := kindOf(sql); got != want {
			t.Errorf("kindOf(%q) = %d, want %d", sql, got, want)
		}
	}
}

func TestOffset(t *testing.T) {
	for _, test := range []struct {
		sql, message string
		want         int
	}{
		{"SELECT\n é x", "error line 2 at position 3", 11},
		{"SELECT", "error line 1 at position 0", 0},
		{"SELECT", "error line 1 at position 99", 6},
		{"SELECT", "error line 9 at position 1", 6},
		{"", "line 999999999999999999999 at position 7", 0},
	} {
		if got := offset(test.sql, test.message); got != test.want {
			t.Errorf("offset(%q, %q) = %d, want %d", test.sql, test.message, got, test.want)
		}
	}
}

// Our own statements are Snowflake's SQL.
func TestOwnStatementsParse(t *testing.T) {
	t.Parallel()
	all := []string{"BEGIN", "COMMIT", "ROLLBACK", "SELECT 1", "ALTER SESSION SET LOCK_TIMEOUT = " + literal("10"), "ALTER SESSION SET TIMEZONE = " + literal(`it's \ odd`), showWarehouse("A_B")}
	for _, fact := range accountFacts {
		all = append(all, fact.sql)
	}
	if tree, ok := fakesnow.Parse(t, strings.Join(all, ";\n")+";\n"); !ok {
		t.Error(tree)
	}
}

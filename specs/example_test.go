package specs

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"bench/runtime/bench"
	"bench/sql/target/snowflake/fakesnow"
)

// examples are the specs of the folder examples, by file name.
func examples(t *testing.T) map[string]*Resolved {
	files, err := filepath.Glob("examples/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*Resolved{}
	for _, file := range files {
		r, ds := Load(file, Options{Env: environment("BENCH_VAR_dsn=host=localhost")})
		if len(ds) > 0 {
			t.Errorf("%s: %v", file, ds)
		}
		if r != nil {
			all[filepath.Base(file)] = r
		}
	}
	return all
}

func TestExamples(t *testing.T) {
	all := examples(t)
	for _, name := range []string{"quickstart.hcl", "pg-select.hcl", "pg-tpcb.hcl", "query-directory.hcl", "snowflake-lookup.hcl"} {
		r := all[name]
		if r == nil {
			t.Errorf("%s is no spec", name)
			continue
		}
		src := []byte(r.Plan.Source.Text)
		if formatted, _ := Format(name, src); !bytes.Equal(formatted, src) {
			t.Errorf("%s is not formatted", name)
		}
		if len(r.Plan.SLOs) == 0 {
			t.Errorf("%s has no slo", name)
		}
	}
}

// TestExamplesOnSQLite runs the setup of every SQLite example, and then each of its statements with the first value of
// every param, and holds what they return against what is expected of them.
func TestExamplesOnSQLite(t *testing.T) {
	ran := 0
	for name, r := range examples(t) {
		if r.Plan.Target.Kind != "sqlite" {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "example.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, script := range r.Plan.Setup {
				if _, err := db.ExecContext(t.Context(), script); err != nil {
					t.Fatalf("setup: %v", err)
				}
			}
			params := make([]map[string]any, len(r.Plan.Params))
			for i, p := range r.Plan.Params {
				params[i] = firstValue(t, db, p)
			}
			for _, w := range r.Plan.Workloads {
				kept := make([]map[string]any, len(w.Statements))
				for i := range w.Statements {
					s := &w.Statements[i]
					var args []any
					for _, b := range s.Binds {
						row := kept[max(b.Statement, 0)]
						if b.Param >= 0 {
							row = params[b.Param]
						}
						v, ok := row[b.Column]
						if !ok {
							t.Fatalf("%s: nothing for %+v in %v", w.Name, b, row)
						}
						args = append(args, v)
					}
					n, first := execute(t, db, s.Text(func(int) string { return "?" }), args)
					kept[i] = first
					if e := s.Expect; e != nil && (e.MinRows != nil && n < *e.MinRows || e.MaxRows != nil && n > *e.MaxRows) {
						t.Errorf("%s: %d rows, which is not as expected", w.Name, n)
					}
				}
			}
		})
	}
	if ran != 2 {
		t.Errorf("%d SQLite examples, want 2", ran)
	}
}

// The SQL of the examples for Snowflake is that of Snowflake.
func TestExamplesForSnowflakeParse(t *testing.T) {
	parsed := 0
	for name, r := range examples(t) {
		if r.Plan.Target.Kind != "snowflake" {
			continue
		}
		parsed++
		all := slices.Concat(r.Plan.Setup, r.Plan.Teardown, r.Plan.Target.Session.Init)
		for _, w := range r.Plan.Workloads {
			for _, s := range w.Statements {
				all = append(all, s.Text(func(int) string { return "1" }))
			}
		}
		if tree, ok := fakesnow.Parse(t, strings.Join(all, ";\n")+";\n"); !ok {
			t.Errorf("%s: %s", name, tree)
		}
	}
	if parsed == 0 {
		t.Error("there is no example for Snowflake")
	}
}

func firstValue(t *testing.T, db *sql.DB, p bench.Param) map[string]any {
	switch p.Kind {
	case "choice":
		return map[string]any{"": p.Values[0].Any()}
	case "pool":
		n, row := execute(t, db, p.Query, nil)
		if n == 0 {
			t.Errorf("the pool %s is empty", p.Name)
		}
		return row
	}
	return map[string]any{"": p.From}
}

// execute runs a statement and gives the number of rows that it returned or changed, and the first.
func execute(t *testing.T, db *sql.DB, text string, args []any) (int64, map[string]any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]any{}
	n := int64(0)
	for ; rows.Next(); n++ {
		if n > 0 {
			continue
		}
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, c := range columns {
			first[c] = values[i]
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(columns) == 0 {
		if err := db.QueryRowContext(t.Context(), "SELECT changes()").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n, first
}

// TestReadme reads every spec of README.md. Those that name files find them in examples.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 5 {
		t.Fatalf("only %d blocks", len(blocks))
	}
	for _, b := range blocks {
		_, ds := Parse("examples/readme.hcl", b[1], Options{Env: environment("PG_DSN=host=localhost", "BENCH_VAR_dsn=host=localhost")})
		if len(ds) > 0 {
			t.Errorf("%v in\n%s", ds, b[1])
		}
		if formatted, _ := Format("readme.hcl", b[1]); !bytes.Equal(formatted, b[1]) {
			t.Errorf("not formatted:\n%s\nbut\n%s", b[1], formatted)
		}
	}
	for f := range newLoader("x.hcl", nil, Options{}).context.Functions {
		if !regexp.MustCompile(`\b` + f + `\b`).Match(text) {
			t.Errorf("function %s is not described", f)
		}
	}
	for kind, options := range targets {
		for _, o := range options {
			if !regexp.MustCompile("`" + o.name + `\b`).Match(text) {
				t.Errorf("option %s of target %s is not described", o.name, kind)
			}
		}
	}
}

package specs

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"bench/runtime/bench"
)

var update = flag.Bool("update", false, "write what is got into testdata")

// environment makes an Options.Env of "NAME=VALUE" texts.
func environment(values ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, v := range values {
			if k, text, _ := strings.Cut(v, "="); k == name {
				return text, true
			}
		}
		return "", false
	}
}

// TestDiagnostics reads the wrong specs of testdata: what is said of NAME.hcl stands in NAME.want.
func TestDiagnostics(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join(here, name))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := txtar.Write(archive, dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(t.TempDir(), "outside.sql"), []byte("SELECT 1"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/etc/hosts", filepath.Join(dir, "link.sql")); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			wants := map[string]string{}
			var got txtar.Archive
			got.Comment = archive.Comment
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".want") {
					wants[f.Name] = string(f.Data)
				}
			}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".want") {
					continue
				}
				got.Files = append(got.Files, f)
				base, isSpec := strings.CutSuffix(f.Name, ".hcl")
				if !isSpec {
					continue
				}
				text := diagnose(t, f)
				got.Files = append(got.Files, txtar.File{Name: base + ".want", Data: []byte(text)})
				if want := wants[base+".want"]; !*update && want != text {
					t.Errorf("%s (-want +got):\n%s", f.Name, cmp.Diff(want, text))
				}
			}
			if *update {
				if err := os.WriteFile(filepath.Join(here, name), txtar.Format(&got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

var varsLine = regexp.MustCompile(`(?m)^# vars: (.*)$`)

// diagnose is what is said of a spec. Its variables are in a comment.
func diagnose(t *testing.T, f txtar.File) string {
	o := Options{Env: environment("SECRET=hunter2", "DSN=postgres://u:hunter2@h/d")}
	if m := varsLine.FindSubmatch(f.Data); m != nil {
		o.Vars = splitVars(string(m[1]))
	}
	r, ds := Load(f.Name, o)
	if (r == nil) != ds.HasErrors() {
		t.Errorf("%s: a result is there: %v, errors: %v", f.Name, r != nil, ds.HasErrors())
	}
	var b strings.Builder
	if err := ds.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(ds)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{b.String(), string(encoded), ds.Error()} {
		if strings.Contains(shown, "hunter2") {
			t.Errorf("%s: a secret is shown:\n%s", f.Name, shown)
		}
	}
	return b.String()
}

// splitVars splits at commas that stand outside of brackets.
func splitVars(text string) []string {
	var all []string
	depth, start := 0, 0
	for i, c := range text {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ',' && depth == 0:
			all = append(all, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(all, strings.TrimSpace(text[start:]))
}

const fiveErrors = `
variable "n" {}
run "r" {
  duration = 5
  target "sqlite" {}
  load "closed" { wrkers = 8 }
  workload "a" {
    sql    = "SELECT :x"
    weight = 0
  }
  param "y" { uniform = { from = 3, to = 1 } }
}
`

func TestSameBytesEveryTime(t *testing.T) {
	var first []byte
	for i := range 200 {
		_, ds := Parse("five.hcl", []byte(fiveErrors), Options{Env: environment()})
		var b bytes.Buffer
		if err := ds.WriteText(&b, true); err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(&b).Encode(ds); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b.Bytes()
			if ds.Errors() < 5 {
				t.Fatalf("only %d errors:\n%v", ds.Errors(), ds)
			}
		}
		if !bytes.Equal(b.Bytes(), first) {
			t.Fatalf("decoding %d differs:\n%s\nfirst:\n%s", i, b.Bytes(), first)
		}
	}
}

func TestTooMuch(t *testing.T) {
	deep := func(opening, closing string, n int) string {
		return "run \"r\" {\n duration = " + strings.Repeat(opening, n) + "1" + strings.Repeat(closing, n) + "\n}\n"
	}
	tests := []struct{ name, text, want string }{
		{"ten megabytes", strings.Repeat("# comment\n", 1<<20), "more than the 1048576 that are allowed"},
		{"parentheses", deep("(", ")", 20_000), "nested more than 32 deep"},
		{"lists", deep("[", "]", 33), "nested more than 32 deep"},
		{"templates", deep(`"${`, `}"`, 100), "nested more than 32 deep"},
		{"not closed", deep("{a=", "", 10_000), "nested more than 32 deep"},
		{"blocks", strings.Repeat("a {\n", 40) + strings.Repeat("}\n", 40), "nested more than 32 deep"},
		{"not", deep("!", "", 20_000), "more than 1000 operators"},
		{"not over lines", "a = (" + strings.Repeat("!\n", 20_000) + "true)\n", "more than 1000 operators"},
		{"sum", deep("1+", "", 20_000), "more than 1000 operators"},
		{"conditions", deep("true ? 1 : ", "", 10_000), "more than 1000 operators"},
		{"indexes", "a = b" + strings.Repeat("[c]", 10_000), "more than 1000 operators"},
		{"directives", "a = \"" + strings.Repeat("%{if true}", 10_000) + "\"", "more than 1000 %{ } directives"},
		{"huge number", deep("", "e999999999", 1), "a number is too large or too small"},
		{"tiny number", deep("", "e-999999999", 1), "a number is too large or too small"},
		{"closed directives", "a = \"" + strings.Repeat("%{if true}x", 3000) + strings.Repeat("%{endif}", 3000) + "\"", "more than 1000 %{ } directives"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, ds := Parse("x.hcl", []byte(tt.text), Options{Env: environment()})
			if len(ds) != 1 || !strings.Contains(ds.Error(), tt.want) {
				t.Errorf("got %.300s, want only %q", ds.Error(), tt.want)
			}
			if len(ds.Error()) > 1000 {
				t.Errorf("the message has %d bytes", len(ds.Error()))
			}
		})
	}
	if _, ds := Parse("x.hcl", []byte(deep("(", ")", 20)), Options{}); strings.Contains(ds.Error(), "nested") {
		t.Errorf("depth 20 is refused: %v", ds)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{filepath.Join(dir, "none.hcl"), dir} {
		r, ds := Load(name, Options{})
		if r != nil || ds.Errors() != 1 || !strings.Contains(ds.Error(), name) {
			t.Errorf("Load(%s) gives %v, %v", name, r, ds)
		}
	}
	r, ds := Load("/dev/zero", Options{})
	if r != nil || ds.Errors() != 1 {
		t.Errorf("Load(/dev/zero) gives %v, %v", r, ds)
	}
}

func TestBugBecomesMessage(t *testing.T) {
	o := Options{Env: func(string) (string, bool) { panic("boom") }}
	r, ds := Parse("x.hcl", []byte(`variable "a" {}`), o)
	if r != nil || !strings.Contains(ds.Error(), "internal error: boom") {
		t.Errorf("got %v, %v", r, ds)
	}
}

// minimal is a spec with something put into its run.
func minimal(inside string) string {
	return fmt.Sprintf("run \"r\" {\n  duration = \"1m\"\n  target \"null\" {}\n  load \"closed\" {\n    connections = 2\n  }\n%s\n}\n", inside)
}

// resolve reads a spec that must be right.
func resolve(t *testing.T, text string, o Options) *Resolved {
	t.Helper()
	if o.Env == nil {
		o.Env = environment()
	}
	r, ds := Parse("test.hcl", []byte(text), o)
	if ds.HasErrors() {
		t.Fatalf("%v\n%s", ds, text)
	}
	return r
}

func TestDefaults(t *testing.T) {
	r := resolve(t, minimal(`workload "a" { sql = "SELECT 1" }`), Options{})
	want := bench.Plan{
		Name: "r", Seed: seedOf("r"), Duration: bench.Duration(60e9), Drain: bench.Duration(30e9), Ready: bench.Duration(120e9),
		Target:    bench.Target{Kind: "null", Options: map[string]string{}, Secrets: map[string]bench.Secret{}},
		Fleet:     bench.Fleet{Kind: "local", Workers: 1},
		Workloads: []bench.Workload{{Name: "a", Weight: 1, Statements: []bench.Statement{{Parts: []string{"SELECT 1"}, Fetch: "all"}}}},
		Groups:    []bench.Group{{Load: bench.Load{Model: "closed", Connections: 2}, Workloads: []int{0}, Pick: "random"}},
	}
	r.Plan.Source = bench.Source{}
	if diff := cmp.Diff(want, r.Plan); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if seedOf("r") == seedOf("s") || seedOf("r") >= 1<<53 {
		t.Errorf("seeds %d and %d", seedOf("r"), seedOf("s"))
	}
}

func TestGroups(t *testing.T) {
	r := resolve(t, minimal(`
  pick = "deck"
  workload "a" { sql = "SELECT 1" }
  workload "own" {
    sql  = "SELECT 2"
    pick = "random"
    load "closed" {
      connections = 3
      stages      = [{ connections = 10, duration = "5s" }, { connections = 4, duration = "1s" }]
      think       = "5ms"
      pacing      = "1s"
    }
  }
  workload "b" {
    weight = 7
    sql    = "SELECT 3"
  }
  workload "last" {
    sql = "SELECT 4"
    load "closed" {
      connections = 1
      ramp        = "3s"
      think       = { dist = "lognormal", median = "2ms", sigma = 0.5, max = "1s" }
    }
  }`), Options{})
	ms := bench.Duration(1e6)
	want := []bench.Group{
		{Load: bench.Load{Model: "closed", Connections: 2}, Workloads: []int{0, 2}, Pick: "deck", First: 0},
		{Load: bench.Load{Model: "closed", Connections: 3, Stages: []bench.LoadStage{{Connections: 10, Duration: 5000 * ms}, {Connections: 4, Duration: 1000 * ms}},
			Think: &bench.Dist{Kind: "constant", Mean: 5 * ms}, Pacing: 1000 * ms}, Workloads: []int{1}, Pick: "random", First: 2},
		{Load: bench.Load{Model: "closed", Connections: 1, Ramp: 3000 * ms,
			Think: &bench.Dist{Kind: "lognormal", Median: 2 * ms, Sigma: 0.5, Max: 1000 * ms}}, Workloads: []int{3}, Pick: "deck", First: 12},
	}
	if diff := cmp.Diff(want, r.Plan.Groups); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := r.Plan.Connections(); n != 13 {
		t.Errorf("%d connections, want 13", n)
	}
}

func TestParams(t *testing.T) {
	r := resolve(t, minimal(`
  param "a" { uniform = { from = -5, to = 5 } }
  param "b" { sequence = { from = 7 } }
  param "c" { choice = { values = [1, 2.5, "x", null], weights = [1, 2, 3, 0.5] } }
  param "d" { zipf = { from = 1, to = 10, skew = 1 } }
  param "e" { nurand = { a = 255, from = 0, to = 999 } }
  param "f" { latest = { from = 1, to = 10, skew = 1.2 } }
  param "g" {
    pool     = "SELECT id, store FROM t"
    disjoint = true
  }
  workload "w" { sql = "SELECT :a, :b, :c, :d, :e, :f, :g.id, :g.store" }`), Options{})
	want := []bench.Param{
		{Name: "a", Kind: "uniform", From: -5, To: 5},
		{Name: "b", Kind: "sequence", From: 7, To: 1<<63 - 1},
		{Name: "c", Kind: "choice", To: 0, Values: []bench.Value{bench.IntValue(1), bench.FloatValue(2.5), bench.TextValue("x"), {}}, Weights: []float64{1, 2, 3, 0.5}},
		{Name: "d", Kind: "zipf", From: 1, To: 10, Skew: 1},
		{Name: "e", Kind: "nurand", From: 0, To: 999, A: 255},
		{Name: "f", Kind: "latest", From: 1, To: 10, Skew: 1.2},
		{Name: "g", Kind: "pool", Query: "SELECT id, store FROM t", Disjoint: true},
	}
	if diff := cmp.Diff(want, r.Plan.Params); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	binds := r.Plan.Workloads[0].Statements[0].Binds
	if last := binds[len(binds)-1]; len(binds) != 8 || last != (bench.Bind{Param: 6, Statement: -1, Column: "store"}) {
		t.Errorf("binds %+v", binds)
	}
}

func TestTransaction(t *testing.T) {
	text := strings.Replace(minimal(`
  param "id" { uniform = { from = 1, to = 9 } }
  workload "w" {
    transaction = true
    isolation   = "Immediate"
    fetch       = "none"
    timeout     = "2s"
    retry       = { attempts = 3 }
    statement "found" {
      sql    = "SELECT id, x FROM t WHERE id = :id"
      fetch  = "first_row"
      expect = { min_rows = 1 }
    }
    statement {
      sql    = "UPDATE t SET x = :found.x WHERE id = :found.id AND x <> :id"
      expect = { rows = 1 }
    }
  }`), `"null" {}`, `"sqlite" { path = "/tmp/x.db" }`, 1)
	got := resolve(t, text, Options{}).Plan.Workloads
	want := []bench.Workload{{
		Name: "w", Weight: 1, Transaction: true, Isolation: "immediate", Timeout: bench.Duration(2e9),
		Retry: bench.Retry{Attempts: 3, On: []bench.ErrorClass{bench.ErrorSerialization}, Backoff: bench.Duration(10e6)},
		Statements: []bench.Statement{
			{Name: "found", Parts: []string{"SELECT id, x FROM t WHERE id = ", ""}, Binds: []bench.Bind{{Param: 0, Statement: -1}},
				Fetch: "first_row", Expect: &bench.Expect{MinRows: new(int64(1))}, Keep: true},
			{Parts: []string{"UPDATE t SET x = ", " WHERE id = ", " AND x <> ", ""},
				Binds: []bench.Bind{{Param: -1, Statement: 0, Column: "x"}, {Param: -1, Statement: 0, Column: "id"}, {Param: 0, Statement: -1}},
				Fetch: "none", Expect: &bench.Expect{MinRows: new(int64(1)), MaxRows: new(int64(1))}},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSLOs(t *testing.T) {
	r := resolve(t, minimal(`
  workload "a" { sql = "SELECT 1" }
  slo "one" {
    workload = "a"
    metric   = "response.p99.9"
    max      = "1.5ms"
    min_n    = 10
  }
  slo "each" {
    workload = "*"
    metric   = "service.mean"
    min      = "1us"
    max      = "1s"
  }
  slo "rate" {
    metric = "throughput.ok"
    min    = 99.5
  }
  guard {
    max_error_rate = 0.1
    max_duration   = "5m"
  }`), Options{})
	want := []bench.SLO{
		{Name: "one", Workload: "a", Metric: "response.p99.9", Max: new(1500.0), MinN: 10},
		{Name: "each", Workload: "*", Metric: "service.mean", Min: new(1.0), Max: new(1e6)},
		{Name: "rate", Metric: "throughput.ok", Min: new(99.5)},
	}
	if diff := cmp.Diff(want, r.Plan.SLOs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if g := r.Plan.Guard; g != (bench.Guard{MaxErrorRate: 0.1, MaxDuration: bench.Duration(300e9)}) {
		t.Errorf("guard %+v", g)
	}
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	varFile := filepath.Join(dir, "vars.hcl")
	if err := os.WriteFile(varFile, []byte("a = 20\nb = 20\nc = [1, 2]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
variable "a" { default = 1 }
variable "b" { default = 1 }
variable "d" { default = 1 }
variable "e" { default = 1 }
variable "c" { type = list(number) }
` + minimal(`labels = { all = "${var.a} ${var.b} ${var.d} ${var.e} ${length(var.c)}" }
  workload "a" { sql = "SELECT 1" }`)
	r := resolve(t, text, Options{
		Vars: []string{"a=29", "a=30"}, VarFiles: []string{varFile},
		Env: environment("BENCH_VAR_a=10", "BENCH_VAR_b=10", "BENCH_VAR_d=10", "e=10"),
	})
	if got := r.Plan.Labels["all"]; got != "30 20 10 1 2" {
		t.Errorf("values %q, want 30 by --var, 20 by file, 10 by environment, 1 by default, 2 members", got)
	}

	if err := os.WriteFile(varFile, []byte("a = hunter2\nx = \"hunter2\"\nblock {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, ds := Parse("test.hcl", []byte(text), Options{VarFiles: []string{varFile}, Env: environment()})
	if ds.Errors() != 4 || strings.Contains(ds.Error(), "hunter2") {
		t.Errorf("got %d errors:\n%v", ds.Errors(), ds)
	}
	_, ds = Parse("test.hcl", []byte(text), Options{VarFiles: []string{filepath.Join(dir, "none")}, Vars: []string{"c=[]"}, Env: environment()})
	if ds.Errors() != 1 || !strings.Contains(ds.Error(), "cannot be read") {
		t.Errorf("got %v", ds)
	}
}

func TestSecrets(t *testing.T) {
	const secret = "postgres://u:hunter2@h/d"
	spec := func(top, option string) string {
		return top + "\n" + strings.Replace(minimal(`workload "a" { sql = "SELECT 1" }`), `"null" {}`, "\"postgres\" {\n"+option+"\n}", 1)
	}
	declared := `variable "dsn" { sensitive = true }`
	tests := []struct {
		name, text string
		vars       []string
		option     string
		ref        bench.Secret
	}{
		{"environment", spec("", `dsn = env("DSN")`), nil, "dsn", "env:DSN"},
		{"environment with default", spec("", `dsn = env("DSN", "host=x")`), nil, "dsn", "env:DSN"},
		{"variable", spec(declared, `dsn = var.dsn`), []string{"dsn=" + secret}, "dsn", "var:dsn"},
		{"variable not declared sensitive", spec(`variable "d" {}`, `dsn = var.d`), []string{"d=" + secret}, "dsn", "var:d"},
		{"default from the environment", spec("variable \"d\" {\n sensitive = true\n default = env(\"DSN\")\n}", `dsn = var.d`), nil, "dsn", "env:DSN"},
		{"local", spec(`locals { d = env("DSN") }`, `dsn = local.d`), nil, "dsn", "env:DSN"},
		{"computed", spec("", `dsn = trimspace(env("DSN"))`), nil, "dsn", "var:dsn"},
		{"template", spec("", `dsn = "${env("DSN")}"`), nil, "dsn", "var:dsn"},
		{"password", spec("", `password = env("DSN")`), nil, "password", "env:DSN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := resolve(t, tt.text, Options{Vars: tt.vars, Env: environment("DSN=" + secret)})
			if got := r.Plan.Target.Secrets[tt.option]; got != tt.ref {
				t.Errorf("reference %q, want %q", got, tt.ref)
			}
			if r.Secrets[tt.ref] != secret || len(r.Secrets) != 1 {
				t.Errorf("secrets %v", r.Secrets)
			}
			if b, _ := json.Marshal(r.Plan); bytes.Contains(b, []byte("hunter2")) {
				t.Errorf("the plan holds the secret: %s", b)
			}
		})
	}
	r := resolve(t, spec("", `dsn = "host=localhost user=bench"`), Options{})
	if r.Secrets["var:dsn"] != "host=localhost user=bench" || len(r.Plan.Target.Options) != 0 {
		t.Errorf("a dsn without a password: %v, %v", r.Secrets, r.Plan.Target.Options)
	}
	r = resolve(t, spec("", `dsn = "postgres://u:${env("PW")}@h/d"`), Options{Env: environment("PW=hunter2")})
	if r.Secrets["var:dsn"] != secret {
		t.Errorf("a password put into a dsn: %v", r.Secrets)
	}
}

func TestFormat(t *testing.T) {
	src := "run \"a\" {\nduration=\"1m\" # why\n    x    = 1\n}\n"
	want := "run \"a\" {\n  duration = \"1m\" # why\n  x        = 1\n}\n"
	got, ds := Format("x.hcl", []byte(src))
	if string(got) != want || len(ds) > 0 {
		t.Errorf("got %s, %v", got, ds)
	}
	if again, _ := Format("x.hcl", got); !bytes.Equal(again, got) {
		t.Errorf("formatting twice gives %s", again)
	}
	if got, ds := Format("x.hcl", []byte("run {")); got != nil || !ds.HasErrors() {
		t.Errorf("a text that does not parse gives %q, %v", got, ds)
	}
}

func TestColor(t *testing.T) {
	ds := Diagnostics{{Severity: SeverityError, Summary: "a", File: "f", Line: 1, Snippet: "\tx = y", MarkStart: 5, MarkEnd: 6}}
	var plain, color strings.Builder
	if err := ds.WriteText(&plain, false); err != nil {
		t.Fatal(err)
	}
	if err := ds.WriteText(&color, true); err != nil {
		t.Fatal(err)
	}
	if want := "Error: a\n  f line 1:\n     1 | \tx = y\n       | \t    ^\n"; plain.String() != want {
		t.Errorf("got %q, want %q", plain.String(), want)
	}
	if stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(color.String(), ""); stripped != plain.String() {
		t.Errorf("with colour the text is %q", stripped)
	}
}

// TestNoEscapes puts bytes that a terminal acts on into a spec.
func TestNoEscapes(t *testing.T) {
	_, ds := Parse("x.hcl", []byte("run \"\x1b[31m\" {\n duration = \"\x1b[2J\"\n \x1b[0m\n}\n"), Options{})
	var b strings.Builder
	if err := ds.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	if !ds.HasErrors() || strings.ContainsRune(b.String()+ds.Error(), '\x1b') {
		t.Errorf("got %q", b.String())
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fiveErrors))
	f.Add([]byte(minimal(`workload "a" { sql = "SELECT 1" }`)))
	examples, _ := filepath.Glob("examples/*.hcl")
	for _, name := range examples {
		if src, err := os.ReadFile(name); err == nil {
			f.Add(src)
		}
	}
	archives, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range archives {
		if a, err := txtar.ParseFile(name); err == nil {
			for _, file := range a.Files {
				f.Add(file.Data)
			}
		}
	}
	o := Options{Vars: []string{"dsn=host=x"}, Env: environment("DSN=s3cr3t-value", "SECRET=s3cr3t-value")}
	f.Fuzz(func(t *testing.T, src []byte) {
		r, ds := Parse("examples/fuzz.hcl", src, o)
		if (r == nil) != ds.HasErrors() {
			t.Fatalf("a result: %v, diagnostics: %v", r != nil, ds)
		}
		text := ds.Error()
		if strings.Contains(text, "internal error") {
			t.Fatal(text)
		}
		if strings.Contains(text, "s3cr3t-value") && !bytes.Contains(src, []byte("s3cr3t")) {
			t.Fatalf("a secret is shown: %s", text)
		}
		if r == nil {
			return
		}
		b, err := json.Marshal(r.Plan)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("s3cr3t-value")) && !bytes.Contains(src, []byte("s3cr3t")) {
			t.Fatalf("the plan holds a secret: %s", b)
		}
		for _, w := range r.Plan.Workloads {
			for _, s := range w.Statements {
				if len(s.Parts) != len(s.Binds)+1 {
					t.Fatalf("%d pieces for %d binds", len(s.Parts), len(s.Binds))
				}
			}
		}
	})
}

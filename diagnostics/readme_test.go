package diagnostics

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write README.md anew")

// README.md is the manual of the language and the list of checks, which is made from their headers:
// go test ./diagnostics -update
func TestReadme(t *testing.T) {
	const mark = "<!-- The rest is made from the checks: go test ./diagnostics -update -->\n"
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	manual, _, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("README.md has no line %s", mark)
	}
	set, ds := Load(nil, "")
	if ds != nil {
		t.Fatal(ds)
	}
	want := manual + mark + list(set)
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Error("README.md does not have the checks as they are: go test ./diagnostics -update")
	}
}

// list is a table of checks for each step.
func list(set Set) string {
	var b strings.Builder
	for _, step := range Steps {
		var rows strings.Builder
		for _, c := range set {
			if c.Step != step {
				continue
			}
			source := c.Source
			switch {
			case c.Target != "":
				source = c.Target
			case c.Table != "":
				source += " (" + c.Table + ")"
			}
			live := ""
			if c.Live {
				live = "live"
			}
			var limits []string
			for _, p := range c.Params {
				limits = append(limits, strings.TrimSpace(fmt.Sprintf("%s = %v %s", p.Name, p.Value, p.Unit)))
			}
			rows.WriteString(fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", c.Code, c.Title, source, live, strings.Join(limits, ", "), strings.Join(c.DependsOn, " ")))
		}
		fmt.Fprintf(&b, "\n### %s\n\n| code | holds when it passes | rows from | | limits | causes |\n|---|---|---|---|---|---|\n%s", step, rows.String())
	}
	return b.String()
}

// The check that the manual shows is one.
func TestReadmeShowsACheck(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(text), "```hcl\n")
	example, _, closed := strings.Cut(example, "```")
	if !ok || !closed {
		t.Fatal("README.md shows no check")
	}
	set, said := loadFiles(t, map[string]string{"big_rows.hcl": example})
	if len(said) > 0 || set.Find("OPS0001") == nil {
		t.Errorf("said: %s", strings.Join(said, "\n"))
	}
}

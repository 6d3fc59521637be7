package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme does what README.md tells a reader to do: it writes the spec and runs every command that stands behind a
// "$ ". Each line that stands below a command must be in its output, in this order, but for numbers and blanks.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spec := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindSubmatch(text)
	if spec == nil {
		t.Fatal("README.md has no spec")
	}
	if err := os.WriteFile(filepath.Join(dir, "items.hcl"), spec[1], 0o600); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```\n(\\$ .*?)```").FindAllSubmatch(text, -1) {
		for _, part := range strings.Split("\n"+string(block[1]), "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			commands++
			args := strings.Fields(command)
			c := exec.CommandContext(t.Context(), args[0], args[1:]...)
			c.Dir = dir
			c.Env = append(os.Environ(), "BENCH_JOURNAL="+filepath.Join(dir, "journal.db"), "BENCH_SERVER=", "TMPDIR="+dir)
			var stderr bytes.Buffer
			c.Stderr = &stderr
			got, err := c.Output()
			if err != nil {
				t.Errorf("$ %s: %v\n%s%s", command, err, got, stderr.String())
				continue
			}
			have := shapes(string(got))
			for _, line := range shapes(want) {
				i := slices.Index(have, line)
				if i < 0 {
					t.Errorf("$ %s: no line like %q in\n%s", command, line, got)
					break
				}
				have = have[i+1:]
			}
		}
	}
	if commands < 6 {
		t.Errorf("README.md has %d commands; the test looks at the wrong place", commands)
	}
	for _, name := range []string{"specs/examples/quickstart.hcl", "specs/README.md", "Taskfile.yml", "cli/imports_test.go"} {
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil || !bytes.Contains(text, []byte(filepath.Base(name))) {
			t.Errorf("README.md should speak of %s: %v", name, err)
		}
	}
}

var (
	runID  = regexp.MustCompile(`[0-9A-Z]{26}`)
	number = regexp.MustCompile(`-?\d[\d,.]*(m\d+s|µs|ms|s|%)?`)
)

// shapes are the lines of a text with something in them, with ids, numbers and runs of blanks replaced.
func shapes(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if fields := strings.Fields(number.ReplaceAllString(runID.ReplaceAllString(line, "ID"), "N")); len(fields) > 0 {
			all = append(all, strings.Join(fields, " "))
		}
	}
	return all
}

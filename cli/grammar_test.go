package cli

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func call(args ...string) (code int, stdout, stderr string) {
	var out, talk bytes.Buffer
	code = Main(args, Process{Stdin: new(bytes.Buffer), Stdout: &out, Stderr: &talk, Env: func(string) (string, bool) { return "", false }})
	return code, out.String(), talk.String()
}

func TestEveryCommandAndFlagHasHelp(t *testing.T) {
	var g grammar
	parser, err := newParser(&g, &program{Process: Process{Env: func(string) (string, bool) { return "", false }}}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	err = kong.Visit(parser.Model, func(n kong.Visitable, next kong.Next) error {
		switch n := n.(type) {
		case *kong.Node:
			if n.Help == "" {
				t.Errorf("command %s has no help", n.FullPath())
			}
		case *kong.Flag:
			if n.Help == "" {
				t.Errorf("flag --%s has no help", n.Name)
			}
		}
		return next(nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUsageErrorsAreOneSentenceAndAHint(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"aply x.hcl", `did you mean "apply"?`},
		{"apply", "expected \"<file>\""},
		{"tail --until nope", "--until must be one of"},
		{"list --limit x", "--limit"},
		{"tail --interval 5", "missing unit"},
		{"report -o xml", "must be one of"},
	} {
		code, stdout, stderr := call(strings.Fields(c.args)...)
		if code != 80 || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 2 {
			t.Errorf("bench %s: exit %d, stdout %q, stderr %q; want 80 and %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestHelpIsDataAndEndsWell(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"apply", "--help"}, {"migrate", "up", "-h"}} {
		code, stdout, stderr := call(args...)
		if code != 0 || !strings.HasPrefix(stdout, "Usage: bench") || stderr != "" {
			t.Errorf("bench %v: exit %d, stderr %q, stdout:\n%s", args, code, stderr, stdout)
		}
	}
}

func TestCompletionKnowsEveryVisibleCommand(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, script, _ := call("completion", shell)
		if code != 0 {
			t.Fatalf("exit %d", code)
		}
		for _, want := range []string{"apply", "until", "detach", "status up down sql"} {
			if shell == "fish" {
				want, _, _ = strings.Cut(want, " ")
			}
			if !strings.Contains(script, want) {
				t.Errorf("%s does not know %q", shell, want)
			}
		}
		if strings.Contains(script, "worker)") {
			t.Errorf("%s offers a hidden command", shell)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("install bash to run this test")
	}
	_, script, _ := call("completion", "bash")
	try := exec.CommandContext(t.Context(), bash, "-c", script+"\nCOMP_WORDS=(bench st); COMP_CWORD=1; _bench; echo ${COMPREPLY[*]}")
	got, err := try.CombinedOutput()
	if err != nil || strings.TrimSpace(string(got)) != "status stop" {
		t.Errorf("completing st: %q, %v", got, err)
	}
}

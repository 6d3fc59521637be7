package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"bench/runtime/bench"
	"bench/runtime/worker"
	"bench/specs"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{ends(bench.ExitPass), 0},
		{ends(bench.ExitFail), 1},
		{fmt.Errorf("report: %w", ends(bench.ExitUndetermined)), 2},
		{ends(bench.ExitEarly), 5},
		{usage("no such flag"), 80},
		{specs.Diagnostics{{Severity: specs.SeverityError, Summary: "no run"}}, 80},
		{bench.Errorf(bench.CodeRunNotFound, "no run x"), 80},
		{bench.Errorf(bench.CodeForbidden, "no"), 83},
		{bench.Errorf(bench.CodeUnauthorized, "no"), 83},
		{bench.Errorf(bench.CodeInternal, "oh"), 100},
		{errors.New("oh"), 100},
		{fmt.Errorf("ask: %w", bench.Errorf(bench.CodeUnreachable, "no server")), 101},
		{context.Canceled, 130},
		{left(os.Interrupt), 130},
		{workerOutcome(nil), 0},
		{workerOutcome(fmt.Errorf("%w: silence", worker.ErrServerLost)), 101},
		{workerOutcome(worker.ErrNeverStarted), 102},
		{workerOutcome(worker.ErrRefused), 80},
		{workerOutcome(worker.ErrFailed), 5},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.want)
		}
	}
}

// A report ends with the same code in every form, for every way in which a run can end.
func TestReportEndsTheSameInEveryForm(t *testing.T) {
	for _, status := range []bench.Status{bench.StatusCompleted, bench.StatusCancelled, bench.StatusFailed} {
		for _, verdict := range []bench.Verdict{bench.VerdictPass, bench.VerdictFail, bench.VerdictUndetermined} {
			run, result := ended()
			run.Status, run.Verdict, result.Verdict = status, verdict, verdict
			want := bench.ExitCode(status, run.StopReason, verdict)
			for _, form := range []string{"text", "json", "csv"} {
				p := &program{Process: Process{Env: func(string) (string, bool) { return "", false }}}
				var b bytes.Buffer
				if got := exitCode(p.report(&b, form, run, result, nil, nil)); got != want || b.Len() == 0 {
					t.Errorf("%s %s as %s: exit %d with %d bytes, want %d", status, verdict, form, got, b.Len(), want)
				}
			}
		}
	}
}

func TestCSVHasOneRowAWorkloadAndOneForAll(t *testing.T) {
	run, result := ended()
	var b bytes.Buffer
	if err := writeCSV(&b, run, result, nil); err != nil {
		t.Fatal(err)
	}
	golden(t, "result.csv", b.String())
}

func TestMainNeverPanics(t *testing.T) {
	var stderr bytes.Buffer
	code := Main([]string{"version"}, Process{Stdout: panics{}, Stderr: &stderr, Env: func(string) (string, bool) { return "", false }})
	if code != bench.ExitBug || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "internal error: out of ink") {
		t.Errorf("exit %d, stderr %q", code, stderr.String())
	}
}

// panics is a stream with a bug.
type panics struct{}

func (panics) Write([]byte) (int, error) { panic("out of ink") }

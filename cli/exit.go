package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"bench/runtime/bench"
	"bench/specs"
)

// An outcome ends a command with a code that is no error: a verdict, a difference, or a signal. Its text, if any, is
// for stderr.
type outcome struct {
	code int
	text string
}

func (o *outcome) Error() string { return o.text }

// ends is the outcome of a code; nil of 0.
func ends(code int) error {
	if code == bench.ExitPass {
		return nil
	}
	return &outcome{code: code}
}

// left is the outcome of a command that a signal ended.
func left(s os.Signal) error {
	return &outcome{bench.ExitSignal, fmt.Sprintf("left: %v", s)}
}

// usage is an error of whoever called the program.
func usage(format string, args ...any) error {
	return &outcome{bench.ExitUsage, fmt.Sprintf(format, args...)}
}

// exitCodes is what each code of a bench.Error ends with; codes that are not here are bugs.
var exitCodes = map[string]int{
	bench.CodeRunNotFound:        bench.ExitUsage,
	bench.CodeRunAmbiguous:       bench.ExitUsage,
	bench.CodeRunEnded:           bench.ExitUsage,
	bench.CodePlanInvalid:        bench.ExitUsage,
	bench.CodeKeyReused:          bench.ExitUsage,
	bench.CodeInvalid:            bench.ExitUsage,
	bench.CodeTooLarge:           bench.ExitUsage,
	bench.CodeNotFound:           bench.ExitUsage,
	bench.CodeResultNotReady:     bench.ExitUndetermined,
	bench.CodeEnrichmentNotReady: bench.ExitUndetermined,
	bench.CodeUnauthorized:       bench.ExitForbidden,
	bench.CodeForbidden:          bench.ExitForbidden,
	bench.CodeMisdirected:        bench.ExitForbidden,
	bench.CodeUnreachable:        bench.ExitUnreachable,
	bench.CodeTimeout:            bench.ExitUnreachable,
	bench.CodeBusy:               bench.ExitUnreachable,
	bench.CodeStopping:           bench.ExitUnreachable,
}

// exitCode is what a command that ended with err exits with. It is the only place that decides.
func exitCode(err error) int {
	if err == nil {
		return bench.ExitPass
	}
	if o, ok := errors.AsType[*outcome](err); ok {
		return o.code
	}
	if _, ok := errors.AsType[specs.Diagnostics](err); ok {
		return bench.ExitUsage
	}
	if e, ok := errors.AsType[*bench.Error](err); ok {
		if code, ok := exitCodes[e.Code]; ok {
			return code
		}
		return bench.ExitBug
	}
	if errors.Is(err, context.Canceled) {
		return bench.ExitSignal
	}
	return bench.ExitBug
}

// exit tells a person of err and gives the code to exit with.
func (p *program) exit(err error) int {
	if err == nil {
		return bench.ExitPass
	}
	if diagnostics, ok := errors.AsType[specs.Diagnostics](err); ok {
		diagnostics.WriteText(p.Stderr, p.colour(p.Stderr))
	} else if text := strings.TrimSpace(err.Error()); text != "" {
		fmt.Fprintln(p.Stderr, "bench: "+text)
	}
	return exitCode(err)
}

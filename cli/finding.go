package cli

import (
	"fmt"
	"io"

	"bench/runtime/bench"
)

// A finding is one line of what was asked of a target.
type finding struct {
	outcome     string // pass, warn, fail, undetermined
	what, text  string
	place       string // in the spec
	unreachable bool   // it is no fault of the spec
}

// findings are lines in the order in which they were asked for.
type findings []finding

func (f *findings) add(outcome, what, place, format string, args ...any) {
	*f = append(*f, finding{outcome: outcome, what: what, text: fmt.Sprintf(format, args...), place: place})
}

// signs are how outcomes are shown.
var signs = map[string]cell{"pass": {"ok", plain}, "warn": {"warn", yellow}, "fail": {"FAIL", red}, "undetermined": {"?", plain}}

// write prints the lines below a title.
func (f findings) write(w io.Writer, title string, colour bool) {
	fmt.Fprintln(w, "\n  "+title)
	for _, l := range f {
		text := l.text
		if l.place != "" {
			text += "  (" + l.place + ")"
		}
		sign := signs[l.outcome]
		fmt.Fprintf(w, "    %s %s: %s\n", sign.paint.on(colour, fmt.Sprintf("%-5s", sign.text)), l.what, text)
	}
}

// has reports whether a line has an outcome.
func (f findings) has(outcome string) bool {
	for _, l := range f {
		if l.outcome == outcome {
			return true
		}
	}
	return false
}

// code is what a command ends with that found this: a line that could not be decided is no pass.
func (f findings) code() int {
	switch {
	case f.has("fail"):
		return bench.ExitFail
	case f.has("undetermined"):
		return bench.ExitUndetermined
	}
	return bench.ExitPass
}

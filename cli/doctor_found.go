package cli

import (
	"fmt"
	"io"
	"slices"

	"bench/diagnostics"
	"bench/runtime/bench"
)

// takeFinding keeps what a check said last about a subject.
func (v *view) takeFinding(c bench.CheckChange) {
	i := slices.IndexFunc(v.found, func(f bench.CheckChange) bool { return f.Code == c.Code && f.Subject == c.Subject })
	if i < 0 {
		v.found = append(v.found, c)
		return
	}
	if c.Outcome == string(diagnostics.Pass) { // what was found stands on the screen, with the word that it is over
		c.Reason = "over; it was: " + v.found[i].Reason
	}
	v.found[i] = c
}

// writeFound prints what checks found while a run went on, below its result.
func writeFound(w io.Writer, run *bench.Run, found []bench.CheckChange, colour bool) {
	if len(found) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  found while it ran")
	for _, f := range found {
		paint := map[string]paint{string(diagnostics.Fail): red, string(diagnostics.Warn): yellow}[f.Outcome]
		fmt.Fprintf(w, "  %s %s %s\n", paint.on(colour, f.Outcome), f.Code, f.Reason)
	}
	fmt.Fprintf(w, "\n  next: bench doctor %s\n", run.ID)
}

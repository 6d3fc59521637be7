package engine_test

import (
	"fmt"
	"strings"
)

// A kind is what a run must not do.
type kind string

// The kinds of violations.
const (
	lostReport   kind = "lost report"   // what a worker reported is not in the journal
	doubleReport kind = "double report" // what a worker reported is in it more than once
	retimed      kind = "phase re-timed"
	stopLost     kind = "stop lost"
	zombie       kind = "zombie"       // a worker that is out of the run counts, or goes on
	imbalance    kind = "imbalance"    // counts do not add up
	gap          kind = "gap"          // events or reports are not numbered one after the other
	backwards    kind = "backwards"    // a phase is entered again, or an epoch goes back
	undead       kind = "undead"       // something changed after the end
	stuck        kind = "stuck"        // the run does not end
	needless     kind = "needless end" // the run did not complete, and nothing kept it from that
)

// A violation is one thing that a run did and must not do.
type violation struct {
	kind kind
	text string
}

func (v violation) String() string { return string(v.kind) + ": " + v.text }

func (o *outcome) violate(k kind, format string, args ...any) {
	o.violations = append(o.violations, violation{k, fmt.Sprintf(format, args...)})
}

// story is how the run went, for whoever has to understand a violation.
func (o *outcome) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\nended %v, %s: %s\n", o.scenario, o.run.State, o.run.StopReason, o.run.StopDetail)
	for _, v := range o.violations {
		fmt.Fprintf(&b, "  %v\n", v)
	}
	for _, e := range o.events {
		fmt.Fprintf(&b, "  %s %d.%d %s: %s\n", e.CreatedAt.Format("05.000000"), e.Epoch, e.Sequence, e.Type, e.Message)
	}
	return b.String()
}

package diagnostics

import (
	"testing"
	"time"
)

// What was told is over when the check passes; that it is looked at no more, in a later phase, says nothing about it.
func TestWatchTellsWhatIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		finding Finding
		told    int
	}{
		"it passes":        {Finding{Code: "TST0001", Outcome: Pass, asked: true}, 1},
		"no row is left":   {Finding{Code: "TST0001", Outcome: Skip, Why: WhyDoesntApply, asked: true}, 1},
		"another phase":    {Finding{Code: "TST0001", Outcome: Skip, Why: WhyDoesntApply}, 0},
		"its cause failed": {Finding{Code: "TST0001", Outcome: Skip, Why: WhyCauseFailed}, 0},
	} {
		p := &patient{told: map[place]Outcome{{"TST0001", ""}: Fail}}
		if changes := p.changes(&Report{Checks: []Finding{c.finding}}, time.Time{}); len(changes) != c.told {
			t.Errorf("%s: %+v, want %d to be told", name, changes, c.told)
		}
	}
}

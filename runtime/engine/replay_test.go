package engine_test

import (
	"fmt"
	"testing"
)

// A seed replays: whatever the scheduler does, the same calls reach the servers and the journal, with the same arguments
// and answers, in the same nanoseconds. Without that, a seed that fails would say nothing.
func TestSeedsReplay(t *testing.T) {
	for seed := range uint64(replayed) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			first := simulate(t, newScenario(seed), bends{}, true).trace
			for range 4 {
				again := simulate(t, newScenario(seed), bends{}, true).trace
				if again.hash() != first.hash() {
					t.Fatal(difference(first.sorted(), again.sorted()))
				}
			}
		})
	}
}

const replayed = 12

// difference is the first line in which two traces differ.
func difference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("call %d was\n%s\nand then\n%s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("there were %d calls, and then %d", len(a), len(b))
}

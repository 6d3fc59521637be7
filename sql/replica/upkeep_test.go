package replica

import (
	"testing"
	"time"

	"bench/runtime/bench"
)

// A warehouse that suspends itself after a minute is up from a statement to the next, and for a minute at most.
func TestUpkeep(t *testing.T) {
	t.Parallel()
	w := &bench.Warehouse{Raw: map[string]string{"auto_suspend": "60"}}
	var u Upkeep
	began := time.Now()
	for _, second := range []int{0, 1, 31, 300} {
		u = u.asked(w, began.Add(time.Duration(second)*time.Second))
	}
	for second, want := range map[int]time.Duration{300: 91 * time.Second, 310: 101 * time.Second, 1000: 151 * time.Second} {
		if got := u.at(began.Add(time.Duration(second) * time.Second)).Kept; got != want {
			t.Errorf("after %d s it was kept up for %s, want %s", second, got, want)
		}
	}
	if got := (Upkeep{}).asked(nil, began).at(began.Add(time.Hour)); got != (Upkeep{}) {
		t.Errorf("without a warehouse: %+v", got)
	}
}

package engine_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// seeds is how many runs the simulator makes: BENCH_SEEDS, or a few that every go test can afford.
func seeds(t *testing.T) uint64 {
	text := os.Getenv("BENCH_SEEDS")
	if text == "" {
		return 200
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("BENCH_SEEDS: %v", err)
	}
	return n
}

// TestSimulator draws one scenario a seed and takes it to its end.
func TestSimulator(t *testing.T) {
	began, n := time.Now(), seeds(t)
	var mu sync.Mutex
	ends := map[string]int{}
	t.Run("seed", func(t *testing.T) {
		for seed := range n {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				o := simulate(t, newScenario(seed), bends{}, false)
				if len(o.violations) > 0 {
					t.Error(o.story())
				}
				mu.Lock()
				ends[fmt.Sprintf("%s %s", o.run.Status, o.run.StopReason)]++
				mu.Unlock()
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d simulated runs in %s, %.0f a second: %v", n, took.Round(time.Millisecond), float64(n)/took.Seconds(), ends)
	// A simulation in which nothing goes well, or nothing goes wrong, would find nothing.
	for _, end := range []string{"COMPLETED completed", "CANCELLED stop_requested", "CANCELLED abort_requested", "FAILED worker_lost", "FAILED server_lost"} {
		if uint64(ends[end]) < n/50 && n >= 100 {
			t.Errorf("only %d of %d runs ended %s", ends[end], n, end)
		}
	}
}

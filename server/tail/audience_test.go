package tail

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
)

// What a viewer has not read is told with its age; what was there when it came, and what it was told that it will not get, is not.
func TestAudience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(Hub)
		run := &bench.Run{ID: "run"}
		h.Started(run)
		second := func(n int64) { h.Second(&bench.Second{Run: "run", Second: n}, false) }
		for n := range int64(5) {
			second(n)
		}
		v, err := h.Watch("run", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := h.Audience("run"); a != (bench.LiveViewer{Viewers: 1}) {
			t.Errorf("a viewer that came just now: %+v", a)
		}
		second(5)
		time.Sleep(3 * time.Second)
		second(6)
		if a := h.Audience("run"); a.Behind != 2 || a.BehindS != 3 || a.Gaps != 0 {
			t.Errorf("two seconds are unread: %+v", a)
		}
		for n := range int64(20) {
			second(7 + n)
		}
		for range 10 { // hello, a gap, and what is left
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			v.Next(ctx)
			cancel()
		}
		if a := h.Audience("run"); a.Behind != 0 || a.Gaps != 1 {
			t.Errorf("a viewer that was told of a gap and has read the rest: %+v", a)
		}
		v.Close()
		if a := h.Audience("run"); a.Viewers != 0 {
			t.Errorf("nobody is there: %+v", a)
		}
		if a := h.Audience("another"); a != (bench.LiveViewer{}) {
			t.Errorf("of a run that is not streamed: %+v", a)
		}
	})
}

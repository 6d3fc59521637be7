package pace

import (
	"testing"
	"time"

	"bench/runtime/bench"
)

func TestClosed(t *testing.T) {
	const ms = int64(time.Millisecond)
	paced := bench.Load{Connections: 4, Pacing: bench.Duration(100 * time.Millisecond)}
	plain := bench.Load{Connections: 4}
	type step struct {
		restart bool
		free    int64
		think   time.Duration
		want    int64
	}
	for _, c := range []struct {
		name       string
		load       bench.Load
		connection int
		steps      []step
	}{
		{"back to back: intended when the connection was free", plain, 3, []step{
			{want: 0}, {free: 7 * ms, want: 7 * ms}, {free: 9 * ms, want: 9 * ms},
		}},
		{"think time: due when the user has thought", plain, 0, []step{
			{think: 20 * time.Millisecond, want: 0},
			{free: 5 * ms, think: 20 * time.Millisecond, want: 25 * ms},
			{free: 90 * ms, think: 0, want: 90 * ms},
		}},
		{"think time: the first is staggered", plain, 3, []step{
			{think: 20 * time.Millisecond, want: 15 * ms},
			{free: 18 * ms, think: 20 * time.Millisecond, want: 38 * ms},
		}},
		{"pacing: one start each interval", paced, 0, []step{
			{want: 0}, {free: 30 * ms, want: 100 * ms}, {free: 190 * ms, want: 200 * ms},
		}},
		{"pacing: the first is staggered", paced, 1, []step{
			{want: 25 * ms}, {free: 30 * ms, want: 125 * ms},
		}},
		{"pacing: behind, the schedule is kept and nothing left out", paced, 0, []step{
			{want: 0},
			{free: 350 * ms, want: 100 * ms}, // intended 250 ms ago
			{free: 360 * ms, want: 200 * ms},
			{free: 370 * ms, want: 300 * ms},
			{free: 380 * ms, want: 400 * ms}, // caught up
		}},
		{"pacing: who was not active owes nothing", paced, 2, []step{
			{want: 50 * ms},
			{free: 60 * ms, want: 150 * ms},
			{restart: true, free: 5000 * ms, want: 5050 * ms},
			{free: 5060 * ms, want: 5150 * ms},
		}},
		{"pacing rules over thinking", paced, 0, []step{
			{think: time.Second, want: 0}, {free: 10 * ms, think: time.Second, want: 100 * ms},
		}},
	} {
		pacer := NewClosed(c.load, c.connection)
		for i, s := range c.steps {
			if s.restart {
				pacer.Restart()
			}
			if intended, due := pacer.Next(s.free, s.think); intended != s.want || due != s.want {
				t.Errorf("%s: operation %d is intended at %v and due at %v, want %v",
					c.name, i, time.Duration(intended), time.Duration(due), time.Duration(s.want))
			}
		}
	}
}

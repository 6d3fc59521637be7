package pace

import (
	"testing"
	"time"

	"bench/runtime/bench"
)

const s = time.Second

func stages(from int, to ...bench.LoadStage) bench.Load {
	return bench.Load{Model: "closed", Connections: from, Stages: to}
}

func stage(connections int, d time.Duration) bench.LoadStage {
	return bench.LoadStage{Connections: connections, Duration: bench.Duration(d)}
}

var loads = map[string]bench.Load{
	"constant":     {Model: "closed", Connections: 4},
	"ramp":         {Model: "closed", Connections: 4, Ramp: bench.Duration(10 * s)},
	"uneven ramp":  {Model: "closed", Connections: 3, Ramp: bench.Duration(10 * s)},
	"up":           stages(0, stage(5, 10*s)),
	"down":         stages(5, stage(0, 10*s)),
	"up and down":  stages(2, stage(6, 4*s), stage(6, 10*s), stage(1, 5*s)),
	"jump":         stages(1, stage(8, 0), stage(8, 5*s), stage(3, 0)),
	"there, again": stages(3, stage(0, 3*s), stage(0, 5*s), stage(3, 3*s)),
	"nobody":       stages(0, stage(0, 5*s)),
}

func TestActive(t *testing.T) {
	for _, c := range []struct {
		load string
		at   time.Duration
		want int
	}{
		{"constant", -1, 0}, {"constant", 0, 4}, {"constant", 1e6 * s, 4},

		{"ramp", 0, 1}, {"ramp", 2*s + s/2 - 1, 1}, {"ramp", 2*s + s/2, 2}, {"ramp", 5 * s, 3}, {"ramp", 7*s + s/2, 4},
		{"ramp", 10 * s, 4}, {"ramp", 1000 * s, 4},
		{"uneven ramp", 3_333_333_333, 1}, {"uneven ramp", 3_333_333_334, 2}, {"uneven ramp", 6_666_666_667, 3},

		{"up", 0, 1}, {"up", 2*s - 1, 1}, {"up", 2 * s, 2}, {"up", 8 * s, 5}, {"up", 10 * s, 5}, {"up", 11 * s, 5},
		{"down", 0, 5}, {"down", 2*s - 1, 5}, {"down", 2 * s, 4}, {"down", 10*s - 1, 1}, {"down", 10 * s, 0}, {"down", 11 * s, 0},

		{"up and down", 0, 3}, {"up and down", s, 4}, {"up and down", 3 * s, 6}, {"up and down", 14 * s, 6},
		{"up and down", 15 * s, 5}, {"up and down", 19*s - 1, 2}, {"up and down", 19 * s, 1},
		{"jump", 0, 8}, {"jump", 5*s - 1, 8}, {"jump", 5 * s, 3},
		{"there, again", 0, 3}, {"there, again", 2 * s, 1}, {"there, again", 3 * s, 0}, {"there, again", 8*s - 1, 0},
		{"there, again", 8 * s, 1}, {"there, again", 10 * s, 3},
		{"nobody", 0, 0}, {"nobody", 9 * s, 0},
	} {
		if got := Active(loads[c.load], c.at); got != c.want {
			t.Errorf("%s: %d active at %v, want %d", c.load, got, c.at, c.want)
		}
	}
}

func TestNextActive(t *testing.T) {
	const never = -1
	for _, c := range []struct {
		load       string
		connection int
		from, want time.Duration
	}{
		{"constant", 3, -5 * s, 0}, {"constant", 3, 7 * s, 7 * s}, {"constant", 4, 0, never},
		{"ramp", 0, 0, 0}, {"ramp", 1, 0, 2*s + s/2}, {"ramp", 3, 0, 7*s + s/2}, {"ramp", 3, 9 * s, 9 * s}, {"ramp", 4, 0, never},
		{"uneven ramp", 1, 0, 3_333_333_334},
		{"down", 4, 0, 0}, {"down", 4, 2*s - 1, 2*s - 1}, {"down", 4, 2 * s, never}, {"down", 0, 10 * s, never},
		{"up and down", 0, 30 * s, 30 * s}, {"up and down", 5, 0, 3 * s}, {"up and down", 5, 15 * s, never}, {"up and down", 1, 20 * s, never},
		{"jump", 7, 0, 0}, {"jump", 7, 5 * s, never}, {"jump", 2, 5 * s, 5 * s},
		{"there, again", 2, s, 10 * s}, {"there, again", 0, 3 * s, 8 * s}, {"there, again", 0, 2 * s, 2 * s},
		{"nobody", 0, 0, never},
	} {
		got, ok := NextActive(loads[c.load], c.connection, c.from)
		if !ok {
			got = never
		}
		if got != c.want {
			t.Errorf("%s: connection %d is next active after %v at %v, want %v", c.load, c.connection, c.from, got, c.want)
		}
	}
}

// TestNextActiveAgreesWithActive asks one about every answer of the other, a tenth of a second apart.
func TestNextActiveAgreesWithActive(t *testing.T) {
	for name, load := range loads {
		for connection := range load.Peak() + 1 {
			for at := -s; at < 25*s; at += s / 10 {
				next, ok := NextActive(load, connection, at)
				active := connection < Active(load, at)
				if (ok && next == at) != active && at >= 0 {
					t.Fatalf("%s: connection %d at %v: active %v, next active at %v, %v", name, connection, at, active, next, ok)
				}
				if ok && connection >= Active(load, next) {
					t.Fatalf("%s: connection %d is said to be active at %v and is not", name, connection, next)
				}
				if ok && next > 0 && next > at && connection < Active(load, next-1) {
					t.Fatalf("%s: connection %d is active before %v", name, connection, next)
				}
				if !ok && connection < Active(load, 1e6*s) {
					t.Fatalf("%s: connection %d is active in the end and never after %v", name, connection, at)
				}
			}
		}
	}
}

func TestNoOverflow(t *testing.T) {
	year := bench.Load{Connections: 1_000_000, Ramp: bench.Duration(365 * 24 * time.Hour)}
	if got := Active(year, 365*12*time.Hour); got != 500_001 {
		t.Errorf("%d active at half of the ramp", got)
	}
	if got, ok := NextActive(year, 500_000, 0); got != 365*12*time.Hour || !ok {
		t.Errorf("the middle connection starts at %v, %v", got, ok)
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		total       int64
		connections int
		want        []int64
	}{
		{0, 3, []int64{0, 0, 0}},
		{2, 3, []int64{1, 1, 0}},
		{10, 3, []int64{4, 3, 3}},
		{9, 3, []int64{3, 3, 3}},
		{7, 1, []int64{7}},
	} {
		var sum int64
		for i, want := range c.want {
			got := Share(c.total, c.connections, i)
			if got != want {
				t.Errorf("connection %d of %d has %d of %d, want %d", i, c.connections, got, c.total, want)
			}
			sum += got
		}
		if sum != c.total {
			t.Errorf("the shares of %d add up to %d", c.total, sum)
		}
	}
}

package pace

import (
	"math/bits"
	"time"

	"bench/runtime/bench"
)

// A line is a straight change of the number of active connections. While it rises, connection c joins as soon as the
// line reaches c, so that the first joins at its beginning; while it falls, connection c leaves as soon as the line
// comes down to c, so that the last leaves at its end.
type line struct {
	from, to int
	begin    time.Duration
	length   time.Duration
}

// lines goes over the lines of a load: its stages, or else its ramp as a line from 0 to Connections. After the last
// one its end holds for ever.
func lines(load bench.Load) (first line, stages []bench.LoadStage) {
	if len(load.Stages) == 0 {
		return line{from: 0, to: load.Connections, length: load.Ramp.D()}, nil
	}
	s := load.Stages[0]
	return line{from: load.Connections, to: s.Connections, length: s.Duration.D()}, load.Stages[1:]
}

// next is the line of the stage after l; without one it is flat and has no end, which a negative length stands for.
func (l line) next(stages []bench.LoadStage) (line, []bench.LoadStage) {
	n := line{from: l.to, to: l.to, begin: l.begin + max(l.length, 0), length: -1}
	if len(stages) == 0 {
		return n, nil
	}
	n.to, n.length = stages[0].Connections, stages[0].Duration.D()
	return n, stages[1:]
}

func (l line) endless() bool { return l.length < 0 }

// covers reports whether a time lies on the line. Its end belongs to the next one.
func (l line) covers(t time.Duration) bool { return l.endless() || t < l.begin+l.length }

// active is how many connections are active at a time on the line.
func (l line) active(t time.Duration) int {
	switch {
	case l.to > l.from:
		return l.from + int(scale(int64(t-l.begin), int64(l.to-l.from), int64(l.length))) + 1
	case l.to < l.from:
		return l.from - int(scale(int64(t-l.begin), int64(l.from-l.to), int64(l.length)))
	default:
		return l.to
	}
}

// span is from when until when connection c is active on the line; it is empty when from is not before until.
func (l line) span(c int) (from, until time.Duration) {
	from, until = l.begin, l.begin+l.length
	if l.endless() {
		until = 1<<63 - 1
	}
	switch {
	case c < min(l.from, l.to):
	case c >= max(l.from, l.to):
		until = from
	case l.to > l.from:
		from += time.Duration(scaleUp(int64(c-l.from), int64(l.length), int64(l.to-l.from)))
	default:
		until = from + time.Duration(scaleUp(int64(l.from-c), int64(l.length), int64(l.from-l.to)))
	}
	return from, until
}

// Active is how many connections of a group are active at a time since t0: those with numbers below it. A load with
// stages has no ramp: its first stage starts from Load.Connections.
func Active(load bench.Load, elapsed time.Duration) int {
	if elapsed < 0 {
		return 0
	}
	l, stages := lines(load)
	for !l.covers(elapsed) {
		l, stages = l.next(stages)
	}
	return l.active(elapsed)
}

// NextActive is the first time from elapsed on at which a connection is active: elapsed itself when it is active then.
// False says that it is never active again.
func NextActive(load bench.Load, connection int, elapsed time.Duration) (time.Duration, bool) {
	elapsed = max(elapsed, 0)
	for l, stages := lines(load); ; l, stages = l.next(stages) {
		if from, until := l.span(connection); max(from, elapsed) < until {
			return max(from, elapsed), true
		}
		if l.endless() {
			return 0, false
		}
	}
}

// Share is how many of total iterations a connection has. The shares of all connections add up to total, and no two
// differ by more than one.
func Share(total int64, connections, connection int) int64 {
	share := total / int64(connections)
	if int64(connection) < total%int64(connections) {
		share++
	}
	return share
}

// scale is a·b/c rounded down, for numbers that are not negative, without overflow on the way.
func scale(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

// scaleUp is a·b/c rounded up.
func scaleUp(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	if r > 0 {
		q++
	}
	return int64(q)
}

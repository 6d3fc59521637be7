package engine

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// seconds merges the reports of all workers second by second and tells each second once all live workers are in it, or
// when it is late; what comes after that corrects it. It belongs to the run's goroutine.
type seconds struct {
	r        *run
	open     map[int64]*second
	next     int64 // the first that was not told yet
	last     *bench.Second
	excluded map[string]int // reports left out since the last second, by reason
	recent   []*second      // told, newest last: they can still be corrected
	settled  time.Duration  // from the end of the newest second until it was told
	window   recent
	idle     time.Time // when a second without an aggregate was last told
}

// A second is one second in the making.
type second struct {
	number   int64
	phase    bench.Phase
	from, to int64 // microseconds since t0
	sum      stats.Aggregate
	packed   []bench.Delta           // sum, once told: a hundredth of the memory
	gauges   map[string]bench.Gauges // by worker
	lag      int64                   // worst p99 of it in a report, microseconds
	begun    int                     // workers that have told of the first part alone
	excluded map[string]int
	told     bool
}

// correctable is how many told seconds can be corrected: as many as a worker keeps.
const correctable = 120

func newSeconds(r *run) *seconds {
	return &seconds{r: r, open: map[int64]*second{}, excluded: map[string]int{}}
}

// add puts a report into its second, or says why it is left out: only WARMUP and MEASUREMENT enter the aggregate, and only of
// workers that are not dead (those do not come this far).
func (s *seconds) add(m *member, p *bench.Report, counted *stats.Aggregate) (excluded string) {
	if !p.Phase.Aggregated() {
		excluded = "phase " + string(p.Phase)
		s.excluded[excluded]++
		return excluded
	}
	if s.r.timeline == nil {
		excluded = "before the start"
		s.excluded[excluded]++
		return excluded
	}
	x := s.at(p.FromUS)
	if x == nil {
		return "too late for its second" // it counts for the result all the same
	}
	s.merge(x, m, p, counted)
	switch {
	case x.told:
		s.tell(x, true)
	case x.early(p):
		s.begins(x)
	}
	return ""
}

// early reports whether a report is about the first part of the first second.
func (x *second) early(p *bench.Report) bool { return p.ToUS == bench.FirstCut && p.ToUS < x.to }

// begins tells, when all workers have told of the first part of the first second, what was done in it: whoever looks sees that
// the load has begun before there is a second.
func (s *seconds) begins(x *second) {
	x.begun++
	workers := len(s.r.roster.members)
	if x.begun != workers {
		return
	}
	all := x.sum.Ledger(x.phase)
	s.r.e.Listener.Second(&bench.Second{
		Run: s.r.id, Second: -1, Phase: x.phase, At: time.Now().UTC(), Workers: workers, Expected: workers,
		Why: fmt.Sprintf("%s begun and %d done in the first %d ms", plural(int(all.Planned), "operation"), all.Done, bench.FirstCut/1000),
	}, false)
}

// merge adds a report to its second.
func (s *seconds) merge(x *second, m *member, p *bench.Report, counted *stats.Aggregate) {
	if err := x.sum.Add(x.packed); err != nil {
		panic("our own deltas cannot be read: " + err.Error())
	}
	x.packed = nil
	x.sum.Merge(counted)
	x.lag = max(x.lag, p.LagP99US)
	if x.early(p) {
		return // its worker is not in the second before it has told of the rest
	}
	x.gauges[m.Name()] = bench.Gauges{Connections: p.Connections, InFlight: p.InFlight, OldestUS: p.OldestUS}
}

// adopt takes in that a second was told by the server before this one. What is in it comes with its reports.
func (s *seconds) adopt(told *bench.Second) {
	x := s.begin(s.start(told.Second))
	x.told = true
	s.next, s.last = x.number+1, told
	s.remember(x)
}

// replay adds a report that was taken in by the server before this one: the seconds that it told can be corrected, those
// that it did not tell will be told.
func (s *seconds) replay(m *member, p *bench.Report, counted *stats.Aggregate) {
	if !p.Phase.Aggregated() {
		return
	}
	if x := s.at(p.FromUS); x != nil {
		s.merge(x, m, p, counted)
		if x.told {
			x.pack()
		}
	}
}

// remember keeps a told second, so that it can be corrected.
func (s *seconds) remember(x *second) {
	if s.recent = append(s.recent, x); len(s.recent) > correctable {
		s.recent = slices.Delete(s.recent, 0, 1)
	}
}

func (x *second) pack() { x.packed, x.sum = x.sum.Deltas(), stats.Aggregate{} }

// at is the second that a time since t0 lies in; nil when it was told too long ago to be corrected.
func (s *seconds) at(us int64) *second {
	number := s.r.timeline.Second(us)
	if x := s.open[number]; x != nil {
		return x
	}
	for _, x := range s.recent {
		if x.number == number {
			return x
		}
	}
	if number < s.next {
		return nil
	}
	x := s.begin(us)
	s.open[number] = x
	return x
}

func (s *seconds) begin(us int64) *second {
	t := s.r.timeline
	return &second{number: t.Second(us), phase: t.At(us), from: us, to: t.NextCut(us), gauges: map[string]bench.Gauges{}}
}

// settle tells the seconds that are complete or late, and returns when to look again.
func (s *seconds) settle(now time.Time) time.Time {
	status := s.r.record.Status
	if s.r.timeline == nil || status == bench.StatusStarting {
		return s.settleIdle(now)
	}
	for {
		from := s.start(s.next)
		phase := s.r.timeline.At(from)
		if !phase.Aggregated() || status == bench.StatusCancelling && s.open[s.next] == nil {
			return s.settleIdle(now)
		}
		end := s.r.at(s.r.timeline.NextCut(from))
		x := s.open[s.next]
		if now.Before(end) || !(s.complete(x) || !now.Before(end.Add(s.r.e.Settings.Late))) {
			if due := end.Add(s.r.e.Settings.Late); due.After(now) {
				return due
			}
			return now.Add(s.r.e.Settings.Late)
		}
		s.tell(s.at(from), false)
	}
}

// start is when a second begins, in microseconds since t0.
func (s *seconds) start(number int64) int64 {
	t := s.r.timeline
	warm := (t.WarmupUS + 1e6 - 1) / 1e6
	if number < warm {
		return number * 1e6
	}
	return t.WarmupUS + (number-warm)*1e6
}

// complete reports whether every live worker has reported a second.
func (s *seconds) complete(x *second) bool {
	if x == nil {
		return false
	}
	return s.r.roster.all(func(m *member) bool {
		_, in := x.gauges[m.Name()]
		return in || !m.live()
	})
}

// settleIdle tells a second each second while nothing is aggregated, with the reason: PREPARING shows what it waits for,
// PROCESSING keeps the last aggregate, marked as draining.
func (s *seconds) settleIdle(now time.Time) time.Time {
	if next := s.idle.Add(time.Second); next.After(now) {
		return next
	}
	s.idle = now
	x := bench.Second{Run: s.r.id, Second: -1, Phase: s.r.record.Phase}
	if s.last != nil {
		x = *s.last
		x.Draining, x.Phase = true, s.r.record.Phase
	}
	x.At, x.Why, x.Excluded = now.UTC(), s.r.waiting, s.takeExcluded()
	x.Expected = len(s.r.roster.members)
	_, x.Workers, _ = s.r.roster.counts()
	s.r.e.Listener.Second(&x, false)
	return now.Add(time.Second)
}

func (s *seconds) takeExcluded() map[string]int {
	if len(s.excluded) == 0 {
		return nil
	}
	x := s.excluded
	s.excluded = map[string]int{}
	return x
}

// tell merges a second and gives it to the listener and the writer.
func (s *seconds) tell(x *second, corrected bool) {
	b := bench.Second{
		Run: s.r.id, Second: x.number, Phase: x.phase, At: s.r.timeline.T0.Add(time.Duration(x.to) * time.Microsecond),
		Workers: len(x.gauges), Rows: x.sum.Rows(x.phase),
	}
	if !corrected {
		x.excluded = s.takeExcluded()
	}
	b.Excluded = x.excluded
	for _, m := range s.r.roster.members {
		if m.live() {
			b.Expected++
		}
	}
	b.Expected = max(b.Expected, b.Workers)
	b.Gauges.LagP99US = x.lag
	for _, g := range x.gauges {
		b.Gauges.Connections += g.Connections
		b.Gauges.InFlight += g.InFlight
		b.Gauges.OldestUS = max(b.Gauges.OldestUS, g.OldestUS)
	}
	b.Why = s.why(x, &b)
	if !corrected {
		x.told = true
		s.settled = time.Since(s.r.at(x.to))
		s.next = x.number + 1
		delete(s.open, x.number)
		s.remember(x)
		s.r.guard.second(x.sum.Ledger())
	}
	b.Rows = append([]bench.SecondRow{x.sum.All(x.phase).Row(-1)}, b.Rows...)
	x.pack()
	if s.last == nil || x.number >= s.last.Second {
		s.last = &b
	}
	s.r.e.Listener.Second(&b, corrected)
	s.r.e.writer.put(bench.Batch{Seconds: []bench.Second{b}}, nil)
}

// why says why a second shows nothing done.
func (s *seconds) why(x *second, b *bench.Second) string {
	all := x.sum.Ledger(x.phase)
	switch {
	case all.Done > 0:
		return ""
	case b.Workers == 0:
		return "no worker has reported this second"
	case all.Failures() > 0:
		return "every operation failed: " + s.r.measured.example()
	case b.Gauges.InFlight > 0:
		return plural(b.Gauges.InFlight, "operation") + " in flight and none finished, the oldest for " +
			(time.Duration(b.Gauges.OldestUS) * time.Microsecond).Round(time.Millisecond).String()
	default:
		return "no operation was due"
	}
}

// finish tells what is left when the run is over, so that nothing that was reported stays untold.
func (s *seconds) finish() {
	for _, number := range slices.Sorted(maps.Keys(s.open)) {
		if x := s.open[number]; !x.told {
			s.tell(x, false)
		}
	}
}

package cli

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// A view is what the frames of one run's stream add up to. It owns no goroutine and reads no clock: whoever watches a
// run feeds it frames and asks it questions with the time in hand.
type view struct {
	run       bench.Run
	workloads []string
	columns   map[string]int // name to index in a row of a d frame
	gauges    map[string]int
	timeline  bench.Timeline

	replica *api.Replica // as it stood last; nil when the server feeds none

	data    *api.Frame // the newest d frame
	end     *api.Frame
	history map[int64]tally // of the last seconds, for sparklines and sums; a corrected second replaces itself
	errors  int64           // of all seconds that were seen
	done    int64
	found   []bench.CheckChange // what the doctor said, the newest of each check and subject
}

// A tally is what is kept of one second.
type tally struct {
	done   map[int]int64 // by workload
	errors int64
}

// remembered is how many seconds a view keeps.
const remembered = 60

// A sample is one workload in the newest second.
type sample struct {
	workload                                              string
	done, errors, p50, p95, p99, max, serviceP50, retries int64
}

// take adds a frame; kinds that it does not know change nothing.
func (v *view) take(f *api.Frame) {
	switch f.T {
	case "hello":
		v.columns, v.gauges = index(f.Columns), index(f.GaugeColumns)
		v.workloads, v.replica = f.Workloads, f.Replica
		if f.Run != nil {
			v.run = *f.Run
		}
		if f.Timeline != nil {
			v.timeline = *f.Timeline
		}
		if v.history == nil || f.Resume != "ok" {
			v.history, v.errors, v.done = map[int64]tally{}, 0, 0
		}
	case "d":
		if f.Replica != nil {
			v.replica = f.Replica
		}
		v.takeSecond(f)
	case "ev":
		v.takeEvent(f.Event)
	case "end":
		v.end = f
		if f.Final != nil {
			plan := cmp.Or(f.Final.Plan, v.run.Plan)
			v.run = *f.Final
			v.run.Plan = plan
		}
	}
}

func (v *view) takeSecond(f *api.Frame) {
	if beginning(f) {
		return
	}
	v.count(f)
	if v.data != nil && f.Second != nil && v.data.Second != nil && *f.Second < *v.data.Second {
		return // an older second, corrected: the newest stays on the screen
	}
	v.data = f
	if rank(f.Phase) > rank(v.run.Phase) && !v.run.Status.Terminal() {
		v.run.Phase = f.Phase
	}
}

// beginning reports whether a frame tells that the first second has begun, which a line or a block has no number of yet.
func beginning(f *api.Frame) bool {
	return f.Second != nil && *f.Second < 0 && f.Phase.Aggregated()
}

// rank is the place of a phase in the order in which a run passes through them.
func rank(p bench.Phase) int {
	return slices.Index([]bench.Phase{bench.PhasePreparing, bench.PhaseWarmup, bench.PhaseMeasurement, bench.PhaseProcessing, bench.PhaseCompleted}, p)
}

// count puts a second into the sums, once.
func (v *view) count(f *api.Frame) {
	if f.Second == nil {
		return
	}
	if v.history == nil {
		v.history = map[int64]tally{}
	}
	now := tally{done: map[int]int64{}}
	for _, row := range f.Rows {
		w := int(v.at(row, "w"))
		now.done[w] += v.at(row, "done")
		now.errors += v.at(row, "errors")
	}
	before := v.history[*f.Second]
	v.errors += now.errors - before.errors
	v.done += sum(now.done) - sum(before.done)
	v.history[*f.Second] = now
	for s := range v.history {
		if s <= *f.Second-2*remembered {
			delete(v.history, s)
		}
	}
}

func (v *view) takeEvent(e *bench.Event) {
	if e == nil {
		return
	}
	switch e.Type {
	case bench.EventPhase:
		if s, ok := decode[bench.State](e.Data); ok && s.Phase != "" {
			v.run.State = s
		}
	case bench.EventCheck:
		if c, ok := decode[bench.CheckChange](e.Data); ok {
			v.takeFinding(c)
		}
	case bench.EventArm:
		if a, ok := decode[bench.Arm](e.Data); ok && (a.Timeline.EndUS > 0 || a.Timeline.WarmupUS > 0) {
			v.timeline = a.Timeline
		}
	}
}

// at is a column of a row by its name; a server that does not send it sends nothing of it.
func (v *view) at(row []int64, name string) int64 {
	if i, ok := v.columns[name]; ok && i < len(row) {
		return row[i]
	}
	return 0
}

// gauge is a level of the newest second by its name.
func (v *view) gauge(name string) int64 {
	if i, ok := v.gauges[name]; ok && v.data != nil && i < len(v.data.Gauges) {
		return v.data.Gauges[i]
	}
	return 0
}

// samples are the workloads in the newest second, in the order of the plan. Counts of all together are sums; their
// percentiles are not known from a second's rows and never made up, so there is no such sample.
func (v *view) samples() []sample {
	if v.data == nil {
		return nil
	}
	var all []sample
	for _, row := range v.data.Rows {
		w := int(v.at(row, "w"))
		if w < 0 || w >= len(v.workloads) {
			continue
		}
		all = append(all, sample{v.workloads[w], v.at(row, "done"), v.at(row, "errors"), v.at(row, "p50_us"), v.at(row, "p95_us"),
			v.at(row, "p99_us"), v.at(row, "max_us"), v.at(row, "service_p50_us"), v.at(row, "retries")})
	}
	return all
}

// qps is how many operations succeeded in the newest second.
func (v *view) qps() int64 {
	var n int64
	for _, s := range v.samples() {
		n += s.done
	}
	return n
}

// recent is how many operations of a workload succeeded in each of the last seconds, oldest first.
func (v *view) recent(workload string, seconds int) []int64 {
	w := slices.Index(v.workloads, workload)
	if len(v.history) == 0 || w < 0 {
		return nil
	}
	newest := slices.Max(slices.Collect(maps.Keys(v.history)))
	var levels []int64
	for s := max(0, newest-int64(seconds)+1); s <= newest; s++ {
		levels = append(levels, v.history[s].done[w])
	}
	return levels
}

// why says why there is nothing to show, "" when there is something.
func (v *view) why() string {
	if v.data != nil && v.qps() > 0 {
		return ""
	}
	if v.data != nil && v.data.Why != "" && v.data.Phase == v.run.Phase {
		return v.data.Why
	}
	if v.run.Phase == bench.PhasePreparing {
		return cmp.Or(v.run.Waiting, "no operation is executed before all workers are ready")
	}
	if v.data == nil || v.data.Phase != v.run.Phase {
		return "no second of " + string(v.run.Phase) + " was reported yet"
	}
	return "no operation succeeded in this second"
}

// phase is the one that the newest second belongs to, as long as load is driven; before and after, that of the run.
func (v *view) phase() bench.Phase {
	if v.data != nil && v.data.Phase != "" && rank(v.run.Phase) < rank(bench.PhaseProcessing) {
		return v.data.Phase
	}
	return v.run.Phase
}

// progress is how much of a phase has passed and how long it is; both are zero when the time line does not say.
// Elapsed time is the server's own count of seconds, never a difference of two machines' clocks.
func (v *view) progress(phase bench.Phase) (elapsed, total time.Duration) {
	if v.data == nil || v.data.Second == nil {
		return 0, 0
	}
	us := (*v.data.Second + 1) * 1e6
	warmup, end := v.timeline.WarmupUS, v.timeline.EndUS
	switch phase {
	case bench.PhaseWarmup:
		return time.Duration(min(us, warmup)) * time.Microsecond, time.Duration(warmup) * time.Microsecond
	case bench.PhaseMeasurement:
		if end == 0 {
			return time.Duration(us-warmup) * time.Microsecond, 0
		}
		return time.Duration(max(0, min(us, end)-warmup)) * time.Microsecond, time.Duration(end-warmup) * time.Microsecond
	}
	return 0, 0
}

// draining reports whether workers only finish what is in flight: the last second of MEASUREMENT then stays.
func (v *view) draining() bool { return v.run.Phase == bench.PhaseProcessing && v.end == nil }

// behind is the age of the newest data by the server's stamp, and whether there is any.
func (v *view) behind(now time.Time) (time.Duration, bool) {
	if v.data == nil || v.data.TS == 0 {
		return 0, false
	}
	return max(0, now.Sub(time.UnixMilli(v.data.TS))), true
}

// reached reports whether the run is in the phase or beyond it, or has ended.
func (v *view) reached(p bench.Phase) bool {
	return v.end != nil || rank(v.run.Phase) >= rank(p)
}

func index(names []string) map[string]int {
	m := make(map[string]int, len(names))
	for i, n := range names {
		m[n] = i
	}
	return m
}

func sum(m map[int]int64) int64 {
	var n int64
	for _, x := range m {
		n += x
	}
	return n
}

// decode reads the data of an event; what cannot be read is not there.
func decode[T any](data json.RawMessage) (x T, ok bool) {
	err := json.Unmarshal(data, &x)
	return x, err == nil
}

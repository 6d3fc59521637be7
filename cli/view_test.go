package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

var (
	t0 = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at = t0.Add(10 * time.Second)
)

// hello begins the stream of a run of 3 s warmup and 8 s measurement with two workloads.
func hello() *api.Frame {
	return &api.Frame{T: "hello", Version: 1, Epoch: "k3f9", Columns: api.Columns, GaugeColumns: api.GaugeColumns,
		Workloads: []string{"lookup", "order"}, Timeline: &bench.Timeline{T0: t0, WarmupUS: 3e6, EndUS: 11e6},
		Run: &bench.Run{ID: "01J9ZK4YQ3T7", Name: "shop", State: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseWarmup}}}
}

// second is a d frame in which lookup did so many operations and order a tenth of it.
func second(n, done int64, phase bench.Phase) *api.Frame {
	s := &bench.Second{Second: n, Phase: phase, Workers: 2, Expected: 2, Gauges: bench.Gauges{Connections: 8, InFlight: 3, OldestUS: 1_200_000}}
	for w, d := range []int64{done, done / 10} {
		s.Rows = append(s.Rows, bench.SecondRow{Workload: w, Ledger: bench.Ledger{Planned: d, Done: d}, P50US: 950, P95US: 2310, P99US: 4900, MaxUS: 61_000, ServiceP50US: 940})
	}
	rows, all, gauges := api.Columnar(s)
	return &api.Frame{T: "d", Seq: n + 2, TS: api.Stamp(t0.Add(time.Duration(n+1) * time.Second)), Phase: phase, Second: &n, Rows: rows, All: all, Gauges: gauges, Workers: 2, Expected: 2}
}

func watched(frames ...*api.Frame) *view {
	v := new(view)
	for _, f := range frames {
		v.take(f)
	}
	return v
}

func TestViewCountsASecondOnceHoweverOftenItIsCorrected(t *testing.T) {
	v := watched(hello(), second(0, 100, bench.PhaseWarmup), second(1, 200, bench.PhaseWarmup))
	if v.done != 330 || v.qps() != 220 {
		t.Errorf("done %d, qps %d; want 330 and 220", v.done, v.qps())
	}
	late := second(0, 150, bench.PhaseWarmup)
	late.Corrected = true
	v.take(late)
	if v.done != 385 {
		t.Errorf("done after the correction: %d, want 385", v.done)
	}
	if v.qps() != 220 {
		t.Errorf("a correction of an older second changed what is shown of the newest: qps %d", v.qps())
	}
	if got := v.recent("lookup", 60); len(got) != 2 || got[0] != 150 || got[1] != 200 {
		t.Errorf("recent: %v, want [150 200]", got)
	}
}

func TestViewNeverGoesBackToAnEarlierPhase(t *testing.T) {
	late := second(9, 100, bench.PhaseMeasurement)
	late.Corrected = true
	draining := second(8, 80, bench.PhaseProcessing) // the last second that is known is told again
	draining.Draining = true
	v := watched(hello(), second(8, 80, bench.PhaseMeasurement), draining, second(9, 90, bench.PhaseMeasurement), late)
	if v.run.Phase != bench.PhaseProcessing || !v.draining() {
		t.Errorf("a late report took the run back to %s", v.run.Phase)
	}
	if v.qps() != 110 {
		t.Errorf("qps %d, want that of the newest second", v.qps())
	}
	if v.done != 198 {
		t.Errorf("done %d, want 198: each second once, the late report included", v.done)
	}
}

func TestViewForgetsOldSeconds(t *testing.T) {
	v := watched(hello())
	for n := range int64(1000) {
		v.take(second(n, 10, bench.PhaseMeasurement))
	}
	if len(v.history) > 2*remembered {
		t.Errorf("%d seconds are kept", len(v.history))
	}
	if v.done != 11_000 {
		t.Errorf("done %d, want 11000", v.done)
	}
}

func TestViewProgressFollowsTheServersSeconds(t *testing.T) {
	for _, c := range []struct {
		second         int64
		phase          bench.Phase
		elapsed, total time.Duration
	}{
		{0, bench.PhaseWarmup, time.Second, 3 * time.Second},
		{2, bench.PhaseWarmup, 3 * time.Second, 3 * time.Second},
		{3, bench.PhaseMeasurement, time.Second, 8 * time.Second},
		{12, bench.PhaseMeasurement, 8 * time.Second, 8 * time.Second},
		{12, bench.PhaseProcessing, 0, 0},
	} {
		v := watched(hello(), second(c.second, 1, c.phase))
		if elapsed, total := v.progress(c.phase); elapsed != c.elapsed || total != c.total {
			t.Errorf("second %d of %s: %v of %v, want %v of %v", c.second, c.phase, elapsed, total, c.elapsed, c.total)
		}
	}
}

func TestZeroSaysWhy(t *testing.T) {
	preparing := hello()
	preparing.Run.State = bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing}
	preparing.Run.Waiting = "worker-1: login"
	nothing := second(4, 0, bench.PhaseMeasurement)
	nothing.Why = "reports of 2 workers are stale"
	before := second(-1, 0, bench.PhasePreparing)
	before.Why = "setup SQL"
	for _, c := range []struct {
		name string
		v    *view
		want string
	}{
		{"preparing", watched(preparing), "worker-1: login"},
		{"before the first second", watched(hello()), "no second of WARMUP was reported yet"},
		{"a reason of the phase before", watched(hello(), before), "no second of WARMUP was reported yet"},
		{"the server's word", watched(hello(), nothing), "reports of 2 workers are stale"},
		{"a second without success", watched(hello(), second(4, 0, bench.PhaseMeasurement)), "no operation succeeded in this second"},
		{"something to show", watched(hello(), second(4, 10, bench.PhaseMeasurement)), ""},
	} {
		if got := c.v.why(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestViewTakesPhaseFromEvents(t *testing.T) {
	data, err := json.Marshal(bench.State{Status: bench.StatusStopping, Phase: bench.PhaseProcessing})
	if err != nil {
		t.Fatal(err)
	}
	v := watched(hello(), &api.Frame{T: "ev", Event: &bench.Event{Type: bench.EventPhase, Data: data}})
	if v.run.Phase != bench.PhaseProcessing || v.run.Status != bench.StatusStopping {
		t.Errorf("got %v", v.run.State)
	}
	if !v.reached(bench.PhaseMeasurement) || v.reached(bench.PhaseCompleted) {
		t.Error("PROCESSING is beyond MEASUREMENT and before COMPLETED")
	}
}

func TestLine(t *testing.T) {
	d := &lines{interval: 10 * time.Second}
	v := watched(hello(), second(8, 400, bench.PhaseMeasurement))
	v.run.Phase = bench.PhaseMeasurement
	want := "12:00:10Z MEASUREMENT 6s/8s qps=440 lookup=400/p95:2.31ms order=40/p95:2.31ms err=0 conns=8 inflight=3 workers=2/2 behind=1s"
	if got := d.line(v, link{}, at); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLinesComeAtTheIntervalAtPhaseChangesAndAtEvents(t *testing.T) {
	var b strings.Builder
	d := &lines{w: &b, interval: 10 * time.Second}
	v := new(view)
	now := t0
	show := func(f *api.Frame) {
		v.take(f)
		d.frame(v, f, now)
		d.tick(v, link{}, now)
		now = now.Add(time.Second)
	}
	show(hello())
	for n := range int64(11) {
		phase := bench.PhaseWarmup
		if n >= 3 {
			phase = bench.PhaseMeasurement
		}
		show(second(n, 100, phase))
	}
	show(&api.Frame{T: "ev", Event: &bench.Event{Type: bench.EventWorker, Severity: "warn", Message: "worker-1 is silent", CreatedAt: now}})
	d.tick(v, link{down: true, attempt: 1, why: "EOF"}, now)
	d.tick(v, link{}, now)
	show(&api.Frame{T: "gap", From: 3, To: 9, Why: "slow"})
	var got []string
	for line := range strings.Lines(b.String()) {
		fields := strings.Fields(line)
		got = append(got, strings.Join(fields[:min(3, len(fields))], " "))
	}
	want := []string{
		"12:00:01Z WARMUP 1s/3s", "12:00:04Z MEASUREMENT 1s/8s", "12:00:12Z worker warning:",
		"12:00:13Z -- stream", "12:00:13Z -- stream", "12:00:13Z -- gap:",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nall:\n%s", strings.Join(got, "\n"), b.String())
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("an escape byte in lines")
	}
}

func TestBlockNeverWrapsAndCountsWhatTheTerminalWrapped(t *testing.T) {
	for width := 20; width <= 120; width += 5 {
		var b strings.Builder
		d := &block{w: &b, size: func() (int, int) { return width, 24 }, blocks: asciiLevels, colour: true}
		v := watched(hello(), second(8, 400, bench.PhaseMeasurement))
		d.frame(v, &api.Frame{T: "ev", Event: &bench.Event{Type: bench.EventPhase, Message: strings.Repeat("long ", 40), CreatedAt: at}}, at)
		d.tick(v, link{}, at)
		for _, n := range d.painted {
			if n >= width {
				t.Errorf("a line of %d characters in a terminal %d wide", n, width)
			}
		}
		if !strings.Contains(b.String(), "long long") {
			t.Error("the event is missing above the block")
		}
	}
	d := &block{painted: []int{79, 79, 0, 10}}
	if got := d.rows(80); got != 4 {
		t.Errorf("at the old width the block has %d rows, want 4", got)
	}
	if got := d.rows(40); got != 6 {
		t.Errorf("at half the width the block has %d rows, want 6", got)
	}
}

func TestBlockKeepsToTheHeight(t *testing.T) {
	d := &block{w: new(strings.Builder), size: func() (int, int) { return 80, 3 }, blocks: asciiLevels}
	d.tick(watched(hello(), second(8, 400, bench.PhaseMeasurement)), link{}, at)
	if len(d.painted) != 2 {
		t.Errorf("%d lines on a terminal of 3", len(d.painted))
	}
}

func TestBlock(t *testing.T) {
	d := &block{blocks: asciiLevels}
	v := watched(hello())
	for n := range int64(9) {
		v.take(second(n, 100*(n+1), bench.PhaseMeasurement))
	}
	golden(t, "block.txt", strings.Join(d.lines(v, link{}, at, 100), "\n")+"\n\n"+
		strings.Join(d.lines(v, link{down: true, attempt: 3, why: "EOF"}, at.Add(12*time.Second), 50), "\n")+"\n")
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		levels []int64
		n      int
		want   string
	}{
		{nil, 5, ""},
		{[]int64{0, 0}, 5, "__"},
		{[]int64{1, 2, 4, 8}, 4, ".-:#"},
		{[]int64{7, 7, 7, 7}, 2, "##"},
	} {
		if got := sparkline(c.levels, c.n, asciiLevels); len(got) != len(c.want) || c.levels != nil && got[len(got)-1] != c.want[len(c.want)-1] {
			t.Errorf("%v in %d: %q, want %q", c.levels, c.n, got, c.want)
		}
	}
}

func TestFramesAreNDJSONAfterAVersion(t *testing.T) {
	var b strings.Builder
	d := newFrames(&b)
	v := watched(hello())
	d.frame(v, hello(), at)
	d.tick(v, link{down: true, attempt: 2, why: "EOF"}, at)
	d.tick(v, link{down: true, attempt: 2, why: "EOF"}, at)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 3 || lines[0] != `{"type":"version","ui":"1.0"}` {
		t.Fatalf("got %q", lines)
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("not JSON: %s", l)
		}
	}
	var f api.Frame
	if err := json.Unmarshal([]byte(lines[1]), &f); err != nil || f.T != "hello" || f.Run.ID != "01J9ZK4YQ3T7" {
		t.Errorf("frame %+v, %v", f, err)
	}
}

package tail

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// count is a histogram of one number: how many operations it has. sum merges such histograms.
func count(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func sum(hists [][]byte) ([]byte, error) {
	var n uint64
	for _, h := range hists {
		if len(h) != 8 {
			return nil, errors.New("not a histogram")
		}
		n += binary.BigEndian.Uint64(h)
	}
	return count(n), nil
}

func newRun(id string) *bench.Run {
	return &bench.Run{
		ID: id, State: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}, CreatedAt: time.Now(),
		Plan: &bench.Plan{Workloads: []bench.Workload{{Name: "read"}, {Name: "write"}}, Source: bench.Source{Text: "source text"}},
	}
}

// second makes second n of a run: n+1 operations of the first workload, two of the other in even seconds.
func second(run string, n int64) *bench.Second {
	rows := []bench.SecondRow{{Workload: 0, Ledger: bench.Ledger{Planned: n + 1, Done: n + 1}, Response: count(uint64(n + 1))}}
	if n%2 == 0 {
		rows = append(rows, bench.SecondRow{Workload: 1, Ledger: bench.Ledger{Planned: 2, Done: 2}, Response: count(2)})
	}
	return &bench.Second{Run: run, Second: n, Phase: bench.PhaseMeasurement, At: time.Now(), Workers: 1, Expected: 1, Rows: rows}
}

func event(run string, n int64) bench.Event {
	return bench.Event{Run: run, Sequence: n, Type: bench.EventWorker, Message: fmt.Sprint("event ", n), CreatedAt: time.Now()}
}

func ended(id string) *bench.Run {
	r := newRun(id)
	r.State = bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}
	r.Verdict = bench.VerdictPass
	return r
}

func decode(t *testing.T, text []byte) api.Frame {
	t.Helper()
	var f api.Frame
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("frame %s: %v", text, err)
	}
	return f
}

// drain reads what there is without waiting, and whether the stream is over.
func drain(t *testing.T, v *Viewer) (frames []api.Frame, over bool) {
	t.Helper()
	now, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		text, err := v.Next(now)
		switch {
		case err == io.EOF:
			return frames, true
		case err != nil:
			return frames, false
		}
		frames = append(frames, decode(t, text))
	}
}

func watch(t *testing.T, h *Hub, id, since string) *Viewer {
	t.Helper()
	v, err := h.Watch(id, since, nil)
	if err != nil {
		t.Fatalf("watch %s since %q: %v", id, since, err)
	}
	t.Cleanup(v.Close)
	return v
}

// reader keeps what a viewer was told, by the rules of the protocol.
type reader struct {
	last  int64
	got   map[int64]string // kind of frame by sequence
	gaps  [][2]int64
	hists []api.Frame
}

func (r *reader) read(t *testing.T, frames []api.Frame) {
	t.Helper()
	if r.got == nil {
		r.got = make(map[int64]string)
	}
	for _, f := range frames {
		switch f.T {
		case "hello":
			r.last = f.Seq
			continue
		case "gap":
			if f.From > f.To {
				t.Errorf("gap from %d to %d", f.From, f.To)
			}
			r.gaps = append(r.gaps, [2]int64{f.From, f.To})
			continue
		case "h":
			r.hists = slices.DeleteFunc(r.hists, func(o api.Frame) bool {
				return *o.Workload == *f.Workload && o.Phase == f.Phase && f.From <= o.From && o.To <= f.To
			})
			r.hists = append(r.hists, f)
		}
		if f.Seq <= r.last {
			t.Errorf("%s frame %d after frame %d", f.T, f.Seq, r.last)
		}
		r.last = f.Seq
		r.got[f.Seq] = f.T
	}
}

func (r *reader) total(workload int) uint64 {
	var n uint64
	for _, f := range r.hists {
		if *f.Workload == workload {
			n += binary.BigEndian.Uint64(f.Histogram)
		}
	}
	return n
}

func (r *reader) missed(seq int64) bool {
	return slices.ContainsFunc(r.gaps, func(g [2]int64) bool { return g[0] <= seq && seq <= g[1] })
}

func TestHello(t *testing.T) {
	var h Hub
	run := newRun("r1")
	h.Started(run)
	arm, _ := json.Marshal(bench.Arm{Timeline: bench.Timeline{WarmupUS: 5, EndUS: 9}})
	state, _ := json.Marshal(bench.State{Status: bench.StatusStopping, Phase: bench.PhaseProcessing})
	h.Event(bench.Event{Run: "r1", Type: bench.EventArm, Data: arm})
	h.Event(bench.Event{Run: "r1", Type: bench.EventPhase, Data: state})

	frames, _ := drain(t, watch(t, &h, "r1", ""))
	f := frames[0]
	if f.T != "hello" || f.Version != 1 || f.Epoch == "" || f.Seq != 0 || f.Resume != "snapshot" {
		t.Errorf("hello is %+v", f)
	}
	if !slices.Equal(f.Workloads, []string{"read", "write"}) || !slices.Equal(f.Columns, api.Columns) {
		t.Errorf("workloads %v, columns %v", f.Workloads, f.Columns)
	}
	if f.Timeline == nil || f.Timeline.EndUS != 9 {
		t.Errorf("timeline is %+v, want the one of the ARM event", f.Timeline)
	}
	if f.Run.Status != bench.StatusStopping || f.Run.Plan.Source.Text != "" || run.Plan.Source.Text == "" {
		t.Errorf("run is %v with source %q; the caller's has %q", f.Run.State, f.Run.Plan.Source.Text, run.Plan.Source.Text)
	}
	if got := h.Runs()[bench.StatusStopping]; got != 1 {
		t.Errorf("%d runs STOPPING, want 1", got)
	}
}

func TestFramesOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Hub{Merge: sum}
		h.Started(newRun("r1"))
		v := watch(t, &h, "r1", "")
		var frames []api.Frame
		var viewer sync.WaitGroup
		viewer.Go(func() {
			for text, err := range v.All(t.Context()) {
				if err != nil {
					t.Errorf("next: %v", err)
				}
				frames = append(frames, decode(t, text))
			}
		})
		h.Event(event("r1", 1))
		begun := second("r1", -1) // which is in no window
		begun.Rows = nil
		h.Second(begun, false)
		for n := range int64(12) {
			time.Sleep(time.Second)
			h.Second(second("r1", n), false)
			synctest.Wait()
		}
		h.Ended(ended("r1"), &bench.Result{Workloads: []bench.WorkloadResult{{ResponseHist: []byte{1}}}})
		viewer.Wait()

		var kinds []string
		for i, f := range frames[1:] {
			if f.Seq != int64(i+1) {
				t.Errorf("frame %d has sequence %d", i+1, f.Seq)
			}
			kinds = append(kinds, f.T)
		}
		want := []string{"ev", "d", "d", "d", "d", "d", "d", "d", "d", "d", "d", "d", "d", "d", "h", "h", "h", "h", "end"}
		if !slices.Equal(kinds, want) {
			t.Fatalf("frames are %v\nwant       %v", kinds, want)
		}
		d := frames[3]
		if *d.Second != 0 || len(d.Rows) != 2 || d.Rows[0][2] != 1 || d.TS != time.Now().Add(-11*time.Second).UnixMilli() {
			t.Errorf("the first second is %+v", d)
		}
		if hist := frames[15]; hist.From != 0 || hist.To != 9 || binary.BigEndian.Uint64(hist.Histogram) != 55 {
			t.Errorf("the first window is %+v", hist)
		}
		end := frames[len(frames)-1]
		if *end.Exit != bench.ExitPass || end.Final.Status != bench.StatusCompleted || end.Result.Workloads[0].ResponseHist != nil {
			t.Errorf("end is %+v", end)
		}
	})
}

// TestSlowViewer has one viewer that sleeps for 30 s and one that does not.
// Frames of a run that goes on say how the replica stood when they were made; without one, and in replays, they do not.
func TestFramesTellOfTheReplica(t *testing.T) {
	stands := &api.Replica{State: api.ReplicaCurrent}
	h := &Hub{Replica: func() *api.Replica { return stands }}
	h.Started(newRun("a"))
	h.Second(second("a", 0), false)
	stands = &api.Replica{State: api.ReplicaAway, BacklogRows: 40, LagMS: 6000, Error: "connection refused"}
	h.Event(event("a", 1))
	h.Second(second("a", 1), false)
	h.Ended(ended("a"), nil)
	var got []string
	frames, _ := drain(t, watch(t, h, "a", ""))
	for _, f := range frames {
		if f.Replica != nil {
			got = append(got, fmt.Sprint(f.T, " ", *f.Replica))
		}
	}
	away := fmt.Sprint(*stands)
	if want := []string{"hello " + away, "d " + fmt.Sprint(api.Replica{State: api.ReplicaCurrent}), "d " + away}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	replay, err := h.Replay(ended("a"), nil, []bench.Second{*second("a", 0)}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	plain := new(Hub)
	plain.Started(newRun("b"))
	plain.Second(second("b", 0), false)
	for _, v := range []*Viewer{replay, watch(t, plain, "b", "")} {
		frames, _ := drain(t, v)
		for _, f := range frames {
			if f.Replica != nil || len(frames) < 2 {
				t.Errorf("frame %s tells of a replica", f.T)
			}
		}
	}
}

func TestSlowViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Hub{Merge: sum}
		h.Started(newRun("r1"))
		slow, fast := watch(t, &h, "r1", ""), watch(t, &h, "r1", "")
		var slowly, quickly reader
		var late time.Duration // of the fast viewer's frames
		var viewers sync.WaitGroup
		viewers.Go(func() {
			for text, err := range fast.All(t.Context()) {
				if err != nil {
					t.Errorf("next: %v", err)
					return
				}
				f := decode(t, text)
				late = max(late, time.Since(time.UnixMilli(f.TS)))
				quickly.read(t, []api.Frame{f})
			}
		})
		frames, _ := drain(t, slow)
		slowly.read(t, frames)
		for n := range int64(30) {
			time.Sleep(time.Second)
			h.Second(second("r1", n), false)
			h.Event(event("r1", n))
		}
		frames, _ = drain(t, slow)
		slowly.read(t, frames)
		for n := int64(30); n < 35; n++ {
			time.Sleep(time.Second)
			h.Second(second("r1", n), false)
		}
		h.Ended(ended("r1"), nil)
		frames, over := drain(t, slow)
		slowly.read(t, frames)
		viewers.Wait()

		if !over {
			t.Error("the slow viewer was not told that the stream is over")
		}
		if len(quickly.gaps) != 0 || late > 200*time.Millisecond {
			t.Errorf("the fast viewer has gaps %v and was late by %v", quickly.gaps, late)
		}
		if len(slowly.gaps) != 1 {
			t.Errorf("the slow viewer was told of gaps %v, want one", slowly.gaps)
		}
		lost := 0
		for seq, kind := range quickly.got {
			switch {
			case slowly.got[seq] == kind:
			case kind == "d" && slowly.missed(seq):
				lost++
			default:
				t.Errorf("the slow viewer has no %s frame %d and was not told", kind, seq)
			}
		}
		if lost != 29 {
			t.Errorf("the slow viewer lost %d seconds, want all but the newest of 30", lost)
		}
		if slowly.total(0) != 35*36/2 || quickly.total(0) != 35*36/2 {
			t.Errorf("histograms add up to %d and %d, want %d", slowly.total(0), quickly.total(0), 35*36/2)
		}
	})
}

func TestResume(t *testing.T) {
	var h Hub
	h.Started(newRun("r1"))
	frames, _ := drain(t, watch(t, &h, "r1", ""))
	epoch := frames[0].Epoch
	h.Event(event("r1", 1)) // frame 1
	for n := range int64(ringFrames + 50) {
		h.Second(second("r1", n), false) // frame n+2; frames 2 to 51 leave the ring
	}
	newest := int64(ringFrames + 51)

	tests := []struct {
		name, since string
		resume      string
		gap         [2]int64
		first, n    int64 // sequence of the first frame that is no hello or gap, and how many
	}{
		{"from the start", "", "snapshot", [2]int64{}, 1, ringFrames + 1},
		{"another epoch", "nonsuch:700", "snapshot", [2]int64{}, 1, ringFrames + 1},
		{"beyond the end", fmt.Sprintf("%s:%d", epoch, newest+1), "snapshot", [2]int64{}, 1, ringFrames + 1},
		{"in the ring", fmt.Sprintf("%s:%d", epoch, 700), "ok", [2]int64{}, 701, newest - 700},
		{"nothing missed", fmt.Sprintf("%s:%d", epoch, newest), "ok", [2]int64{}, 0, 0},
		{"fallen out of the ring", epoch + ":10", "ok", [2]int64{11, 51}, 52, ringFrames},
		{"just fallen out", epoch + ":50", "ok", [2]int64{51, 51}, 52, ringFrames},
		{"just not", epoch + ":51", "ok", [2]int64{}, 52, ringFrames},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			frames, over := drain(t, watch(t, &h, "r1", test.since))
			if over || frames[0].Resume != test.resume {
				t.Errorf("resume is %q (over: %v), want %q", frames[0].Resume, over, test.resume)
			}
			frames = frames[1:]
			var gap [2]int64
			if len(frames) > 0 && frames[0].T == "gap" {
				gap = [2]int64{frames[0].From, frames[0].To}
				if frames[0].Why != "ring" {
					t.Errorf("gap because of %q", frames[0].Why)
				}
				frames = frames[1:]
			}
			if gap != test.gap {
				t.Errorf("gap is %v, want %v", gap, test.gap)
			}
			if int64(len(frames)) != test.n || test.n > 0 && frames[0].Seq != test.first {
				t.Errorf("%d frames, want %d from %d on", len(frames), test.n, test.first)
			}
		})
	}

	h.Ended(ended("r1"), nil)
	frames, over := drain(t, watch(t, &h, "r1", fmt.Sprintf("%s:%d", epoch, newest)))
	if !over || len(frames) != 2 || frames[0].Resume != "ended" || frames[0].Seq != newest || frames[1].T != "end" {
		t.Errorf("after the end (over: %v): %+v", over, frames)
	}
	for _, since := range []string{"7", "x:", "x:-1", ":1", "x:1:2"} {
		if _, err := h.Watch("r1", since, nil); bench.CodeOf(err) != bench.CodeInvalid {
			t.Errorf("since %q: %v", since, err)
		}
	}
	if _, err := h.Watch("r2", "", nil); bench.CodeOf(err) != bench.CodeRunNotFound {
		t.Errorf("unknown run: %v", err)
	}
}

// TestEncodedOnce has 200 viewers of the same bytes.
func TestEncodedOnce(t *testing.T) {
	h := Hub{Merge: sum}
	h.Started(newRun("r1"))
	viewers := make([]*Viewer, 200)
	for i := range viewers {
		viewers[i] = watch(t, &h, "r1", "")
		drain(t, viewers[i])
	}
	if h.Viewers() != len(viewers) {
		t.Errorf("%d viewers, want %d", h.Viewers(), len(viewers))
	}
	before := h.stream("r1").encodes
	for n := range int64(10) {
		h.Second(second("r1", n), false)
	}
	var first [][]byte
	for i, v := range viewers {
		for n := range 10 {
			text, err := v.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = append(first, text)
			} else if &text[0] != &first[n][0] {
				t.Fatalf("viewer %d got its own copy of frame %d", i, n)
			}
		}
		v.Close()
		v.Close()
	}
	if n := h.stream("r1").encodes - before; n != 10 {
		t.Errorf("10 frames for 200 viewers were encoded %d times", n)
	}
	if h.Viewers() != 0 {
		t.Errorf("%d viewers after all were closed", h.Viewers())
	}
}

func TestWideSecondsBoundTheRing(t *testing.T) {
	var h Hub
	h.Started(newRun("r1"))
	wide := second("r1", 0)
	wide.Why = string(make([]byte, 200<<10)) // over a megabyte as JSON
	for n := range int64(50) {
		wide.Second = n
		h.Second(wide, false)
	}
	s := h.stream("r1")
	if s.bytes > ringBytes || len(s.ring) < 2 {
		t.Errorf("%d frames of %d bytes in the ring", len(s.ring), s.bytes)
	}
}

func TestCorrectionReplacesHistogram(t *testing.T) {
	h := Hub{Merge: sum}
	h.Started(newRun("r1"))
	v := watch(t, &h, "r1", "")
	var r reader
	for n := range int64(15) {
		h.Second(second("r1", n), false)
	}
	frames, _ := drain(t, v)
	r.read(t, frames)
	before := r.total(0)
	late := second("r1", 4)
	late.Rows[0].Response = count(105) // was 5
	h.Second(late, true)
	h.Second(second("r1", 15), false)
	frames, _ = drain(t, v)
	r.read(t, frames)
	if !slices.ContainsFunc(frames, func(f api.Frame) bool { return f.T == "d" && f.Corrected && *f.Second == 4 }) {
		t.Error("no corrected d frame")
	}
	if got := r.total(0); before != 55 || got != 155 {
		t.Errorf("the window added up to %d, then to %d, want 55 and 155", before, got)
	}
	var again reader
	frames, _ = drain(t, watch(t, &h, "r1", ""))
	again.read(t, frames)
	if got := again.total(0); got != 155 {
		t.Errorf("a new viewer's window adds up to %d, want 155", got)
	}
}

func TestPhasesDoNotShareAWindow(t *testing.T) {
	h := Hub{Merge: sum}
	h.Started(newRun("r1"))
	for n := range int64(20) {
		s := second("r1", n)
		if n < 5 {
			s.Phase = bench.PhaseWarmup
		}
		h.Second(s, false)
	}
	h.Ended(ended("r1"), nil)
	frames, _ := drain(t, watch(t, &h, "r1", ""))
	var got []string
	for _, f := range frames {
		if f.T == "h" && *f.Workload == 0 {
			got = append(got, fmt.Sprintf("%s %d-%d %d", f.Phase, f.From, f.To, binary.BigEndian.Uint64(f.Histogram)))
		}
	}
	want := []string{"WARMUP 0-4 15", "MEASUREMENT 5-9 40", "MEASUREMENT 10-19 155"}
	if !slices.Equal(got, want) {
		t.Errorf("windows are %q, want %q", got, want)
	}
}

// TestLongRunMergesWindows stops viewers at random places of a run of three hours and lets them go on later: whatever they
// have seen merged in between, their histograms add up.
func TestLongRunMergesWindows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const seconds = 3 * 3600
	h := Hub{Merge: sum}
	h.Started(newRun("r1"))
	viewers := make([]*Viewer, 40)
	readers := make([]reader, len(viewers))
	for i := range viewers {
		viewers[i] = watch(t, &h, "r1", "")
	}
	var rare uint64
	for n := range int64(seconds) {
		s := second("r1", n)
		if n/windowSeconds%7 != 2 { // most windows have nothing of the second workload
			s.Rows = s.Rows[:1]
		} else if len(s.Rows) == 2 {
			rare += 2
		}
		if n < 95 {
			s.Phase = bench.PhaseWarmup
		}
		h.Second(s, false)
		if random.IntN(500) == 0 {
			i := random.IntN(len(viewers))
			frames, _ := drain(t, viewers[i])
			readers[i].read(t, frames)
		}
	}
	h.Ended(ended("r1"), nil)
	for i, v := range viewers {
		frames, _ := drain(t, v)
		readers[i].read(t, frames)
		if a, b := readers[i].total(0), readers[i].total(1); a != seconds*(seconds+1)/2 || b != rare {
			t.Errorf("viewer %d: histograms add up to %d and %d, want %d and %d", i, a, b, seconds*(seconds+1)/2, rare)
		}
	}
	if kept := len(h.stream("r1").kept); kept > 2*4*(windowsFine+2*windowsMerged) {
		t.Errorf("%d frames kept after three hours", kept)
	}
}

func TestMergeThatFailsLosesNothingElse(t *testing.T) {
	h := Hub{Merge: sum}
	h.Started(newRun("r1"))
	for n := range int64(13) {
		s := second("r1", n)
		s.Rows[0].Response = []byte("broken")
		h.Second(s, false)
	}
	frames, _ := drain(t, watch(t, &h, "r1", ""))
	var r reader
	r.read(t, frames)
	if r.total(0) != 0 || r.total(1) != 10 || len(r.got) != 14 {
		t.Errorf("%d frames, histograms add up to %d and %d", len(r.got), r.total(0), r.total(1))
	}
}

func TestEndedRunsAreForgotten(t *testing.T) {
	var h Hub
	for i := range keepEnded + 3 {
		id := fmt.Sprint("r", i)
		h.Started(newRun(id))
		h.Ended(ended(id), nil)
	}
	h.Second(second("r0", 1), false) // heard too late: nothing happens
	for i, want := range map[int]bool{0: false, 2: false, 3: true, keepEnded + 2: true} {
		v, err := h.Watch(fmt.Sprint("r", i), "", nil)
		if got := err == nil; got != want {
			t.Errorf("run %d is streamed: %v, want %v", i, got, want)
		}
		if v != nil {
			v.Close()
		}
	}
	if got := h.Runs()[bench.StatusCompleted]; got != keepEnded+3 {
		t.Errorf("%d runs completed, want %d", got, keepEnded+3)
	}
}

func TestReplay(t *testing.T) {
	h := Hub{Merge: sum}
	run := ended("r1")
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	run.StartTime, run.MeasurementEnd, run.EndTime = &start, new(start.Add(25*time.Second)), new(start.Add(26*time.Second))
	events := []bench.Event{event("r1", 1), event("r1", 2)}
	events[0].CreatedAt, events[1].CreatedAt = start.Add(-time.Second), start.Add(10500*time.Millisecond)
	var seconds []bench.Second
	for n := range int64(25) {
		s := second("r1", n)
		s.At = start.Add(time.Duration(n+1) * time.Second)
		seconds = append(seconds, *s)
	}
	replay := func(since string) []api.Frame {
		v, err := h.Replay(run, events, seconds, nil, since)
		if err != nil {
			t.Fatal(err)
		}
		frames, over := drain(t, v)
		if !over {
			t.Error("a replay waits")
		}
		return frames
	}
	all := replay("")
	if f := all[0]; f.Epoch != Stored || f.Resume != "ended" || f.Timeline.EndUS != 25e6 || f.Run.Status != bench.StatusCompleted {
		t.Errorf("hello is %+v", f)
	}
	if all[1].T != "ev" || all[12].T != "ev" || all[12].TS != api.Stamp(events[1].CreatedAt) || *all[13].Second != 10 {
		t.Errorf("the second event is not between its seconds: %+v", all[11:14])
	}
	if end := all[len(all)-1]; end.T != "end" || end.TS != api.Stamp(*run.EndTime) {
		t.Errorf("end is %+v", end)
	}
	var r reader
	r.read(t, all)
	if r.total(0) != 25*26/2 || len(r.gaps) != 0 {
		t.Errorf("histograms add up to %d, gaps %v", r.total(0), r.gaps)
	}
	rest := replay(Stored + ":20")
	a, _ := json.Marshal(all[21:])
	b, _ := json.Marshal(rest[1:])
	if string(a) != string(b) {
		t.Errorf("resumed replay is\n%s\nwant\n%s", b, a)
	}

	run.State = bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}
	all = replay("")
	if end := all[len(all)-1]; end.T != "end" || end.Why == "" || *end.Exit != bench.ExitEarly {
		t.Errorf("end of a run without a server is %+v", end)
	}
}

func FuzzPosition(f *testing.F) {
	f.Add("k3f9:12")
	f.Add("")
	f.Add("::")
	f.Fuzz(func(t *testing.T, since string) {
		p, err := parsePosition(since)
		if err == nil && since != "" && (p.epoch == "" || p.seq < 0) {
			t.Errorf("%q gives %+v", since, p)
		}
	})
}

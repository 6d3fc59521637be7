package tail

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// The ring of a run that goes on: fifteen minutes of seconds, or fewer when they are very wide.
const (
	ringFrames = 900
	ringBytes  = 8 << 20
)

// A frame is an encoded api.Frame.
type frame struct {
	seq  int64
	ts   int64 // as in the text
	text []byte
}

// A stream is one run's encoder and what it has made. One goroutine writes it (the engine's for that run); viewers read
// it under mu.
type stream struct {
	epoch   string
	log     *slog.Logger
	journal func() string       // why it takes no writes, "" while it does
	replica func() *api.Replica // gives nil when there is none

	// The writer's own.
	stamp   func() time.Time
	windows windows
	encodes int // frames encoded so far

	mu       sync.Mutex
	run      bench.Run // as the newest event left it; its Plan has no source text
	timeline *bench.Timeline
	seq      int64
	ring     []frame // d frames, oldest first
	frames   int     // how many the ring holds at most; zero is all
	bytes    int     // of the ring
	lost     int64   // sequence of the newest d frame that left the ring
	kept     []frame // ev, h, end, by sequence
	ended    bool
	viewers  map[*Viewer]bool
	changed  chan struct{} // closed and replaced with every frame
}

func newStream(epoch string, run *bench.Run, merge func([][]byte) ([]byte, error), log *slog.Logger) *stream {
	return &stream{
		epoch: epoch, log: log, stamp: time.Now, windows: windows{merge: merge},
		run: withoutSource(run), timeline: timeline(run), frames: ringFrames, viewers: map[*Viewer]bool{}, changed: make(chan struct{}),
		journal: func() string { return "" },
		replica: func() *api.Replica { return nil },
	}
}

// withoutSource copies a run and leaves out the text that its plan came from.
func withoutSource(run *bench.Run) bench.Run {
	r := *run
	if r.Plan != nil {
		plan := *r.Plan
		plan.Source.Text = ""
		r.Plan = &plan
	}
	return r
}

// timeline is when the phases of a run begin, as far as the run itself knows it.
func timeline(run *bench.Run) *bench.Timeline {
	if run.StartTime == nil {
		return nil
	}
	t := &bench.Timeline{T0: *run.StartTime}
	if run.WarmupEnd != nil {
		t.WarmupUS = run.WarmupEnd.Sub(t.T0).Microseconds()
	}
	if run.MeasurementEnd != nil {
		t.EndUS = run.MeasurementEnd.Sub(t.T0).Microseconds()
	}
	return t
}

func (s *stream) status() bench.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run.Status
}

// event keeps an event, and follows what it says about the run.
func (s *stream) event(event bench.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch event.Type {
	case bench.EventPhase:
		var state bench.State
		if json.Unmarshal(event.Data, &state) == nil && state.Status != "" {
			s.run.State = state
		}
	case bench.EventArm:
		var arm bench.Arm
		if json.Unmarshal(event.Data, &arm) == nil {
			s.timeline = &arm.Timeline
		}
	}
	s.kept = append(s.kept, s.encode(&api.Frame{T: "ev", Event: &event}))
	s.broadcast()
}

// second puts a second into the ring, and its histograms into their window.
func (s *stream) second(second *bench.Second, corrected bool) {
	rows, all, gauges := api.Columnar(second)
	replica := s.replica()
	s.mu.Lock()
	f := s.encode(&api.Frame{
		T: "d", Phase: second.Phase, Second: &second.Second, Rows: rows, All: all, Gauges: gauges,
		Workers: second.Workers, Expected: second.Expected, Draining: second.Draining, Corrected: corrected,
		Excluded: second.Excluded, Why: second.Why, Journal: s.journal(), Replica: replica,
	})
	s.ring = append(s.ring, f)
	s.bytes += len(f.text)
	for s.frames > 0 && len(s.ring) > 1 && (len(s.ring) > s.frames || s.bytes > ringBytes) {
		s.lost = s.ring[0].seq
		s.bytes -= len(s.ring[0].text)
		s.ring[0] = frame{} // or the array under the slice would hold its text
		s.ring = s.ring[1:]
	}
	s.broadcast()
	s.mu.Unlock()

	s.histograms(s.windows.add(second))
}

// end keeps the last frame. why says what is odd about this end, if anything.
func (s *stream) end(run *bench.Run, result *bench.Result, why string) {
	s.histograms(s.windows.rest())
	s.mu.Lock()
	defer s.mu.Unlock()
	final := *run
	final.Plan = nil
	s.run.State = run.State
	s.kept = append(s.kept, s.encode(&api.Frame{
		T: "end", Final: &final, Result: withoutHistograms(result),
		Exit: new(bench.ExitCode(run.Status, run.StopReason, run.Verdict)), Why: why,
	}))
	s.ended = true
	s.broadcast()
}

func withoutHistograms(result *bench.Result) *bench.Result {
	if result == nil {
		return nil
	}
	r := *result
	r.Workloads = slices.Clone(result.Workloads)
	for i := range r.Workloads {
		w := &r.Workloads[i]
		w.ResponseHist, w.ServiceHist, w.CensoredHist = nil, nil, nil
	}
	return &r
}

// histograms keeps the windows that are due, and merges those that are old.
func (s *stream) histograms(due []*window) {
	// Merging takes its time, so it is done before the lock is taken.
	for _, w := range due {
		if err := s.windows.close(w); err != nil {
			s.log.Warn("histograms of the stream could not be merged, viewers will lack them", "from", w.from, "to", w.to, "error", err)
		}
	}
	parts, whole, err := s.windows.coarsen()
	if err != nil {
		s.log.Warn("old histograms of the stream could not be merged, they are kept as they are", "error", err)
	}
	if len(due) == 0 && whole == nil {
		return
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range due {
		s.drop(w)
		for _, workload := range w.workloads() {
			f := s.encode(w.frame(workload))
			s.kept = append(s.kept, f)
			w.seqs[workload] = f.seq
		}
	}
	if whole != nil {
		s.drop(parts...)
		for _, workload := range whole.workloads() {
			// The place of the last part: who has read beyond it has all parts, who has not gets the whole.
			for _, p := range parts {
				whole.seqs[workload] = max(whole.seqs[workload], p.seqs[workload])
			}
			f := s.encodeAs(whole.seqs[workload], whole.frame(workload))
			at, _ := slices.BinarySearchFunc(s.kept, f.seq, bySequence)
			s.kept = slices.Insert(s.kept, at, f)
		}
	}
	s.broadcast()
}

// drop forgets the frames of windows.
func (s *stream) drop(windows ...*window) {
	gone := make(map[int64]bool)
	for _, w := range windows {
		for _, seq := range w.seqs {
			gone[seq] = true
		}
	}
	if len(gone) > 0 {
		s.kept = slices.DeleteFunc(s.kept, func(f frame) bool { return gone[f.seq] })
	}
}

// encode gives a frame the next sequence number and makes it text, the only time that this is done. The caller holds mu.
func (s *stream) encode(f *api.Frame) frame {
	s.seq++
	return s.encodeAs(s.seq, f)
}

func (s *stream) encodeAs(seq int64, f *api.Frame) frame {
	f.Seq, f.TS = seq, api.Stamp(s.stamp())
	s.encodes++
	return frame{seq, f.TS, encode(f)}
}

func encode(f *api.Frame) []byte {
	text, err := json.Marshal(f)
	if err != nil {
		// Only a number that is no number can do it, in a result. The frame still has to be there.
		text, _ = json.Marshal(&api.Frame{T: f.T, Seq: f.Seq, TS: f.TS, Why: "the frame cannot be written: " + err.Error()})
	}
	return text
}

// broadcast wakes all viewers. The caller holds mu.
func (s *stream) broadcast() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func bySequence(f frame, seq int64) int { return cmp.Compare(f.seq, seq) }

package tail

import (
	"context"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// maxBehind is how many d frames a viewer may be behind before it jumps to the newest.
const maxBehind = 10

// A Viewer reads one run's stream. It is used by one goroutine.
type Viewer struct {
	stream  *stream
	hello   []byte // not read yet
	cursor  int64  // sequence of the newest frame read
	told    int64  // d frames up to here are not sent: a gap told of them, or they were gone before the viewer came
	backlog int64  // d frames up to here were there when the viewer came; having them unread is not being behind
	onClose func()
	closed  sync.Once
}

// Next returns the next frame, without a line end, and waits until there is one. The caller must not change it. The
// error is io.EOF after the end frame, and the cause of ctx when ctx ends while there is no frame.
func (v *Viewer) Next(ctx context.Context) ([]byte, error) {
	if text := v.hello; text != nil {
		v.hello = nil
		return text, nil
	}
	for {
		text, changed := v.step()
		if text != nil {
			return text, nil
		}
		if changed == nil {
			return nil, io.EOF
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// All are the frames from where the viewer is to the end, or to the first error.
func (v *Viewer) All(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			text, err := v.Next(ctx)
			if err == io.EOF || !yield(text, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the viewer. It may be called more than once.
func (v *Viewer) Close() {
	v.closed.Do(func() {
		if v.onClose != nil {
			v.onClose()
		}
	})
}

// step takes the next frame if there is one; else it returns what will be closed when there may be one, or neither when
// there will be none.
func (v *Viewer) step() ([]byte, <-chan struct{}) {
	s := v.stream
	s.mu.Lock()
	defer s.mu.Unlock()

	if gap := v.gap(); gap != nil {
		return gap, nil
	}
	next := frame{}
	if i, _ := slices.BinarySearchFunc(s.kept, v.cursor+1, bySequence); i < len(s.kept) {
		next = s.kept[i]
	}
	if i, _ := slices.BinarySearchFunc(s.ring, max(v.cursor, v.told)+1, bySequence); i < len(s.ring) {
		if d := s.ring[i]; next.text == nil || d.seq < next.seq {
			next = d
		}
	}
	switch {
	case next.text != nil:
		v.cursor = next.seq
		return next.text, nil
	case s.ended:
		return nil, nil
	default:
		return nil, s.changed
	}
}

// gap tells a viewer of d frames that it will not get: those that left the ring before it read them, and when it is too
// far behind all but the newest.
func (v *Viewer) gap() []byte {
	s := v.stream
	read := max(v.cursor, v.told)
	first, _ := slices.BinarySearchFunc(s.ring, read+1, bySequence)
	fresh, _ := slices.BinarySearchFunc(s.ring, max(read, v.backlog)+1, bySequence)
	gone, slow := s.lost > read, len(s.ring)-fresh > maxBehind
	if !gone && !slow {
		return nil
	}
	f := &api.Frame{T: "gap", TS: api.Stamp(time.Now())}
	if gone {
		f.From, f.To, f.Why = read+1, s.lost, "ring"
	} else {
		f.From, f.Why = s.ring[first].seq, "slow"
	}
	if slow {
		f.To = s.ring[len(s.ring)-2].seq
	}
	v.told = f.To
	return encode(f)
}

// watch makes a viewer that begins after position p, if that is one of this stream.
func (s *stream) watch(p position, now *bench.Run) *Viewer {
	replica := s.replica()
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &Viewer{stream: s, backlog: s.seq}
	hello := &api.Frame{
		T: "hello", TS: api.Stamp(time.Now()), Version: 1, Epoch: s.epoch,
		Columns: api.Columns, GaugeColumns: api.GaugeColumns, Timeline: s.timeline, Resume: "snapshot", Replica: replica,
	}
	if p.epoch == s.epoch && p.seq <= s.seq {
		v.cursor = p.seq
		hello.Resume = "ok"
	} else {
		v.told = s.lost
	}
	hello.Seq = v.cursor
	if s.ended {
		hello.Resume = "ended"
	}
	run := s.run
	if now != nil {
		run = withoutSource(now)
		if run.Plan == nil {
			run.Plan = s.run.Plan
		}
	}
	hello.Run = &run
	if run.Plan != nil {
		for _, w := range run.Plan.Workloads {
			hello.Workloads = append(hello.Workloads, w.Name)
		}
	}
	v.hello = encode(hello)
	return v
}

// A position is EPOCH:SEQ, where a viewer wants to go on.
type position struct {
	epoch string
	seq   int64
}

func parsePosition(since string) (position, error) {
	if since == "" {
		return position{}, nil
	}
	epoch, digits, ok := strings.Cut(since, ":")
	seq, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || seq < 0 || epoch == "" {
		return position{}, bench.Errorf(bench.CodeInvalid, `since must be EPOCH:SEQ as a hello frame gives it, for example "k3f9:1042"`)
	}
	return position{epoch, seq}, nil
}

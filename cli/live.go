package cli

import (
	"cmp"
	"context"
	"io"
	"os"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// A feed gives the frames of a run to take, in order, until the end frame, an error of take, or the end of ctx; it tells
// changed whenever the link it reads from goes down or comes back. Both are called from the feed's own goroutine.
type feed func(ctx context.Context, take func(*api.Frame) error, changed func(link)) error

// A watch shows a run until it ends. Its view and its display belong to the goroutine of [watch.run].
type watch struct {
	display display
	until   bench.Phase // also done when the run has come to this phase; "" waits for its end

	signals <-chan os.Signal
	// signalled is told of the n-th signal, from 1, and must not block; an error leaves the run to itself.
	signalled func(n int, s os.Signal) error
	// notes are sentences to show between frames.
	notes chan string
}

// paintEvery is how often the display may change; the data changes once a second.
const paintEvery = 200 * time.Millisecond

// run watches until the end of the run, or until what else the watch waits for, and returns what was seen.
func (w *watch) run(ctx context.Context, from feed) (*view, error) {
	ctx, cancel := context.WithCancel(ctx)
	frames := make(chan *api.Frame) // unbuffered: a frame is shown before the next is read
	links := make(chan link)
	ended := make(chan error, 1) // the feed's last word never waits for a reader
	go func() {
		ended <- from(ctx,
			func(f *api.Frame) error { return send(ctx, frames, f) },
			func(l link) { send(ctx, links, l) })
	}()
	finished := false
	defer func() {
		cancel()
		if !finished {
			<-ended
		}
		w.display.close()
	}()

	v, l := new(view), link{}
	ticker := time.NewTicker(paintEvery)
	defer ticker.Stop()
	for n := 0; ; {
		select {
		case f := <-frames:
			v.take(f)
			w.display.frame(v, f, time.Now())
			if f.T == "d" || f.T == "ev" || f.T == "end" {
				w.display.tick(v, l, time.Now())
			}
			if v.end != nil || w.until != "" && v.reached(w.until) {
				return v, nil
			}
		case l = <-links:
			w.display.tick(v, l, time.Now())
		case text := <-w.notes:
			w.display.say(v, time.Now(), text)
		case now := <-ticker.C:
			w.display.tick(v, l, now)
		case s := <-w.signals:
			n++
			if err := w.signalled(n, s); err != nil {
				return v, err
			}
		case err := <-ended:
			finished = true
			return v, cmp.Or(err, error(bench.Errorf(bench.CodeUnreachable, "the stream ended before the run did")))
		case <-ctx.Done():
			return v, context.Cause(ctx)
		}
	}
}

// send gives x to ch unless ctx ends first.
func send[T any](ctx context.Context, ch chan<- T, x T) error {
	select {
	case ch <- x:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// display chooses how a run is shown on w.
func (p *program) display(w io.Writer, form string, interval time.Duration) display {
	switch {
	case form == "json":
		return newFrames(w)
	case form == "auto" && p.terminal(w):
		levels := asciiLevels
		if p.unicode() {
			levels = unicodeLevels
		}
		return &block{w: w, size: func() (int, int) { return size(w) }, colour: p.colour(w), blocks: levels}
	}
	return &lines{w: w, interval: interval, colour: p.colour(w)}
}

// silent shows nothing, for -q.
type silent struct{}

func (silent) frame(*view, *api.Frame, time.Time) {}
func (silent) tick(*view, link, time.Time)        {}
func (silent) say(*view, time.Time, string)       {}
func (silent) close()                             {}

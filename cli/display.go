package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// A display shows a run while it goes on. There are three: a block that is repainted on a terminal, lines for
// everything else, and the frames themselves for programs. Calls come from one goroutine.
type display interface {
	// frame is called for each frame, after the view took it.
	frame(v *view, f *api.Frame, now time.Time)
	// tick is called several times a second and whenever the link changed.
	tick(v *view, l link, now time.Time)
	// say shows a sentence that is not part of the stream.
	say(v *view, now time.Time, text string)
	// close leaves the output fit for what comes after it.
	close()
}

// A link is how the stream stands.
type link struct {
	down    bool
	attempt int    // of reconnecting
	why     string // it went down
	replay  bool   // the run ended before; its frames come from what was stored
}

// String says how live what is shown is; the data's age is added by whoever shows it.
func (l link) String() string {
	switch {
	case l.down:
		return fmt.Sprintf("reconnecting (%d)", l.attempt)
	case l.replay:
		return "replay"
	}
	return "live"
}

// eventLine is an event as it is shown everywhere: when, about what, and the sentence. A phase is told ahead of its time,
// so its line has the time at which it begins.
func eventLine(e *bench.Event, colour bool) string {
	at := e.CreatedAt
	if e.Type == bench.EventPhase && !e.EffectiveAt.IsZero() {
		at = e.EffectiveAt
	}
	s := e.Message
	if s == "" {
		s = string(e.Type)
	}
	word := fmt.Sprintf("%-7s", strings.ToLower(string(e.Type)))
	switch e.Severity {
	case "error":
		s = red.on(colour, "ERROR: "+s)
	case "warn":
		s = yellow.on(colour, "warning: "+s)
	}
	return clock(at) + " " + word + " " + s
}

// gapLine says what a viewer did not get.
func gapLine(f *api.Frame) string {
	why := map[string]string{"slow": "this viewer was too slow", "ring": "the server keeps no older ones"}[f.Why]
	if why == "" {
		why = f.Why
	}
	return fmt.Sprintf("-- gap: frames %d to %d were not sent: %s", f.From, f.To, why)
}

// frames writes the stream as NDJSON: a first line with the version of this form, then the frames as the server sent
// them. What happens to the link is a line of type "link".
type frames struct {
	w    io.Writer
	last link
	err  error
}

func newFrames(w io.Writer) *frames {
	d := &frames{w: w}
	d.put(map[string]string{"type": "version", "ui": "1.0"})
	return d
}

func (d *frames) put(x any) {
	b, err := json.Marshal(x)
	if err != nil {
		d.err = err
		return
	}
	_, d.err = d.w.Write(append(b, '\n'))
}

func (d *frames) frame(_ *view, f *api.Frame, _ time.Time) { d.put(f) }

func (d *frames) tick(_ *view, l link, _ time.Time) {
	if l != d.last {
		d.last = l
		d.put(map[string]any{"type": "link", "state": l.String(), "attempt": l.attempt, "why": l.why})
	}
}

func (d *frames) say(_ *view, _ time.Time, text string) {
	d.put(map[string]string{"type": "note", "message": text})
}

func (d *frames) close() {}

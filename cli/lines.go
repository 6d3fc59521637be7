package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// lines shows a run where no cursor can be moved: one self-contained line per interval, and at once whenever something
// happened. It writes no escape sequence unless colours were asked for.
//
// All numbers of a line are of the newest second, but for errors, which are of all seconds since the line before, so
// that none goes unseen.
type lines struct {
	w        io.Writer
	interval time.Duration
	colour   bool

	phase  bench.Phase // of the last line
	next   time.Time   // when the next line is due
	errors int64       // seen up to the last line
	last   link
	told   string // what was said of the journal
	turns  turns
}

func (d *lines) frame(v *view, f *api.Frame, now time.Time) {
	if text := d.turns.to(v.replica); text != "" {
		fmt.Fprintln(d.w, clock(now), "--", text)
	}
	switch f.T {
	case "ev":
		if f.Event != nil {
			fmt.Fprintln(d.w, eventLine(f.Event, d.colour))
		}
	case "gap":
		fmt.Fprintln(d.w, clock(now), gapLine(f))
	case "d":
		if rank(f.Phase) > rank(d.phase) && !f.Draining && !beginning(f) {
			d.next = time.Time{} // the first second of a phase is shown when it comes
		}
		if f.Journal != d.told && f.Journal != "" {
			fmt.Fprintln(d.w, clock(now), "--", f.Journal)
		} else if f.Journal != d.told {
			fmt.Fprintln(d.w, clock(now), "-- the journal is written again")
		}
		d.told = f.Journal
	}
}

func (d *lines) tick(v *view, l link, now time.Time) {
	switch {
	case l.down && !d.last.down: // and not each time that it is tried
		fmt.Fprintf(d.w, "%s -- stream lost (%s), reconnecting%s\n", clock(now), l.why, age(v, now))
	case d.last.down && !l.down:
		fmt.Fprintf(d.w, "%s -- stream resumed\n", clock(now))
	}
	d.last = l
	if l.replay && v.data != nil {
		now = time.UnixMilli(v.data.TS) // a replay has the times of its run
	}
	if v.run.ID == "" || v.end != nil || now.Before(d.next) || v.data == nil && v.run.Phase != bench.PhasePreparing {
		return
	}
	fmt.Fprintln(d.w, d.line(v, l, now))
	d.next = now.Add(d.interval)
	d.phase = v.phase()
}

// line is the state of the run in one line.
func (d *lines) line(v *view, l link, now time.Time) string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s %s", clock(now), v.phase())
	switch elapsed, total := v.progress(v.phase()); {
	case total > 0:
		fmt.Fprintf(b, " %s/%s", span(elapsed), span(total))
	case elapsed > 0:
		fmt.Fprintf(b, " %s", span(elapsed))
	}
	fmt.Fprintf(b, " qps=%d", v.qps())
	samples := v.samples()
	if len(samples) == 1 && samples[0].done > 0 {
		s := samples[0]
		fmt.Fprintf(b, " p50=%s p95=%s p99=%s", latency(float64(s.p50)), latency(float64(s.p95)), latency(float64(s.p99)))
	} else {
		for i, s := range samples {
			if i == shown {
				fmt.Fprintf(b, " (+%d workloads)", len(samples)-shown)
				break
			}
			fmt.Fprintf(b, " %s=%d", s.workload, s.done)
			if s.done > 0 {
				fmt.Fprintf(b, "/p95:%s", latency(float64(s.p95)))
			}
		}
	}
	fmt.Fprintf(b, " err=%d", max(0, v.errors-d.errors)) // another server of the run begins by telling all seconds again
	d.errors = max(d.errors, v.errors)
	if v.data != nil {
		fmt.Fprintf(b, " conns=%d inflight=%d", v.gauge("connections"), v.gauge("in_flight"))
		fmt.Fprintf(b, " workers=%d/%d", v.data.Workers, v.data.Expected)
		if v.draining() {
			b.WriteString(" draining")
		}
	}
	if !l.replay {
		b.WriteString(age(v, now))
	}
	if ailing(v.replica) {
		fmt.Fprintf(b, " replica=%s/%drows", v.replica.State, v.replica.BacklogRows)
	}
	if why := v.why(); why != "" {
		fmt.Fprintf(b, " why=%q", why)
	}
	return b.String()
}

// shown is how many workloads a line tells of.
const shown = 6

// age says how old the data is, if there is any.
func age(v *view, now time.Time) string {
	d, ok := v.behind(now)
	if !ok {
		return ""
	}
	return " behind=" + span(d)
}

func (d *lines) say(_ *view, now time.Time, text string) { fmt.Fprintln(d.w, clock(now), text) }

func (d *lines) close() {}

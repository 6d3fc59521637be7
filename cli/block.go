package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// block shows a run on a terminal: a few lines at the bottom that are painted over and over, while events scroll by
// above them. The size of the terminal is asked for at each paint and no line is longer than it is wide, so nothing
// wraps; when it was made narrower in between, the lines that the terminal has wrapped are counted before they are
// painted over.
type block struct {
	w      io.Writer
	size   func() (width, height int)
	colour bool
	blocks []rune // eight levels of a sparkline, lowest first

	turns   turns
	painted []int        // visible length of each line of the last paint
	above   bytes.Buffer // lines that go above the block with the next paint
}

// The levels of sparklines, for terminals that write UTF-8 and for the others.
var (
	unicodeLevels = []rune("▁▂▃▄▅▆▇█")
	asciiLevels   = []rune("_.-:=+*#")
)

func (d *block) frame(v *view, f *api.Frame, now time.Time) {
	if text := d.turns.to(v.replica); text != "" {
		fmt.Fprintln(&d.above, clock(now), "--", text)
	}
	switch f.T {
	case "ev":
		if f.Event != nil {
			fmt.Fprintln(&d.above, eventLine(f.Event, d.colour))
		}
	case "gap":
		fmt.Fprintln(&d.above, clock(now), yellow.on(d.colour, gapLine(f)))
	}
}

func (d *block) say(_ *view, now time.Time, text string) { fmt.Fprintln(&d.above, clock(now), text) }

func (d *block) tick(v *view, l link, now time.Time) {
	width, height := d.size()
	lines := d.lines(v, l, now, width-1)
	if len(lines) > height-1 {
		lines = lines[:max(1, height-1)]
	}
	d.repaint(lines, width)
}

// repaint replaces what was painted before by lines, in one write.
func (d *block) repaint(lines []string, width int) {
	var out bytes.Buffer
	if up := d.rows(width); up > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", up)
	}
	out.WriteString("\r\x1b[J")
	d.above.WriteTo(&out)
	d.painted = d.painted[:0]
	for _, l := range lines {
		l = clip(l, width-1)
		d.painted = append(d.painted, visible(l))
		out.WriteString(l + "\n")
	}
	d.w.Write(out.Bytes())
}

// rows is how many rows the last paint takes up on a terminal that is now so wide.
func (d *block) rows(width int) int {
	n := 0
	for _, length := range d.painted {
		n += 1 + max(0, length-1)/max(1, width)
	}
	return n
}

// lines are the block's lines for a width.
func (d *block) lines(v *view, l link, now time.Time, width int) []string {
	if v.run.ID == "" {
		return []string{"-- " + l.String() + ": no frame of the run has come yet"}
	}
	state := string(v.run.Phase)
	switch v.run.Status {
	case bench.StatusCancelling, bench.StatusCancelled, bench.StatusFailed:
		state = string(v.run.Status) + " " + state
	}
	switch elapsed, total := v.progress(v.run.Phase); {
	case total > 0:
		state += fmt.Sprintf(" %s/%s", span(elapsed), span(total))
	case elapsed > 0:
		state += " " + span(elapsed)
	}
	live, stale := l.String(), l.down
	if b, ok := v.behind(now); ok && !l.replay {
		live = span(b) + " behind, " + live
		stale = stale || b > 3*time.Second
	}
	lines := []string{bold.on(d.colour, "-- "+state) + " - " + live}
	if stale {
		lines[0] = bold.on(d.colour, "-- "+state) + " - " + yellow.on(d.colour, live)
	}
	for _, more := range []string{v.run.ID, v.run.Name} { // what a narrow terminal can do without
		if visible(lines[0])+len(more)+3 <= width {
			lines[0] += " - " + more
		}
	}

	if v.data != nil {
		flight := fmt.Sprintf("in flight %d", v.gauge("in_flight"))
		if oldest := v.gauge("oldest_us"); oldest > 1e6 {
			flight += fmt.Sprintf(" (oldest %s)", latency(float64(oldest)))
		}
		facts := []string{"qps " + count(v.qps()), "errors " + count(v.errors), fmt.Sprintf("connections %d", v.gauge("connections")),
			flight, fmt.Sprintf("workers %d/%d", v.data.Workers, v.data.Expected)}
		if v.draining() {
			facts = append(facts, "draining")
		}
		if ailing(v.replica) {
			facts = append(facts, fmt.Sprintf("replica %s, lacks %s", v.replica.State, plural(v.replica.BacklogRows, "row")))
		}
		lines = append(lines, wrapped(facts, "   ", width)...)
	}
	if v.data != nil && v.data.Journal != "" {
		lines = append(lines, "   "+yellow.on(d.colour, v.data.Journal))
	}
	if why := v.why(); why != "" {
		lines = append(lines, "   qps 0 because "+why)
	}
	if samples := v.samples(); len(samples) > 0 && v.qps() > 0 {
		t := &table{columns: []column{{title: "workload", left: true}, {title: "ops/s"}, {title: "p50", rank: 2}, {title: "p95"},
			{title: "p99", rank: 1}, {title: "max", rank: 4}, {title: "service p50", rank: 5}, {title: "err/s"}, {title: "last 60s", left: true, rank: 3}}}
		for _, s := range samples {
			e := cell{text: count(s.errors)}
			if s.errors > 0 {
				e.paint = red
			}
			us := func(n int64) cell {
				if s.done == 0 {
					return cell{text: "-"}
				}
				return cell{text: latency(float64(n))}
			}
			t.rows = append(t.rows, []cell{{text: s.workload}, {text: count(s.done)}, us(s.p50), us(s.p95), us(s.p99), us(s.max),
				us(s.serviceP50), e, {text: sparkline(v.recent(s.workload, remembered), 12, d.blocks)}})
		}
		rows, _ := t.lines(width-3, d.colour)
		for _, r := range rows {
			lines = append(lines, "   "+r)
		}
	}
	for i, l := range lines {
		lines[i] = clip(l, width)
	}
	return lines
}

// wrapped sets facts side by side on as few lines of a width as they fit.
func wrapped(facts []string, indent string, width int) (lines []string) {
	for _, f := range facts {
		if n := len(lines); n > 0 && visible(lines[n-1])+gutter+visible(f) <= width {
			lines[n-1] += strings.Repeat(" ", gutter) + f
		} else {
			lines = append(lines, indent+f)
		}
	}
	return lines
}

// sparkline draws levels in so many characters, each the mean of its share of them, scaled to the largest.
func sparkline(levels []int64, characters int, blocks []rune) string {
	if len(levels) == 0 {
		return ""
	}
	characters = min(characters, len(levels))
	means := make([]float64, characters)
	largest := 0.0
	for i := range means {
		from, to := i*len(levels)/characters, (i+1)*len(levels)/characters
		for _, n := range levels[from:to] {
			means[i] += float64(n)
		}
		means[i] /= float64(to - from)
		largest = max(largest, means[i])
	}
	line := make([]rune, characters)
	for i, m := range means {
		line[i] = blocks[0]
		if largest > 0 {
			line[i] = blocks[int(m/largest*float64(len(blocks)-1)+0.5)]
		}
	}
	return string(line)
}

// close takes the block away and leaves what scrolled by.
func (d *block) close() {
	width, _ := d.size()
	d.repaint(nil, width)
}

package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A table is lines of aligned cells. It never wraps: when it is wider than it may be, it leaves out whole columns, the
// least important first, and says which.
type table struct {
	columns []column
	rows    [][]cell
}

// A column has a title and a rank: 0 is never left out, and of the others the largest rank goes first.
type column struct {
	title string
	rank  int
	left  bool // aligned left; numbers are aligned right
}

// A cell is text and what colour it has; colour is never the only sign of anything.
type cell struct {
	text  string
	paint paint
}

// A paint is an escape sequence that sets a colour; the empty one sets none.
type paint string

// The paints in use.
const (
	plain  paint = ""
	bold   paint = "\x1b[1m"
	faint  paint = "\x1b[2m"
	red    paint = "\x1b[31m"
	green  paint = "\x1b[32m"
	yellow paint = "\x1b[33m"
)

// on writes s in the colour if colours are wanted.
func (p paint) on(wanted bool, s string) string {
	if !wanted || p == plain || s == "" {
		return s
	}
	return string(p) + s + "\x1b[0m"
}

// add appends a row of plain cells.
func (t *table) add(texts ...string) {
	row := make([]cell, len(texts))
	for i, s := range texts {
		row[i].text = s
	}
	t.rows = append(t.rows, row)
}

// lines are the title and the rows, no line longer than width (0: as long as they come), and the titles left out.
func (t *table) lines(width int, colour bool) (lines, omitted []string) {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = utf8.RuneCountInString(c.title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	hidden := make([]bool, len(t.columns))
	total := func() int {
		n := -gutter
		for i, w := range widths {
			if !hidden[i] {
				n += w + gutter
			}
		}
		return n
	}
	for width > 0 && total() > width {
		worst := -1
		for i, c := range t.columns {
			if !hidden[i] && c.rank > 0 && (worst < 0 || c.rank >= t.columns[worst].rank) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		hidden[worst] = true
	}
	for i, c := range t.columns {
		if hidden[i] {
			omitted = append(omitted, c.title)
		}
	}
	line := func(at func(i int) cell) string {
		var b, pending strings.Builder // trailing blanks are never written
		for i, c := range t.columns {
			if hidden[i] {
				continue
			}
			v := at(i)
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(v.text))
			if !c.left {
				pending.WriteString(pad)
			}
			if v.text != "" {
				b.WriteString(pending.String())
				b.WriteString(v.paint.on(colour, v.text))
				pending.Reset()
			}
			if c.left {
				pending.WriteString(pad)
			}
			pending.WriteString(strings.Repeat(" ", gutter))
		}
		return b.String()
	}
	lines = append(lines, line(func(i int) cell { return cell{t.columns[i].title, faint} }))
	for _, row := range t.rows {
		lines = append(lines, line(func(i int) cell { return row[i] }))
	}
	for i, l := range lines {
		lines[i] = clip(l, width)
	}
	return lines, omitted
}

// gutter is how many blanks stand between two columns.
const gutter = 2

// write prints the table, each line indented, and a note of the columns that did not fit.
func (t *table) write(w io.Writer, indent string, width int, colour bool) {
	if width > 0 {
		width = max(1, width-len(indent))
	}
	lines, omitted := t.lines(width, colour)
	for _, l := range lines {
		fmt.Fprintln(w, indent+l)
	}
	if len(omitted) > 0 {
		fmt.Fprintf(w, "%s(not shown for want of width: %s)\n", indent, strings.Join(omitted, ", "))
	}
}

// clip cuts a line to width visible characters (0: not at all); escape sequences count nothing and a cut line ends in "~".
func clip(s string, width int) string {
	if width <= 0 || visible(s) <= width {
		return s
	}
	var b strings.Builder
	n, escape, painted := 0, false, false
	for _, r := range s {
		switch {
		case escape:
			escape = r != 'm'
		case r == '\x1b':
			escape, painted = true, true
		default:
			if n++; n == width {
				r = '~'
			}
		}
		b.WriteRune(r)
		if n == width {
			break
		}
	}
	if painted {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// visible is how many characters of a line take up room on a screen; of escape sequences it knows those of colours.
func visible(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case escape:
			escape = r != 'm'
		case r == '\x1b':
			escape = true
		default:
			n++
		}
	}
	return n
}

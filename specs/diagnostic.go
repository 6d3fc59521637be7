package specs

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Severity says whether a diagnostic keeps the spec from being used.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// A Diagnostic is one thing that is wrong with a spec. It never holds a secret.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"`          // one sentence: what is wrong
	Detail   string   `json:"detail,omitempty"` // what to write instead

	File   string `json:"file,omitempty"` // empty for what was given on the command line
	Line   int    `json:"line,omitempty"` // from 1
	Column int    `json:"column,omitempty"`
	Within string `json:"within,omitempty"` // the blocks around the place: run "orders", load "closed"

	Snippet   string `json:"snippet,omitempty"`    // the line, or the part of it around the place
	MarkStart int    `json:"mark_start,omitempty"` // Snippet[MarkStart:MarkEnd] is the text at fault
	MarkEnd   int    `json:"mark_end,omitempty"`
}

func (d Diagnostic) String() string {
	text := d.Summary
	if d.Line > 0 {
		text = fmt.Sprintf("%s:%d:%d: %s", d.File, d.Line, d.Column, text)
	} else if d.File != "" {
		text = d.File + ": " + text
	}
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	return text
}

// Diagnostics are all that is wrong with a spec, by file and place. It is an error when HasErrors says so; warnings
// alone leave the spec usable.
type Diagnostics []Diagnostic

// HasErrors reports whether the spec cannot be used.
func (ds Diagnostics) HasErrors() bool { return ds.Errors() > 0 }

// Errors is how many are not just warnings.
func (ds Diagnostics) Errors() int {
	n := 0
	for _, d := range ds {
		if d.Severity == SeverityError {
			n++
		}
	}
	return n
}

// Error has one line for each diagnostic.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// WriteText writes the diagnostics for a person at a terminal: the sentence, the place, the line with its mark, and
// what to write instead. Nothing in it depends on colour.
func (ds Diagnostics) WriteText(w io.Writer, color bool) error {
	paint := func(code, text string) string {
		if !color {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	var b strings.Builder
	for i, d := range ds {
		if i > 0 {
			b.WriteByte('\n')
		}
		word, code := "Error", "1;31"
		if d.Severity == SeverityWarning {
			word, code = "Warning", "1;33"
		}
		fmt.Fprintf(&b, "%s %s\n", paint(code, word+":"), paint("1", d.Summary))
		if d.File != "" {
			fmt.Fprintf(&b, "  %s\n", d.place())
		}
		if d.Snippet != "" {
			number := fmt.Sprintf("%4d", d.Line)
			mark := blank(d.Snippet[:d.MarkStart]) + strings.Repeat("^", max(1, utf8.RuneCountInString(d.Snippet[d.MarkStart:d.MarkEnd])))
			fmt.Fprintf(&b, "  %s | %s\n  %s | %s\n", number, d.Snippet, strings.Repeat(" ", len(number)), paint(code, mark))
		}
		if d.Detail != "" {
			fmt.Fprintf(&b, "  %s\n", d.Detail)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d Diagnostic) place() string {
	text := d.File
	if d.Line > 0 {
		text += fmt.Sprintf(" line %d", d.Line)
	}
	if d.Within != "" {
		text += ", in " + d.Within
	}
	return text + ":"
}

// blank is as wide as the text.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, text)
}

// printable replaces what a terminal would act on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// A found diagnostic still has its place in the file as a byte, by which it is sorted.
type found struct {
	Diagnostic
	byte int
}

// arrange sorts diagnostics by file and place and drops what is said twice.
func arrange(all []found) Diagnostics {
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.byte, b.byte), cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Summary, b.Summary), cmp.Compare(a.Detail, b.Detail))
	})
	var ds Diagnostics
	for _, f := range slices.Compact(all) {
		ds = append(ds, f.Diagnostic)
	}
	return ds
}

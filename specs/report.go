package specs

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// fail reports an error at a place: what is wrong, and what to write instead.
func (l *loader) fail(at hcl.Range, instead, format string, args ...any) {
	l.report(SeverityError, at, fmt.Sprintf(format, args...), instead)
}

// warn reports something that is allowed and probably not meant.
func (l *loader) warn(at hcl.Range, instead, format string, args ...any) {
	l.report(SeverityWarning, at, fmt.Sprintf(format, args...), instead)
}

func (l *loader) report(s Severity, at hcl.Range, summary, detail string) {
	d := Diagnostic{Severity: s, Summary: summary, Detail: detail, File: at.Filename, Line: at.Start.Line, Column: at.Start.Column}
	if at.Filename == l.file && at.Start.Line > 0 {
		d.Within = l.within(at.Start.Byte)
	}
	d.Snippet, d.MarkStart, d.MarkEnd = snippet(l.sources[at.Filename], at)
	l.found = append(l.found, found{d, at.Start.Byte})
}

// diagnostics are all that was found, fit to be shown: each text is one line, and secrets that are known by now are
// blanked, also from what was found before they were.
func (l *loader) diagnostics() Diagnostics {
	for i := range l.found {
		d := &l.found[i]
		d.Summary, d.Detail, d.Within = l.clean(d.Summary), l.clean(d.Detail), l.clean(d.Within)
		for _, secret := range l.hidden {
			d.Snippet = strings.ReplaceAll(d.Snippet, secret, strings.Repeat("*", len(secret)))
		}
	}
	return arrange(l.found)
}

// minHidden is the length from which on secrets are blanked. A shorter one would blank letters of ordinary words; no
// message quotes it anyway.
const minHidden = 4

func (l *loader) clean(text string) string {
	for _, secret := range l.hidden {
		text = strings.ReplaceAll(text, secret, "(sensitive)")
		text = strings.ReplaceAll(text, strings.Trim(fmt.Sprintf("%q", secret), `"`), "(sensitive)")
	}
	return oneLine(text)
}

// oneLine is a text without line ends, fit for a terminal.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return printable(strings.Join(lines, " "))
}

// within names the blocks around a place.
func (l *loader) within(offset int) string {
	var names []string
	for body := l.body; body != nil; {
		var inner *hclsyntax.Body
		for _, b := range body.Blocks {
			if r := b.Range(); r.Start.Byte <= offset && offset < r.End.Byte {
				names, inner = append(names, title(b)), b.Body
			}
		}
		body = inner
	}
	return strings.Join(names, ", ")
}

// title is how a block begins: workload "lookup".
func title(b *hclsyntax.Block) string {
	var text strings.Builder
	text.WriteString(b.Type)
	for _, label := range b.Labels {
		text.WriteString(fmt.Sprintf(" %q", label))
	}
	return text.String()
}

// snippetWidth is how much of a line is shown, in bytes.
const snippetWidth = 160

// snippet is the first line of a range, cut to a bearable length around its beginning, and where the range lies in it.
func snippet(src []byte, at hcl.Range) (text string, start, end int) {
	if at.Start.Line == 0 || at.Start.Byte > len(src) {
		return "", 0, 0
	}
	from := bytes.LastIndexByte(src[:at.Start.Byte], '\n') + 1
	to := len(src)
	if n := bytes.IndexByte(src[at.Start.Byte:], '\n'); n >= 0 {
		to = at.Start.Byte + n
	}
	line := strings.TrimRight(string(src[from:to]), " \t\r")
	start, end = at.Start.Byte-from, min(at.End.Byte, to)-from
	prefix := ""
	if len(line) > snippetWidth {
		if start > snippetWidth/2 {
			n := start - snippetWidth/2
			prefix, line, start, end = "…", line[n:], start-n, end-n
		}
		if len(line) > snippetWidth {
			line = line[:snippetWidth] + "…"
		}
	}
	// Whatever was cut through or cannot be shown must not move the mark: each part is cleaned by itself.
	start = min(start, len(line))
	end = min(max(end, start), len(line))
	show := func(s string) string { return printable(strings.ToValidUTF8(s, string(utf8.RuneError))) }
	before, marked, after := prefix+show(line[:start]), show(line[start:end]), show(line[end:])
	return before + marked + after, len(before), len(before) + len(marked)
}

// translate reports what the parser or the evaluator of HCL found. Its words are kept, but for those that could quote a
// secret.
func (l *loader) translate(diags hcl.Diagnostics) {
	for _, d := range diags {
		at := hcl.Range{Filename: l.file}
		if d.Subject != nil {
			at = *d.Subject
		}
		summary, detail, safe := lower(d.Summary), d.Detail, false
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && call.FunctionCallError() != nil {
			summary, detail = fmt.Sprintf("%s(): %v", call.CalledFunctionName(), call.FunctionCallError()), ""
			safe = call.CalledFunctionName() == "env" // its error holds a name, no value
		}
		if d.Expression != nil && !safe && l.sensitiveInside(d.Expression) {
			summary, detail = lower(d.Summary), "The details are not shown, because the expression uses a sensitive value."
		}
		if (d.EvalContext == nil || strings.Contains(summary, "template")) && l.inTemplate(at) {
			detail = strings.TrimSpace(detail + " " + templateHint)
		}
		severity := SeverityError
		if d.Severity == hcl.DiagWarning {
			severity = SeverityWarning
		}
		l.report(severity, at, summary, detail)
	}
}

// firstOfMany leaves out what the parser finds because it read something before wrongly: all that follows a text that is
// not closed, and what else is on the line of an error.
func firstOfMany(diags hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte) })
	for i, d := range diags {
		if d.Summary == "Invalid multi-line string" || strings.HasPrefix(d.Summary, "Unterminated") {
			diags = diags[:i+1]
			break
		}
	}
	return slices.CompactFunc(diags, func(a, b *hcl.Diagnostic) bool { return a.Subject.Start.Line == b.Subject.Start.Line })
}

// lower begins a sentence of HCL with a small letter, as ours begin.
func lower(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return string(s[0]|0x20) + s[1:]
	}
	return s
}

const templateHint = "In quotes and heredocs ${ and %{ begin a template; write $${ or %%{ for the characters themselves, or keep the SQL in a file and use file()."

// inTemplate reports whether a ${ or %{ stands on the line before the place.
func (l *loader) inTemplate(at hcl.Range) bool {
	if at.Filename != l.file || at.Start.Line == 0 || at.End.Byte > len(l.src) {
		return false
	}
	from := bytes.LastIndexByte(l.src[:at.Start.Byte], '\n') + 1
	text := string(l.src[from:max(at.End.Byte, from)])
	for _, escaped := range []string{"$${", "%%{"} {
		text = strings.ReplaceAll(text, escaped, "")
	}
	return strings.Contains(text, "${") || strings.Contains(text, "%{")
}

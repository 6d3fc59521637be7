package cli

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"bench/diagnostics"
)

// writeReport prints what an examination came to.
func (p *program) writeReport(form string, r *diagnostics.Report) error {
	switch form {
	case "json":
		e := json.NewEncoder(p.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "junit":
		return writeJUnit(p.Stdout, r)
	case "md":
		writeTicket(p.Stdout, r)
	case "short":
		writeShort(p.Stdout, r)
	default:
		writeDiagnosis(p.Stdout, r, p.colour(p.Stdout))
	}
	return nil
}

// writeDiagnosis is for whoever is woken up by it: what is seen, why, where on the way, and what to do next.
func writeDiagnosis(w io.Writer, r *diagnostics.Report, colour bool) {
	fmt.Fprintln(w, r)
	if r.Symptom != "" {
		fmt.Fprintln(w, r.Symptom)
	}
	for i, code := range r.Causes {
		f, word := r.Find(code), "CAUSE"
		if i > 0 {
			word = "ALSO"
		}
		fmt.Fprintf(w, "%s %s %s\n", red.on(colour, word), code, f.Detail)
		writeOthers(w, f)
		if i == 0 {
			writeWay(w, r)
			if len(f.Explains) > 0 {
				fmt.Fprintf(w, "  explains: %s\n", strings.Join(f.Explains, ", "))
			}
		}
	}
	if len(r.Causes) == 0 {
		writeWay(w, r)
	}
	for i := range r.Checks {
		f := &r.Checks[i]
		switch {
		case f.Outcome == diagnostics.Warn && !(f.Symptom && f.Detail == r.Symptom):
			fmt.Fprintf(w, "%s %s %s\n", yellow.on(colour, "warn"), f.Code, f.Detail)
		case f.Outcome == diagnostics.Undetermined:
			fmt.Fprintf(w, "%s %s undetermined (%s): %s\n", yellow.on(colour, "?"), f.Code, f.Why, f.Detail)
		case f.Why == diagnostics.WhyNotAsked:
			fmt.Fprintf(w, "skip %s %s\n", f.Code, f.Detail)
		}
	}
	if len(r.Causes) > 0 {
		writeNextStep(w, r, r.Find(r.Causes[0]))
	}
	fmt.Fprintf(w, "exit %d · %s · %s\n", r.Exit, took(r), counts(r))
}

func took(r *diagnostics.Report) string { return fmt.Sprintf("%.1fs", r.TookMS/1e3) }

// writeOthers names what else the same check found.
func writeOthers(w io.Writer, f *diagnostics.Finding) {
	others := 0
	for _, row := range f.Rows[min(1, len(f.Rows)):] {
		if row.Outcome != f.Outcome {
			continue
		}
		if others++; others <= 3 {
			fmt.Fprintf(w, "  and  %s\n", row.Reason)
		}
	}
	if others > 3 {
		fmt.Fprintf(w, "  and %d more\n", others-3)
	}
}

func writeWay(w io.Writer, r *diagnostics.Report) {
	if r.Path != "" {
		fmt.Fprintf(w, "  path  %s\n", r.Path)
	}
	if len(r.Causes) > 0 && len(r.Cleared) > 0 {
		fmt.Fprintf(w, "  not the cause: %s\n", strings.Join(r.Cleared, ", "))
	}
}

// writeNextStep says what to do, and where to look if that does not help.
func writeNextStep(w io.Writer, r *diagnostics.Report, f *diagnostics.Finding) {
	fmt.Fprintf(w, "NEXT  %s\n", f.Remedy())
	if f.WaitS > 0 {
		at := r.AsOf.Add(time.Duration(f.WaitS * float64(time.Second))).Local().Format("15:04:05")
		then := "bench doctor --explain " + f.Code
		if next := r.Find(f.Then); next != nil {
			then = next.Code + " " + next.Title
		}
		fmt.Fprintf(w, "      if it is still so at %s -> %s\n", at, then)
	}
}

// counts says how many checks came to what.
func counts(r *diagnostics.Report) string {
	apply := r.Counts[diagnostics.Skip]
	parts := []string{}
	for _, o := range []diagnostics.Outcome{diagnostics.Fail, diagnostics.Undetermined, diagnostics.Warn, diagnostics.Pass} {
		if n := r.Counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d skipped", apply)), ", ")
}

// writeShort is one line for everything that is not as it should be, to be pasted where people talk.
func writeShort(w io.Writer, r *diagnostics.Report) {
	for i := range r.Checks {
		switch f := &r.Checks[i]; f.Outcome {
		case diagnostics.Fail, diagnostics.Warn, diagnostics.Undetermined:
			fmt.Fprintf(w, "%s %s %s: %s\n", f.Outcome, f.Code, f.Name, f.Detail)
		}
	}
	fmt.Fprintf(w, "%s: %s (exit %d)\n", r, counts(r), r.Exit)
}

// writeTicket is a table for a ticket.
func writeTicket(w io.Writer, r *diagnostics.Report) {
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	fmt.Fprintf(w, "**%s**\n\n", cell.Replace(r.String()))
	if r.Symptom != "" {
		fmt.Fprintf(w, "%s\n\n", cell.Replace(r.Symptom))
	}
	for _, code := range r.Causes {
		fmt.Fprintf(w, "- cause %s: %s\n", code, cell.Replace(r.Find(code).Detail))
	}
	fmt.Fprint(w, "\n| check | outcome | what was found |\n|---|---|---|\n")
	for i := range r.Checks {
		f := &r.Checks[i]
		if f.Why == diagnostics.WhyDoesntApply {
			continue
		}
		outcome := string(f.Outcome)
		if f.Why != "" {
			outcome += " (" + string(f.Why) + ")"
		}
		fmt.Fprintf(w, "| %s %s | %s | %s |\n", f.Code, f.Name, outcome, cell.Replace(f.Detail))
	}
	fmt.Fprintf(w, "\n%s; exit %d\n", counts(r), r.Exit)
}

// The elements of a JUnit report, as build servers read it.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit makes a test case of each check: undetermined ones are errors, because nothing was decided.
func writeJUnit(w io.Writer, r *diagnostics.Report) error {
	s := junitSuite{Name: "bench doctor", Time: fmt.Sprintf("%.3f", r.TookMS/1e3), Timestamp: r.AsOf.Format("2006-01-02T15:04:05")}
	for i := range r.Checks {
		f := &r.Checks[i]
		c := junitCase{Name: f.Code + " " + f.Name, Class: "bench." + f.Step, Time: fmt.Sprintf("%.3f", f.DurationMS/1e3)}
		s.Tests++
		switch f.Outcome {
		case diagnostics.Fail:
			s.Failures++
			c.Failure = &junitMessage{Type: "fail", Message: f.Detail, Text: f.Remedy()}
		case diagnostics.Undetermined:
			s.Errors++
			c.Error = &junitMessage{Type: string(f.Why), Message: f.Detail}
		case diagnostics.Skip:
			s.Skipped++
			c.Skipped = &junitMessage{Message: f.Detail}
		case diagnostics.Warn:
			c.Out = "warn: " + f.Detail
		default:
			c.Out = f.Detail
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Tests: s.Tests, Failures: s.Failures, Errors: s.Errors, Suites: []junitSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

package diagnostics

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bench/runtime/bench"
)

// A Report is what an examination came to, as JSON the same from the command line and from a server.
type Report struct {
	FormatVersion string          `json:"format_version"`
	Run           string          `json:"run_id,omitempty"`
	Name          string          `json:"run_name,omitempty"`
	State         bench.State     `json:"state"`
	AsOf          time.Time       `json:"as_of"`
	TookMS        float64         `json:"took_ms"`
	Counts        map[Outcome]int `json:"counts"`
	Symptom       string          `json:"symptom,omitempty"` // what a person sees: "QPS 0 because …"
	Causes        []string        `json:"causes"`            // codes of what failed and is not explained by what else failed, first the first on the way
	Path          string          `json:"path,omitempty"`
	Cleared       []string        `json:"cleared,omitempty"` // what was looked at and is not the cause
	Standing      Standing        `json:"standing"`
	Verdict       bench.Verdict   `json:"verdict"`
	Exit          int             `json:"exit"`
	Checks        []Finding       `json:"checks"` // in the order of the way
}

// A Standing is how old things are. Nil is not known.
type Standing struct {
	PhaseS *float64 `json:"phase_s,omitempty"` // seconds since the phase began
	LimitS *float64 `json:"limit_s,omitempty"` // how long it may last
	OwnerS *float64 `json:"owner_s,omitempty"` // since the run's owner was last heard
	DataS  *float64 `json:"data_s,omitempty"`  // since the newest report
}

// A Finding is what one check came to.
type Finding struct {
	Code       string   `json:"code"`
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Step       string   `json:"step"`
	Source     string   `json:"source"`
	Table      string   `json:"table,omitempty"` // of the live state, where it asks that
	SQL        string   `json:"sql,omitempty"`   // as it is sent, to be pasted into a shell of the database; only where it applies
	Outcome    Outcome  `json:"outcome"`
	Why        Why      `json:"why,omitempty"`
	Detail     string   `json:"detail,omitempty"` // the sentence of the worst row, or of why there is none
	Cause      string   `json:"cause,omitempty"`  // code of what explains it
	Explains   []string `json:"explains,omitempty"`
	Symptom    bool     `json:"symptom,omitempty"`
	DurationMS float64  `json:"duration_ms"`
	Params     []Param  `json:"params,omitempty"`
	Rows       []Ruling `json:"rows,omitempty"` // the worst first
	Truncated  bool     `json:"truncated,omitempty"`
	WaitS      float64  `json:"wait_s,omitempty"` // how long to wait before looking at Then
	Then       string   `json:"then,omitempty"`
	Runbook    string   `json:"runbook,omitempty"` // its page of text; only where it applies

	asked        bool // its source was
	path, clears string
}

// Remedy is what to do about it.
func (f *Finding) Remedy() string {
	for _, v := range f.Rows {
		if v.Remedy != "" {
			return v.Remedy
		}
	}
	return ""
}

func newReport(k *Case, s Set, findings []Finding, took time.Duration) *Report {
	r := &Report{
		FormatVersion: "1.0", AsOf: k.At.UTC(), TookMS: float64(took.Microseconds()) / 1e3,
		Counts: map[Outcome]int{}, Causes: []string{}, Checks: findings, Standing: k.standing(),
	}
	if k.Run != nil {
		r.Run, r.Name, r.State = k.Run.ID, k.Run.Name, k.Run.State
	}
	var way []string
	here := false
	for i := range findings {
		f := &findings[i]
		r.Counts[f.Outcome]++
		if f.path != "" {
			if bad := f.Outcome == Fail || f.Why == WhyCauseFailed; bad && !here {
				f.path, here = f.path+" <- here", true
			}
			way = append(way, f.path)
		}
		if f.clears != "" {
			r.Cleared = append(r.Cleared, f.clears)
		}
		if f.Symptom && r.Symptom == "" && len(f.Rows) > 0 {
			r.Symptom = f.Detail
		}
		for j := range findings {
			if findings[j].Why == WhyCauseFailed && s.explained(s.Find(findings[j].Code), f.Code) && f.Outcome == Fail {
				f.Explains = append(f.Explains, findings[j].Code)
			}
		}
	}
	r.Path = strings.Join(way, " · ")
	r.Causes = causes(findings)
	r.Verdict, r.Exit = r.verdict()
	return r
}

// causes are the codes of failed checks; those of symptoms only when nothing else failed.
func causes(findings []Finding) []string {
	causes, symptoms := []string{}, []string{}
	for i := range findings {
		switch f := &findings[i]; {
		case f.Outcome != Fail:
		case f.Symptom:
			symptoms = append(symptoms, f.Code)
		default:
			causes = append(causes, f.Code)
		}
	}
	if len(causes) == 0 {
		return symptoms
	}
	return causes
}

func (r *Report) verdict() (bench.Verdict, int) {
	switch {
	case r.Counts[Fail] > 0:
		return bench.VerdictFail, bench.ExitFail
	case r.Counts[Undetermined] > 0, r.Counts[Pass]+r.Counts[Warn] == 0:
		return bench.VerdictUndetermined, bench.ExitUndetermined
	}
	return bench.VerdictPass, bench.ExitPass
}

// FailOn makes outcomes that are less than a failure one for the exit code: warn, or undetermined.
func (r *Report) FailOn(o Outcome) {
	if r.Counts[o] > 0 {
		r.Verdict, r.Exit = bench.VerdictFail, bench.ExitFail
	}
}

// Keep leaves out the findings of other checks, and decides anew without them. The way, and what was cleared, stay whole.
func (r *Report) Keep(code func(string) bool) {
	r.Checks = slices.DeleteFunc(r.Checks, func(f Finding) bool { return !code(f.Code) })
	r.Counts = map[Outcome]int{}
	for i := range r.Checks {
		r.Counts[r.Checks[i].Outcome]++
	}
	r.Causes = causes(r.Checks)
	r.Verdict, r.Exit = r.verdict()
}

// Find is the finding of a check; nil if there is none.
func (r *Report) Find(code string) *Finding {
	if i := slices.IndexFunc(r.Checks, func(f Finding) bool { return f.Code == code }); i >= 0 {
		return &r.Checks[i]
	}
	return nil
}

// standing takes how old things are from the live state, which alone knows.
func (k *Case) standing() (s Standing) {
	number := func(table, name string) *float64 {
		rows := k.tables[table]
		if len(rows) == 0 {
			return nil
		}
		switch v := rows[0][name].(type) {
		case int64:
			return new(float64(v))
		case float64:
			return &v
		}
		return nil
	}
	return Standing{
		PhaseS: number("run", "phase_s"), LimitS: number("run", "limit_s"), DataS: number("run", "data_s"), OwnerS: number("owner", "owner_s"),
	}
}

// String is the report's first line: which run, how it stands, and how old that is.
func (r *Report) String() string {
	if r.Run == "" {
		return "no run"
	}
	parts := []string{fmt.Sprintf("run %s %s", r.Run, r.Name), r.State.String()}
	s := r.Standing
	if s.PhaseS != nil {
		parts[1] += " " + span(*s.PhaseS)
		if s.LimitS != nil && *s.LimitS > 0 {
			parts[1] += " of " + span(*s.LimitS)
		}
	}
	if s.OwnerS != nil {
		parts = append(parts, "owner alive "+span(*s.OwnerS))
	}
	switch {
	case s.DataS == nil:
	case *s.DataS < 0:
		parts = append(parts, "no data yet")
	default:
		parts = append(parts, "data "+span(*s.DataS)+" old")
	}
	return strings.Join(parts, " · ")
}

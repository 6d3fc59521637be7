package diagnostics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Options say how to examine. The zero value runs every check that applies.
type Options struct {
	Skip map[string]string // codes not to run, with the reason
	Live bool              // only checks that are marked live
}

// atOnce is how many checks ask their source at the same time: as many as a journal has readers.
const atOnce = 4

// Examine runs the checks of a set on a case. Its error is only the end of ctx; whatever else fails is in the report.
func (s Set) Examine(ctx context.Context, k *Case, o Options) (*Report, error) {
	began := time.Now()
	x := &examination{set: s, k: k, options: o, run: k.facts(), turns: make(chan struct{}, atOnce),
		findings: make([]Finding, len(s)), decided: map[string]chan struct{}{}}
	for _, c := range s {
		x.decided[c.Code] = make(chan struct{})
	}
	var checks sync.WaitGroup
	for i, c := range s {
		checks.Go(func() {
			defer close(x.decided[c.Code])
			x.findings[i] = x.check(ctx, c)
		})
	}
	checks.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return newReport(k, s, x.findings, time.Since(began)), nil
}

// An examination is one call of Examine. A check waits for those that it depends on; there are no circles.
type examination struct {
	set      Set
	k        *Case
	options  Options
	run      cty.Value
	turns    chan struct{}
	decided  map[string]chan struct{} // closed when the finding is there
	findings []Finding                // in the order of the set

	mu     sync.Mutex
	shared map[string][]cty.Value // rows of the live state by table
}

// check waits for what a check depends on, and runs it.
func (x *examination) check(ctx context.Context, c *Check) Finding {
	f := Finding{Code: c.Code, Name: c.Name, Title: c.Title, Step: c.Step, Source: c.Source, Table: c.Table, Params: c.Params, Symptom: c.Symptom, Then: c.Then, WaitS: c.Wait.Seconds()}
	skip := func(why Why, format string, args ...any) Finding {
		f.Outcome, f.Why, f.Detail = Skip, why, fmt.Sprintf(format, args...)
		return f
	}
	for _, code := range c.DependsOn {
		if done, ok := x.decided[code]; ok { // a part of a set may have been asked for
			<-done
		}
	}
	switch ok, err := c.applies(x.run); {
	case x.options.Live && !c.Live:
		return skip(WhyDoesntApply, "it is not made for runs that go on")
	case x.k.Run == nil && !c.Preflight:
		return skip(WhyDoesntApply, "it needs a run")
	case c.Source == SourceServer && x.k.Server == nil:
		return skip(WhyDoesntApply, "there is no live state of this run")
	case c.Source == SourceTarget && x.k.Target == nil, c.Target != "" && c.Target != x.k.Target.Dialect:
		return skip(WhyDoesntApply, "the database under test is not asked, or is not %s", c.Target)
	case err != nil:
		f.Outcome, f.Why, f.Detail = Undetermined, WhyEvalError, err.Error()
		return f
	case !ok:
		return skip(WhyDoesntApply, "it has nothing to say about a run that is as this one")
	}
	if !x.options.Live { // what is found while a run goes on names the check, and its page is found by that
		f.Runbook, f.SQL = c.Runbook, x.k.statement(c)
	}
	if reason, ok := x.options.Skip[c.Code]; ok {
		return skip(WhyNotAsked, "%s", reason)
	}
	if cause := x.cause(c); cause != "" {
		if c.Source == SourceServer && c.says.path != nil { // memory is asked anyway, and the way should not have a hole
			f.path = x.path(ctx, c)
		}
		f.Cause = cause
		return skip(WhyCauseFailed, "its cause %s failed", cause)
	}
	select {
	case x.turns <- struct{}{}:
		defer func() { <-x.turns }()
	case <-ctx.Done():
		return f
	}
	began := time.Now()
	x.decide(&f, c, x.k.ask(ctx, c))
	f.DurationMS = float64(time.Since(began).Microseconds()) / 1e3
	return f
}

// cause is the first check that failed and explains this one; "" when none did.
func (x *examination) cause(c *Check) string {
	for _, code := range c.DependsOn {
		i := slices.IndexFunc(x.set, func(d *Check) bool { return d.Code == code })
		if i < 0 {
			continue
		}
		switch f := &x.findings[i]; {
		case f.Outcome == Fail:
			return code
		case f.Why == WhyCauseFailed:
			return f.Cause
		}
	}
	return ""
}

// decide makes a finding of the rows.
func (x *examination) decide(f *Finding, c *Check, a answer) {
	f.asked, f.Truncated = true, a.Truncated
	switch {
	case a.Why != "":
		f.Outcome, f.Why, f.Detail = Undetermined, a.Why, a.Detail
		return
	case len(a.Rows) == 0 && c.Empty == Skip:
		f.Outcome, f.Why, f.Detail = Skip, WhyDoesntApply, "there is nothing of the kind"
		return
	case len(a.Rows) == 0:
		f.Outcome, f.Why, f.Detail = c.Empty, WhyNoRows, "there is no row to judge by"
		return
	}
	f.Outcome = Pass
	values := x.values(c, a)
	for i, row := range a.Rows {
		v := c.judge(row, values[i], x.run, x.options.Live)
		if worse[v.Outcome] > worse[f.Outcome] {
			f.Outcome, f.Why = v.Outcome, v.Why
		}
		f.Rows = append(f.Rows, v)
	}
	f.path, f.clears = f.Rows[0].path, f.Rows[0].clears
	if f.Truncated && f.Outcome == Pass { // what was not looked at may fail
		f.Outcome, f.Why, f.Detail = Undetermined, WhyTooFew, fmt.Sprintf("all is well in the first %d rows, and there are more", len(f.Rows))
		return
	}
	slices.SortStableFunc(f.Rows, func(a, b Ruling) int { return cmp.Compare(worse[b.Outcome], worse[a.Outcome]) })
	if first := f.Rows[0]; first.Outcome == f.Outcome {
		f.Detail = first.Reason
	}
}

// values are the rows of an answer as expressions see them. Those of the live state are shared by all checks of a table.
func (x *examination) values(c *Check, a answer) []cty.Value {
	make := func() (values []cty.Value) {
		for _, row := range a.Rows {
			values = append(values, row.value())
		}
		return values
	}
	if c.Source != SourceServer {
		return make()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.shared == nil {
		x.shared = map[string][]cty.Value{}
	}
	if x.shared[c.Table] == nil {
		x.shared[c.Table] = make()
	}
	return x.shared[c.Table]
}

// path is what a check says about the way of an operation, without its verdict.
func (x *examination) path(ctx context.Context, c *Check) string {
	a := x.k.ask(ctx, c)
	if len(a.Rows) == 0 {
		return ""
	}
	return c.judge(a.Rows[0], a.Rows[0].value(), x.run, false).path
}

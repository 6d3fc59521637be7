package diagnostics

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"bench/specs"
)

// An Outcome is what a check came to.
type Outcome string

// The outcomes.
const (
	Pass         Outcome = "pass"
	Warn         Outcome = "warn"
	Fail         Outcome = "fail"
	Undetermined Outcome = "undetermined"
	Skip         Outcome = "skip"
)

// worse puts outcomes in the order in which one row decides for all: the largest wins.
var worse = map[Outcome]int{Skip: 0, Pass: 1, Warn: 2, Undetermined: 3, Fail: 4}

// A Why says why a check is undetermined or skipped.
type Why string

// Why a check is undetermined.
const (
	WhyNoRows      Why = "no_rows"      // there is no evidence
	WhyTooFew      Why = "too_few"      // there is not enough
	WhyStale       Why = "stale"        // it is too old
	WhyNoPrivilege Why = "no_privilege" // it may not be read
	WhyTimeout     Why = "timeout"      // reading it took too long
	WhyEvalError   Why = "eval_error"   // an expression could not be computed: the detail has the place
	WhySQLError    Why = "sql_error"    // the source refused the query, or cannot be reached
)

// Why a check was skipped.
const (
	WhyCauseFailed Why = "cause_failed" // what it depends on failed
	WhyNotAsked    Why = "not_asked"    // somebody asked not to run it, and said why
	WhyDoesntApply Why = "does_not_apply"
)

// A Ruling is what a check says of one row.
type Ruling struct {
	Outcome Outcome `json:"outcome"`
	Why     Why     `json:"why,omitempty"`
	Subject string  `json:"subject,omitempty"` // what the row is about: a worker, a workload; "" is the run
	Reason  string  `json:"reason"`
	Remedy  string  `json:"remedy,omitempty"` // of a row that is not as it should be; never run by this program
	Data    Row     `json:"data"`

	path, clears string
}

// judge decides about one row, whose value is given. run is what a check may know of the run. With brief, nothing is said of
// a row that is as it should be.
func (c *Check) judge(row Row, value, run cty.Value, brief bool) Ruling {
	e := &evaluation{row: row, context: hcl.EvalContext{
		Functions: functions, Variables: map[string]cty.Value{"row": value, "param": c.params, "run": run}}}
	s := &c.says
	v := Ruling{Outcome: Pass, Data: row}
	switch {
	case e.flag(s.stale):
		v.Outcome, v.Why = Undetermined, WhyStale
	case e.flag(s.tooFew):
		v.Outcome, v.Why = Undetermined, WhyTooFew
	case e.flag(s.fail):
		v.Outcome = Fail
	case e.flag(s.warn):
		v.Outcome = Warn
	}
	if v.Outcome != Pass || !brief {
		v.Subject, v.Reason, v.path = e.text(s.subject), e.text(s.reason), e.text(s.path)
	}
	switch {
	case v.Outcome != Pass:
		v.Remedy = e.text(s.remedy)
	case !brief:
		v.clears = e.text(s.clears)
	}
	if e.failed != nil {
		return Ruling{Outcome: Undetermined, Why: WhyEvalError, Reason: e.failed.Error(), Data: row}
	}
	return v
}

// applies reports whether a check has anything to say about a run.
func (c *Check) applies(run cty.Value) (bool, error) {
	if c.says.applies == nil {
		return true, nil
	}
	e := &evaluation{context: hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{"run": run, "param": c.params}}}
	ok := e.flag(c.says.applies)
	return ok, e.failed
}

// An evaluation computes expressions of one check over one row, up to the first that cannot be.
type evaluation struct {
	row     Row
	context hcl.EvalContext
	failed  error
}

// value computes an expression, if it is there and nothing failed before.
func (e *evaluation) value(x *saying, kind cty.Type) (cty.Value, bool) {
	if x == nil || e.failed != nil {
		return cty.NilVal, false
	}
	if diags := append(e.unread(x), e.unlike(x)...); diags != nil {
		e.fail(diags)
		return cty.NilVal, false
	}
	v, diags := x.Value(&e.context)
	switch {
	case diags.HasErrors():
		e.fail(diags)
	case v.IsNull() || v.Type() != kind:
		e.fail(problem(x.Range(), "it is %s, not %s", v.Type().FriendlyName(), kind.FriendlyName()))
	default:
		return v, true
	}
	return cty.NilVal, false
}

// unread finds columns that the expression reads and the row does not have. HCL would take NULL == 1 for false, and so
// for a pass.
func (e *evaluation) unread(x *saying) hcl.Diagnostics {
	for _, t := range x.reads {
		name, _ := attribute(t)
		v, there := e.row[name]
		switch {
		case !there:
			return problem(t.SourceRange(), "the row has no column %s; it has %s", name, strings.Join(slices.Sorted(maps.Keys(e.row)), ", "))
		case v == nil:
			return problem(t.SourceRange(), "row.%s is NULL", name)
		}
	}
	return nil
}

// unlike finds comparisons of a text with a number and the like. HCL would take "0" == 0 for false, and so for a pass.
func (e *evaluation) unlike(x *saying) hcl.Diagnostics {
	for _, o := range x.equal {
		a, err := o.LHS.Value(&e.context)
		b, worse := o.RHS.Value(&e.context)
		if err.HasErrors() || worse.HasErrors() || a.IsNull() || b.IsNull() || a.Type() == b.Type() {
			continue // what cannot be computed is said by the expression as a whole
		}
		return problem(o.SrcRange, "it compares a %s with a %s", a.Type().FriendlyName(), b.Type().FriendlyName())
	}
	return nil
}

func (e *evaluation) flag(x *saying) bool {
	v, ok := e.value(x, cty.Bool)
	return ok && v.True()
}

func (e *evaluation) text(x *saying) string {
	v, ok := e.value(x, cty.String)
	if !ok {
		return ""
	}
	return strings.TrimSpace(v.AsString())
}

// fail keeps what went wrong with its place. HCL's notes on values in scope would repeat the row, which is there anyway.
func (e *evaluation) fail(diags hcl.Diagnostics) {
	e.failed = specs.Locate(diags, nil)
}

func problem(at hcl.Range, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Subject: &at, Summary: fmt.Sprintf(format, args...)}}
}

// attribute is the first name after the root of row.NAME.
func attribute(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	step, ok := t[1].(hcl.TraverseAttr)
	return step.Name, ok
}

// calls are the function calls in an expression.
func calls(x hcl.Expression) []*hclsyntax.FunctionCallExpr {
	return within(x, func(*hclsyntax.FunctionCallExpr) bool { return true })
}

// equalities are the places of an expression that ask whether two values are the same.
func equalities(x hcl.Expression) []*hclsyntax.BinaryOpExpr {
	return within(x, func(o *hclsyntax.BinaryOpExpr) bool { return o.Op == hclsyntax.OpEqual || o.Op == hclsyntax.OpNotEqual })
}

// within are the parts of an expression that are of a kind and as asked for.
func within[N hclsyntax.Node](x hcl.Expression, asked func(N) bool) (list []N) {
	if node, ok := x.(hclsyntax.Node); ok {
		hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
			if n, ok := n.(N); ok && asked(n) {
				list = append(list, n)
			}
			return nil
		})
	}
	return list
}

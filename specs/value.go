package specs

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"bench/runtime/bench"
)

// A value is what an expression came to. It is not ok when that failed and was reported already.
type value struct {
	cty.Value
	ok bool
}

// raw evaluates a field; its value may be sensitive.
func (l *loader) raw(f field) (cty.Value, bool) {
	if f.value != nil {
		return f.value.Value, f.value.ok
	}
	return l.eval(f.expr)
}

// plain evaluates a field that may not be sensitive. Its value is known and not marked.
func (l *loader) plain(f field) (cty.Value, bool) {
	v, ok := l.raw(f)
	if !ok {
		return v, false
	}
	if v.ContainsMarked() {
		l.fail(f.at, "Secrets can go into the dsn or the password of a target only; anything else takes a variable that is not sensitive, set by --var or BENCH_VAR_….",
			"%s may not hold a sensitive value", f.label)
		return v, false
	}
	if v.IsNull() {
		l.fail(f.at, "Leave it out, or give it a value.", "%s is null", f.label)
		return v, false
	}
	return v, true
}

// describe says what a value is in a message about its type. What it holds is shown only where the spec spells it out.
func describe(f field, v cty.Value) string {
	ty := v.Type()
	kind := ty.FriendlyName()
	switch {
	case ty == cty.String:
		kind = "text"
	case ty == cty.Bool:
		kind = "a truth value"
	case ty == cty.Number:
		kind = "number"
	case ty.IsObjectType() || ty.IsMapType():
		kind = "an object"
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		kind = "a list"
	}
	if f.expr != nil && ty == cty.String && spelledOut(f.expr) && len(v.AsString()) <= 40 {
		return fmt.Sprintf("%s %q", kind, v.AsString())
	}
	if f.expr != nil && ty == cty.Number && spelledOut(f.expr) {
		x, _ := v.AsBigFloat().Float64()
		return fmt.Sprintf("%s %v", kind, x)
	}
	return kind
}

// spelledOut reports whether an expression is a literal.
func spelledOut(e hclsyntax.Expression) bool {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return e.IsStringLiteral()
	case *hclsyntax.UnaryOpExpr:
		return spelledOut(e.Val)
	}
	return false
}

func (l *loader) mistyped(f field, want string, v cty.Value) {
	l.fail(f.at, "", "%s must be %s, got %s", f.label, want, describe(f, v))
}

// text is the text of a field.
func (l *loader) text(f field) (string, bool) {
	v, ok := l.plain(f)
	if !ok {
		return "", false
	}
	if v.Type() != cty.String {
		l.mistyped(f, "text", v)
		return "", false
	}
	return v.AsString(), true
}

// text is a text with a default.
func (f *fields) text(name, absent string) string {
	v, ok := f.take(name)
	if !ok {
		return absent
	}
	s, _ := f.l.text(v)
	return s
}

// choice is one of several words, or a default when the field is not there.
func (f *fields) choice(name, absent string, words ...string) string {
	v, ok := f.take(name)
	if !ok {
		return absent
	}
	s, ok := f.l.text(v)
	if !ok {
		return absent
	}
	if i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, s) }); i >= 0 {
		return words[i]
	}
	f.l.fail(v.at, didYouMean(s, words), "%s cannot be %s", v.label, f.l.quote(v, s))
	return absent
}

// quote shows a text in a message when the spec spells it out.
func (l *loader) quote(f field, s string) string {
	if f.expr != nil && spelledOut(f.expr) && len(s) <= 60 {
		return fmt.Sprintf("%q", s)
	}
	return "this text"
}

// flag is a truth value, false when the field is not there.
func (f *fields) flag(name string) bool {
	field, ok := f.take(name)
	if !ok {
		return false
	}
	v, ok := f.l.plain(field)
	if !ok {
		return false
	}
	b, err := convert.Convert(v, cty.Bool)
	if err != nil {
		f.l.mistyped(field, "true or false", v)
		return false
	}
	return b.True()
}

func (l *loader) bigNumber(f field, want string) (*big.Float, bool) {
	v, ok := l.plain(f)
	if !ok {
		return nil, false
	}
	n, err := convert.Convert(v, cty.Number)
	if err != nil {
		l.mistyped(f, want, v)
		return nil, false
	}
	return n.AsBigFloat(), true
}

// whole is a whole number in a range.
func (l *loader) whole(f field, least, most int64) (int64, bool) {
	n, ok := l.bigNumber(f, "a whole number")
	if !ok {
		return 0, false
	}
	i, accuracy := n.Int64()
	switch {
	case !n.IsInt() || accuracy != big.Exact:
		l.fail(f.at, "", "%s must be a whole number", f.label)
	case i < least && least == 1:
		l.fail(f.at, "", "%s must be at least 1, got %d", f.label, i)
	case i < least && least == 0:
		l.fail(f.at, "", "%s must not be negative, got %d", f.label, i)
	case i < least || i > most:
		l.fail(f.at, "", "%s must be from %d to %d, got %d", f.label, least, most, i)
	default:
		return i, true
	}
	return 0, false
}

// whole is a whole number in a range, or a default when the field is not there.
func (f *fields) whole(name string, absent, least, most int64) int64 {
	v, ok := f.take(name)
	if !ok {
		return absent
	}
	n, ok := f.l.whole(v, least, most)
	if !ok {
		return absent
	}
	return n
}

// number is a number that must not be negative.
func (l *loader) number(f field) (float64, bool) {
	n, ok := l.bigNumber(f, "a number")
	if !ok {
		return 0, false
	}
	x, _ := n.Float64()
	if x < 0 || math.IsInf(x, 0) {
		l.fail(f.at, "", "%s must not be negative or infinite, got %v", f.label, x)
		return 0, false
	}
	return x, true
}

// maxDuration keeps sums of durations far from overflowing.
const maxDuration = 366 * 24 * time.Hour

// duration is a text such as "90s".
func (l *loader) duration(f field, least time.Duration) (bench.Duration, bool) {
	v, ok := l.plain(f)
	if !ok {
		return 0, false
	}
	if v.Type() != cty.String {
		l.mistyped(f, `a text with a unit, such as "30s"`, v)
		return 0, false
	}
	d, err := time.ParseDuration(v.AsString())
	switch {
	case err != nil:
		l.fail(f.at, `Write a number with a unit: "250ms", "30s", "1m30s", "2h".`, "%s must be a duration, got %s", f.label, l.quote(f, v.AsString()))
	case d < 0:
		l.fail(f.at, "", "%s must not be negative, got %v", f.label, d)
	case d < least && least == positive:
		l.fail(f.at, "", "%s must be longer than 0s", f.label)
	case d < least:
		l.fail(f.at, "", "%s must be at least %v, got %v", f.label, least, d)
	case d > maxDuration:
		l.fail(f.at, "", "%s must not be longer than a year, got %v", f.label, d)
	default:
		return bench.Duration(d), true
	}
	return 0, false
}

// A duration that is longer than nothing is at least this.
const positive = time.Nanosecond

// duration is a duration with a default.
func (f *fields) duration(name string, absent, least time.Duration) bench.Duration {
	v, ok := f.take(name)
	if !ok {
		return bench.Duration(absent)
	}
	d, ok := f.l.duration(v, least)
	if !ok {
		return bench.Duration(absent)
	}
	return d
}

// object is an object as fields.
func (l *loader) object(f field, usage string) (fields, bool) {
	v, ok := l.plain(f)
	if !ok {
		return fields{}, false
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		l.mistyped(f, "an object such as "+usage, v)
		return fields{}, false
	}
	o := fields{l: l, where: f.label, at: f.at, values: map[string]field{}}
	for key, inner := range v.AsValueMap() {
		o.values[key] = field{label: f.label + "." + key, name: f.at, at: f.at, value: &value{inner, true}}
	}
	cons, ok := f.expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return o, true
	}
	seen := map[string]bool{}
	for _, item := range cons.Items {
		key, diags := item.KeyExpr.Value(&l.context)
		if diags.HasErrors() || key.Type() != cty.String || key.IsMarked() || !key.IsKnown() || key.IsNull() {
			continue
		}
		name := key.AsString()
		if seen[name] {
			l.fail(item.KeyExpr.Range(), "Keep one of them.", "%s is given twice", o.values[name].label)
		}
		seen[name] = true
		if inner, ok := o.values[name]; ok {
			inner.name, inner.at, inner.expr = item.KeyExpr.Range(), item.ValueExpr.Range(), item.ValueExpr
			o.values[name] = inner
		}
	}
	return o, true
}

// items are the members of a list, each as a field of its own.
func (l *loader) items(f field) ([]field, bool) {
	v, ok := l.plain(f)
	if !ok {
		return nil, false
	}
	ty := v.Type()
	if !ty.IsTupleType() && !ty.IsListType() && !ty.IsSetType() {
		l.mistyped(f, "a list", v)
		return nil, false
	}
	var all []field
	for _, inner := range v.AsValueSlice() {
		all = append(all, field{label: fmt.Sprintf("%s[%d]", f.label, len(all)), name: f.at, at: f.at, value: &value{inner, true}})
	}
	if cons, ok := f.expr.(*hclsyntax.TupleConsExpr); ok && len(cons.Exprs) == len(all) {
		for i, e := range cons.Exprs {
			all[i].at, all[i].expr = e.Range(), e
		}
	}
	return all, true
}

// textOrTexts are the members of a list of texts, or a text alone.
func (l *loader) textOrTexts(f field) ([]field, bool) {
	v, ok := l.plain(f)
	if !ok {
		return nil, false
	}
	if v.Type() == cty.String {
		f.value = &value{v, true}
		return []field{f}, true
	}
	return l.items(f)
}

// words is an object of texts, such as labels; numbers and truth values become text.
func (f *fields) words(name, usage string) map[string]string {
	field, ok := f.take(name)
	if !ok {
		return nil
	}
	o, ok := f.l.object(field, usage)
	if !ok {
		return nil
	}
	words := map[string]string{}
	for key, inner := range o.values {
		v, ok := f.l.plain(inner)
		if !ok {
			continue
		}
		s, err := convert.Convert(v, cty.String)
		if err != nil {
			f.l.mistyped(inner, "text", v)
			continue
		}
		words[key] = s.AsString()
	}
	return words
}

// place is where a value of an object or list stands, for messages about several of them.
func (f *fields) place(name string) hcl.Range {
	if v, ok := f.values[name]; ok {
		return v.at
	}
	return f.at
}

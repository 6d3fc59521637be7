package specs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A variable is a variable block and the value it has.
type variable struct {
	name      string
	at        hcl.Range
	ty        cty.Type
	sensitive bool
	fallback  hclsyntax.Expression // its default, nil when there is none
	given     bool                 // the value came from outside of the spec
	value     cty.Value
}

// A local is one name of a locals block.
type local struct {
	at    hcl.Range
	expr  hclsyntax.Expression
	state int // 0 untouched, 1 being computed, 2 computed
	value cty.Value
}

// readVariables gives every variable its value: --var before --var-file before BENCH_VAR_NAME before its default.
func (l *loader) readVariables() {
	l.bindNames()
	for _, b := range l.body.Blocks {
		if b.Type == "variable" {
			l.declare(b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		if text, ok := l.options.Env("BENCH_VAR_" + name); ok {
			l.giveText(name, "BENCH_VAR_"+name, text)
		}
	}
	for _, file := range l.options.VarFiles {
		l.readVarFile(file)
	}
	for _, assignment := range l.options.Vars {
		name, text, ok := strings.Cut(assignment, "=")
		if !ok || !hclsyntax.ValidIdentifier(name) {
			l.fail(hcl.Range{}, "Write --var NAME=VALUE.", "a --var is not an assignment")
			continue
		}
		l.giveText(name, "--var "+name, text)
	}
	for _, v := range l.variables {
		l.settle(v)
	}
	l.bindNames()
}

func (l *loader) declare(b *hclsyntax.Block) {
	outer := block{fields: fields{l: l, where: "the spec"}, blocks: []*hclsyntax.Block{b}}
	if len(outer.each("variable", 1, `variable "name" { … }`)) == 0 {
		return
	}
	name := b.Labels[0]
	if !hclsyntax.ValidIdentifier(name) {
		l.fail(b.LabelRanges[0], "Use letters, digits and underscores.", "%q cannot be the name of a variable", name)
		return
	}
	if first := l.variables[name]; first != nil {
		l.fail(b.LabelRanges[0], fmt.Sprintf("The first is on line %d.", first.at.Start.Line), "there is a second variable %s", name)
		return
	}
	in := l.block(b)
	v := &variable{name: name, at: b.DefRange(), value: cty.DynamicVal, ty: cty.NilType, sensitive: in.flag("sensitive")}
	l.variables[name] = v
	in.text("description", "")
	if f, ok := in.take("type"); ok {
		ty, diags := typeexpr.TypeConstraint(f.expr)
		if diags.HasErrors() {
			l.fail(f.at, "Use string, number, bool, list(string), map(number), object({ … }) or any.", "type of variable %s is not a type", name)
			ty = cty.DynamicPseudoType
		}
		v.ty = ty
	}
	if f, ok := in.take("default"); ok {
		v.fallback = f.expr
	}
	in.done()
}

// giveText gives a variable the value of a text from outside of the spec.
func (l *loader) giveText(name, from, text string) {
	v := l.assignable(name, from, hcl.Range{})
	if v == nil {
		return
	}
	if v.sensitive {
		l.hide(text)
	}
	want := v.ty
	if want == cty.NilType {
		want = cty.String
		if v.fallback != nil && len(v.fallback.Variables()) == 0 {
			if d, diags := v.fallback.Value(&l.context); !diags.HasErrors() && !d.IsNull() {
				want = d.Type()
			}
		}
	}
	given := cty.StringVal(text)
	if !want.IsPrimitiveType() {
		if given = l.literal(text, from); given == cty.NilVal {
			v.given, v.value = true, cty.DynamicVal
			return
		}
		want = v.ty
	}
	l.give(v, given, want, from, hcl.Range{})
}

// literal reads a text as an expression without names, for variables that are lists or objects.
func (l *loader) literal(text, from string) cty.Value {
	if len(text) > MaxSize || !l.nestingFits([]byte(text), "", false) {
		return cty.NilVal
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if !diags.HasErrors() {
		var v cty.Value
		if v, diags = expr.Value(&hcl.EvalContext{}); !diags.HasErrors() {
			return v
		}
	}
	l.fail(hcl.Range{}, `Write it as in a spec: --var 'weights={ a = 1, b = 2 }'.`, "%s is not a list or object", from)
	return cty.NilVal
}

func (l *loader) readVarFile(file string) {
	src, err := readFile(file, MaxSize)
	if err != nil {
		l.fail(hcl.Range{}, "", "%v", err)
		return
	}
	// No snippet is ever shown of such a file: it is where secrets may stand.
	if !l.nestingFits(src, file, false) {
		return
	}
	f, diags := hclsyntax.ParseConfig(src, file, hcl.InitialPos)
	if diags.HasErrors() {
		for _, d := range diags {
			l.fail(*d.Subject, "Write one assignment a line: name = value.", "%s", lower(d.Summary))
		}
		return
	}
	body := f.Body.(*hclsyntax.Body)
	for _, b := range body.Blocks {
		l.fail(b.DefRange(), "Write one assignment a line: name = value.", "a file of variables has no blocks")
	}
	for name, a := range body.Attributes {
		v := l.assignable(name, file, a.NameRange)
		if v == nil {
			continue
		}
		given, diags := a.Expr.Value(&hcl.EvalContext{})
		if diags.HasErrors() {
			l.fail(a.Expr.Range(), "Write plain values: text in quotes, numbers, lists, objects.", "the value of %s cannot be computed", name)
			continue
		}
		if v.sensitive {
			l.hideAll(given)
		}
		want := v.ty
		if want == cty.NilType {
			want = cty.DynamicPseudoType
		}
		l.give(v, given, want, file, a.Expr.Range())
	}
}

// assignable is the variable of a name, or nil when the spec has none.
func (l *loader) assignable(name, from string, at hcl.Range) *variable {
	v := l.variables[name]
	if v == nil {
		instead := didYouMean(name, slices.Collect(maps.Keys(l.variables)))
		if len(l.variables) == 0 {
			instead = "The spec declares no variable."
		}
		l.fail(at, instead, "%s: the spec has no variable %s", from, name)
	}
	return v
}

func (l *loader) give(v *variable, given cty.Value, want cty.Type, from string, at hcl.Range) {
	v.given, v.value = true, cty.DynamicVal
	if want != cty.NilType {
		converted, err := convert.Convert(given, want)
		if err != nil {
			l.fail(at, "", "%s: variable %s must be %s", from, v.name, typeName(want))
			return
		}
		given = converted
	}
	v.value = given
}

// settle gives a variable its default when nothing else did, and marks it when it is sensitive.
func (l *loader) settle(v *variable) {
	if v.fallback != nil {
		l.checkDefault(v)
	}
	if !v.given {
		if v.fallback == nil {
			l.fail(v.at, fmt.Sprintf("Give it one with --var %s=…, a --var-file or BENCH_VAR_%s, or write a default.", v.name, v.name), "variable %s has no value", v.name)
			return
		}
		d, ok := l.eval(v.fallback)
		if !ok {
			return
		}
		if v.ty != cty.NilType {
			converted, err := convert.Convert(d, v.ty)
			if err != nil {
				l.fail(v.fallback.Range(), "", "the default of variable %s must be %s", v.name, typeName(v.ty))
				return
			}
			d = converted
		}
		v.value = d
	}
	if v.sensitive {
		l.hideAll(v.value)
		v.value = v.value.Mark(sensitive)
	}
}

// checkDefault reports a default that names other values, and one that spells out a secret.
func (l *loader) checkDefault(v *variable) {
	if texts := l.spelled(v.fallback); v.sensitive && len(texts) > 0 {
		l.told = true
		for _, text := range texts {
			l.hide(text)
		}
		l.fail(v.fallback.Range(), fmt.Sprintf("Leave it out and set BENCH_VAR_%s, or write default = env(\"NAME\").", v.name),
			"the default of the sensitive variable %s is spelled out in the spec", v.name)
	}
	for _, t := range v.fallback.Variables() {
		if root := t.RootName(); root == "var" || root == "local" {
			l.fail(t.SourceRange(), "Compute it in a locals block.", "the default of a variable may not use %s", root)
			if !v.given {
				v.given, v.value = true, cty.DynamicVal
			}
			return
		}
	}
}

func typeName(ty cty.Type) string {
	switch ty {
	case cty.String:
		return "text"
	case cty.Number:
		return "a number"
	case cty.Bool:
		return "true or false"
	}
	return typeexpr.TypeString(ty)
}

// readLocals computes all locals, each after those it uses.
func (l *loader) readLocals() {
	for _, b := range l.body.Blocks {
		if b.Type != "locals" {
			continue
		}
		if len(b.Labels) > 0 {
			l.fail(b.DefRange(), "Write locals { name = value }.", "locals has no name")
		}
		for _, inner := range b.Body.Blocks {
			l.fail(inner.DefRange(), "Write "+inner.Type+" = { … }.", "locals holds no blocks")
		}
		for name, a := range b.Body.Attributes {
			if first := l.locals[name]; first != nil {
				l.fail(a.NameRange, fmt.Sprintf("Keep one of them; another is on line %d.", first.at.Start.Line), "there is a second local %s", name)
				continue
			}
			l.locals[name] = &local{at: a.NameRange, expr: a.Expr, value: cty.DynamicVal}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		l.compute(name)
	}
	l.bindNames()
}

func (l *loader) compute(name string) {
	v := l.locals[name]
	if v == nil || v.state == 2 {
		return
	}
	if v.state == 1 {
		l.fail(v.at, "Break the circle: a local may not need itself.", "local %s needs itself", name)
		return
	}
	v.state = 1
	for _, t := range v.expr.Variables() {
		if t.RootName() == "local" && len(t) > 1 {
			if step, ok := t[1].(hcl.TraverseAttr); ok {
				l.compute(step.Name)
			}
		}
	}
	l.bindNames()
	if x, ok := l.eval(v.expr); ok {
		v.value = x
	}
	v.state = 2
}

// bindNames makes var and local what expressions see. What failed is unknown there.
func (l *loader) bindNames() {
	vars, locals := map[string]cty.Value{}, map[string]cty.Value{}
	for name, v := range l.variables {
		vars[name] = v.value
	}
	for name, v := range l.locals {
		locals[name] = v.value
	}
	l.context.Variables = map[string]cty.Value{"var": cty.ObjectVal(vars), "local": cty.ObjectVal(locals)}
}

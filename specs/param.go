package specs

import (
	"fmt"
	"math"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"bench/runtime/bench"
)

// kinds are the kinds of parameters, each with how it is written.
var kinds = []struct{ name, usage string }{
	{"uniform", "{ from = 1, to = 100 }"},
	{"sequence", "{ from = 1 }"},
	{"choice", `["a", "b"]`},
	{"zipf", "{ from = 1, to = 100, skew = 0.99 }"},
	{"latest", "{ from = 1, to = 100, skew = 0.99 }"},
	{"nurand", "{ a = 255, from = 1, to = 3000 }"},
	{"pool", `"SELECT id FROM orders"`},
}

func (l *loader) readParams(in *block) {
	first := map[string]hcl.Range{}
	for _, b := range in.each("param", 1, `param "id" { uniform = { from = 1, to = 100 } }`) {
		name := b.Labels[0]
		l.declared = append(l.declared, name)
		if !hclsyntax.ValidIdentifier(name) || !plainWord(name) {
			l.fail(b.LabelRanges[0], "Use letters, digits and underscores: SQL refers to it as :name.", "%q cannot be the name of a param", name)
		}
		if at, ok := first[name]; ok {
			l.fail(b.LabelRanges[0], fmt.Sprintf("The first is on line %d.", at.Start.Line), "there is a second param %s", name)
			continue
		}
		first[name] = b.LabelRanges[0]
		if p, ok := l.readParam(b); ok {
			l.params[name] = len(l.plan.Params)
			l.plan.Params = append(l.plan.Params, p)
			l.paramAt = append(l.paramAt, b.DefRange())
			l.place("param "+name, b)
		}
	}
}

// plainWord reports whether a name is one that SQL can refer to.
func plainWord(name string) bool {
	word, end := word(name, 0)
	return word != "" && end == len(name) && letter(name[0])
}

func (l *loader) readParam(b *hclsyntax.Block) (bench.Param, bool) {
	in := l.block(b)
	p := bench.Param{Name: b.Labels[0]}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	kind, ok := in.exactly(names...)
	p.Kind = kind
	p.Disjoint = in.flag("disjoint")
	in.done()
	if !ok {
		return p, false
	}
	if p.Disjoint && kind != "pool" {
		l.fail(in.values["disjoint"].name, "", "disjoint is for pools; a sequence is disjoint by itself")
	}
	f := in.values[kind]
	switch kind {
	case "choice":
		return p, l.readChoice(f, &p)
	case "pool":
		p.Query, ok = l.query(f)
		return p, ok
	default:
		return p, l.readRange(f, &p)
	}
}

// query is SQL without parameters.
func (l *loader) query(f field) (string, bool) {
	text, ok := l.sql(f)
	if !ok {
		return "", false
	}
	if _, refs, _ := cut(text.text); len(refs) > 0 {
		l.fail(text.place(l, refs, 0), "Write the value itself, or ${var.NAME}.", "%s is in the SQL of a pool, which takes no parameters", refs[0])
		return "", false
	}
	return text.text, true
}

// readRange reads the kinds that are whole numbers between two bounds.
func (l *loader) readRange(f field, p *bench.Param) bool {
	usage := ""
	for _, k := range kinds {
		if k.name == p.Kind {
			usage = k.usage
		}
	}
	o, ok := l.object(f, usage)
	if !ok {
		return false
	}
	before := len(l.found)
	needed := func(name string, least, most int64) (n int64) {
		if v, ok := o.need(name, p.Kind+" = "+usage); ok {
			n, _ = l.whole(v, least, most)
		}
		return n
	}
	least := int64(math.MinInt64)
	switch p.Kind {
	case "nurand":
		least = 0
		p.A = needed("a", 0, math.MaxInt64)
	case "zipf", "latest":
		if v, ok := o.need("skew", p.Kind+" = "+usage); ok {
			if p.Skew, ok = l.number(v); ok && p.Skew == 0 {
				l.fail(v.at, "Use uniform for values that are equally likely.", "%s must be above 0", v.label)
			}
		}
	}
	p.From = needed("from", least, math.MaxInt64)
	p.To = math.MaxInt64
	if p.Kind != "sequence" || o.has("to") {
		p.To = needed("to", least, math.MaxInt64)
	}
	o.done()
	if len(l.found) > before {
		return false
	}
	if _, known := o.values["from"]; known && p.From > p.To {
		l.fail(o.place("from"), "Swap them.", "%s: from is %d, above to, which is %d", p.Kind, p.From, p.To)
		return false
	}
	if n := uint64(p.To) - uint64(p.From); (p.Kind == "zipf" || p.Kind == "latest") && n >= 1<<53 {
		l.fail(f.at, "", "%s has more than 2^53 values", p.Kind)
		return false
	}
	return true
}

// readChoice reads a list of values, or an object of values and weights.
func (l *loader) readChoice(f field, p *bench.Param) bool {
	v, ok := l.plain(f)
	if !ok {
		return false
	}
	before := len(l.found)
	values, weighted := f, false
	var o fields
	if v.Type().IsObjectType() || v.Type().IsMapType() {
		o, _ = l.object(f, "{ values = [1, 2], weights = [9, 1] }")
		weighted = o.has("weights")
		values, ok = o.need("values", "values = [1, 2]")
		if o.done(); !ok {
			return false
		}
	}
	items, ok := l.items(values)
	if !ok {
		return false
	}
	for _, item := range items {
		if x, ok := l.sqlValue(item); ok {
			p.Values = append(p.Values, x)
		}
	}
	if len(items) == 0 {
		l.fail(values.at, "", "%s is empty", values.label)
	}
	if weighted {
		l.readWeights(o.values["weights"], len(items), p)
	}
	return len(l.found) == before
}

func (l *loader) readWeights(f field, n int, p *bench.Param) {
	items, ok := l.items(f)
	if !ok {
		return
	}
	sum := 0.0
	for _, item := range items {
		w, ok := l.number(item)
		if !ok {
			return
		}
		sum += w
		p.Weights = append(p.Weights, w)
	}
	if len(items) != n {
		l.fail(f.at, "Write one weight for each value.", "choice has %d values and %d weights", n, len(items))
	} else if sum == 0 {
		l.fail(f.at, "", "all weights are zero")
	}
}

// sqlValue is a value as it is bound: a whole number, another number, text or null.
func (l *loader) sqlValue(f field) (bench.Value, bool) {
	if v, ok := l.raw(f); !ok {
		return bench.Value{}, false
	} else if v.IsNull() {
		return bench.Value{}, true
	}
	v, ok := l.plain(f)
	if !ok {
		return bench.Value{}, false
	}
	switch v.Type() {
	case cty.String:
		return bench.TextValue(v.AsString()), true
	case cty.Number:
		n := v.AsBigFloat()
		if i, accuracy := n.Int64(); n.IsInt() && accuracy == 0 {
			return bench.IntValue(i), true
		}
		x, _ := n.Float64()
		return bench.FloatValue(x), true
	}
	l.mistyped(f, "text, a number or null", v)
	return bench.Value{}, false
}

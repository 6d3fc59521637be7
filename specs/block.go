package specs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A block is a block of the spec that is being read. What it may hold is what it is asked for: done reports the rest.
type block struct {
	fields
	blocks   []*hclsyntax.Block
	types    []string // of blocks that were asked for
	reserved []string // names that this version knows and refuses
}

func (l *loader) block(b *hclsyntax.Block) *block {
	return &block{fields: l.attributes(title(b), b.DefRange(), b.Body), blocks: b.Body.Blocks}
}

// each is every block of a type, those with a wrong number of labels left out and reported. usage shows how to write one.
func (b *block) each(typ string, labels int, usage string) []*hclsyntax.Block {
	return b.labelled(typ, labels, labels, usage)
}

func (b *block) labelled(typ string, least, most int, usage string) []*hclsyntax.Block {
	b.types = append(b.types, typ)
	var all []*hclsyntax.Block
	for _, inner := range b.blocks {
		switch n := len(inner.Labels); {
		case inner.Type != typ:
		case n < least || n > most:
			b.l.fail(inner.DefRange(), "Write "+usage+".", "%s", plural(n, "%s has no name", "%s has one name", "%s has %d names")(typ))
		case n > 0 && !nameable(inner.Labels[0]):
			b.l.fail(inner.LabelRanges[0], "Use up to 100 printable characters, and not * alone.", "the name of this %s cannot be shown", typ)
		default:
			all = append(all, inner)
		}
	}
	return all
}

// plural picks the sentence for a number of labels.
func plural(n int, none, one, many string) func(typ string) string {
	return func(typ string) string {
		switch n {
		case 0:
			return fmt.Sprintf(none, typ)
		case 1:
			return fmt.Sprintf(one, typ)
		default:
			return fmt.Sprintf(many, typ, n)
		}
	}
}

// one is the only block of a type, or nil when there is none; a second one is reported.
func (b *block) one(typ string, labels int, usage string) *hclsyntax.Block {
	all := b.each(typ, labels, usage)
	if len(all) == 0 {
		return nil
	}
	for _, more := range all[1:] {
		b.l.fail(more.DefRange(), fmt.Sprintf("Keep one of them; the first is on line %d.", all[0].Range().Start.Line), "there is a second %s block", typ)
	}
	return all[0]
}

// refuse declares names that a later version will know.
func (b *block) refuse(names ...string) { b.reserved = append(b.reserved, names...) }

// needBlock reports at the end that a block is missing.
func (b *block) needBlock(typ, usage string) {
	if !b.hasBlock(typ) {
		b.missing = append(b.missing, missing{[]string{typ}, b.where + " has no " + typ, "Write " + usage + "."})
	}
}

// hasBlock reports whether there is a block of a type, however wrong.
func (b *block) hasBlock(typ string) bool {
	return slices.ContainsFunc(b.blocks, func(inner *hclsyntax.Block) bool { return inner.Type == typ })
}

// done reports attributes and blocks that nobody asked for, and those that are missing.
func (b *block) done() {
	for _, inner := range b.blocks {
		name := inner.Type
		switch {
		case slices.Contains(b.types, name):
		case slices.Contains(b.reserved, name):
			b.l.later(inner.TypeRange, name, "")
		case slices.Contains(b.known, name):
			b.l.fail(inner.TypeRange, fmt.Sprintf("Write %s = { … }.", name), "%s is not a block", name)
		default:
			b.l.fail(inner.DefRange(), didYouMean(name, b.types), "there is no block %s in %s", name, b.where)
			b.meant = append(b.meant, nearest(name, b.types))
		}
	}
	for name, f := range b.values {
		switch {
		case slices.Contains(b.known, name):
		case slices.Contains(b.reserved, name):
			b.l.later(f.name, name, "")
			b.known = append(b.known, name)
		case slices.Contains(b.types, name):
			b.l.fail(f.name, fmt.Sprintf("Write %s { … }, without the equals sign.", name), "%s is a block", name)
			b.known = append(b.known, name)
		}
	}
	b.fields.done()
}

// later reports something that a later version will know.
func (l *loader) later(at hcl.Range, name, instead string) {
	l.fail(at, instead, "%s is not available in this version", name)
}

// fields are named values: the attributes of a block, or an object.
type fields struct {
	l      *loader
	where  string    // what they belong to, for messages
	at     hcl.Range // of the whole
	values map[string]field
	known  []string // names that were asked for

	missing []missing // what must be there and is not
	meant   []string  // what names that are not known were probably meant to be
}

// A missing field is reported at the end, unless a name that is not known was probably meant to be it.
type missing struct {
	names            []string // any of them would do
	summary, instead string
}

// A field is one named value. It is evaluated when somebody asks for it.
type field struct {
	label string    // its name, with those of the objects around it
	name  hcl.Range // where its name stands
	at    hcl.Range // where its value stands
	expr  hclsyntax.Expression
	value *value // instead of expr, when it was computed already
}

func (l *loader) attributes(where string, at hcl.Range, body *hclsyntax.Body) fields {
	f := fields{l: l, where: where, at: at, values: map[string]field{}}
	for name, a := range body.Attributes {
		f.values[name] = field{label: name, name: a.NameRange, at: a.Expr.Range(), expr: a.Expr}
	}
	return f
}

// take is the field of a name, if the spec has it. From then on the name is known.
func (f *fields) take(name string) (field, bool) {
	if !slices.Contains(f.known, name) {
		f.known = append(f.known, name)
	}
	v, ok := f.values[name]
	return v, ok
}

// has reports whether the spec has a field; its name is known from then on.
func (f *fields) has(name string) bool {
	_, ok := f.take(name)
	return ok
}

// need is take for what must be there; done reports it when it is not.
func (f *fields) need(name, usage string) (field, bool) {
	v, ok := f.take(name)
	if !ok {
		f.missing = append(f.missing, missing{[]string{name}, f.where + " has no " + name, "Write " + usage + "."})
	}
	return v, ok
}

// exactly is the only one of the names that is there; otherwise that is reported, at the latest by done.
func (f *fields) exactly(names ...string) (string, bool) {
	var given []string
	for _, name := range names {
		if f.has(name) {
			given = append(given, name)
		}
	}
	switch len(given) {
	case 0:
		f.missing = append(f.missing, missing{names, f.where + " needs one of " + strings.Join(names, ", "), "Write exactly one of them."})
	case 1:
		return given[0], true
	default:
		f.l.fail(f.values[given[1]].name, "Keep exactly one of them.", "%s has %s", f.where, strings.Join(given, " and "))
	}
	return "", false
}

// done reports fields that nobody asked for, and those that are missing.
func (f *fields) done() {
	unused := f.unused()
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !slices.Contains(f.known, name) {
			f.l.fail(f.values[name].name, didYouMean(name, unused), "%s is not known in %s", name, f.where)
			f.meant = append(f.meant, nearest(name, unused))
		}
	}
	for _, m := range f.missing {
		if !slices.ContainsFunc(m.names, func(name string) bool { return slices.Contains(f.meant, name) }) {
			f.l.fail(f.at, m.instead, "%s", m.summary)
		}
	}
}

// unused are the known names that the spec does not have: one of them may have been meant.
func (f *fields) unused() []string {
	return slices.DeleteFunc(slices.Clone(f.known), func(name string) bool {
		_, ok := f.values[name]
		return ok
	})
}

// nameable reports whether a name can be shown in a table, a line and a label of a metric.
func nameable(name string) bool {
	return name != "" && name != "*" && len(name) <= 100 && name == printable(name) && strings.TrimSpace(name) == name && !strings.ContainsAny(name, "\t\n")
}

package specs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"bench/runtime/bench"
)

// A group is being put together: connections that pick from the same workloads.
type group struct {
	bench.Group
	picked hcl.Range // where pick was said
}

// choosePick sets how the connections of a group pick. It is said once for all of them.
func (l *loader) choosePick(g *group, in *block) {
	f, ok := in.take("pick")
	if !ok {
		return
	}
	before := len(l.found)
	kind := in.choice("pick", "random", "random", "deck")
	switch {
	case len(l.found) > before:
	case g.Pick != "" && g.Pick != kind:
		l.fail(f.at, fmt.Sprintf("Say the same as on line %d, or give the workload a load of its own.", g.picked.Start.Line),
			"these connections already pick by %q", g.Pick)
	default:
		g.Pick, g.picked = kind, f.at
	}
}

// maxDeck is how many cards a deck may have.
const maxDeck = 1<<31 - 1

// readWorkloads reads all workloads and puts them into groups: one for each workload with a load of its own, and one
// for all others, which share the load of the run.
func (l *loader) readWorkloads(in *block) {
	load := l.readLoad(in)
	shared := &group{}
	l.choosePick(shared, in)
	runPick, runPicked := shared.Pick, shared.picked
	shared.Pick = ""

	first := map[string]hcl.Range{}
	var groups []*group
	for _, b := range in.each("workload", 1, `workload "name" { sql = "SELECT 1" }`) {
		name := b.Labels[0]
		if at, ok := first[name]; ok {
			l.fail(b.LabelRanges[0], fmt.Sprintf("The first is on line %d.", at.Start.Line), "there is a second workload %s", name)
		} else if strings.Contains(name, "/") {
			l.fail(b.LabelRanges[0], "The names of workloads made by for_each have one.", "the name of a workload may not hold a slash")
		}
		first[name] = b.LabelRanges[0]
		l.workloads = append(l.workloads, name)

		inner := l.block(b)
		g := shared
		if own := l.readLoad(inner); own != nil || inner.hasBlock("load") {
			g = &group{}
			if own != nil {
				g.Load = *own
			}
		}
		l.choosePick(g, inner)
		for _, w := range l.readWorkload(inner, name) {
			l.place("workload "+w.Name, b)
			g.Workloads = append(g.Workloads, len(l.plan.Workloads))
			l.plan.Workloads = append(l.plan.Workloads, w)
		}
		if g != shared {
			groups = append(groups, g)
		} else if !slices.Contains(groups, shared) {
			groups = append(groups, shared)
		}
	}
	usesShared := false
	for _, g := range groups {
		if g == shared {
			usesShared = true
			if load != nil {
				g.Load = *load
			} else {
				in.needBlock("load", `load "closed" { connections = 8 }`)
			}
		}
		if g.Pick == "" {
			g.Pick, g.picked = runPick, runPicked
		}
		l.addGroup(g)
	}
	switch {
	case len(groups) == 0:
		in.needBlock("workload", `workload "name" { sql = "SELECT 1" }`)
	case load != nil && !usesShared && len(groups) > 0:
		at := in.blocks[slices.IndexFunc(in.blocks, func(b *hclsyntax.Block) bool { return b.Type == "load" })].DefRange()
		l.warn(at, "Remove it.", "every workload has a load of its own, so that of the run is not used")
	}
}

func (l *loader) addGroup(g *group) {
	if g.Pick == "" {
		g.Pick = "random"
	}
	g.First = l.plan.Connections()
	cards := 0
	for _, w := range g.Workloads {
		cards += l.plan.Workloads[w].Weight
	}
	if g.Pick == "deck" && cards > maxDeck {
		l.fail(g.picked, "Divide the weights by a common factor.", "a deck of %d cards is too large", cards)
	}
	l.plan.Groups = append(l.plan.Groups, g.Group)
}

// readWorkload is one workload, or with for_each one for each file.
func (l *loader) readWorkload(in *block, name string) []bench.Workload {
	w := bench.Workload{Name: name, Weight: int(in.whole("weight", 1, 1, 1_000_000))}
	w.Transaction = in.flag("transaction")
	w.Isolation = l.readIsolation(in, w.Transaction)
	w.Timeout = in.duration("timeout", 0, positive)
	w.Retry = l.readRetry(in)
	fetch := readFetch(&in.fields, "all")
	if in.one("session", 0, "session { … }") != nil {
		l.fail(in.at, "Write it in the target block: all connections share one session.", "a workload has no session of its own")
	}
	statements := in.labelled("statement", 0, 1, `statement { sql = "…" }, or with a name that later ones refer to`)
	var all []bench.Workload
	switch {
	case in.has("for_each"):
		for _, other := range []string{"sql", "statement"} {
			if in.has(other) || in.hasBlock(other) {
				l.fail(in.place(other), "Each file of for_each is the statement of a workload.", "%s stands beside for_each", other)
			}
		}
		w.Statements = []bench.Statement{{Fetch: fetch, Expect: l.readExpect(&in.fields)}}
		all = l.readForEach(in, w)
	case in.hasBlock("statement"):
		if in.has("sql") {
			l.fail(in.values["sql"].name, "Keep sql for one statement, statement blocks for several.", "sql stands beside statement blocks")
		}
		if in.has("expect") {
			l.fail(in.values["expect"].name, "Write it in one of the statements.", "expect stands beside statement blocks")
		}
		w.Statements = l.readStatements(statements, fetch)
		all = []bench.Workload{w}
	default:
		s := bench.Statement{Fetch: fetch, Expect: l.readExpect(&in.fields)}
		if f, ok := in.need("sql", `sql = "SELECT 1", statement { sql = … } blocks, or for_each = fileset("queries/*.sql")`); ok {
			if text, ok := l.sql(f); ok {
				l.compile(&s, text, nil)
			}
		}
		w.Statements = []bench.Statement{s}
		all = []bench.Workload{w}
	}
	if !in.has("for_each") && in.has("weights") {
		l.fail(in.values["weights"].name, "Write weight for the workload itself.", "weights stands without for_each")
	}
	in.done()
	return all
}

func (l *loader) readStatements(blocks []*hclsyntax.Block, fetch string) []bench.Statement {
	var all []bench.Statement
	for _, b := range blocks {
		in := l.block(b)
		s := bench.Statement{Fetch: readFetch(&in.fields, fetch), Expect: l.readExpect(&in.fields)}
		if len(b.Labels) > 0 {
			s.Name = b.Labels[0]
			l.checkStatementName(b, all)
		}
		if f, ok := in.need("sql", `sql = "…"`); ok {
			if text, ok := l.sql(f); ok {
				l.compile(&s, text, all)
			}
		}
		in.done()
		all = append(all, s)
	}
	return all
}

func (l *loader) checkStatementName(b *hclsyntax.Block, before []bench.Statement) {
	name, at := b.Labels[0], b.LabelRanges[0]
	if !plainWord(name) {
		l.fail(at, "Use letters, digits and underscores: SQL refers to it as :name.column.", "%q cannot be the name of a statement", name)
	}
	for _, s := range before {
		if s.Name == name {
			l.fail(at, "Choose another name.", "there is a second statement %s", name)
		}
	}
	for _, p := range l.declared {
		if p == name {
			l.fail(at, "Choose another name.", "the statement has the name of the param %s", name)
		}
	}
}

func readFetch(in *fields, absent string) string {
	return in.choice("fetch", absent, "all", "first_row", "none")
}

// readExpect is how many rows a statement must return.
func (l *loader) readExpect(in *fields) *bench.Expect {
	f, ok := in.take("expect")
	if !ok {
		return nil
	}
	o, ok := l.object(f, "{ rows = 1 }")
	if !ok {
		return nil
	}
	bound := func(name string) *int64 {
		if v, ok := o.take(name); ok {
			if n, ok := l.whole(v, 0, 1<<53); ok {
				return new(n)
			}
		}
		return nil
	}
	e := &bench.Expect{MinRows: bound("min_rows"), MaxRows: bound("max_rows")}
	if rows := bound("rows"); o.has("rows") {
		if o.has("min_rows") || o.has("max_rows") {
			l.fail(o.place("rows"), "Write rows for an exact number, or min_rows and max_rows for a range.", "%s stands beside a range", "rows")
		}
		e.MinRows, e.MaxRows = rows, rows
	}
	if len(o.values) == 0 {
		l.fail(f.at, "Write rows, min_rows or max_rows.", "expect is empty")
	}
	if e.MinRows != nil && e.MaxRows != nil && *e.MinRows > *e.MaxRows {
		l.fail(o.place("min_rows"), "Swap them.", "min_rows is %d, above max_rows, which is %d", *e.MinRows, *e.MaxRows)
	}
	o.done()
	return e
}

func (l *loader) readIsolation(in *block, transaction bool) string {
	f, ok := in.take("isolation")
	if !ok {
		return ""
	}
	if !transaction {
		l.fail(f.name, "Write transaction = true as well.", "isolation stands without a transaction")
	}
	levels := isolations[l.plan.Target.Kind]
	if len(levels) == 0 {
		return in.text("isolation", "")
	}
	return in.choice("isolation", "", levels...)
}

// readRetry reads which failed operations are tried again. Without it none are.
func (l *loader) readRetry(in *block) bench.Retry {
	const usage = `{ attempts = 5, on = ["serialization"] }`
	var r bench.Retry
	f, ok := in.take("retry")
	if !ok {
		return r
	}
	o, ok := l.object(f, usage)
	if !ok {
		return r
	}
	if v, ok := o.need("attempts", "retry = "+usage); ok {
		n, _ := l.whole(v, 1, 1000)
		r.Attempts = int(n)
	}
	r.On = []bench.ErrorClass{bench.ErrorSerialization}
	if v, ok := o.take("on"); ok {
		r.On = nil
		items, _ := l.textOrTexts(v)
		for _, item := range items {
			name, ok := l.text(item)
			if !ok {
				continue
			}
			var c bench.ErrorClass
			if err := c.UnmarshalText([]byte(name)); err != nil {
				l.fail(item.at, didYouMean(name, errorClasses()), "%s is no class of errors", l.quote(item, name))
				continue
			}
			r.On = append(r.On, c)
		}
	}
	r.Backoff = o.duration("backoff", defaultBackoff, 0)
	o.done()
	return r
}

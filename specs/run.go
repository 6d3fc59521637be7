package specs

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"bench/runtime/bench"
)

// What a run has when it says nothing.
const (
	defaultDrain   = 30 * time.Second
	defaultReady   = 120 * time.Second
	defaultBackoff = 10 * time.Millisecond
)

// readRun reads the run block into the plan.
func (l *loader) readRun() {
	top := block{fields: fields{l: l, where: "the spec"}, blocks: l.body.Blocks}
	attributes := l.attributes("the spec", hcl.Range{Filename: l.file}, l.body)
	top.values = attributes.values
	top.types = []string{"variable", "locals"}
	runs := top.each("run", 1, `run "name" { … }`)
	top.needBlock("run", `run "name" { … }`)
	top.done()
	if len(runs) == 0 {
		return
	}
	for _, more := range runs[1:] {
		l.fail(more.DefRange(), "Put it in a file of its own.", "there is a second run; a spec has exactly one")
	}
	l.readRunBlock(runs[0])
}

func (l *loader) readRunBlock(b *hclsyntax.Block) {
	in := l.block(b)
	in.refuse("matrix", "trials", "baseline", "replay", "find_max")
	p := &l.plan
	p.Name = b.Labels[0]
	p.Description = in.text("description", "")
	p.Labels = in.words("labels", `{ ticket = "INC-1" }`)
	p.Seed = uint64(in.whole("seed", int64(seedOf(p.Name)), 0, 1<<53))

	p.Warmup = in.duration("warmup", 0, 0)
	p.Drain = in.duration("drain", defaultDrain, 0)
	p.Ready = in.duration("ready", defaultReady, positive)
	if name, ok := in.exactly("duration", "iterations"); ok {
		switch name {
		case "duration":
			p.Duration = in.duration(name, 0, shortest)
		case "iterations":
			p.Iterations = in.whole(name, 0, 1, 1<<53)
		}
	}

	l.readTarget(in)
	p.Target.Timeout = in.duration("timeout", 0, positive)
	p.Setup = l.readScript(in, "setup")
	p.Teardown = l.readScript(in, "teardown")
	l.readFleet(in)
	l.readParams(in)
	l.readWorkloads(in)
	l.readGuard(in)
	l.readSLOs(in)
	in.done()
	l.checkPlan(b)
}

// shortest is how short a measurement may be: below it there is nothing that a clock of microseconds could say.
const shortest = time.Millisecond

// seedOf is the seed of a run that says none: the same for the same name, and exact in any JSON reader.
func seedOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64() >> 11
}

// readScript is the SQL of setup or teardown.
func (l *loader) readScript(in *block, typ string) []string {
	b := in.one(typ, 0, typ+` { sql = file("`+typ+`.sql") }`)
	if b == nil {
		return nil
	}
	inner := l.block(b)
	defer inner.done()
	f, ok := inner.need("sql", `sql = file("`+typ+`.sql"), or a list of texts`)
	if !ok {
		return nil
	}
	return l.scripts(f)
}

// scripts are SQL texts that go to the target as they are.
func (l *loader) scripts(f field) []string {
	items, _ := l.textOrTexts(f)
	var all []string
	for _, item := range items {
		text, ok := l.text(item)
		switch {
		case !ok:
		case strings.TrimSpace(text) == "":
			l.fail(item.at, "Write SQL, or leave it out.", "%s is empty", item.label)
		default:
			all = append(all, text)
		}
	}
	return all
}

func (l *loader) readFleet(in *block) {
	l.plan.Fleet = bench.Fleet{Kind: "local", Workers: 1}
	b := in.one("fleet", 1, `fleet "local" { workers = 1 }`)
	if b == nil {
		return
	}
	inner := l.block(b)
	l.plan.Fleet.Workers = int(inner.whole("workers", 1, 1, 10_000))
	switch kind := b.Labels[0]; kind {
	case "local", "process":
		l.plan.Fleet.Kind = kind
		inner.done()
	case "kubernetes", "snowpark":
		l.later(b.LabelRanges[0], `fleet "`+kind+`"`, "Use local or process.")
	default:
		l.fail(b.LabelRanges[0], didYouMean(kind, []string{"local", "process"}), "there is no fleet %q", kind)
	}
}

func (l *loader) readGuard(in *block) {
	b := in.one("guard", 0, "guard { max_error_rate = 0.05 }")
	if b == nil {
		return
	}
	inner := l.block(b)
	defer inner.done()
	if f, ok := inner.take("max_error_rate"); ok {
		if rate, ok := l.number(f); ok && (rate == 0 || rate > 1) {
			l.fail(f.at, "Write a share such as 0.05 for one operation in twenty.", "max_error_rate must be above 0 and at most 1, got %v", rate)
		} else if ok {
			l.plan.Guard.MaxErrorRate = rate
		}
	}
	if f, ok := inner.take("max_credits"); ok {
		credits, ok := l.number(f)
		switch kind := l.plan.Target.Kind; {
		case !ok:
		case credits <= 0:
			l.fail(f.at, "Write a number of credits such as 4.", "max_credits must be above 0, got %v", credits)
		case kind != "snowflake" && kind != "":
			l.fail(f.at, "Remove it.", "a target %q costs no credits", kind)
		default:
			l.plan.Guard.MaxCredits = credits
		}
	}
	l.plan.Guard.MaxDuration = inner.duration("max_duration", 0, positive)
	planned := l.plan.Warmup + l.plan.Duration
	if limit := l.plan.Guard.MaxDuration; limit > 0 && limit < planned {
		l.warn(inner.place("max_duration"), "It counts from the creation of the run, setup included.", "the guard ends this run early: max_duration is %v, warmup and duration take %v", limit, planned)
	}
}

// checkPlan reports what fits together badly.
func (l *loader) checkPlan(b *hclsyntax.Block) {
	if l.plan.Target.Kind == "snowflake" {
		l.limitOnServer()
	}
	if n := l.plan.Connections(); n > 0 && l.plan.Fleet.Workers > n {
		l.fail(b.DefRange(), "Use fewer workers, or more connections.", "the fleet has %d workers for %d connections; each worker needs one", l.plan.Fleet.Workers, n)
	}
	for _, name := range l.declared {
		if i, ok := l.params[name]; ok && !l.used[name] && !l.failed() {
			l.warn(l.paramAt[i], "Write :"+name+" in a statement, or remove it.", "param %s is not used", name)
		}
	}
}

// failed reports whether there is an error so far.
func (l *loader) failed() bool {
	return slices.ContainsFunc(l.found, func(f found) bool { return f.Severity == SeverityError })
}

package specs

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"bench/runtime/bench"
)

const maxConnections = 100_000

// readLoad is the load block of a run or of a workload; nil when there is none or it is of no use.
func (l *loader) readLoad(in *block) *bench.Load {
	const usage = `load "closed" { connections = 8 }`
	b := in.one("load", 1, usage)
	if b == nil {
		return nil
	}
	switch model := b.Labels[0]; model {
	case "closed":
		return l.readClosed(b)
	case "open", "find_max":
		l.later(b.LabelRanges[0], `load "`+model+`"`, `Use load "closed".`)
	default:
		l.fail(b.LabelRanges[0], "Write "+usage+".", "there is no load %q", model)
	}
	return nil
}

func (l *loader) readClosed(b *hclsyntax.Block) *bench.Load {
	in := l.block(b)
	load := &bench.Load{Model: "closed"}
	stages, staged := in.take("stages")
	least := int64(1)
	if staged {
		least = 0
		l.readStages(stages, load)
	}
	if !staged || in.has("connections") {
		if f, ok := in.need("connections", "connections = 8"); ok {
			n, _ := l.whole(f, least, maxConnections)
			load.Connections = int(n)
		}
	}
	load.Ramp = in.duration("ramp", 0, 0)
	if staged && load.Ramp > 0 {
		l.fail(in.values["ramp"].name, "Make the first stage a ramp: stages begin with the number that connections says.", "ramp stands beside stages")
	}
	load.Pacing = in.duration("pacing", 0, shortest)
	if f, ok := in.take("think"); ok {
		load.Think = l.readThink(f)
	}
	in.done()
	return load
}

func (l *loader) readStages(f field, load *bench.Load) {
	const usage = `{ connections = 32, duration = "1m" }`
	before := len(l.found)
	items, ok := l.items(f)
	if !ok {
		return
	}
	for _, item := range items {
		o, ok := l.object(item, usage)
		if !ok {
			continue
		}
		var s bench.LoadStage
		if c, ok := o.need("connections", usage); ok {
			n, _ := l.whole(c, 0, maxConnections)
			s.Connections = int(n)
		}
		if d, ok := o.need("duration", usage); ok {
			s.Duration, _ = l.duration(d, 0)
		}
		o.done()
		load.Stages = append(load.Stages, s)
	}
	if len(items) == 0 {
		l.fail(f.at, "Write stages = ["+usage+"].", "stages is empty")
	} else if len(l.found) == before && !slices.ContainsFunc(load.Stages, func(s bench.LoadStage) bool { return s.Connections > 0 }) {
		l.fail(f.at, "Let at least one have connections.", "no stage has a connection")
	}
}

// thinks are the distributions of think times, each with what it needs and what it may have.
var thinks = map[string]struct{ needs, may []string }{
	"constant":    {needs: []string{"mean"}},
	"uniform":     {needs: []string{"min", "max"}},
	"exponential": {needs: []string{"mean"}, may: []string{"min", "max"}},
	"lognormal":   {needs: []string{"median", "sigma"}, may: []string{"min", "max"}},
}

// readThink reads a think time: a duration, or a distribution of durations.
func (l *loader) readThink(f field) *bench.Dist {
	const usage = `{ dist = "lognormal", median = "200ms", sigma = 1 }`
	v, ok := l.plain(f)
	if !ok {
		return nil
	}
	if v.Type().IsPrimitiveType() {
		d, _ := l.duration(f, 0)
		return &bench.Dist{Kind: "constant", Mean: d}
	}
	o, ok := l.object(f, usage)
	if !ok {
		return nil
	}
	if _, ok := o.need("dist", "think = "+usage); !ok {
		o.known = append(o.known, "mean", "median", "sigma", "min", "max")
		o.done()
		return nil
	}
	kind := o.choice("dist", "", "constant", "uniform", "exponential", "lognormal")
	if kind == "" {
		return nil
	}
	before := len(l.found)
	d := &bench.Dist{Kind: kind}
	for _, name := range thinks[kind].needs {
		o.need(name, name+` beside dist = "`+kind+`"`)
	}
	durations := map[string]*bench.Duration{"mean": &d.Mean, "median": &d.Median, "min": &d.Min, "max": &d.Max}
	for _, name := range slices.Concat(thinks[kind].needs, thinks[kind].may) {
		if v, ok := o.take(name); ok && name == "sigma" {
			d.Sigma, _ = l.number(v)
		} else if ok {
			*durations[name] = o.duration(name, 0, 0)
		}
	}
	o.done()
	if len(l.found) > before {
		return nil
	}
	switch {
	case kind == "exponential" && d.Mean == 0, kind == "lognormal" && d.Median == 0, kind == "uniform" && d.Max == 0:
		l.fail(f.at, "For no think time leave think out.", "%s is never longer than 0s", f.label)
	case d.Max > 0 && d.Max < d.Min:
		l.fail(o.place("min"), "Swap them.", "%s: min is %v, above max, which is %v", f.label, d.Min, d.Max)
	}
	return d
}

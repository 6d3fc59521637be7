package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"bench/runtime/bench"
	"bench/specs"
)

// specFlags are what apply, plan and validate take: a spec and the values of its variables.
type specFlags struct {
	File     string   `arg:"" help:"The spec." placeholder:"FILE"`
	Vars     []string `name:"var" sep:"none" help:"Set a variable of the spec; may be repeated." placeholder:"NAME=VALUE"`
	VarFiles []string `name:"var-file" sep:"none" help:"Read variables from a file of NAME = VALUE lines; may be repeated." placeholder:"FILE"`
}

// load reads the spec. Warnings are told and pass; errors come back as specs.Diagnostics, all of them.
func (f *specFlags) load(p *program) (*specs.Resolved, error) {
	resolved, diagnostics := specs.Load(f.File, specs.Options{Vars: f.Vars, VarFiles: f.VarFiles, Env: p.Env})
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	if !p.Quiet {
		diagnostics.WriteText(p.Stderr, p.colour(p.Stderr))
	}
	return resolved, nil
}

// writePlan says in a few lines what a plan does.
func writePlan(w io.Writer, plan *bench.Plan) {
	fmt.Fprintf(w, "%s  plan %s\n\n  run %q\n", plan.Source.File, plan.Hash()[:12], plan.Name)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(w, "    %-10s "+format+"\n", append([]any{what}, args...)...)
	}
	if plan.Description != "" {
		line("why", "%s", strings.Join(strings.Fields(plan.Description), " "))
	}
	line("target", "%s%s", plan.Target.Kind, targetDetails(&plan.Target))
	line("fleet", "%s, %s", plan.Fleet.Kind, plural(int64(plan.Fleet.Workers), "worker"))
	if plan.Warmup > 0 {
		line("warmup", "%s, not in the result", span(plan.Warmup.D()))
	}
	if plan.Iterations > 0 {
		line("measure", "%s", plural(plan.Iterations, "operation"))
	} else {
		line("measure", "%s", span(plan.Duration.D()))
	}
	for _, g := range plan.Groups {
		line("load", "%s: %s", loadDetails(g.Load), strings.Join(shares(plan, g), ", "))
	}
	for _, s := range plan.SLOs {
		line("SLO", "%s", sloDetails(s))
	}
	if g := plan.Guard; g.MaxErrorRate > 0 {
		line("guard", "ends the run above %s errors", percent(g.MaxErrorRate))
	}
	if g := plan.Guard; g.MaxDuration > 0 {
		line("guard", "ends the run after %s", span(g.MaxDuration.D()))
	}
	if g := plan.Guard; g.MaxCredits > 0 {
		line("guard", "ends the run above %s credits, estimated", trim(g.MaxCredits, 3))
	}
	for _, label := range sortedKeys(plan.Labels) {
		line("label", "%s = %s", label, plan.Labels[label])
	}
}

// targetDetails are the options of a target; of a secret only where it comes from.
func targetDetails(t *bench.Target) string {
	var b strings.Builder
	for _, k := range sortedKeys(t.Options) {
		fmt.Fprintf(&b, "  %s=%s", k, t.Options[k])
	}
	for _, k := range sortedKeys(t.Secrets) {
		fmt.Fprintf(&b, "  %s=(%s)", k, t.Secrets[k])
	}
	return b.String()
}

func loadDetails(l bench.Load) string {
	s := fmt.Sprintf("%s, %s", l.Model, plural(int64(l.Peak()), "connection"))
	if len(l.Stages) > 0 {
		s += fmt.Sprintf(" in %s", plural(int64(len(l.Stages)), "stage"))
	}
	if l.Ramp > 0 {
		s += " over " + span(l.Ramp.D())
	}
	if l.Think != nil {
		s += ", think time " + l.Think.Kind
	}
	if l.Pacing > 0 {
		s += ", paced " + span(l.Pacing.D())
	}
	return s
}

// shares are the workloads of a group with their share of its operations.
func shares(plan *bench.Plan, g bench.Group) []string {
	total := 0
	for _, i := range g.Workloads {
		total += plan.Workloads[i].Weight
	}
	var all []string
	for _, i := range g.Workloads {
		w := plan.Workloads[i]
		all = append(all, w.Name+" "+percent(float64(w.Weight)/float64(max(total, 1))))
	}
	return all
}

func sloDetails(s bench.SLO) string {
	text := s.Name + ": " + s.Metric
	switch s.Workload {
	case "":
	case "*":
		text += " of each workload"
	default:
		text += " of " + s.Workload
	}
	text += " " + limits(bench.SLOResult{Metric: s.Metric, Max: s.Max, Min: s.Min})
	if s.MinN > 0 {
		text += fmt.Sprintf(" (n >= %s)", count(s.MinN))
	}
	return text
}

// plural writes a number of things.
func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// by says who asks for something, for the record of the run.
func (p *program) by(how string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	user := p.env("USER")
	if user == "" {
		user = "uid " + strconv.Itoa(os.Getuid())
	}
	return user + "@" + host + ", " + how
}

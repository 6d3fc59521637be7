package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"bench/runtime/bench"
	"bench/runtime/engine"
)

// planCommand resolves a spec and says what would run, without starting anything. It asks the target only with --preflight,
// so that a plan can be made where nothing can be reached and no secret is known.
type planCommand struct {
	specFlags
	Print            bool   `help:"Print the resolved plan as JSON: what the server and every worker will be given."`
	Preflight        bool   `help:"Also sign in to the target, as a worker does, and ask it whether the run can go as planned. Nothing of the workloads is run. Exit 2 when something cannot be decided."`
	DetailedExitcode bool   `help:"Exit 3 when the plan differs from that of the run it is compared with, or there is none."`
	Against          string `help:"The run to compare with: an id or a unique prefix (default: the latest run of the same name)." placeholder:"RUN"`
}

// Run implements bench plan.
func (c *planCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	resolved, err := c.load(p)
	if err != nil {
		return err
	}
	plan := &resolved.Plan
	if c.Print {
		e := json.NewEncoder(p.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(plan); err != nil {
			return err
		}
	} else {
		writePlan(p.Stdout, plan)
	}
	if c.Preflight {
		asked := p.preflight(ctx, resolved)
		if c.Print {
			asked.write(p.Stderr, "preflight", p.colour(p.Stderr))
		} else {
			asked.write(p.Stdout, "preflight", p.colour(p.Stdout))
		}
		if err := cmp.Or(asked.err(), ends(asked.code())); err != nil {
			return err
		}
	}
	if !c.DetailedExitcode && c.Against == "" {
		return nil
	}
	differs, err := c.compare(ctx, p, plan)
	if err == nil && differs && c.DetailedExitcode {
		return ends(bench.ExitDiffers)
	}
	return err
}

// compare says how the plan differs from that of an earlier run.
func (c *planCommand) compare(ctx context.Context, p *program, plan *bench.Plan) (differs bool, err error) {
	at, err := p.find(ctx)
	if err != nil {
		return false, err
	}
	defer at.close()
	run, err := earlier(ctx, at.history, c.Against, plan.Name)
	switch {
	case err != nil:
		return false, err
	case run == nil:
		p.talk("no run of %q was kept in %s", plan.Name, at)
		return true, nil
	}
	where, err := differences(run.Plan, plan)
	switch {
	case err != nil:
		return false, err
	case len(where) == 0:
		p.talk("the same plan as run %s", run.ID)
		return false, nil
	}
	p.talk("differs from run %s in: %s", run.ID, strings.Join(where, ", "))
	return true, nil
}

// earlier is the run that reference names, or the latest of a name; nil when there is none.
func earlier(ctx context.Context, h engine.History, reference, name string) (*bench.Run, error) {
	if reference != "" {
		return lookup(ctx, h, reference)
	}
	for run, err := range runs(ctx, h) {
		if err != nil {
			return nil, err
		}
		if run.Name == name {
			return h.Run(ctx, run.ID)
		}
	}
	return nil, nil
}

// differences are the top-level parts of two plans that are not the same.
func differences(a, b *bench.Plan) ([]string, error) {
	x, err := parts(a)
	if err != nil {
		return nil, err
	}
	y, err := parts(b)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for k := range x {
		all[k] = true
	}
	for k := range y {
		all[k] = true
	}
	var names []string
	for _, k := range sortedKeys(all) {
		if k != "source" && !bytes.Equal(x[k], y[k]) {
			names = append(names, k)
		}
	}
	return names, nil
}

// parts is a plan by the names that its JSON has. Which file a temporary database gets is the server's choice and not
// part of what was asked for.
func parts(plan *bench.Plan) (map[string]json.RawMessage, error) {
	if plan.Target.Options["temporary"] == "true" {
		asked := *plan
		asked.Target.Options = maps.Clone(plan.Target.Options)
		delete(asked.Target.Options, "path")
		plan = &asked
	}
	b, err := json.Marshal(plan)
	if err != nil {
		return nil, fmt.Errorf("write plan %s: %w", plan.Name, err)
	}
	m := map[string]json.RawMessage{}
	return m, json.Unmarshal(b, &m)
}

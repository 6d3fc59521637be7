package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"bench/runtime/bench"
	"bench/specs"
)

// validateCommand reads a spec and everything that it refers to, without asking the target.
type validateCommand struct {
	specFlags
	Output string `short:"o" help:"Form of the output: text or json." enum:"text,json" default:"text"`
}

// Run implements bench validate.
func (c *validateCommand) Run(p *program) error {
	resolved, err := c.load(p)
	if c.Output == "json" {
		diagnostics, _ := errors.AsType[specs.Diagnostics](err)
		if diagnostics == nil {
			diagnostics = specs.Diagnostics{}
		}
		e := json.NewEncoder(p.Stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]any{"format_version": "1.0", "valid": err == nil, "diagnostics": diagnostics}); err != nil {
			return err
		}
		if err != nil {
			return ends(bench.ExitUsage)
		}
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "%s is valid: run %q, %s, %s\n", c.File, resolved.Plan.Name,
		plural(int64(len(resolved.Plan.Workloads)), "workload"), plural(int64(resolved.Plan.Connections()), "connection"))
	return nil
}

package diagnostics

import (
	"fmt"
	"strings"
)

// Page is all about a check, for a person: what it asks, its thresholds, its page of text, and its statement.
func (c *Check) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n%s.\n\n", c.Code, c.Name, c.Title)
	fmt.Fprintf(&b, "  step     %s\n  source   %s\n", c.Step, c.origin())
	if len(c.DependsOn) > 0 {
		fmt.Fprintf(&b, "  causes   %s\n", strings.Join(c.DependsOn, ", "))
	}
	if c.Live {
		b.WriteString("  live     also while a run goes on\n")
	}
	for _, p := range c.Params {
		fmt.Fprintf(&b, "  %-8s %v %s: %s\n", p.Name, p.Value, p.Unit, p.Description)
	}
	if c.Runbook != "" {
		fmt.Fprintf(&b, "\n%s\n", c.Runbook)
	}
	if len(c.sql) > 0 {
		dialect := "sqlite"
		if c.Target != "" {
			dialect = c.Target
		}
		if sql, err := c.SQL(dialect, fixtureRun, fixtureNow); err == nil {
			fmt.Fprintf(&b, "\n%s;\n", sql)
		}
	}
	fmt.Fprintf(&b, "\n%s, %d fixtures\n", c.File, len(c.Fixtures))
	return b.String()
}

func (c *Check) origin() string {
	switch c.Source {
	case SourceServer:
		return "the server's live state, table " + c.Table
	case SourceTarget:
		return "the database under test, " + c.Target
	}
	return "the tables of the run"
}

package cli

import (
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"

	"bench/runtime/bench"
)

// listCommand lists runs, newest first.
type listCommand struct {
	Limit  int    `help:"How many at most." default:"20" placeholder:"N"`
	Label  string `help:"Only runs with this label." placeholder:"NAME=VALUE"`
	Output string `short:"o" help:"Form of the output: text, json or csv." enum:"text,json,csv" default:"text"`
}

// Run implements bench list.
func (c *listCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	if c.Limit < 1 {
		return usage("--limit must be at least 1, not %d", c.Limit)
	}
	at, err := p.find(ctx)
	if err != nil {
		return err
	}
	defer at.close()
	wanted, err := label(c.Label)
	if err != nil {
		return err
	}
	found := []bench.Run{}
	for run, err := range runs(ctx, at.history) {
		if err != nil {
			return err
		}
		if wanted(run) {
			found = append(found, run)
		}
		if len(found) == c.Limit {
			break
		}
	}
	switch c.Output {
	case "json":
		e := json.NewEncoder(p.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(at.with(map[string]any{"format_version": "1.0", "runs": found}))
	case "csv":
		out := csv.NewWriter(p.Stdout)
		out.Write([]string{"id", "name", "status", "phase", "created_at", "operations", "errors", "verdict", "stop_reason"})
		for _, r := range found {
			out.Write([]string{r.ID, r.Name, string(r.Status), string(r.Phase), r.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
				strconv.FormatInt(r.TotalOperations, 10), strconv.FormatInt(r.TotalErrors, 10), string(r.Verdict), string(r.StopReason)})
		}
		out.Flush()
		return out.Error()
	}
	if len(found) == 0 {
		p.talk("no runs in %s", at)
		return nil
	}
	t := &table{columns: []column{{title: "run", left: true}, {title: "name", left: true, rank: 1}, {title: "created", left: true, rank: 3},
		{title: "status", left: true}, {title: "ops", rank: 4}, {title: "errors", rank: 5}, {title: "verdict", left: true}, {title: "why", left: true, rank: 2}}}
	for _, r := range found {
		status, verdict, why := cell{text: string(r.Status)}, cell{text: "-"}, ""
		switch {
		case r.Status == bench.StatusCompleted:
			verdict = verdictCell(r.Verdict)
		case r.Status == bench.StatusFailed:
			status.paint = red
			why = string(r.StopReason)
		case r.Status == bench.StatusCancelled:
			status.paint = yellow
			why = string(r.StopReason)
		case !r.Status.Terminal():
			why = string(r.Phase)
		}
		t.rows = append(t.rows, []cell{{text: r.ID}, {text: r.Name}, {text: when(&r.CreatedAt)}, status,
			{text: count(r.TotalOperations)}, {text: count(r.TotalErrors)}, verdict, {text: why}})
	}
	t.write(p.Stdout, "", p.width(p.Stdout), p.colour(p.Stdout))
	return nil
}

// label makes a filter of NAME=VALUE; everything passes an empty one.
func label(text string) (func(bench.Run) bool, error) {
	if text == "" {
		return func(bench.Run) bool { return true }, nil
	}
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return nil, usage("--label must be NAME=VALUE, not %q", text)
	}
	return func(r bench.Run) bool { v, has := r.Labels[name]; return has && v == value }, nil
}

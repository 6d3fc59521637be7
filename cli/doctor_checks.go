package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bench/diagnostics"
)

// listChecks prints one line for each check, in the order of the way of an operation.
func listChecks(w io.Writer, set diagnostics.Set, width int, colour bool) {
	t := &table{columns: []column{{title: "code", left: true}, {title: "step", left: true}, {title: "source", left: true, rank: 3},
		{title: "live", left: true, rank: 4}, {title: "name", left: true, rank: 2}, {title: "holds when it passes", left: true, rank: 1}}}
	for _, k := range set {
		source, live := k.Source, ""
		if k.Target != "" {
			source = k.Target
		}
		if k.Live {
			live = "live"
		}
		t.add(k.Code, k.Step, source, live, k.Name, k.Title)
	}
	t.write(w, "", width, colour)
}

// explain prints all about one check.
func (c *doctorCommand) explain(p *program, set diagnostics.Set) error {
	k := set.Find(strings.ToUpper(c.Explain))
	if k == nil {
		return usage("there is no check %s; bench doctor --list shows all", c.Explain)
	}
	fmt.Fprint(p.Stdout, k.Page())
	return nil
}

// showSQL prints the statements that go to the tables of the run, ready to be pasted. Those that go to the database under
// test are printed as comments beside them, or bare where there are no others.
func showSQL(w io.Writer, set diagnostics.Set, k *diagnostics.Case) error {
	id := ""
	if k.Run != nil {
		id = k.Run.ID
	}
	store := false
	for _, c := range set {
		store = store || c.Source == diagnostics.SourceRun
	}
	for _, c := range set {
		dialect, prefix := "", ""
		switch c.Source {
		case diagnostics.SourceServer:
			fmt.Fprintf(w, "-- %s %s reads the live state: GET /api/runs/%s/live, table %s\n\n", c.Code, c.Name, id, c.Table)
			continue
		case diagnostics.SourceTarget:
			dialect = c.Target
			if store {
				prefix = "-- "
			}
		default:
			dialect = "sqlite"
			if k.Store != nil {
				dialect = k.Store.Dialect
			}
		}
		sql, err := c.SQL(dialect, id, k.At)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "-- %s %s: %s (%s, as of %s)\n", c.Code, c.Name, c.Title, dialect, k.At.UTC().Format(time.DateTime))
		for line := range strings.Lines(sql + ";\n") {
			fmt.Fprint(w, prefix+line)
		}
		fmt.Fprintln(w)
	}
	return nil
}

package cli

import (
	"fmt"
	"net/url"

	"bench/runtime/bench"
)

// linkCommand prints a link that signs a browser in to the dashboard, once.
type linkCommand struct {
	runFlag
	ReadOnly bool `help:"For a colleague: it is good for looking, not for stopping, and for a day instead of five minutes."`
}

// Run implements bench link.
func (c *linkCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	at, err := p.findDriver(ctx, "no dashboard to link to")
	if err != nil {
		return err
	}
	if at == nil {
		return bench.Errorf(bench.CodeUnreachable, "no server shows the runs of %s; start one with bench serve", p.Journal)
	}
	defer at.close()
	run, err := lookup(ctx, at.history, c.runFlag.Run)
	if err != nil {
		return err
	}
	link, err := at.client.Link(ctx, dashboardOf(run), !c.ReadOnly)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, link)
	return nil
}

// dashboardOf is the page of a run.
func dashboardOf(run *bench.Run) string { return "/runs/" + url.PathEscape(run.ID) }

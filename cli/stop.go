package cli

import (
	"errors"
	"fmt"

	"bench/runtime/bench"
)

// stopCommand asks the server of a run to end it.
type stopCommand struct {
	runFlag
	Force bool `help:"Abort: also cancel on the target what is in flight."`
}

// Run implements bench stop.
func (c *stopCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	at, err := p.findDriver(ctx, "nobody to stop one")
	if err != nil {
		return err
	}
	if at == nil {
		return bench.Errorf(bench.CodeUnreachable, "no server drives the runs of %s, so there is none to stop", p.Journal)
	}
	defer at.close()
	run, err := lookup(ctx, at.history, c.runFlag.Run)
	if err != nil {
		return err
	}
	mode, what := bench.DesiredStop, "no operation starts any more, what is in flight may finish within %s"
	if c.Force {
		mode, what = bench.DesiredAbort, "what is in flight is cancelled on the target"
	}
	err = at.client.Stop(ctx, run.ID, mode, p.by("bench stop"))
	switch {
	case errors.Is(err, &bench.Error{Code: bench.CodeRunEnded}):
		fmt.Fprintf(p.Stdout, "run %s had ended already\n", run.ID)
		return nil
	case err != nil:
		return err
	}
	if !c.Force && run.Plan != nil {
		what = fmt.Sprintf(what, span(run.Plan.Drain.D()))
	}
	fmt.Fprintf(p.Stdout, "run %s is told to %s: %s\n", run.ID, mode, what)
	return nil
}

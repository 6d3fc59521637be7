package cli

import (
	"errors"

	"bench/runtime/bench"
)

// enrichCommand asks the target of a run that has ended for its side once more: what it did not publish in time, or could not
// be asked for. It ends with 0 when everything has come that can come; the run's verdict stays as it is.
type enrichCommand struct {
	runFlag
	silenceFlags
}

// Run implements bench enrich.
func (c *enrichCommand) Run(p *program) (err error) {
	ctx, cancel := p.until()
	defer cancel()
	at, err := p.findServer(ctx)
	if err != nil {
		return err
	}
	switch {
	case at != nil && p.Store != "":
		return errors.Join(ownStore(at), at.close())
	case at == nil:
		host, err := p.host(ctx, hosting{listen: "127.0.0.1:0", silence: c.silenceFlags})
		if err != nil {
			return err
		}
		defer host.end(p.Signals)
		at = host.place
	}
	defer at.close()
	run, err := lookup(ctx, at.history, c.runFlag.Run)
	if err != nil {
		return err
	}
	side, err := at.client.Enrich(ctx, run.ID)
	if err != nil {
		return err
	}
	writeSide(p.Stdout, run, side, p.width(p.Stdout), p.colour(p.Stdout))
	p.talk("\nthis was pass %d; the verdict of the run stays as it is", side.Pass)
	if side.Status != bench.EnrichmentComplete {
		return ends(bench.ExitUndetermined)
	}
	return nil
}

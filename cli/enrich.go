package cli

import (
	"context"
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
func (c *enrichCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	at, err := p.findServer(ctx)
	if err != nil {
		return err
	}
	switch {
	case at != nil && p.Store != "":
		return errors.Join(ownStore(at), at.close())
	case at != nil:
		defer at.close()
		return c.ask(ctx, p, at)
	case p.unwritten(): // a server would make the journal, and find nothing in it
		_, err := lookup(ctx, nowhere{}, c.runFlag.Run)
		return c.elsewhere(p, err)
	}
	host, err := p.host(ctx, hosting{listen: "127.0.0.1:0", silence: c.silenceFlags})
	if err != nil {
		return err
	}
	err = c.ask(ctx, p, host.place)
	if bench.CodeOf(err) == bench.CodeRunNotFound {
		err = c.elsewhere(p, err)
		host.feeding.leave() // there is nothing of this run to feed
	}
	host.close()
	cancel() // a signal is for the end of the server now
	err = errors.Join(err, host.end(p.Signals))
	p.missing(host.missing)
	return err
}

// ask has a server ask the target, and prints what it says.
func (c *enrichCommand) ask(ctx context.Context, p *program, at *place) error {
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

// elsewhere is why a run is not in the journal, for whoever has a store in mind: the store may have the run, and has nobody who
// could ask its target.
func (c *enrichCommand) elsewhere(p *program, err error) error {
	store, wrong := p.store()
	switch {
	case wrong != nil:
		return wrong
	case store == nil:
		return err
	}
	return bench.Errorf(bench.CodeRunNotFound, "the journal %s has no run %s, and %s keeps runs and drives none: "+
		"enrich where the journal of the run is, or name its server with --server", p.Journal, c.runFlag.Run, store)
}

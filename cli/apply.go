package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/specs"
)

// applyCommand starts a run and stays with it. It owns the run: the first Ctrl-C drains it and keeps what was measured,
// the second cancels what is in flight, the third leaves. A closed terminal ends nothing on a server; where the server
// is part of this process, the run ends with it, in order.
type applyCommand struct {
	specFlags
	watchFlags
	silenceFlags
	Detach    bool `help:"Start the run on a server and leave it to itself."`
	Preflight bool `help:"Ask a Snowflake target before the run starts whether it can go as planned, where no other server drives it." default:"true" negatable:""`
}

// Run implements bench apply.
func (c *applyCommand) Run(p *program) error {
	if c.Interval <= 0 {
		return usage("--interval must be more than 0s, not %s", c.Interval)
	}
	resolved, err := c.load(p)
	if err != nil {
		return err
	}
	if !p.Quiet {
		writePlan(p.Stderr, &resolved.Plan)
	}
	if err := c.preflight(p, resolved); err != nil {
		return err
	}
	a := &application{
		program:    p,
		submission: api.Submission{Plan: resolved.Plan, Secrets: resolved.Secrets},
		key:        rand.Text(),
		detach:     c.Detach,
		silence:    c.silenceFlags,
		notes:      make(chan string, 8), // a signal's handler never waits for the display
		left:       make(chan struct{}),
	}
	w := &watch{display: c.display(p), signals: p.Signals, signalled: a.signalled, notes: a.notes}
	v, err := w.run(context.Background(), a.feed)
	if errors.Is(err, errDetached) {
		err = nil
	} else if err == nil {
		err = c.close(p, v, a.side(v.run.ID))
		a.owed = a.owed && c.Output != "json"
	}
	return errors.Join(err, a.end())
}

// preflight asks the target of a run that this process will drive. Another server signs in from its own place, with its own
// environment; what is seen from here would say little of it.
func (c *applyCommand) preflight(p *program, resolved *specs.Resolved) error {
	if !c.Preflight || resolved.Plan.Target.Kind != "snowflake" {
		return nil
	}
	ctx, cancel := p.until()
	defer cancel()
	at, err := p.findServer(ctx)
	if err != nil {
		return nil // submitting says so, and tries again
	}
	if at != nil {
		return at.close()
	}
	asked := p.preflight(ctx, resolved)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err := asked.err(); err != nil || !p.Quiet {
		asked.write(p.Stderr, "preflight", p.colour(p.Stderr))
	}
	return asked.err()
}

// display shows the run on stderr, because the result is what stdout is for; frames for programs are data too.
func (c *applyCommand) display(p *program) display {
	switch {
	case c.Output == "json":
		return p.display(p.Stdout, c.Output, c.Interval)
	case p.Quiet || c.Detach:
		return silent{}
	}
	return p.display(p.Stderr, c.Output, c.Interval)
}

// close prints the result and gives the verdict.
func (c *applyCommand) close(p *program, v *view, side *bench.Enrichment) error {
	if c.Output == "json" { // the end frame had it
		return p.report(io.Discard, "text", &v.run, v.end.Result, side, nil)
	}
	err := p.report(p.Stdout, "text", &v.run, v.end.Result, side, nil)
	writeFound(p.Stdout, &v.run, v.found, p.colour(p.Stdout))
	return err
}

// An application is one run from its submission to its end.
type application struct {
	*program
	submission api.Submission
	key        string // of idempotency: however often it is sent, one run starts
	detach     bool
	silence    silenceFlags
	notes      chan string
	left       chan struct{} // closed by a signal that leaves without waiting
	pending    sync.WaitGroup

	mu      sync.Mutex
	at      *place
	host    *hosted // the server, when it is part of this process
	run     string  // its id, once there is one
	owed    bool    // the result was printed without the target's side
	desired bench.Desired
}

// errDetached ends the feed of a run that nobody stays with.
var errDetached = errors.New("detached")

// feed submits the run and then gives its frames.
func (a *application) feed(ctx context.Context, take func(*api.Frame) error, changed func(link)) error {
	run, err := a.submit(ctx)
	if err != nil {
		return err
	}
	if a.detach {
		fmt.Fprintln(a.Stdout, run.ID)
		a.talk("run %s goes on by itself; bench tail %s watches it", run.ID, run.ID)
		return errDetached
	}
	a.note("run %s started on %s; Ctrl-C ends it and keeps what was measured", run.ID, a.at)
	// The run does not depend on whether somebody can look at it in a browser.
	if link, err := a.at.client.Link(ctx, dashboardOf(run), true); err == nil {
		a.note("dashboard %s", link)
	}
	return follow(a.at.client, run.ID, "", patience, false)(ctx, take, changed)
}

// patience is how long a run's owner tries to reach a server that is gone.
const patience = 2 * time.Minute

// submit sends the run to the server that there is, or to one that it starts in this process. A server may be about to
// end, or to begin, when it is found; so an answer that says so is a reason to look again.
func (a *application) submit(ctx context.Context) (*bench.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		run, err := a.try(ctx)
		switch {
		case err == nil:
			return run, nil
		case !passing(err), a.wanted() != bench.DesiredRun:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// passing reports whether an error may be over in a moment: the one server of a journal comes or goes.
func passing(err error) bool {
	switch bench.CodeOf(err) {
	case bench.CodeStopping, bench.CodeBusy:
		return true
	}
	return false
}

func (a *application) try(ctx context.Context) (*bench.Run, error) {
	at, err := a.findServer(ctx)
	if err != nil {
		return nil, err
	}
	var host *hosted
	switch {
	case at != nil && a.Store != "":
		return nil, errors.Join(ownStore(at), at.close())
	case at != nil && a.env("BENCH_STORE") != "":
		a.warnUnfed(ctx, at)
	case at == nil:
		if a.detach {
			return nil, usage("--detach needs a server that outlives this command: start one with bench serve, or name one with --server")
		}
		if host, err = a.program.host(ctx, hosting{listen: "127.0.0.1:0", silence: a.silence}); err != nil {
			return nil, err
		}
		at = host.place
	}
	a.mu.Lock()
	a.at, a.host = at, host
	a.mu.Unlock()
	run, err := at.client.CreateRun(ctx, a.key, a.submission)
	if err != nil {
		if host == nil && !a.named() && errors.Is(err, &bench.Error{Code: bench.CodeUnreachable}) {
			err = bench.Errorf(bench.CodeBusy, "the server beside %s is about to end: %w", a.Journal, err)
		}
		if host != nil {
			host.feeding.leave() // there is nothing of this run to feed
		}
		return nil, errors.Join(err, a.end())
	}
	a.mu.Lock()
	a.run = run.ID
	a.mu.Unlock()
	if d := a.wanted(); d.Exceeds(bench.DesiredRun) {
		a.stop(d)
	}
	return run, nil
}

// warnUnfed says that the run will not come into the store of the environment, when its server feeds none.
func (a *application) warnUnfed(ctx context.Context, at *place) {
	if r, err := at.replica(ctx); r == nil && err == nil {
		a.note("the server at %s feeds no store; BENCH_STORE counts where a server starts", at)
	}
}

// signalled is what Ctrl-C and its relatives do.
func (a *application) signalled(n int, s os.Signal) error {
	a.mu.Lock()
	host, run := a.host, a.run
	a.mu.Unlock()
	leave := &outcome{bench.ExitSignal, fmt.Sprintf("left by %v without a verdict", s)}
	switch {
	case s == syscall.SIGHUP && host == nil:
		if run != "" {
			leave.text += fmt.Sprintf("; the run goes on: bench tail %s comes back", run)
		}
		close(a.left)
		return leave
	case s == syscall.SIGHUP:
		host.stop() // ends its runs in order; the end frame follows
		return nil
	case n > 2 || n > 1 && run == "":
		close(a.left)
		return leave
	case n == 2:
		a.want(bench.DesiredAbort)
		a.note("%v: cancelling what is in flight; once more leaves without waiting", s)
	default:
		a.want(bench.DesiredStop)
		a.note("%v: nothing new starts, what is in flight may finish, results are kept; once more cancels it", s)
	}
	return nil
}

// want raises what the run should do, now or as soon as it is there.
func (a *application) want(d bench.Desired) {
	a.mu.Lock()
	a.desired = d
	run := a.run
	a.mu.Unlock()
	if run != "" {
		a.stop(d)
	}
}

func (a *application) wanted() bench.Desired {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.desired == "" {
		return bench.DesiredRun
	}
	return a.desired
}

// stop asks the server for the end of the run, behind the back of whoever pressed the key. A server that is gone may be
// back before long; then it is told.
func (a *application) stop(d bench.Desired) {
	a.mu.Lock()
	server, run := a.at.client, a.run
	a.mu.Unlock()
	a.pending.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), a.Timeout)
		defer cancel()
		for {
			err := server.Stop(ctx, run, d, a.by("Ctrl-C"))
			if errors.Is(err, &bench.Error{Code: bench.CodeUnreachable}) {
				select {
				case <-time.After(200 * time.Millisecond):
					continue
				case <-ctx.Done():
				case <-a.left:
				}
			}
			if err != nil && !errors.Is(err, &bench.Error{Code: bench.CodeRunEnded}) {
				a.note("the server did not take the %s: %v", d, err)
			}
			return
		}
	})
}

// note shows a sentence; one that finds no room is dropped, because a later one says more.
func (a *application) note(format string, args ...any) {
	select {
	case a.notes <- fmt.Sprintf(format, args...):
	default:
	}
}

// hurry is how long a server of this process gets to end its runs when nobody wants to wait for that.
const hurry = 3 * time.Second

// end leaves the server alone, or, where it is part of this process, waits for the other runs on it and ends it.
func (a *application) end() error {
	a.mu.Lock()
	at, host := a.at, a.host
	a.at, a.host = nil, nil
	a.mu.Unlock()
	select {
	case <-a.left:
		if host != nil {
			host.stop()
			host.feeding.leave()
			select {
			case <-host.done:
				a.missing(host.missing)
			case <-time.After(hurry):
			}
		}
		return nil
	default:
	}
	a.pending.Wait()
	switch {
	case host != nil:
		host.idle(a.Signals, a.talk)
		a.late(at)
		err := host.end(a.Signals)
		a.missing(host.missing)
		return err
	case at != nil:
		return at.close()
	}
	return nil
}

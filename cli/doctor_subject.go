package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/client"
)

// A subject is what is examined. Server and journal are tried independently: either may be gone.
type subject struct {
	*diagnostics.Case
	remote *client.Client // of a server whose journal is not here; it examines the run itself
	ended  bool           // the run did while it was examined: its server said so, after the journal was read
	closes []func() error
}

func (s *subject) close() {
	for _, f := range s.closes {
		f()
	}
}

// How long the parts may take, so that the whole is there in two seconds.
const (
	reachPatience  = 900 * time.Millisecond
	targetPatience = 1200 * time.Millisecond
)

// cloudPatience is what signing in to Snowflake may take instead. Checks of its history take as long again.
const cloudPatience = 10 * time.Second

// open finds what is to be examined.
func (c *doctorCommand) open(ctx context.Context, p *program) (*subject, error) {
	s := &subject{Case: &diagnostics.Case{At: time.Now()}}
	var err error
	switch {
	case c.From != "":
		s.Case, err = diagnostics.ReadBundle(c.From)
		return s, wrongFile(err)
	case c.Preflight:
		err = c.openPreflight(ctx, p, s)
	case p.Store != "":
		err = c.openStore(ctx, p, s)
	default:
		err = c.openLocal(ctx, p, s)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func wrongFile(err error) error {
	if err == nil {
		return nil
	}
	return usage("--from: %v", err)
}

// openStore takes a run from a replica.
func (c *doctorCommand) openStore(ctx context.Context, p *program, s *subject) error {
	at, err := p.find(ctx)
	if err != nil {
		return err
	}
	s.closes = append(s.closes, at.close)
	if s.Run, err = lookup(ctx, at.history, c.runFlag.Run); err != nil {
		return err
	}
	s.Store, s.At = at.database, diagnostics.Ended(s.Run, s.At)
	return nil
}

// openLocal takes a run from the journal, and its live state from the server.
func (c *doctorCommand) openLocal(ctx context.Context, p *program, s *subject) error {
	address := p.address()
	server, reach := p.reach(ctx, &address)
	if server != nil {
		s.closes = append(s.closes, func() error { server.Close(); return nil })
	}
	if server != nil && p.named() && !address.beside() && reach.State == diagnostics.Reached {
		s.remote = server
		return nil
	}
	if server != nil && p.named() && !address.beside() && c.runFlag.Run == "@last" {
		code := bench.CodeUnreachable
		if reach.State == diagnostics.Unauthorized {
			code = bench.CodeUnauthorized
		}
		return bench.Errorf(code, "%s, and %s need not be its journal: give the id of the run, and it is looked for there", reach.Error, p.Journal)
	}
	at, err := openReader(ctx, p.Journal, reachPatience)
	var h engine.History
	switch {
	case err == nil:
		s.closes = append(s.closes, at.close)
		h, s.Store = at.history, at.database
	case reach.State == diagnostics.Reached: // the server knows the run, and says how it stands
		s.Store = broken(p.Journal, err)
		h = server
	case errors.Is(err, fs.ErrNotExist) && !p.named():
		h = nowhere{}
	case errors.Is(err, fs.ErrNotExist) && reach.State == diagnostics.Unauthorized:
		return bench.Errorf(bench.CodeUnauthorized, "the server %s refuses the token (%s), and there is no journal %s", reach.Server, reach.Error, p.Journal)
	case errors.Is(err, fs.ErrNotExist):
		return bench.Errorf(bench.CodeUnreachable, "the server %s cannot be reached (%s), and there is no journal %s", reach.Server, reach.Error, p.Journal)
	default:
		return err
	}
	if s.Run, err = lookup(ctx, h, c.runFlag.Run); err != nil && at != nil && reach.State == diagnostics.Reached {
		s.Run, err = lookup(ctx, server, c.runFlag.Run)
	}
	if err != nil {
		return err
	}
	s.At = diagnostics.Ended(s.Run, s.At)
	if s.Run.Status.Terminal() {
		return nil
	}
	reach.Owner, reach.LastS = s.Run.Owner, lastSign(ctx, h, s.Run, s.At)
	s.Server = func(ctx context.Context) (diagnostics.Tables, error) {
		return diagnostics.LiveTables(func() (json.RawMessage, error) {
			text, err := server.Live(ctx, s.Run.ID)
			s.ended = bench.CodeOf(err) == bench.CodeRunEnded
			return text, err
		}, reach)
	}
	if s.Run.Plan != nil {
		plan := *s.Run.Plan
		plan.Target = plan.Target.Unrequired()
		s.Target = p.askTarget(ctx, s, &plan)
	}
	return nil
}

// broken is a store that cannot be read, and says why to whoever asks.
func broken(name string, err error) *diagnostics.Database {
	return &diagnostics.Database{Name: name, Dialect: "sqlite", Query: func(context.Context, string, int) ([]string, [][]any, error) {
		return nil, nil, err
	}}
}

// lastSign is how long ago the owner of a run was last heard of in the journal, in seconds.
func lastSign(ctx context.Context, h engine.History, run *bench.Run, now time.Time) float64 {
	last := run.AsOf
	workers, err := h.Workers(ctx, run.ID)
	if err != nil {
		return -1
	}
	for _, w := range workers {
		if w.LastHeartbeat.After(last) {
			last = w.LastHeartbeat
		}
	}
	return max(now.Sub(last).Seconds(), 0)
}

// reach tries the server of an address, and says how that went.
func (p *program) reach(ctx context.Context, at *address) (*client.Client, diagnostics.Reach) {
	reach := diagnostics.Reach{State: diagnostics.NoServer, Server: at.url, LastS: -1}
	if at.url == "" {
		reach.Server = "there is no " + p.serverFile()
		if !errors.Is(at.err, fs.ErrNotExist) {
			reach.Server = at.err.Error()
		}
		return nil, reach
	}
	server := client.New(at.url, at.token)
	ctx, cancel := context.WithTimeout(ctx, reachPatience)
	defer cancel()
	began := time.Now()
	_, err := server.Runs(ctx, 1, "")
	reach.TripMS = float64(time.Since(began).Microseconds()) / 1e3
	if err == nil {
		reach.State = diagnostics.Reached
		return server, reach
	}
	reach.State, reach.Error = diagnostics.ReachOf(err), err.Error()
	if errors.Is(err, syscall.ECONNREFUSED) && !p.named() {
		reach.State, reach.Server = diagnostics.NoServer, fmt.Sprintf("nothing listens at %s, which pid %d left in %s", at.url, at.file.PID, p.serverFile())
	}
	return server, reach
}

// openPreflight takes what needs no run: the journal, and the target of a spec, if one is named.
func (c *doctorCommand) openPreflight(ctx context.Context, p *program, s *subject) error {
	at, err := openReader(ctx, p.Journal, reachPatience)
	switch {
	case err == nil:
		s.closes = append(s.closes, at.close)
		s.Store = at.database
	case !errors.Is(err, fs.ErrNotExist):
		s.Store = broken(p.Journal, err)
	}
	if c.runFlag.Run == "@last" {
		return nil
	}
	if _, err := os.Stat(c.runFlag.Run); err != nil {
		return usage("--preflight takes a spec, and %s is no file", c.runFlag.Run)
	}
	resolved, err := (&specFlags{File: c.runFlag.Run}).load(p)
	if err != nil {
		return err
	}
	plan := resolved.Plan
	s.Target = p.askTarget(ctx, s, &plan, func(secret bench.Secret) (string, bool) { v, ok := resolved.Secrets[secret]; return v, ok })
	return nil
}

// askTarget opens the database under test for the questions of checks; nil when it has none, or its secrets are not known
// here. One that cannot be reached says why to whoever asks.
func (p *program) askTarget(ctx context.Context, s *subject, plan *bench.Plan, given ...func(bench.Secret) (string, bool)) *diagnostics.Database {
	if plan.Target.Kind == "null" || plan.Target.Kind == "sqlite" {
		return nil
	}
	find := func(secret bench.Secret) (string, error) {
		for _, f := range given {
			if v, ok := f(secret); ok {
				return v, nil
			}
		}
		return p.lookup(secret)
	}
	for _, secret := range plan.Target.Secrets {
		if _, err := find(secret); err != nil {
			return nil
		}
	}
	patience := targetPatience
	if plan.Target.Kind == "snowflake" {
		patience = cloudPatience
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := plan.Target
	asked.Session = bench.Session{} // what the spec runs in every session is not the doctor's to run
	if asked.Kind == "postgres" {
		asked.Session.Params = map[string]string{"default_transaction_read_only": "on"}
	}
	target, err := open(limited, asked, find, 1, "bench doctor")
	if err != nil {
		b := broken("the database under test", err)
		b.Dialect = plan.Target.Kind
		return b
	}
	s.closes = append(s.closes, target.Close)
	return &diagnostics.Database{Name: "the database under test", Dialect: plan.Target.Kind, Query: func(ctx context.Context, sql string, limit int) ([]string, [][]any, error) {
		columns, rows, err := target.Query(ctx, sql, limit)
		if err != nil {
			return nil, nil, err
		}
		all := make([][]any, len(rows))
		for i, row := range rows {
			for _, v := range row {
				all[i] = append(all[i], v.Any())
			}
		}
		return columns, all, nil
	}}
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
	"bench/server/client"
)

// A place is where runs are: a server, a journal that no server owns, or a store.
type place struct {
	history  engine.History
	database *diagnostics.Database // the same for the SQL of checks; nil of a server
	client   *client.Client        // nil when there is no server
	name     string                // as a person knows it
	stored   bool                  // it is a store: what it has may be old
	lacks    []lack                // what it is known not to have
	close    func() error
}

func (at *place) String() string { return at.name }

// live reports whether a server is there, so that runs can go on.
func (at *place) live() bool { return at.client != nil }

// find is the place that a command reads from. The store of BENCH_STORE is what servers feed, so it is read only where
// there is neither a server nor a journal: both know more.
func (p *program) find(ctx context.Context) (*place, error) {
	apart := p.Journal != p.defaultJournal()
	store, err := p.namedStore()
	switch {
	case err != nil:
		return nil, err
	case store != nil && (p.Server != "" || apart):
		return nil, errElsewhere
	case store != nil:
		return p.readStore(ctx, store)
	}
	at, err := p.findServer(ctx)
	if at != nil || err != nil {
		return at, err
	}
	if p.unwritten() {
		if store, err := p.store(); err != nil {
			return nil, err
		} else if store != nil && !apart {
			return p.readStore(ctx, store)
		}
		return &place{history: nowhere{}, name: p.Journal + ", which does not exist yet", close: func() error { return nil }}, nil
	}
	return openReader(ctx, p.Journal, 0)
}

// unwritten reports whether there is no journal yet.
func (p *program) unwritten() bool {
	_, err := os.Stat(p.Journal)
	return errors.Is(err, fs.ErrNotExist)
}

// findDriver is findServer for what only the server of a run can do. A store that is read has none; lacks says of what.
func (p *program) findDriver(ctx context.Context, lacks string) (*place, error) {
	store, err := p.namedStore()
	switch {
	case err != nil:
		return nil, err
	case store != nil && p.Server != "":
		return nil, errElsewhere
	case store != nil:
		return nil, errUndriven(store, lacks)
	}
	return p.findServer(ctx)
}

// findServer is the server that the command line, the environment or the journal's folder names; nil when there is none.
// A server that was named must be there; one that only left its address behind need not.
func (p *program) findServer(ctx context.Context) (*place, error) {
	if !p.named() {
		beside, err := client.Discover(ctx, p.serverFile())
		if beside == nil || err != nil {
			return nil, err
		}
		return serving(beside), nil
	}
	at := p.address()
	if at.token == "" {
		return nil, bench.Errorf(bench.CodeUnauthorized, "no token for the server %s: set BENCH_TOKEN to that of the server", at.url)
	}
	return serving(client.New(at.url, at.token)), nil
}

// An address is where a server is, if it is there.
type address struct {
	url, token string          // empty when nothing says it
	file       *api.ServerFile // what server.json says
	err        error           // why it says nothing
}

// address is that of the server that was named, else of the one that left server.json. Its token is in BENCH_TOKEN, or in
// server.json if that is about the same server.
func (p *program) address() address {
	at := address{url: cmp.Or(p.Server, p.env("BENCH_SERVER")), token: p.env("BENCH_TOKEN")}
	at.file, at.err = client.ReadServerFile(p.serverFile())
	switch {
	case at.err != nil:
	case at.url == "":
		at.url, at.token = at.file.URL, at.file.Token
	case at.token == "" && at.beside():
		at.token = at.file.Token
	}
	return at
}

// beside reports whether the server is the one whose journal is here.
func (at *address) beside() bool {
	return at.file != nil && strings.TrimRight(at.file.URL, "/") == strings.TrimRight(at.url, "/")
}

// named reports whether a server was asked for by name, so that no other one will do.
func (p *program) named() bool { return p.Server != "" || p.env("BENCH_SERVER") != "" }

// serverFile is where a server of this journal says that it lives. Journals of one folder have servers of their own.
func (p *program) serverFile() string { return p.Journal + ".server.json" }

// lookup is the run that a reference names: an id, a unique prefix of one in any case, or @last.
func lookup(ctx context.Context, h engine.History, reference string) (*bench.Run, error) {
	if reference == "@last" {
		return last(ctx, h)
	}
	id := strings.ToUpper(reference)
	run, err := h.Run(ctx, id)
	if err == nil || !errors.Is(err, engine.ErrNoRun) {
		return run, err
	}
	below, err := h.Runs(ctx, 2, id+"~") // ids are in order, and "~" is above all that they consist of
	begins := func(i int) bool { return len(below) > i && strings.HasPrefix(below[i].ID, id) }
	switch {
	case err != nil:
		return nil, err
	case id == "" || !begins(0):
		return nil, bench.Errorf(bench.CodeRunNotFound, "no run %s; bench list shows those that there are", reference)
	case begins(1):
		return nil, bench.Errorf(bench.CodeRunAmbiguous, "more than one run begins with %s, among them %s and %s; give more of the id",
			reference, below[0].ID, below[1].ID)
	}
	return h.Run(ctx, below[0].ID)
}

// last is the newest run that goes on, else the newest.
func last(ctx context.Context, h engine.History) (*bench.Run, error) {
	newest, err := h.Runs(ctx, page, "")
	if err != nil {
		return nil, err
	}
	if len(newest) == 0 {
		return nil, bench.Errorf(bench.CodeRunNotFound, "there is no run yet; bench apply FILE starts one")
	}
	i := max(0, slices.IndexFunc(newest, func(r bench.Run) bool { return !r.Status.Terminal() }))
	return h.Run(ctx, newest[i].ID)
}

// page is how many runs are asked for at once.
const page = 100

// runs are all runs, newest first.
func runs(ctx context.Context, h engine.History) iter.Seq2[bench.Run, error] {
	return func(yield func(bench.Run, error) bool) {
		for before := ""; ; {
			found, err := h.Runs(ctx, page, before)
			if err != nil {
				yield(bench.Run{}, err)
				return
			}
			for _, run := range found {
				if !yield(run, nil) {
					return
				}
			}
			if len(found) < page {
				return
			}
			before = found[len(found)-1].ID
		}
	}
}

// nowhere is the history of a journal that was never written. Whoever asks for a run learns that there is none, so
// nothing is ever asked about one.
type nowhere struct{ engine.History }

func (nowhere) Runs(context.Context, int, string) ([]bench.Run, error) { return nil, nil }
func (nowhere) Run(context.Context, string) (*bench.Run, error)        { return nil, engine.ErrNoRun }

package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/sql/journal"
	"bench/sql/migrations"
	"bench/sql/replica"
)

// A store is where a replica of journals is kept. Having one connects to nothing. Its address may hold a password, so nobody
// but the store itself has it.
type store interface {
	String() string // as a person knows it, without secrets
	dialect() string
	feeder(j *journal.Journal, log *slog.Logger) (feeder, error)
	reader(ctx context.Context) (reader, error)
	schema() (schema, error)
	patience() time.Duration // how long the end of a server waits for it
}

// A feeder keeps a store's replica of one journal.
type feeder interface {
	Run(ctx context.Context) error   // feeds until ctx ends
	Flush(ctx context.Context) error // feeds what there is now; the error says what is missing
	Status() replica.Status          // without waiting for the store
	Close()
}

// A reader reads runs back from a store.
type reader interface {
	engine.History
	Progress(ctx context.Context) ([]replica.Progress, error)
	Query(ctx context.Context, statement string, limit int) (columns []string, rows [][]any, err error)
	Close() error
}

// A schema is the tables of a journal or of a store, apart from what they hold.
type schema interface {
	Status(ctx context.Context) ([]migrations.Migration, error)
	Up(ctx context.Context) ([]migrations.Migration, error)
	Down(ctx context.Context) (migrations.Migration, error)
	Close() error
}

// namedStore is the store of --store; nil without it.
func (p *program) namedStore() (store, error) {
	if p.Store == "" {
		return nil, nil
	}
	address := p.Store
	if name, ok := strings.CutPrefix(address, "env:"); ok {
		if address, ok = p.Env(name); !ok {
			return nil, usage("--store: the environment has no variable %s", name)
		}
	}
	s, err := openStore(address)
	if err != nil {
		return nil, usage("--store: %v", err)
	}
	return s, nil
}

// store is the store of --store, else that of BENCH_STORE; nil without either.
func (p *program) store() (store, error) {
	address := p.env("BENCH_STORE")
	if p.Store != "" || address == "" {
		return p.namedStore()
	}
	s, err := openStore(address)
	if err != nil {
		return nil, usage("BENCH_STORE: %v", err)
	}
	return s, nil
}

// A lack is what a store has not got of a journal that feeds it.
type lack struct {
	Journal string    `json:"journal"`     // id
	Fed     int64     `json:"fed_change"`  // newest change that the store has
	Head    int64     `json:"head_change"` // newest change that the journal had then
	AsOf    time.Time `json:"as_of"`       // when it was last fed, on the store's clock
}

// readStore is the place that a store is. What the store lacks is read before anything else is, and said on stderr: even
// with -q, because whoever reads the answer must know that something may be missing from it.
func (p *program) readStore(ctx context.Context, s store) (*place, error) {
	r, err := s.reader(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	fed, err := r.Progress(ctx)
	if err != nil {
		r.Close()
		return nil, unavailable(err)
	}
	at := &place{history: r, name: s.String(), stored: true, close: r.Close}
	at.database = &diagnostics.Database{Name: at.name, Dialect: s.dialect(), Query: r.Query}
	var newest time.Time
	for _, f := range fed {
		if f.At.After(newest) {
			newest = f.At
		}
		if f.Fed < f.Head {
			at.lacks = append(at.lacks, lack{f.Journal, f.Fed, f.Head, f.At})
			fmt.Fprintf(p.Stderr, "bench: as of %s, %s of journal %.8s are not in %s yet\n",
				when(&f.At), plural(f.Head-f.Fed, "change"), f.Journal, s)
		}
	}
	if len(at.lacks) == 0 && !newest.IsZero() {
		p.talk("%s, as of %s", s, when(&newest))
	}
	return at, nil
}

// with adds what the place lacks to an answer for programs, if it lacks anything.
func (at *place) with(answer map[string]any) map[string]any {
	if len(at.lacks) > 0 {
		answer["lacks"] = at.lacks
	}
	return answer
}

// errElsewhere is why a store and another place do not go together where runs are read.
var errElsewhere = usage("runs are read from one place: give --store, or --server or --journal")

// ownStore refuses a store for a server that was there before.
func ownStore(at *place) error {
	return usage("the server at %s runs already, and what it feeds is its own choice: leave --store away, or end that server first", at)
}

// errUndriven is why something cannot be done with the runs of a store that only their server can do; so there is what it says.
func errUndriven(s store, so string) error {
	return bench.Errorf(bench.CodeUnreachable, "%s keeps runs and drives none, so there is %s: name the run's server with --server", s, so)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/fleet"
	"bench/runtime/load"
	"bench/runtime/worker"
	"bench/server"
	"bench/server/client"
	"bench/sql/dialect"
	"bench/sql/journal"
	"bench/sql/replica"
	"bench/sql/target/null"
	"bench/sql/target/postgres"
	"bench/sql/target/snowflake"
	"bench/sql/target/sqlite"
)

// What the parts ask of each other is declared by those who ask; here is who answers.
var (
	_ engine.Store     = (*journal.Journal)(nil)
	_ engine.History   = (*journal.Journal)(nil)
	_ engine.History   = (*journal.Reader)(nil)
	_ engine.History   = (*client.Client)(nil)
	_ engine.History   = (*replica.Reader)(nil)
	_ engine.Databases = databases{}
	_ engine.Witnesses = witnesses{}
	_ engine.Witness   = (*postgres.Witness)(nil)
	_ engine.Witness   = (*snowflake.Witness)(nil)
	_ engine.Fleet     = fleet.Local{}
	_ engine.Fleet     = fleet.Process{}
	_ engine.Watcher   = fleet.Process{}
	_ engine.Past      = (*journal.Journal)(nil)
	_ server.Engine    = (*engine.Engine)(nil)
	_ worker.Control   = (*engine.Engine)(nil)
	_ worker.Control   = (*client.Plane)(nil)
	_ database         = (*null.Target)(nil)
	_ database         = (*sqlite.Target)(nil)
	_ database         = (*postgres.Target)(nil)
	_ database         = (*snowflake.Target)(nil)
	_ executor         = (*postgres.Target)(nil)
	_ executor         = (*snowflake.Target)(nil)
	_ surveyor         = (*snowflake.Target)(nil)
	_ load.Tagger      = (*snowflake.Conn)(nil)
	_ replica.Journal  = (*journal.Journal)(nil)
)

// A database is a target that can also run scripts, before and after the measured path.
type database interface {
	load.Target
	Script(ctx context.Context, sql string) error
}

// open makes the target of a plan. tag names the run on the target.
func open(ctx context.Context, t bench.Target, lookup func(bench.Secret) (string, error), connections int, tag string) (database, error) {
	switch t.Kind {
	case "sqlite":
		return opened(sqlite.Open(ctx, t, lookup, connections, tag))
	case "postgres":
		return opened(postgres.Open(ctx, t, lookup, connections, tag))
	case "snowflake":
		return opened(snowflake.Open(ctx, t, lookup, connections, tag))
	case "null":
		return opened(null.Open(ctx, t, lookup, connections, tag))
	}
	return nil, bench.Errorf(bench.CodePlanInvalid, "this program has no target %q", t.Kind)
}

// opened keeps a nil pointer from becoming a target that is not nil.
func opened[T database](t T, err error) (database, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

// databases readies targets for the engine. What it makes for a run lies in a folder of its own below the system's
// folder for temporary files.
type databases struct{}

func (databases) folder(run string) string { return filepath.Join(os.TempDir(), "bench-"+run) }

// Place gives a temporary database its file.
func (d databases) Place(run string, t bench.Target) (bench.Target, error) {
	placed := sqlite.Resolve(t, d.folder(run))
	if placed.Options["path"] == t.Options["path"] {
		return t, nil
	}
	if err := os.MkdirAll(d.folder(run), 0o700); err != nil {
		return t, fmt.Errorf("make a folder for the temporary database: %w", err)
	}
	return placed, nil
}

// Script runs scripts one after the other.
func (databases) Script(ctx context.Context, t bench.Target, lookup func(bench.Secret) (string, error), scripts []string) error {
	db, err := open(ctx, t, lookup, 1, "bench setup")
	if err != nil {
		return err
	}
	defer db.Close()
	for _, script := range scripts {
		if err := db.Script(ctx, script); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes what Place made.
func (d databases) Remove(run string, _ bench.Target) error { return os.RemoveAll(d.folder(run)) }

// witnesses finds who speaks for a target. SQLite, and the target that is none, keep no record.
type witnesses struct{}

// Witness signs in beside a run.
func (witnesses) Witness(ctx context.Context, run string, plan *bench.Plan, lookup func(bench.Secret) (string, error)) (engine.Witness, error) {
	switch plan.Target.Kind {
	case "postgres":
		return heard(postgres.OpenWitness(ctx, plan, lookup, "bench "+run))
	case "snowflake":
		return heard(snowflake.OpenWitness(ctx, run, plan, lookup))
	}
	return nil, nil
}

// heard keeps a nil pointer from becoming a witness that is not nil.
func heard[T engine.Witness](w T, err error) (engine.Witness, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}

// lookup resolves a secret that is a variable of this process's environment.
func (p *program) lookup(s bench.Secret) (string, error) {
	name, ok := strings.CutPrefix(string(s), "env:")
	if !ok {
		return "", fmt.Errorf("the secret %s was not given to this process", s)
	}
	value, ok := p.Env(name)
	if !ok {
		return "", fmt.Errorf("the environment has no variable %s, which the target's credentials refer to", name)
	}
	return value, nil
}

// workerConfig is what a worker of this process is made of, whoever it talks to.
func (p *program) workerConfig(control worker.Control, log *slog.Logger) worker.Config {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return worker.Config{
		Control: control, Host: host, PID: os.Getpid(), Version: version(), Log: log, Lookup: p.lookup, Monotonic: monotonic,
		Open: func(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error) {
			return open(ctx, plan.Target, lookup, plan.Connections(), tag)
		},
	}
}

// monotonic reads the clock that all processes of a machine share.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(fmt.Sprintf("read CLOCK_MONOTONIC: %v", err))
	}
	return t.Nano()
}

// workerProcess makes the command of a worker process: this program again, with what it must know in its environment,
// where other users of the machine cannot read it.
func workerProcess(url, file string, key []byte) func(run string, slot int) (*exec.Cmd, error) {
	return func(run string, slot int) (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, "worker")
		cmd.Env = append(slices.DeleteFunc(cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "BENCH_STORE=") }),
			"BENCH_SERVER="+url, "BENCH_SERVER_FILE="+file, "BENCH_TOKEN="+server.WorkerToken(key, run), "BENCH_RUN="+run,
			"BENCH_SLOT="+strconv.Itoa(slot), "BENCH_INSTANCE="+fleet.Instance())
		return cmd, nil
	}
}

// openJournal takes the journal for a server of this process.
func openJournal(ctx context.Context, path string) (*journal.Journal, error) {
	j, err := journal.Open(ctx, path, journal.Options{})
	return j, unavailable(err)
}

// openSchema takes the journal to look after its tables.
func openSchema(path string) (schema, error) {
	s, err := journal.OpenSchema(path)
	if err != nil {
		return nil, unavailable(err)
	}
	return s, nil
}

// openStore is the store at an address, by its scheme. No error quotes the address, which may hold a password.
func openStore(address string) (store, error) {
	scheme, _, _ := strings.Cut(address, "://")
	switch scheme {
	case "postgres", "postgresql":
		return newReplicaStore(address, dialect.Postgres)
	case "snowflake":
		return newReplicaStore(address, dialect.Snowflake)
	}
	return nil, errors.New("write postgres://USER@HOST:PORT/DATABASE, or snowflake://CONNECTION for one of connections.toml; there is no other kind of store")
}

// A replicaStore is a database of PostgreSQL, or a schema of Snowflake.
type replicaStore struct {
	address, name string
	speaks        dialect.Dialect
}

func newReplicaStore(address string, d dialect.Dialect) (store, error) {
	name, err := replica.Name(address)
	if err != nil {
		return nil, err
	}
	return replicaStore{address, name, d}, nil
}

func (s replicaStore) String() string  { return s.name }
func (s replicaStore) dialect() string { return s.speaks.Name }

// patience is longer with Snowflake, where a warehouse may have to resume and a portion takes a dozen statements.
func (s replicaStore) patience() time.Duration {
	if s.speaks == dialect.Snowflake {
		return 30 * time.Second
	}
	return 10 * time.Second
}

func (s replicaStore) feeder(j *journal.Journal, log *slog.Logger) (feeder, error) {
	f, err := replica.New(replica.Config{Journal: j, DSN: s.address, Log: log})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s replicaStore) reader(ctx context.Context) (reader, error) {
	r, err := replica.OpenReader(ctx, s.address)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (s replicaStore) schema() (schema, error) {
	tables, err := replica.OpenSchema(s.address)
	if err != nil {
		return nil, err
	}
	return tables, nil
}

// unavailable gives the errors of opening a journal or a store their code, where they have none. Another server that has
// the journal is named, and may be about to end.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*bench.Error](err); ok {
		return e
	}
	if locked, ok := errors.AsType[*journal.Locked](err); ok {
		return bench.Errorf(bench.CodeBusy, "%w", locked)
	}
	return bench.Errorf(bench.CodeUnreachable, "%w", err)
}

// openReader reads a journal that no server has to own, and waits for so long if somebody has it locked; zero is the
// journal's own patience.
func openReader(ctx context.Context, path string, patience time.Duration) (*place, error) {
	r, err := journal.OpenReaderWith(ctx, path, journal.Options{BusyTimeout: patience})
	if err != nil {
		return nil, unavailable(err)
	}
	return &place{history: r, database: journalDatabase(path, r), name: path, close: r.Close}, nil
}

// serving is the place that a server is.
func serving(c *client.Client) *place {
	return &place{history: c, client: c, name: c.URL(), close: func() error { c.Close(); return nil }}
}

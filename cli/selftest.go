package cli

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/runtime/cost"
	"bench/specs"
	"bench/sql/dialect"
	"bench/sql/migrations"
)

//go:embed selftest.hcl
var selftestSpec []byte

// selftestCommand tries, with a real service, what could only be tried on stand-ins.
type selftestCommand struct {
	Snowflake selftestSnowflake `cmd:"" help:"Try on an account what only the service itself can show: within 5 minutes and 0.2 credits, in a schema of its own."`
}

// selftestSnowflake signs in, makes a schema, fills it with the tables of a store, tries what README lists as not yet proven,
// runs a load for two minutes, asks the account about it, and drops the schema. What it prints holds no secret, and is meant
// to be pasted into an issue.
type selftestSnowflake struct {
	Connection string        `help:"Name of a connection in connections.toml." required:"" placeholder:"NAME"`
	Warehouse  string        `help:"An X-Small one that suspends itself within 5 minutes." required:"" placeholder:"NAME"`
	Database   string        `help:"Where the role may make a schema." required:"" placeholder:"NAME"`
	Duration   time.Duration `help:"Of the run. Shorter ones show less." default:"2m"`
}

// What a selftest may cost, and how long its parts may take: together less than 5 minutes.
const (
	selftestCredits = 0.2
	selftestProbes  = 75 * time.Second
	selftestEnrich  = 30 * time.Second
	selftestClean   = 10 * time.Second
	selftestMost    = 2 * time.Minute // of the run, which may take a minute more to get ready and to drain
)

// A selftest is one in progress.
type selftest struct {
	*program
	selftestSnowflake
	findings
	schema string
	target bench.Target
	result bytes.Buffer // what apply printed
}

// Run implements bench selftest snowflake. It ends with 1 when something is not as this program takes for granted, and with
// 2 when something could not be tried.
func (c *selftestSnowflake) Run(p *program) error {
	if c.Duration < time.Second || c.Duration > selftestMost {
		return usage("--duration must be from 1s to %s, not %s", span(selftestMost), c.Duration)
	}
	began := time.Now()
	s := &selftest{program: p, selftestSnowflake: *c, schema: fmt.Sprintf("BENCH_SELFTEST_%d", began.UnixMicro())}
	s.target = bench.Target{Kind: "snowflake", Options: map[string]string{
		"connection": c.Connection, "warehouse": c.Warehouse, "database": c.Database,
	}}
	err := s.try()
	s.write(p.Stdout, fmt.Sprintf("bench selftest snowflake, bench %s, %s, took %s", version(), runtime.Version(), span(time.Since(began))), p.colour(p.Stdout))
	for _, what := range selftestUntried {
		fmt.Fprintf(p.Stdout, "    -     not tried: %s\n", what)
	}
	if s.result.Len() > 0 {
		fmt.Fprintf(p.Stdout, "\n%s", s.result.String())
	}
	if err != nil {
		return err
	}
	return ends(s.code())
}

// selftestUntried is what is listed as not yet proven and cannot be tried by one command.
var selftestUntried = []string{
	"the ways to sign in that the connection does not use",
	"what a busy service says (HTTP 429, 503), and more waiters for a lock than may be (000625)",
	"what comes into ACCOUNT_USAGE and into the bill hours later: bench enrich RUN, and Snowflake's consumption table",
}

// try does it all, and cleans up whatever happens.
func (s *selftest) try() error {
	asking := *s.program
	asking.Timeout = selftestProbes
	ctx, cancel := asking.until()
	defer cancel()
	account, err := open(ctx, s.target, s.lookup, 1, "bench selftest")
	if err != nil {
		return bench.Errorf(bench.CodeUnreachable, "%w", err)
	}
	defer account.Close()
	if !s.affordable(ctx, account) {
		return nil
	}
	// The schema is not transient, because hybrid tables are not.
	if err := account.Script(ctx, "CREATE SCHEMA "+s.schema); err != nil {
		s.add("fail", "scratch schema", "", "%v", err)
		return context.Cause(ctx)
	}
	defer s.cleanUp(account)
	s.target.Options["schema"] = s.schema
	within, err := open(ctx, s.target, s.lookup, 1, "bench selftest")
	if err != nil {
		s.add("fail", "scratch schema", "", "%v", err)
		return context.Cause(ctx)
	}
	defer within.Close()
	s.migrate(ctx, within)
	for _, probe := range probes {
		began := time.Now()
		outcome, text := probe.try(ctx, within)
		s.add(outcome, probe.what, "", "%s (%s)", text, span(time.Since(began)))
	}
	err = within.Script(ctx, "CREATE TABLE bench_selftest AS SELECT ROW_NUMBER() OVER (ORDER BY SEQ8()) AS id, 0 AS value FROM TABLE(GENERATOR(ROWCOUNT => 1000))")
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		s.add("fail", "run", "", "%v", err)
		return nil
	}
	cancel() // from here on, signals are the run's
	return s.load()
}

func (s *selftest) cleanUp(account database) {
	ctx, cancel := context.WithTimeout(context.Background(), selftestClean)
	defer cancel()
	if err := account.Script(ctx, "DROP SCHEMA "+s.schema); err != nil {
		s.add("fail", "clean up", "", "DROP SCHEMA %s.%s by hand: %v", s.Database, s.schema, err)
		return
	}
	s.add("pass", "clean up", "", "schema %s is dropped", s.schema)
}

// affordable looks at the account, and refuses a warehouse on which this could cost more than it may.
func (s *selftest) affordable(ctx context.Context, account database) bool {
	found, err := account.(surveyor).Survey(ctx, &bench.Plan{})
	switch {
	case err != nil:
		s.add("fail", "sign-in", "", "%v", err)
		return false
	case found.Warehouse == nil:
		s.add("fail", "warehouse", "", "%s cannot be seen, so what it costs is not known: %s", s.Warehouse, found.Unseen)
		return false
	}
	s.add("pass", "sign-in", "", "%s", found.Account)
	for _, note := range found.Notes {
		s.add("warn", "grants", "", "%s", note)
	}
	w := found.Warehouse
	ahead, why := cost.Ahead(w, 5*time.Minute)
	switch {
	case why != "":
		s.add("fail", "credits", "", "%s; use an X-Small standard warehouse", why)
	case ahead.Note != "" || ahead.Most > selftestCredits:
		s.add("fail", "credits", "", "%s %s could cost %s; use an X-Small warehouse of one cluster that suspends itself within 5 minutes", w.Name, w.Size, trim(ahead.Most, 3))
	default:
		s.add("pass", "credits", "", "at most %s on %s, %s %s, %s", trim(ahead.Most, 3), w.Name, w.Size, strings.ToLower(w.Kind()), strings.ToLower(w.State))
		return true
	}
	return false
}

// migrate makes the tables of a store.
func (s *selftest) migrate(ctx context.Context, within database) {
	text, err := migrations.SQL(dialect.Snowflake.Name)
	if err == nil {
		err = within.Script(ctx, text)
	}
	if err != nil {
		s.add("fail", "tables of a store", "", "%v", err)
		return
	}
	s.add("pass", "tables of a store", "", "all migrations applied")
}

// load runs the load on a server of its own, whose journal is thrown away, and looks at what the account says of it.
func (s *selftest) load() error {
	folder, err := os.MkdirTemp("", "bench-selftest-")
	if err != nil {
		return fmt.Errorf("make a folder for the journal: %w", err)
	}
	defer os.RemoveAll(folder)
	spec := filepath.Join(folder, "selftest.hcl")
	if err := os.WriteFile(spec, selftestSpec, 0o600); err != nil {
		return fmt.Errorf("write the spec of the run: %w", err)
	}
	p := *s.program
	p.Journal, p.Server, p.Store, p.Stdout = filepath.Join(folder, "journal.db"), "", "", &s.result
	p.Env = func(name string) (string, bool) {
		if name == "BENCH_SERVER" || name == "BENCH_STORE" || strings.HasPrefix(name, "BENCH_VAR_") {
			return "", false
		}
		return s.Env(name)
	}
	apply := &applyCommand{
		specFlags: specFlags{File: spec, Vars: []string{
			"connection=" + s.Connection, "warehouse=" + s.Warehouse, "database=" + s.Database, "schema=" + s.schema, "duration=" + s.Duration.String(),
		}},
		watchFlags:   watchFlags{Output: "line", Interval: 10 * time.Second},
		silenceFlags: silenceFlags{StaleAfter: 5 * time.Second, DeadAfter: 30 * time.Second, JournalAfter: 20 * time.Second, EnrichWithin: selftestEnrich},
	}
	if err := apply.Run(&p); err != nil {
		if _, wrong := errors.AsType[specs.Diagnostics](err); wrong {
			return err
		}
		s.add("fail", "run", "", "it ended with %d: %v", exitCode(err), err)
	}
	return s.judge(&p)
}

// judge reads the run back from its journal.
func (s *selftest) judge(p *program) error {
	ctx, cancel := context.WithTimeout(context.Background(), selftestClean)
	defer cancel()
	at, err := openReader(ctx, p.Journal, 0)
	if err != nil {
		return err
	}
	defer at.close()
	run, err := last(ctx, at.history)
	if err != nil {
		return err
	}
	outcome := "pass"
	if run.Status != bench.StatusCompleted || run.TotalErrors > 0 || run.TotalOperations == 0 {
		outcome = "fail"
	}
	s.add(outcome, "run", "", "%s, %s, %s", run.Status, plural(run.TotalOperations, "operation"), plural(run.TotalErrors, "error"))
	side, err := sideOf(ctx, at.history, run.ID)
	switch {
	case err != nil:
		s.add("undetermined", "history", "", "%v", err)
	case side == nil || side.All() == nil:
		s.add("undetermined", "history", "", "the account said nothing of the run within %s", span(selftestEnrich))
	default:
		s.add("pass", "history", "", "%s tells of the run; see below for how much of it", side.Source)
	}
	return nil
}

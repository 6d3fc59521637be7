// Package cli is the command line: one struct and one file for each command, what they share to read a run and to show
// it, and wire.go, the only place of the program where concrete things are put together.
//
// # Where a command looks
//
// A run lives on a server, and afterwards in the server's journal. A command looks for a server in this order: --server,
// BENCH_SERVER, a server that lives beside the journal (it has left a file .server.json there), none. With none, apply starts a
// server of its own that lives until its last run has ended; list, status, report and tail then read the journal itself,
// and stop and link have nobody to ask. See place.go.
//
// A server may feed a store, --store or BENCH_STORE: a replica of its journal that other machines can read. With --store,
// list, status, report and tail read from there, and say what it lacks. See store.go and feeding.go.
//
// # What it prints
//
// Data goes to stdout and talk to stderr. What a run does is a stream of frames (see package api) that a [view] adds up
// and a [display] shows: a block on a terminal, lines elsewhere, or the frames themselves. See live.go. What a run ended
// with is told by result.go.
//
// # What it ends with
//
// Every command ends with one of the codes of package bench, the same for every output format. See exit.go.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"bench/runtime/bench"
)

// A Process is what the operating system gives to a program. Nothing in this package touches the standard library's own
// streams, environment or signals.
type Process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(name string) (string, bool)
	Signals        <-chan os.Signal // SIGINT, SIGTERM, SIGHUP
}

// A grammar is the whole command line, for kong.
type grammar struct {
	globals

	Apply         applyCommand         `cmd:"" help:"Run a spec: start it, watch it, and end with its verdict."`
	Plan          planCommand          `cmd:"" help:"Say what apply would do, and do nothing."`
	Validate      validateCommand      `cmd:"" help:"Check a spec and say everything that is wrong with it."`
	Fmt           fmtCommand           `cmd:"" help:"Put specs into the canonical form."`
	Tail          tailCommand          `cmd:"" help:"Watch a run; a run that has ended is replayed."`
	Status        statusCommand        `cmd:"" help:"Say how a run stands."`
	Doctor        doctorCommand        `cmd:"" help:"Say why a run stands as it does, with evidence and the next step."`
	Stop          stopCommand          `cmd:"" help:"End a run early; what was measured is kept."`
	Report        reportCommand        `cmd:"" help:"Print what a run measured, or write all of it into one HTML file."`
	CancelOrphans cancelOrphansCommand `cmd:"" help:"Cancel statements of ended runs that their targets still execute."`
	Selftest      selftestCommand      `cmd:"" help:"Try with a real service what could only be tried on stand-ins."`
	Enrich        enrichCommand        `cmd:"" help:"Ask the target of a run that has ended for its side again."`
	List          listCommand          `cmd:"" help:"List runs, newest first."`
	Link          linkCommand          `cmd:"" help:"Print a link to the dashboard, good once."`
	Serve         serveCommand         `cmd:"" help:"Serve the API and the dashboard until told to end."`
	Worker        workerCommand        `cmd:"" hidden:"" help:"Join a run as one of its workers; a server starts these."`
	Migrate       migrateCommand       `cmd:"" help:"Look after the schema of the journal, or with --store of a replica."`
	Version       versionCommand       `cmd:"" help:"Print the version of this program."`
	Completion    completionCommand    `cmd:"" help:"Print a completion script for a shell."`
}

// globals are the flags of every command.
type globals struct {
	Server  string        `help:"URL of the server (default: BENCH_SERVER, else the server beside the journal). Its token is taken from BENCH_TOKEN." placeholder:"URL"`
	Journal string        `help:"File that runs are kept in." default:"${journal}" placeholder:"FILE"`
	Store   string        `help:"Replica of the journal: serve, apply and enrich feed it (default: BENCH_STORE), other commands read from it. postgres://USER@HOST:PORT/DATABASE, snowflake://CONNECTION for one of connections.toml, or env:NAME for the variable that holds such an address." placeholder:"URL"`
	Color   string        `help:"Colours: auto, always or never. NO_COLOR is honoured." enum:"auto,always,never" default:"auto"`
	Quiet   bool          `short:"q" help:"Print data and errors alone."`
	Verbose bool          `short:"v" help:"Print what the parts of the program do, on stderr."`
	Timeout time.Duration `help:"How long a command may take that only asks or tells." default:"30s"`
}

// A program is one call of the command line: its flags and the process that it runs in.
type program struct {
	Process
	globals
}

// Main runs one command and returns the code to exit with. It does not panic: a bug is reported in one line and ends
// with [bench.ExitBug].
func Main(args []string, process Process) (code int) {
	p := &program{Process: process}
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(p.Stderr, "bench: internal error: %v (run again with -v for the place)\n", r)
			if p.Verbose {
				p.Stderr.Write(debug.Stack())
			}
			code = bench.ExitBug
		}
	}()
	var g grammar
	asked := -1
	parser, err := newParser(&g, p, func(code int) { asked = code })
	if err != nil {
		panic(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if asked >= 0 { // --help has printed what was asked for
		return asked
	}
	if err != nil {
		fmt.Fprintf(p.Stderr, "bench: %s\n", strings.TrimSuffix(err.Error(), "."))
		fmt.Fprintf(p.Stderr, "try: bench %s--help\n", selected(args, parser))
		return bench.ExitUsage
	}
	p.globals = g.globals
	return p.exit(command.Run(p, parser))
}

func newParser(g *grammar, p *program, exit func(int)) (*kong.Kong, error) {
	return kong.New(g,
		kong.Name("bench"),
		kong.Description("Load-test a database with concurrent SQL, and know whether to believe the numbers."),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"journal": p.defaultJournal()},
	)
}

// selected is the command that was meant, with a blank, so that the advice after a wrong flag is about that command.
func selected(args []string, parser *kong.Kong) string {
	for _, a := range args {
		for _, c := range parser.Model.Children {
			if c.Name == a {
				return a + " "
			}
		}
	}
	return ""
}

// env is a variable of the environment, "" when it is not set.
func (p *program) env(name string) string {
	v, _ := p.Env(name)
	return v
}

// talk writes a sentence to a person, on stderr, unless -q.
func (p *program) talk(format string, args ...any) {
	if !p.Quiet {
		fmt.Fprintf(p.Stderr, format+"\n", args...)
	}
}

// until is a context for commands that only ask or tell: it ends with the first signal, or when --timeout has passed.
func (p *program) until() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	limited, done := context.WithTimeoutCause(ctx, p.Timeout, bench.Errorf(bench.CodeTimeout, "it took longer than %s; --timeout allows more", p.Timeout))
	go func() {
		select {
		case s := <-p.Signals:
			cancel(left(s))
		case <-limited.Done():
		}
	}()
	return limited, func() { done(); cancel(nil) }
}

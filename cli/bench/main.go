// Bench load-tests a database with concurrent SQL.
//
//	$ bench apply items.hcl
//
// starts the run that a spec describes, shows it while it goes on, prints what it measured, and ends with its verdict.
// The language of specs is described in specs/README.md. The other commands:
//
//	bench plan FILE       what apply would do; --print is the resolved plan as JSON
//	bench validate FILE   everything that is wrong with a spec, at once
//	bench fmt FILE        the canonical form; --check only says what differs
//	bench tail [RUN]      watch a run, or replay one that has ended
//	bench status [RUN]    how a run stands, its workers, and what it waits for
//	bench stop [RUN]      end a run and keep what was measured; --force also cancels statements
//	bench report [RUN]    what a run measured, as text, json or csv
//	bench doctor [RUN]    why a run stands as it does, with evidence and the next step
//	bench enrich [RUN]    ask the target of a run that has ended for its side again: timings, waits, cost
//	bench list            runs, newest first
//	bench serve           a server that outlives the commands that use it
//	bench migrate         the schema of the journal, or with --store of a replica: status, up, down, sql
//	bench completion      a completion script for bash, zsh or fish
//
// RUN is an id, a unique prefix of one, or @last, which is the run that goes on, else the latest, and the default.
//
// # Environment
//
//	BENCH_JOURNAL    the file that runs are kept in; otherwise bench/journal.db below XDG_STATE_HOME or ~/.local/state
//	BENCH_SERVER     URL of the server to use; otherwise the one that lives beside the journal
//	BENCH_TOKEN      its token; for bench serve, the token to take instead of a random one
//	BENCH_STORE      address of the replica that a server of serve or apply feeds, as --store without showing it to others on
//	                 the machine; commands that read use it where there is neither a server nor a journal
//	BENCH_VAR_x      value of the variable x of a spec; --var and --var-file come before it
//	NO_COLOR, CLICOLOR_FORCE, CI, TERM   decide about colours and about painting on the terminal
//
// # Exit codes
//
// 0 every SLO passed with evidence · 1 one failed · 2 undetermined · 3 differs · 5 the run ended early · 80 a mistake on
// the command line or in the spec · 83 not authorised · 100 a bug · 101 server, journal, store or database out of reach · 130 left
// by a signal. They do not depend on the form of the output.
package main

import (
	"os"
	"os/signal"
	"syscall"

	"bench/cli"
)

func main() {
	signals := make(chan os.Signal, 4) // the third press still counts while the first is being carried out
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE) // who stops reading what a run says does not end the run
	os.Exit(cli.Main(os.Args[1:], cli.Process{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv, Signals: signals,
	}))
}

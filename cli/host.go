package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/runtime/fleet"
	"bench/runtime/stats"
	"bench/runtime/worker"
	"bench/server"
	"bench/server/api"
	"bench/server/client"
	"bench/server/tail"
	"bench/sql/journal"
)

// A hosting says how a server of this process is reached.
type hosting struct {
	listen      string
	behindProxy bool
	hosts       []string
	tls         *tls.Config
	silence     silenceFlags
	tell        func(format string, args ...any) // hears of the replica when no viewer shows it
}

// silenceFlags say how long a worker may be silent, the journal unwritable, and a target without a word. A server that was there before has its own.
type silenceFlags struct {
	StaleAfter   time.Duration `help:"Silence after which a worker is STALE." default:"5s"`
	DeadAfter    time.Duration `help:"Silence after which a worker is DEAD and its run ends." default:"30s"`
	JournalAfter time.Duration `help:"How long the journal may take no writes before runs end." default:"20s"`
	EnrichWithin time.Duration `help:"How long a run that has its result waits for what its target says." default:"240s"`
}

// check refuses limits that make no sense together.
func (f silenceFlags) check() error {
	if f.StaleAfter <= 0 || f.DeadAfter <= f.StaleAfter {
		return usage("--dead-after (%s) must be more than --stale-after (%s), and both more than 0s", f.DeadAfter, f.StaleAfter)
	}
	if f.JournalAfter <= 0 {
		return usage("--journal-after must be more than 0s, not %s", f.JournalAfter)
	}
	if f.EnrichWithin <= 0 {
		return usage("--enrich-within must be more than 0s, not %s", f.EnrichWithin)
	}
	return nil
}

// A hosted is a server inside this process: it owns the journal, drives runs, and answers requests until it is ended.
type hosted struct {
	*place
	url     string
	link    string // for a browser, once
	engine  *engine.Engine
	feeding *feeding           // nil when there is no store to feed
	stop    context.CancelFunc // begins the end: runs are stopped, then requests, then the store is fed and the journal closed
	done    chan struct{}
	err     error // why it ended, after done
	missing error // what is not in the replica, after done
}

// host starts a server and leaves its address beside the journal. It returns once requests are accepted; they are answered
// when runs are adopted. ctx is for starting alone.
func (p *program) host(ctx context.Context, how hosting) (_ *hosted, err error) {
	if err := how.silence.check(); err != nil {
		return nil, err
	}
	if err := server.CheckListen(how.listen, how.tls != nil, how.behindProxy); err != nil {
		return nil, err
	}
	store, err := p.store()
	if err != nil {
		return nil, err
	}
	checks, err := loadChecks("")
	if err != nil {
		return nil, err
	}
	journal, err := openJournal(ctx, p.Journal)
	if err != nil {
		return nil, err
	}
	var listeners []net.Listener
	defer func() {
		if err == nil {
			return
		}
		for _, l := range listeners {
			l.Close()
		}
		journal.Close()
	}()
	listeners, local, err := listen(how)
	if err != nil {
		return nil, err
	}
	log := p.log()
	key, err := journalKey(p.Journal + ".key")
	if err != nil {
		return nil, err
	}
	token := cmp.Or(p.env("BENCH_TOKEN"), server.OwnerToken(key))
	unfinished, err := journal.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	hub := &tail.Hub{Merge: stats.MergeHists, Log: log}
	h := &hosted{url: local, done: make(chan struct{})}
	var replica func() *api.Replica
	if store != nil {
		if h.feeding, err = p.newFeeding(store, journal, log, how.tell); err != nil {
			return nil, err
		}
		replica, hub.Replica = h.feeding.now.Load, h.feeding.frame
	}
	h.engine = p.newEngine(journal, hub, local, key, log, engine.Settings{
		Stale: how.silence.StaleAfter, Dead: how.silence.DeadAfter, Journal: how.silence.JournalAfter, Enrichment: how.silence.EnrichWithin,
	})
	hub.Journal = h.engine.Unwritable
	s := server.New(server.Config{
		Engine: h.engine, History: journal, Hub: hub, Token: token, WorkerKey: key, Hosts: how.hosts, BehindProxy: how.behindProxy,
		Checks: checks, Store: journalDatabase(p.Journal, journal.Reader), Replica: replica, Version: version(), Log: log,
		Ready: func() map[string]string { return map[string]string{"journal": cmp.Or(h.engine.Unwritable(), "ok")} },
	})
	h.place, h.link = serving(client.New(local, token)), s.Link(local)
	file := api.ServerFile{URL: local, PID: os.Getpid(), Token: token, Started: time.Now()}
	if err := server.WriteFile(p.serverFile(), file); err != nil { // before runs are adopted, which would end with this server
		return nil, bench.Errorf(bench.CodeUnreachable, "%w", err)
	}
	life, stop := context.WithCancel(context.Background())
	h.stop = stop
	unwatch := watchRuns(checks, s, h.engine, log)
	go func() {
		defer close(h.done)
		finish := h.feeding.start()
		err := serve(life, h.engine, func(ctx context.Context) error { return h.engine.Adopt(ctx, journal, unfinished) }, s, listeners)
		unwatch()
		err = errors.Join(err, server.RemoveFile(p.serverFile(), file))
		h.missing = finish()
		h.err = errors.Join(err, journal.Close())
	}()
	return h, nil
}

// newEngine puts together what drives runs.
func (p *program) newEngine(journal *journal.Journal, hub *tail.Hub, url string, key []byte, log *slog.Logger, settings engine.Settings) *engine.Engine {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	var e *engine.Engine
	e = engine.New(engine.Config{
		Store: journal, Listener: hub, Databases: databases{}, Witnesses: witnesses{}, Lookup: p.lookup, Log: log, Version: version(), Settings: settings,
		Owner: fmt.Sprintf("%s pid %d", host, os.Getpid()),
		Fleets: map[string]engine.Fleet{
			"local":   fleet.Local{Config: func() worker.Config { return p.workerConfig(e, log) }},
			"process": fleet.Process{Command: workerProcess(url, p.serverFile(), key)},
		},
	})
	return e
}

// listen opens the address, and one on loopback besides when the address speaks TLS or is for others: this machine's
// own workers and commands use that one.
func listen(how hosting) (all []net.Listener, local string, err error) {
	l, err := net.Listen("tcp", how.listen)
	if err != nil {
		return nil, "", bench.Errorf(bench.CodeUnreachable, "listen on %s: %w", how.listen, err)
	}
	if how.tls == nil && l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return []net.Listener{l}, "http://" + l.Addr().String(), nil
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Close()
		return nil, "", bench.Errorf(bench.CodeUnreachable, "listen on loopback: %w", err)
	}
	if how.tls != nil {
		l = tls.NewListener(l, how.tls)
	}
	return []net.Listener{l, inner}, "http://" + inner.Addr().String(), nil
}

// keyLength is that of a key, in bytes: each holds 5 bits that nobody can guess.
const keyLength = 26

// journalKey is what the tokens of workers, and that of the journal's owner, are made with. It is kept beside the journal,
// because workers and viewers outlive a server and must be known to the next. Without the file, all tokens are new. A file that
// is shorter than a key, as a full disk leaves it, is none: who knows how little it holds could make the tokens.
func journalKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) < keyLength {
		err = cmp.Or(os.Remove(path), fs.ErrNotExist) // it may have any mode
	}
	if errors.Is(err, fs.ErrNotExist) {
		key = []byte(rand.Text())
		err = os.WriteFile(path, key, 0o600)
	}
	if err != nil {
		return nil, bench.Errorf(bench.CodeUnreachable, "the key of the journal's tokens: %w", err)
	}
	return key, nil
}

// serve lets the engine and the server work until ctx ends; runs that another server left are adopted before the first
// request is answered. Requests are answered for as long as runs are being ended,
// because their workers have their last reports to send.
func serve(ctx context.Context, e *engine.Engine, adopt func(context.Context) error, s *server.Server, listeners []net.Listener) error {
	ctx, stopRuns := context.WithCancel(ctx)
	defer stopRuns()
	answering, stopAnswering := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAnswering()
	driven := make(chan error, 1) // one value
	go func() { driven <- e.Run(ctx) }()
	if err := adopt(ctx); err != nil {
		if ctx.Err() == nil {
			err = unavailable(err)
		}
		stopRuns()
		return errors.Join(err, <-driven)
	}
	var answers sync.WaitGroup
	failures := make([]error, len(listeners))
	for i, l := range listeners {
		answers.Go(func() {
			failures[i] = s.Serve(answering, l)
			stopRuns() // a server that nobody can reach drives no run
		})
	}
	err := unavailable(<-driven)
	stopAnswering()
	answers.Wait()
	return errors.Join(append(failures, err)...)
}

// end ends the server and waits until everything is stored; a signal meanwhile gives up on the replica.
func (h *hosted) end(signals <-chan os.Signal) error {
	h.stop()
	for {
		select {
		case <-h.done:
			return h.err
		case <-signals:
			h.feeding.leave()
		}
	}
}

// idle waits until the server's last run has ended. A signal ends the waiting.
func (h *hosted) idle(signals <-chan os.Signal, talk func(string, ...any)) {
	ctx, cancel := context.WithCancel(context.Background())
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		h.engine.Idle(ctx)
	}()
	defer func() {
		cancel()
		<-idle
	}()
	for felt := time.After(50 * time.Millisecond); ; {
		select {
		case <-idle:
			return
		case <-h.done:
			return
		case s := <-signals:
			talk("%v: ending %s", s, plural(int64(h.engine.Active()), "run"))
			return
		case <-felt:
			talk("waiting for %s on this server: of others, or for what a target says (Ctrl-C ends the waiting)", plural(int64(h.engine.Active()), "run"))
		}
	}
}

// log is where the parts of the program say what they do: stderr with -v, else nowhere.
func (p *program) log() *slog.Logger {
	if !p.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(p.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// certificate loads what TLS needs; nil without.
func certificate(cert, key string) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, usage("load the TLS certificate: %s", strings.TrimPrefix(err.Error(), "tls: "))
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

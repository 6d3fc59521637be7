package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
	"bench/server/tail"
)

// An Engine drives runs. Its errors that people act on are *bench.Error.
type Engine interface {
	// Create starts a run. The same key with the same plan gives the same run again, with another one
	// bench.CodeKeyReused.
	Create(ctx context.Context, key string, plan *bench.Plan, secrets map[bench.Secret]string) (*bench.Run, error)
	// Live is how a run stands at this moment, if this engine drives it.
	Live(id string) (*bench.Run, bool)
	// Stop asks for the end of a run. by says who asks.
	Stop(ctx context.Context, id string, mode bench.Desired, by string) error
	// Enrich asks the target of a run that has ended for its side once more, and stores what it says.
	Enrich(ctx context.Context, past engine.History, id string) (*bench.Enrichment, error)

	Register(ctx context.Context, r bench.Registration) (*bench.Assignment, error)
	Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error)
	Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error)
	// Look is how a run stands inside this engine; what is not the engine's is left empty.
	Look(ctx context.Context, id string) (*bench.Live, error)
	// Events returns the events of a run with a sequence above after. It waits for one until ctx ends, then it
	// returns none.
	Events(ctx context.Context, run, worker string, generation, after int64) ([]bench.Event, error)
}

// A History is where runs are read from. Workloads have their names; "" is all together.
type History interface {
	engine.History
	// Chart thins the seconds of a workload to at most so many buckets.
	Chart(ctx context.Context, id, workload string, buckets int) (*bench.Chart, error)
	// Histograms calls each for the response times of every second of a workload, in order. The bytes are good until it
	// returns.
	Histograms(ctx context.Context, id, workload string, each func(second int64, phase bench.Phase, hist []byte) error) error
}

// Config is what a server is made of. Engine, History and Hub must be set.
type Config struct {
	Engine  Engine
	History History
	Hub     *tail.Hub

	Token       string   // of the owner; empty lets nobody in with one
	WorkerKey   []byte   // of the workers' tokens (see WorkerToken); empty lets no worker in with one
	Hosts       []string // names that the server answers to, besides loopback and the address that it listens on
	BehindProxy bool     // X-Forwarded-Proto tells the scheme that browsers see
	Version     string   // of the program, for the API's description

	Replica func() *api.Replica   // how the replica stands that the server feeds, without waiting for it; nil is none
	Checks  diagnostics.Set       // that the doctor runs
	Store   *diagnostics.Database // the journal, for their SQL; nil is none

	Log   *slog.Logger             // nil is silence
	Ready func() map[string]string // components with "ok" or what is wrong with them, for /readyz; nil is none
}

// How long things may take. A long poll lasts at most controlWait, a target's side enrichWait, everything else of an ordinary
// request less.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 40 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	controlWait   = 25 * time.Second
	enrichWait    = 50 * time.Second // for a target to tell its side

	closeGrace    = time.Second     // for streams to be closed properly
	shutdownGrace = 5 * time.Second // for other requests to end
)

// A Server answers HTTP requests. It is an http.Handler; [Server.Serve] does so on a listener.
type Server struct {
	config      Config
	log         *slog.Logger
	mux         *http.ServeMux
	api         huma.API
	access      map[string]access // by pattern
	sessions    *sessions
	crossOrigin *http.CrossOriginProtection
	metrics     *metrics
	spreads     spreads

	stopping context.Context // ends when the server is told to stop: streams say goodbye
	stop     context.CancelFunc
	killed   context.Context // ends closeGrace later: streams are cut off
	kill     context.CancelFunc

	mu      sync.Mutex
	hosts   map[string]bool
	refused map[string]*engine.Refusals // reports that never reached the engine, by run
	streams sync.WaitGroup              // joined under mu, and only before stopping
}

// New makes a server.
func New(config Config) *Server {
	s := &Server{
		config: config, log: config.Log, mux: http.NewServeMux(), access: make(map[string]access),
		refused:  map[string]*engine.Refusals{},
		sessions: newSessions(config.WorkerKey), crossOrigin: http.NewCrossOriginProtection(), metrics: newMetrics(config.Hub, config.Replica),
		hosts: map[string]bool{"127.0.0.1": true, "localhost": true, "::1": true},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, host := range config.Hosts {
		s.hosts[strings.ToLower(host)] = true
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.killed, s.kill = context.WithCancel(context.Background())
	s.routes()
	return s
}

// Serve answers requests that come to a listener until ctx ends, then closes streams and lets other requests finish.
// It closes the listener. TLS is the listener's business.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if host, _, err := net.SplitHostPort(ln.Addr().String()); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && !ip.IsUnspecified() {
			s.mu.Lock()
			s.hosts[ip.String()] = true
			s.mu.Unlock()
		}
	}
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	fresh := freshConns{open: make(map[net.Conn]bool)}
	h.ConnState, h.ConnContext = fresh.follow, withConn
	failed := make(chan error, 1) // so that the goroutine ends even if nobody asks
	go func() { failed <- h.Serve(ln) }()
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.closeStreams()
	fresh.end()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if h.Shutdown(grace) != nil {
		h.Close()
	}
	if err == nil {
		<-failed
	}
	return err
}

// freshConns are connections that no request has come over yet, as browsers and proxies keep them in reserve. Shutdown
// would wait 5 s for them.
type freshConns struct {
	mu    sync.Mutex
	open  map[net.Conn]bool
	ended bool
}

func (f *freshConns) follow(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(f.open, c)
	case f.ended:
		c.Close()
	default:
		f.open[c] = true
	}
}

func (f *freshConns) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	for c := range f.open {
		c.Close()
	}
}

// closeStreams tells all streams to end, and cuts off those that do not.
func (s *Server) closeStreams() {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	timer := time.AfterFunc(closeGrace, s.kill)
	s.streams.Wait()
	timer.Stop()
	s.kill()
}

// join counts a stream in, unless the server is stopping. The caller must call streams.Done.
func (s *Server) join() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Err() != nil {
		return errStopping
	}
	s.streams.Add(1)
	return nil
}

var errStopping = &bench.Error{Code: bench.CodeStopping, Message: "the server is about to end; try again when it is back"}

// CheckListen refuses an address that others than this machine can reach without TLS: tokens would be readable on the
// way. The error says what to do.
func CheckListen(addr string, tls, behindProxy bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return bench.Errorf(bench.CodeInvalid, "%q is not an address to listen on; write HOST:PORT, for example 127.0.0.1:7433", addr)
	}
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.IsLoopback() || tls || behindProxy {
		return nil
	}
	return bench.Errorf(bench.CodeInvalid, "refusing to listen on %s without TLS: give a certificate, put the server behind a TLS proxy and say --behind-proxy, or listen on 127.0.0.1", addr)
}

// canceled reports whether an error only says that the other side has gone.
func canceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed)
}

// Package worker joins a run: it registers with a plane, gets ready, drives its share of the load, and reports.
//
// A worker carries the whole plan. Once it is armed with a t0 it needs nobody: it switches phases on its own monotonic
// clock and ends by itself. Only STOP and ABORT can come in between, and a plane that it cannot reach for long ends it.
//
//	register -> clock -> login, pools -> READY -> ARM/ARMED -> t0: load, a report each second -> drain -> FINAL
//
// Its goroutines, all ended when [Run] returns: the heart (heart.go), the ear for control events (events.go), the sender
// of reports (sender.go), and the load. The same code runs inside the server, in a process of its own and in a simulator;
// only [Control] differs.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/runtime/stats"
)

// Control is the plane as a worker sees it. Every call may be repeated. An error that is a *bench.Error is the plane's
// answer and final; any other error means that it could not be reached.
type Control interface {
	Register(ctx context.Context, r bench.Registration) (*bench.Assignment, error)
	Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error)
	Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error)
	// Events returns the events after a sequence number, as soon as there is one; none after a while.
	Events(ctx context.Context, run, worker string, generation, after int64) ([]bench.Event, error)
}

// Config says whom to join and as what.
type Config struct {
	Control  Control
	Run      string
	Slot     int
	Instance string // unique to this start of the worker
	Host     string
	PID      int
	Version  string
	Log      *slog.Logger
	// Open makes the target of the plan; lookup resolves its secrets.
	Open func(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (load.Target, error)
	// Lookup resolves a secret that the plane did not give, from the environment of this process.
	Lookup func(bench.Secret) (string, error)
	// Monotonic is the host's CLOCK_MONOTONIC in nanoseconds, which other processes of the host share.
	Monotonic func() int64
}

// How a worker can end other than well.
var (
	ErrServerLost   = errors.New("the server could not be reached for too long")
	ErrNeverStarted = errors.New("the run ended before it started")
	ErrRefused      = errors.New("the server refused this worker")
	ErrFailed       = errors.New("the worker could not go on")
)

// How long a worker bears a plane that it cannot reach before it cancels its statements and ends, and how long what
// it cancelled may take to come back before it is left alone.
const (
	lostAfter  = 60 * time.Second
	abortGrace = 10 * time.Second
)

// A worker is one joined run. The fields behind mu are what its heart tells.
type worker struct {
	Config
	ctx    context.Context // ends with the worker; its cause says why
	cancel context.CancelCauseFunc

	clock    clock
	usage    usage
	assigned *bench.Assignment
	target   load.Target
	load     *load.Load
	recorder *stats.Recorder
	exhibits *load.Exhibits
	sender   *sender

	armed   chan armed    // newest ARM, before the start; capacity 1: a later one replaces it
	begun   atomic.Bool   // t0 has passed
	beat    chan struct{} // wakes the heart; capacity 1: one more beat tells everything
	stop    chan struct{} // closed by STOP, ABORT and loss of the plane
	stopped sync.Once
	abort   context.CancelCauseFunc // cancels statements in flight

	mu    sync.Mutex
	heart bench.Heartbeat
	t0    time.Time // that it is armed for
	by    probe     // that t0 rests on
}

// Run joins the run and returns when the worker's part in it is over and its FINAL is durable. When ctx ends, it cancels
// what is in flight, reports it, and returns.
func Run(ctx context.Context, c Config) error {
	wctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	w := &worker{
		Config: c, ctx: wctx, cancel: cancel,
		armed: make(chan armed, 1), beat: make(chan struct{}, 1), stop: make(chan struct{}),
		exhibits: &load.Exhibits{},
	}
	if err := w.register(ctx); err != nil {
		return err
	}
	abort, abortCause := context.WithCancelCause(wctx)
	defer abortCause(nil)
	w.abort = abortCause
	defer context.AfterFunc(ctx, func() { w.halt(context.Cause(ctx), true) })()

	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel(nil)
	parts.Go(w.hear)
	parts.Go(w.sender.run)

	err := w.synchronize()
	if err == nil {
		parts.Go(w.pulse)
		err = w.work(abort)
	}
	if err != nil {
		w.giveUp(err)
	}
	return err
}

// register asks the plane for an assignment, again and again while it cannot be reached.
func (w *worker) register(ctx context.Context) error {
	deadline := time.Now().Add(lostAfter)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		a, err := w.Control.Register(ctx, bench.Registration{
			Run: w.Run, Slot: w.Slot, Instance: w.Instance, Host: w.Host, PID: w.PID, Version: w.Version,
		})
		if err == nil {
			w.assigned = a
			w.clock.start(a.Epoch)
			w.heart = bench.Heartbeat{
				Run: w.Run, Worker: a.Worker, Generation: a.Generation,
				Status: bench.WorkerInitializing, Phase: bench.PhasePreparing, Stage: bench.StageClock,
			}
			w.sender = newSender(w)
			return nil
		}
		if final(err) {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: %w", ErrServerLost, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// work is the worker's way from the first look at the clock to FINAL.
func (w *worker) work(abort context.Context) error {
	preparing := w.prepareReports()
	err := w.ready(abort)
	if err != nil {
		preparing()
		return err
	}
	defer w.target.Close()
	defer w.load.Close()
	a, started := w.awaitStart()
	preparing()
	if !started {
		w.tell(func(h *bench.Heartbeat) { h.Status, h.Stage = bench.WorkerDraining, bench.StageDrain })
		w.final(bench.PhasePreparing, 0)
		return w.finish(ErrNeverStarted)
	}
	w.drive(abort, a)
	return w.finish(nil)
}

// ready opens the target, the sessions and the pools, and says READY.
func (w *worker) ready(abort context.Context) error {
	plan := &w.assigned.Plan
	if hash := plan.Hash(); hash != w.assigned.PlanHash {
		return fmt.Errorf("the plan that arrived hashes to %.12s, not to %.12s: worker and server differ in version", hash, w.assigned.PlanHash)
	}
	ctx, cancel := context.WithCancel(abort)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	go func() { // a stop while getting ready ends the wait for the target
		select {
		case <-w.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	w.stage(bench.StageLogin)
	target, err := w.Open(ctx, plan, w.secret, "bench "+w.Run)
	if err != nil {
		return err
	}
	w.recorder = stats.NewRecorder(runtime.GOMAXPROCS(0), len(plan.Workloads))
	w.load, err = load.New(load.Config{
		Plan: plan, Slot: w.assigned.Slot, Workers: w.assigned.Workers,
		Target: target, Recorder: w.recorder, Exhibits: w.exhibits,
	})
	if err != nil {
		target.Close()
		return err
	}
	if err := w.load.Connect(ctx, w.stage); err != nil {
		w.load.Close()
		target.Close()
		return err
	}
	w.target = target
	facts, err := target.Facts(ctx)
	if err != nil {
		w.Log.Warn("the target does not say what it is", "error", err)
	}
	w.tell(func(h *bench.Heartbeat) {
		h.Status, h.Stage, h.PlanHash = bench.WorkerReady, bench.StageWait, w.assigned.PlanHash
		h.Facts, h.Connections = facts, w.load.Connections()
	})
	return nil
}

// secret resolves a reference: what the plane gave comes first.
func (w *worker) secret(s bench.Secret) (string, error) {
	if v, ok := w.assigned.Secrets[s]; ok {
		return v, nil
	}
	return w.Lookup(s)
}

// halt starts nothing new; with abort it also cancels what is in flight.
func (w *worker) halt(cause error, abort bool) {
	w.stopped.Do(func() { close(w.stop) })
	if abort {
		w.abort(cause)
	}
}

// finish waits until the plane has all reports for good, and says COMPLETED.
func (w *worker) finish(outcome error) error {
	w.tell(func(h *bench.Heartbeat) { h.Stage = bench.StageDone })
	if err := w.sender.flush(); err != nil {
		return err
	}
	w.tell(func(h *bench.Heartbeat) { h.Status, h.Phase = bench.WorkerCompleted, bench.PhaseCompleted })
	w.lastBeat()
	return outcome
}

// giveUp tells the plane why this worker cannot go on.
func (w *worker) giveUp(err error) {
	if errors.Is(err, ErrNeverStarted) || errors.Is(err, ErrServerLost) || errors.Is(err, ErrRefused) {
		return
	}
	reason := bench.ReasonWorkerFailed
	if e, ok := errors.AsType[*bench.OpError](err); ok && e.Class == bench.ErrorConnection {
		reason = bench.ReasonTargetUnreachable
	}
	w.tell(func(h *bench.Heartbeat) { h.Fatal, h.LastError = reason, err.Error() })
	w.lastBeat()
}

// final reports whether an error is the plane's answer rather than its absence or its being busy.
func final(err error) bool {
	e, ok := errors.AsType[*bench.Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case bench.CodeUnreachable, bench.CodeBusy, bench.CodeStopping, bench.CodeTimeout, bench.CodeInternal:
		return false
	}
	return true
}

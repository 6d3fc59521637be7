package cli

import (
	"context"
	"errors"
	"log/slog"
	"os/signal"
	"strconv"
	"syscall"

	"bench/runtime/bench"
	"bench/runtime/worker"
	"bench/server/client"
)

// workerCommand is one worker process of a run. Everything that it must know is in its environment, because its
// arguments can be read by every user of the machine.
type workerCommand struct{}

// What a worker process ends with, besides 0 and the codes that all commands share.
const exitNeverStarted = 102

// Run implements bench worker. SIGTERM cancels what is in flight; other signals are for whoever started the server.
func (c *workerCommand) Run(p *program) error {
	slot, err := strconv.Atoi(p.env("BENCH_SLOT"))
	server, token, run := p.env("BENCH_SERVER"), p.env("BENCH_TOKEN"), p.env("BENCH_RUN")
	if err != nil || server == "" || token == "" || run == "" {
		return usage("bench worker is started by a server, with BENCH_SERVER, BENCH_TOKEN, BENCH_RUN and BENCH_SLOT in its environment")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		for {
			select {
			case s := <-p.Signals:
				if s == syscall.SIGTERM {
					cancel(left(s))
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	signal.Ignore(syscall.SIGPIPE) // whoever reads what this process says may die before it
	plane := client.NewPlane(server, token, p.env("BENCH_SERVER_FILE"))
	defer plane.Close()
	config := p.workerConfig(plane, slog.New(slog.NewTextHandler(p.Stderr, nil)))
	config.Run, config.Slot, config.Instance = run, slot, p.env("BENCH_INSTANCE")
	err = worker.Run(ctx, config)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return workerOutcome(err)
}

// workerOutcome gives the way in which a worker ended its exit code.
func workerOutcome(err error) error {
	for cause, code := range map[error]int{
		worker.ErrServerLost:   bench.ExitUnreachable,
		worker.ErrNeverStarted: exitNeverStarted,
		worker.ErrRefused:      bench.ExitUsage,
		worker.ErrFailed:       bench.ExitEarly,
	} {
		if errors.Is(err, cause) {
			return &outcome{code, err.Error()}
		}
	}
	return err
}

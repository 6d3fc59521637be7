package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
	"bench/server/client"
	"bench/server/tail"
)

// watchFlags say how a run is shown while it goes on.
type watchFlags struct {
	Output   string        `short:"o" help:"How to show it: auto is a block on a terminal and lines elsewhere; json is the frames of the stream, one a line." enum:"auto,line,json" default:"auto"`
	Interval time.Duration `help:"Time between two lines; events are shown at once." default:"10s"`
}

// tailCommand watches a run that goes on, and replays one that has ended. It never owns the run: leaving it changes nothing.
type tailCommand struct {
	runFlag
	watchFlags
	Until     string        `help:"When to leave: at the end of the run, or when it is in this phase: warmup, measurement, processing." enum:"end,warmup,measurement,processing" default:"end"`
	Since     string        `help:"Show only what came after this place in the stream." placeholder:"EPOCH:SEQ"`
	Reconnect time.Duration `help:"How long to try to reach a server that is gone before giving up." default:"2m"`
}

// phases are the words of --until.
var phases = map[string]bench.Phase{
	"end": "", "warmup": bench.PhaseWarmup, "measurement": bench.PhaseMeasurement, "processing": bench.PhaseProcessing,
}

// Run implements bench tail.
func (c *tailCommand) Run(p *program) error {
	if c.Interval <= 0 {
		return usage("--interval must be more than 0s, not %s", c.Interval)
	}
	ctx := context.Background()
	at, run, err := c.search(p)
	if err != nil {
		return err
	}
	defer at.close()
	form, over := c.Output, run.Status.Terminal()
	if form == "auto" && (over || !at.live()) {
		form = "line" // there is nothing to wait for, so a block would only flash by
	}
	w := &watch{
		display: p.display(p.Stdout, form, c.Interval),
		until:   phases[c.Until],
		signals: p.Signals,
		signalled: func(_ int, s os.Signal) error {
			return &outcome{bench.ExitSignal, fmt.Sprintf("left by %v; the run goes on: bench tail %s comes back", s, run.ID)}
		},
	}
	from := replay(at.history, run.ID, c.Since)
	if at.live() {
		from = follow(at.client, run.ID, c.Since, c.Reconnect, over)
	}
	v, err := w.run(ctx, from)
	if err != nil || v.end == nil {
		return err
	}
	if c.Output != "json" {
		fmt.Fprintf(p.Stdout, "run %s %s\n", v.run.ID, headline(&v.run, v.end.Result, p.colour(p.Stdout)))
		if v.end.Why != "" {
			fmt.Fprintln(p.Stdout, "  "+v.end.Why)
		}
	}
	if !v.run.Status.Terminal() {
		return bench.Errorf(bench.CodeResultNotReady, "run %s had not ended, as far as %s knows", v.run.ID, at)
	}
	if !at.stored {
		p.talk("next: bench report %s", v.run.ID)
	}
	return ends(bench.ExitCode(v.run.Status, v.run.StopReason, v.run.Verdict))
}

// follow feeds the frames of a server, over as many connections as it takes; over says that the run has ended already.
func follow(server *client.Client, run, since string, patience time.Duration, over bool) feed {
	return func(ctx context.Context, take func(*api.Frame) error, changed func(link)) error {
		return server.Follow(ctx, run, since, client.FollowOptions{Patience: patience}, take, func(l client.Link) {
			now := link{down: l.Down, attempt: l.Attempt, replay: over}
			if l.Err != nil {
				now.why = l.Err.Error()
			}
			changed(now)
		})
	}
}

// replay feeds the frames that a history makes of a run.
func replay(h engine.History, id, since string) feed {
	return func(ctx context.Context, take func(*api.Frame) error, changed func(link)) error {
		changed(link{replay: true})
		run, err := h.Run(ctx, id)
		if err != nil {
			return err
		}
		events, err := h.Events(ctx, id, 0)
		if err != nil {
			return err
		}
		seconds, err := h.Seconds(ctx, id, 0, math.MaxInt64)
		if err != nil {
			return err
		}
		result, err := h.Result(ctx, id)
		if err != nil && !errors.Is(err, engine.ErrNoResult) {
			return err
		}
		viewer, err := new(tail.Hub).Replay(run, events, seconds, result, since)
		if err != nil {
			return err
		}
		for text, err := range viewer.All(ctx) {
			if err != nil {
				return err
			}
			f := new(api.Frame)
			if err := json.Unmarshal(text, f); err != nil {
				return fmt.Errorf("read a frame of run %s: %w", id, err)
			}
			if err := take(f); err != nil {
				return err
			}
		}
		return nil
	}
}

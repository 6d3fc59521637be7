package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// giving is a feed of the frames, a second apart, that then waits for the end of its context.
func giving(frames ...*api.Frame) feed {
	return func(ctx context.Context, take func(*api.Frame) error, _ func(link)) error {
		for _, f := range frames {
			if err := take(f); err != nil {
				return err
			}
			time.Sleep(time.Second) // of the bubble
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}
}

// end is the last frame of a run that completed.
func end() *api.Frame {
	return &api.Frame{T: "end", Final: &bench.Run{ID: "01J9ZK4YQ3T7", State: bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted},
		StopReason: bench.ReasonCompleted, Verdict: bench.VerdictPass}}
}

func TestWatchEndsWithTheRunAndEndsItsFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		w := &watch{display: &lines{w: &b, interval: 10 * time.Second}}
		v, err := w.run(t.Context(), giving(hello(), second(0, 10, bench.PhaseWarmup), second(3, 10, bench.PhaseMeasurement), end()))
		if err != nil || v.end == nil || v.run.Status != bench.StatusCompleted {
			t.Fatalf("run %v, error %v", v.run.State, err)
		}
		if n := strings.Count(b.String(), "\n"); n != 2 {
			t.Errorf("%d lines, want one for each phase:\n%s", n, b.String())
		}
	}) // a feed that goes on is a deadlock of the bubble
}

func TestWatchLeavesAtAPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{display: silent{}, until: bench.PhaseMeasurement}
		v, err := w.run(t.Context(), giving(hello(), second(0, 10, bench.PhaseWarmup), second(3, 10, bench.PhaseMeasurement), end()))
		if err != nil || v.end != nil || v.run.Phase != bench.PhaseMeasurement {
			t.Errorf("phase %s, ended %v, error %v", v.run.Phase, v.end != nil, err)
		}
	})
}

func TestWatchSaysWhyItsFeedFailed(t *testing.T) {
	gone := bench.Errorf(bench.CodeUnreachable, "the server was gone for more than 2m0s")
	for _, c := range []struct{ failure, want error }{{gone, gone}, {nil, &bench.Error{Code: bench.CodeUnreachable}}} {
		w := &watch{display: silent{}}
		_, err := w.run(t.Context(), func(context.Context, func(*api.Frame) error, func(link)) error { return c.failure })
		if !errors.Is(err, c.want) {
			t.Errorf("feed ended with %v: got %v, want %v", c.failure, err, c.want)
		}
	}
}

func TestWatchCountsSignalsUntilOneLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		var seen []int
		w := &watch{display: silent{}, signals: signals, signalled: func(n int, s os.Signal) error {
			if seen = append(seen, n); n == 3 {
				return left(s)
			}
			return nil
		}}
		go func() {
			for range 3 {
				signals <- syscall.SIGINT
			}
		}()
		_, err := w.run(t.Context(), giving(hello()))
		if len(seen) != 3 || exitCode(err) != bench.ExitSignal {
			t.Errorf("saw %v, left with %v (exit %d)", seen, err, exitCode(err))
		}
	})
}

func TestLostStreamIsShownWithTheAgeOfTheData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		w := &watch{display: &lines{w: &b, interval: time.Minute}}
		_, err := w.run(t.Context(), func(ctx context.Context, take func(*api.Frame) error, changed func(link)) error {
			f := second(0, 10, bench.PhaseWarmup)
			f.TS = api.Stamp(time.Now())
			take(hello())
			take(f)
			time.Sleep(7 * time.Second)
			changed(link{down: true, attempt: 1, why: "EOF"})
			time.Sleep(time.Second)
			changed(link{})
			return take(end())
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"stream lost (EOF), reconnecting behind=7s", "stream resumed"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %q in:\n%s", want, b.String())
			}
		}
	})
}

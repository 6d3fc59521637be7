package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"bench/runtime/bench"
	"bench/sql/history"
)

// Create stores a new run and its first event, with sequence 1. The run's NextSequence becomes 2, whatever run says. An
// id that is taken is an error with code [bench.CodeConflict]. No run is created on a disk without the room to tell how it ends.
func (j *Journal) Create(ctx context.Context, run *bench.Run, first bench.Event) error {
	args, err := writeRun(run)
	if err != nil {
		return fmt.Errorf("create run %s: %w", run.ID, err)
	}
	first.Run, first.Sequence = run.ID, 1
	if first.CreatedAt.IsZero() {
		first.CreatedAt = now()
	}
	if err := j.reserve.keep(); err != nil {
		return fmt.Errorf("create run %s: %w", run.ID, err)
	}
	return within("create run "+run.ID, j.change(ctx, func(t *tx) error {
		n, err := t.put("CreateRun", slices.Concat([]any{t.number}, args)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return bench.Errorf(bench.CodeConflict, "there is a run %s already", run.ID)
		}
		return t.insertEvent(&first)
	}))
}

// Transition makes one change of state and returns the run after it and the event with its sequence. It is a
// [*bench.Conflict] when the run is in another state or epoch than the transition expects, and an error with code
// [bench.CodeInternal] when the table of transitions does not allow it.
func (j *Journal) Transition(ctx context.Context, change bench.Transition) (*bench.Run, bench.Event, error) {
	if !bench.Allowed(change.From, change.To) {
		return nil, bench.Event{}, bench.Errorf(bench.CodeInternal, "run %s cannot go from %v to %v", change.Run, change.From, change.To)
	}
	at := now()
	var start, warmup, measured, end *time.Time
	if line := change.Timeline; line != nil {
		start, warmup = &line.T0, new(line.T0.Add(microseconds(line.WarmupUS)))
		if line.EndUS != 0 {
			measured = new(line.T0.Add(microseconds(line.EndUS)))
		}
	}
	if change.Ended {
		end = &change.At
	}
	event := change.Event
	event.Run, event.Epoch, event.CreatedAt = change.Run, change.Epoch, at
	if event.EffectiveAt.IsZero() {
		event.EffectiveAt = change.At
	}
	var run *bench.Run
	store := j.change
	if change.StopReason != "" {
		store = j.ending
	}
	err := within(fmt.Sprintf("change run %s to %v", change.Run, change.To), store(ctx, func(t *tx) error {
		n, err := t.put("ChangeState", change.To.Status, change.To.Phase,
			writeOptional(start), writeOptional(warmup), writeOptional(measured), writeOptional(end),
			writeText(change.StopReason), writeText(change.StopDetail), writeText(change.Verdict), writeText(change.Validity),
			writeTime(at), change.Run, change.Epoch, change.From.Status, change.From.Phase)
		if err != nil {
			return err
		}
		if n == 0 {
			found, err := t.state(change.Run)
			if err != nil {
				return err
			}
			return &bench.Conflict{Run: change.Run, Want: change.From, Got: found.State, WantEpoch: change.Epoch, GotEpoch: found.epoch}
		}
		if run, err = history.ScanRun(t.row("ReadRun", change.Run)); err != nil {
			return err
		}
		event.Sequence = run.NextSequence - 1
		return t.insertEvent(&event)
	}))
	if err != nil {
		return nil, bench.Event{}, err
	}
	return run, event, nil
}

// Append stores an event that changes no state and gives it the next sequence. It is a [*bench.Conflict] when the epoch
// is not the run's any more.
func (j *Journal) Append(ctx context.Context, event bench.Event) (bench.Event, error) {
	event.CreatedAt = now()
	err := within("store an event of run "+event.Run, j.change(ctx, func(t *tx) error {
		n, err := t.put("TakeSequence", event.Run, event.Epoch)
		if err != nil {
			return err
		}
		found, err := t.state(event.Run)
		if err != nil {
			return err
		}
		if n == 0 {
			return &bench.Conflict{Run: event.Run, Want: found.State, Got: found.State, WantEpoch: event.Epoch, GotEpoch: found.epoch}
		}
		event.Sequence = found.nextSequence - 1
		return t.insertEvent(&event)
	}))
	if err != nil {
		return bench.Event{}, err
	}
	return event, nil
}

// Desire raises what is wanted of a run and returns what is wanted now. Asking for less than what is wanted already
// changes nothing.
func (j *Journal) Desire(ctx context.Context, run string, desired bench.Desired) (bench.Desired, error) {
	var wanted bench.Desired
	err := within(fmt.Sprintf("ask for %s of run %s", desired, run), j.change(ctx, func(t *tx) error {
		found, err := t.state(run)
		if err != nil {
			return err
		}
		wanted = found.desired
		if !desired.Exceeds(wanted) {
			return nil
		}
		wanted = desired
		_, err = t.put("RaiseDesired", desired, writeTime(now()), run, found.desired)
		return err
	}))
	return wanted, err
}

// A standing is what compare-and-set looks at.
type standing struct {
	bench.State
	desired             bench.Desired
	epoch, nextSequence int64
}

func (t *tx) state(run string) (s standing, err error) {
	err = t.row("ReadState", run).Scan(&s.Status, &s.Phase, &s.desired, &s.epoch, &s.nextSequence)
	if errors.Is(err, sql.ErrNoRows) {
		return s, noRun(run)
	}
	return s, err
}

func (t *tx) insertEvent(e *bench.Event) error {
	_, err := t.put("InsertEvent", e.Run, e.Sequence, e.Epoch, e.Type, writeText(string(e.Data)), e.Message, e.Severity,
		writeOptional(&e.EffectiveAt), writeTime(e.CreatedAt))
	return err
}

// writeRun is the arguments of CreateRun.
func writeRun(run *bench.Run) ([]any, error) {
	labels, err := writeJSON(run.Labels, len(run.Labels))
	if err != nil {
		return nil, err
	}
	var plan, file, text, seed any
	if p := run.Plan; p != nil {
		stored := *p
		stored.Source = bench.Source{} // has columns of its own
		b, err := json.Marshal(&stored)
		if err != nil {
			return nil, err
		}
		plan, file, text, seed = string(b), writeText(p.Source.File), writeText(p.Source.Text), strconv.FormatUint(p.Seed, 10)
	}
	return []any{
		run.ID, run.Name, labels, plan, run.PlanHash, file, text, seed,
		run.Status, run.Phase, run.Desired, writeText(run.StopReason), writeText(run.StopDetail), writeText(run.Verdict), writeText(run.Validity),
		run.WarmupSeconds, run.DurationSeconds,
		writeTime(run.CreatedAt), writeOptional(run.StartTime), writeOptional(run.WarmupEnd), writeOptional(run.MeasurementEnd), writeOptional(run.EndTime), writeTime(now()),
		run.Owner, run.Epoch, 2,
		run.WorkersExpected, run.WorkersReady, run.WorkersActive, run.WorkersCompleted, run.TotalOperations, run.TotalErrors,
	}, nil
}

func noRun(id string) error { return bench.Errorf(bench.CodeRunNotFound, "there is no run %s", id) }

// within says what was being done when an error came, unless the error says so itself.
func within(doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*bench.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*bench.Conflict](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// now is the time as the journal keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

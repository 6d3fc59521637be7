package journaltest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
)

func create(t *testing.T, s Store) {
	want := created(t, s, "run-1")
	got := must(s.Run(t.Context(), "run-1"))(t)
	same(t, "run", want, got)
	if got.AsOf.IsZero() {
		t.Error("the run does not say how old it is")
	}

	first := newEvent("run-1", 2)
	first.Sequence = 1
	same(t, "events", []bench.Event{first}, must(s.Events(t.Context(), "run-1", 0))(t))
}

func createTwice(t *testing.T, s Store) {
	want := created(t, s, "run-1")
	other := NewRun("run-1")
	other.Name = "other"
	if err := s.Create(t.Context(), other, newEvent("run-1", 3)); bench.CodeOf(err) != bench.CodeConflict {
		t.Errorf("got error %v, want one with code %s", err, bench.CodeConflict)
	}
	same(t, "run", want, must(s.Run(t.Context(), "run-1"))(t))
	if events := must(s.Events(t.Context(), "run-1", 0))(t); len(events) != 1 {
		t.Errorf("there are %d events, want 1", len(events))
	}
}

func runs(t *testing.T, s Store) {
	var want []bench.Run
	for _, id := range []string{"run-B", "run-a", "run-C", "run-D"} {
		run := *created(t, s, id)
		run.Plan = nil // only where a single run is asked for
		want = append(want, run)
	}
	slices.SortFunc(want, func(a, b bench.Run) int { return -compare(a.ID, b.ID) }) // bytes, not a locale: a before D
	for _, tt := range []struct {
		limit  int
		before string
		want   []bench.Run
	}{
		{0, "", want},
		{2, "", want[:2]},
		{2, want[0].ID, want[1:3]},
		{2, want[2].ID, want[3:]},
		{2, want[3].ID, nil},
	} {
		same(t, fmt.Sprintf("%d runs before %q", tt.limit, tt.before), tt.want, must(s.Runs(t.Context(), tt.limit, tt.before))(t))
	}
}

func compare(a, b string) int { return slices.Compare([]byte(a), []byte(b)) }

func unknownRun(t *testing.T, s Store) {
	ctx := t.Context()
	_, ofRun := s.Run(ctx, "nobody")
	_, ofResult := s.Result(ctx, "nobody")
	_, _, ofTransition := s.Transition(ctx, bench.Transition{Run: "nobody", From: preparing, To: warmup})
	_, ofAppend := s.Append(ctx, newEvent("nobody", 1))
	_, ofDesire := s.Desire(ctx, "nobody", bench.DesiredStop)
	_, ofTakeover := s.Takeover(ctx, "nobody", "ada")
	for what, err := range map[string]error{
		"Run": ofRun, "Result": ofResult, "Transition": ofTransition, "Append": ofAppend, "Desire": ofDesire, "Takeover": ofTakeover,
	} {
		if bench.CodeOf(err) != bench.CodeRunNotFound {
			t.Errorf("%s: got error %v, want one with code %s", what, err, bench.CodeRunNotFound)
		}
	}
	if list := must(s.Runs(ctx, 0, ""))(t); len(list) != 0 {
		t.Errorf("there are runs: %v", list)
	}
}

// life takes a run from its creation to its end and looks at all that a transition sets.
func life(t *testing.T, s Store) {
	ctx := t.Context()
	want := created(t, s, "run-1")
	t0 := time.Date(2026, 5, 6, 7, 8, 9, 123456000, time.UTC)
	events := must(s.Events(ctx, "run-1", 0))(t)
	for i, c := range []struct {
		change bench.Transition
		expect func()
	}{
		{bench.Transition{From: preparing, To: warmup, Timeline: &bench.Timeline{T0: t0, WarmupUS: 1_500_000}}, func() {
			want.StartTime, want.WarmupEnd = &t0, new(t0.Add(1500*time.Millisecond))
		}},
		{bench.Transition{From: warmup, To: measurement}, func() {}},
		{bench.Transition{From: measurement, To: stopping, Timeline: &bench.Timeline{T0: t0, WarmupUS: 1_500_000, EndUS: 2_500_001}}, func() {
			want.MeasurementEnd = new(t0.Add(2500001 * time.Microsecond))
		}},
		{bench.Transition{From: stopping, To: enriching, Ended: true, StopReason: bench.ReasonCompleted, StopDetail: "done",
			Verdict: bench.VerdictPass, Validity: bench.Valid}, func() {
			want.EndTime = new(t0.Add(3 * time.Hour))
			want.StopReason, want.StopDetail, want.Verdict, want.Validity = bench.ReasonCompleted, "done", bench.VerdictPass, bench.Valid
		}},
		{bench.Transition{From: enriching, To: completed}, func() {}},
	} {
		c.change.Run, c.change.Epoch, c.change.At = "run-1", 7, t0.Add(time.Duration(i)*time.Hour)
		c.change.Event = newEvent("run-1", i)
		c.change.Event.EffectiveAt = c.change.At

		run, event, err := s.Transition(ctx, c.change)
		if err != nil {
			t.Fatal(err)
		}
		want.State = c.change.To
		want.NextSequence++
		c.expect()
		same(t, "run after "+c.change.To.String(), want, must(s.Run(ctx, "run-1"))(t))
		if run.State != want.State || run.NextSequence != want.NextSequence {
			t.Errorf("Transition returns %v with next sequence %d, want %v and %d", run.State, run.NextSequence, want.State, want.NextSequence)
		}
		expected := c.change.Event
		expected.Sequence, expected.CreatedAt = int64(i)+2, event.CreatedAt // the store's
		same(t, "event of "+c.change.To.String(), expected, event)
		events = append(events, event)
	}
	same(t, "events", events, must(s.Events(ctx, "run-1", 0))(t))
	same(t, "events after 4", events[4:], must(s.Events(ctx, "run-1", 4))(t))
	same(t, "events after the last", []bench.Event(nil), must(s.Events(ctx, "run-1", 6))(t))
}

// loserIsTold lets two owners change the same state at once, many times: one wins, the other learns what it found.
func loserIsTold(t *testing.T, s Store) {
	for round := range 20 {
		id := fmt.Sprintf("run-%02d", round)
		created(t, s, id)
		goals := []bench.State{warmup, {Status: bench.StatusCancelling, Phase: bench.PhasePreparing}}
		failures := make([]error, len(goals))
		var group sync.WaitGroup
		for i, to := range goals {
			group.Go(func() {
				_, _, failures[i] = s.Transition(t.Context(), bench.Transition{Run: id, Epoch: 7, From: preparing, To: to, Event: newEvent(id, i)})
			})
		}
		group.Wait()
		winner := slices.Index(failures, nil)
		if winner < 0 {
			t.Fatalf("nobody won: %v", failures)
		}
		conflict, ok := errors.AsType[*bench.Conflict](failures[1-winner])
		if !ok {
			t.Fatalf("the loser got %v, want a conflict", failures[1-winner])
		}
		same(t, "conflict", &bench.Conflict{Run: id, Want: preparing, Got: goals[winner], WantEpoch: 7, GotEpoch: 7}, conflict)
		if run := must(s.Run(t.Context(), id))(t); run.State != goals[winner] {
			t.Errorf("the run is %v, but %v has won", run.State, goals[winner])
		}
		if events := must(s.Events(t.Context(), id, 0))(t); len(events) != 2 {
			t.Errorf("there are %d events, want 2", len(events))
		}
	}
}

func staleEpoch(t *testing.T, s Store) {
	want := created(t, s, "run-1")
	_, _, ofTransition := s.Transition(t.Context(), bench.Transition{Run: "run-1", Epoch: 6, From: preparing, To: warmup})
	late := newEvent("run-1", 3)
	late.Epoch = 6
	_, ofAppend := s.Append(t.Context(), late)
	for what, err := range map[string]error{"Transition": ofTransition, "Append": ofAppend} {
		conflict, ok := errors.AsType[*bench.Conflict](err)
		if !ok {
			t.Errorf("%s: got error %v, want a conflict", what, err)
			continue
		}
		same(t, what, &bench.Conflict{Run: "run-1", Want: preparing, Got: preparing, WantEpoch: 6, GotEpoch: 7}, conflict)
	}
	same(t, "run", want, must(s.Run(t.Context(), "run-1"))(t))
}

// takeover: what a new owner goes on from is what was stored, and the one before him is fenced off.
func takeover(t *testing.T, s Store) {
	ctx := t.Context()
	want := created(t, s, "run-1")
	want.Epoch, want.Owner = 8, "another"
	taken := must(s.Takeover(ctx, "run-1", "another"))(t)
	same(t, "run that was taken over", want, taken)
	same(t, "stored run", want, must(s.Run(ctx, "run-1"))(t))

	to := bench.State{Status: bench.StatusCancelling, Phase: bench.PhasePreparing}
	change := bench.Transition{Run: "run-1", Epoch: 7, From: preparing, To: to, Event: newEvent("run-1", 3)}
	_, _, ofTransition := s.Transition(ctx, change)
	_, ofAppend := s.Append(ctx, newEvent("run-1", 3))
	for what, err := range map[string]error{"Transition": ofTransition, "Append": ofAppend} {
		if conflict, ok := errors.AsType[*bench.Conflict](err); !ok || conflict.GotEpoch != 8 {
			t.Errorf("%s of the former owner: got error %v, want a conflict with epoch 8", what, err)
		}
	}
	if events := must(s.Events(ctx, "run-1", 0))(t); len(events) != 1 {
		t.Errorf("there are %d events, want 1", len(events))
	}
	if wanted := must(s.Desire(ctx, "run-1", bench.DesiredStop))(t); wanted != bench.DesiredStop {
		t.Errorf("whoever owns the run, %s is wanted, want stop", wanted)
	}
	change.Epoch = 8
	if _, event, err := s.Transition(ctx, change); err != nil || event.Epoch != 8 || event.Sequence != 2 {
		t.Errorf("the new owner made event %d of epoch %d, %v", event.Sequence, event.Epoch, err)
	}
}

// unfinished lists what a server that comes back must go on with, oldest first.
func unfinished(t *testing.T, s Store) {
	ways := map[string][]bench.State{
		"run-a": {preparing},
		"run-b": {preparing, {Status: bench.StatusFailed, Phase: bench.PhasePreparing}},
		"run-c": {preparing, measurement, stopping, enriching},
		"run-d": {preparing, measurement, stopping, enriching, completed},
		"run-e": {preparing, {Status: bench.StatusCancelling, Phase: bench.PhasePreparing}},
	}
	for _, id := range []string{"run-e", "run-d", "run-c", "run-b", "run-a"} {
		created(t, s, id)
		way := ways[id]
		for i := range len(way) - 1 {
			if _, _, err := s.Transition(t.Context(), bench.Transition{Run: id, Epoch: 7, From: way[i], To: way[i+1], Event: newEvent(id, i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var want []bench.Run
	for _, id := range []string{"run-a", "run-c", "run-e"} {
		want = append(want, *must(s.Run(t.Context(), id))(t))
	}
	same(t, "unfinished runs", want, must(s.Unfinished(t.Context()))(t))
}

func notInTheTable(t *testing.T, s Store) {
	want := created(t, s, "run-1")
	for _, to := range []bench.State{preparing, stopping, completed, {Status: "ASLEEP", Phase: bench.PhaseWarmup}} {
		_, _, err := s.Transition(t.Context(), bench.Transition{Run: "run-1", Epoch: 7, From: preparing, To: to})
		if err == nil {
			t.Errorf("a run went from %v to %v", preparing, to)
		}
	}
	same(t, "run", want, must(s.Run(t.Context(), "run-1"))(t))
}

// terminalIsFinal tries every change of the table on runs that have ended.
func terminalIsFinal(t *testing.T, s Store) {
	cancelling := bench.State{Status: bench.StatusCancelling, Phase: bench.PhasePreparing}
	for _, way := range [][]bench.State{
		{preparing, {Status: bench.StatusFailed, Phase: bench.PhasePreparing}},
		{preparing, cancelling, {Status: bench.StatusCancelled, Phase: bench.PhasePreparing}},
		{preparing, measurement, stopping, enriching, completed},
	} {
		end := way[len(way)-1]
		id := "run-" + string(end.Status)
		created(t, s, id)
		for i := range len(way) - 1 {
			if _, _, err := s.Transition(t.Context(), bench.Transition{Run: id, Epoch: 7, From: way[i], To: way[i+1], Event: newEvent(id, i)}); err != nil {
				t.Fatal(err)
			}
		}
		want := must(s.Run(t.Context(), id))(t)
		for from, all := range bench.Transitions {
			for _, to := range all {
				if _, _, err := s.Transition(t.Context(), bench.Transition{Run: id, Epoch: 7, From: from, To: to}); err == nil {
					t.Errorf("%v: a change from %v to %v was accepted", end, from, to)
				}
			}
		}
		same(t, "run", want, must(s.Run(t.Context(), id))(t))
	}
}

// eventsHaveNoGaps appends from several goroutines while others are refused.
func eventsHaveNoGaps(t *testing.T, s Store) {
	created(t, s, "run-1")
	const writers, each = 4, 10
	var group sync.WaitGroup
	var mu sync.Mutex
	stored := must(s.Events(t.Context(), "run-1", 0))(t)
	for w := range writers {
		group.Go(func() {
			for i := range each {
				event, err := s.Append(t.Context(), newEvent("run-1", w*each+i))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				stored = append(stored, event)
				mu.Unlock()
				if _, err := s.Append(t.Context(), bench.Event{Run: "run-1", Epoch: 1}); err == nil {
					t.Error("an event of an old epoch was stored")
				}
			}
		})
	}
	group.Wait()
	slices.SortFunc(stored, func(a, b bench.Event) int { return int(a.Sequence - b.Sequence) })
	got := must(s.Events(t.Context(), "run-1", 0))(t)
	same(t, "events", stored, got)
	for i, event := range got {
		if event.Sequence != int64(i)+1 {
			t.Fatalf("event %d has sequence %d", i+1, event.Sequence)
		}
	}
	if run := must(s.Run(t.Context(), "run-1"))(t); run.NextSequence != writers*each+2 {
		t.Errorf("next sequence is %d, want %d", run.NextSequence, writers*each+2)
	}
}

func desireOnlyRises(t *testing.T, s Store) {
	created(t, s, "run-1")
	for _, c := range []struct{ ask, want bench.Desired }{
		{bench.DesiredRun, bench.DesiredRun},
		{bench.DesiredStop, bench.DesiredStop},
		{bench.DesiredRun, bench.DesiredStop},
		{bench.DesiredAbort, bench.DesiredAbort},
		{bench.DesiredStop, bench.DesiredAbort},
	} {
		if got := must(s.Desire(t.Context(), "run-1", c.ask))(t); got != c.want {
			t.Errorf("asked for %s, got %s, want %s", c.ask, got, c.want)
		}
		if run := must(s.Run(t.Context(), "run-1"))(t); run.Desired != c.want {
			t.Errorf("asked for %s, stored is %s, want %s", c.ask, run.Desired, c.want)
		}
	}
}

// desireSurvivesARace: a stop that is asked for while the phase changes is not lost, and does not stand in its way.
func desireSurvivesARace(t *testing.T, s Store) {
	for round := range 10 {
		id := fmt.Sprintf("run-%02d", round)
		created(t, s, id)
		var group sync.WaitGroup
		for _, ask := range []bench.Desired{bench.DesiredStop, bench.DesiredAbort, bench.DesiredStop} {
			group.Go(func() {
				if _, err := s.Desire(t.Context(), id, ask); err != nil {
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			if _, _, err := s.Transition(t.Context(), bench.Transition{Run: id, Epoch: 7, From: preparing, To: warmup}); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		if run := must(s.Run(t.Context(), id))(t); run.Desired != bench.DesiredAbort || run.State != warmup {
			t.Errorf("the run is %v and %s is wanted, want %v and abort", run.State, run.Desired, warmup)
		}
	}
}

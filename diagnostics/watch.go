package diagnostics

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bench/runtime/bench"
)

// A Watch examines runs while they go on, with the checks that are marked live, and tells what changes: that a check
// began to warn or to fail, and that this is over. What lasts no longer than one examination is not told.
type Watch struct {
	Set   Set
	Every time.Duration                                                         // between two examinations of a run; zero is WatchEvery
	Going func() []string                                                       // the runs that go on
	Case  func(ctx context.Context, run string) (*Case, error)                  // what to examine one by
	Found func(ctx context.Context, run string, findings []bench.Finding) error // takes what changed
	Log   *slog.Logger

	live Set
}

// WatchEvery is how often a run is examined: checks find what lasts for seconds, and must not cost what they watch. The SQL of
// a live check is bounded: it reads what is recent, however long the run has gone on.
const WatchEvery = 5 * time.Second

// Run watches until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	if w.Every == 0 {
		w.Every = WatchEvery
	}
	for _, c := range w.Set {
		if c.Live {
			w.live = append(w.live, c)
		}
	}
	seen := map[string]*patient{}
	ticker := time.NewTicker(w.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		going := w.Going()
		var turns sync.WaitGroup
		for _, id := range going {
			p := seen[id]
			if p == nil {
				p = &patient{shown: map[place]Outcome{}, told: map[place]Outcome{}}
				seen[id] = p
			}
			turns.Go(func() { w.turn(ctx, id, p) })
		}
		turns.Wait()
		for id := range seen {
			if !slices.Contains(going, id) {
				delete(seen, id)
			}
		}
	}
}

// A patient is what is known of a run from the examinations before.
type patient struct {
	shown map[place]Outcome // in the last examination
	told  map[place]Outcome // to whoever follows the run; without what is over
}

// A place is one check on one subject.
type place struct{ code, subject string }

// turn examines a run once.
func (w *Watch) turn(ctx context.Context, id string, p *patient) {
	ctx, cancel := context.WithTimeout(ctx, w.Every)
	defer cancel()
	k, err := w.Case(ctx, id)
	if err == nil && k.Run.Status.Terminal() {
		return
	}
	var report *Report
	if err == nil {
		report, err = w.live.Examine(ctx, k, Options{Live: true})
	}
	if err != nil {
		w.Log.Debug("a run could not be examined", "run", id, "error", err)
		return
	}
	if changes := p.changes(report, k.At); len(changes) > 0 {
		if err := w.Found(ctx, id, changes); err != nil {
			w.Log.Debug("findings were not taken", "run", id, "error", err)
		}
	}
}

// changes compares an examination with the one before: what stands twice is told once.
func (p *patient) changes(r *Report, at time.Time) (changes []bench.Finding) {
	now := map[place]Outcome{}
	for i := range r.Checks {
		f := &r.Checks[i]
		if f.Outcome == Undetermined { // it says nothing, so what was told stands
			for x, o := range p.told {
				if x.code == f.Code {
					now[x] = o
				}
			}
			continue
		}
		for _, row := range f.Rows {
			if row.Outcome != Warn && row.Outcome != Fail {
				continue
			}
			x := place{f.Code, row.Subject}
			if worse[row.Outcome] > worse[now[x]] {
				now[x] = row.Outcome
			}
			if p.shown[x] == row.Outcome && p.told[x] != row.Outcome {
				p.told[x] = row.Outcome
				changes = append(changes, finding(r.Run, at, f, &row))
			}
		}
	}
	for x := range p.told {
		f := r.Find(x.code)
		if _, still := now[x]; still || f != nil && f.Why == WhyCauseFailed { // what its cause hides may be there yet
			continue
		}
		delete(p.told, x)
		if f != nil && f.asked { // what is looked at no more, in a later phase, may not be over
			over := Ruling{Outcome: Pass, Subject: x.subject, Reason: "this is over: " + f.Title}
			changes = append(changes, finding(r.Run, at, f, &over))
		}
	}
	p.shown = now
	return changes
}

// finding is a ruling as it is stored.
func finding(run string, at time.Time, f *Finding, row *Ruling) bench.Finding {
	evidence, err := json.Marshal(row.Data)
	if err != nil {
		panic("a row is always JSON: " + err.Error())
	}
	severity := map[Outcome]string{Fail: "error", Warn: "warn"}[row.Outcome]
	if severity == "" {
		severity = "info"
	}
	return bench.Finding{
		Run: run, CheckedAt: at.UTC(), Code: f.Code, Subject: row.Subject, Title: f.Title, Step: f.Step, Severity: severity,
		Outcome: string(row.Outcome), Reason: row.Reason, Remedy: row.Remedy, Runbook: "bench doctor --explain " + f.Code,
		Evidence: evidence, DurationMS: f.DurationMS,
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/cost"
	"bench/runtime/enrich"
)

// A hearing is everything that one enrichment is made of, apart from the target's history.
type hearing struct {
	id       string
	plan     *bench.Plan
	result   *bench.Result
	from, to time.Time // MEASUREMENT on the server's clock
	pass     int
	evidence evidence
	before   *bench.Enrichment // of the pass before; nil when there was none
}

// hear asks the target for its side once. rows is how many statements of the run its history has; less than 0 when asking
// again will bring nothing more: it has no history, or says no.
func (h *hearing) hear(ctx context.Context, w Witness) (e *bench.Enrichment, timings []bench.Timing, rows int) {
	e = &bench.Enrichment{Run: h.id, Status: bench.EnrichmentComplete, Pass: h.pass, At: time.Now().UTC().Truncate(time.Microsecond)}
	join := enrich.NewJoin(h.id, h.plan, h.evidence.queries)
	recalled, err := w.Recall(ctx, h.from, h.to, join.Add)
	switch {
	case err != nil:
		e.Status, e.Reason, e.Detail = bench.EnrichmentFailed, bench.EnrichmentError, err.Error()
		if refusal, ok := errors.AsType[*bench.OpError](err); ok && !refusal.Lost && ctx.Err() == nil {
			rows = -1
		}
	case recalled != nil:
		h.recalled(e, join, recalled)
	default:
		h.counted(e)
		rows = -1
	}
	e.Waits, e.Samples = h.evidence.waits.Shares()
	h.charge(e, recalled)
	if n := h.evidence.unsampled; n > 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("%s of the target failed", plural(n, "sample")))
	}
	if n := len(h.evidence.queries); n == maxQueries {
		e.Notes = append(e.Notes, fmt.Sprintf("of the operations that were told in full, only %d were looked for one by one", n))
	}
	if rows == 0 {
		rows = join.Rows()
	}
	return e, join.Timings(e.At), rows
}

// recalled is what a history says.
func (h *hearing) recalled(e *bench.Enrichment, join *enrich.Join, r *bench.Recollection) {
	sums := make([]enrich.Count, len(h.plan.Workloads))
	for _, s := range r.Sums {
		i := slices.IndexFunc(h.plan.Workloads, func(w bench.Workload) bool { return w.Name == s.Workload })
		if i >= 0 && s.Run == h.id && s.Phase == bench.PhaseMeasurement {
			sums[i].Add(&s.ServerSums, 1)
		}
	}
	e.Source, e.Others, e.Notes = r.Source, r.Others, r.Notes
	e.Workloads = enrich.Sides(h.plan, h.result, enrich.Better(join.Counts(), sums), true)
	if e.All().Coverage < 1 && r.Later != "" {
		e.Status, e.Reason, e.Detail = bench.EnrichmentIncomplete, bench.EnrichmentLate, r.Later
	}
}

// counted is what counters say.
func (h *hearing) counted(e *bench.Enrichment) {
	before, after := h.evidence.before, h.evidence.after
	for _, c := range []*bench.Counters{after, before} {
		if c != nil && c.Missing != "" {
			e.Status, e.Reason, e.Detail = bench.EnrichmentSkipped, bench.EnrichmentNoRecord, c.Missing
			return
		}
	}
	if why := enrich.Incomparable(before, after); why != "" {
		e.Status, e.Reason, e.Detail = bench.EnrichmentFailed, bench.EnrichmentError, why
	}
	if after != nil {
		e.Source, e.Notes = after.Source, slices.Clone(after.Notes)
	}
	e.Workloads = enrich.Sides(h.plan, h.result, enrich.Between(h.plan, before, after), false)
}

// charge is what the run cost, where targets cost credits.
func (h *hearing) charge(e *bench.Enrichment, r *bench.Recollection) {
	e.Cost = cost.Estimate(h.evidence.warehouse, h.from, h.to, h.result.All().Done)
	if e.Cost != nil && r != nil {
		e.Cost.Metered = r.Metered
	}
}

func window(from time.Time, result *bench.Result) (time.Time, time.Time) {
	return from, from.Add(time.Duration(result.WindowUS) * time.Microsecond)
}

// Enrich asks the target of a run that has ended for its side once more, and stores what it says. The verdict stays as it
// is. Whatever keeps the target from being asked is an error, and what it said before stays.
func (e *Engine) Enrich(ctx context.Context, past History, id string) (*bench.Enrichment, error) {
	run, err := past.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if r, err := e.run(id); err == nil {
		select {
		case <-r.done:
		default:
			return nil, bench.Errorf(bench.CodeConflict, "run %s goes on: %s", id, r.live.Load().State)
		}
	}
	h, err := rehearing(ctx, past, run)
	if err != nil {
		return nil, err
	}
	if e.Witnesses == nil {
		return nil, noRecord(run)
	}
	for _, s := range run.Plan.Target.Secrets {
		if _, err := e.Lookup(s); err != nil {
			return nil, bench.Errorf(bench.CodeInvalid, "the target cannot be asked (%s): %w", bench.EnrichmentCredentialsGone, err)
		}
	}
	w, err := e.Witnesses.Witness(ctx, id, run.Plan, e.Lookup)
	if err != nil {
		return nil, bench.Errorf(bench.CodeUnreachable, "ask the target: %w", err)
	}
	if w == nil {
		return nil, noRecord(run)
	}
	defer w.Close()
	said, timings, _ := h.hear(ctx, w)
	if said.Status == bench.EnrichmentFailed {
		return nil, bench.Errorf(bench.CodeUnreachable, "ask the target: %s", said.Detail)
	}
	if now, then := covered(said), covered(h.before); now < then {
		return nil, bench.Errorf(bench.CodeEnrichmentNotReady, "the target tells of %.1f%% of the statements now, and told of %.1f%% before: what it said before stays", 100*now, 100*then)
	}
	e.writer.put(bench.Batch{Enrichments: []bench.Enrichment{*said}, Timings: timings}, nil)
	if err := e.writer.flush(ctx); err != nil {
		return nil, fmt.Errorf("store what the target of run %s says: %w", id, err)
	}
	return said, nil
}

// covered is the share of the statements that an enrichment tells of.
func covered(e *bench.Enrichment) float64 {
	if e == nil || e.All() == nil {
		return 0
	}
	return e.All().Coverage
}

func noRecord(run *bench.Run) error {
	return bench.Errorf(bench.CodeInvalid, "a target of kind %s keeps no record of its own", run.Plan.Target.Kind)
}

// rehearing reads back what an enrichment is made of.
func rehearing(ctx context.Context, past History, run *bench.Run) (*hearing, error) {
	if !run.Status.Terminal() || run.WarmupEnd == nil {
		return nil, bench.Errorf(bench.CodeResultNotReady, "run %s is %s and has measured nothing that a target could explain", run.ID, run.State)
	}
	result, err := past.Result(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	h := &hearing{id: run.ID, plan: run.Plan, result: result, pass: 1}
	h.from, h.to = window(*run.WarmupEnd, result)
	before, err := past.Enrichment(ctx, run.ID)
	switch {
	case err == nil:
		h.before, h.pass = before, before.Pass+1
	case bench.CodeOf(err) != bench.CodeEnrichmentNotReady:
		return nil, err
	}
	events, err := past.Events(ctx, run.ID, 0)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if err := h.evidence.event(&events[i]); err != nil {
			return nil, err
		}
	}
	samples, err := past.Samples(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	for i := range samples {
		h.evidence.sample(&samples[i])
	}
	told, err := past.Executions(ctx, run.ID, 0)
	if err != nil {
		return nil, err
	}
	h.evidence.learn(told)
	return h, nil
}

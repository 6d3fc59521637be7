package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"bench/runtime/bench"
)

// Write stores a batch in one transaction. Reports, logs, facts and samples that are stored already stay as they are;
// workers, seconds, results, totals and enrichments are replaced. A row of a run that does not exist, or of a workload that is not in the run's
// plan, fails the whole batch.
func (j *Journal) Write(ctx context.Context, batch *bench.Batch) error {
	store := j.change
	if len(batch.Results) > 0 {
		store = j.ending
	}
	return within("store a batch", store(ctx, func(t *tx) error {
		each(t, batch.Workers, (*tx).worker)
		each(t, batch.Snapshots, (*tx).snapshot)
		each(t, batch.Seconds, (*tx).second)
		each(t, batch.Results, (*tx).result)
		each(t, batch.Logs, (*tx).log)
		each(t, batch.Environment, (*tx).fact)
		each(t, batch.Totals, (*tx).totals)
		each(t, batch.Findings, (*tx).finding)
		each(t, batch.Samples, (*tx).sample)
		each(t, batch.Enrichments, (*tx).enrichment)
		each(t, batch.Timings, (*tx).timing)
		return t.failed
	}))
}

// each stores all of one kind, unless something failed before.
func each[T any](t *tx, all []T, store func(*tx, *T) error) {
	for i := range all {
		if t.failed != nil {
			return
		}
		t.failed = store(t, &all[i])
	}
}

func (t *tx) worker(w *bench.Worker) error {
	facts, err := writeJSON(w.Facts, len(w.Facts))
	if err != nil {
		return err
	}
	if _, err := t.exec("DeleteWorker", w.Run, w.Worker); err != nil {
		return err
	}
	_, err = t.put("InsertWorker",
		w.Run, w.Worker, w.Slot, w.Generation, w.Host, w.PID, w.Status, cmp.Or(w.Phase, bench.PhasePreparing), w.Stage, w.PlanHash,
		writeOptional(&w.LastHeartbeat), w.LastEvent, w.LastSeq, w.Final, w.Armed, w.SinceT0US, writeOptional(w.ReadyAt),
		w.Connections, w.Exhausted, w.ErrorCount, w.LastError, w.Fatal,
		w.OffsetNS, w.ErrorNS, w.CPUPercent, w.MemoryBytes, facts)
	return within(fmt.Sprintf("worker %s of run %s", w.Worker, w.Run), err)
}

func (t *tx) snapshot(s *bench.Snapshot) error {
	doing := fmt.Sprintf("report %d of %s in run %s", s.Seq, s.Worker, s.Run)
	totals, err := writeJSON(s.Totals, len(s.Totals))
	if err != nil {
		return within(doing, err)
	}
	var sum bench.Ledger
	for i := range s.Deltas {
		sum.Add(s.Deltas[i].Ledger)
	}
	n, err := t.put("InsertSnapshot",
		s.Run, s.Worker, s.Generation, s.Seq, writeTime(s.Timestamp), writeTime(s.ReceivedAt), s.Phase, s.FromUS, s.ToUS,
		perSecond(sum.Done, s.ToUS-s.FromUS), sum.Finished(), sum.Finished()-sum.Done, sum.Planned, s.Connections, s.InFlight, writeMS(s.OldestUS),
		s.P50US, s.P95US, s.P99US, s.MaxUS, s.LagP50US, s.LagP99US, s.LagMaxUS,
		s.Unlisted, s.MonoNS, s.Final, totals, writeText(s.Excluded))
	if err != nil {
		return within(doing, err)
	}
	if n == 0 {
		return nil // stored before, with all that belongs to it
	}
	for i := range s.Deltas {
		if err := t.delta(s, &s.Deltas[i]); err != nil {
			return within(doing, err)
		}
	}
	for i := range s.Executions {
		if err := t.execution(s, &s.Executions[i]); err != nil {
			return within(doing, err)
		}
	}
	return nil
}

// perSecond is a rate over an interval; an empty interval has the rate 0.
func perSecond(n, us int64) float64 {
	if us <= 0 {
		return 0
	}
	return float64(n) * 1e6 / float64(us)
}

func (t *tx) delta(s *bench.Snapshot, d *bench.Delta) error {
	workload, err := t.workload(s.Run, d.Workload)
	if err != nil {
		return err
	}
	_, err = t.put("InsertWorkloadSnapshot", slices.Concat(
		[]any{s.Run, s.Worker, s.Generation, s.Seq, workload, d.OpPhase, d.Workload},
		writeLedger(&d.Ledger),
		[]any{d.Retries, d.Rows, writeBytes(d.Response), writeBytes(d.Service), writeBytes(d.Censored)})...)
	return err
}

func (t *tx) execution(s *bench.Snapshot, e *bench.Execution) error {
	workload, err := t.workload(s.Run, e.Workload)
	if err != nil {
		return err
	}
	_, err = t.put("InsertExecution",
		s.Run, s.Worker, s.Generation, e.Connection, e.Number, s.Seq, workload, e.Workload, e.OpPhase, e.Why, writeText(e.QueryID),
		e.IntendedUS, e.TakenUpUS, e.SentUS, e.FirstRowUS, e.DoneUS,
		e.Outcome, writeClass(e.Outcome, e.Class), writeText(e.Code), writeText(e.Error), e.Attempts, e.Rows)
	return err
}

// together is the index of the row that stands for all workloads together. A second may bring it with merged percentiles;
// otherwise its counts are the sums of the others, and it has no percentiles.
const together = -1

func (t *tx) second(s *bench.Second) error {
	doing := fmt.Sprintf("second %d of run %s", s.Second, s.Run)
	excluded, err := writeJSON(s.Excluded, len(s.Excluded))
	if err != nil {
		return within(doing, err)
	}
	if _, err := t.exec("DeleteSecond", s.Run, s.Second); err != nil {
		return within(doing, err)
	}
	all := bench.SecondRow{Workload: together}
	percentiles := make([]any, 8) // of all together: NULL unless they are given
	for i := range s.Rows {
		r := &s.Rows[i]
		if r.Workload == together {
			all, percentiles = *r, secondPercentiles(r)
			continue
		}
		name, err := t.workload(s.Run, r.Workload)
		if err != nil {
			return within(doing, err)
		}
		if err := t.secondRow(s, r, name, secondPercentiles(r), make([]any, 9)); err != nil {
			return within(doing, err)
		}
	}
	if percentiles[0] == nil {
		for _, r := range s.Rows {
			all.Ledger.Add(r.Ledger)
			all.Retries += r.Retries
			all.Rows += r.Rows
		}
	}
	g := s.Gauges
	return within(doing, t.secondRow(s, &all, "", percentiles, []any{
		s.Workers, s.Expected, g.Connections, g.InFlight, writeMS(g.OldestUS), g.LagP99US, s.Draining, excluded, writeText(s.Why)}))
}

func secondPercentiles(r *bench.SecondRow) []any {
	return []any{r.P50US, r.P95US, r.P99US, r.MaxUS, r.ServiceP50US, r.ServiceP99US, writeBytes(r.Response), writeBytes(r.Service)}
}

func (t *tx) secondRow(s *bench.Second, r *bench.SecondRow, name string, percentiles, gauges []any) error {
	_, err := t.put("InsertSecond", slices.Concat(
		[]any{s.Run, s.Second, name, r.Workload, s.Phase, writeTime(s.At)},
		writeLedger(&r.Ledger), []any{r.Retries, r.Rows}, percentiles, gauges)...)
	return err
}

func (t *tx) result(r *bench.Result) error {
	doing := "result of run " + r.Run
	if n := len(r.Workloads); n == 0 || r.All().Workload != "" {
		return fmt.Errorf("%s has no row for all workloads together at its end", doing)
	}
	if _, err := t.exec("DeleteResult", r.Run); err != nil {
		return within(doing, err)
	}
	whole, err := resultColumns(r)
	if err != nil {
		return within(doing, err)
	}
	for i := range r.Workloads {
		columns := make([]any, len(whole))
		if i == len(r.Workloads)-1 {
			columns = whole
		}
		if err := t.resultRow(r.Run, i, &r.Workloads[i], columns); err != nil {
			return within(doing, err)
		}
	}
	return nil
}

// resultColumns is what a result says as a whole.
func resultColumns(r *bench.Result) ([]any, error) {
	slos, err := writeJSON(r.SLOs, len(r.SLOs))
	if err != nil {
		return nil, err
	}
	notes, err := writeJSON(r.Notes, len(r.Notes))
	return []any{r.Partial, r.WindowUS, slos, r.Verdict, r.Validity, notes}, err
}

func (t *tx) resultRow(run string, index int, w *bench.WorkloadResult, whole []any) error {
	response, err := writeLatency(&w.Response)
	if err != nil {
		return err
	}
	service, err := writeLatency(&w.Service)
	if err != nil {
		return err
	}
	failures, err := writeJSON(w.Errors, len(w.Errors))
	if err != nil {
		return err
	}
	_, err = t.put("InsertResult", slices.Concat(
		[]any{run, w.Workload, index}, writeLedger(&w.Ledger), []any{w.Retries, w.Rows, w.Throughput}, response, service,
		[]any{failures, writeBytes(w.ResponseHist), writeBytes(w.ServiceHist), writeBytes(w.CensoredHist)}, whole)...)
	return err
}

func writeLatency(l *bench.Latency) ([]any, error) {
	atLeast, err := writeJSON(l.AtLeast, len(l.AtLeast))
	return []any{l.N, l.MeanUS, l.P50US, l.P90US, l.P95US, l.P99US, l.P999US, l.MaxUS, atLeast}, err
}

func (t *tx) log(l *bench.LogLine) error {
	hash := sha256.Sum256([]byte(l.Level + "\x00" + l.Message))
	_, err := t.put("InsertLog", l.Run, writeTime(l.At), l.Source, l.Level, l.Message, hex.EncodeToString(hash[:]), l.Run)
	return within("log of run "+l.Run, err)
}

func (t *tx) fact(f *bench.Fact) error {
	_, err := t.put("InsertFact", f.Run, f.Source, f.Name, f.Value)
	return within(fmt.Sprintf("fact %s of run %s", f.Name, f.Run), err)
}

func (t *tx) totals(x *bench.Totals) error {
	n, err := t.put("RefreshTotals", x.WorkersExpected, x.WorkersReady, x.WorkersActive, x.WorkersCompleted,
		x.TotalOperations, x.TotalErrors, writeTime(now()), x.Run)
	if err == nil && n == 0 {
		err = noRun(x.Run)
	}
	return within("totals of run "+x.Run, err)
}

// workload is the name of a workload by its place in the run's plan.
func (t *tx) workload(run string, index int) (string, error) {
	names, err := t.journal.names(t, run)
	if err != nil {
		return "", err
	}
	if index < 0 || index >= len(names) {
		return "", fmt.Errorf("the plan of run %s has no workload %d", run, index)
	}
	return names[index], nil
}

func (t *tx) finding(f *bench.Finding) error {
	_, err := t.put("InsertFinding", f.Run, writeTime(f.CheckedAt), f.Code, f.Subject, f.Phase, f.Title, f.Step, f.Severity, f.Outcome, f.Reason,
		writeText(f.Remedy), writeText(f.Runbook), writeText(string(f.Evidence)), f.DurationMS)
	return within(fmt.Sprintf("finding %s of run %s", f.Code, f.Run), err)
}

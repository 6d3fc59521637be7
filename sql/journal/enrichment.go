package journal

import (
	"cmp"
	"slices"

	"bench/runtime/bench"
)

// sample stores what a target was at. One that found no session has a row without a state, so that it is counted.
func (t *tx) sample(s *bench.TargetSample) error {
	doing := "sample of the target of run " + s.Run
	at, phase, elapsed := writeTime(s.At), cmp.Or(s.Phase, bench.PhasePreparing), float64(s.ElapsedUS)/1e6
	waits := s.Waits
	if len(waits) == 0 && s.Warehouse == nil {
		waits = []bench.Wait{{}}
	}
	for _, w := range waits {
		if _, err := t.put("InsertWait", s.Run, at, w.State, w.Type, w.Event, phase, elapsed, w.Sessions); err != nil {
			return within(doing, err)
		}
	}
	w := s.Warehouse
	if w == nil {
		return nil
	}
	raw, err := writeJSON(w.Raw, len(w.Raw))
	if err != nil {
		return within(doing, err)
	}
	_, err = t.put("InsertWarehouse", s.Run, w.Name, at, phase, elapsed, w.State, w.Size, w.MinClusters, w.MaxClusters, w.Started,
		w.Running, w.Queued, w.ScalingPolicy, raw)
	return within(doing, err)
}

// enrichment replaces what the target said of a run.
func (t *tx) enrichment(e *bench.Enrichment) error {
	doing := "enrichment of run " + e.Run
	if _, err := t.exec("DeleteEnrichment", e.Run); err != nil {
		return within(doing, err)
	}
	whole, err := enrichmentColumns(e)
	if err != nil {
		return within(doing, err)
	}
	if len(e.Workloads) == 0 {
		row := slices.Concat([]any{e.Run, "", 0}, make([]any, 21), whole)
		_, err := t.put("InsertEnrichment", row...)
		return within(doing, err)
	}
	for i := range e.Workloads {
		columns := make([]any, len(whole))
		if i == len(e.Workloads)-1 {
			columns = whole
		}
		s := &e.Workloads[i]
		_, err := t.put("InsertEnrichment", slices.Concat(
			[]any{e.Run, s.Workload, i, s.Statements, s.Coverage, s.Calls, s.QueuedUS, s.CompileUS, s.ExecuteUS, s.BlockedUS, s.OtherUS,
				s.Rows, s.BlocksHit, s.BlocksRead, s.BytesScanned, s.Failed}, splitColumns(s.Split), []any{writeText(s.Why)}, columns)...)
		if err != nil {
			return within(doing, err)
		}
	}
	return nil
}

func splitColumns(s *bench.Split) []any {
	if s == nil {
		return make([]any, 7)
	}
	return []any{s.ServiceUS, s.ClientUS, s.QueuedUS, s.CompileUS, s.ExecuteUS, s.BlockedUS, s.OtherUS}
}

// enrichmentColumns is what an enrichment says as a whole.
func enrichmentColumns(e *bench.Enrichment) ([]any, error) {
	waits, err := writeJSON(e.Waits, len(e.Waits))
	if err != nil {
		return nil, err
	}
	notes, err := writeJSON(e.Notes, len(e.Notes))
	if err != nil {
		return nil, err
	}
	var cost, others any
	if e.Cost != nil {
		if cost, err = writeJSON(e.Cost, 1); err != nil {
			return nil, err
		}
	}
	if e.Others != nil {
		others = *e.Others
	}
	return []any{e.Status, writeText(e.Reason), writeText(e.Detail), writeText(e.Source), e.Pass, writeOptional(&e.At), waits, e.Samples, others, cost, notes}, nil
}

// timing adds the target's own timings to the operations that were told in full with this query id.
func (t *tx) timing(x *bench.Timing) error {
	_, err := t.put("SetTiming", x.TotalUS, x.CompileUS, x.QueuedUS, x.ExecuteUS, x.Bytes, writeTime(x.At), x.Run, x.QueryID)
	return within("timing of a query of run "+x.Run, err)
}

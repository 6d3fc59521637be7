package stats

import (
	"fmt"
	"slices"
	"time"

	"bench/runtime/bench"
)

// A Tally is what is known of the operations of one workload in one phase: how each ended, and how long they took, in
// microseconds. The zero value is ready to use; it is not safe for concurrent use.
type Tally struct {
	bench.Ledger
	Retries  int64
	Rows     int64
	Response Hist // of done operations, from the intended start
	Service  Hist // of done operations, from the first statement sent
	Censored Hist // ages of censored operations, from the intended start
}

// finish counts one operation that has an outcome.
func (t *Tally) finish(op *bench.Op) {
	t.Count(op.Outcome, op.Class)
	t.Rows += op.Rows
	switch op.Outcome {
	case bench.OutcomeDone:
		t.Response.Record(op.Response() / 1000)
		t.Service.Record(op.Service() / 1000)
	case bench.OutcomeCensored:
		t.Censored.Record(op.Response() / 1000)
	}
}

// Merge adds all of other.
func (t *Tally) Merge(other *Tally) {
	t.Ledger.Add(other.Ledger)
	t.Retries += other.Retries
	t.Rows += other.Rows
	t.Response.Merge(&other.Response)
	t.Service.Merge(&other.Service)
	t.Censored.Merge(&other.Censored)
}

// Reset empties it and keeps the memory of its histograms.
func (t *Tally) Reset() {
	t.Ledger, t.Retries, t.Rows = bench.Ledger{}, 0, 0
	t.Response.Reset()
	t.Service.Reset()
	t.Censored.Reset()
}

// Empty reports whether nothing was counted. Histograms hold nothing that the ledger does not count.
func (t *Tally) Empty() bool { return t.Ledger == bench.Ledger{} && t.Retries == 0 && t.Rows == 0 }

// Equal reports whether both counted the same, bucket by bucket.
func (t *Tally) Equal(other *Tally) bool {
	return t.Ledger == other.Ledger && t.Retries == other.Retries && t.Rows == other.Rows &&
		t.Response.Equal(&other.Response) && t.Service.Equal(&other.Service) && t.Censored.Equal(&other.Censored)
}

// Delta is the tally as it goes over the wire.
func (t *Tally) Delta(workload int, phase bench.Phase) bench.Delta {
	return bench.Delta{
		Workload: workload, OpPhase: phase,
		Ledger: t.Ledger, Retries: t.Retries, Rows: t.Rows,
		Response: encode(&t.Response), Service: encode(&t.Service), Censored: encode(&t.Censored),
	}
}

// tallyOf reads a delta and checks that its histograms hold what its ledger counts.
func tallyOf(d *bench.Delta) (*Tally, error) {
	t := &Tally{Ledger: d.Ledger, Retries: d.Retries, Rows: d.Rows}
	if min(d.Planned, d.Done, slices.Min(d.Failed[:]), d.Indoubt, d.Ledger.Censored, d.Skipped, d.Retries, d.Rows) < 0 {
		return nil, fmt.Errorf("counts of workload %d in %s: less than zero: %+v", d.Workload, d.OpPhase, d.Ledger)
	}
	for _, part := range []struct {
		name  string
		hist  *Hist
		bytes []byte
		want  int64
	}{
		{"response times", &t.Response, d.Response, d.Done},
		{"service times", &t.Service, d.Service, d.Done},
		{"ages of censored operations", &t.Censored, d.Censored, d.Ledger.Censored},
	} {
		if err := part.hist.UnmarshalBinary(part.bytes); err != nil {
			return nil, fmt.Errorf("%s of workload %d in %s: %w", part.name, d.Workload, d.OpPhase, err)
		}
		if got := part.hist.Count(); got != part.want {
			return nil, fmt.Errorf("%s of workload %d in %s: %d values for %d operations", part.name, d.Workload, d.OpPhase, got, part.want)
		}
	}
	return t, nil
}

// Row is the tally as a row of one second of a run. Its percentiles are of done operations.
func (t *Tally) Row(workload int) bench.SecondRow {
	return bench.SecondRow{
		Workload: workload, Ledger: t.Ledger, Retries: t.Retries, Rows: t.Rows,
		P50US: t.Response.Quantile(50, 100), P95US: t.Response.Quantile(95, 100), P99US: t.Response.Quantile(99, 100),
		MaxUS:        t.Response.Max(),
		ServiceP50US: t.Service.Quantile(50, 100), ServiceP99US: t.Service.Quantile(99, 100),
		Response: encode(&t.Response), Service: encode(&t.Service),
	}
}

// Result is the tally as the result of a workload over a window; Errors is left to who knows examples. Operations that
// were censored stand in the response times with their age. When they were sent is not kept, and an operation may have
// waited for long before it was: service times are those of done operations alone. Throughput counts what was done within
// the window, which a tally by the intended start does not know: completed is how many that were.
func (t *Tally) Result(workload string, completed int64, window time.Duration) bench.WorkloadResult {
	r := bench.WorkloadResult{
		Workload: workload, Ledger: t.Ledger, Retries: t.Retries, Rows: t.Rows,
		Response:     Summarize(&t.Response, &t.Censored),
		Service:      Summarize(&t.Service, nil),
		ResponseHist: encode(&t.Response), ServiceHist: encode(&t.Service), CensoredHist: encode(&t.Censored),
	}
	if window > 0 {
		r.Throughput = float64(completed) / window.Seconds()
	}
	return r
}

// encode is MarshalBinary, which writes to memory and therefore does not fail.
func encode(h *Hist) []byte {
	b, err := h.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return b
}

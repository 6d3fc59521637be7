package stats

import (
	"sync"
	"testing"

	"bench/runtime/bench"

	"github.com/google/go-cmp/cmp"
)

// op is a finished operation that took so many microseconds, of which its last half was service.
func op(workload int, phase bench.Phase, us int64, outcome bench.Outcome) *bench.Op {
	return &bench.Op{Workload: workload, Phase: phase, Intended: 1000, Sent: 1000 + us*500, Done: 1000 + us*1000, Outcome: outcome, Rows: 2}
}

func TestCut(t *testing.T) {
	r := NewRecorder(2, 3)
	const warmup, measurement = bench.PhaseWarmup, bench.PhaseMeasurement
	for i, o := range []*bench.Op{
		op(2, measurement, 100, bench.OutcomeDone),
		op(0, measurement, 300, bench.OutcomeDone),
		op(0, warmup, 50, bench.OutcomeDone),
		op(0, measurement, 700, bench.OutcomeFailed),
		op(0, measurement, 900, bench.OutcomeCensored),
		op(0, measurement, 0, bench.OutcomeSkipped),
		op(2, measurement, 400, bench.OutcomeIndoubt),
	} {
		o.Class = bench.ErrorConstraint
		r.Shard(i).Planned(o.Workload, o.Phase)
		r.Shard(i + 1).Finished(o)
		r.Shard(i).Lag(int64(i + 1))
	}
	r.Shard(1).Planned(0, warmup) // still in flight
	r.Shard(0).Retry(0, measurement)

	got, lag := r.Cut()
	want := []bench.Delta{
		{
			Workload: 0, OpPhase: warmup, Ledger: bench.Ledger{Planned: 2, Done: 1}, Rows: 2,
			Response: encode(histOf(50)), Service: encode(histOf(25)),
		},
		{
			Workload: 0, OpPhase: measurement, Retries: 1, Rows: 8,
			Ledger: bench.Ledger{
				Planned: 4, Done: 1, Failed: [bench.ErrorClasses]int64{bench.ErrorConstraint: 1}, Censored: 1, Skipped: 1,
			},
			Response: encode(histOf(300)), Service: encode(histOf(150)), Censored: encode(histOf(900)),
		},
		{
			Workload: 2, OpPhase: measurement, Ledger: bench.Ledger{Planned: 2, Done: 1, Indoubt: 1}, Rows: 4,
			Response: encode(histOf(100)), Service: encode(histOf(50)),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first cut (-want +got):\n%s", diff)
	}
	if want := (Lag{P50US: 4, P99US: 7, MaxUS: 7}); lag != want {
		t.Errorf("lag is %+v, want %+v", lag, want)
	}

	r.Shard(0).Finished(op(0, warmup, 60, bench.OutcomeDone))
	got, lag = r.Cut()
	want = []bench.Delta{{
		Workload: 0, OpPhase: warmup, Ledger: bench.Ledger{Done: 1}, Rows: 2,
		Response: encode(histOf(60)), Service: encode(histOf(30)),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("second cut (-want +got):\n%s", diff)
	}
	if got, lag := r.Cut(); len(got) > 0 || lag != (Lag{}) {
		t.Errorf("a cut of nothing is %v, %v", got, lag)
	}
	if totals := r.Totals(); len(totals) != 3 || totals[0].Planned != 2 || totals[0].Done != 2 {
		t.Errorf("totals are %+v", totals)
	}
	if lag != (Lag{}) {
		t.Errorf("lag of the first cut is in the second: %+v", lag)
	}
}

// TestNothingIsLostWhileCutting records from many goroutines while others cut, and counts again.
func TestNothingIsLostWhileCutting(t *testing.T) {
	const connections, operations, workloads = 8, 5000, 3
	r := NewRecorder(3, workloads)
	var recording, cutting sync.WaitGroup
	stop := make(chan struct{})
	var reports Aggregate
	cutting.Go(func() {
		for {
			deltas, _ := r.Cut()
			if err := reports.Add(deltas); err != nil {
				t.Error(err)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	cutting.Go(func() {
		for {
			r.Totals()
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	latencies := samples(operations, 9)
	for c := range connections {
		recording.Go(func() {
			s := r.Shard(c)
			for i, us := range latencies {
				phase := phases[min(i/1000, 1)]
				s.Planned(i%workloads, phase)
				s.Lag(int64(i))
				if i%100 == 0 {
					s.Retry(i%workloads, phase)
				}
				s.Finished(op(i%workloads, phase, us, bench.Outcome(i%5)))
			}
		})
	}
	recording.Wait()
	close(stop)
	cutting.Wait()
	last, _ := r.Cut()
	if err := reports.Add(last); err != nil {
		t.Fatal(err)
	}

	if err := Equal(r.Totals(), reports.Deltas()); err != nil {
		t.Errorf("totals are not the sum of the cuts: %v", err)
	}
	if err := reports.Balanced(0); err != nil {
		t.Error(err)
	}
	var want Tally
	for i, us := range latencies {
		want.Planned++
		want.finish(op(0, "", us, bench.Outcome(i%5)))
	}
	var all Tally
	for range connections {
		all.Merge(&want)
	}
	all.Retries = connections * operations / 100
	if got := reports.All(); !got.Equal(&all) {
		t.Errorf("recorded %+v, want %+v", got.Ledger, all.Ledger)
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	r := NewRecorder(1, 1)
	s := r.Shard(0)
	o := op(0, bench.PhaseMeasurement, 5000, bench.OutcomeDone)
	record := func() {
		s.Planned(0, bench.PhaseMeasurement)
		s.Lag(100)
		s.Finished(o)
	}
	for range 2 { // both buffers
		record()
		r.Cut()
	}
	if allocs := testing.AllocsPerRun(100, record); allocs != 0 {
		t.Errorf("recording an operation allocates %v times", allocs)
	}
}

func TestOperationsBelongToAPhase(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an operation of PROCESSING was counted")
		}
	}()
	NewRecorder(1, 1).Shard(0).Planned(0, bench.PhaseProcessing)
}

func BenchmarkOperation(b *testing.B) {
	r := NewRecorder(1, 4)
	s := r.Shard(0)
	latencies := samples(1024, 10)
	o := op(1, bench.PhaseMeasurement, 0, bench.OutcomeDone)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Planned(1, bench.PhaseMeasurement)
		o.Done = o.Sent + latencies[i&1023]*1000
		s.Finished(o)
	}
}

func BenchmarkCut(b *testing.B) {
	r := NewRecorder(2, 4)
	latencies := samples(1000, 11)
	b.ReportAllocs()
	for b.Loop() {
		for i, us := range latencies {
			r.Shard(i).Finished(op(i%4, bench.PhaseMeasurement, us, bench.OutcomeDone))
		}
		r.Cut()
	}
}

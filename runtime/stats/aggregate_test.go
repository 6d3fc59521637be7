package stats

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"

	"github.com/google/go-cmp/cmp"
)

// tallyWith is a tally of done operations with these latencies in microseconds.
func tallyWith(latencies ...int64) *Tally {
	t := new(Tally)
	for _, us := range latencies {
		t.Planned++
		t.finish(op(0, "", us, bench.OutcomeDone))
	}
	return t
}

func aggregateOf(t *testing.T, deltas ...bench.Delta) *Aggregate {
	t.Helper()
	var a Aggregate
	if err := a.Add(deltas); err != nil {
		t.Fatal(err)
	}
	return &a
}

// TestPercentilesOfManyWorkers has seven fast workers and a slow one: the percentile of all is that of all operations
// thrown together, and neither the mean nor the maximum of the workers' percentiles.
func TestPercentilesOfManyWorkers(t *testing.T) {
	var together []int64
	var deltas []bench.Delta
	var mean, most float64
	for worker := range uint64(8) {
		latencies := samples(3000, worker)
		if worker == 7 {
			for i := range latencies {
				latencies[i] *= 10
			}
		}
		together = append(together, latencies...)
		one := tallyWith(latencies...)
		deltas = append(deltas, one.Delta(0, bench.PhaseMeasurement))
		p99 := float64(one.Response.Quantile(99, 100))
		mean += p99 / 8
		most = max(most, p99)
	}
	got := aggregateOf(t, deltas...).Rows()
	if len(got) != 1 || got[0].Done != 24_000 {
		t.Fatalf("rows are %+v", got)
	}
	slices.Sort(together)
	want := together[rank(24_000, 99, 100)-1]
	if got[0].P99US < want || got[0].P99US-want > want/1000 {
		t.Errorf("p99 is %d, the sorted values have %d", got[0].P99US, want)
	}
	if got := float64(got[0].P99US); mean > got*0.99 || most < got*1.5 {
		t.Errorf("the workers do not differ enough to show anything: p99 %v, their mean %v and maximum %v", got, mean, most)
	}
}

func TestRows(t *testing.T) {
	failed := new(Tally)
	failed.Planned, failed.Failed[bench.ErrorTimeout], failed.Retries = 1, 1, 2
	a := aggregateOf(t,
		tallyWith(300, 100).Delta(2, bench.PhaseMeasurement),
		tallyWith(500).Delta(2, bench.PhaseWarmup),
		failed.Delta(0, bench.PhaseMeasurement),
		tallyWith(200).Delta(2, bench.PhaseMeasurement),
		new(Tally).Delta(1, bench.PhaseMeasurement),
	)
	zero := bench.SecondRow{Workload: 0, Ledger: failed.Ledger, Retries: 2}
	for _, c := range []struct {
		name   string
		phases []bench.Phase
		want   []bench.SecondRow
	}{
		{"all phases", nil, []bench.SecondRow{zero, {
			Workload: 2, Ledger: bench.Ledger{Planned: 4, Done: 4}, Rows: 8,
			P50US: 200, P95US: 500, P99US: 500, MaxUS: 500, ServiceP50US: 100, ServiceP99US: 250,
			Response: encode(histOf(100, 200, 300, 500)), Service: encode(histOf(50, 100, 150, 250)),
		}}},
		{"measurement", []bench.Phase{bench.PhaseMeasurement}, []bench.SecondRow{zero, {
			Workload: 2, Ledger: bench.Ledger{Planned: 3, Done: 3}, Rows: 6,
			P50US: 200, P95US: 300, P99US: 300, MaxUS: 300, ServiceP50US: 100, ServiceP99US: 150,
			Response: encode(histOf(100, 200, 300)), Service: encode(histOf(50, 100, 150)),
		}}},
		{"a phase without operations", []bench.Phase{bench.PhaseProcessing}, nil},
	} {
		if diff := cmp.Diff(c.want, a.Rows(c.phases...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestResult(t *testing.T) {
	tally := tallyWith(1000, 2000, 3000)
	tally.Planned++
	tally.finish(op(0, "", 10_000, bench.OutcomeCensored))
	got := tally.Result("lookup", 3, 2*time.Second)
	want := bench.WorkloadResult{
		Workload: "lookup", Ledger: bench.Ledger{Planned: 4, Done: 3, Censored: 1}, Throughput: 1.5, Rows: 8,
		Response: bench.Latency{
			N: 4, MeanUS: 4000, P50US: 2000, P90US: 10_000, P95US: 10_000, P99US: 10_000, P999US: 10_000, MaxUS: 10_000,
			AtLeast: []string{"mean", "p90", "p95", "p99", "p99.9", "max"},
		},
		Service: bench.Latency{ // of the censored one nothing is known
			N: 3, MeanUS: 1000, P50US: 1000, P90US: 1500, P95US: 1500, P99US: 1500, P999US: 1500, MaxUS: 1500,
		},
		ResponseHist: encode(histOf(1000, 2000, 3000)), ServiceHist: encode(histOf(500, 1000, 1500)), CensoredHist: encode(histOf(10_000)),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := new(Tally).Result("", 0, 0); got.Throughput != 0 {
		t.Errorf("throughput over no time is %v", got.Throughput)
	}
}

func TestAddIsAllOrNothing(t *testing.T) {
	good := tallyWith(1, 2).Delta(0, bench.PhaseMeasurement)
	broken := func(change func(*bench.Delta)) bench.Delta {
		d := tallyWith(5).Delta(1, bench.PhaseMeasurement)
		change(&d)
		return d
	}
	for _, c := range []struct {
		delta bench.Delta
		want  string
	}{
		{broken(func(d *bench.Delta) { d.Response = []byte("no") }), "response times of workload 1 in MEASUREMENT: not a histogram"},
		{broken(func(d *bench.Delta) { d.Response = nil }), "response times of workload 1 in MEASUREMENT: 0 values for 1 operations"},
		{broken(func(d *bench.Delta) { d.Done = 2 }), "1 values for 2 operations"},
		{broken(func(d *bench.Delta) { d.Service = encode(histOf(1, 2)) }), "service times of workload 1 in MEASUREMENT: 2 values"},
		{broken(func(d *bench.Delta) { d.Censored = encode(histOf(1)) }), "ages of censored operations of workload 1"},
		{broken(func(d *bench.Delta) { d.Skipped = -1 }), "less than zero"},
		{broken(func(d *bench.Delta) { d.Failed[bench.ErrorOther] = -1 }), "less than zero"},
	} {
		a := aggregateOf(t, good)
		err := a.Add([]bench.Delta{good, c.delta})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		if got := a.All().Done; got != 2 {
			t.Errorf("after an error %d operations are counted, 2 were before", got)
		}
	}
}

// TestMergeInAnyOrder shreds what one worker did into reports, merges adjacent ones as it pleases, and adds them up in
// another order.
func TestMergeInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 0))
	recorder := NewRecorder(1, 3)
	var reports [][]bench.Delta
	for i, us := range samples(2000, 12) {
		o := op(i%3, phases[i%2], us, bench.Outcome(r.IntN(5)))
		recorder.Shard(0).Planned(o.Workload, o.Phase)
		recorder.Shard(0).Finished(o)
		if r.IntN(50) == 0 {
			deltas, _ := recorder.Cut()
			reports = append(reports, deltas)
		}
	}
	deltas, _ := recorder.Cut()
	reports = append(reports, deltas)
	for range len(reports) / 2 {
		i := r.IntN(len(reports) - 1)
		merged, err := Merge(reports[i], reports[i+1])
		if err != nil {
			t.Fatal(err)
		}
		reports = slices.Replace(reports, i, i+2, merged)
	}
	r.Shuffle(len(reports), func(i, j int) { reports[i], reports[j] = reports[j], reports[i] })
	if err := Equal(recorder.Totals(), slices.Concat(reports...)); err != nil {
		t.Error(err)
	}
	if err := Equal(recorder.Totals(), slices.Concat(reports[1:]...)); err == nil {
		t.Error("a report was left out and nobody saw it")
	}
}

func TestEqual(t *testing.T) {
	base := tallyWith(100, 200, 400).Delta(1, bench.PhaseMeasurement)
	other := tallyWith(100, 250, 350).Delta(1, bench.PhaseMeasurement)
	censored := new(Tally)
	censored.finish(op(0, "", 9, bench.OutcomeCensored))
	retried := base
	retried.Retries++
	for _, c := range []struct {
		name string
		a, b []bench.Delta
		want string // part of the error; empty is none
	}{
		{"nothing", nil, nil, ""},
		{"the same", []bench.Delta{base}, []bench.Delta{base}, ""},
		{"in parts", []bench.Delta{base}, []bench.Delta{
			tallyWith(200).Delta(1, bench.PhaseMeasurement), tallyWith(400, 100).Delta(1, bench.PhaseMeasurement),
		}, ""},
		{"an empty delta more", []bench.Delta{base}, []bench.Delta{base, {Workload: 4}}, ""},
		{"twice", []bench.Delta{base}, []bench.Delta{base, base}, "workload 1 in MEASUREMENT: counts"},
		{"other retries", []bench.Delta{base}, []bench.Delta{retried}, "1 retries"},
		{"other latencies with the same sum", []bench.Delta{base}, []bench.Delta{other}, "the histograms are not"},
		{"other phase", []bench.Delta{base}, []bench.Delta{tallyWith(100, 200, 400).Delta(1, bench.PhaseWarmup)}, "workload 1 in WARMUP"},
		{"only in the second", nil, []bench.Delta{censored.Delta(0, bench.PhaseMeasurement)}, "workload 0 in MEASUREMENT"},
		{"not a histogram", []bench.Delta{base}, []bench.Delta{{Response: []byte("x")}}, "not a histogram"},
	} {
		err := Equal(c.a, c.b)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestBalanced(t *testing.T) {
	ledger := func(planned, done int64) bench.Delta {
		tally := tallyWith(slices.Repeat([]int64{5}, int(done))...)
		tally.Planned = planned
		return tally.Delta(int(planned%2), bench.PhaseMeasurement)
	}
	for _, c := range []struct {
		name     string
		deltas   []bench.Delta
		inFlight int64
		want     string
	}{
		{"nothing", nil, 0, ""},
		{"all finished", []bench.Delta{ledger(3, 3), ledger(4, 4)}, 0, ""},
		{"two in flight", []bench.Delta{ledger(3, 2), ledger(4, 3)}, 2, ""},
		{"one is missing", []bench.Delta{ledger(3, 2)}, 0, "1 operations have no outcome, 0 are in flight"},
		{"one too many in flight", []bench.Delta{ledger(3, 3)}, 1, "0 operations have no outcome, 1 are in flight"},
		{"finished twice, hidden by another workload", []bench.Delta{ledger(3, 4), ledger(4, 3)}, 0, "workload 1 in MEASUREMENT: 3 operations planned, 4 finished"},
	} {
		err := aggregateOf(t, c.deltas...).Balanced(c.inFlight)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestMergeHists(t *testing.T) {
	got, err := MergeHists([][]byte{encode(histOf(1, 5)), nil, encode(histOf(3))})
	if err != nil {
		t.Fatal(err)
	}
	var h Hist
	if err := h.UnmarshalBinary(got); err != nil || !h.Equal(histOf(1, 3, 5)) {
		t.Errorf("%d values, %v", h.Count(), err)
	}
	if _, err := MergeHists([][]byte{{1, 2, 3}}); err == nil {
		t.Error("what is no histogram was merged")
	}
}

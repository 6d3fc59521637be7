package enrich

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
)

// plan has one workload of one statement and one of two in a transaction.
var plan = &bench.Plan{Workloads: []bench.Workload{
	{Name: "read", Statements: make([]bench.Statement, 1)},
	{Name: "write", Transaction: true, Statements: make([]bench.Statement, 2)},
}}

// measured is what the workers say: 1000 reads of 10 ms and 100 writes of 50 ms.
func measured() *bench.Result {
	r := &bench.Result{Workloads: make([]bench.WorkloadResult, 3)}
	for i, w := range []struct {
		n    int64
		mean float64
	}{{1000, 10_000}, {100, 50_000}, {1100, 0}} {
		r.Workloads[i].Planned, r.Workloads[i].Done = w.n, w.n
		r.Workloads[i].Service = bench.Latency{N: w.n, MeanUS: w.mean}
	}
	return r
}

// history is what a target recalls of that: reads take 1+2+3+1+1 = 8 ms inside it, each of the four statements of a write 5.
func history() []bench.Recalled {
	var all []bench.Recalled
	add := func(workload string, n int, r bench.Recalled) {
		for i := range n {
			r.QueryID, r.Run, r.Workload = fmt.Sprintf("%s-%s-%d", workload, r.Phase, i), "01RUN", workload
			all = append(all, r)
		}
	}
	read := bench.Recalled{Phase: bench.PhaseMeasurement, QueuedUS: 1000, CompileUS: 2000, ExecuteUS: 3000, BlockedUS: 1000, TotalUS: 8000, Rows: 2, Bytes: 10}
	write := bench.Recalled{Phase: bench.PhaseMeasurement, ExecuteUS: 5000, TotalUS: 5000}
	add("read", 1000, read)
	add("write", 400, write)
	read.Phase, read.TotalUS = bench.PhaseWarmup, 900_000
	add("read", 50, read)
	return all
}

func joined(rows []bench.Recalled, known map[string]bool) *Join {
	j := NewJoin("01RUN", plan, known)
	for i := range rows {
		j.Add(&rows[i])
	}
	return j
}

func TestJoin(t *testing.T) {
	whole := Sides(plan, measured(), joined(history(), nil).Counts(), true)
	want := []*bench.Split{
		{ServiceUS: 10_000, ClientUS: 2000, QueuedUS: 1000, CompileUS: 2000, ExecuteUS: 3000, BlockedUS: 1000, OtherUS: 1000},
		{ServiceUS: 50_000, ClientUS: 30_000, ExecuteUS: 20_000},
		{ServiceUS: (1000*10_000 + 100*50_000) / 1100., ClientUS: (1000*2000 + 100*30_000) / 1100., QueuedUS: 1e6 / 1100., CompileUS: 2e6 / 1100.,
			ExecuteUS: (3e6 + 2e6) / 1100., BlockedUS: 1e6 / 1100., OtherUS: 1e6 / 1100.},
	}
	for i, s := range whole {
		if s.Coverage != 1 || s.Split == nil || s.Why != "" {
			t.Fatalf("%q: coverage %g, split %v, %s", s.Workload, s.Coverage, s.Split, s.Why)
		}
		if diff := cmp.Diff(want[i], s.Split, near); diff != "" {
			t.Errorf("%q (-want +got):\n%s", s.Workload, diff)
		}
	}

	shuffled := history()
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	similar := func(run string) []bench.Recalled {
		rows := history()
		for i := range rows {
			rows[i].Run, rows[i].QueryID, rows[i].ExecuteUS = run, run+rows[i].QueryID, 1<<40
		}
		return rows
	}
	for name, rows := range map[string][]bench.Recalled{
		"any order":                 shuffled,
		"every row twice":           append(history(), shuffled...),
		"another run":               append(similar("01OTHER"), history()...),
		"a run whose id is longer":  append(history(), similar("01RUN2")...),
		"a run whose id is shorter": append(history(), similar("01RU")...),
		"in other letters":          append(history(), similar("01run")...),
		"no id":                     append(history(), bench.Recalled{Run: "01RUN", Workload: "read", Phase: bench.PhaseMeasurement, TotalUS: 1e9}),
		"no workload":               append(history(), bench.Recalled{Run: "01RUN", QueryID: "pool", Phase: bench.PhaseMeasurement, TotalUS: 1e9}),
	} {
		if diff := cmp.Diff(whole, Sides(plan, measured(), joined(rows, nil).Counts(), true), near); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(a)) })

func TestJoinOfSingleQueries(t *testing.T) {
	rows := history()
	rows = append(rows, rows[3], rows[1020])
	known := map[string]bool{"read-MEASUREMENT-3": true, "write-MEASUREMENT-20": true, "read-WARMUP-0": true, "never-seen": true}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got := joined(rows, known).Timings(at)
	want := []bench.Timing{
		{Run: "01RUN", QueryID: "read-MEASUREMENT-3", At: at, ServerTiming: bench.ServerTiming{TotalUS: 8000, CompileUS: 2000, QueuedUS: 1000, ExecuteUS: 3000, Bytes: 10}},
		{Run: "01RUN", QueryID: "write-MEASUREMENT-20", At: at, ServerTiming: bench.ServerTiming{TotalUS: 5000, ExecuteUS: 5000}},
		{Run: "01RUN", QueryID: "read-WARMUP-0", At: at, ServerTiming: bench.ServerTiming{TotalUS: 900_000, CompileUS: 2000, QueuedUS: 1000, ExecuteUS: 3000, Bytes: 10}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("timings (-want +got):\n%s", diff)
	}
}

func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		name          string
		reads, writes int // rows that there are
		failed        int // rows of reads that failed, besides
		control       bool
		coverage      [3]float64
		split         [3]bool
		why           string // of the reads
	}{
		{"whole", 1000, 400, 0, true, [3]float64{1, 1, 1}, [3]bool{true, true, true}, ""},
		{"without BEGIN and COMMIT", 1000, 200, 0, false, [3]float64{1, 1, 1}, [3]bool{true, true, true}, ""},
		{"enough", 900, 400, 0, true, [3]float64{0.9, 1, 1300. / 1400}, [3]bool{true, true, true}, ""},
		{"one too few", 899, 400, 0, true, [3]float64{0.899, 1, 1299. / 1400}, [3]bool{false, true, false}, "the target tells of 899 of 1000 statements, a split needs 90%"},
		{"nothing", 0, 0, 0, true, [3]float64{}, [3]bool{}, "the target tells of 0 of 1000 statements, a split needs 90%"},
		{"failed ones are no evidence", 800, 400, 200, true, [3]float64{0.8, 1, 1200. / 1400}, [3]bool{false, true, false}, "the target tells of 800 of 1000 statements, a split needs 90%"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := NewJoin("01RUN", plan, nil)
			add := func(n int, workload string, failed bool) {
				for i := range n {
					j.Add(&bench.Recalled{QueryID: fmt.Sprint(workload, failed, i), Run: "01RUN", Workload: workload, Phase: bench.PhaseMeasurement, TotalUS: 1000, Failed: failed})
				}
			}
			add(c.reads, "read", false)
			add(c.failed, "read", true)
			add(c.writes, "write", false)
			for i, s := range Sides(plan, measured(), j.Counts(), c.control) {
				if math.Abs(s.Coverage-c.coverage[i]) > 1e-9 || (s.Split != nil) != c.split[i] {
					t.Errorf("%q: coverage %g, split %v; want %g, %t", s.Workload, s.Coverage, s.Split, c.coverage[i], c.split[i])
				}
				if i == 0 && (s.Why != c.why || s.Failed != int64(c.failed)) {
					t.Errorf("why %q, %d failed; want %q, %d", s.Why, s.Failed, c.why, c.failed)
				}
			}
		})
	}
}

func TestWhatCannotBe(t *testing.T) {
	counts := joined(history(), nil).Counts()
	counts[0].ExecuteUS *= 100
	s := Sides(plan, measured(), counts, true)[0]
	if s.Split != nil || !strings.Contains(s.Why, "others run the same statements") {
		t.Errorf("more time inside the target than there was: split %v, why %q", s.Split, s.Why)
	}

	counts = joined(history(), nil).Counts()
	counts[0].Calls, counts[0].ExecuteUS = 2*counts[0].Calls, 2*counts[0].ExecuteUS
	s = Sides(plan, measured(), counts, true)[0]
	if s.Coverage != 1 || !strings.Contains(s.Why, "1000 statements more than this run sent") {
		t.Errorf("more calls than operations: coverage %g, why %q", s.Coverage, s.Why)
	}

	idle := measured()
	idle.Workloads[0] = bench.WorkloadResult{}
	sides := Sides(plan, idle, make([]Count, 2), true)
	if sides[0].Coverage != 0 || sides[0].Split != nil || sides[0].Why != "no operation was done" {
		t.Errorf("a workload that did nothing: %+v", sides[0])
	}
}

func counters(moment string, list ...bench.Counter) *bench.Counters {
	return &bench.Counters{Moment: moment, Source: "test", Epoch: "1", List: list}
}

func counter(workload, statement int, key string, calls int64, us float64) bench.Counter {
	return bench.Counter{Workload: workload, Statement: statement, Key: key, ServerSums: bench.ServerSums{Calls: calls, ExecuteUS: us, Rows: calls * 2}}
}

func TestBetween(t *testing.T) {
	reset := counters("after", counter(0, 0, "a", 5, 500))
	reset.Epoch = "2"
	missing := counters("after")
	missing.Missing = "it is not installed"
	for _, c := range []struct {
		name          string
		before, after *bench.Counters
		calls         [2]int64
		us            [2]float64
		why           [2]string
	}{
		{"plain", counters("before", counter(0, 0, "a", 10, 1000), counter(1, 0, "b", 1, 1), counter(1, 1, "c", 1, 1)),
			counters("after", counter(1, 1, "c", 5, 40), counter(0, 0, "a", 15, 1600), counter(1, 0, "b", 4, 10)),
			[2]int64{5, 7}, [2]float64{600, 48}, [2]string{}},
		{"not run before", counters("before"), counters("after", counter(0, 0, "a", 5, 500)), [2]int64{5, 0}, [2]float64{500, 0}, [2]string{}},
		{"the same statement twice in a workload counts once", counters("before"), counters("after", counter(1, 0, "b", 8, 80), counter(1, 1, "b", 8, 80)),
			[2]int64{0, 8}, [2]float64{0, 80}, [2]string{}},
		{"the same statement in two workloads", counters("before"), counters("after", counter(0, 0, "a", 8, 80), counter(1, 0, "a", 8, 80)),
			[2]int64{8, 0}, [2]float64{80, 0}, [2]string{"the same one of workload write", "the same one of workload read"}},
		{"one that the target does not count", counters("before"), counters("after", bench.Counter{Workload: 0, Why: "it is a utility"}), [2]int64{}, [2]float64{}, [2]string{"it is a utility", ""}},
		{"went back", counters("before", counter(0, 0, "a", 10, 1000)), counters("after", counter(0, 0, "a", 9, 900)), [2]int64{}, [2]float64{}, [2]string{"went back", ""}},
		{"reset", counters("before", counter(0, 0, "a", 1, 1)), reset, [2]int64{}, [2]float64{}, [2]string{"were reset", "were reset"}},
		{"missing", counters("before"), missing, [2]int64{}, [2]float64{}, [2]string{"it is not installed", "it is not installed"}},
		{"never read before", nil, counters("after"), [2]int64{}, [2]float64{}, [2]string{"not read before", "not read before"}},
		{"never read after", counters("before"), nil, [2]int64{}, [2]float64{}, [2]string{"not read after", "not read after"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, got := range Between(plan, c.before, c.after) {
				if got.Calls != c.calls[i] || got.ExecuteUS != c.us[i] || !strings.Contains(got.Why, c.why[i]) || (c.why[i] == "") != (got.Why == "") {
					t.Errorf("workload %d: %d calls, %g µs, why %q; want %d, %g, %q", i, got.Calls, got.ExecuteUS, got.Why, c.calls[i], c.us[i], c.why[i])
				}
			}
		})
	}
}

func TestBetter(t *testing.T) {
	a := []Count{{ServerSums: bench.ServerSums{Calls: 5}}, {ServerSums: bench.ServerSums{Calls: 1}}}
	b := []Count{{ServerSums: bench.ServerSums{Calls: 4}}, {ServerSums: bench.ServerSums{Calls: 9}}}
	if got := Better(a, b); got[0].Calls != 5 || got[1].Calls != 9 {
		t.Errorf("took %d and %d calls, want 5 and 9, and no sum", got[0].Calls, got[1].Calls)
	}
}

func TestWaits(t *testing.T) {
	sample := func(p bench.Phase, waits ...bench.Wait) bench.TargetSample {
		return bench.TargetSample{Phase: p, Waits: waits}
	}
	run := bench.Wait{State: "active", Sessions: 3}
	lock := bench.Wait{State: "active", Type: "Lock", Event: "tuple", Sessions: 6}
	idle := bench.Wait{State: "idle", Type: "Client", Event: "ClientRead", Sessions: 50}
	open := bench.Wait{State: "idle in transaction", Sessions: 2}
	reading := bench.Wait{State: "idle in transaction", Type: "Client", Event: "ClientRead", Sessions: 1}
	var w Waits
	for _, s := range []bench.TargetSample{
		sample(bench.PhaseWarmup, lock), sample(bench.PhaseMeasurement, run, idle), sample(bench.PhaseMeasurement, lock, run, open, reading),
		{Phase: bench.PhaseMeasurement, Warehouse: &bench.Warehouse{}}, sample(bench.PhaseMeasurement),
	} {
		w.Add(&s)
	}
	c := w.Clone()
	w.Add(new(sample(bench.PhaseMeasurement, lock)))
	got, n := c.Shares()
	want := []bench.WaitShare{
		{State: "active", Sessions: 2, Share: 0.4},
		{State: "active", Type: "Lock", Event: "tuple", Sessions: 2, Share: 0.4},
		{State: "idle in transaction", Sessions: 1, Share: 0.2},
	}
	if diff := cmp.Diff(want, got); diff != "" || n != 3 {
		t.Errorf("%d samples, want 3 (-want +got):\n%s", n, diff)
	}
	if got, n := new(Waits).Shares(); len(got) != 0 || n != 0 {
		t.Errorf("of no samples: %v, %d", got, n)
	}
}

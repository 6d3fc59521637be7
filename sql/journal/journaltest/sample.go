package journaltest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bench/runtime/bench"
)

// Sample is a value of type T with something in every field, so that a field that a store forgets is seen, also one that
// is added tomorrow. Two calls with different seeds differ in every field that is not a flag.
func Sample[T any](seed int) T {
	f := filler{n: int64(seed) * 1000}
	var x T
	f.fill(reflect.ValueOf(&x).Elem())
	return x
}

type filler struct{ n int64 }

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(f.n) * 1001 * time.Microsecond)
		return
	case *json.RawMessage:
		*x = fmt.Appendf(nil, `{"n": %d}`, f.n)
		return
	case *bench.ErrorClass:
		*x = bench.ErrorClass(f.n) % bench.ErrorClasses
		return
	case *bench.Kind:
		*x = bench.Kind(f.n) % (bench.KindText + 1)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(f.n)
	case reflect.Uint8:
		v.SetUint(uint64(f.n % 250))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(f.n))
	case reflect.Float64:
		v.SetFloat(float64(f.n) + 0.125)
	case reflect.String:
		v.SetString(fmt.Sprintf("'%d' ä \"text\"", f.n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for _, field := range v.Fields() {
			f.fill(field)
		}
	default:
		panic(fmt.Sprintf("no sample of %v", v.Type()))
	}
}

var (
	preparing   = bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing}
	warmup      = bench.State{Status: bench.StatusRunning, Phase: bench.PhaseWarmup}
	measurement = bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}
	stopping    = bench.State{Status: bench.StatusStopping, Phase: bench.PhaseProcessing}
	enriching   = bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseProcessing}
	completed   = bench.State{Status: bench.StatusCompleted, Phase: bench.PhaseCompleted}
)

// workloads are the names of the workloads of every run of the suite.
var workloads = []string{"lookup", "transfer"}

// NewRun is a run that was just created, with something in all its fields.
func NewRun(id string) *bench.Run {
	run := Sample[bench.Run](1)
	run.ID, run.State, run.Desired, run.Epoch, run.NextSequence = id, preparing, bench.DesiredRun, 7, 2
	run.StartTime, run.WarmupEnd, run.MeasurementEnd, run.EndTime = nil, nil, nil, nil
	run.StopReason, run.StopDetail, run.Verdict, run.Validity = "", "", "", ""
	run.Waiting = "" // live only
	for i, name := range workloads {
		run.Plan.Workloads[i].Name = name
	}
	return &run
}

// NewBatch is a batch of a run made by NewRun, with something in every part. Batches of different seeds have the same
// keys where newer rows replace older ones.
func NewBatch(run string, seed int) *bench.Batch {
	b := Sample[bench.Batch](seed)
	for i := range b.Workers {
		w := &b.Workers[i]
		w.Run, w.Worker, w.Slot = run, fmt.Sprintf("worker-%d", i), i
	}
	for i := range b.Snapshots {
		s := &b.Snapshots[i]
		s.Run, s.Worker, s.Generation, s.Seq = run, fmt.Sprintf("worker-%d", i), 1, 1
		for n := range s.Deltas {
			s.Deltas[n].Workload = n
		}
		for n := range s.Executions {
			e := &s.Executions[n]
			e.Worker, e.Workload, e.Connection, e.Number = s.Worker, n, i, int64(n)
			e.Outcome, e.Why = bench.OutcomeFailed.String(), "error"
			e.Server = nil // comes as a timing
		}
	}
	for i := range b.Seconds {
		s := &b.Seconds[i]
		s.Run, s.Second = run, int64(i)
		for n := range s.Rows {
			s.Rows[n].Workload = n
		}
	}
	b.Results = b.Results[:1]
	b.Results[0].Run = run
	b.Results[0].Workloads[1].Workload = ""
	for i := range b.Logs {
		b.Logs[i].Run = run
	}
	for i := range b.Environment {
		b.Environment[i].Run, b.Environment[i].Name = run, fmt.Sprintf("fact_%d", i)
		b.Environment[i].Source = "server"
	}
	b.Totals = b.Totals[:1]
	b.Totals[0].Run = run
	for i := range b.Findings {
		b.Findings[i].Run = run
	}
	for i := range b.Samples {
		b.Samples[i].Run = run
	}
	b.Enrichments = b.Enrichments[:1]
	b.Enrichments[0].Run = run
	b.Enrichments[0].Workloads[1].Workload = ""
	for i := range b.Timings {
		b.Timings[i].Run, b.Timings[i].QueryID = run, b.Snapshots[i].Executions[0].QueryID
	}
	return &b
}

// newEvent is an event of a run made by NewRun.
func newEvent(run string, seed int) bench.Event {
	e := Sample[bench.Event](seed)
	e.Run, e.Epoch = run, 7
	return e
}

// created stores a run and gives it back.
func created(t *testing.T, s Store, id string) *bench.Run {
	t.Helper()
	run := NewRun(id)
	if err := s.Create(t.Context(), run, newEvent(id, 2)); err != nil {
		t.Fatal(err)
	}
	return run
}

// same fails the test when got is not want. An empty list is as good as none; when a row was last changed is the store's, and
// the number of a heartbeat is of use only on its way.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	options := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(bench.Run{}, "AsOf"), cmpopts.IgnoreFields(bench.Heartbeat{}, "Number")}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// must is the value of a call that may not fail, as in must(s.Run(ctx, id))(t).
func must[T any](x T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

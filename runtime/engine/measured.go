package engine

import (
	"fmt"
	"time"

	"bench/runtime/bench"
	"bench/runtime/stats"
)

// measured is what a run has measured so far, over all workers. It belongs to the run's goroutine.
type measured struct {
	plan     *bench.Plan
	sum      stats.Aggregate // of all reports
	finals   stats.Aggregate // of all FINAL totals
	examples map[exampleKey]string
	latest   string
	lagP99   int64 // worst second, microseconds
	notes    []string
	ledger   bench.Ledger  // of MEASUREMENT
	within   map[int]int64 // done operations of MEASUREMENT that ended within it, by workload

	verdict  bench.Verdict
	validity bench.Validity
}

type exampleKey struct {
	workload int
	class    bench.ErrorClass
}

func newMeasured(plan *bench.Plan) *measured {
	return &measured{plan: plan, examples: map[exampleKey]string{}, within: map[int]int64{}}
}

// add counts one report; draining says that its interval lies after the window was cut short.
func (m *measured) add(counted *stats.Aggregate, p *bench.Report, draining bool) {
	m.sum.Merge(counted)
	if p.Phase == bench.PhaseMeasurement && !draining {
		for _, d := range p.Deltas {
			if d.OpPhase == bench.PhaseMeasurement {
				m.within[d.Workload] += d.Done
			}
		}
	}
	m.ledger.Add(counted.Ledger(bench.PhaseMeasurement))
	if p.Phase == bench.PhaseMeasurement {
		m.lagP99 = max(m.lagP99, p.LagP99US)
	}
	m.learn(p.Executions)
}

// learn keeps one example of each class of error.
func (m *measured) learn(told []bench.Execution) {
	for _, x := range told {
		if x.Why != "error" || x.Error == "" {
			continue
		}
		text := (&bench.OpError{Code: x.Code, Message: x.Error}).Error()
		m.latest = text
		if k := (exampleKey{x.Workload, x.Class}); m.examples[k] == "" {
			m.examples[k] = text
		}
	}
}

// final takes in the cumulative counts of a worker. Its deltas were checked with the report.
func (m *measured) final(p *bench.Report) {
	if err := m.finals.Add(p.Totals); err != nil {
		m.note(fmt.Sprintf("the final report of %s cannot be read: %v", p.Worker, err))
	}
}

// audit holds the sum of all reports against the sum of all finals, bucket by bucket.
func (m *measured) audit() error {
	if err := m.finals.Equal(&m.sum); err != nil {
		return fmt.Errorf("the final reports are not the sum of the reports: %w", err)
	}
	return m.sum.Balanced(0)
}

// counts are the finished operations of MEASUREMENT, and how many of them did not end done.
func (m *measured) counts() (operations, errors int64) {
	n := m.ledger.Finished()
	return n, n - m.ledger.Done
}

// example is what the last error said.
func (m *measured) example() string { return m.latest }

func (m *measured) note(text string) { m.notes = append(m.notes, text) }

// result is what the run came to.
func (m *measured) result(r *run, early bool) *bench.Result {
	window := r.window()
	res := &bench.Result{Run: r.id, WindowUS: window, Partial: early || !r.roster.allFinal()}
	length := time.Duration(window) * time.Microsecond
	for i, w := range m.plan.Workloads {
		x := m.sum.Workload(i, bench.PhaseMeasurement).Result(w.Name, m.within[i], length)
		x.Errors = m.errors(x.Ledger, func(k exampleKey) bool { return k.workload == i })
		res.Workloads = append(res.Workloads, x)
	}
	var completed int64
	for _, n := range m.within {
		completed += n
	}
	all := m.sum.All(bench.PhaseMeasurement).Result("", completed, length)
	all.Errors = m.errors(all.Ledger, func(exampleKey) bool { return true })
	res.Workloads = append(res.Workloads, all)
	m.judge(r, res)
	m.verdict, m.validity = res.Verdict, res.Validity
	return res
}

// errors lists the classes that were met, each with one example.
func (m *measured) errors(l bench.Ledger, of func(exampleKey) bool) []bench.ErrorCount {
	var list []bench.ErrorCount
	for class, n := range l.Failed {
		if n == 0 {
			continue
		}
		e := bench.ErrorCount{Class: bench.ErrorClass(class), Count: n}
		for k, text := range m.examples {
			if k.class == e.Class && of(k) && (e.Example == "" || text < e.Example) {
				e.Example = text
			}
		}
		list = append(list, e)
	}
	return list
}

// Bounds beyond which the generator itself must be suspected.
const (
	lagLeast   = 10_000 // microseconds: lag below it is the timer's resolution and the scheduler's
	lagShare   = 0.1    // of the p95 of the response
	clockLimit = 5 * time.Millisecond
)

// judge decides whether the numbers can be believed, then the SLOs.
func (m *measured) judge(r *run, res *bench.Result) {
	res.Validity = bench.Valid
	suspect := func(format string, args ...any) {
		res.Validity = bench.Suspect
		res.Notes = append(res.Notes, fmt.Sprintf(format, args...))
	}
	all := res.All()
	if m.lagP99 > lagLeast && float64(m.lagP99) > lagShare*float64(all.Response.P95US) {
		suspect("the generator was late: in the worst second p99 of its lag was %s", time.Duration(m.lagP99)*time.Microsecond)
	}
	if e := r.roster.clockError(); e > clockLimit {
		suspect("a worker's clock is known only to within %s", e)
	}
	if missing := r.roster.withoutFinal(); missing != "" {
		suspect("counts are missing what these workers did not report: %s", missing)
	} else if res.Partial {
		res.Notes = append(res.Notes, "the window was cut short")
	}
	res.Notes = append(res.Notes, m.notes...)
	if n := m.sum.All(bench.PhaseMeasurement).Response.Overflow(); n > 0 {
		suspect("%d operations took longer than the histograms hold, a day", n)
	}
	if all.Finished() == 0 {
		res.Validity = bench.Invalid
		res.Notes = append(res.Notes, "no operation was measured")
	}
	for _, slo := range m.plan.SLOs {
		res.SLOs = append(res.SLOs, evaluate(slo, res, r.evidence.enrichment)...)
	}
	res.Verdict = bench.VerdictPass // of a plan that asks for nothing: that it could be done is its only claim
	if len(res.SLOs) == 0 && (all.Done == 0 || res.Partial) {
		res.Verdict = bench.VerdictUndetermined
	}
	for _, s := range res.SLOs {
		res.Verdict = res.Verdict.Worse(s.Verdict)
	}
	if res.Validity == bench.Invalid {
		res.Verdict = res.Verdict.Worse(bench.VerdictUndetermined)
	}
}

// withoutFinal names the workers whose counts end before they did.
func (o *roster) withoutFinal() string {
	var names []string
	for _, m := range o.members {
		if !m.Final {
			names = append(names, m.Name())
		}
	}
	return list(names)
}

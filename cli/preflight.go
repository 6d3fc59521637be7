package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/runtime/cost"
	"bench/runtime/load"
	"bench/specs"
)

// A preflight asks the target of a spec, before anything is started, whether the run can go as planned. It signs in as a
// worker does, with the session of the spec, and describes statements without running them.
type preflight struct {
	*specs.Resolved
	findings
}

// A surveyor is a target that says more of itself than that it is there.
type surveyor interface {
	Survey(ctx context.Context, plan *bench.Plan) (*bench.Survey, error)
}

// preflight asks the target. SQLite, and the target that is none, have nothing to ask: opening a file would make it.
func (p *program) preflight(ctx context.Context, resolved *specs.Resolved) *preflight {
	f := &preflight{Resolved: resolved}
	plan := &resolved.Plan
	if plan.Target.Kind != "snowflake" && plan.Target.Kind != "postgres" {
		f.add("undetermined", "target", "", "a target %q is not asked before a run", plan.Target.Kind)
		return f
	}
	target, err := open(ctx, plan.Target, f.secret(p), 1, "bench preflight")
	if err != nil {
		f.refused(err)
		return f
	}
	defer target.Close()
	if s, ok := target.(surveyor); ok {
		f.survey(ctx, s)
	} else {
		f.add("pass", "sign-in", "", "%s lets in", plan.Target.Kind)
	}
	conn, err := target.Open(ctx, 0, nil)
	if err != nil {
		f.refused(err)
		return f
	}
	defer conn.Close()
	f.statements(ctx, conn)
	f.roundTrip(ctx, target)
	return f
}

// secret finds what the spec's references stand for, here or in the environment.
func (f *preflight) secret(p *program) func(bench.Secret) (string, error) {
	return func(s bench.Secret) (string, error) {
		if v, ok := f.Secrets[s]; ok {
			return v, nil
		}
		return p.lookup(s)
	}
}

// refused tells why there is no session: nothing may be there, or the spec may say something wrong about it.
func (f *preflight) refused(err error) {
	f.add("fail", "sign-in", f.Places["target"], "%v", err)
	e, ok := errors.AsType[*bench.OpError](err)
	f.findings[len(f.findings)-1].unreachable = ok && e.Lost
}

// survey tells what the target says of itself.
func (f *preflight) survey(ctx context.Context, s surveyor) {
	found, err := s.Survey(ctx, &f.Plan)
	if err != nil {
		f.refused(err)
		return
	}
	f.add("pass", "sign-in", "", "%s", found.Account)
	f.warehouse(found)
	switch {
	case found.Cached == nil:
		f.add("undetermined", "result cache", "", "the session does not say whether it answers from the cache of results")
	case *found.Cached:
		f.add("warn", "result cache", f.Places["target"], "on: statements that were answered before may cost nothing now, which is not what they cost")
	default:
		f.add("pass", "result cache", "", "off")
	}
	for _, table := range sortedKeys(found.ReadOnly) {
		f.add("fail", "table "+table, f.writer(table), "it is %s, which workloads cannot write to", found.ReadOnly[table])
	}
	for _, note := range found.Notes {
		f.add("warn", "grants", "", "%s", note)
	}
}

// writer is where a workload stands whose text names a table.
func (f *preflight) writer(table string) string {
	for _, w := range f.Plan.Workloads {
		for i := range w.Statements {
			if strings.Contains(w.Statements[i].Text(func(int) string { return "?" }), table) {
				return f.Places["workload "+w.Name]
			}
		}
	}
	return ""
}

// warehouse tells of the warehouse, which fits what the spec requires, or there would be no session, and what the run is
// expected to cost.
func (f *preflight) warehouse(found *bench.Survey) {
	w := found.Warehouse
	switch {
	case found.Without:
		f.add("fail", "warehouse", f.Places["target"], "the session has none: write warehouse = \"NAME\", and see that the role has USAGE on it")
		return
	case w == nil:
		f.add("undetermined", "warehouse", "", "it cannot be seen, and what it costs is unknown: %s", found.Unseen)
		return
	}
	state := strings.ToLower(w.State)
	if strings.EqualFold(w.State, "SUSPENDED") {
		state += ", the first statement resumes it"
		if !strings.EqualFold(w.Raw["auto_resume"], "true") {
			f.add("fail", "warehouse", f.Places["target"], "%s is suspended and does not resume by itself: ALTER WAREHOUSE %s RESUME", w.Name, w.Name)
			return
		}
	}
	f.add("pass", "warehouse", "", "%s, %s %s, %s", w.Name, w.Size, strings.ToLower(w.Kind()), state)
	if w.Running+w.Queued > 0 {
		f.add("warn", "warehouse", "", "others use it: %s running, %d queued", plural(w.Running, "statement"), w.Queued)
	}
	plan := &f.Plan
	if plan.Iterations > 0 {
		f.add("undetermined", "credits", "", "unknown: the run ends after a number of operations, not after a time")
		return
	}
	ahead, why := cost.Ahead(w, (plan.Warmup + plan.Duration).D())
	if why != "" {
		f.add("undetermined", "credits", "", "unknown: %s", why)
		return
	}
	text := trim(ahead.Least, 3)
	if ahead.Most > ahead.Least {
		text += " to " + trim(ahead.Most, 3)
	}
	text += " for " + span((plan.Warmup + plan.Duration).D()) + " and until the warehouse suspends itself, at the rate of " + ahead.AsOf
	if ahead.Note != "" {
		text += "; " + ahead.Note
	}
	outcome := "pass"
	if most := plan.Guard.MaxCredits; most > 0 && ahead.Least > most {
		outcome, text = "warn", text+": more than the guard allows, "+trim(most, 3)
	}
	f.add(outcome, "credits", "", "%s", text)
}

// statements describes every statement of the workloads and every pool. What setup makes need not be there yet.
func (f *preflight) statements(ctx context.Context, conn load.Conn) {
	described, before := 0, len(f.findings)
	describe := func(what, place string, s *bench.Statement) {
		err := conn.Prepare(ctx, []*bench.Statement{s})
		switch {
		case err == nil:
			described++
		case len(f.Plan.Setup) > 0:
			f.add("undetermined", what, place, "%v; setup may make what is missing", err)
		default:
			f.add("fail", what, place, "%v", err)
		}
	}
	for i := range f.Plan.Workloads {
		w := &f.Plan.Workloads[i]
		for j := range w.Statements {
			describe("workload "+w.Name, f.Places["workload "+w.Name], &w.Statements[j])
		}
	}
	for i := range f.Plan.Params {
		if q := f.Plan.Params[i].Query; q != "" {
			describe("param "+f.Plan.Params[i].Name, f.Places["param "+f.Plan.Params[i].Name], &bench.Statement{Parts: []string{q}})
		}
	}
	if len(f.findings) == before {
		f.add("pass", "statements", "", "the target understands %s", plural(int64(described), "statement"))
	}
}

// roundTrip holds the time of a SELECT 1 from here against the limits of latencies.
func (f *preflight) roundTrip(ctx context.Context, target load.Target) {
	facts, err := target.Facts(ctx)
	trip := time.Duration(0)
	for _, fact := range facts {
		if fact.Name == "round_trip_us" {
			us, _ := strconv.ParseInt(fact.Value, 10, 64)
			trip = time.Duration(us) * time.Microsecond
		}
	}
	if err != nil || trip <= 0 {
		f.add("undetermined", "round trip", "", "it could not be measured: %v", err)
		return
	}
	var text strings.Builder
	text.WriteString(latency(float64(trip.Microseconds())) + " from here for a SELECT 1")
	outcome, place := "pass", ""
	for _, s := range f.Plan.SLOs {
		limit := s.Max
		if kind, _, _ := strings.Cut(s.Metric, "."); limit == nil || *limit <= 0 || kind != "response" && kind != "service" {
			continue
		}
		share := float64(trip.Microseconds()) / *limit
		text.WriteString(fmt.Sprintf(", %s of SLO %s", percent(share), s.Name))
		if share >= 0.5 {
			outcome, place = "warn", f.Places["slo "+s.Name]
		}
	}
	f.add(outcome, "round trip", place, "%s", text.String())
}

// err is why the run should not start; nil when nothing fails.
func (f *preflight) err() error {
	failed := 0
	for _, l := range f.findings {
		if l.unreachable {
			return bench.Errorf(bench.CodeUnreachable, "the preflight failed: %s", l.text)
		}
		if l.outcome == "fail" {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return usage("the preflight failed: %s would keep the run from measuring what it is to measure", plural(int64(failed), "thing"))
}

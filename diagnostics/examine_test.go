package diagnostics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
)

// checks makes a set of small checks: code to what differs from the good one.
func checks(t *testing.T, changes map[string]func(string) string) Set {
	t.Helper()
	folder := fstest.MapFS{}
	for code, change := range changes {
		text := strings.Replace(good, "TST0001", code, 1)
		if change != nil {
			text = change(text)
		}
		folder[code+".hcl"] = &fstest.MapFile{Data: []byte(text)}
	}
	set, ds := Load(folder, "mine")
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	var mine Set
	for _, c := range set {
		if changes[c.Code] != nil || changes != nil && strings.HasPrefix(c.Code, "TST") {
			mine = append(mine, c)
		}
	}
	return mine
}

// answering is a case whose store answers every statement alike.
func answering(columns []string, rows [][]any, err error) *Case {
	return &Case{
		At:  fixtureNow,
		Run: &bench.Run{ID: "RUN", State: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}},
		Store: &Database{Dialect: "sqlite", Query: func(context.Context, string, int) ([]string, [][]any, error) {
			return columns, rows, err
		}},
	}
}

func examine(t *testing.T, s Set, k *Case, o Options) *Report {
	t.Helper()
	r, err := s.Examine(t.Context(), k, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type denied struct{ error }

func (denied) SQLState() string { return "42501" }

// What a check cannot decide is undetermined and says why, with its place; it is never a pass.
func TestUndetermined(t *testing.T) {
	set := checks(t, map[string]func(string) string{"TST0001": nil})
	for _, c := range []struct {
		name   string
		k      *Case
		why    Why
		detail string
	}{
		{"no rows", answering([]string{"n"}, nil, nil), WhyNoRows, ""},
		{"NULL", answering([]string{"n"}, [][]any{{nil}}, nil), WhyEvalError, "mine/TST0001.hcl:6:13: row.n is NULL"},
		{"a row with NULL beside a good one", answering([]string{"n"}, [][]any{{int64(1)}, {nil}}, nil), WhyEvalError, "row.n is NULL"},
		{"missing column", answering([]string{"m"}, [][]any{{int64(1)}}, nil), WhyEvalError, "mine/TST0001.hcl:6:13: the row has no column n; it has m"},
		{"text", answering([]string{"n"}, [][]any{{"many"}}, nil), WhyEvalError, "mine/TST0001.hcl:6:"},
		{"refused", answering(nil, nil, errors.New("no such table: X")), WhySQLError, "no such table: X"},
		{"denied", answering(nil, nil, denied{errors.New("permission denied")}), WhyNoPrivilege, "permission denied"},
		{"late", answering(nil, nil, fmt.Errorf("ask: %w", context.DeadlineExceeded)), WhyTimeout, "no answer in time"},
		{"no store", &Case{At: fixtureNow, Run: answering(nil, nil, nil).Run}, WhySQLError, "there is no journal or replica to ask"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := examine(t, set, c.k, Options{})
			f := r.Checks[0]
			if f.Outcome != Undetermined || f.Why != c.why || !strings.Contains(f.Detail, c.detail) || r.Exit != bench.ExitUndetermined {
				t.Errorf("%s (%s) %q, exit %d", f.Outcome, f.Why, f.Detail, r.Exit)
			}
		})
	}
}

// A number that a driver gave as text is not unequal to every number, which would be a pass.
func TestUnlike(t *testing.T) {
	set := checks(t, map[string]func(string) string{"TST0001": func(s string) string { return strings.Replace(s, "row.n > 1", "row.n == 1", 1) }})
	f := examine(t, set, answering([]string{"n"}, [][]any{{"1"}}, nil), Options{}).Checks[0]
	if f.Outcome != Undetermined || f.Why != WhyEvalError || !strings.Contains(f.Detail, "it compares a string with a number") {
		t.Errorf("%s (%s) %q", f.Outcome, f.Why, f.Detail)
	}
}

// A query that never answers costs no more than its check's time limit.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := checks(t, map[string]func(string) string{"TST0001": func(s string) string { return strings.Replace(s, "  title", "  timeout = \"3s\"\n  title", 1) }})
		k := answering(nil, nil, nil)
		k.Store.Query = func(ctx context.Context, _ string, _ int) ([]string, [][]any, error) {
			<-ctx.Done()
			return nil, nil, ctx.Err()
		}
		began := time.Now()
		if f := examine(t, set, k, Options{}).Checks[0]; f.Why != WhyTimeout || time.Since(began) != 3*time.Second {
			t.Errorf("%s after %s", f.Why, time.Since(began))
		}
	})
}

func dependsOn(code string) func(string) string {
	return func(s string) string {
		return strings.Replace(s, "  title", "  depends_on = [\""+code+"\"]\n  title", 1)
	}
}

// What depends on a check that failed is not run, over any number of steps, and the cause is told.
func TestCauseFirst(t *testing.T) {
	set := checks(t, map[string]func(string) string{
		"TST0003": nil, "TST0002": dependsOn("TST0003"), "TST0001": dependsOn("TST0002"),
		"TST0004": func(s string) string { return strings.Replace(s, "row.n > 1", "row.n > 100", 1) },
	})
	k := answering([]string{"n"}, [][]any{{int64(5)}}, nil)
	r := examine(t, set, k, Options{})
	for _, code := range []string{"TST0001", "TST0002"} {
		if f := r.Find(code); f.Outcome != Skip || f.Why != WhyCauseFailed || f.Cause != "TST0003" {
			t.Errorf("%s is %s (%s) because of %q", code, f.Outcome, f.Why, f.Cause)
		}
	}
	if f := r.Find("TST0003"); f.Outcome != Fail || f.Detail != "n is 5" || strings.Join(f.Explains, " ") != "TST0001 TST0002" {
		t.Errorf("%+v", f)
	}
	if len(r.Causes) != 1 || r.Causes[0] != "TST0003" || r.Exit != bench.ExitFail || r.Find("TST0004").Outcome != Pass {
		t.Errorf("causes %v, exit %d", r.Causes, r.Exit)
	}

	// One that could not be decided explains nothing, and one that was skipped by hand neither.
	r = examine(t, set, k, Options{Skip: map[string]string{"TST0003": "known"}})
	if f := r.Find("TST0002"); f.Outcome != Fail {
		t.Errorf("TST0002 is %s", f.Outcome)
	}
	if f := r.Find("TST0003"); f.Outcome != Skip || f.Why != WhyNotAsked || f.Detail != "known" {
		t.Errorf("%+v", f)
	}
}

func TestVerdicts(t *testing.T) {
	warn := func(s string) string { return strings.Replace(s, "  fail_if", "  warn_if = row.n == 1\n  fail_if", 1) }
	few := func(s string) string {
		return strings.Replace(s, "  fail_if", "  too_few_if = row.n == 1\n  fail_if", 1)
	}
	stale := func(s string) string { return strings.Replace(s, "  fail_if", "  stale_if = row.n == 1\n  fail_if", 1) }
	for _, c := range []struct {
		name    string
		change  func(string) string
		n       int64
		outcome Outcome
		why     Why
		exit    int
	}{
		{"pass", nil, 1, Pass, "", bench.ExitPass},
		{"fail", nil, 2, Fail, "", bench.ExitFail},
		{"warn", warn, 1, Warn, "", bench.ExitPass},
		{"fail beats warn", warn, 2, Fail, "", bench.ExitFail},
		{"too few", few, 1, Undetermined, WhyTooFew, bench.ExitUndetermined},
		{"stale", stale, 1, Undetermined, WhyStale, bench.ExitUndetermined},
	} {
		r := examine(t, checks(t, map[string]func(string) string{"TST0001": c.change}), answering([]string{"N"}, [][]any{{c.n}}, nil), Options{})
		if f := r.Checks[0]; f.Outcome != c.outcome || f.Why != c.why || r.Exit != c.exit {
			t.Errorf("%s: %s (%s), exit %d", c.name, f.Outcome, f.Why, r.Exit)
		}
	}
	r := examine(t, checks(t, map[string]func(string) string{"TST0001": warn}), answering([]string{"n"}, [][]any{{int64(1)}}, nil), Options{})
	if r.FailOn(Warn); r.Exit != bench.ExitFail {
		t.Errorf("--fail-on warn: exit %d", r.Exit)
	}
}

// More rows than are looked at are told, and are no evidence that all is well.
func TestTruncated(t *testing.T) {
	rows := make([][]any, mostRows+1)
	for i := range rows {
		rows[i] = []any{int64(1)}
	}
	r := examine(t, checks(t, map[string]func(string) string{"TST0001": nil}), answering([]string{"n"}, rows, nil), Options{})
	if f := r.Checks[0]; !f.Truncated || len(f.Rows) != mostRows || f.Outcome != Undetermined || f.Why != WhyTooFew {
		t.Errorf("%d rows, truncated %v, %s (%s): %s", len(f.Rows), f.Truncated, f.Outcome, f.Why, f.Detail)
	}
}

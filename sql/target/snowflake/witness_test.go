package snowflake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/snowflake"
	"bench/sql/target/snowflake/fakesnow"
	"bench/sql/target/snowflake/snowtest"
)

// An archive answers questions about the history of an account, as the functions and views of Snowflake do.
type archive struct {
	mu         sync.Mutex
	rows       []past // of INFORMATION_SCHEMA
	account    []past // of ACCOUNT_USAGE, oldest first
	sums       [][]any
	metered    any
	denied     bool // ACCOUNT_USAGE is not granted
	pages      int
	warehouses snowtest.Answer
}

// A past is a statement in a history.
type past struct {
	id, tag, warehouse, status string
	started, ended             time.Time
	times                      [5]int // total, compile, execute, queued, blocked, in milliseconds
}

func (p *past) row() []any {
	row := []any{p.id, p.tag, p.warehouse, p.status, fmt.Sprint(p.started.UnixMilli()), fmt.Sprint(p.ended.UnixMilli())}
	for _, ms := range p.times {
		row = append(row, fmt.Sprint(ms))
	}
	return append(row, "2", "1000")
}

func columns(types ...string) (all []snowtest.Column) {
	for i, t := range types {
		all = append(all, snowtest.Column{Name: fmt.Sprint("C", i), Type: t, Precision: 38})
	}
	return all
}

var historyColumns = columns("text", "text", "text", "text", "fixed", "fixed", "fixed", "fixed", "fixed", "fixed", "fixed", "fixed", "fixed")

var literals = regexp.MustCompile(`'(2[^']*Z)'`)

// between are the ends of the range that a statement asks for.
func between(sql string) (from, to time.Time) {
	found := literals.FindAllStringSubmatch(sql, 2)
	from, _ = time.Parse(time.RFC3339, found[0][1])
	to, _ = time.Parse(time.RFC3339, found[1][1])
	return from, to
}

func (a *archive) respond(s snowtest.Statement) snowtest.Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case strings.Contains(s.SQL, "INFORMATION_SCHEMA.QUERY_HISTORY"):
		from, to := between(s.SQL)
		a.pages++
		answer := snowtest.Answer{Columns: historyColumns}
		for i := range a.rows { // newest first
			if p := &a.rows[i]; (p.id == "unended" || !p.ended.Before(from) && !p.ended.After(to)) && len(answer.Rows) < 10_000 {
				answer.Rows = append(answer.Rows, p.row())
			}
		}
		return answer
	case strings.Contains(s.SQL, "ACCOUNT_USAGE") && a.denied:
		return snowtest.Error(2003, "02000", "Database 'SNOWFLAKE' does not exist or not authorized.")
	case strings.Contains(s.SQL, "ACCOUNT_USAGE.QUERY_HISTORY"):
		from, to := between(s.SQL)
		a.pages++
		answer := snowtest.Answer{Columns: historyColumns}
		for i := range a.account {
			if p := &a.account[i]; !p.started.Before(from) && !p.started.After(to) && len(answer.Rows) < 10_000 {
				answer.Rows = append(answer.Rows, p.row())
			}
		}
		return answer
	case strings.Contains(s.SQL, "AGGREGATE_QUERY_HISTORY"):
		return snowtest.Answer{Columns: columns("text", "fixed", "real", "real", "real", "real", "real", "fixed"), Rows: a.sums}
	case strings.Contains(s.SQL, "WAREHOUSE_METERING_HISTORY"):
		return snowtest.Answer{Columns: []snowtest.Column{{Name: "CREDITS", Type: "fixed", Precision: 38, Scale: 9}}, Rows: [][]any{{a.metered}}}
	case strings.HasPrefix(s.SQL, "SHOW WAREHOUSES"):
		return a.warehouses
	}
	return snowtest.Numbers(1)
}

func (a *archive) witness(t *testing.T) (*snowflake.Witness, *snowtest.Server) {
	t.Helper()
	s := snowtest.Start(t)
	s.Respond(a.respond)
	d := account(s)
	d.Options["warehouse"], d.Options["require_size"] = "wh", "LARGE" // it need not be so any more
	w, err := snowflake.OpenWitness(t.Context(), "run-1", &bench.Plan{Target: d}, secret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		settled(t, s)
	})
	return w, s
}

func tagOf(run, phase, workload string) string {
	return fmt.Sprintf(`{"app":"bench","run":%q,"phase":%q,"workload":%q}`, run, phase, workload)
}

// told is what a witness recalls, by query id, and how often the same was told.
func told(t *testing.T, w *snowflake.Witness, from, to time.Time) (map[string]bench.Recalled, *bench.Recollection) {
	t.Helper()
	all := map[string]bench.Recalled{}
	r, err := w.Recall(t.Context(), from, to, func(x *bench.Recalled) { all[x.QueryID] = *x })
	if err != nil {
		t.Fatal(err)
	}
	return all, r
}

func TestWitnessRecalls(t *testing.T) {
	to := time.Now().Add(-time.Minute).Truncate(time.Second)
	from := to.Add(-10 * time.Minute)
	a := &archive{}
	add := func(id, tag, warehouse, status string, ended time.Time) {
		a.rows = append(a.rows, past{id, tag, warehouse, status, ended.Add(-100 * time.Millisecond), ended, [5]int{100, 10, 60, 20, 5}})
	}
	const n = 25_000 // many of them end in the same millisecond, at the edges of pages too
	for i := range n {
		add(fmt.Sprint("mine-", i), tagOf("run-1", "MEASUREMENT", "read"), "WH", "SUCCESS", from.Add(time.Duration(i/7)*100*time.Millisecond))
	}
	middle := from.Add(time.Minute)
	unended := past{"unended", tagOf("run-1", "MEASUREMENT", "read"), "WH", "RUNNING", middle, time.UnixMilli(0), [5]int{}}
	add("failed", tagOf("run-1", "MEASUREMENT", "read"), "WH", "FAILED_WITH_ERROR", middle)
	add("running", tagOf("run-1", "MEASUREMENT", "read"), "WH", "RUNNING", middle)
	add("warmup", tagOf("run-1", "WARMUP", "read"), "WH", "SUCCESS", from.Add(-time.Second))
	add("longer", tagOf("run-10", "MEASUREMENT", "read"), "WH", "SUCCESS", middle)
	add("spaces", strings.Replace(tagOf("run-1", "MEASUREMENT", "read"), ":", ": ", 1), "WH", "SUCCESS", middle)
	add("more", `{"app":"bench","run":"run-1","phase":"MEASUREMENT","workload":"read","x":1}`, "WH", "SUCCESS", middle)
	add("other app", strings.Replace(tagOf("run-1", "MEASUREMENT", "read"), "bench", "other", 1), "WH", "SUCCESS", middle)
	add("no tag", "", "WH", "SUCCESS", middle)
	add("elsewhere", "", "ANOTHER", "SUCCESS", middle)
	add("before", "", "WH", "SUCCESS", from.Add(-time.Second))
	slices.SortStableFunc(a.rows, func(x, y past) int { return y.ended.Compare(x.ended) })
	a.rows = slices.Insert(a.rows, 0, unended)

	w, _ := a.witness(t)
	all, r := told(t, w, from, to)
	if len(all) != n+2 || !all["failed"].Failed || all["warmup"].Phase != bench.PhaseWarmup {
		t.Errorf("%d statements, want %d: failed %+v, warmup %+v", len(all), n+2, all["failed"], all["warmup"])
	}
	want := bench.Recalled{QueryID: "mine-7", Run: "run-1", Phase: bench.PhaseMeasurement, Workload: "read",
		TotalUS: 100_000, CompileUS: 10_000, ExecuteUS: 60_000, QueuedUS: 20_000, BlockedUS: 5000, Rows: 2, Bytes: 1000}
	if all["mine-7"] != want {
		t.Errorf("got %+v, want %+v", all["mine-7"], want)
	}
	if a.pages != 3 || r.Others == nil || *r.Others != 5 { // longer, spaces, more, other app, no tag
		t.Errorf("%d pages, %v statements of others", a.pages, *r.Others)
	}
	if !strings.Contains(r.Later, "bench enrich run-1") || r.Source != "QUERY_HISTORY" || r.Metered != nil {
		t.Errorf("%+v", r)
	}
}

func TestWitnessRecallsLater(t *testing.T) {
	to := time.Now().Add(-4 * time.Hour).Truncate(time.Hour).Add(-time.Minute) // the hour of the end was over four hours ago
	from := to.Add(-10 * time.Minute)
	a := &archive{metered: "1.500000000"}
	for i := range 15_000 {
		started := from.Add(time.Duration(i/3) * 100 * time.Millisecond)
		a.account = append(a.account, past{fmt.Sprint("late-", i), tagOf("run-1", "MEASUREMENT", "read"), "WH", "SUCCESS", started, started.Add(time.Second), [5]int{100, 10, 60, 20, 5}})
	}
	a.sums = [][]any{
		{tagOf("run-1", "MEASUREMENT", "read"), "50000", "500000.5", "50000", "300000", "100000", "25000", "3"},
		{tagOf("run-1", "WARMUP", "read"), "70", "1", "1", "1", "1", "1", "4"},
		{"something else", "70", "1", "1", "1", "1", "1", nil},
	}
	w, _ := a.witness(t)
	all, r := told(t, w, from, to)
	if len(all) != 15_000 || a.pages != 1+2 {
		t.Errorf("%d statements in %d pages", len(all), a.pages)
	}
	if r.Later != "" || r.Metered == nil || *r.Metered != 1.5 || len(r.Sums) != 2 || !slices.Contains(r.Notes, "7 requests to hybrid tables were throttled") {
		t.Errorf("%+v", r)
	}
	if s := r.Sums[0]; s.Run != "run-1" || s.Calls != 50_000 || s.ExecuteUS != 3e8 || s.QueuedUS != 1e8 || s.OtherUS != 500_000_500-475e6 {
		t.Errorf("sums %+v", s)
	}

	soon := time.Now().Add(-2 * time.Hour)
	if _, r = told(t, w, soon.Add(-10*time.Minute), soon); r.Metered != nil || len(r.Sums) == 0 {
		t.Errorf("the hour of the end may be metered in part: %+v", r)
	}

	a.denied = true
	if _, r = told(t, w, from, to); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "IMPORTED PRIVILEGES") || r.Later != "" {
		t.Errorf("without the grant: %+v", r)
	}
}

func TestWitnessSamples(t *testing.T) {
	a := &archive{}
	show := func(names []string, values ...any) snowtest.Answer {
		answer := snowtest.Answer{Rows: [][]any{values}}
		for _, name := range names {
			answer.Columns = append(answer.Columns, snowtest.Column{Name: name, Type: "text"})
		}
		return answer
	}
	a.warehouses = show([]string{"queued", "running", "size", "name", "state", "type", "started_clusters", "max_cluster_count", "min_cluster_count", "scaling_policy", "auto_suspend", "a column of next year"},
		"3", "14", "X-Small", "WH", "STARTED", "STANDARD", "2", "4", "1", "STANDARD", "60", "?")
	w, s := a.witness(t)
	sample, err := w.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := *sample.Warehouse
	if got.Name != "WH" || got.State != "STARTED" || got.Size != "X-Small" || got.Kind() != "STANDARD" || got.Started != 2 || got.MinClusters != 1 ||
		got.MaxClusters != 4 || got.Running != 14 || got.Queued != 3 || got.ScalingPolicy != "STANDARD" || got.Raw["auto_suspend"] != "60" {
		t.Errorf("%+v", got)
	}

	a.mu.Lock()
	a.warehouses = show([]string{"name", "state", "size"}, "WH", "SUSPENDED", "Large") // of an edition without clusters
	a.mu.Unlock()
	if sample, err = w.Sample(t.Context()); err != nil || sample.Warehouse.Started != 0 || sample.Warehouse.State != "SUSPENDED" {
		t.Errorf("%+v, %v", sample, err)
	}
	a.mu.Lock()
	a.warehouses = snowtest.Answer{Lose: true}
	a.mu.Unlock()
	if _, err := w.Sample(t.Context()); err == nil {
		t.Error("a sample over a session that was lost succeeded")
	}
	a.mu.Lock()
	a.warehouses = show([]string{"name", "state", "size"}, "WH", "STARTED", "Large")
	a.mu.Unlock()
	if _, err := w.Sample(t.Context()); err != nil {
		t.Errorf("the next one: %v", err)
	}
	for _, e := range s.History() {
		if e.Tag != `{"app":"bench","run":"run-1"}` {
			t.Errorf("%s has tag %s", e.SQL, e.Tag)
		}
	}
}

// Every statement of the witness parses with a parser of Snowflake's SQL that is not ours.
func TestWitnessSQLParses(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("witness/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sent := snowflake.Filled(string(text), []string{"it's", "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000Z"})
		if tree, ok := fakesnow.Parse(t, sent); !ok {
			t.Errorf("%s does not parse: %s", file, tree)
		}
	}
}

// With an account, a statement is found in its history by its tag, and the warehouse is seen; what ACCOUNT_USAGE says is tried
// on a range of time that is long past.
func TestWitnessOnAnAccount(t *testing.T) {
	name := os.Getenv("BENCH_SNOWFLAKE_CONNECTION")
	if name == "" {
		t.Skip("BENCH_SNOWFLAKE_CONNECTION names no connection")
	}
	run := fmt.Sprint("witness-", time.Now().UnixNano())
	plan := &bench.Plan{Target: bench.Target{Kind: "snowflake", Options: map[string]string{"connection": name}}}
	target, err := snowflake.Open(t.Context(), plan.Target, secret, 1, "bench "+run)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	began := time.Now()
	conn := connect(t, target, "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 1000))")
	conn.(load.Tagger).Tag(bench.PhaseMeasurement, "read")
	call := load.Call{Fetch: "all"}
	if err := conn.Exec(t.Context(), &call); err != nil {
		t.Fatal(err)
	}
	w, err := snowflake.OpenWitness(t.Context(), run, plan, secret)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sample, err := w.Sample(t.Context())
	if err != nil || sample.Warehouse.State == "" || sample.Warehouse.Size == "" || sample.Warehouse.Kind() == "" {
		t.Errorf("warehouse %+v, %v", sample, err)
	}
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for found := (bench.Recalled{}); found.QueryID == ""; {
		all, _ := told(t, w, began.Add(-time.Minute), time.Now())
		if found = all[call.QueryID]; found.QueryID != "" {
			t.Logf("after %s: %+v", time.Since(began).Round(time.Second), found)
			break
		}
		if time.Since(began) > 3*time.Minute {
			t.Fatalf("query %s is not in the history, which has %d statements of the run", call.QueryID, len(all))
		}
		<-ticker.C
	}
	_, r := told(t, w, began.Add(-5*time.Hour), began.Add(-4*time.Hour))
	t.Logf("four hours ago: %d statements of others, metered %v, notes %q", *r.Others, r.Metered, r.Notes)
}

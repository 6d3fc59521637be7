package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bench/diagnostics"
	"bench/server/api"
	"bench/server/dashboard/browsertest"
)

// TestDashboard measures the dashboard of real servers in a real browser, so nothing else does anything meanwhile.
func TestDashboard(t *testing.T) {
	browser := browsertest.Start(t)
	t.Run("ReportToPixels", func(t *testing.T) {
		thorough(t)
		reportToPixels(t, browser.Open(t))
	})
	t.Run("FollowsARun", func(t *testing.T) { followsARun(t, browser.Open(t)) })
	t.Run("LongRun", func(t *testing.T) { longRun(t, browser.Open(t)) })
}

// TestDashboardScreens looks at all that there is to see. With -artifacts, pictures of all screens stay.
func TestDashboardScreens(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *browsertest.Page)
	}{
		{"EveryScreen", everyScreen},
		{"SaysWhatIsWrong", saysWhatIsWrong},
		{"SaysWhatTheReplicaRefuses", saysWhatTheReplicaRefuses},
		{"OutlivesServer", outlivesServer},
		{"ShowsAGap", showsAGap},
		{"Warehouse", warehouse},
		{"Hidden", hidden},
		{"LooksAndStops", looksAndStops},
		{"ListsARun", listsARun},
		{"SameEverywhere", sameEverywhere},
		{"Histograms", histograms},
		{"Series", series},
		{"Store", store},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := browser.Open(t)
			c.test(t, p)
			p.Go("about:blank") // before its server is gone
		})
	}
}

// look keeps what a page looks like, in every light and on a phone, and has it examined.
func look(t *testing.T, p *browsertest.Page, name string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.Scheme(scheme)
		for _, size := range []struct {
			name  string
			width int
		}{{"desktop", 1440}, {"phone", 390}} {
			p.Size(size.width, 900)
			p.Settle()
			if wide := browsertest.Eval[int](p, "document.documentElement.scrollWidth"); wide > size.width {
				t.Errorf("%s on a %s: the page is %d pixels wide: %s", name, size.name, wide, browsertest.Eval[string](p,
					"[...document.querySelectorAll('main *, header *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, pre, .unseen')).map((e) => e.outerHTML.slice(0, 120)).slice(0, 3).join(' | ')"))
			}
			picture := filepath.Join(t.ArtifactDir(), strings.Join([]string{name, scheme, size.name}, "-")+".png")
			if err := os.WriteFile(picture, p.Screenshot(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p.Accessible(name + " " + scheme)
	}
	p.Scheme("light")
	p.Size(1440, 900)
}

// talking starts a command and waits until it has printed a line that begins with a text, of which it returns the rest.
func (s *site) talking(text string, args ...string) (string, *command) {
	s.t.Helper()
	c := s.prepare(args...)
	c.Cmd.Stderr = nil
	pipe, err := c.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	found := make(chan string, 1) // the first
	go func() {
		defer close(c.exited)
		lines := bufio.NewScanner(io.TeeReader(pipe, &c.stderr))
		for lines.Scan() {
			if _, rest, ok := strings.Cut(lines.Text(), text); ok {
				select {
				case found <- strings.TrimSpace(rest):
				default:
				}
			}
		}
		c.Wait()
	}()
	s.t.Cleanup(func() {
		c.Process.Kill()
		<-c.exited
	})
	select {
	case rest := <-found:
		return rest, c
	case <-c.exited:
		s.t.Fatalf("%v ended and did not say %q:\n%s", args, text, c.stderr.String())
		return "", nil
	}
}

// detached starts a run on the server of the site, and returns its id and a link to its page.
func (s *site) detached(args ...string) (id, link string) {
	s.t.Helper()
	out, code := s.output(append([]string{"apply", "--detach"}, args...)...)
	if code != 0 {
		s.t.Fatalf("apply --detach: exit %d", code)
	}
	id = strings.TrimSpace(out)
	link, code = s.output("link", id)
	if code != 0 {
		s.t.Fatalf("link: exit %d", code)
	}
	return id, strings.TrimSpace(link)
}

const sentence = `(document.querySelector(".sentence")?.textContent ?? "")`

// followsARun: from the link that apply prints to the verdict, without a reload and without an error in the console. The
// server is part of apply and gone with it; the page has all that it shows by then. It is the quickstart, whose setup takes
// some seconds longer, so that there is time to see what it waits for.
func followsARun(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	quickstart, err := os.ReadFile(filepath.Join(examples, "quickstart.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	const first = "      DROP TABLE IF EXISTS order_lines;\n"
	rows := 250_000
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		rows = 10_000 // which take as long then
	}
	slow := strings.Repeat(fmt.Sprintf("      SELECT MAX(i) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n);\n", rows), 12)
	text := strings.Replace(string(quickstart), first, slow+first, 1)
	link, apply := s.talking("dashboard ", "apply", s.spec(text), "--var", "warmup=3s", "--var", "duration=12s")
	p.Go(link)
	p.Wait(sentence + ` === "PREPARING: setup SQL"`)
	browsertest.Eval[any](p, `{
		const e = document.querySelector(".sentence"); // it stays the same element
		new MutationObserver(() => { if (/^WARMUP: [1-9][\d,]* operations? begun and [1-9]/.test(e.textContent)) window.numbers ??= performance.timeOrigin + performance.now(); })
			.observe(e, { childList: true, characterData: true, subtree: true });
	}`)
	p.Wait(`window.numbers`)
	// The first numbers are there before the first second is over.
	after := browsertest.Eval[float64](p, `fetch("/api" + location.pathname).then((a) => a.json()).then((run) => window.numbers - Date.parse(run.start_time))`)
	t.Logf("live numbers %.0f ms after t0", after)
	if milliseconds(after) > time.Second {
		t.Errorf("the first numbers are there %.0f ms after the start, want one second", after)
	}
	p.Wait(sentence + `.match(/^WARMUP: [1-9][\d,]* operations per second/)`)
	if at := browsertest.Eval[string](p, "location.href"); strings.Contains(at, "#") {
		t.Errorf("the code of the link is still in the address %s", at)
	}
	browsertest.Eval[any](p, "window.unbroken = true")
	p.Wait(sentence + `.startsWith("MEASUREMENT: ") && ` + sentence + `.includes("operations per second")`)
	p.Wait(`document.querySelector(".pill").lastChild.textContent.startsWith("live, ")`)
	look(t, p, "run-live")
	p.Wait(`/^(Passed|Failed|Undetermined): /.test(` + sentence + `)`)
	look(t, p, "run-over")
	if !browsertest.Eval[bool](p, "window.unbroken === true") {
		t.Error("the page was loaded again")
	}
	apply.code()
}

const smallSpec = `
run "%s" {
  labels   = { ticket = "INC-4182" }
  warmup   = "1s"
  duration = "%s"
  target "null" {
    latency    = "%s"
    error_rate = 0.01
  }
  load "closed" { connections = 4 }
  workload "read" {
    weight = 80
    sql    = "SELECT 1"
  }
  workload "a write" {
    weight = 20
    sql    = "SELECT 2"
  }
  slo "p95" {
    metric = "response.p95"
    max    = "2s"
    min_n  = 10
  }
}
`

// everyScreen: all screens of finished runs, by a server and in a report, whose numbers are those of bench report.
func everyScreen(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	s.serve()
	var ids []string
	for i, latency := range []string{"2ms", "5ms"} {
		out, _ := s.output("apply", "-q", "-o", "json", s.spec(fmt.Sprintf(smallSpec, fmt.Sprint("small-", i), "3s", latency)))
		run, _, _ := strings.Cut(out[strings.Index(out, `"run":{"id":"`)+len(`"run":{"id":"`):], `"`)
		ids = append(ids, run)
	}
	link, _ := s.output("link", ids[0])
	base, _, _ := strings.Cut(strings.TrimSpace(link), "/runs/")
	p.Go(strings.TrimSpace(link))
	p.Wait(sentence + `.startsWith("Passed: ")`)
	look(t, p, "run")
	s.sameNumbers(t, p, ids[0])

	p.Go(base + "/?q=ticket%3Dinc-4182")
	p.Wait(`document.querySelectorAll("tbody .spark").length === 4`)
	look(t, p, "runs")
	browsertest.Eval[any](p, `document.querySelectorAll("input[type=checkbox]").forEach((e) => e.click())`)
	p.Wait(`document.querySelector("a.button").textContent === "Compare 2 runs"`)
	browsertest.Eval[any](p, `document.querySelector("a.button").click()`)
	p.WaitText("A small-0")
	p.WaitText("in the median second of MEASUREMENT")
	look(t, p, "compare")

	p.Go(base + "/runs/" + ids[0] + "/explore")
	p.WaitText("Exact for 0:01 to 0:04")
	browsertest.Eval[any](p, `{ const [from, to] = document.querySelectorAll("input[type=number]"); from.value = 2; to.value = 3; to.dispatchEvent(new Event("change")); }`)
	p.WaitText("Exact for 0:02 to 0:03 since the start, from 1 histogram;")
	began := browsertest.Eval[[]string](p, fmt.Sprintf(lines, "Slowest operations")+`.map((row) => row.cells[4].textContent)`)
	if len(began) == 0 || slices.ContainsFunc(began, func(s string) bool { return s != "0:01" && s != "0:02" }) {
		t.Errorf("the slowest operations that ended in the third second began at %q", began)
	}
	look(t, p, "explore")

	p.Go(base + "/runs/" + ids[0] + "/doctor")
	p.Wait(sentence + ` === "Every check that applies passes, with evidence."`)
	s.sameFindings(t, p, ids[0])
	look(t, p, "doctor")

	report := filepath.Join(s.dir, "report.html")
	if _, code := s.output("report", ids[0], "--out", report); code != 0 {
		t.Fatalf("report --out: exit %d", code)
	}
	p.Offline()
	p.Go("file://" + report)
	p.Wait(sentence + `.startsWith("Passed: ")`)
	look(t, p, "report")
	s.sameNumbers(t, p, ids[0])
	browsertest.Eval[any](p, `[...document.querySelectorAll("nav a")].find((a) => a.textContent === "Explore").click()`)
	p.WaitText("Exact for 0:01 to 0:04")
	look(t, p, "report-explore")
	browsertest.Eval[any](p, `[...document.querySelectorAll("nav a")].find((a) => a.textContent === "Doctor").click()`)
	p.Wait(sentence + ` === "Every check that applies passes, with evidence."`)
	s.sameFindings(t, p, ids[0])
	look(t, p, "report-doctor")
}

// sameFindings holds the doctor's screen against bench doctor -o json: every check, its outcome, its rows, and what a person
// takes elsewhere: the SQL, which the button copies as it is, and the page of text.
func (s *site) sameFindings(t *testing.T, p *browsertest.Page, id string) {
	t.Helper()
	report, _ := s.examine(id)
	type shown struct {
		Outcome, SQL, Runbook string
		Rows                  int
	}
	const read = `Object.fromEntries([...document.querySelectorAll("details[id^=BEN]")].map((e) => [e.id, {
		outcome: e.querySelector("summary .mark").lastChild.textContent, sql: e.querySelector("pre")?.textContent ?? "",
		runbook: (e.querySelector(".runbook")?.textContent ?? "").replace(/\s/g, ""), rows: e.querySelectorAll("tbody tr").length }]))`
	found := browsertest.Eval[map[string]shown](p, read)
	withSQL := 0
	for i := range report.Checks {
		f := &report.Checks[i]
		got, is := found[f.Code]
		if f.Why == diagnostics.WhyDoesntApply {
			if is || !browsertest.Eval[bool](p, fmt.Sprintf(`[...document.querySelectorAll("details.idle code")].some((e) => e.textContent === %q)`, f.Code)) {
				t.Errorf("%s does not apply, and is shown: %+v", f.Code, got)
			}
			continue
		}
		if want := (shown{string(f.Outcome), f.SQL, strings.Join(strings.Fields(f.Runbook), ""), len(f.Rows)}); got != want {
			t.Errorf("%s is shown as %+v, want %+v", f.Code, got, want)
		}
		if f.Runbook == "" || f.Source == diagnostics.SourceRun && f.SQL == "" {
			t.Errorf("%s has no SQL or no page of text: %+v", f.Code, f)
		}
		if f.SQL != "" {
			withSQL++
			s.query(f.SQL) // it can be pasted
		}
	}
	if withSQL < 5 {
		t.Errorf("%d checks have SQL", withSQL)
	}
}

// sameNumbers holds the result on a page against that of bench report -o json, cell by cell.
func (s *site) sameNumbers(t *testing.T, p *browsertest.Page, id string) {
	t.Helper()
	out, _ := s.output("report", id, "-o", "json")
	var told struct {
		Result struct {
			Workloads []struct {
				Workload   string
				Done       int64
				Planned    int64
				Throughput float64 `json:"throughput_ops"`
				Response   struct {
					P50  int64 `json:"p50_us"`
					P95  int64 `json:"p95_us"`
					P99  int64 `json:"p99_us"`
					P999 int64 `json:"p999_us"`
					Max  int64 `json:"max_us"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		t.Fatal(err)
	}
	lines := browsertest.Eval[[][]string](p, `[...document.querySelectorAll("table")].find((t) => t.caption.textContent === "Result by workload").tBodies[0].rows.length
		? [...[...document.querySelectorAll("table")].find((t) => t.caption.textContent === "Result by workload").tBodies[0].rows].map((r) => [...r.cells].map((c) => c.textContent)) : []`)
	if len(lines) != len(told.Result.Workloads) || len(lines) < 3 {
		t.Fatalf("%d lines of %d workloads", len(lines), len(told.Result.Workloads))
	}
	for i, w := range told.Result.Workloads {
		want := []any{w.Planned, w.Planned - w.Done, w.Response.P50, w.Response.P95, w.Response.P99, w.Response.P999, w.Response.Max}
		got := []any{figure(lines[i][1]), figure(lines[i][3]), micros(lines[i][4]), micros(lines[i][6]), micros(lines[i][7]), micros(lines[i][8]), micros(lines[i][9])}
		for j := range want {
			a, b := float64(want[j].(int64)), got[j].(float64)
			if d := a - b; d < -0.005*a-0.5 || d > 0.005*a+0.5 { // three digits are shown
				t.Errorf("%q: column %d has %v, bench report %v: %v", w.Workload, j, b, a, lines[i])
			}
		}
	}
}

// figure reads a number with commas.
func figure(text string) (x float64) {
	fmt.Sscan(strings.ReplaceAll(text, ",", ""), &x)
	return x
}

// micros reads a latency.
func micros(text string) float64 {
	d, err := time.ParseDuration(strings.TrimPrefix(text, "≥ "))
	if err != nil {
		return -1
	}
	return float64(d) / 1000
}

const failureSpec = `
run "failure" {
  warmup   = "1s"
  duration = "60s"
  ready    = "60s"
  drain    = "1s"
  target "%s" {
    %s
  }
  %s
  load "closed" { connections = 3 }
  workload "read" { sql = "SELECT 1" }
}
`

// saysWhatIsWrong: in each of these runs the sentence at the top names the cause. What befalls workers from inside is in
// TestDashboardNamesTheCause of cli.
func saysWhatIsWrong(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	server := s.serve()
	slow := `param "slow" { pool = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000000) SELECT MAX(i) FROM n" }`
	for _, c := range []struct {
		name, target, option, more string
		act                        func(id string)
		want                       string // a regular expression
	}{
		{"a statement that hangs", "null", `hang = true`, "", nil, `^(WARMUP|MEASUREMENT): 3 operations in flight and none finished, the oldest for \d`},
		{"every statement fails", "null", "latency = \"1ms\"\nerror_rate = 1", `guard { max_error_rate = 1 }`, nil, `^(WARMUP|MEASUREMENT): every operation failed: `},
		{"more errors than are allowed", "null", "latency = \"1ms\"\nerror_rate = 0.9", `guard { max_error_rate = 0.5 }`, nil, `^FAILED in (WARMUP|MEASUREMENT): .*error`},
		{"no login", "null", `refuse = true`, "", nil, `^FAILED in PREPARING: .*refuses connections`},
		{"setup that is refused", "sqlite", `temporary = true`, `setup { sql = "CREATE TABLE nonsense" }`, nil, `^FAILED in PREPARING: .*(syntax|incomplete)`},
		{"a worker that is not ready", "sqlite", `temporary = true`, slow, nil, `^PREPARING: .*worker-0 \(.*pool.*\)`},
		{"a worker that is stopped", "null", `latency = "5ms"`, `fleet "process" { workers = 1 }`, func(id string) {
			p.Wait(sentence + `.includes("operations per second")`)
			syscall.Kill(s.pids()["worker-0"], syscall.SIGSTOP)
		}, `^(WARMUP|MEASUREMENT): worker-0 is STALE`},
		{"a server that is gone", "null", `latency = "5ms"`, "", func(string) {
			p.Wait(sentence + `.includes("operations per second")`)
			server.Process.Kill()
		}, `^The server cannot be reached; trying again \(attempt \d+\)\. What is shown is \S+ old\.$`},
	} {
		text := fmt.Sprintf(failureSpec, c.target, c.option, c.more)
		if strings.Contains(c.more, `param "slow"`) {
			text = strings.Replace(text, "SELECT 1\"", "SELECT :slow\"", 1)
			text = strings.Replace(text, `SELECT :slow UNION`, `SELECT 1 UNION`, 1)
		}
		id, link := s.detached(s.spec(text))
		p.Go(link)
		if c.act != nil {
			c.act(id)
		}
		quoted, _ := json.Marshal(c.want)
		p.Wait("new RegExp(" + string(quoted) + ").test(" + sentence + ")")
		t.Logf("%s: %s", c.name, browsertest.Eval[string](p, sentence))
		if c.name == "a statement that hangs" {
			look(t, p, "run-hanging")
			doctorScreen(t, p)
		}
		s.output("stop", "--force", id)
	}
	p.Forgive("net::ERR_") // of the server that was ended
	p.Forgive("WebSocket")
}

// doctorScreen: the cause of a run that hangs stands at the top and is open, with its remedy; what can be copied is copied.
func doctorScreen(t *testing.T, p *browsertest.Page) {
	t.Helper()
	p.Wait(sentence + `.endsWith("(BEN0123)")`) // it is found by itself as well
	browsertest.Eval[any](p, `[...document.querySelectorAll("nav a")].find((a) => a.textContent === "Doctor").click()`)
	p.Wait(sentence + `.startsWith("QPS 0 because 3 operations in flight") && ` + sentence + `.includes("Cause: BEN0123 ")`)
	if !browsertest.Eval[bool](p, `document.getElementById("BEN0123").open && document.getElementById("BEN0123").innerText.includes("locks")`) {
		t.Error("the cause is not open, or has no remedy")
	}
	p.Grant("clipboardReadWrite", "clipboardSanitizedWrite")
	const sql = `document.querySelector("#BEN0308 pre, #BEN0301 pre")`
	browsertest.Eval[any](p, sql+`.closest("details").open = true; `+sql+`.closest(".quoted").querySelector("button").click()`)
	p.Wait(sql + `.closest(".quoted").querySelector("button").textContent === "Copied"`)
	if copied, want := browsertest.Eval[string](p, `navigator.clipboard.readText()`), browsertest.Eval[string](p, sql+".textContent"); copied != want || !strings.Contains(want, "SELECT") {
		t.Errorf("copied %q, want %q", copied, want)
	}
	look(t, p, "doctor-found")
}

// saysWhatTheReplicaRefuses: the run goes on, and the sentence at the top says that its copy does not.
func saysWhatTheReplicaRefuses(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	revoke := s.revocable()
	s.serve()
	id, link := s.detached(s.spec(fmt.Sprintf(doctorSpec, `target "null" { latency = "20ms" }`)))
	p.Go(link)
	next, _ := s.frames(id)
	until(t, next, "a replica that is current", func(f api.Frame) bool { return f.Replica != nil && f.Replica.State == api.ReplicaCurrent })
	revoke()
	p.Wait(`/^(WARMUP|MEASUREMENT): replica: .*permission denied.* \(BEN0511\)$/.test(` + sentence + `)`)
	t.Logf("%s", browsertest.Eval[string](p, sentence))
	s.output("stop", "--force", id)
}

const lines = `[...[...document.querySelectorAll("table")].find((t) => t.caption.textContent === "%s").tBodies[0].rows]`

// hidden: a page that nobody can see paints nothing, and shows every second once it is looked at again.
func hidden(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	s.serve()
	id, link := s.detached(s.spec(fmt.Sprintf(smallSpec, "hidden", "60s", "5ms")))
	p.Go(link)
	p.Wait(sentence + `.startsWith("MEASUREMENT: ") && ` + sentence + `.includes("operations per second")`)
	stored := func(seconds int) string {
		return fmt.Sprintf(`(async () => { while ((await fetch("/api/runs/%s/chart").then((a) => a.json())).rows.length < %d) await new Promise((done) => setTimeout(done, 100)); return true; })()`, id, seconds)
	}
	browsertest.Eval[any](p, `{
		Object.defineProperty(document, "hidden", { configurable: true, get: () => window.away });
		window.away = true;
		window.painted = 0;
		new MutationObserver((changes) => { window.painted += changes.length; }).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true, attributes: true });
	}`)
	p.Settle() // what was asked for before
	before := browsertest.Eval[int](p, "window.painted")
	browsertest.Eval[bool](p, stored(7))
	if after := browsertest.Eval[int](p, "window.painted"); after != before {
		t.Errorf("a hidden page changed %d times", after-before)
	}
	browsertest.Eval[any](p, `{ window.away = false; document.dispatchEvent(new Event("visibilitychange")); }`)
	p.Wait(fmt.Sprintf(lines, "Throughput") + `.map((r) => r.cells[0].textContent).join().startsWith("0:00,0:01,0:02,0:03,0:04,0:05,0:06")`)
	s.output("stop", id)
}

// warehouse: what a run costs is shown while it goes on; where the time of its statements went once the target has said it,
// which is after the end of the run, without a reload. No run without a warehouse has any of it.
func warehouse(t *testing.T, p *browsertest.Page) {
	h := startHistoric(t)
	s := newSite(t)
	s.env = []string{"PASSWORD=canary"}
	s.serve()
	out, code := s.output("apply", "-q", s.spec(fmt.Sprintf(smallSpec, "without", "1s", "2ms")))
	if code != 0 {
		t.Fatalf("apply: exit %d: %s", code, out)
	}
	link, _ := s.output("link", "@last")
	const shown = `[...document.querySelectorAll("h2, h3")].filter((e) => ["Warehouse", "The target's side"].includes(e.textContent) && e.offsetParent).length`
	p.Go(strings.TrimSpace(link))
	p.Wait(sentence + `.startsWith("Passed: ")`)
	if n := browsertest.Eval[int](p, shown); n != 0 {
		t.Errorf("%d blocks about a warehouse that there is not", n)
	}
	id, link := s.detached(s.spec(h.spec("9s", "")))
	p.Go(link)
	for _, text := range []string{"BENCH_WH, X-Small", "1 of 1 to 1", "credits so far", ", at 1 per hour and cluster"} {
		p.WaitText(text)
	}
	p.Wait(sentence + `.startsWith("Passed: no SLO was asked for")`)
	p.WaitText("the target is being asked")
	p.WaitText("Where the time of the mean operation went")
	for _, text := range []string{"steady credits, estimated", "billed credits, estimated", " per 1,000 operations", "at most 7 statements queued, at 0:0"} {
		p.WaitText(text)
	}
	look(t, p, "run-warehouse")
	splits := browsertest.Eval[[]string](p, fmt.Sprintf(lines, "Where the time of the mean operation went")+`.map((row) => [...row.cells].map((c) => c.textContent).join(" "))`)
	t.Logf("%q", splits)
	if len(splits) != 3 {
		t.Errorf("%d rows of split times: %q", len(splits), splits)
	}
	file := filepath.Join(s.dir, "report.html")
	if _, code := s.output("report", id, "--out", file); code != 0 {
		t.Fatalf("report: exit %d", code)
	}
	p.Go("file://" + file)
	p.WaitText("Where the time of the mean operation went")
}

// looksAndStops: who was given a link to look may not stop; who may, is asked first.
func looksAndStops(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	s.serve()
	id, link := s.detached(s.spec(fmt.Sprintf(smallSpec, "stopped", "60s", "2ms")))
	guest, code := s.output("link", "--read-only", id)
	if code != 0 {
		t.Fatalf("link --read-only: exit %d", code)
	}
	const button = `[...document.querySelectorAll("button")].find((b) => b.textContent === "%s")`
	p.Go(strings.TrimSpace(guest))
	p.Wait(sentence + `.includes("operations per second")`)
	// What was offered, begun and done in a second, and how well the worker keeps up with it.
	p.Wait(`["Offered", "Started", "Completed", "In flight"].every((name) => /^\d/.test([...document.querySelectorAll(".levels dt")].find((e) => e.textContent === name)?.nextSibling.textContent))`)
	p.Wait(fmt.Sprintf(lines, "Workers") + `.length === 1 && [/^\d.*%$/, /^\d.*s$/, /^\d.*s$/].every((form, i) => form.test(` + fmt.Sprintf(lines, "Workers") + `[0].cells[4 + i].textContent))`)
	if browsertest.Eval[bool](p, "Boolean("+fmt.Sprintf(button, "Stop…")+")") {
		t.Error("who may only look is offered to stop")
	}
	status := browsertest.Eval[int](p, `fetch("/api/runs/`+id+`/stop", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"mode":"stop"}'}).then((a) => a.status)`)
	if status != 403 {
		t.Errorf("who may only look stops a run: %d", status)
	}
	p.Forgive("403")
	p.Go("about:blank")
	p.Go(strings.TrimSpace(guest)) // its code is used up, but the session goes on
	p.Wait(sentence + `.includes("operations per second")`)

	p.Go("about:blank")
	p.Go(link)
	p.Wait("Boolean(" + fmt.Sprintf(button, "Stop…") + ")")
	browsertest.Eval[any](p, fmt.Sprintf(button, "Stop…")+".click()")
	p.Wait(`document.querySelector("dialog:modal")?.innerText.includes("everything that was measured is kept")`)
	look(t, p, "stop")
	browsertest.Eval[any](p, fmt.Sprintf(button, "Stop, let it drain")+".click()")
	p.Wait(sentence + `.startsWith("CANCELLED in ")`)
	p.Forgive("401") // of the code that was used up
}

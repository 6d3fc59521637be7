package main

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/server/dashboard/browsertest"
	"bench/sql/dialect"
)

// lengthen makes a run that has ended one of many hours: its first second of MEASUREMENT over and over, with other latencies,
// and a spike of a single second, which no chart may lose.
func (s *site) lengthen(id string, seconds int) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.journal()+"?_pragma=busy_timeout(5000)&_pragma=synchronous(off)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	run := func(query string, args ...any) {
		s.t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			s.t.Fatalf("%s: %v", query, err)
		}
	}
	var columns, values []string
	for _, row := range s.query("SELECT name FROM pragma_table_info('RUN_SECONDS') ORDER BY cid") {
		name := row[0].(string)
		columns = append(columns, name)
		switch name {
		case "SECOND":
			name = "n.i"
		case "P50_US", "P95_US", "P99_US", "MAX_US":
			name = "R." + name + " + 137 * (n.i * 7919 % 97)"
		default:
			name = "R." + name
		}
		values = append(values, name)
	}
	run("DELETE FROM RUN_SECONDS WHERE RUN_ID = ? AND SECOND > 1", id)
	run(fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO RUN_SECONDS (%s) SELECT %s FROM n CROSS JOIN RUN_SECONDS R WHERE R.RUN_ID = ? AND R.SECOND = 1",
		seconds-1, strings.Join(columns, ", "), strings.Join(values, ", ")), id)
	run("UPDATE RUN_SECONDS SET P99_US = 43210987 WHERE RUN_ID = ? AND SECOND = ?", id, seconds/3)
	start, err := time.Parse(dialect.TimeLayout, s.query("SELECT START_TIME FROM RUN_STATUS WHERE RUN_ID = ?", id)[0][0].(string))
	if err != nil {
		s.t.Fatal(err)
	}
	end := start.Add(time.Duration(seconds) * time.Second).Format(dialect.TimeLayout)
	run("UPDATE RUN_STATUS SET DURATION_SECONDS = ?, MEASUREMENT_END_TIME = ?, END_TIME = ? WHERE RUN_ID = ?", seconds-1, end, end, id)
}

// longRun: a run of ten minutes, or with BENCH_TEST_LONG=1 of a day, of ten workloads: its page opens fast, stays small, and its
// report too.
func longRun(t *testing.T, p *browsertest.Page) {
	length := 10 * time.Minute
	if os.Getenv("BENCH_TEST_LONG") == "1" {
		length = 24 * time.Hour
	}
	s := newSite(t)
	var spec strings.Builder
	fmt.Fprint(&spec, "run \"long\" {\n  warmup = \"1s\"\n  duration = \"2s\"\n  target \"null\" { latency = \"1ms\" }\n  load \"closed\" { connections = 10 }\n")
	for i := range 10 {
		fmt.Fprintf(&spec, "  workload \"w%d\" { sql = \"SELECT 1\" }\n", i)
	}
	fmt.Fprint(&spec, "}\n")
	if code := s.start("apply", "-q", s.spec(spec.String())).code(); code != 0 {
		t.Fatalf("apply: exit %d", code)
	}
	id := s.query("SELECT RUN_ID FROM RUN_STATUS")[0][0].(string)
	began := time.Now()
	s.lengthen(id, int(length.Seconds()))
	t.Logf("%v of 10 workloads made in %v", length, time.Since(began).Round(time.Millisecond))
	s.serve()
	link, _ := s.output("link", id)
	const drawn = `document.querySelectorAll("figure.chart canvas").length >= 6 && document.querySelector("figure.chart .finding").textContent.includes("completed on average")`
	p.Go(strings.TrimSpace(link))
	p.Wait(drawn)
	took := browsertest.Eval[float64](p, "performance.now()")
	p.Wait(`[...document.querySelectorAll("figure.chart")].find((f) => f.innerText.includes("Response times over time")).innerText.includes("the median lies")`)
	t.Logf("the page opened in %.0f ms, with the heat map %.0f ms", took, browsertest.Eval[float64](p, "performance.now()"))
	if limit := 2000.0; took > limit && length == 24*time.Hour {
		t.Errorf("the page opened in %.0f ms, want %.0f", took, limit)
	}
	if told := browsertest.Eval[string](p, `[...document.querySelectorAll("figure.chart")].find((f) => f.innerText.includes("from the intended start")).querySelector(".unseen").innerText`); !strings.Contains(told, "ms") {
		t.Errorf("the table of response times has %q", told)
	}
	// A zoom over a third of the run, and back, as a mouse would do it.
	slowest := browsertest.Eval[float64](p, `(async () => {
		let worst = 0;
		const over = document.querySelector(".u-over"), box = over.getBoundingClientRect();
		const at = (type, share) => (type === "mousedown" || type === "mousemove" ? over : document).dispatchEvent(new MouseEvent(type, { bubbles: true, button: 0, clientX: box.left + box.width * share, clientY: box.top + 50 }));
		for (let i = 0; i < 20; i++) {
			const start = performance.now();
			at("mousedown", 0.3); at("mousemove", 0.3 + i / 60); at("mouseup", 0.3 + i / 60);
			await new Promise(requestAnimationFrame);
			worst = Math.max(worst, performance.now() - start);
			over.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
			await new Promise(requestAnimationFrame);
		}
		return worst;
	})()`)
	var heap struct{ UsedSize float64 }
	p.Call("HeapProfiler.collectGarbage", nil, nil)
	p.Call("Runtime.getHeapUsage", nil, &heap)
	t.Logf("a zoom took at most %.0f ms; the page holds %.1f MB", slowest, heap.UsedSize/1e6)
	if heap.UsedSize > 200e6 {
		t.Errorf("the page holds %.0f MB", heap.UsedSize/1e6)
	}
	look(t, p, "run-long")

	report := filepath.Join(s.dir, "report.html")
	began = time.Now()
	if _, code := s.output("--timeout", "5m", "report", id, "--out", report); code != 0 {
		t.Fatalf("report --out: exit %d", code)
	}
	info, err := os.Stat(report)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a report of %.2f MB in %v", float64(info.Size())/1e6, time.Since(began).Round(time.Millisecond))
	if info.Size() > 5e6 {
		t.Errorf("the report has %d bytes", info.Size())
	}
	p.Go("file://" + report)
	p.Wait(drawn)
	// The spike of one second among so many is in the report's series.
	chart := recordedChart(t, report, "/api/runs/"+id+"/chart?workload=&buckets=1000")
	spike := slices.ContainsFunc(chart.Rows, func(row []*int64) bool {
		us := row[slices.Index(chart.Columns, "p99_max_us")]
		return us != nil && *us == 43210987
	})
	if !spike || len(chart.Rows) > 1002 {
		t.Errorf("a chart of %d points has the slowest second: %v", len(chart.Rows), spike)
	}
}

// recordedChart is the answer to a path that a report holds.
func recordedChart(t *testing.T, report, path string) bench.Chart {
	t.Helper()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	_, packed, _ := bytes.Cut(text, []byte(`type="application/octet-stream">`))
	packed, _, _ = bytes.Cut(packed, []byte("</script>"))
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	var held struct{ Answers map[string]json.RawMessage }
	if err := json.NewDecoder(z).Decode(&held); err != nil {
		t.Fatal(err)
	}
	var chart bench.Chart
	if err := json.Unmarshal(held.Answers[path], &chart); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return chart
}

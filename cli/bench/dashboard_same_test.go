package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"bench/server/dashboard/browsertest"
)

// listsARun: the list draws a run that goes on anew every few seconds. What has the keyboard keeps it, and nothing is asked
// for that is not there yet, which the console would tell.
func listsARun(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	s.serve()
	id, link := s.detached(s.spec(fmt.Sprintf(smallSpec, "listed", "60s", "5ms")))
	base, _, _ := strings.Cut(link, "/runs/")
	p.Go(link)
	p.Wait(sentence + `.startsWith("MEASUREMENT: ")`)
	p.Go(base + "/")
	const row = `document.querySelector("tbody").rows[0]`
	p.Wait(row + `?.querySelector(".spark")`)
	browsertest.Eval[any](p, `{ window.first = `+row+`; window.first.querySelector("a").focus(); }`)
	p.Wait(row + ` !== window.first`)
	if !browsertest.Eval[bool](p, `document.activeElement === `+row+`.querySelector("a")`) {
		t.Error("the link that had the keyboard lost it")
	}
	browsertest.Eval[any](p, `{ const box = `+row+`.querySelector("input"); box.focus(); box.click(); window.first = `+row+`; }`)
	// Another run takes the first line.
	s.output("stop", "--force", id)
	s.detached(s.spec(fmt.Sprintf(smallSpec, "newer", "60s", "5ms")))
	p.Wait(row + `.innerText.includes("newer")`)
	if got := browsertest.Eval[string](p, `document.activeElement.value ?? document.activeElement.localName`); got != id {
		t.Errorf("the keyboard is at %q, want %s", got, id)
	}
	s.output("stop", "--force")
}

const unevenSpec = `
run "uneven" {
  duration = "2100ms"
  target "sqlite" { temporary = true }
  load "closed" { connections = 1 }
  workload "slow" {
    sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT MAX(i) FROM n"
  }
  workload "a-name-that-is-as-long-as-those-that-are-made-of-the-names-of-files-in-a-folder-of-queries" {
    sql = "SELECT abs(-9223372036854775808)"
    load "closed" {
      connections = 1
      pacing      = "100ms"
    }
  }
}
`

// sameEverywhere: of a run that ends within a second, and with operations in flight, every screen tells what bench report
// does, also one that was open before its end; a workload of which nothing was done has no latency.
func sameEverywhere(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	s.serve()
	id, link := s.detached(s.spec(unevenSpec))
	base, _, _ := strings.Cut(link, "/runs/")
	code := link[strings.Index(link, "#"):]
	p.Go(base + "/runs/" + id + "/explore" + code)
	p.Wait(`document.querySelector(".pill")?.innerText.includes("ended")`)
	out, _ := s.output("report", id, "-o", "json")
	var told struct {
		Result struct {
			Workloads []struct {
				Done       int64
				Throughput float64 `json:"throughput_ops"`
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		t.Fatal(err)
	}
	all := told.Result.Workloads[2]
	percentiles := fmt.Sprintf(lines, "Percentiles")
	p.Wait(fmt.Sprintf(`%s[0]?.cells[1].textContent === "%d"`, percentiles, all.Done))
	within := browsertest.Eval[int64](p, fmt.Sprintf(lines, "Response times over time")+`.reduce((n, row) => n + Number(row.cells[2].textContent), 0)`)
	if late := browsertest.Eval[bool](p, `document.body.innerText.includes("ended after it")`); within > all.Done || late != (within < all.Done) {
		t.Errorf("%d of %d operations were done within MEASUREMENT, and that others ended after it is told: %v", within, all.Done, late)
	}
	p.Wait(fmt.Sprintf(lines, "Slowest operations") + `.length > 0`)

	p.Size(390, 900)
	p.Settle()
	if wide := browsertest.Eval[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("on a phone the page is %d pixels wide", wide)
	}
	p.Size(1440, 900)

	p.Go(base + "/runs/" + id)
	p.Wait(sentence + `.startsWith("Passed: ")`)
	average := `Number(/^([\d.]+)\/s completed on average/.exec(document.querySelector(".charts .finding").textContent)?.[1])`
	p.Wait(fmt.Sprintf(`Math.abs(%s - %v) <= 0.05001`, average, all.Throughput))
	cells := browsertest.Eval[[]string](p, fmt.Sprintf(lines, "Result by workload")+`[1].cells.length ? [...`+fmt.Sprintf(lines, "Result by workload")+`[1].cells].slice(4).map((c) => c.textContent) : []`)
	if got := strings.Join(cells, ""); got != strings.Repeat("–", 8) {
		t.Errorf("the latencies of a workload of which nothing was done are %q", cells)
	}
}

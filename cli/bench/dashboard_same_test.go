package main

import (
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

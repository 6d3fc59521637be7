package browsertest

import (
	_ "embed"
	"fmt"
	"strings"
)

// axe is axe.min.js of the npm package axe-core 4.14.1, unchanged; its licence lies beside it.
//
//go:embed axe.min.js
var axe string

// Accessible has axe-core look at the page as it is, and fails the test with each of its findings.
func (p *Page) Accessible(name string) {
	p.t.Helper()
	Eval[any](p, axe+"; null")
	type violation struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	for _, v := range Eval[[]violation](p, `axe.run().then((found) => found.violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map(({html, failureSummary}) => ({html, failureSummary}))})))`) {
		var where []string
		for _, n := range v.Nodes[:min(len(v.Nodes), 3)] {
			where = append(where, fmt.Sprintf("%s\n      %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n      ")))
		}
		p.t.Errorf("%s: axe: %s: %s (%d times)\n    %s", name, v.ID, v.Help, len(v.Nodes), strings.Join(where, "\n    "))
	}
}

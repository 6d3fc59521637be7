package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func narrowing() *table {
	t := &table{columns: []column{{title: "workload", left: true}, {title: "ops"}, {title: "p90", rank: 2}, {title: "mean", rank: 1}}}
	t.add("lookup", "1,234", "48.2ms", "30ms")
	t.add("all", "1,234", "950µs", "")
	return t
}

func TestTableDropsTheLeastImportantColumnFirst(t *testing.T) {
	for _, c := range []struct {
		width         int
		want, omitted []string
	}{
		{0, []string{"workload    ops     p90  mean", "lookup    1,234  48.2ms  30ms", "all       1,234   950µs"}, nil},
		{28, []string{"workload    ops  mean", "lookup    1,234  30ms", "all       1,234"}, []string{"p90"}},
		{20, []string{"workload    ops", "lookup    1,234", "all       1,234"}, []string{"p90", "mean"}},
		{8, []string{"workloa~", "lookup ~", "all    ~"}, []string{"p90", "mean"}},
	} {
		got, omitted := narrowing().lines(c.width, false)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("width %d (-want +got):\n%s", c.width, diff)
		}
		if diff := cmp.Diff(c.omitted, omitted); diff != "" {
			t.Errorf("width %d omitted (-want +got):\n%s", c.width, diff)
		}
	}
}

func TestClipCountsCharactersNotBytes(t *testing.T) {
	for width := 1; width < 12; width++ {
		if n := utf8.RuneCountInString(clip("950µs 950µs", width)); n != min(width, 11) {
			t.Errorf("clip to %d gave %d characters", width, n)
		}
	}
}

func TestClipKeepsColourOutOfTheCount(t *testing.T) {
	if got, want := clip(red.on(true, "FAIL")+" now", 6), "\x1b[31mFAIL\x1b[0m ~\x1b[0m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPaintOnlyWhereWanted(t *testing.T) {
	if got := red.on(false, "FAIL"); got != "FAIL" {
		t.Errorf("without colour: %q", got)
	}
	if got := red.on(true, "FAIL"); !strings.Contains(got, "FAIL") || !strings.HasPrefix(got, "\x1b[31m") {
		t.Errorf("with colour: %q", got)
	}
}

package diagnostics

import (
	"path/filepath"
	"strings"
	"testing"
)

// A bundle has the rows of checks that were not run because their cause failed: without the cause, they are decided.
func TestBundleHasWhatACauseHid(t *testing.T) {
	set := checks(t, map[string]func(string) string{
		"TST0002": nil,
		"TST0001": func(s string) string { return dependsOn("TST0002")(strings.Replace(s, "1 AS n", "2 AS n", 1)) },
	})
	k := answering([]string{"n"}, [][]any{{int64(5)}}, nil)
	r := examine(t, set, k, Options{})
	if f := r.Find("TST0001"); f.Why != WhyCauseFailed {
		t.Fatalf("%+v", f)
	}
	set.Gather(t.Context(), k, r)
	file := filepath.Join(t.TempDir(), "bundle.zip")
	if err := k.WriteBundle(file, r); err != nil {
		t.Fatal(err)
	}
	later, err := ReadBundle(file)
	if err != nil {
		t.Fatal(err)
	}
	r = examine(t, set, later, Options{Skip: map[string]string{"TST0002": "it was not the cause"}})
	if f := r.Find("TST0001"); f.Outcome != Fail || f.Detail != "n is 5" {
		t.Errorf("%+v", f)
	}
}

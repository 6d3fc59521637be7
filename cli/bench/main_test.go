package main

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program itself when it is called bench, in scripts and wherever a test starts a process. Its
// tests wait for real time far more than they compute; so many more of them than there are cores run at once.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "6")
	testscript.Main(m, map[string]func(){"bench": main})
}

// thorough is called by tests that wait for long: only where every part must be there, as in .ci/run, are they made.
func thorough(t *testing.T) {
	t.Helper()
	if os.Getenv("BENCH_TEST_REQUIRE") == "" {
		t.Skip("takes long: BENCH_TEST_REQUIRE=1 makes it")
	}
}

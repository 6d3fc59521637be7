package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program itself when it is called bench, in scripts and wherever a test starts a process. Its
// tests wait for real time far more than they compute; so many more of them than there are cores run at once.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "6")
	testscript.Main(m, map[string]func(){"bench": main})
}

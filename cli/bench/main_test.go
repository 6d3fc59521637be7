package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program itself when it is called bench, in scripts and wherever a test starts a process.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"bench": main}) }

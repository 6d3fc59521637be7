package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bench/runtime/bench"
)

// A password that a target refuses goes through every part of the program, and must be found in none of them: not in
// what it prints, stores, answers or leaves in the arguments of a process.
func TestSecretStaysSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-canary-0451"
	s := newSite(t)
	spec := s.spec(`
variable "dsn" { sensitive = true }
run "secret" {
  duration = "5s"
  target "postgres" { dsn = var.dsn }
  fleet "process" { workers = 2 }
  load "closed" { connections = 2 }
  workload "one" { sql = "SELECT 1" }
}
`)
	dsn := "postgres://bench:" + secret + "@127.0.0.1:1/none?connect_timeout=2"
	var everything bytes.Buffer
	apply := s.start("-v", "apply", spec, "--var", "dsn="+dsn)
	code := apply.code()
	if code != bench.ExitUnreachable {
		t.Errorf("a target that is down: exit %d, want %d", code, bench.ExitUnreachable)
	}
	everything.Write(apply.stdout.Bytes())
	everything.Write(apply.stderr.Bytes())
	if !strings.Contains(everything.String(), "127.0.0.1:1") && !strings.Contains(everything.String(), "refused") {
		t.Errorf("the message does not say what could not be reached:\n%s", everything.String())
	}
	for _, args := range [][]string{
		{"plan", spec, "--var", "dsn=" + dsn}, {"plan", "--print", spec, "--var", "dsn=" + dsn}, {"validate", spec, "--var", "dsn=" + dsn},
		{"list"}, {"status"}, {"report"}, {"report", "-o", "json"}, {"report", "-o", "csv"}, {"tail", "-o", "json"}, {"tail", "-o", "line"},
	} {
		c := s.start(args...)
		c.code()
		everything.Write(c.stdout.Bytes())
		everything.Write(c.stderr.Bytes())
	}
	for _, row := range s.query("SELECT * FROM RUN_LOGS") {
		for _, column := range row {
			if text, ok := column.(string); ok {
				everything.WriteString(text)
			}
		}
	}
	everything.Write(s.answers("apply", spec, "--var", "dsn="+dsn))
	s.keeps(secret, everything.Bytes())
}

// keeps fails the test when a secret is in what was said, or in a file of the site.
func (s *site) keeps(secret string, said []byte) {
	s.t.Helper()
	everything := bytes.NewBuffer(said)
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		everything.Write(b)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	b := everything.Bytes()
	if at := bytes.Index(b, []byte(secret)); at >= 0 {
		s.t.Errorf("the secret is in: …%q…", b[max(0, at-200):min(len(b), at+100)])
	}
}

// answers is what a server says of the run that a command starts, while it goes on and after it.
func (s *site) answers(args ...string) []byte {
	s.t.Helper()
	server := s.serve()
	apply := s.start(args...)
	apply.code()
	all := bytes.Clone(apply.stderr.Bytes())
	all = append(all, s.get("/api/runs", "/api/runs/@last", "/api/runs/@last/events", "/api/runs/@last/workers", "/api/runs/@last/logs",
		"/api/runs/@last/results", "/api/runs/@last/environment", "/api/runs/@last/stream", "/metrics", "/openapi.json")...)
	server.Process.Signal(os.Interrupt)
	server.code()
	return slices.Concat(all, server.stdout.Bytes(), server.stderr.Bytes())
}

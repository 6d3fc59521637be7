package main

import (
	"fmt"
	"strings"
	"testing"
)

const pausedSpec = `
run "paused" {
  duration = "%ds"
  target "null" { latency = "5ms" }
  load "closed" { connections = 2 }
  workload "w" { sql = "SELECT 1" }
}
`

// TestReportWaits: a report that waits is a viewer of the run, however long that takes, and reports its end.
func TestReportWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve()
	if _, code := s.output("apply", "--detach", s.spec(fmt.Sprintf(pausedSpec, 8))); code != 0 {
		t.Fatalf("apply --detach: exit %d", code)
	}
	report := s.start("--timeout", "2s", "report", "--wait-enriched")
	for seen := ""; !strings.Contains(seen, "viewers 1"); {
		select {
		case <-report.exited:
			t.Fatalf("the report ended and was never a viewer; the doctor said last\n%s", seen)
		default:
			seen, _ = s.output("doctor")
		}
	}
	if code := report.code(); code != 0 || !strings.Contains(report.stdout.String(), "COMPLETED, 8s measured") {
		t.Errorf("exit %d:\n%s%s", code, report.stdout.String(), report.stderr.String())
	}
}

// TestReportOutlivesTheServer: the server of an apply is gone when its run has ended; the journal has what is reported.
func TestReportOutlivesTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	apply := s.start("apply", "-q", s.spec(fmt.Sprintf(pausedSpec, 2)))
	s.follow(apply) // there is a run
	report := s.start("report", "--wait-enriched")
	if code := report.code(); code != 0 || !strings.Contains(report.stdout.String(), "COMPLETED, 2s measured") {
		t.Errorf("exit %d:\n%s%s", code, report.stdout.String(), report.stderr.String())
	}
	if code := apply.code(); code != 0 {
		t.Errorf("apply: exit %d", code)
	}
}

// TestReportWaitsForNobody: a run that nobody drives does not change any more, and whoever would wait for it is told.
func TestReportWaitsForNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := s.serve()
	if _, code := s.output("apply", "--detach", s.spec(fmt.Sprintf(pausedSpec, 60))); code != 0 {
		t.Fatalf("apply --detach: exit %d", code)
	}
	s.await("start", "SELECT PHASE = 'MEASUREMENT' FROM RUN_STATUS")
	server.Process.Kill()
	<-server.exited
	report := s.start("report", "--wait-enriched")
	if code := report.code(); code != 2 || !strings.Contains(report.stderr.String(), "there is nothing to wait for") {
		t.Errorf("exit %d:\n%s%s", code, report.stdout.String(), report.stderr.String())
	}
}

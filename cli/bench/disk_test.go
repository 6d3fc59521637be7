package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bench/runtime/bench"
	"bench/server/api"
)

const diskSpec = `
run "disk" {
  warmup   = "1s"
  duration = "%s"
  target "null" { latency = "5ms" }
  load "closed" { connections = 8 }
  workload "read" { sql = "SELECT 1" }
}
`

// newDisk is a site whose journal lies on a disk of its own, with room for its reserve and a few seconds of a run.
func newDisk(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	dir := filepath.Join(s.dir, "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		if os.Getenv("BENCH_TEST_REQUIRE") != "" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("mount a small disk, which needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return &site{t: t, dir: dir}
}

// fill takes all room that the disk has left, and returns what gives it back.
func (s *site) fill() (free func()) {
	s.t.Helper()
	path := filepath.Join(s.dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	return func() { os.Remove(path) }
}

// A disk that is full, and stays full, ends the run: whoever watches learns why before and after, and the journal knows it too, with all
// that it had taken before and what was measured in all.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	s := newDisk(t)
	apply := s.start("apply", "--interval", "1s", "--journal-after", "3s", s.spec(strings.ReplaceAll(diskSpec, "%s", "60s")))
	next, _ := s.follow(apply)
	until(t, next, "MEASUREMENT", inPhase(bench.PhaseMeasurement))
	s.fill()
	full := time.Now()
	told := until(t, next, "the trouble", func(f api.Frame) bool { return f.Journal != "" })
	if !strings.Contains(told.Journal, "full") || time.Since(full) > 3*time.Second {
		t.Errorf("after %s: %s", time.Since(full), told.Journal)
	}
	end := until(t, next, "the end", func(f api.Frame) bool { return f.T == "end" })
	if took := time.Since(full); took > 15*time.Second {
		t.Errorf("it ended after %s", took)
	}
	if code := apply.code(); code != bench.ExitEarly {
		t.Errorf("exit %d", code)
	}
	if !strings.Contains(apply.stdout.String(), "journal_unavailable: the journal could not be written for 3s: store a batch: database or disk is full") {
		t.Errorf("the reason is not told:\n%s", apply.stdout.String())
	}
	row := s.query("SELECT STATUS, STOP_REASON, END_TIME IS NOT NULL, (SELECT SUM(DONE) FROM RUN_RESULTS WHERE WORKLOAD = '') FROM RUN_STATUS")[0]
	if row[0] != "FAILED" || row[1] != string(bench.ReasonJournalUnavailable) || row[2] != int64(1) || row[3] != end.Result.All().Done || end.Result.All().Done == 0 {
		t.Errorf("the journal says %v; the result was %+v", row, end.Result.All().Ledger)
	}
	if rows := s.query("SELECT COUNT(*) FROM WORKER_METRICS_SNAPSHOTS WHERE PHASE = 'MEASUREMENT'")[0][0]; rows == int64(0) {
		t.Error("what was measured before is gone")
	}
	report, code := s.output("report")
	if code != bench.ExitEarly || !strings.Contains(report, "journal_unavailable") {
		t.Errorf("report: exit %d\n%s", code, report)
	}
}

// A disk that is full for a while costs nothing: what was measured waits, and is stored to the operation.
func TestDiskHasRoomAgain(t *testing.T) {
	t.Parallel()
	s := newDisk(t)
	apply := s.start("apply", "--journal-after", "20s", s.spec(strings.ReplaceAll(diskSpec, "%s", "8s")))
	next, _ := s.follow(apply)
	until(t, next, "MEASUREMENT", inPhase(bench.PhaseMeasurement))
	free := s.fill()
	until(t, next, "the trouble", func(f api.Frame) bool { return f.Journal != "" })
	until(t, next, "more seconds of it", func(f api.Frame) bool { return f.Journal != "" && *f.Second >= 4 })
	free()
	until(t, next, "the end of the trouble", func(f api.Frame) bool { return f.T == "d" && f.Journal == "" })
	end := until(t, next, "the end", func(f api.Frame) bool { return f.T == "end" })
	if code := apply.code(); code != bench.ExitPass || end.Result.Partial {
		t.Errorf("exit %d, partial %t", code, end.Result.Partial)
	}
	stored := s.query("SELECT (SELECT SUM(DONE) FROM WORKLOAD_SNAPSHOTS WHERE OP_PHASE = 'MEASUREMENT'), (SELECT COUNT(DISTINCT SECOND) FROM RUN_SECONDS)")[0]
	if stored[0] != end.Result.All().Done || stored[1] != int64(9) {
		t.Errorf("%v operations in %v seconds are stored, %d were counted in 9", stored[0], stored[1], end.Result.All().Done)
	}
}

// A journal that is removed under its server, where nobody could find the run again, ends the run. Its server is not called a bug.
func TestJournalIsRemoved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := s.serve("--journal-after", "1s")
	apply := s.start("apply", s.spec(strings.ReplaceAll(diskSpec, "%s", "60s")))
	next, _ := s.follow(apply)
	until(t, next, "MEASUREMENT", inPhase(bench.PhaseMeasurement))
	if err := os.Remove(s.journal()); err != nil {
		t.Fatal(err)
	}
	if code := apply.code(); code != bench.ExitEarly {
		t.Errorf("apply: exit %d", code)
	}
	if out := apply.stdout.String(); !strings.Contains(out, "journal_unavailable") || !strings.Contains(out, "journal.db was removed") {
		t.Errorf("the reason is not told:\n%s", out)
	}
	server.Process.Signal(os.Interrupt)
	if code := server.code(); code != bench.ExitUnreachable || !strings.Contains(server.stderr.String(), "journal.db was removed") {
		t.Errorf("serve: exit %d: %s", code, server.stderr.String())
	}
}

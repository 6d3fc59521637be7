package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestStartGivesEachTestItsOwnDatabase(t *testing.T) {
	a, b := Start(t), Start(t)
	if a == b {
		t.Fatalf("two databases with the address %s", a)
	}
	run(t, a, "CREATE TABLE t (n int)")
	run(t, b, "CREATE TABLE t (n int)")
}

func TestRolesNeedAPassword(t *testing.T) {
	dsn := Start(t)
	run(t, dsn, "CREATE ROLE alice LOGIN PASSWORD 'right'")
	t.Cleanup(func() { common.admin("DROP ROLE alice") })

	as := func(password string) error {
		conn, err := pgconn.Connect(t.Context(), strings.Replace(dsn, "bench@", "alice:"+password+"@", 1))
		if err == nil {
			conn.Close(t.Context())
		}
		return err
	}
	if err := as("right"); err != nil {
		t.Errorf("right password: %v", err)
	}
	if err, ok := errors.AsType[*pgconn.PgError](as("wrong")); !ok || err.Code != "28P01" {
		t.Errorf("wrong password: got %v, want 28P01", err)
	}
}

func TestServerKeepsItsDataOverARestart(t *testing.T) {
	s := StartServer(t)
	run(t, s.DSN, "CREATE TABLE t (n int)")
	before := s.PID

	s.Stop()
	if conn, err := pgconn.Connect(t.Context(), s.DSN); err == nil {
		conn.Close(t.Context())
		t.Fatal("a stopped server answers")
	}
	s.Restart()
	if s.PID == before {
		t.Errorf("PID is still %d", before)
	}
	run(t, s.DSN, "INSERT INTO t VALUES (1)")
}

// The test binary starts itself, lets the child start a server, and kills the child.
func TestNothingIsLeftAfterAKill(t *testing.T) {
	if os.Getenv("PGTEST_VICTIM") != "" {
		s := StartServer(t)
		fmt.Printf("\nvictim %d %s\n", s.PID, s.cluster.dir)
		<-t.Context().Done() // killed before that
	}
	require(t)
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingIsLeftAfterAKill$")
	victim.Env = append(os.Environ(), "PGTEST_VICTIM=1")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	var dir string
	for lines := bufio.NewScanner(out); pid == 0; {
		if !lines.Scan() {
			t.Fatalf("the child ended early: %v", lines.Err())
		}
		fmt.Sscanf(lines.Text(), "victim %d %s", &pid, &dir)
	}
	victim.Process.Kill()
	victim.Wait()

	for deadline := time.Now().Add(20 * time.Second); ; {
		_, err := os.Stat(dir)
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", dir)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(state), ") Z ") {
		t.Errorf("the server still runs: %s", state)
	} else if syscall.Kill(pid, 0) == nil && err != nil {
		t.Errorf("process %d still runs", pid)
	}
}

func run(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

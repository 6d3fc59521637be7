package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/sql/journal"
	"bench/sql/journal/journaltest"
)

// serveEnv makes the test binary a server that opens the journal at its value, writes, and waits to be killed.
const serveEnv = "JOURNAL_TEST_SERVE"

func TestMain(m *testing.M) {
	if path := os.Getenv(serveEnv); path != "" {
		if err := serve(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// serve stores one run with a batch, says so, and holds the journal until standard input ends.
func serve(path string) error {
	ctx := context.Background()
	j, err := journal.Open(ctx, path, journal.Options{})
	if err != nil {
		return err
	}
	if err := j.Create(ctx, journaltest.NewRun("run-1"), bench.Event{Epoch: 7}); err != nil {
		return err
	}
	if err := j.Write(ctx, journaltest.NewBatch("run-1", 4)); err != nil {
		return err
	}
	fmt.Println("written")
	bufio.NewReader(os.Stdin).ReadByte()
	return errors.New("the test ended before it killed the server")
}

// startServer starts such a process and waits until it has written.
func startServer(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	server := exec.CommandContext(t.Context(), os.Args[0])
	server.Env = append(os.Environ(), serveEnv+"="+path)
	server.Stderr = t.Output()
	if _, err := server.StdinPipe(); err != nil { // closed when the test ends, however it ends
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "written\n" {
		t.Fatalf("the server says %q, %v", line, err)
	}
	return server
}

// TestKilledServer: while a server lives nobody else can open the journal, but everybody can read it. When it is killed,
// what it had written is there, for readers and for the next server, which gets the lock at once.
func TestKilledServer(t *testing.T) {
	path := newPath(t)
	before := time.Now().Add(-time.Second)
	server := startServer(t, path)

	_, err := journal.Open(t.Context(), path, journal.Options{})
	locked, ok := errors.AsType[*journal.Locked](err)
	if !ok {
		t.Fatalf("got error %v, want that the journal is locked", err)
	}
	if locked.PID != server.Process.Pid || locked.Since.Before(before) || locked.Since.After(time.Now()) {
		t.Errorf("locked by %d since %v, want %d since the server started", locked.PID, locked.Since, server.Process.Pid)
	}
	if want := fmt.Sprintf("in use by process %d since ", server.Process.Pid); !strings.Contains(err.Error(), want) {
		t.Errorf("the error %q does not say %q", err, want)
	}
	if _, err := journal.OpenSchema(path); !errors.As(err, &locked) {
		t.Errorf("the schema of a served journal: got error %v, want that it is locked", err)
	}
	readRun1(t, path)

	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	server.Wait()
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("the killed server left no WAL, so this test shows nothing: %v", err)
	}
	readRun1(t, path)
	next := open(t, path)
	unfinished, err := next.Unfinished(t.Context())
	if err != nil || len(unfinished) != 1 || unfinished[0].ID != "run-1" || unfinished[0].Plan == nil {
		t.Errorf("unfinished are %v, %v, want run-1 with its plan", unfinished, err)
	}
}

// readRun1 reads what serve wrote with a new reader.
func readRun1(t *testing.T, path string) {
	t.Helper()
	r, err := journal.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Run(t.Context(), "run-1"); err != nil {
		t.Error(err)
	}
	result, err := r.Result(t.Context(), "run-1")
	if err != nil || len(result.Workloads) != 2 {
		t.Errorf("result %v, %v", result, err)
	}
}

func TestLockWithinProcess(t *testing.T) {
	path := newPath(t)
	first, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	link := path + "-link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, link} {
		_, err = journal.Open(t.Context(), path, journal.Options{})
		if locked, ok := errors.AsType[*journal.Locked](err); !ok || locked.PID != os.Getpid() {
			t.Errorf("open %s: got error %v, want that this process has it", path, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, link)
}

// TestLockUnsigned: between taking the lock and saying who has it, a holder has no name.
func TestLockUnsigned(t *testing.T) {
	path := newPath(t)
	open(t, path)
	if err := os.Truncate(path+".lock", 0); err != nil {
		t.Fatal(err)
	}
	_, err := journal.Open(t.Context(), path, journal.Options{})
	if locked, ok := errors.AsType[*journal.Locked](err); !ok || locked.PID != 0 || !strings.Contains(err.Error(), "by another process") {
		t.Errorf("got error %v, want that another process has it", err)
	}
}

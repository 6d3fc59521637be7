// Package pgtest gives tests a throw-away PostgreSQL server, made from the binaries that are installed on the machine.
//
// [Start] hands out a fresh database on a server that all tests of one test binary share. [StartServer] makes a server
// for one test alone, which that test may stop and start again. Each server has its own temporary directory and listens
// on a free port of 127.0.0.1 and on a Unix socket in that directory. A watcher, a shell blocked on a pipe that the test
// binary holds open, ends the server and removes the directory when the binary ends, however it ends: nothing is left
// running even after a kill -9.
//
// Role bench is a superuser that needs no password. Every other role must show one (SCRAM), so that tests can create
// roles to try authentication.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Start returns the address of an empty database, which is dropped at the end of the test with all sessions still in
// it. The test is skipped where PostgreSQL is not installed, and fails instead when BENCH_TEST_REQUIRE is set.
func Start(tb testing.TB) (dsn string) {
	tb.Helper()
	bin := require(tb)
	server, err := shared(bin)
	if err != nil {
		tb.Fatal(err)
	}

	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := server.admin("CREATE DATABASE " + name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.admin("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	return server.dsn(name)
}

var (
	databases atomic.Int64
	sharing   sync.Mutex
	common    *cluster
)

// shared starts the common server once; a failed start is tried again by the next test.
func shared(bin string) (*cluster, error) {
	sharing.Lock()
	defer sharing.Unlock()
	if common == nil {
		c, err := create(bin)
		if err != nil {
			return nil, err
		}
		common = c
	}
	return common, nil
}

// A Server belongs to one test.
type Server struct {
	DSN string // of an empty database; the same after Restart
	PID int    // of the postmaster, until Stop or Restart

	tb      testing.TB
	cluster *cluster
}

// StartServer starts a server of its own for a test that breaks it. It skips and fails like [Start].
func StartServer(tb testing.TB) *Server {
	tb.Helper()
	bin := require(tb)
	c, err := create(bin)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.remove)
	if err := c.admin("CREATE DATABASE test"); err != nil {
		tb.Fatal(err)
	}
	return &Server{DSN: c.dsn("test"), PID: c.process.Pid, tb: tb, cluster: c}
}

// Stop ends the server at once, as a crash would: sessions are lost, what was committed is there after Restart.
func (s *Server) Stop() {
	s.tb.Helper()
	s.cluster.stop()
}

// Restart stops the server if it runs, and starts it on the same port with the same data.
func (s *Server) Restart() {
	s.tb.Helper()
	s.cluster.stop()
	if err := s.cluster.start(); err != nil {
		s.tb.Fatal(err)
	}
	s.PID = s.cluster.process.Pid
}

// Installed reports whether there are binaries to make a server from, or BENCH_TEST_REQUIRE says that there have to be: it
// is for tests that cannot be skipped by [Start].
func Installed() bool {
	_, ok := binaries()
	return ok || os.Getenv("BENCH_TEST_REQUIRE") != ""
}

// require finds the binaries or ends the test.
func require(tb testing.TB) (bin string) {
	tb.Helper()
	bin, ok := binaries()
	if ok {
		return bin
	}
	const message = "install PostgreSQL (Debian: apt-get install postgresql) to run this test"
	if os.Getenv("BENCH_TEST_REQUIRE") != "" {
		tb.Fatal(message)
	}
	tb.Skip(message)
	return ""
}

// admin runs one statement as role bench in the maintenance database.
func (c *cluster) admin(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.dsn("postgres"))
	if err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("test server: %s: %w", sql, err)
	}
	return nil
}

func (c *cluster) dsn(database string) string {
	return fmt.Sprintf("postgres://bench@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// log returns what the server wrote, for the message of a failed start.
func (c *cluster) log() string {
	b, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

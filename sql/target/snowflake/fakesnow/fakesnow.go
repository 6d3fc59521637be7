// Package fakesnow gives tests a server that understands Snowflake's SQL: fakesnow, which runs it on DuckDB, behind the
// wrapper server.py, which says what it adds. Whether a statement is right is tried there; how Snowflake behaves in time,
// in its locks and in its errors is not, for which see package snowtest.
//
// It is written in Python. install.sh puts it into a virtual environment; BENCH_FAKESNOW names the Python of it.
package fakesnow

import (
	"bufio"
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	sf "github.com/snowflakedb/gosnowflake/v2"
)

//go:embed server.py
var server string

// Python is the interpreter that has fakesnow. The test is skipped where there is none, and fails instead when
// BENCH_TEST_REQUIRE is set.
func Python(t testing.TB) string {
	t.Helper()
	python := os.Getenv("BENCH_FAKESNOW")
	const install = "BENCH_FAKESNOW is not set: run sql/target/snowflake/fakesnow/install.sh FOLDER"
	switch {
	case python != "":
	case os.Getenv("BENCH_TEST_REQUIRE") != "":
		t.Fatal(install)
	default:
		t.Skip(install)
	}
	return python
}

// Start starts a server that ends with the test, or with the process of the test, and returns its address.
func Start(t testing.TB) (url string) {
	t.Helper()
	url, stop, err := start(Python(t), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

// Shared is a server that all tests of the process have in common, each in databases of its own. It has rewritten most of
// their statements before.
func Shared(t testing.TB) (url string) {
	t.Helper()
	Python(t)
	url, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

var (
	shared = sync.OnceValues(func() (url string, err error) {
		url, stopShared, err = start(os.Getenv("BENCH_FAKESNOW"), os.Stderr)
		return url, err
	})
	stopShared func() // is not called, but keeps the pipe from being collected
)

// start starts a server. It ends with its standard input, which the process closes at the latest when it ends.
func start(python string, stderr io.Writer) (url string, stop func(), err error) {
	cmd := exec.Command(python, "-c", server)
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		stdin.Close()
		cmd.Wait()
	}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("fakesnow did not start: %w", err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port), stop, nil
}

// Parse reads SQL with sqlfluff, a parser of Snowflake's SQL that is neither ours nor fakesnow's, and knows hybrid tables
// too. It returns the tree as JSON, and whether all of the text is in it.
func Parse(t testing.TB, text string) (tree string, ok bool) {
	t.Helper()
	cmd := exec.Command(Python(t), "-m", "sqlfluff", "parse", "--dialect", "snowflake", "--format", "json", "--nocolor", "-")
	cmd.Stdin = strings.NewReader(text)
	b, err := cmd.Output()
	if !json.Valid(b) {
		t.Fatalf("sqlfluff: %v\n%s", err, b)
	}
	return string(b), err == nil && !strings.Contains(string(b), `"unparsable"`)
}

var databases atomic.Int64

// Database is the name of a database that no other test uses; the first login that names it makes it.
func Database() string { return fmt.Sprintf("TEST_%d", databases.Add(1)) }

// Open opens a database of the server at an address.
func Open(t testing.TB, url, database string) *sql.DB {
	t.Helper()
	sf.GetLogger().SetLogLevel("off")
	host, port := hostPort(t, url)
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{
		Protocol: "http", Host: host, Port: port, Account: "fake", User: "u", Password: "p",
		Database: database, Schema: "PUBLIC", MaxRetryCount: -1, DisableOCSPChecks: true,
		Params: map[string]*string{"TIMEZONE": new("UTC"), "CLIENT_TELEMETRY_ENABLED": new("false")},
	}))
	t.Cleanup(func() { db.Close() })
	return db
}

// Connection is the same as a table of connections.toml.
func Connection(t testing.TB, name, url, database string) string {
	t.Helper()
	host, port := hostPort(t, url)
	return fmt.Sprintf("[%s]\naccount = 'fake'\nuser = 'u'\npassword = 'p'\nprotocol = 'http'\nhost = '%s'\nport = %d\ndatabase = '%s'\nschema = 'PUBLIC'\n",
		name, host, port, database)
}

func hostPort(t testing.TB, address string) (host string, port int) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if port, err = strconv.Atoi(u.Port()); err != nil {
		t.Fatal(err)
	}
	return u.Hostname(), port
}

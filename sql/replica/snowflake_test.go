package replica

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"
	"golang.org/x/sync/errgroup"

	"bench/runtime/bench"
	"bench/sql/journal/journaltest"
	"bench/sql/replica/replicatest"
	"bench/sql/target/snowflake/fakesnow"
)

// TestMain gives tests a connections.toml of their own, unless they are to use that of an account.
func TestMain(m *testing.M) {
	if os.Getenv(onAccount) != "" {
		os.Exit(m.Run())
	}
	home, err := os.MkdirTemp("", "snowflake-")
	if err != nil {
		panic(err)
	}
	connections.home = home
	os.Setenv("SNOWFLAKE_HOME", home)
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// connections are those that tests have made in connections.toml.
var connections struct {
	sync.Mutex
	home, text string
	n          int
}

// onAccount names a connection of connections.toml. Its warehouse works for the suite, in schemas that its role makes and drops.
const onAccount = "BENCH_SNOWFLAKE_CONNECTION"

// newSnowflake is the address of an empty replica in fakesnow, at its url.
func newSnowflake(t testing.TB, url string) (address string) {
	t.Helper()
	c := &connections
	if c.home == "" {
		t.Skip(onAccount + " is set, and its connections.toml is not ours to change")
	}
	c.Lock()
	defer c.Unlock()
	c.n++
	c.text += fakesnow.Connection(t, fmt.Sprint("c", c.n), url, fakesnow.Database())
	file := filepath.Join(c.home, "connections.toml")
	if err := os.WriteFile(file+".new", []byte(c.text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("snowflake://c%d", c.n)
}

// TestSnowflakeContract is TestContract with Snowflake's SQL, as fakesnow understands it.
func TestSnowflakeContract(t *testing.T) {
	t.Parallel()
	at := fakesnow.Shared(t)
	journaltest.Exercise(t, func(t *testing.T) journaltest.Store { return newMirrored(t, newSnowflake(t, at)) })
}

// The same on an account of Snowflake.
func TestSnowflakeContractOnAnAccount(t *testing.T) {
	name := os.Getenv(onAccount)
	if name == "" {
		t.Skip(onAccount + " names no connection")
	}
	var schemas atomic.Int64
	journaltest.Exercise(t, func(t *testing.T) journaltest.Store {
		owner := replicatest.Open(t, "snowflake://"+name)
		schema := fmt.Sprintf("BENCH_TEST_%d_%d", time.Now().Unix(), schemas.Add(1))
		exec(t, owner, "CREATE SCHEMA "+schema) // not transient: hybrid tables are not
		t.Cleanup(func() {
			if _, err := owner.ExecContext(context.Background(), "DROP SCHEMA "+schema); err != nil {
				t.Error(err)
			}
		})
		return newMirrored(t, "snowflake://"+name+"?schema="+schema)
	})
}

// TestSnowflakeAddress: what an address says goes before what its connection says, and what it must not say is refused.
func TestSnowflakeAddress(t *testing.T) {
	t.Parallel()
	address := newSnowflake(t, "http://127.0.0.1:1")
	if name, err := Name(address + "?database=D&schema=S"); err != nil || !strings.HasPrefix(name, "schema D.S of Snowflake, connection \"c") {
		t.Errorf("%q, %v", name, err)
	}
	for _, wrong := range []string{"snowflake://", "snowflake://u:hush@acme", "snowflake://c/hush", address + "?password=hush", address + "?%hush", "snowflake://none",
		address + "?schema=", address + "?schema=A&schema=B"} {
		if name, err := Name(wrong); err == nil || bench.CodeOf(err) != bench.CodeInvalid || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %q, %v", wrong, name, err)
		}
	}
}

// TestSnowflakeFeeds: every row arrives as it is, a run comes back, and what is fed again from the start changes nothing.
func TestSnowflakeFeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSnowflake(t, fakesnow.Shared(t)), nil)
	w.create("run-1")
	w.write(journaltest.NewBatch("run-1", 1))
	w.flush()
	w.same()

	reader, err := OpenReader(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	want, err := w.journal.Run(t.Context(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := reader.Run(t.Context(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the run differs (-journal +replica):\n%s", diff)
	}

	exec(t, w.replica(), "UPDATE REPLICA_PROGRESS SET FED_CHANGE_NO = 0")
	w.write(journaltest.NewBatch("run-1", 2))
	w.flush()
	w.same()
	w.parses()
}

// parses has another parser read what goes over the feeder's line.
func (w *world) parses() {
	l := w.feeder.session.line.(*snowflakeLine)
	statements := []string{readColumns, beginAt0, readProgress, openGate}
	statements = slices.AppendSeq(statements, maps.Values(l.merges))
	statements = slices.AppendSeq(statements, maps.Values(l.clears))
	if want := 4 + 14 + 3; len(statements) != want {
		w.t.Errorf("there are %d statements, want %d", len(statements), want)
	}
	if tree, ok := fakesnow.Parse(w.t, strings.ReplaceAll(strings.Join(statements, ";\n"), "?", "'x'")+";\n"); !ok {
		w.t.Errorf("does not parse: %s", tree)
	}
}

// TestSnowflakeFaults is TestFaults with several statements to a portion, between any two of which the connection may be lost.
func TestSnowflakeFaults(t *testing.T) {
	t.Parallel()
	faults(t, newSnowflake(t, fakesnow.Shared(t)), 3, 8)
}

// TestSnowflakeLosesAnyAnswer: whichever answer of a portion is lost, the portion is in the replica as a whole or not at all,
// and the feeder finds out which.
func TestSnowflakeLosesAnyAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSnowflake(t, fakesnow.Shared(t)), nil)
	w.create("run-1")
	w.flush()
	for _, statement := range []string{`"BEGIN"`, "UPDATE REPLICA_PROGRESS", "MERGE INTO RUN_CONTROL_EVENTS", "MERGE INTO RUN_STATUS", `"COMMIT"`} {
		before := w.fed()
		if _, err := w.journal.Append(t.Context(), bench.Event{Run: "run-1", Epoch: 7, Message: "another"}); err != nil {
			t.Fatal(err)
		}
		w.network.PlanAt(replicatest.Unheard, statement)
		w.feeder.step(t.Context())
		s, fed, want := w.feeder.Status(), w.fed(), before
		if statement == `"COMMIT"` {
			want = s.Head
		}
		if s.LastError == "" || s.Connected || s.Position != before || fed != want {
			t.Errorf("without the answer to %s: the replica was at change %d and is at %d, want %d; the status is %+v", statement, before, fed, want, s)
		}
		if strings.Contains(s.LastError, "requestId") {
			t.Errorf("no two failures look the same: %s", s.LastError)
		}
		var events int64 // a change is an event
		if err := w.replica().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM RUN_CONTROL_EVENTS").Scan(&events); err != nil || events != fed {
			t.Errorf("without the answer to %s: %d events at change %d, %v", statement, events, fed, err)
		}
		w.flush()
	}
	w.same()
}

// TestSnowflakeCause: an error says of which table it is and what Snowflake said, but no value, and no ids.
func TestSnowflakeCause(t *testing.T) {
	t.Parallel()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	lost := &url.Error{Op: "Post", URL: "https://acme/queries?requestId=hush", Err: io.ErrUnexpectedEOF}
	answer := &sf.SnowflakeError{Number: 100035, Message: "Timestamp 'hush' is not recognized"}
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{t.Context(), lost, "unexpected EOF"},
		{late, lost, "it did not answer in time"},
		{late, &tableError{"RUN_STATUS", answer}, "RUN_STATUS: Timestamp '…' is not recognized (100035)"},
		{t.Context(), &tableError{"RUN_STATUS", lost}, "RUN_STATUS: unexpected EOF"},
	} {
		if got := cause(c.ctx, &snowflake{}, c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

// TestSnowflakeTwoFeeders: two feed the same journal at the same time, as two servers would of which one has lost the
// journal and does not know it. Each portion gets through one of them.
func TestSnowflakeTwoFeeders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSnowflake(t, fakesnow.Shared(t)), func(c *Config) { c.Rows = 3 })
	w.create("run-1")
	w.flush()
	config := w.feeder.config
	config.DSN = w.dsn
	other, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for n := range 2 {
		w.write(journaltest.NewBatch("run-1", n))
		var both errgroup.Group
		both.Go(func() error { return other.Flush(t.Context()) })
		both.Go(func() error { return w.feeder.Flush(t.Context()) })
		if err := both.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	w.same()
}

// TestSnowflakeGateIsHeld: a feeder has died in the middle of a portion, and its session holds the gate. Others say that they
// wait, until the session is ended for them; nothing of the portion is left.
func TestSnowflakeGateIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSnowflake(t, fakesnow.Shared(t)), nil)
	w.create("run-1")
	w.flush()
	dead, err := w.replica().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"BEGIN", "UPDATE REPLICA_PROGRESS SET FED_CHANGE_NO = 99", "DELETE FROM RUN_STATUS"} {
		if _, err := dead.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	w.write(journaltest.NewBatch("run-1", 1))
	w.feeder.step(t.Context())
	if s := w.feeder.Status(); s.Connected || !strings.Contains(s.LastError, "feed changes 2 to 2: Another transaction has locked a row. (000625)") {
		t.Errorf("status while the gate is held is %+v", s)
	}
	w.flush()
	w.same()
}

package replica

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/sql/journal/journaltest"
	"bench/sql/target/snowflake/fakesnow"
)

func TestMain(m *testing.M) {
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

// newSnowflake is the address of an empty replica in fakesnow, at its url.
func newSnowflake(t testing.TB, at string) (address string) {
	t.Helper()
	service, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	c := &connections
	c.Lock()
	defer c.Unlock()
	c.n++
	c.text += fmt.Sprintf("[c%d]\naccount = 'fake'\nuser = 'u'\npassword = 'hush'\nprotocol = 'http'\nhost = '%s'\nport = %s\ndatabase = '%s'\n",
		c.n, service.Hostname(), service.Port(), fakesnow.Database())
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
	at := fakesnow.Start(t)
	journaltest.Exercise(t, func(t *testing.T) journaltest.Store { return newMirrored(t, newSnowflake(t, at)) })
}

// TestSnowflakeFeeds: every row arrives as it is, a run comes back, and what is fed again from the start changes nothing.
func TestSnowflakeFeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSnowflake(t, fakesnow.Start(t)), nil)
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
}

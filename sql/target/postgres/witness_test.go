package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/postgres"
	"bench/sql/target/postgres/pgtest"
	"bench/sql/target/targettest"
)

// admin runs statements as whoever made the database.
func admin(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
			if strings.Contains(err.Error(), "extension control file") {
				t.Skip("the extension pg_stat_statements is not installed: apt-get install postgresql-contrib")
			}
			t.Fatal(err)
		}
	}
}

// watched is a plan of workloads of one statement each, on a database.
func watched(dsn string, statements ...string) *bench.Plan {
	p := &bench.Plan{Target: database(dsn)}
	for i, sql := range statements {
		p.Workloads = append(p.Workloads, bench.Workload{Name: fmt.Sprintf("w%d", i), Statements: []bench.Statement{*targettest.Statement(sql)}})
	}
	return p
}

func witness(t *testing.T, p *bench.Plan) *postgres.Witness {
	t.Helper()
	w, err := postgres.OpenWitness(t.Context(), p, secret, "bench run-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func counters(t *testing.T, w *postgres.Witness) *bench.Counters {
	t.Helper()
	c, err := w.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWitnessCounts(t *testing.T) {
	dsn := pgtest.Start(t)
	admin(t, dsn, "CREATE SCHEMA \"odd name\"", "CREATE EXTENSION pg_stat_statements SCHEMA \"odd name\"",
		"CREATE TABLE items (id int PRIMARY KEY, name text)", "INSERT INTO items SELECT n, 'x' FROM generate_series(1, 100) n")
	statements := []string{
		"SELECT * FROM items WHERE id = ?",
		"UPDATE items SET name = 'constant' WHERE id = ? AND name <> ?",
		"select  *  from items where ID=?", // another text of the first
		"SELECT pg_sleep(0.02)",
		"VACUUM items",
		"SELECT COUNT(*) FROM items",
	}
	w := witness(t, watched(dsn, statements...))
	before := counters(t, w)

	conn := connect(t, open(t, database(dsn)), statements...)
	for i, n := range []int{7, 5, 0, 2, 1, 0} {
		for range n {
			call := load.Call{Statement: i, Args: []bench.Value{bench.IntValue(3), bench.TextValue("y")}[:strings.Count(statements[i], "?")], Fetch: "all"}
			if err := conn.Exec(t.Context(), &call); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The same statement of another role, and from inside a function, are not the run's.
	admin(t, dsn, "CREATE ROLE other_role_of_witness_test SUPERUSER", "SET ROLE other_role_of_witness_test; SELECT COUNT(*) FROM items", "DROP OWNED BY other_role_of_witness_test; RESET ROLE", "DROP ROLE other_role_of_witness_test",
		"DO $$ BEGIN PERFORM COUNT(*) FROM items; END $$")

	after := counters(t, w)
	if before.Missing != "" || after.Missing != "" || before.Epoch != after.Epoch || before.Source != "pg_stat_statements" || len(after.Notes) == 0 {
		t.Fatalf("before %+v, after %+v", before, after)
	}
	for i, want := range []int64{7, 5, 7, 2, 0, 0} {
		b, a := before.List[i], after.List[i]
		if a.Workload != i || a.Statement != 0 || a.Calls-b.Calls != want {
			t.Errorf("%s: %d calls, want %d", statements[i], a.Calls-b.Calls, want)
		}
		if (a.Key == "") != (a.Why != "") || (a.Why != "") != strings.HasPrefix(statements[i], "VACUUM") {
			t.Errorf("%s: key %q, why %q", statements[i], a.Key, a.Why)
		}
	}
	if after.List[0].Key != after.List[2].Key || after.List[0].Key == after.List[1].Key {
		t.Errorf("keys %q, %q, %q", after.List[0].Key, after.List[1].Key, after.List[2].Key)
	}
	first, sleep := after.List[0], after.List[3]
	if first.Rows-before.List[0].Rows != 7 || first.BlocksHit == 0 || first.ExecuteUS <= 0 {
		t.Errorf("of the first: %+v", first)
	}
	if slept := sleep.ExecuteUS - before.List[3].ExecuteUS; slept < 40_000 || slept > 10e6 {
		t.Errorf("two sleeps of 20 ms took %g µs in the server", slept)
	}

	admin(t, dsn, `SELECT "odd name".pg_stat_statements_reset()`)
	if again := counters(t, w); again.Epoch == after.Epoch {
		t.Errorf("a reset leaves the epoch %q", again.Epoch)
	}
}

func TestWitnessOfAServerThatDoesNotCount(t *testing.T) {
	dsn := pgtest.Start(t)
	c := counters(t, witness(t, watched(dsn, "SELECT 1")))
	if !strings.Contains(c.Missing, "CREATE EXTENSION pg_stat_statements") || len(c.List) != 0 {
		t.Errorf("without the extension: %+v", c)
	}

	admin(t, dsn, "CREATE EXTENSION pg_stat_statements")
	for setting, want := range map[string]string{"compute_query_id = off": "set it to auto", "pg_stat_statements.track = none": "set it to top"} {
		p := watched(dsn, "SELECT 1")
		name, value, _ := strings.Cut(setting, " = ")
		p.Target.Session.Params = map[string]string{name: value}
		if c := counters(t, witness(t, p)); !strings.Contains(c.Missing, want) {
			t.Errorf("%s: %q, want %q", setting, c.Missing, want)
		}
	}
}

func TestWitnessOfAStatementThatIsWrong(t *testing.T) {
	dsn := pgtest.Start(t)
	admin(t, dsn, "CREATE EXTENSION pg_stat_statements")
	c := counters(t, witness(t, watched(dsn, "SELECT * FROM nowhere", "SELECT 1")))
	if c.List[0].Key != "" || !strings.Contains(c.List[0].Why, "nowhere") || c.List[1].Key == "" {
		t.Errorf("%+v", c.List)
	}
}

func TestWitnessSees(t *testing.T) {
	dsn := pgtest.Start(t)
	admin(t, dsn, "CREATE TABLE items (id int PRIMARY KEY)", "INSERT INTO items VALUES (1)")
	const lock = "SELECT * FROM items WHERE id = 1 FOR UPDATE"
	target := open(t, database(dsn))
	holder, waiter := connect(t, target, lock), connect(t, target, lock)
	w := witness(t, watched(dsn, lock))

	var waiting sync.WaitGroup
	if err := holder.Begin(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := holder.Exec(t.Context(), &load.Call{Fetch: "all"}); err != nil {
		t.Fatal(err)
	}
	waiting.Go(func() {
		if err := waiter.Exec(t.Context(), &load.Call{Fetch: "all"}); err != nil {
			t.Error(err)
		}
	})
	for {
		s, err := w.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		idle := slices.Contains(s.Waits, bench.Wait{State: "idle in transaction", Type: "Client", Event: "ClientRead", Sessions: 1})
		blocked := slices.ContainsFunc(s.Waits, func(w bench.Wait) bool { return w.State == "active" && w.Type == "Lock" && w.Sessions == 1 })
		if len(s.Waits) > 2 {
			t.Fatalf("others were seen: %+v", s.Waits)
		}
		if idle && blocked {
			break
		}
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	waiting.Wait()
}

func TestWitnessComesBack(t *testing.T) {
	dsn := pgtest.Start(t)
	w := witness(t, watched(dsn, "SELECT 1"))
	admin(t, dsn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bench witness' AND datname = current_database()")
	if _, err := w.Sample(t.Context()); err == nil {
		t.Error("a sample over a session that was ended succeeded")
	}
	if _, err := w.Sample(t.Context()); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

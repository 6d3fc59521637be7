package snowflake_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/sql/target/snowflake/fakesnow"
	"bench/sql/target/targettest"
)

// The suite of all targets, with SQL that is really run. What it skips is not of fakesnow's alone: some of it is no SQL of
// Snowflake's, and what is about time is tried with snowtest.
func TestContractOnFakesnow(t *testing.T) {
	t.Parallel()
	url := fakesnow.Start(t)
	targettest.Exercise(t, targettest.Fixture{
		Open: func(t *testing.T) targettest.Target {
			return open(t, bench.Target{
				Kind:    "snowflake",
				Options: map[string]string{"account": "fake", "user": "bench", "url": url, "database": fakesnow.Database(), "schema": "PUBLIC"},
				Secrets: map[string]bench.Secret{"password": "hush"},
			})
		},
		Conflict: "read committed",
		Skip: map[string]string{
			"timeout interrupts the statement": "fakesnow has no slow statement and cancels none",
			"cancel interrupts the statement":  "fakesnow has no slow statement and cancels none",
			"rows changed":                     "Snowflake has no RETURNING",
			"wrong statements":                 "sqlglot, which reads fakesnow's SQL, takes SELEC 1 for an expression",
			"allocations":                      "they do not depend on the server, and cannot be counted beside other tests",
			"conflict":                         "Snowflake has READ COMMITTED only: the second change waits for the first",
		},
	})
}

// The same with an account of Snowflake, in a schema of its own: the connection that BENCH_SNOWFLAKE_CONNECTION names needs a
// warehouse, and a database in which its role may make schemas.
func TestContractOnAnAccount(t *testing.T) {
	name := os.Getenv("BENCH_SNOWFLAKE_CONNECTION")
	if name == "" {
		t.Skip("BENCH_SNOWFLAKE_CONNECTION names no connection")
	}
	at := bench.Target{Kind: "snowflake", Options: map[string]string{"connection": name}}
	owner := open(t, at)
	schemas := 0
	targettest.Exercise(t, targettest.Fixture{
		Open: func(t *testing.T) targettest.Target {
			schemas++
			schema := fmt.Sprintf("BENCH_TEST_%d_%d", time.Now().Unix(), schemas)
			if err := owner.Script(t.Context(), "CREATE TRANSIENT SCHEMA "+schema); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := owner.Script(context.WithoutCancel(t.Context()), "DROP SCHEMA "+schema); err != nil {
					t.Error(err)
				}
			})
			return open(t, bench.Target{Kind: "snowflake", Options: map[string]string{"connection": name, "schema": schema}})
		},
		Code:     "000604",
		Slow:     "SELECT SYSTEM$WAIT(600)",
		Conflict: "read committed",
		Allocs:   1500,
		Skip: map[string]string{
			"rows changed": "Snowflake has no RETURNING",
			"constraint":   "only hybrid tables enforce their keys, and the suite makes a standard one",
			"conflict":     "Snowflake has READ COMMITTED only: the second change waits for the first",
		},
	})
}

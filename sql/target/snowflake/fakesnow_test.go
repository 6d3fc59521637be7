package snowflake_test

import (
	"testing"

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

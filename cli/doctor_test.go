package cli

import (
	"testing"

	"bench/diagnostics"
	"bench/sql/history"
)

// Every check that comes with the program says of its fixtures what it should, on SQLite.
func TestFixtures(t *testing.T) {
	set, ds := diagnostics.Load(nil, "")
	if ds != nil {
		t.Fatal(ds)
	}
	db, err := emptyJournal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	failures, n := set.Test(t.Context(), &diagnostics.Laboratory{DB: db, Dialect: "sqlite", Rows: history.Rows})
	for _, f := range failures {
		t.Error(f)
	}
	t.Logf("%d checks, %d fixtures", len(set), n)
}

package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
	"bench/sql/replica/replicatest"
	"bench/sql/target/postgres/pgtest"
)

// examples is where the specs that users start from are.
const examples = "../../specs/examples"

// What committed is in the database, to the row: the program's ledger against pgbench's own history. An empty machine
// reports of it from a replica on the same server as from the journal, to the byte.
func TestTPCBAddsUp(t *testing.T) {
	t.Parallel()
	dsn, store := pgtest.Start(t), pgtest.Start(t)
	s := newSite(t)
	apply := s.start("apply", filepath.Join(examples, "pg-tpcb.hcl"), "--var", "dsn="+dsn,
		"--var", "connections=16", "--var", "workers=2", "--var", "warmup=2s", "--var", "duration=5s", "--store", store)
	s.completed(apply)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	var history int64
	var sums []int64
	err = db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pgbench_history), ARRAY[
		(SELECT sum(delta) FROM pgbench_history), (SELECT sum(abalance) FROM pgbench_accounts),
		(SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(bbalance) FROM pgbench_branches)]`).Scan(&history, &sums)
	if err != nil {
		t.Fatal(err)
	}
	for _, sum := range sums[1:] {
		if sum != sums[0] {
			t.Errorf("sums of delta and of the three balances differ: %v", sums)
		}
	}
	ledger := s.query(`SELECT SUM(DONE), SUM(INDOUBT), SUM(PLANNED), COUNT(DISTINCT WORKER_ID) FROM WORKLOAD_SNAPSHOTS`)[0]
	done, indoubt := ledger[0].(int64), ledger[1].(int64)
	t.Logf("%d committed, %d in doubt, %d planned, %d rows of history", done, indoubt, ledger[2], history)
	if done == 0 || history < done || history > done+indoubt || indoubt != 0 {
		t.Errorf("%d committed, %d in doubt, but %d rows of history", done, indoubt, history)
	}
	if workers := ledger[3].(int64); workers != 2 {
		t.Errorf("%d workers took part, want 2", workers)
	}
	s.noneLeft(s.pids())

	replicatest.Same(t, s.journal(), store)
	for _, form := range []string{"json", "csv", "text"} {
		want, wantCode := s.output("report", "-o", form)
		got, code := newSite(t).output("report", "-o", form, "--store", store)
		if got != want || code != wantCode || want == "" {
			t.Errorf("report -o %s --store ends with %d, that of the journal with %d:\n%s", form, code, wantCode, cmp.Diff(want, got))
		}
	}
}

func TestSelectExample(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	apply := s.start("apply", filepath.Join(examples, "pg-select.hcl"), "--var", "dsn="+pgtest.Start(t), "--var", "warmup=1s", "--var", "duration=2s")
	s.completed(apply)
}

// completed waits for the end of a run and checks that it completed without an error. Whether its SLOs hold depends on what
// else the machine does, and is not what these tests are about.
func (s *site) completed(apply *command) {
	s.t.Helper()
	code := apply.code()
	row := s.query("SELECT STATUS, TOTAL_OPERATIONS, TOTAL_ERRORS, VERDICT FROM RUN_STATUS")[0]
	verdict, _ := row[3].(string)
	if want := bench.ExitCode(bench.StatusCompleted, "", bench.Verdict(verdict)); code != want || code == bench.ExitUndetermined {
		s.t.Fatalf("exit %d with verdict %q", code, verdict)
	}
	if row[0] != string(bench.StatusCompleted) || row[1].(int64) == 0 || row[2].(int64) != 0 {
		s.t.Errorf("the run is %v with %v operations and %v errors", row[0], row[1], row[2])
	}
}

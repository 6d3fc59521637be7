package replica

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/journal/journaltest"
	"bench/sql/target/postgres/pgtest"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t)
	one, two := newWorld(t, dsn, nil), newWorld(t, dsn, func(c *Config) { c.Rows = 1 })
	for _, id := range []string{"run-1", "run-2"} {
		two.create(id)
	}
	one.flush()
	two.feeder.step(t.Context())

	r, err := OpenReader(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	list, err := r.Progress(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("progress is %v, %v", list, err)
	}
	for _, p := range list {
		id, err := two.journal.ID(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fed, head := int64(0), int64(0)
		if p.Journal == id {
			fed, head = 1, 2
		}
		if p.Fed != fed || p.Head != head || time.Since(p.At).Abs() > time.Minute {
			t.Errorf("progress is %+v, want %d of %d", p, fed, head)
		}
	}
}

// TestReports: reports come back from a replica as they do from the journal.
func TestReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	for seed := range 3 {
		b := journaltest.NewBatch("run-1", seed)
		b.Snapshots[0].Seq = int64(seed)
		w.write(b)
	}
	w.flush()
	r, err := OpenReader(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	reports := func(read func(context.Context, string, func(*bench.Report) error) error) (all []bench.Report) {
		err := read(t.Context(), "run-1", func(r *bench.Report) error {
			all = append(all, *r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := reports(w.journal.Reports)
	if diff := cmp.Diff(want, reports(r.Reports)); diff != "" || len(want) != 4 {
		t.Errorf("%d reports (-journal +replica):\n%s", len(want), diff)
	}
}

// TestReaderOutlivesItsServer: connections that were lost while nobody used them are not noticed by whoever reads next.
func TestReaderOutlivesItsServer(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t)
	w := newWorld(t, server.DSN, nil)
	w.create("run-1")
	w.flush()
	r, err := OpenReader(t.Context(), server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Run(t.Context(), "run-1"); err != nil {
		t.Error(err)
	}
	server.Restart()
	if _, err := r.Run(t.Context(), "run-1"); err != nil {
		t.Error(err)
	}
	w.write(journaltest.NewBatch("run-1", 4))
	w.flush()
	w.same()
}

// TestReadingFails: a replica that does not give what was asked for is out of reach, not a bug of whoever asked.
func TestReadingFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	w.flush()
	r, err := OpenReader(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Run(t.Context(), "run-2"); bench.CodeOf(err) != bench.CodeRunNotFound {
		t.Errorf("a run that there is not: %v", err)
	}
	exec(t, w.replica(), "ALTER TABLE RUN_STATUS RENAME TO ELSEWHERE")
	_, one := r.Run(t.Context(), "run-1")
	_, all := r.Runs(t.Context(), 1, "")
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for _, err := range []error{one, all, r.Reports(late, "run-1", nil)} {
		if bench.CodeOf(err) != bench.CodeUnreachable {
			t.Errorf("%v has code %s", err, bench.CodeOf(err))
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Start(t)
	open := func(dsn string) error {
		r, err := OpenReader(t.Context(), dsn)
		if err == nil {
			r.Close()
		}
		return err
	}
	check := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got error %v, want one with %q", what, err, want)
		}
	}
	check("no address", open("postgres://bench:geheim@:port/x"), "the address of the replica cannot be read: write postgres://")
	_, err := New(Config{DSN: "host='geheim"})
	check("no address for a feeder", err, "the address of the replica cannot be read")

	unreachable := open("postgres://bench:geheim@127.0.0.1:1/x?sslmode=disable")
	check("nobody there", unreachable, `database "x" of PostgreSQL at 127.0.0.1:1 cannot be reached: connect: connection refused`)
	if code := bench.CodeOf(unreachable); code != bench.CodeUnreachable {
		t.Errorf("nobody there: the code is %s", code)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenReader(ctx, dsn); err == nil {
		t.Error("a reader was opened after its context had ended")
	}
	check("wrong password", open(strings.Replace(dsn, "bench@", "nobody:geheim@", 1)), "password authentication failed")
	check("empty database", open(dsn), "is not a replica: it becomes one when a server feeds it")

	w := newWorld(t, dsn, nil)
	w.flush()
	db := w.replica()
	exec(t, db, "INSERT INTO bench_schema_version (version_id, is_applied) VALUES (99, true)")
	check("newer replica", open(dsn), "has tables of version 99, and this program knows them up to version 6: use a newer bench")
	late := newWorld(t, dsn, nil)
	late.create("run-1")
	late.feeder.step(t.Context())
	if s := late.feeder.Status(); s.Connected || s.Backlog != 2 || !strings.Contains(s.LastError, "has tables of version 99") {
		t.Errorf("status of a newer replica is %+v", s)
	}
	exec(t, db, "DELETE FROM bench_schema_version WHERE version_id >= 6")
	check("older replica", open(dsn), "has tables of version 5, and this program reads version 6")
}

package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/sql/journal/journaltest"
	"bench/sql/replica/replicatest"
	"bench/sql/target/postgres/pgtest"
)

// act writes something to the journal, as a server would: new runs, changes of state, events, and batches that correct
// the seconds, workers and results of earlier ones, sometimes with fewer rows.
func (w *world) act(r *rand.Rand, runs *[]string, prefix string) {
	w.t.Helper()
	ctx := w.t.Context()
	if len(*runs) == 0 || r.IntN(12) == 0 {
		run := fmt.Sprintf("%s-%03d", prefix, len(*runs))
		*runs = append(*runs, run)
		w.create(run)
		return
	}
	run := (*runs)[r.IntN(len(*runs))]
	switch r.IntN(5) {
	case 0:
		if _, err := w.journal.Append(ctx, bench.Event{Run: run, Epoch: 7, Message: fmt.Sprint(r.Int())}); err != nil {
			w.t.Fatal(err)
		}
	case 1:
		if _, err := w.journal.Desire(ctx, run, []bench.Desired{bench.DesiredStop, bench.DesiredAbort}[r.IntN(2)]); err != nil {
			w.t.Fatal(err)
		}
	case 2:
		_, _, err := w.journal.Transition(ctx, bench.Transition{Run: run, Epoch: 7, At: time.Now(),
			From: bench.State{Status: bench.StatusStarting, Phase: bench.PhasePreparing},
			To:   bench.State{Status: bench.StatusRunning, Phase: bench.PhaseWarmup}})
		if _, lost := errors.AsType[*bench.Conflict](err); err != nil && !lost {
			w.t.Fatal(err)
		}
	default:
		b := journaltest.NewBatch(run, r.IntN(1000))
		for i := range b.Snapshots {
			b.Snapshots[i].Seq = r.Int64N(1 << 40)
			for n := range b.Snapshots[i].Executions {
				b.Snapshots[i].Executions[n].Number = r.Int64N(1 << 40)
			}
		}
		if r.IntN(2) == 0 {
			b.Seconds[0].Rows = b.Seconds[0].Rows[1:]
			b.Results[0].Workloads = b.Results[0].Workloads[1:]
		}
		w.write(b)
	}
}

// TestFaults feeds one replica from many journals, each over a network that fails in its own seeded way. After it has
// recovered and everything was caught up, every table is row by row that of the journal.
func TestFaults(t *testing.T) {
	t.Parallel()
	faults(t, pgtest.Start(t), 20, 4)
}

// faults is about a replica to which a portion takes up to about so many answers.
func faults(t *testing.T, dsn string, seeds, answers int) {
	newWorld(t, dsn, nil).flush() // makes the tables
	struck := make([]int, seeds)
	t.Run("seed", func(t *testing.T) {
		for seed := range seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(seed), 0))
				w := newWorld(t, dsn, func(c *Config) { c.Rows = 1 + r.Int64N(200) })
				var runs []string
				for range 16 {
					w.act(r, &runs, fmt.Sprintf("run-%02d", seed))
					w.trouble(r, answers)
				}
				w.network.Plan(replicatest.None, 0)
				w.network.Refuse(false)
				w.feeder.config.Timeout = time.Minute
				w.flush()
				w.same()
				if s := w.feeder.Status(); s.Backlog != 0 || s.Lag != 0 || s.LastError != "" || !s.Connected || s.Position != s.Head {
					t.Errorf("status after catching up is %+v", s)
				}
				struck[seed] = w.network.Struck()
			})
		}
	})
	total := 0
	for _, n := range struck {
		total += n
	}
	t.Logf("%d faults struck", total)
	if total < 2*seeds && !t.Failed() {
		t.Errorf("only %d faults struck", total)
	}
}

// trouble takes a step in the feeding, or none, with or without a fault in its way.
func (w *world) trouble(r *rand.Rand, answers int) {
	w.feeder.config.Timeout = time.Minute
	w.network.Plan(replicatest.None, 0)
	w.network.Refuse(r.IntN(6) == 0)
	switch r.IntN(6) {
	case 0:
		w.network.Plan(replicatest.Unsent, r.IntN(answers))
	case 1, 2:
		w.network.Plan(replicatest.Unheard, r.IntN(answers))
	case 3:
		if r.IntN(3) == 0 {
			w.network.Plan(replicatest.Speechless, r.IntN(answers))
			w.feeder.config.Timeout = 20 * time.Millisecond
		}
	case 4:
		return
	}
	w.feeder.step(w.t.Context())
}

// TestCommitThenError: the server has carried out a statement whose answer is lost. The feeder goes on behind it.
func TestCommitThenError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	w.flush()
	w.write(journaltest.NewBatch("run-1", 4))
	w.network.Plan(replicatest.Unheard, 0) // the statement is prepared already
	w.feeder.step(t.Context())
	s := w.feeder.Status()
	if s.Connected || s.LastError == "" || s.Backlog == 0 {
		t.Errorf("status after the answer was lost is %+v", s)
	}
	fed := w.fed()
	if fed != s.Head {
		t.Fatalf("the replica is at change %d, want %d: the statement was not carried out", fed, s.Head)
	}
	w.write(journaltest.NewBatch("run-1", 5))
	w.flush()
	w.same()
}

// TestAnswersAreLostAgainAndAgain: every statement is carried out and no answer comes. What has arrived is known with the
// next connection, so the backlog that is shown is only what came after it.
func TestAnswersAreLostAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	w.flush()
	w.network.Last(replicatest.Unheard)
	for n := range 3 {
		before := w.fed()
		w.write(journaltest.NewBatch("run-1", n))
		w.feeder.step(t.Context())
		s := w.feeder.Status()
		if s.Position != before || s.Backlog == 0 || s.Connected || s.LastError == "" || w.fed() != s.Head {
			t.Errorf("after %d answers were lost the replica is at change %d, before at %d, and the status is %+v", n+1, w.fed(), before, s)
		}
	}
	w.network.Last(replicatest.None)
	w.flush()
	w.same()
}

// fed is the position as the replica has it.
func (w *world) fed() (position int64) {
	w.t.Helper()
	id, err := w.journal.ID(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.replica().QueryRowContext(w.t.Context(), "SELECT FED_CHANGE_NO FROM REPLICA_PROGRESS WHERE JOURNAL_ID = '"+id+"'").Scan(&position)
	if err != nil {
		w.t.Fatal(err)
	}
	return position
}

// TestLateStatement: a statement waits in the server while its feeder has lost the connection, and is carried out later,
// when the rows that it holds are old. Whatever comes first, newer rows stay.
func TestLateStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	w.flush()
	db := w.replica()
	blocker, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Rollback()
	if _, err := blocker.ExecContext(t.Context(), "SELECT 1 FROM REPLICA_PROGRESS FOR UPDATE"); err != nil {
		t.Fatal(err)
	}

	w.write(journaltest.NewBatch("run-1", 4))
	w.feeder.config.Timeout = time.Minute
	broken := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(broken)
		w.feeder.step(ctx)
	}()
	waiting := func() (n int) {
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for waiting() == 0 {
	}
	w.network.Refuse(true) // also the request to cancel it
	cancel()
	<-broken
	if waiting() != 1 {
		t.Fatal("the statement did not stay in the server")
	}

	second := journaltest.NewBatch("run-1", 5)
	second.Seconds[0].Rows = second.Seconds[0].Rows[1:]
	w.write(second)
	w.network.Refuse(false)
	caughtUp := make(chan error)
	go func() { caughtUp <- w.feeder.Flush(t.Context()) }()
	for waiting() < 2 {
	}
	if err := blocker.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-caughtUp; err != nil {
		t.Fatal(err)
	}
	w.same()
}

// TestOutage: the replica is away while five minutes of rows are written. The journal takes them, the backlog and its age
// are shown, and then a few statements catch up in order.
func TestOutage(t *testing.T) {
	t.Parallel()
	const seconds, workers = 300, 4
	w := newWorld(t, pgtest.Start(t), func(c *Config) { c.Rows = 2000 })
	w.create("run-1")
	w.flush()
	before := w.feeder.Status()

	w.network.Refuse(true)
	rows := int64(0)
	for from := int64(1); from <= seconds; from += 10 { // ten seconds in a transaction, to be quick
		b := &bench.Batch{}
		for second := from; second < from+10; second++ {
			s := bench.Second{Run: "run-1", Second: second, Phase: bench.PhaseMeasurement, At: time.Now()}
			for n := range workers {
				at := time.Now()
				b.Snapshots = append(b.Snapshots, bench.Snapshot{Timestamp: at, ReceivedAt: at, Report: bench.Report{
					Run: "run-1", Worker: fmt.Sprintf("worker-%d", n), Generation: 1, Seq: second, Phase: bench.PhaseMeasurement,
					Deltas: []bench.Delta{
						{Workload: 0, OpPhase: bench.PhaseMeasurement, Ledger: bench.Ledger{Done: second}, Response: make([]byte, 600)},
						{Workload: 1, OpPhase: bench.PhaseMeasurement, Ledger: bench.Ledger{Done: second}, Response: make([]byte, 600)},
					}}})
			}
			s.Rows = []bench.SecondRow{{Workload: 0}, {Workload: 1}}
			b.Seconds = append(b.Seconds, s)
			rows += workers*3 + 3
		}
		w.write(b)
		if from%100 == 1 {
			w.feeder.step(t.Context())
		}
	}
	s := w.feeder.Status()
	if s.Backlog != rows || s.Position != before.Position || s.Connected || !s.Reached || s.Lag <= 0 || !strings.Contains(s.LastError, "connection refused") {
		t.Errorf("status with the replica away is %+v, want a backlog of %d rows", s, rows)
	}

	w.network.Refuse(false)
	statements, position := 0, s.Position
	for s.Backlog > 0 && statements < 100 {
		w.feeder.step(t.Context())
		s = w.feeder.Status()
		if s.Position <= position || s.LastError != "" {
			t.Fatalf("after statement %d: %+v", statements, s)
		}
		statements, position = statements+1, s.Position
	}
	if statements < 2 || statements > 6 {
		t.Errorf("it took %d statements to catch up with %d rows", statements, rows)
	}
	w.same()
}

// TestNarrowLine: portions that are too large for the line become smaller until they come through.
func TestNarrowLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	w.flush()
	for n := range 40 {
		b := journaltest.NewBatch("run-1", n)
		b.Snapshots[0].Seq = int64(n)
		b.Snapshots[0].Deltas[0].Response = make([]byte, 10_000)
		w.write(b)
	}
	w.network.Narrow(100_000)
	w.feeder.config.Timeout = 250 * time.Millisecond
	w.feeder.step(t.Context())
	if s := w.feeder.Status(); s.Position != 1 || !strings.Contains(s.LastError, "it did not answer in time") {
		t.Errorf("status after the first portion is %+v", s)
	}
	w.flush()
	w.same()
}

// TestPace: statements keep their distance, however much there is to send.
func TestPace(t *testing.T) {
	t.Parallel()
	const pace, changes = 20 * time.Millisecond, 10
	w := newWorld(t, pgtest.Start(t), func(c *Config) { c.Pace, c.Rows = pace, 1 })
	w.flush()
	for n := range changes {
		w.create(fmt.Sprintf("run-%d", n))
	}
	begun := time.Now()
	w.flush()
	if took := time.Since(begun); took < (changes-1)*pace {
		t.Errorf("%d statements took %v", changes, took)
	}
	w.same()
}

// TestTablesAreMade: a new replica is connected to when it has been fed. Before, while its tables are made, it answers.
func TestTablesAreMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	ctx := t.Context()
	other := w.replica()
	tx, err := other.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "CREATE TABLE bench_schema_version (id int)"); err != nil { // who makes this table, too, waits
		t.Fatal(err)
	}
	if s := w.feeder.Status(); s.Connected || s.Answering {
		t.Errorf("status before the first step is %+v", s)
	}
	stepped := make(chan struct{})
	go func() { defer close(stepped); w.feeder.step(ctx) }()
	for waits := false; !waits; {
		const query = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
		if err := other.QueryRowContext(ctx, query).Scan(&waits); err != nil {
			t.Fatal(err)
		}
		select {
		case <-stepped:
			t.Fatalf("the tables were not waited for: %+v", w.feeder.Status())
		default:
		}
	}
	if s := w.feeder.Status(); s.Connected || s.Reached || !s.Answering || s.LastError != "" || s.Backlog != 2 {
		t.Errorf("status while its tables are made is %+v", s)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	<-stepped
	if s := w.feeder.Status(); !s.Connected || !s.Reached || s.Backlog != 0 {
		t.Errorf("status after the first portion is %+v", s)
	}
	w.network.Refuse(true)
	w.feeder.disconnect()
	w.write(journaltest.NewBatch("run-1", 1))
	w.feeder.step(ctx)
	if s := w.feeder.Status(); s.Connected || s.Answering || s.LastError == "" {
		t.Errorf("status while nothing answers is %+v", s)
	}
}

// TestAway runs a feeder for an hour of simulated time against a replica that refuses, and then against one that accepts
// and says nothing.
func TestAway(t *testing.T) {
	t.Parallel()
	silent := func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			b := make([]byte, 1000)
			for {
				if _, err := there.Read(b); err != nil {
					return
				}
			}
		}()
		return here, nil
	}
	refusing := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	for _, tt := range []struct {
		name  string
		dial  func(context.Context, string, string) (net.Conn, error)
		takes time.Duration // an attempt
		says  string
	}{
		{"refused", refusing, 0, `database "bench" of PostgreSQL at 192.0.2.1:5432 cannot be reached: connection refused`},
		{"silent", silent, 20 * time.Second, `database "bench" of PostgreSQL at 192.0.2.1:5432 cannot be reached: it did not answer in time`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var attempts []time.Time
				var log strings.Builder
				w := newWorld(t, "postgres://somebody:geheim@192.0.2.1/bench?sslmode=disable", func(c *Config) {
					c.Pace = 0
					c.Log = slog.New(slog.NewTextHandler(&log, nil))
					c.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
						attempts = append(attempts, time.Now())
						return tt.dial(ctx, kind, address)
					}
				})
				w.create("run-1")
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if err := w.feeder.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Run returned %v", err)
				}
				low := time.Second
				for i := range len(attempts) - 1 {
					if gap := attempts[i+1].Sub(attempts[i]) - tt.takes; gap < low || gap > min(low*3/2, 30*time.Second) {
						t.Errorf("attempt %d came %v after the one before, want %v to %v", i+2, gap, low, min(low*3/2, 30*time.Second))
					}
					low = min(2*low, 20*time.Second)
				}
				if n := len(attempts); n < 60 {
					t.Errorf("there were %d attempts in an hour", n)
				}
				s := w.feeder.Status()
				if s.Connected || s.Reached || s.Backlog != 2 || s.Lag != time.Hour || s.LastError != tt.says {
					t.Errorf("status is %+v, want error %s", s, tt.says)
				}
				if text := fmt.Sprint(s, log.String()); strings.Contains(text, "geheim") {
					t.Errorf("the password is told: %s", text)
				}
				if n := strings.Count(log.String(), "\n"); n != 1 {
					t.Errorf("the log tells the same trouble %d times:\n%s", n, log.String())
				}
				if err := w.feeder.Flush(ctx); err == nil || !strings.Contains(err.Error(), "2 rows are not in the replica: "+tt.says) {
					t.Errorf("Flush says %v", err)
				}
			})
		})
	}
}

// TestOddText: what PostgreSQL does not store as text does not hold up what comes after it.
func TestOddText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	for _, e := range []bench.Event{
		{Message: "a\x00b \xff"},
		{Message: "document", Data: []byte(`{"zero": "\u0000", "half": "\ud800"}`)},
		{Message: "no document", Data: []byte(`{"broken`)},
	} {
		e.Run, e.Epoch = "run-1", 7
		if _, err := w.journal.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	w.flush()
	got := replicatest.Lines(t, w.replica(), "SELECT MESSAGE, EVENT_DATA FROM RUN_CONTROL_EVENTS WHERE SEQUENCE_ID > 1")
	want := []string{
		"event_data=\"{\\\"broken\" message=no document",
		"event_data=<nil> message=a\uFFFDb \uFFFD",
		`event_data={"zero": "\u0000", "half": "\ud800"} message=document`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n got %q\nwant %q", got, want)
	}
}

// TestSetBack: a replica whose progress was set back, or lost, is fed again from there.
func TestSetBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), func(c *Config) { c.Rows = 5 })
	w.create("run-1")
	w.write(journaltest.NewBatch("run-1", 4))
	w.flush()
	db := w.replica()
	for _, set := range []string{"UPDATE REPLICA_PROGRESS SET FED_CHANGE_NO = 1", "DELETE FROM REPLICA_PROGRESS"} {
		exec(t, db, set)
		exec(t, db, "DELETE FROM RUN_SECONDS")
		w.create("another after " + set)
		w.flush()
		w.same()
	}
}

// TestOlderJournal: a journal that was put back to a copy does not know the changes that the replica has.
func TestOlderJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pgtest.Start(t), nil)
	w.create("run-1")
	w.flush()
	exec(t, w.replica(), "UPDATE REPLICA_PROGRESS SET FED_CHANGE_NO = 50")
	w.create("run-2")
	for range 3 {
		w.feeder.step(t.Context())
	}
	if s := w.feeder.Status(); !strings.Contains(s.LastError, "the journal ends at change 2, and change 50 is asked for") {
		t.Errorf("status is %+v", s)
	}
}

func exec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

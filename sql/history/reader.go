// Package history reads runs back from the tables of a journal or of a replica: one set of queries, one way to turn columns
// into nouns, whatever database holds them.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"bench/runtime/bench"
	"bench/sql/queries"
)

// A Reader reads runs and never changes them. Its methods may be used by several goroutines at once. A run's AsOf is when
// its row last changed. Lists of a run that does not exist are empty.
type Reader struct {
	db      *sql.DB
	queries queries.Set
	code    string
}

// New makes a reader of the tables behind db, which stays the caller's to close, with the queries of its dialect. code is
// that of errors of the database; without one they have none.
func New(db *sql.DB, set queries.Set, code string) *Reader { return &Reader{db, set, code} }

// failed says what was done when the database failed.
func (r *Reader) failed(doing string, err error) error {
	if _, coded := errors.AsType[*bench.Error](err); coded || r.code == "" {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return bench.Errorf(r.code, "%s: %w", doing, err)
}

// Runs lists at most limit runs, newest first, without their plans: those whose ids sort below before, or all when it is
// empty. A limit of 0 is no limit.
func (r *Reader) Runs(ctx context.Context, limit int, before string) ([]bench.Run, error) {
	if before == "" {
		before = "\U0010FFFF" // above every id
	}
	return list(ctx, r, "ListRuns", func(rows *sql.Rows, run *bench.Run) error {
		return rows.Scan(runColumns(run)...)
	}, before, bound(limit))
}

// Run reads one run with its plan. An unknown id is an error with code [bench.CodeRunNotFound].
func (r *Reader) Run(ctx context.Context, id string) (*bench.Run, error) {
	run, err := ScanRun(r.db.QueryRowContext(ctx, r.queries["ReadRun"], id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, bench.Errorf(bench.CodeRunNotFound, "there is no run %s", id)
	}
	if err != nil {
		return nil, r.failed("read run "+id, err)
	}
	return run, nil
}

// Unfinished lists the runs that are not terminal, oldest first and with their plans. After the server of a journal has
// started they are those that it left behind.
func (r *Reader) Unfinished(ctx context.Context) ([]bench.Run, error) {
	ids, err := list(ctx, r, "ListUnfinished", func(rows *sql.Rows, id *string) error { return rows.Scan(id) })
	if err != nil {
		return nil, err
	}
	var runs []bench.Run
	for _, id := range ids {
		run, err := r.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, *run)
	}
	return runs, nil
}

// Events lists the control events of a run with a sequence above after, in order.
func (r *Reader) Events(ctx context.Context, id string, after int64) ([]bench.Event, error) {
	return list(ctx, r, "ListEvents", func(rows *sql.Rows, e *bench.Event) error {
		e.Run = id
		var data string
		err := rows.Scan(&e.Sequence, &e.Epoch, &e.Type, readText(&data), &e.Message, &e.Severity, readTime(&e.EffectiveAt), readTime(&e.CreatedAt))
		if data != "" {
			e.Data = []byte(data)
		}
		return err
	}, id, after)
}

// Seconds lists the seconds of a run with from <= Second < to, in order. Rows are in the order of the plan; a row for all
// workloads together, if the second was stored with one, comes first and has Workload -1.
func (r *Reader) Seconds(ctx context.Context, id string, from, to int64) ([]bench.Second, error) {
	rows, err := list(ctx, r, "ListSeconds", func(rows *sql.Rows, s *bench.Second) error {
		s.Run = id
		return readSecondRow(rows, s)
	}, id, from, to)
	if err != nil {
		return nil, err
	}
	var seconds []bench.Second
	for _, s := range rows {
		if n := len(seconds); n > 0 && seconds[n-1].Second == s.Second {
			seconds[n-1].Rows = append(seconds[n-1].Rows, s.Rows...)
		} else {
			seconds = append(seconds, s)
		}
	}
	return seconds, nil
}

// readSecondRow reads a second with the one row that is in this row of the table.
func readSecondRow(rows *sql.Rows, s *bench.Second) error {
	var row bench.SecondRow
	var p50 sql.NullInt64 // NULL in a row that only sums up
	err := rows.Scan(slices.Concat(
		[]any{&s.Second, &row.Workload, &s.Phase, readTime(&s.At)},
		readLedger(&row.Ledger),
		[]any{&row.Retries, &row.Rows, &p50, readNumber(&row.P95US), readNumber(&row.P99US), readNumber(&row.MaxUS)},
		[]any{readNumber(&row.ServiceP50US), readNumber(&row.ServiceP99US), &row.Response, &row.Service},
		[]any{readNumber(&s.Workers), readNumber(&s.Expected), readNumber(&s.Gauges.Connections), readNumber(&s.Gauges.InFlight)},
		[]any{readMS(&s.Gauges.OldestUS), readNumber(&s.Gauges.LagP99US), readFlag(&s.Draining), readJSON(&s.Excluded), readText(&s.Why)})...)
	if p50.Valid {
		row.P50US = p50.Int64
		s.Rows = []bench.SecondRow{row}
	}
	return err
}

// Workers lists the workers of a run by slot.
func (r *Reader) Workers(ctx context.Context, id string) ([]bench.Worker, error) {
	return list(ctx, r, "ListWorkers", func(rows *sql.Rows, w *bench.Worker) error {
		w.Run = id
		return rows.Scan(&w.Worker, &w.Slot, &w.Generation, &w.Host, &w.PID, &w.Status, &w.Phase, &w.Stage, &w.PlanHash,
			readTime(&w.LastHeartbeat), &w.LastEvent, &w.LastSeq, &w.Final, &w.Armed, &w.SinceT0US, readOptional(&w.ReadyAt),
			&w.Connections, &w.Exhausted, &w.ErrorCount, &w.LastError, &w.Fatal,
			&w.OffsetNS, &w.ErrorNS, &w.CPUPercent, &w.MemoryBytes, readJSON(&w.Facts))
	}, id)
}

// Logs lists the log lines of a run by time.
func (r *Reader) Logs(ctx context.Context, id string) ([]bench.LogLine, error) {
	return list(ctx, r, "ListLogs", func(rows *sql.Rows, l *bench.LogLine) error {
		l.Run = id
		return rows.Scan(readTime(&l.At), &l.Source, &l.Level, &l.Message)
	}, id)
}

// Facts lists what is known about where a run ran, by source and name.
func (r *Reader) Facts(ctx context.Context, id string) ([]bench.Fact, error) {
	return list(ctx, r, "ListFacts", func(rows *sql.Rows, f *bench.Fact) error {
		f.Run = id
		return rows.Scan(&f.Source, &f.Name, &f.Value)
	}, id)
}

// Executions lists at most limit operations of a run: errors, then the slowest, then the sample, the longest of each
// first. A limit of 0 is no limit.
func (r *Reader) Executions(ctx context.Context, id string, limit int) ([]bench.Execution, error) {
	return list(ctx, r, "ListExecutions", func(rows *sql.Rows, e *bench.Execution) error {
		var server bench.ServerTiming
		var total sql.NullInt64 // NULL before the target was asked
		err := rows.Scan(&e.Worker, &e.Connection, &e.Number, &e.Workload, &e.OpPhase, &e.Why, readText(&e.QueryID),
			&e.IntendedUS, &e.TakenUpUS, &e.SentUS, &e.FirstRowUS, &e.DoneUS,
			&e.Outcome, readClass(&e.Class), readText(&e.Code), readText(&e.Error), &e.Attempts, &e.Rows,
			&total, readNumber(&server.CompileUS), readNumber(&server.QueuedUS), readNumber(&server.ExecuteUS), readNumber(&server.Bytes))
		if total.Valid {
			server.TotalUS, e.Server = total.Int64, &server
		}
		return err
	}, id, bound(limit))
}

// Result reads the result of a run. It is an error with code [bench.CodeResultNotReady] while there is none, and one with
// code [bench.CodeRunNotFound] when there is no such run.
func (r *Reader) Result(ctx context.Context, id string) (*bench.Result, error) {
	result := &bench.Result{Run: id}
	workloads, err := list(ctx, r, "ListResults", func(rows *sql.Rows, w *bench.WorkloadResult) error {
		return rows.Scan(slices.Concat(
			[]any{&w.Workload}, readLedger(&w.Ledger), []any{&w.Retries, &w.Rows, &w.Throughput},
			readLatency(&w.Response), readLatency(&w.Service),
			[]any{readJSON(&w.Errors), &w.ResponseHist, &w.ServiceHist, &w.CensoredHist},
			[]any{readFlag(&result.Partial), readNumber(&result.WindowUS), readJSON(&result.SLOs), readText(&result.Verdict), readText(&result.Validity), readJSON(&result.Notes)})...)
	}, id)
	if err != nil {
		return nil, err
	}
	if len(workloads) == 0 {
		if _, err := r.Run(ctx, id); err != nil {
			return nil, err
		}
		return nil, bench.Errorf(bench.CodeResultNotReady, "run %s has no result yet", id)
	}
	result.Workloads = workloads
	return result, nil
}

func readLatency(l *bench.Latency) []any {
	return []any{&l.N, &l.MeanUS, &l.P50US, &l.P90US, &l.P95US, &l.P99US, &l.P999US, &l.MaxUS, readJSON(&l.AtLeast)}
}

// list runs a query and reads each of its rows with scan.
func list[T any](ctx context.Context, r *Reader, query string, scan func(*sql.Rows, *T) error, args ...any) (_ []T, err error) {
	defer func() {
		if err != nil {
			err = r.failed("read "+query, err)
		}
	}()
	rows, err := r.db.QueryContext(ctx, r.queries[query], args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var x T
		if err := scan(rows, &x); err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// bound is a limit as LIMIT takes it.
func bound(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}

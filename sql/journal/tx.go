package journal

import (
	"context"
	"database/sql"
	"fmt"
)

// A tx is one write transaction, and one change in the order of changes if it writes rows.
type tx struct {
	ctx     context.Context
	sql     *sql.Tx
	journal *Journal
	stmts   map[string]*sql.Stmt // of the journal, bound to this transaction
	failed  error                // the first error of a batch

	number      int64 // of the change
	rows, bytes int64 // written by this change and all before
	wrote       bool
}

// change runs f in a transaction that is durable when change returns nil, and leaves no trace otherwise.
func (j *Journal) change(ctx context.Context, f func(*tx) error) error {
	begun, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer begun.Rollback() // after Commit it does nothing
	if err := j.own(); err != nil {
		return err
	}
	t := &tx{ctx: ctx, sql: begun, journal: j, stmts: map[string]*sql.Stmt{}}
	if err := t.row("ReadHead").Scan(&t.number, &t.rows, &t.bytes); err != nil {
		return fmt.Errorf("read the number of the last change: %w", err)
	}
	t.number++
	if err := f(t); err != nil {
		return err
	}
	if t.wrote {
		if _, err := t.exec("InsertChange", t.number, writeTime(now()), t.rows, t.bytes); err != nil {
			return fmt.Errorf("number the change: %w", err)
		}
	}
	return begun.Commit()
}

// ending is change for what a run ends with, which also finds room on a disk that is full.
func (j *Journal) ending(ctx context.Context, f func(*tx) error) error {
	err := j.change(ctx, f)
	if full(err) && j.reserve.spend() {
		err = j.change(ctx, f)
	}
	return err
}

// put runs a query that writes rows of runs, with the number of the change as its first argument, and returns how many
// it wrote.
func (t *tx) put(query string, args ...any) (int64, error) {
	n, err := t.exec(query, append([]any{t.number}, args...)...)
	if n > 0 {
		t.wrote = true
		t.rows += n
		t.bytes += size(args)
	}
	return n, err
}

// size is about how many bytes the values of a row take on their way to another database.
func size(row []any) (bytes int64) {
	for _, v := range row {
		switch v := v.(type) {
		case string:
			bytes += int64(len(v))
		case []byte:
			bytes += int64(len(v))
		default:
			bytes += 8
		}
	}
	return bytes
}

// exec runs a query and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.stmt(query).ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *tx) row(query string, args ...any) *sql.Row {
	return t.stmt(query).QueryRowContext(t.ctx, args...)
}

func (t *tx) stmt(query string) *sql.Stmt {
	stmt := t.stmts[query]
	if stmt == nil {
		prepared := t.journal.stmts[query]
		if prepared == nil {
			panic("no query " + query)
		}
		stmt = t.sql.StmtContext(t.ctx, prepared)
		t.stmts[query] = stmt
	}
	return stmt
}

package journal

import (
	"context"
	"database/sql"
)

// A tx is one write transaction.
type tx struct {
	ctx     context.Context
	sql     *sql.Tx
	journal *Journal
	stmts   map[string]*sql.Stmt // of the journal, bound to this transaction
	failed  error                // the first error of a batch
}

// change runs f in a transaction that is durable when change returns nil, and leaves no trace otherwise.
func (j *Journal) change(ctx context.Context, f func(*tx) error) error {
	begun, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer begun.Rollback() // after Commit it does nothing
	if err := f(&tx{ctx: ctx, sql: begun, journal: j, stmts: map[string]*sql.Stmt{}}); err != nil {
		return err
	}
	return begun.Commit()
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

package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/history"
	"bench/sql/migrations"
	"bench/sql/queries"
)

// A Reader reads runs from a replica and never changes it. Its methods may be used by several goroutines at once.
type Reader struct {
	*history.Reader
	db      *sql.DB
	queries queries.Set
	plain   bool // there are no transactions that only read
}

// Progress is how far one journal has been fed to a replica.
type Progress struct {
	Journal string    // id
	Fed     int64     // number of the newest change that is in the replica
	Head    int64     // number of the journal's newest change at that time; more than Fed while the replica catches up
	At      time.Time // of the last statement, on the replica's clock
}

// OpenReader connects to the replica at an address such as postgres://user@host/database or snowflake://connection. A
// database without our tables, or with those of another version, is refused; one that cannot be reached is an error with
// code [bench.CodeUnreachable]. No error holds a secret.
func OpenReader(ctx context.Context, dsn string) (_ *Reader, err error) {
	server, err := serverAt(dsn, nil)
	if err != nil {
		return nil, err
	}
	set, err := queries.Load(server.dialect())
	if err != nil {
		return nil, err
	}
	db := server.db()
	db.SetMaxOpenConns(4)
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	tables, err := migrations.Open(server.dialect().Name, db)
	if err != nil {
		return nil, err
	}
	current, err := tables.Current(ctx)
	switch latest := tables.Latest(); {
	case err != nil:
		return nil, within(ctx, server, "read the version of its tables", err)
	case current == 0:
		return nil, fmt.Errorf("%s is not a replica: it becomes one when a server feeds it", server)
	case current > latest:
		return nil, newer(server, current, latest)
	case current < latest:
		return nil, fmt.Errorf("%s has tables of version %d, and this program reads version %d: a server of this version that feeds it brings it up to date",
			server, current, latest)
	}
	return &Reader{history.New(db, set, bench.CodeUnreachable), db, set, server.dialect() == dialect.Snowflake}, nil
}

// Progress lists the journals that have fed the replica, and how far.
func (r *Reader) Progress(ctx context.Context) (list []Progress, err error) {
	found, err := r.db.QueryContext(ctx, r.queries["ListProgress"])
	if err != nil {
		return nil, fmt.Errorf("read the progress of the replica: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var p Progress
		if err := found.Scan(&p.Journal, &p.Fed, &p.Head, dialect.ScanTime(&p.At)); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, found.Err()
}

// Query runs one statement and gives at most limit rows. In PostgreSQL it can only read. Snowflake has no transactions that
// only read: there, what the statement changes is rolled back, unless it is DDL.
func (r *Reader) Query(ctx context.Context, statement string, limit int) (columns []string, rows [][]any, err error) {
	if !r.plain {
		return r.Reader.Query(ctx, statement, limit)
	}
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer tx.Rollback()
	return history.Rows(ctx, tx, statement, limit)
}

// Close ends the reader's connections.
func (r *Reader) Close() error { return r.db.Close() }

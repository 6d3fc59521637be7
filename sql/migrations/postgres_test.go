package migrations_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"

	"bench/sql/target/postgres/pgtest"
)

// openPostgres opens an empty PostgreSQL database. It lends goose the native driver through as much of database/sql as
// migrations use; pgx's own adapter would bring in a pool, with a module of its own, that nothing else here needs.
func openPostgres(t *testing.T) *sql.DB {
	t.Helper()
	db := sql.OpenDB(connector{pgtest.Start(t)})
	t.Cleanup(func() { db.Close() })
	return db
}

type connector struct{ dsn string }

func (c connector) Driver() driver.Driver { return nil }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	pg, err := pgx.Connect(ctx, c.dsn)
	return conn{pg}, err
}

type conn struct{ pg *pgx.Conn }

func (c conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c conn) Close() error                        { return c.pg.Close(context.Background()) }
func (c conn) Begin() (driver.Tx, error)           { return tx{c}, c.run("BEGIN") }

func (c conn) run(query string) error {
	_, err := c.pg.Exec(context.Background(), query)
	return err
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.pg.Exec(ctx, query, values(args)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.pg.Query(ctx, query, values(args)...)
	return rows{r}, err
}

func values(args []driver.NamedValue) []any {
	var list []any
	for _, a := range args {
		list = append(list, a.Value)
	}
	return list
}

type tx struct{ conn conn }

func (t tx) Commit() error   { return t.conn.run("COMMIT") }
func (t tx) Rollback() error { return t.conn.run("ROLLBACK") }

type rows struct{ pg pgx.Rows }

func (r rows) Columns() []string {
	var names []string
	for _, f := range r.pg.FieldDescriptions() {
		names = append(names, f.Name)
	}
	return names
}

func (r rows) Close() error {
	r.pg.Close()
	return r.pg.Err()
}

func (r rows) Next(dest []driver.Value) error {
	if !r.pg.Next() {
		if err := r.pg.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	row, err := r.pg.Values()
	for i, v := range row {
		dest[i] = v
	}
	return err
}

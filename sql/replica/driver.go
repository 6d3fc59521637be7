package replica

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// OpenDB lends the native driver through as much of database/sql as migrations and reading need. JSON comes as text. The
// adapter that comes with pgx would bring in its pool as well, with a module of its own.
func OpenDB(config *pgx.ConnConfig) *sql.DB { return sql.OpenDB(connector{config}) }

type connector struct{ config *pgx.ConnConfig }

func (c connector) Driver() driver.Driver { return c }

// Open is for those who have only a driver; nobody here does.
func (c connector) Open(string) (driver.Conn, error) { return nil, errors.ErrUnsupported }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	pg, err := pgx.ConnectConfig(ctx, c.config)
	if err != nil {
		return nil, refused(ctx, c.config, err)
	}
	pg.TypeMap().RegisterType(&pgtype.Type{Name: "json", OID: pgtype.JSONOID, Codec: pgtype.TextCodec{}})
	return &conn{pg}, nil
}

type conn struct{ pg *pgx.Conn }

func (c *conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }

func (c *conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	return c.pg.Close(ctx)
}

// goodbye is how long taking leave of a server may take.
const goodbye = time.Second

func (c *conn) IsValid() bool { return !c.pg.IsClosed() }

// ResetSession looks whether a connection that was idle still has its server, so that whoever uses it next need not know.
// It costs a round trip.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.pg.IsClosed() || c.pg.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	return nil
}

func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	mode := pgx.ReadWrite
	if o.ReadOnly {
		mode = pgx.ReadOnly
	}
	pg, err := c.pg.BeginTx(ctx, pgx.TxOptions{AccessMode: mode})
	return tx{pg}, err
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.pg.Exec(ctx, query, arguments(args)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	found, err := c.pg.Query(ctx, query, arguments(args)...)
	return rows{found}, err
}

func arguments(args []driver.NamedValue) []any {
	var list []any
	for _, a := range args {
		list = append(list, a.Value)
	}
	return list
}

type tx struct{ pg pgx.Tx }

func (t tx) Commit() error   { return t.pg.Commit(context.Background()) }
func (t tx) Rollback() error { return t.pg.Rollback(context.Background()) }

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

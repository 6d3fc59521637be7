package replica

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/migrations"
)

// A server is a database that holds a replica, as far as dialects differ. Having one connects to nothing.
type server interface {
	String() string // as a person knows it, without secrets
	dialect() dialect.Dialect
	bounds() bounds
	db() *sql.DB                                                 // for migrating and reading; whoever asks closes it
	open(ctx context.Context, limit time.Duration) (line, error) // the server ends statements of the line that take longer than limit
	says(err error) (text string, answered bool)                 // what err comes down to, without secrets and values, and whether the server answered so
}

// Bounds of what goes to a replica, unless a [Config] says otherwise.
type bounds struct {
	timeout     time.Duration
	rows, bytes int64 // of a portion
}

// A dial connects to an address on a network.
type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// serverAt is the server at an address. The address may hold a password, so no error quotes it; each has code
// [bench.CodeInvalid]. dial is nil for the network.
func serverAt(address string, dial dial) (server, error) {
	if rest, ok := strings.CutPrefix(address, "snowflake://"); ok {
		return snowflakeAt(rest, dial)
	}
	return postgresAt(address, dial)
}

// Name is the replica at an address as a person knows it, without secrets. An address that cannot be read is an error with
// code [bench.CodeInvalid].
func Name(address string) (string, error) {
	s, err := serverAt(address, nil)
	if err != nil {
		return "", err
	}
	return s.String(), nil
}

// migrate applies what is pending. A replica of a newer program is refused, since this one does not know its tables. answered
// hears when there is a connection: what follows may take long.
func migrate(ctx context.Context, s server, answered func()) error {
	db := s.db()
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return within(ctx, s, "connect", err)
	}
	conn.Close() // the pool has it
	answered()
	set, err := migrations.Open(s.dialect().Name, db)
	if err != nil {
		return err
	}
	current, err := set.Current(ctx)
	if err != nil {
		return within(ctx, s, "read the version of its tables", err)
	}
	if current > set.Latest() {
		return newer(s, current, set.Latest())
	}
	if current < set.Latest() {
		if _, err := set.Up(ctx); err != nil {
			return within(ctx, s, "bring its tables up to date", err)
		}
	}
	return nil
}

func newer(s server, version, known int64) error {
	return fmt.Errorf("%s has tables of version %d, and this program knows them up to version %d: use a newer bench", s, version, known)
}

// refused says in one sentence why there is no connection. Neither the server nor the network knows a password.
func refused(ctx context.Context, s server, err error) error {
	return bench.Errorf(bench.CodeUnreachable, "%s cannot be reached: %s", s, cause(ctx, s, err))
}

// within says which replica failed at what, without secrets and without values of rows.
func within(ctx context.Context, s server, doing string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*bench.Error](err); ok { // it could not be reached, and says so itself
		return e
	}
	return fmt.Errorf("%s: %s: %s", s, doing, cause(ctx, s, err))
}

// cause is what err comes down to, without secrets and without values of rows.
func cause(ctx context.Context, s server, err error) string {
	if t, ok := errors.AsType[*tableError](err); ok {
		return t.table + ": " + cause(ctx, s, t.err)
	}
	text, answered := s.says(err)
	if !answered && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "it did not answer in time"
	}
	return text
}

// A tableError is what happened with the rows of one table.
type tableError struct {
	table string
	err   error
}

func (e *tableError) Error() string { return e.table + ": " + e.err.Error() }
func (e *tableError) Unwrap() error { return e.err }

// A connector says of a replica that is not there which one it is.
type connector struct {
	driver.Connector
	server server
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, refused(ctx, c.server, err)
	}
	return conn, nil
}

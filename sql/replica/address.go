package replica

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"bench/runtime/bench"
)

// parse reads the address of a replica. It may hold a password, so no error quotes it; each has code [bench.CodeInvalid].
func parse(dsn string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, bench.Errorf(bench.CodeInvalid, "the address of the replica cannot be read: write postgres://USER@HOST:PORT/DATABASE?sslmode=MODE")
	}
	return config, nil
}

// Name is the replica at an address as a person knows it, without secrets. An address that cannot be read is an error with
// code [bench.CodeInvalid].
func Name(dsn string) (string, error) {
	config, err := parse(dsn)
	if err != nil {
		return "", err
	}
	return place(config), nil
}

// place names a replica without its secrets.
func place(config *pgx.ConnConfig) string {
	at := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	if network, address := pgconn.NetworkAddress(config.Host, config.Port); network == "unix" {
		at = address
	}
	return fmt.Sprintf("database %q of PostgreSQL at %s", config.Database, at)
}

// refused says in one sentence why there is no connection. Neither the server nor the network knows the password.
func refused(ctx context.Context, config *pgx.ConnConfig, err error) error {
	return bench.Errorf(bench.CodeUnreachable, "%s cannot be reached: %s", place(config), cause(ctx, err))
}

// cause is what err comes down to. What a server says of the values in a row stays out.
func cause(ctx context.Context, err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Sprintf("%s (SQLSTATE %s)", pg.Message, pg.Code)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "it did not answer in time"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error()
	}
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		err = connect.Unwrap()
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

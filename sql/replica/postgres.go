package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"bench/runtime/bench"
	"bench/sql/dialect"
)

// A postgres is a server of PostgreSQL.
type postgres struct{ config *pgx.ConnConfig }

func postgresAt(dsn string, dial dial) (server, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, bench.Errorf(bench.CodeInvalid, "the address of the replica cannot be read: write postgres://USER@HOST:PORT/DATABASE?sslmode=MODE")
	}
	if dial != nil {
		config.DialFunc = dial
	}
	return &postgres{config}, nil
}

func (p *postgres) String() string {
	at := net.JoinHostPort(p.config.Host, strconv.Itoa(int(p.config.Port)))
	if network, address := pgconn.NetworkAddress(p.config.Host, p.config.Port); network == "unix" {
		at = address
	}
	return fmt.Sprintf("database %q of PostgreSQL at %s", p.config.Database, at)
}

func (p *postgres) dialect() dialect.Dialect { return dialect.Postgres }

func (p *postgres) bounds() bounds {
	return bounds{timeout: 20 * time.Second, rows: 5000, bytes: 8 << 20}
}

// db is a replica as migrations and reading need it. A connection that was idle is tried before it is used, however short
// that was, so that whoever uses it need not know what became of its server. It costs a round trip.
func (p *postgres) db() *sql.DB {
	try := stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return true })
	return sql.OpenDB(connector{stdlib.GetConnector(*p.config, try), p})
}

func (p *postgres) says(err error) (text string, answered bool) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Sprintf("%s (SQLSTATE %s)", pg.Message, pg.Code), true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error(), false
	}
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		err = connect.Unwrap()
	}
	return strings.ReplaceAll(err.Error(), "\n", "; "), false
}

package replica

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
	"bench/sql/account"
	"bench/sql/dialect"
)

// A snowflake is a schema in an account of Snowflake: that of a connection of connections.toml, with its warehouse, unless the
// address says otherwise. It should not be a warehouse under test, whose load and cost the replica would be part of.
type snowflake struct {
	name      string // of the connection
	config    sf.Config
	transport *http.Transport
}

// errSnowflake is why an address of Snowflake is none.
var errSnowflake = bench.Errorf(bench.CodeInvalid, "the address of the replica cannot be read: write snowflake://NAME, where NAME is a connection of connections.toml; "+
	"?database=D&schema=S&warehouse=W&role=R behind it go before what the connection says")

// snowflakeAt reads an address: the name of a connection, and what goes before what that says.
func snowflakeAt(address string, dial dial) (server, error) {
	name, options, _ := strings.Cut(address, "?")
	said, err := url.ParseQuery(options)
	if err != nil || name == "" || strings.ContainsAny(name, "/@") {
		return nil, errSnowflake
	}
	config, err := account.Connection(name)
	if err != nil {
		return nil, bench.Errorf(bench.CodeInvalid, "the replica's connection: %w", err)
	}
	places := map[string]*string{"database": &config.Database, "schema": &config.Schema, "warehouse": &config.Warehouse, "role": &config.Role}
	for option, values := range said {
		if places[option] == nil || len(values) != 1 || values[0] == "" {
			return nil, errSnowflake
		}
		*places[option] = values[0]
	}
	if config.Database == "" {
		return nil, bench.Errorf(bench.CodeInvalid, "connection %q names no database: write database, and schema, into it, or snowflake://NAME?database=D&schema=S", name)
	}
	config.Schema = cmp.Or(config.Schema, "PUBLIC")
	config.Application = "bench"
	config.MaxRetryCount = -1 // none: the feeder tries again, and knows about it
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	return &snowflake{name, *config, &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 30 * time.Second, IdleConnTimeout: 30 * time.Minute, DialContext: dial,
	}}, nil
}

func (s *snowflake) String() string {
	return fmt.Sprintf("schema %s.%s of Snowflake, connection %q", s.config.Database, s.config.Schema, s.name)
}

func (s *snowflake) dialect() dialect.Dialect { return dialect.Snowflake }

// bounds leave time for a warehouse that resumes. The bytes of a histogram are twice as many in hex.
func (s *snowflake) bounds() bounds { return bounds{timeout: time.Minute, rows: 5000, bytes: 4 << 20} }

// db is a replica as migrations and reading need it.
func (s *snowflake) db() *sql.DB { return s.limited(s.bounds().timeout) }

// limited is db with sessions whose statements, and whose waiting for locks, end after limit. They see at once what other
// sessions wrote into hybrid tables, which otherwise may take 100 ms, so that a session sees how far the one before it came.
// A transaction of which a statement failed ends with it, and statements end whose client is gone. What is not in a
// transaction is committed at once, whatever the account or the user has set.
func (s *snowflake) limited(limit time.Duration) *sql.DB {
	seconds := strconv.FormatInt(max(1, int64(limit/time.Second)), 10)
	config := s.config
	config.LoginTimeout, config.ClientTimeout, config.JWTClientTimeout = limit, limit, limit
	config.Params = map[string]*string{
		"ABORT_DETACHED_QUERY":         new("true"),
		"AUTOCOMMIT":                   new("true"),
		"CLIENT_TELEMETRY_ENABLED":     new("false"),
		"GO_QUERY_RESULT_FORMAT":       new("JSON"),
		"HYBRID_TABLE_LOCK_TIMEOUT":    &seconds,
		"LOCK_TIMEOUT":                 &seconds,
		"QUERY_TAG":                    new(`{"app":"bench","part":"replica"}`),
		"READ_LATEST_WRITES":           new("true"),
		"STATEMENT_TIMEOUT_IN_SECONDS": &seconds,
		"TIMESTAMP_INPUT_FORMAT":       new("AUTO"),
		"TIMEZONE":                     new("UTC"),
		"TRANSACTION_ABORT_ON_ERROR":   new("true"),
	}
	return sql.OpenDB(connector{sessions{s, config}, s})
}

// sessions opens sessions, each over a wire of its own.
type sessions struct {
	server *snowflake
	config sf.Config
}

func (s sessions) Driver() driver.Driver { return sf.SnowflakeDriver{} }

func (s sessions) Connect(ctx context.Context) (driver.Conn, error) {
	config := s.config
	config.Params = maps.Clone(s.config.Params) // the driver writes into it
	config.Transporter = &account.Wire{Base: s.server.transport, Patience: goodbye}
	return sf.NewConnector(sf.SnowflakeDriver{}, config).Connect(ctx)
}

func (s *snowflake) says(err error) (text string, answered bool) {
	answer, ok := errors.AsType[*sf.SnowflakeError](err)
	if ok && (answer.Number < 260_000 || answer.Number/1000 == 390) { // the others are the driver's own
		return fmt.Sprintf("%s (%s)", account.Message(answer), account.Code(answer.Number)), true
	}
	return account.Cause(err), false
}

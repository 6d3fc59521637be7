// Package postgres runs workload statements on PostgreSQL, over pgx's low-level connection: prepared statements,
// parameters as text in a buffer that is used over and over, and answers that are read off the wire without being
// decoded. What a call allocates is what the driver allocates.
//
// The driver reads an answer to its end whatever fetch says, as the protocol has no way to refuse rows that are on their
// way: first_row stops counting after the first, and the rest is thrown away.
//
// When the context of a call ends, a cancel request goes to the server. The session stays usable if the server answers
// within five seconds; otherwise it is given up.
//
// Options of the target: secret dsn (postgres://user@host:port/database?sslmode=… or key=value words), or host, port,
// user, database, sslmode and secret password. What is not given is taken from PG* environment variables, the password
// file and the service file, as psql does. Session parameters are server settings.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A Target is how to sign in to a database. It holds no connection.
type Target struct {
	config  *pgconn.Config
	session bench.Session
}

// Open reads the options and signs in once, so that a server that is down or a password that is wrong is found here.
func Open(ctx context.Context, t bench.Target, lookup func(bench.Secret) (string, error), _ int, tag string) (*Target, error) {
	if err := target.Known(t, "dsn", "host", "port", "user", "database", "sslmode", "password"); err != nil {
		return nil, err
	}
	config, err := configure(t, lookup)
	if err != nil {
		return nil, err
	}
	if tag != "" {
		config.RuntimeParams["application_name"] = tag
	}
	p := &Target{config: config, session: t.Session}
	conn, err := p.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	return p, conn.Close()
}

// configure makes the driver's configuration. The driver's own errors quote what it could not read, with passwords
// masked as well as it can guess them; a text that came from a secret is therefore not quoted at all.
func configure(t bench.Target, lookup func(bench.Secret) (string, error)) (*pgconn.Config, error) {
	secret := func(name string) (string, bool, error) {
		reference, ok := t.Secrets[name]
		if !ok {
			return "", false, nil
		}
		v, err := lookup(reference)
		if err != nil {
			return "", true, fmt.Errorf("target \"postgres\": %s: %w", name, err)
		}
		return v, true, nil
	}

	dsn, ok, err := secret("dsn")
	if err != nil {
		return nil, err
	}
	if !ok {
		dsn, ok = t.Options["dsn"]
	}
	if ok {
		for _, name := range []string{"host", "port", "user", "database", "sslmode", "password"} {
			if t.Options[name] != "" || t.Secrets[name] != "" {
				return nil, fmt.Errorf("target \"postgres\" has both dsn and %s: write %s into the dsn, or leave the dsn out", name, name)
			}
		}
		config, err := pgconn.ParseConfig(dsn)
		if err != nil {
			return nil, fmt.Errorf("target \"postgres\": dsn cannot be read%s: write postgres://USER@HOST:PORT/DATABASE?sslmode=MODE, or host=HOST user=USER dbname=DATABASE", reason(err))
		}
		return config, nil
	}

	var words []string
	for name, key := range map[string]string{"host": "host", "port": "port", "user": "user", "database": "dbname", "sslmode": "sslmode"} {
		if v, ok := t.Options[name]; ok {
			words = append(words, key+"='"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v)+"'")
		}
	}
	slices.Sort(words)
	config, err := pgconn.ParseConfig(strings.Join(words, " "))
	if err != nil {
		return nil, fmt.Errorf("target \"postgres\": %w", err)
	}
	password, ok, err := secret("password")
	if err != nil {
		return nil, err
	}
	if ok {
		config.Password = password
	}
	return config, nil
}

// reason is what can be said about an unreadable dsn without quoting it: which file is missing, if it is about a file.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return " (" + e.Error() + ")"
	}
	return ""
}

// Open signs in and sets the session up.
func (t *Target) Open(ctx context.Context, _ int, stage func(bench.Stage)) (load.Conn, error) {
	c, err := t.connect(ctx, stage)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (t *Target) connect(ctx context.Context, stage func(bench.Stage)) (*Conn, error) {
	if stage == nil {
		stage = func(bench.Stage) {}
	}
	stage(bench.StageLogin)
	pg, err := pgconn.ConnectConfig(ctx, t.config)
	if err != nil {
		return nil, t.refused(ctx, err)
	}
	c := newConn(pg)
	stage(bench.StageSession)
	if err := c.setUp(ctx, t.session); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// refused says in one sentence why there is no session. It holds no password: neither the server nor the network knows it.
func (t *Target) refused(ctx context.Context, err error) *bench.OpError {
	at := net.JoinHostPort(t.config.Host, strconv.Itoa(int(t.config.Port)))
	if network, address := pgconn.NetworkAddress(t.config.Host, t.config.Port); network == "unix" {
		at = address
	}
	e := &bench.OpError{Class: bench.ErrorConnection, Lost: true}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.Code = pg.Code
		e.Message = fmt.Sprintf("PostgreSQL at %s does not let user %q into database %q: %s", at, t.config.User, t.config.Database, pg.Message)
		return e
	}
	cause := err.Error()
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		cause = strings.ReplaceAll(connect.Unwrap().Error(), "\n", "; ")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		cause = op.Err.Error()
	}
	if ctx.Err() != nil {
		cause = "it did not answer in time"
	}
	e.Message = fmt.Sprintf("PostgreSQL at %s cannot be reached: %s", at, cause)
	return e
}

// setUp sets parameters and runs the session's statements.
func (c *Conn) setUp(ctx context.Context, session bench.Session) error {
	for _, name := range slices.Sorted(maps.Keys(session.Params)) {
		_, _, err := c.query(ctx, "SELECT set_config($1, $2, false)", 1, []byte(name), []byte(session.Params[name]))
		if err != nil {
			return fmt.Errorf("session parameter %s: %w", name, err)
		}
	}
	for i, sql := range session.Init {
		if err := c.script(ctx, sql); err != nil {
			return fmt.Errorf("init statement %d of the session: %w", i+1, err)
		}
	}
	return nil
}

// Query runs one statement in a session of its own.
func (t *Target) Query(ctx context.Context, sql string, limit int) ([]string, [][]bench.Value, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	return c.query(ctx, sql, limit)
}

// Script runs statements in a session of its own. They are sent as one text, which the server runs as one transaction
// unless the script says BEGIN and COMMIT itself: after an error nothing of it has happened. The error names its place.
func (t *Target) Script(ctx context.Context, sql string) error {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.script(ctx, sql)
}

// Facts are the server's version, the settings that matter for speed, and the time of a SELECT 1.
func (t *Target) Facts(ctx context.Context) ([]bench.Fact, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var facts []bench.Fact
	for _, name := range []string{
		"server_version", "max_connections", "shared_buffers", "fsync", "synchronous_commit", "default_transaction_isolation",
	} {
		_, rows, err := c.query(ctx, "SELECT current_setting($1)", 1, []byte(name))
		if err != nil {
			return nil, err
		}
		facts = append(facts, bench.Fact{Source: "target", Name: name, Value: rows[0][0].Text})
	}

	if err := c.Prepare(ctx, []*bench.Statement{{Parts: []string{"SELECT 1"}}}); err != nil {
		return nil, err
	}
	var call load.Call
	trip, err := target.RoundTrip(func() error { return c.Exec(ctx, &call) })
	if err != nil {
		return nil, err
	}
	return append(facts, bench.Fact{Source: "target", Name: "round_trip_us", Value: strconv.FormatInt(trip.Microseconds(), 10)}), nil
}

// Close does nothing: connections are closed by themselves.
func (t *Target) Close() error { return nil }

// grace is how long the server may take to end a statement that was cancelled, and to take leave.
const grace = 5 * time.Second

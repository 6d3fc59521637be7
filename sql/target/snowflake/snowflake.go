// Package snowflake runs workload statements on Snowflake, over the official driver's connections and without the pool of
// database/sql: a virtual connection is a session, which is opened before the clock starts and given up when it is dead.
//
// What would falsify a measurement is switched off. The driver sends every request once: what it would try again behind
// the clock's back is an error here, which the workload's own retry may take up, counted. Two exceptions remain, both rare
// and with the same request id, so that nothing runs twice: an answer that is cut off on its way is asked for once more,
// and a session token that ran out, after an hour, is renewed. Logins are tried three times when the service is busy. The
// driver's telemetry and its log are off.
//
// Sessions begin with USE_CACHED_RESULT = false, TIMEZONE = UTC, a statement timeout on the server as a backstop for a
// client that is gone, ABORT_DETACHED_QUERY = true for the same reason, results as JSON, which costs half the processor
// time of Arrow for answers of a few rows, and a QUERY_TAG. Parameters of the spec are set after that. Every statement
// carries a tag of its own that names run, phase and workload (see tag.go).
//
// When the context of a call ends, an abort goes to Snowflake, for as long as five seconds until it is taken. The call
// returns what became of it; a session whose statement may still run is lost, and closed.
//
// Statements are not prepared, as Snowflake prepares none: each distinct text is described once, so that one that is
// wrong is found before the start. Parameters are bound, whole numbers as numbers, all else as text: the driver would
// round floats to 32 bits. Where an expression needs a float, write :x::FLOAT. Column names in capitals, which is what
// Snowflake makes of names without quotes, are given in small letters, as specs write them.
//
// TLS is Go's own, with the system's roots; whether a certificate was revoked is not looked up.
//
// Options of the target: see [account.Options] for how to sign in; warehouse, role, database, schema; statement_timeout, of the
// server, at least the longest timeout of a workload (1h); cached_results, true if answers may come from the result
// cache; require_size, require_clusters, require_scaling, what the warehouse must be (see warehouse.go).
package snowflake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/account"
	"bench/sql/target"
)

// A Target is how to sign in to an account.
type Target struct {
	config    sf.Config
	ignored   []string // keys of the connection that say nothing here
	session   bench.Session
	tag       tag
	transport *http.Transport
	logins    sync.WaitGroup // those that go on after whoever wanted them has left
	require   warehouse

	describing sync.Mutex
	described  map[string]bool // texts of statements that Snowflake understands
}

// How long Snowflake may take: to let somebody in, and to answer one HTTP request (a statement that runs for longer than
// 45 seconds is asked for again).
const (
	loginTimeout   = 60 * time.Second
	requestTimeout = 5 * time.Minute
)

// options are all that the target has, besides those of signing in.
var options = []string{
	"warehouse", "role", "database", "schema", "statement_timeout", "cached_results", "require_size", "require_clusters", "require_scaling",
}

// Open reads the options and signs in once, so that an account that is wrong, a key that is not known or a warehouse that
// is not what the spec requires is found here.
func Open(ctx context.Context, t bench.Target, lookup func(bench.Secret) (string, error), connections int, tag string) (*Target, error) {
	if err := target.Known(t, slices.Concat(account.Options, options)...); err != nil {
		return nil, err
	}
	config, ignored, err := account.SignIn(t, lookup)
	if err != nil {
		return nil, err
	}
	s := &Target{config: *config, ignored: ignored, session: t.Session, tag: newTag(tag), described: map[string]bool{}}
	if s.require, err = required(t); err != nil {
		return nil, err
	}
	for name, into := range map[string]*string{
		"warehouse": &s.config.Warehouse, "role": &s.config.Role, "database": &s.config.Database, "schema": &s.config.Schema,
	} {
		if v, ok := t.Options[name]; ok {
			*into = v
		}
	}
	if err := s.settings(t); err != nil {
		return nil, err
	}
	s.transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 30 * time.Second, IdleConnTimeout: 30 * time.Minute,
		MaxIdleConnsPerHost: connections + 2, // a session's next statement never has to dial
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
	}
	s.transport.Protocols = new(http.Protocols)
	s.transport.Protocols.SetHTTP1(true) // over HTTP/2 sessions would wait for each other on one connection
	conn, err := s.connect(ctx, nil)
	if err != nil {
		s.Close()
		return nil, err
	}
	err = conn.check(ctx, s.require)
	conn.Close()
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// settings are what every session begins with.
func (t *Target) settings(d bench.Target) error {
	timeout := time.Hour
	if v, ok := d.Options["statement_timeout"]; ok {
		var err error
		if timeout, err = time.ParseDuration(v); err != nil || timeout < time.Second {
			return fmt.Errorf("target %q: statement_timeout = %q must be a duration of at least 1s", d.Kind, v)
		}
	}
	cached, err := target.One(d, "cached_results", "false", "true")
	if err != nil {
		return err
	}
	t.config.Params = map[string]*string{
		"ABORT_DETACHED_QUERY":         new("true"),
		"CLIENT_TELEMETRY_ENABLED":     new("false"),
		"GO_QUERY_RESULT_FORMAT":       new("JSON"),
		"QUERY_TAG":                    new(t.tag.text("", "")),
		"STATEMENT_TIMEOUT_IN_SECONDS": new(strconv.FormatInt(int64((timeout+time.Second-1)/time.Second), 10)),
		"TIMEZONE":                     new("UTC"),
		"USE_CACHED_RESULT":            new(cached),
	}
	t.config.Application = "bench"
	t.config.MaxRetryCount = -1 // none
	t.config.LoginTimeout, t.config.ClientTimeout, t.config.JWTClientTimeout = loginTimeout, requestTimeout, loginTimeout
	return nil
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
	c, err := t.login(ctx)
	if err != nil {
		return nil, err
	}
	stage(bench.StageSession)
	if err := c.setUp(ctx, t.session); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// login opens a session. When ctx ends first, the login goes on without its caller for as long as [account.Grace], so that it can be
// taken back: Snowflake would keep a session that nobody knows of for hours.
func (t *Target) login(ctx context.Context) (*Conn, error) {
	if ctx.Err() != nil {
		return nil, t.refused(ctx, ctx.Err())
	}
	type outcome struct {
		conn *Conn
		err  error
	}
	result := make(chan outcome) // unbuffered: either it is taken, or its sender learns that nobody will
	t.logins.Go(func() {
		background, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginTimeout)
		defer cancel()
		stop := context.AfterFunc(ctx, func() { time.AfterFunc(account.Grace, cancel) })
		defer stop()
		conn, err := t.dial(background, ctx)
		select {
		case result <- outcome{conn, err}:
		case <-ctx.Done():
			if err == nil {
				conn.Close()
			}
		}
	})
	select {
	case r := <-result:
		if r.err != nil {
			return nil, t.refused(ctx, r.err)
		}
		return r.conn, nil
	case <-ctx.Done():
		return nil, t.refused(ctx, ctx.Err())
	}
}

// dial signs in, again when the service is busy. It does not begin another try when nobody wants it any more.
func (t *Target) dial(ctx, wanted context.Context) (*Conn, error) {
	for try := 1; ; try++ {
		w := &account.Wire{Base: t.transport}
		config := t.config
		config.Params = maps.Clone(t.config.Params)
		config.Transporter = w
		conn, err := sf.NewConnector(sf.SnowflakeDriver{}, config).Connect(ctx)
		if err == nil {
			return newConn(t, w, conn), nil
		}
		if status := w.Status(); try == 3 || status != http.StatusTooManyRequests && status < 500 {
			return nil, err
		}
		select {
		case <-time.After(time.Duration(try) * time.Second):
		case <-wanted.Done():
			return nil, wanted.Err()
		}
	}
}

// refused says in one sentence why there is no session.
func (t *Target) refused(ctx context.Context, err error) *bench.OpError {
	at := net.JoinHostPort(t.config.Host, strconv.Itoa(t.config.Port))
	e := &bench.OpError{Class: bench.ErrorConnection, Lost: true}
	if answer, ok := errors.AsType[*sf.SnowflakeError](err); ok && answer.Number/1000 == 390 {
		e.Code = account.Code(answer.Number)
		e.Message = fmt.Sprintf("Snowflake at %s does not let %s in: %s", at, t.who(), account.OneLine(answer.Message))
		return e
	}
	cause := account.Cause(err)
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		cause = "it did not answer in time"
	}
	e.Message = fmt.Sprintf("Snowflake at %s cannot be reached: %s", at, cause)
	return e
}

func (t *Target) who() string {
	if t.config.User == "" {
		return "the owner of the token"
	}
	return "user " + strconv.Quote(t.config.User)
}

// parameter is what the name of a session parameter may be.
var parameter = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// setUp sets parameters and runs the session's statements.
func (c *Conn) setUp(ctx context.Context, session bench.Session) error {
	for _, name := range slices.Sorted(maps.Keys(session.Params)) {
		if !parameter.MatchString(name) {
			return fmt.Errorf("session parameter %q: that is no name of a parameter", name)
		}
		if err := c.control(ctx, "ALTER SESSION SET "+name+" = "+literal(session.Params[name])); err != nil {
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

// literal is the value of a parameter in SQL: numbers and truth values are bare.
func literal(value string) string {
	if _, err := strconv.ParseInt(value, 10, 64); err == nil || strings.EqualFold(value, "true") || strings.EqualFold(value, "false") {
		return value
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(value) + "'"
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

// Script runs statements, one after the other, in a session of its own. Snowflake commits each DDL statement by itself.
// The error names its place.
func (t *Target) Script(ctx context.Context, sql string) error {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.script(ctx, sql)
}

// Close waits for logins that are on their way and hangs up. Sessions are closed by themselves.
func (t *Target) Close() error {
	t.logins.Wait()
	t.transport.CloseIdleConnections()
	return nil
}

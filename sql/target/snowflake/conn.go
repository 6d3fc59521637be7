package snowflake

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/account"
	"bench/sql/target"
)

// A Conn is one session.
type Conn struct {
	target     *Target
	wire       *account.Wire
	driver     driver.Conn // nil once it is closed
	statements []statement

	args []driver.NamedValue // of the call in flight
	dest []driver.Value      // the row in hand
	now  labels              // of the operation in flight
	tag  string              // what they come to
	tags map[labels]string   // the same, for all so far
}

// labels are what the tags of a session differ in.
type labels struct {
	phase    bench.Phase
	workload string
}

func newConn(t *Target, w *account.Wire, conn driver.Conn) *Conn {
	return &Conn{target: t, wire: w, driver: conn, tags: map[labels]string{}}
}

// Tag says what the statements from now on belong to.
func (c *Conn) Tag(phase bench.Phase, workload string) {
	now := labels{phase, workload}
	if now == c.now {
		return
	}
	text, ok := c.tags[now]
	if !ok {
		text = c.target.tag.text(phase, workload)
		c.tags[now] = text
	}
	c.now, c.tag = now, text
}

// errClosed is what a closed session says.
var errClosed = &bench.OpError{Class: bench.ErrorConnection, Message: "the session is closed", Lost: true}

// begin gives the context of a call, or the reason why there can be none. The driver would send a statement whose context
// has ended, to abort it.
func (c *Conn) begin(ctx context.Context) (context.Context, error) {
	switch {
	case c.driver == nil:
		return nil, errClosed
	case ctx.Err() != nil:
		return nil, target.Ended(ctx, account.Code(canceled))
	case c.tag == "":
		return ctx, nil
	}
	return sf.WithQueryTag(ctx, c.tag), nil
}

// finish makes an OpError of the error of a call that sent sql, and names the place in it.
func (c *Conn) finish(ctx context.Context, err error, sql string) error {
	if err == nil {
		return nil
	}
	e := c.failure(ctx, err)
	locate(e, sql, 0)
	return e
}

// Prepare readies the statements. Those that Snowflake can describe are described, once for all sessions of the target.
func (c *Conn) Prepare(ctx context.Context, statements []*bench.Statement) error {
	if _, err := c.begin(ctx); err != nil {
		return err
	}
	for _, s := range statements {
		sql := s.Text(func(int) string { return "?" })
		pieces := split(sql)
		switch {
		case len(pieces) != 1:
			return &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf("the text has %d statements, and an operation sends them one by one", len(pieces))}
		case pieces[0].placeholders != len(s.Binds):
			return &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf("the statement has %d placeholders for %d parameters: write :name for a parameter, not ?", pieces[0].placeholders, len(s.Binds))}
		}
		p, err := c.statement(ctx, sql[pieces[0].from:pieces[0].to])
		if err != nil {
			return err
		}
		if err := c.describe(ctx, &p); err != nil {
			return err
		}
		c.statements = append(c.statements, p)
	}
	return nil
}

// statement makes a statement of a text, without asking Snowflake.
func (c *Conn) statement(ctx context.Context, sql string) (statement, error) {
	stmt, err := c.driver.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
	if err != nil {
		return statement{}, c.finish(ctx, err, sql)
	}
	return statement{sql: sql, kind: kindOf(sql), stmt: stmt.(driverStatement)}, nil
}

// describe asks Snowflake what a statement would return, unless some session of the target has done so before.
func (c *Conn) describe(ctx context.Context, s *statement) error {
	if s.kind == kindOther {
		return nil
	}
	c.target.describing.Lock()
	defer c.target.describing.Unlock()
	if c.target.described[s.sql] {
		return nil
	}
	under, err := c.begin(ctx)
	if err != nil {
		return err
	}
	rows, err := s.stmt.QueryContext(sf.WithDescribeOnly(under), nil)
	if answer, ok := errors.AsType[*sf.SnowflakeError](err); ok && undescribable[answer.Number] {
		err = nil
	}
	if err != nil {
		return c.finish(ctx, err, s.sql)
	}
	if rows != nil {
		rows.Close()
	}
	c.target.described[s.sql] = true
	return nil
}

// Exec runs a prepared statement.
func (c *Conn) Exec(ctx context.Context, call *load.Call) error {
	under, err := c.begin(ctx)
	if err != nil {
		return err
	}
	s := &c.statements[call.Statement]
	c.bind(call.Args)
	call.Rows, call.First, call.QueryID = 0, call.First[:0], ""
	if s.kind == kindRows {
		err = c.read(under, s, call)
	} else {
		call.Rows, err = c.change(under, s, call)
	}
	if err != nil {
		return c.finish(ctx, err, s.sql)
	}
	return nil
}

// change runs a statement that returns no rows of its own, and says how many it changed.
func (c *Conn) change(ctx context.Context, s *statement, call *load.Call) (int64, error) {
	result, err := s.stmt.ExecContext(ctx, c.args)
	s.identify(call, err)
	if err != nil {
		return 0, err
	}
	answered(call)
	if s.kind == kindOther {
		return 0, nil
	}
	return result.RowsAffected()
}

// read runs a statement that returns rows, and reads as many as the call wants.
func (c *Conn) read(ctx context.Context, s *statement, call *load.Call) error {
	if call.Fetch == "first_row" { // the driver fetches ahead until the context ends
		var stop context.CancelFunc
		ctx, stop = context.WithCancel(ctx)
		defer stop()
	}
	rows, err := s.stmt.QueryContext(ctx, c.args)
	s.identify(call, err)
	if err != nil {
		return err
	}
	defer rows.Close()
	answered(call)
	s.learn(rows)
	if call.Keep {
		call.Columns = s.columns
	}
	c.dest = resize(c.dest, len(s.columns))
	for {
		switch err := rows.Next(c.dest); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		call.Rows++
		if call.Keep && call.Rows == 1 {
			call.First = s.decode(call.First, c.dest)
		}
		if call.Fetch == "first_row" {
			return nil
		}
	}
}

func resize(row []driver.Value, n int) []driver.Value {
	if cap(row) < n {
		return make([]driver.Value, n)
	}
	return row[:n]
}

func answered(call *load.Call) {
	if call.Answered != nil {
		call.Answered()
	}
}

// Begin starts a transaction. Snowflake has one level of isolation.
func (c *Conn) Begin(ctx context.Context, isolation string) error {
	if isolation != "" && !strings.EqualFold(isolation, "read committed") {
		return &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf("isolation %q must be read committed: Snowflake has no other", isolation)}
	}
	return c.control(ctx, "BEGIN")
}

// Commit ends the transaction. Without an answer nobody knows whether it did.
func (c *Conn) Commit(ctx context.Context) error {
	err := c.control(ctx, "COMMIT")
	if e, ok := err.(*bench.OpError); ok && e.Code == "503" {
		e.Lost = true // a gateway may say so of a service that has taken the COMMIT
	}
	return err
}

// Rollback undoes the transaction.
func (c *Conn) Rollback(ctx context.Context) error { return c.control(ctx, "ROLLBACK") }

// control runs a statement without parameters and rows.
func (c *Conn) control(ctx context.Context, sql string) error {
	return c.finish(ctx, c.run(ctx, sql), sql)
}

// run is control with the driver's own error.
func (c *Conn) run(ctx context.Context, sql string) error {
	under, err := c.begin(ctx)
	if err != nil {
		return err
	}
	_, err = c.driver.(driver.ExecerContext).ExecContext(under, sql, nil)
	return err
}

// query runs one statement and keeps all its rows.
func (c *Conn) query(ctx context.Context, sql string, limit int) ([]string, [][]bench.Value, error) {
	under, err := c.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := c.statement(ctx, sql)
	if err != nil {
		return nil, nil, err
	}
	under, stop := context.WithCancel(under)
	defer stop()
	rows, err := s.stmt.QueryContext(under, nil)
	if err != nil {
		return nil, nil, c.finish(ctx, err, sql)
	}
	defer rows.Close()
	s.learn(rows)
	dest := make([]driver.Value, len(s.columns))
	var all [][]bench.Value
	for {
		switch err := rows.Next(dest); {
		case err == io.EOF:
			return s.columns, all, nil
		case err != nil:
			return nil, nil, c.finish(ctx, err, sql)
		case len(all) == limit:
			return nil, nil, target.TooMany(limit)
		}
		all = append(all, s.decode(nil, dest))
	}
}

// script runs all statements of a text.
func (c *Conn) script(ctx context.Context, sql string) error {
	for i, p := range split(sql) {
		err := c.run(ctx, sql[p.from:p.to])
		if err == nil {
			continue
		}
		e := c.failure(ctx, err)
		if !locate(e, sql, p.from) {
			e.Message = fmt.Sprintf("statement %d of the script, at %s: %s", i+1, target.Place(sql, p.from), e.Message)
		}
		return e
	}
	return nil
}

// Close ends the session, which rolls back what is open in it.
func (c *Conn) Close() error {
	if c.driver == nil {
		return nil
	}
	err := c.driver.Close()
	c.driver = nil
	return err
}

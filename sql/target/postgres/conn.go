package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A Conn is one session. The driver sees no context of a call: its own watching costs each call five allocations, and
// may cut a cancel request short, which then hits the statement after the one it was meant for.
type Conn struct {
	pg         *pgconn.PgConn
	watch      *target.Watch
	statements []statement

	buffer []byte   // the parameters of the call in flight, one after the other
	ends   []int    // of each in buffer
	params [][]byte // each, or nil for NULL
}

// A statement is one that is prepared.
type statement struct {
	description *pgconn.StatementDescription
	columns     []string
}

func newConn(pg *pgconn.PgConn) *Conn {
	c := &Conn{pg: pg, buffer: make([]byte, 0, 128)}
	c.watch = target.NewWatch(100*time.Millisecond, c.interrupt)
	return c
}

// interrupt sends a cancel request and waits until the server has taken it. The deadline ends the call when the server
// does not.
func (c *Conn) interrupt(first bool) {
	if first {
		c.pg.Conn().SetDeadline(time.Now().Add(grace))
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	c.pg.CancelRequest(ctx)
}

// background is the context that the driver gets: one that it does not watch.
var background = context.Background()

// errClosed is what a closed session says.
var errClosed = &bench.OpError{Class: bench.ErrorConnection, Message: "the session is closed", Lost: true}

// begin starts a call under ctx. Every call that succeeded to begin must come to finish.
func (c *Conn) begin(ctx context.Context) error {
	if c.pg.IsClosed() {
		return errClosed
	}
	if c.watch.Begin(ctx) != nil {
		return target.Ended(ctx, cancelled)
	}
	return nil
}

// finish ends a call and makes an OpError of its error.
func (c *Conn) finish(ctx context.Context, err error) error {
	if c.watch.End() {
		c.pg.Conn().SetDeadline(time.Time{})
	}
	if err == nil {
		return nil
	}
	e := failure(ctx, err)
	e.Lost = c.pg.IsClosed()
	return e
}

// finishText ends a call that sent sql, and adds the place in it to its error.
func (c *Conn) finishText(ctx context.Context, err error, sql string) error {
	at := place(err, sql)
	err = c.finish(ctx, err)
	if e, ok := err.(*bench.OpError); ok {
		e.Message += at
	}
	return err
}

// Prepare readies the statements, one round trip each.
func (c *Conn) Prepare(ctx context.Context, statements []*bench.Statement) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	for _, s := range statements {
		sql := s.Text(func(i int) string { return "$" + strconv.Itoa(i+1) })
		if err := input(sql); err != nil {
			return c.finish(ctx, err)
		}
		d, err := c.pg.Prepare(background, "s"+strconv.Itoa(len(c.statements)), sql, nil)
		if err != nil {
			return c.finishText(ctx, err, sql)
		}
		if n := len(d.ParamOIDs); n != len(s.Binds) {
			return c.finish(ctx, fmt.Errorf("the statement has %d placeholders for %d parameters: write :name for a parameter, not $1", n, len(s.Binds)))
		}
		c.statements = append(c.statements, statement{d, names(d.Fields)})
	}
	return c.finish(ctx, nil)
}

func names(fields []pgconn.FieldDescription) []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
	}
	return names
}

// Exec runs a prepared statement.
func (c *Conn) Exec(ctx context.Context, call *load.Call) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.encode(call.Args)
	s := &c.statements[call.Statement]
	call.Rows, call.First = 0, call.First[:0]
	if call.Keep {
		call.Columns = s.columns
	}

	answer := c.pg.ExecStatement(background, s.description, c.params, nil, nil)
	returned := answer.NextRow()
	if returned {
		call.Rows = 1
		answered(call)
		if call.Keep {
			call.First = row(call.First, s.description.Fields, answer.Values())
		}
		if call.Fetch != "first_row" {
			for answer.NextRow() {
				call.Rows++
			}
		}
	}
	tag, err := answer.Close()
	if err == nil && !returned {
		call.Rows = tag.RowsAffected()
		answered(call)
	}
	return c.finish(ctx, err)
}

func answered(call *load.Call) {
	if call.Answered != nil {
		call.Answered()
	}
}

// begins are the statements that start a transaction, by isolation.
var begins = map[string]string{
	"":                 "BEGIN",
	"read uncommitted": "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
	"read committed":   "BEGIN ISOLATION LEVEL READ COMMITTED",
	"repeatable read":  "BEGIN ISOLATION LEVEL REPEATABLE READ",
	"serializable":     "BEGIN ISOLATION LEVEL SERIALIZABLE",
}

// Begin starts a transaction in the isolation level of that name, or in the session's default.
func (c *Conn) Begin(ctx context.Context, isolation string) error {
	sql, ok := begins[isolation]
	if !ok {
		sql, ok = begins[strings.ToLower(isolation)]
	}
	if !ok {
		return &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf("isolation %q must be one of read uncommitted, read committed, repeatable read, serializable", isolation)}
	}
	_, err := c.control(ctx, sql)
	return err
}

// Commit ends the transaction. The server answers the COMMIT of a transaction that has failed before with a rollback,
// which is an error here.
func (c *Conn) Commit(ctx context.Context) error {
	tag, err := c.control(ctx, "COMMIT")
	if err == nil && tag.String() == "ROLLBACK" {
		return &bench.OpError{Class: bench.ErrorOther, Code: "25P02", Message: "COMMIT was answered with ROLLBACK: a statement of the transaction had failed"}
	}
	return err
}

// Rollback undoes the transaction.
func (c *Conn) Rollback(ctx context.Context) error {
	_, err := c.control(ctx, "ROLLBACK")
	return err
}

// control runs a statement without parameters and rows.
func (c *Conn) control(ctx context.Context, sql string) (tag pgconn.CommandTag, err error) {
	if err := c.begin(ctx); err != nil {
		return tag, err
	}
	answers := c.pg.Exec(background, sql)
	for answers.NextResult() {
		tag, _ = answers.ResultReader().Close()
	}
	return tag, c.finish(ctx, answers.Close())
}

// query runs one statement and keeps all its rows.
func (c *Conn) query(ctx context.Context, sql string, limit int, params ...[]byte) ([]string, [][]bench.Value, error) {
	if err := c.begin(ctx); err != nil {
		return nil, nil, err
	}
	answer := c.pg.ExecParams(background, sql, params, nil, nil, nil)
	var rows [][]bench.Value
	for answer.NextRow() {
		if len(rows) == limit {
			answer.Close()
			c.finish(ctx, nil)
			return nil, nil, target.TooMany(limit)
		}
		rows = append(rows, row(nil, answer.FieldDescriptions(), answer.Values()))
	}
	columns := names(answer.FieldDescriptions())
	if _, err := answer.Close(); err != nil {
		return nil, nil, c.finishText(ctx, err, sql)
	}
	return columns, rows, c.finish(ctx, nil)
}

// script runs all statements of a text.
func (c *Conn) script(ctx context.Context, sql string) error {
	if err := input(sql); err != nil {
		return err
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	answers := c.pg.Exec(background, sql)
	number := 1 // of the statement in hand
	for answers.NextResult() {
		if _, err := answers.ResultReader().Close(); err == nil {
			number++
		}
	}
	err := c.finishText(ctx, answers.Close(), sql)
	if e, ok := err.(*bench.OpError); ok && !strings.Contains(e.Message, " at line ") {
		e.Message = fmt.Sprintf("statement %d of the script: %s", number, e.Message)
	}
	return err
}

var copyIn = regexp.MustCompile(`(?i)\bCOPY\b[^;]*\bFROM\s+STDIN\b`)

// input refuses what would wait for input that never comes.
func input(sql string) error {
	at := copyIn.FindStringIndex(sql)
	if at == nil {
		return nil
	}
	return &bench.OpError{Class: bench.ErrorOther, Message: "COPY FROM STDIN has no input here at " + target.Place(sql, at[0]) + ": use INSERT, or COPY from a file of the server"}
}

// Close ends the session; a transaction that is open is rolled back.
func (c *Conn) Close() error {
	c.watch.Close()
	ctx, cancel := context.WithTimeout(background, grace)
	defer cancel()
	c.pg.Close(ctx)
	return nil
}

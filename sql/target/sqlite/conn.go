package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A Conn is one connection to the file.
type Conn struct {
	handle     *handle // nil once closed
	watch      *target.Watch
	statements []statement
	fixed      map[string]statement // BEGIN, COMMIT and ROLLBACK, prepared when first used
	calling    load.Call            // of those
}

// A statement is one that is prepared.
type statement struct {
	address  uintptr
	columns  []string
	readOnly bool
}

// again is the time between two interruptions of one statement.
const again = 2 * time.Millisecond

func newConn(h *handle) *Conn {
	return &Conn{
		handle: h,
		watch:  target.NewWatch(again, func(bool) { h.interrupt() }),
		fixed:  map[string]statement{},
	}
}

// errClosed is what a closed connection says.
var errClosed = &bench.OpError{Class: bench.ErrorConnection, Message: "the connection is closed", Lost: true}

// begin starts a call under ctx. Every call that succeeded to begin must come to finish.
func (c *Conn) begin(ctx context.Context) error {
	if c.handle == nil {
		return errClosed
	}
	if c.watch.Begin(ctx) != nil {
		return target.Ended(ctx, "SQLITE_INTERRUPT")
	}
	c.handle.ctx = ctx
	return nil
}

// finish ends a call. SQLITE_BUSY means an end of ctx when it came in the middle of a wait for a lock.
func (c *Conn) finish(ctx context.Context, e *bench.OpError) error {
	c.watch.End()
	c.handle.ctx = context.Background()
	if e == nil {
		return nil
	}
	if ctx.Err() != nil && (e.Code == "SQLITE_INTERRUPT" || e.Class == bench.ErrorSerialization) {
		return target.Ended(ctx, "SQLITE_INTERRUPT")
	}
	return e
}

// Prepare compiles the statements.
func (c *Conn) Prepare(ctx context.Context, statements []*bench.Statement) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	var e *bench.OpError
	for _, s := range statements {
		var p statement
		if p, e = c.prepare(s); e != nil {
			break
		}
		c.statements = append(c.statements, p)
	}
	return c.finish(ctx, e)
}

func (c *Conn) prepare(s *bench.Statement) (statement, *bench.OpError) {
	sql := s.Text(func(int) string { return "?" })
	address, length, rc := c.handle.prepare(sql)
	if rc != sqlite3.SQLITE_OK {
		return statement{}, c.misplaced(rc, sql, 0)
	}
	wrong := func(format string, args ...any) (statement, *bench.OpError) {
		c.handle.finalize(address)
		return statement{}, &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf(format, args...)}
	}
	if address == 0 {
		return wrong("there is no statement in %q", sql)
	}
	if second, _, rc := c.handle.prepare(sql[length:]); second != 0 || rc != sqlite3.SQLITE_OK {
		c.handle.finalize(second)
		return wrong("a second statement begins at %s: write one statement, or a transaction of several", target.Place(sql, startOf(sql, length)))
	}
	if n := c.handle.placeholders(address); n != len(s.Binds) {
		return wrong("the statement has %d placeholders for %d parameters: write :name for a parameter, not ?", n, len(s.Binds))
	}
	return statement{address: address, columns: c.handle.columns(address), readOnly: c.handle.readOnly(address)}, nil
}

// startOf is where the statement after offset begins, past blanks.
func startOf(sql string, offset int) int {
	return len(sql) - len(strings.TrimLeft(sql[offset:], " \t\r\n;"))
}

// misplaced is the last error of the handle with its place in sql. The error came from the text that starts at offset.
func (c *Conn) misplaced(rc int32, sql string, offset int) *bench.OpError {
	e := c.handle.failure(rc)
	if at := c.handle.errorOffset(); at >= 0 {
		offset += at
	} else {
		offset = startOf(sql, offset)
	}
	e.Message += " at " + target.Place(sql, offset)
	return e
}

// Exec runs a prepared statement. Of a statement that changes rows, first_row still reads every row: the change is
// complete only then.
func (c *Conn) Exec(ctx context.Context, call *load.Call) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	s := &c.statements[call.Statement]
	return c.finish(ctx, c.run(s, call))
}

func (c *Conn) run(s *statement, call *load.Call) *bench.OpError {
	h := c.handle
	call.Rows, call.First = 0, call.First[:0]
	if call.Keep {
		call.Columns = s.columns
	}
	if rc := h.bind(s.address, call.Args); rc != sqlite3.SQLITE_OK {
		return h.failure(rc)
	}
	before := h.totalChanges()
	rc := h.step(s.address)
	returned := rc == sqlite3.SQLITE_ROW
	if returned {
		answered(call)
		if call.Keep {
			call.First = h.row(call.First, s.address, len(s.columns))
		}
	}
	for rc == sqlite3.SQLITE_ROW {
		call.Rows++
		if call.Fetch == "first_row" && s.readOnly {
			rc = sqlite3.SQLITE_DONE
			break
		}
		rc = h.step(s.address)
	}
	if rc != sqlite3.SQLITE_DONE {
		e := h.failure(rc)
		h.reset(s.address)
		return e
	}
	if call.Fetch == "first_row" {
		call.Rows = min(call.Rows, 1)
	}
	// The number of changes stays what it was when a statement changes nothing by its nature, such as CREATE TABLE.
	if len(s.columns) == 0 && h.totalChanges() != before {
		call.Rows = h.changes()
	}
	if rc := h.reset(s.address); rc != sqlite3.SQLITE_OK {
		return h.failure(rc)
	}
	if !returned {
		answered(call)
	}
	return nil
}

func answered(call *load.Call) {
	if call.Answered != nil {
		call.Answered()
	}
}

// begins are the statements that start a transaction, by isolation.
var begins = map[string]string{
	"": "BEGIN IMMEDIATE", "immediate": "BEGIN IMMEDIATE", "deferred": "BEGIN DEFERRED", "exclusive": "BEGIN EXCLUSIVE",
}

// Begin starts a transaction. isolation is immediate (the default: the write lock is taken at once), deferred (when the
// first statement writes) or exclusive (outside of WAL, readers are kept out too).
func (c *Conn) Begin(ctx context.Context, isolation string) error {
	sql, ok := begins[isolation]
	if !ok {
		sql, ok = begins[strings.ToLower(isolation)]
	}
	if !ok {
		return &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf("isolation %q must be one of immediate, deferred, exclusive", isolation)}
	}
	return c.control(ctx, sql)
}

// Commit ends the transaction. After SQLITE_BUSY it is still open.
func (c *Conn) Commit(ctx context.Context) error { return c.control(ctx, "COMMIT") }

// Rollback undoes the transaction, if SQLite has not done so already, as it does after some errors.
func (c *Conn) Rollback(ctx context.Context) error {
	if c.handle != nil && !c.handle.inTransaction() {
		return nil
	}
	return c.control(ctx, "ROLLBACK")
}

// control runs a statement without parameters and rows, which is prepared once.
func (c *Conn) control(ctx context.Context, sql string) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	s, ok := c.fixed[sql]
	if !ok {
		var e *bench.OpError
		if s, e = c.prepare(&bench.Statement{Parts: []string{sql}}); e != nil {
			return c.finish(ctx, e)
		}
		c.fixed[sql] = s
	}
	c.calling = load.Call{}
	return c.finish(ctx, c.run(&s, &c.calling))
}

// query runs one statement and keeps all its rows.
func (c *Conn) query(ctx context.Context, sql string, limit int) ([]string, [][]bench.Value, error) {
	if err := c.begin(ctx); err != nil {
		return nil, nil, err
	}
	s, e := c.prepare(&bench.Statement{Parts: []string{sql}})
	if e != nil {
		return nil, nil, c.finish(ctx, e)
	}
	defer c.handle.finalize(s.address)
	var rows [][]bench.Value
	for {
		switch rc := c.handle.step(s.address); rc {
		case sqlite3.SQLITE_ROW:
			if len(rows) == limit {
				c.finish(ctx, nil)
				return nil, nil, target.TooMany(limit)
			}
			rows = append(rows, c.handle.row(nil, s.address, len(s.columns)))
		case sqlite3.SQLITE_DONE:
			return s.columns, rows, c.finish(ctx, nil)
		default:
			return nil, nil, c.finish(ctx, c.handle.failure(rc))
		}
	}
}

// script runs the statements of a text one after the other.
func (c *Conn) script(ctx context.Context, sql string) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	for offset := 0; offset < len(sql); {
		address, length, rc := c.handle.prepare(sql[offset:])
		if rc != sqlite3.SQLITE_OK {
			return c.finish(ctx, c.misplaced(rc, sql, offset))
		}
		if address != 0 {
			if e := c.all(address); e != nil {
				e.Message += " at " + target.Place(sql, startOf(sql, offset))
				return c.finish(ctx, e)
			}
		}
		offset += length
	}
	return c.finish(ctx, nil)
}

// all steps through a statement and finalizes it.
func (c *Conn) all(address uintptr) *bench.OpError {
	defer c.handle.finalize(address)
	for {
		switch rc := c.handle.step(address); rc {
		case sqlite3.SQLITE_ROW:
		case sqlite3.SQLITE_DONE:
			return nil
		default:
			return c.handle.failure(rc)
		}
	}
}

// Close closes the connection; a transaction that is open is rolled back.
func (c *Conn) Close() error {
	if c.handle == nil {
		return nil
	}
	c.watch.Close()
	for _, s := range c.statements {
		c.handle.finalize(s.address)
	}
	for _, s := range c.fixed {
		c.handle.finalize(s.address)
	}
	c.handle.close()
	c.handle = nil
	return nil
}

// quote makes an SQL text of s.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

package snowflake

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
	"bench/sql/account"
	"bench/sql/target"
)

// Numbers of errors with a meaning of their own. Those of Snowflake were taken from its documentation and from what its
// drivers look for; the ones of hybrid tables have not been seen on an account yet.
const (
	canceled          = 604    // by an abort, or by somebody else
	lockWaiters       = 625    // more statements wait for a lock than may
	statementTimeout  = 630    // STATEMENT_TIMEOUT_IN_SECONDS, of the session or of the warehouse
	nullInNotNull     = 100072 // NULL in a column that has none
	duplicateKey      = 200001 // of a hybrid table
	foreignKeyMissing = 200009 // of a hybrid table
)

// Numbers that say that a statement cannot be described, and nothing about whether it can be run: DDL, and statements with
// a parameter where a name or a format has to stand.
var undescribable = map[int]bool{7: true, 1026: true, 2128: true, 2129: true}

// failure is what err, of a call under ctx, means.
func (c *Conn) failure(ctx context.Context, err error) *bench.OpError {
	if e, ok := errors.AsType[*bench.OpError](err); ok {
		return e
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		e := target.Ended(ctx, account.Code(canceled))
		if _, both := err.(interface{ Unwrap() []error }); both { // the call's error and that of its abort
			e.Lost = true
			e.Message += ", and Snowflake did not confirm that it ended"
		}
		return e
	}
	answer, ok := errors.AsType[*sf.SnowflakeError](err)
	if !ok {
		return c.unanswered(err)
	}
	if answer.Number == canceled && ctx.Err() != nil {
		return target.Ended(ctx, account.Code(canceled))
	}
	e := &bench.OpError{Class: class(answer), Code: account.Code(answer.Number), Message: account.Message(answer)}
	e.Lost = e.Class == bench.ErrorConnection
	return e
}

func class(e *sf.SnowflakeError) bench.ErrorClass {
	switch e.Number {
	case lockWaiters:
		return bench.ErrorSerialization
	case statementTimeout:
		return bench.ErrorTimeout
	case nullInNotNull, duplicateKey, foreignKeyMissing:
		return bench.ErrorConstraint
	}
	switch {
	case e.Number/1000 == 390, e.Number/1000 == 260, e.Number/1000 == 261, e.Number/1000 == 262: // sessions; the driver's own, of the network
		return bench.ErrorConnection
	case strings.HasPrefix(e.SQLState, "40"):
		return bench.ErrorSerialization
	case strings.HasPrefix(e.SQLState, "23"):
		return bench.ErrorConstraint
	}
	return bench.ErrorOther
}

// unanswered is the meaning of an error that did not come from the database. A service that refuses a request did not run
// it; one that fails may have.
func (c *Conn) unanswered(err error) *bench.OpError {
	status := c.wire.Status()
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return &bench.OpError{Class: bench.ErrorSerialization, Code: strconv.Itoa(status), Message: "Snowflake is busy and took no statement: HTTP " + text}
	case status >= 400:
		return &bench.OpError{Class: bench.ErrorConnection, Code: strconv.Itoa(status), Message: "Snowflake did not answer the statement: HTTP " + text, Lost: true}
	}
	e := &bench.OpError{Class: bench.ErrorOther, Message: account.Cause(err)}
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Class, e.Lost, e.Message = bench.ErrorConnection, true, "the connection to Snowflake was lost: "+e.Message
	}
	return e
}

// Where a compilation error says that it is.
var position = regexp.MustCompile(`\bline (\d+) at position (\d+)`)

// locate says in the words of all targets where in sql an error is, if Snowflake tells; the statement at fault begins at
// byte from.
func locate(e *bench.OpError, sql string, from int) bool {
	m := position.FindStringIndex(e.Message)
	if m == nil {
		return false
	}
	at := from + offset(sql[from:], e.Message)
	said := strings.TrimSpace(e.Message[:m[0]]) + e.Message[m[1]:]
	e.Message = strings.TrimRight(said, ". ") + " at " + target.Place(sql, at)
	return true
}

// offset is the byte of sql that a message names. Lines count from 1, positions from 0, in characters.
func offset(sql, message string) int {
	m := position.FindStringSubmatch(message)
	line, _ := strconv.Atoi(m[1])
	column, _ := strconv.Atoi(m[2])
	at := 0
	for range line - 1 {
		next := strings.IndexByte(sql[at:], '\n')
		if next < 0 {
			return len(sql)
		}
		at += next + 1
	}
	for i := range sql[at:] {
		if column == 0 {
			return at + i
		}
		column--
	}
	return len(sql)
}

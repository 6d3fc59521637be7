package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"bench/runtime/bench"
	"bench/sql/target"
)

// SQLSTATEs with a meaning of their own: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03" // NOWAIT, or lock_timeout
	cancelled            = "57014" // by a cancel request, or by statement_timeout
)

// failure is what err means. Whether the session is lost is for the caller to see.
func failure(ctx context.Context, err error) *bench.OpError {
	if e, ok := errors.AsType[*bench.OpError](err); ok {
		return e
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return unanswered(ctx, err)
	}
	if pg.Code == cancelled && ctx.Err() != nil {
		return target.Ended(ctx, cancelled)
	}
	return &bench.OpError{Class: class(pg), Code: pg.Code, Message: message(pg)}
}

func class(pg *pgconn.PgError) bench.ErrorClass {
	switch pg.Code {
	case serializationFailure, deadlockDetected:
		return bench.ErrorSerialization
	case lockNotAvailable:
		return bench.ErrorTimeout
	case cancelled:
		// Only the message, which the server may translate, tells its own timeout from another session's cancel request.
		if strings.Contains(pg.Message, "statement timeout") {
			return bench.ErrorTimeout
		}
		return bench.ErrorOther
	}
	switch {
	case strings.HasPrefix(pg.Code, "23"):
		return bench.ErrorConstraint
	case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57P"), fatal(pg):
		return bench.ErrorConnection
	}
	return bench.ErrorOther
}

// fatal says that the server has ended the session.
func fatal(pg *pgconn.PgError) bool {
	severity := pg.SeverityUnlocalized
	return severity == "FATAL" || severity == "PANIC"
}

// message is the server's sentence without values. Detail, which holds keys, is left out whole. The messages of data
// exceptions (class 22) quote the value at fault.
func message(pg *pgconn.PgError) string {
	if !strings.HasPrefix(pg.Code, "22") {
		return pg.Message
	}
	first, last := strings.IndexByte(pg.Message, '"'), strings.LastIndexByte(pg.Message, '"')
	if first == last {
		return pg.Message
	}
	return pg.Message[:first] + `"…"` + pg.Message[last+1:]
}

// unanswered is the meaning of an error that did not come from the server.
func unanswered(ctx context.Context, err error) *bench.OpError {
	if ctx.Err() != nil {
		e := target.Ended(ctx, cancelled)
		e.Message += ", and the server did not answer"
		return e
	}
	e := &bench.OpError{Class: bench.ErrorOther, Message: err.Error()}
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed) {
		e.Class, e.Message = bench.ErrorConnection, "the connection to the server was lost: "+err.Error()
	}
	return e
}

// place names where in sql the server found err, or is empty.
func place(err error, sql string) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Position <= 0 {
		return ""
	}
	return " at " + target.Place(sql, offset(sql, pg.Position))
}

// offset is the byte of the character at a position that counts from 1.
func offset(sql string, position int32) int {
	n := 0
	for range position - 1 {
		_, size := utf8.DecodeRuneInString(sql[n:])
		n += size
	}
	return n
}

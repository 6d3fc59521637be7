package snowflake

import (
	"database/sql/driver"
	"errors"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/load"
)

// A kind says how a statement is run and what its rows are.
type kind uint8

const (
	kindOther   kind = iota // DDL and the like: no rows, nothing to describe
	kindRows                // returns rows
	kindChanges             // changes rows
)

// kinds are by the first word of a statement.
var kinds = map[string]kind{
	"SELECT": kindRows, "WITH": kindRows, "SHOW": kindRows, "DESC": kindRows, "DESCRIBE": kindRows, "CALL": kindRows, "EXPLAIN": kindRows,
	"EXECUTE": kindRows, "LIST": kindRows, "LS": kindRows, "COPY": kindRows, "VALUES": kindRows,
	"INSERT": kindChanges, "UPDATE": kindChanges, "DELETE": kindChanges, "MERGE": kindChanges,
}

// A driverStatement is what the driver makes of a text; it costs no request.
type driverStatement interface {
	driver.StmtExecContext
	driver.StmtQueryContext
	sf.SnowflakeStmt
}

// A statement is one that can be run.
type statement struct {
	sql     string
	kind    kind
	stmt    driverStatement
	columns []string // known from the first answer on
	types   []columnType
}

// identify notes the id that Snowflake gave to the execution that just ended. Without an answer the driver would give the
// one before.
func (s *statement) identify(call *load.Call, err error) {
	if _, answered := errors.AsType[*sf.SnowflakeError](err); err == nil || answered {
		call.QueryID = s.stmt.GetQueryID()
	}
}

// A piece is one statement of a text.
type piece struct {
	from, to     int // without the semicolon and the blanks and comments before it
	placeholders int // bare question marks
}

// split finds the statements of a text. Semicolons and question marks in literals, quoted names, comments and $$ bodies
// do not count; what is not closed extends to the end. Blocks of Snowflake Scripting must stand in a $$ body.
func split(text string) []piece {
	var all []piece
	p := piece{from: -1}
	for i := 0; i < len(text); {
		switch n := opaque(text[i:]); {
		case n > 0 && (text[i] == '-' || text[i] == '/'): // a comment
			i += n
			continue
		case text[i] == ';':
			if p.from >= 0 {
				all = append(all, p)
			}
			p = piece{from: -1}
		case n == 0 && strings.IndexByte(" \t\r\n", text[i]) >= 0:
		default:
			if p.from < 0 {
				p.from = i
			}
			if text[i] == '?' {
				p.placeholders++
			}
			i += max(n, 1)
			p.to = i
			continue
		}
		i++
	}
	if p.from >= 0 {
		all = append(all, p)
	}
	return all
}

// opaque is the length of the literal, quoted name, comment or $$ body that s starts with, or 0.
func opaque(s string) int {
	switch {
	case s[0] == '\'':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '\'':
				return i + 1
			}
		}
		return len(s)
	case s[0] == '"':
		return until(s, `"`, 1)
	case strings.HasPrefix(s, "$$"):
		return until(s, "$$", 2)
	case strings.HasPrefix(s, "--"), strings.HasPrefix(s, "//"):
		return until(s, "\n", 2)
	case strings.HasPrefix(s, "/*"):
		return until(s, "*/", 2)
	}
	return 0
}

// until is where end ends in s, looking from byte from on, or the length of s.
func until(s, end string, from int) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

// kindOf is the kind of a statement that has no blanks or comments before it.
func kindOf(sql string) kind {
	if strings.HasPrefix(sql, "(") {
		return kindRows
	}
	end := strings.IndexFunc(sql, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end < 0 {
		end = len(sql)
	}
	return kinds[strings.ToUpper(sql[:end])]
}

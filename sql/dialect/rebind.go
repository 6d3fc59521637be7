package dialect

import (
	"strconv"
	"strings"
)

// Rebind writes the placeholders of a query, each a bare ?, as the dialect wants them. Question marks in string literals,
// quoted names, comments and dollar-quoted bodies are not placeholders. What is not closed extends to the end, as it does
// for the database, which then refuses the query.
//
// PostgreSQL's own operators with a question mark (?, ?|, ?& of jsonb) cannot be written in a query that is rebound; its
// functions jsonb_exists, jsonb_exists_any and jsonb_exists_all say the same.
func (d Dialect) Rebind(query string) string {
	if !d.Numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for query != "" {
		length := max(opaque(query), 1)
		if query[0] == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
		} else {
			b.WriteString(query[:length])
		}
		query = query[length:]
	}
	return b.String()
}

// opaque is the length of the literal, quoted name, comment or dollar-quoted body that s starts with, or 0. A name that s
// starts with is opaque too, so that the dollar of a$b does not begin a quote.
func opaque(s string) int {
	switch {
	case s[0] == '\'' || s[0] == '"':
		return quoted(s)
	case strings.HasPrefix(s, "--"):
		return until(s, "\n", 2)
	case strings.HasPrefix(s, "/*"):
		return comment(s)
	case s[0] == '$':
		if tag := dollarTag(s); tag != "" {
			return until(s, tag, len(tag))
		}
	case nameByte(s[0]):
		i := 1
		for i < len(s) && (nameByte(s[i]) || s[i] == '$') {
			i++
		}
		return i
	}
	return 0
}

// quoted is the length of a literal or name up to its closing quote. A doubled quote stands for itself: here it ends one
// quoted piece and begins the next, which comes to the same.
func quoted(s string) int { return until(s, s[:1], 1) }

// comment is the length of a block comment; they nest, as in standard SQL.
func comment(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// dollarTag is the $tag$ that s starts with, or "".
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '$':
			return s[:i+1]
		case !nameByte(s[i]) || i == 1 && '0' <= s[i] && s[i] <= '9':
			return ""
		}
	}
	return ""
}

func nameByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// until is where end ends in s, looking from byte from on, or the length of s.
func until(s, end string, from int) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

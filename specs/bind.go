package specs

import "strings"

// A ref is a :name or :name.column in SQL.
type ref struct {
	name, column string
	offset, end  int // text[offset:end] is the reference with its colon
}

func (r ref) String() string {
	if r.column == "" {
		return ":" + r.name
	}
	return ":" + r.name + "." + r.column
}

// A stray is a placeholder of some driver, such as ? or $1, to which nothing would be bound.
type stray struct {
	text   string
	offset int
}

// cut finds the references in a statement and the pieces of text between them; there is one piece more than references,
// and together they are the whole statement.
//
// A reference is a colon and a name, outside of quotes, comments and $$ bodies. No reference is a colon that directly
// follows a colon (the cast x::int), or a letter, digit, quote, closing bracket or parenthesis (the path v:city, the
// slice a[1:n]).
func cut(sql string) (parts []string, refs []ref, strays []stray) {
	start := 0
	for i := 0; i < len(sql); {
		if end := skip(sql, i); end > i {
			i = end
			continue
		}
		switch c := sql[i]; {
		case c == ':' && strings.HasPrefix(sql[i:], "::"):
			i += 2
		case c == ':' && !glued(sql, i) && i+1 < len(sql) && letter(sql[i+1]):
			r := ref{offset: i}
			r.name, i = word(sql, i+1)
			if i+1 < len(sql) && sql[i] == '.' && letter(sql[i+1]) {
				r.column, i = word(sql, i+1)
			}
			r.end = i
			parts, refs = append(parts, sql[start:r.offset]), append(refs, r)
			start = i
		case c == '?':
			strays = append(strays, stray{"?", i})
			i++
		case (c == '$' || c == '@') && (i == 0 || !inWord(sql[i-1]) && sql[i-1] != '@') && i+1 < len(sql) && inWord(sql[i+1]):
			_, end := word(sql, i+1)
			strays = append(strays, stray{sql[i:end], i})
			i = end
		default:
			i++
		}
	}
	return append(parts, sql[start:]), refs, strays
}

// skip is the end of the quoted text or comment that begins at i, or i when none does. What is not closed goes to the
// end of the text.
func skip(sql string, i int) int {
	rest := sql[i:]
	switch {
	case rest[0] == '\'':
		escapes := i > 0 && (sql[i-1] == 'E' || sql[i-1] == 'e') && (i == 1 || !inWord(sql[i-2]))
		return quoted(sql, i, escapes)
	case rest[0] == '"' || rest[0] == '`':
		return quoted(sql, i, false)
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return i + n + 1
		}
		return len(sql)
	case strings.HasPrefix(rest, "/*"):
		return comment(sql, i)
	case rest[0] == '$' && (i == 0 || !inWord(sql[i-1])):
		return dollar(sql, i)
	}
	return i
}

// statements counts the statements of a text: what stands between semicolons outside of quotes, and is more than comments.
func statements(sql string) int {
	n, code := 0, false
	for i := 0; i < len(sql); {
		if end := skip(sql, i); end > i {
			code = code || !strings.HasPrefix(sql[i:], "--") && !strings.HasPrefix(sql[i:], "/*")
			i = end
			continue
		}
		switch c := sql[i]; {
		case c == ';':
			if code {
				n++
			}
			code = false
		case c > ' ':
			code = true
		}
		i++
	}
	if code {
		n++
	}
	return n
}

// quoted is the end of a text in quotes; a doubled quote stands for itself.
func quoted(sql string, i int, escapes bool) int {
	quote := sql[i]
	for i++; i < len(sql); i++ {
		switch {
		case escapes && sql[i] == '\\':
			i++
		case sql[i] == quote && i+1 < len(sql) && sql[i+1] == quote:
			i++
		case sql[i] == quote:
			return i + 1
		}
	}
	return len(sql)
}

// comment is the end of a comment, in which others may be nested.
func comment(sql string, i int) int {
	depth := 0
	for i < len(sql) {
		switch {
		case strings.HasPrefix(sql[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(sql[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return len(sql)
}

// dollar is the end of a body in $$ or $tag$, or i when none begins there.
func dollar(sql string, i int) int {
	end := i + 1
	if end < len(sql) && letter(sql[end]) {
		_, end = word(sql, end)
	}
	if end >= len(sql) || sql[end] != '$' {
		return i
	}
	tag := sql[i : end+1]
	if n := strings.Index(sql[end+1:], tag); n >= 0 {
		return end + 1 + n + len(tag)
	}
	return len(sql)
}

// glued reports whether the colon at i belongs to what stands directly before it.
func glued(sql string, i int) bool {
	return i > 0 && (inWord(sql[i-1]) || strings.IndexByte(":)]'\"`", sql[i-1]) >= 0)
}

func word(sql string, i int) (string, int) {
	end := i
	for end < len(sql) && inWord(sql[end]) {
		end++
	}
	return sql[i:end], end
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }

func inWord(c byte) bool { return letter(c) || c >= '0' && c <= '9' }

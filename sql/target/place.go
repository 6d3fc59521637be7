package target

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Place names the place of a byte in a text for an error message, as "line 3, column 15 (SELECT * FROM ordes)". Lines
// and columns count from 1, columns in characters. An offset outside of the text is moved to its nearer end.
func Place(text string, offset int) string {
	offset = min(max(offset, 0), len(text))
	line := 1 + strings.Count(text[:offset], "\n")
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	column := 1 + utf8.RuneCountInString(text[start:offset])

	quoted, _, _ := strings.Cut(text[start:], "\n")
	return fmt.Sprintf("line %d, column %d (%s)", line, column, excerpt(strings.TrimRight(quoted, "\r"), column-1))
}

// width is how many characters of a line a message quotes.
const width = 72

// excerpt cuts a long line down to what is around the character at column.
func excerpt(line string, column int) string {
	runes := []rune(line)
	from := max(0, min(column-width/2, len(runes)-width))
	to := min(from+width, len(runes))
	s := strings.TrimSpace(string(runes[from:to]))
	if from > 0 {
		s = "…" + s
	}
	if to < len(runes) {
		s += "…"
	}
	return s
}

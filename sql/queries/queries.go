// Package queries holds the SQL of bench, one named query after the other in files that can be read, reviewed and pasted
// into a worksheet without knowing Go.
//
// A file such as runs.sql is portable: it runs on every dialect. What a dialect must say differently stands, as a whole
// query of the same name, in runs.postgres.sql beside it, and begins with a comment that says why. Arguments are written
// as ? everywhere.
package queries

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"bench/sql/dialect"
)

//go:embed *.sql
var files embed.FS

// A Set is the queries of one dialect by name, with its placeholders.
type Set map[string]string

// Load reads the queries of a dialect.
func Load(d dialect.Dialect) (Set, error) { return load(files, d) }

// load reads portable files, then the overrides of d.
func load(files fs.FS, d dialect.Dialect) (Set, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	own := func(name string) bool { return strings.Count(name, ".") > 1 }
	portable := slices.DeleteFunc(slices.Clone(names), own)
	overrides := slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, "."+d.Name+".sql") })
	set, overridden := Set{}, map[string]bool{}
	for _, name := range append(portable, overrides...) {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		list, err := Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s:%w", name, err)
		}
		for _, q := range list {
			_, known := set[q.Name]
			switch {
			case own(name) && !known:
				return nil, fmt.Errorf("%s:%d: %s overrides no portable query", name, q.Line, q.Name)
			case own(name) && !strings.HasPrefix(q.Text, "-- "):
				return nil, fmt.Errorf("%s:%d: %s does not say why it differs; begin it with a comment", name, q.Line, q.Name)
			case !own(name) && known || overridden[q.Name]:
				return nil, fmt.Errorf("%s:%d: there is another query %s", name, q.Line, q.Name)
			}
			overridden[q.Name] = own(name)
			set[q.Name] = d.Rebind(q.Text)
		}
	}
	return set, nil
}

// A Query is one named statement.
type Query struct {
	Name string
	Line int    // of its header, from 1
	Text string // with its comments, without the semicolon at its end
}

const header = "-- name:"

// Parse cuts a file at its "-- name: CreateRun" lines. What stands before the first may only be comments. An error begins
// with the number of its line.
func Parse(text string) ([]Query, error) {
	var list []Query
	var body strings.Builder
	end := func() error {
		if len(list) == 0 {
			return nil
		}
		q := &list[len(list)-1]
		q.Text = strings.TrimSpace(body.String())
		q.Text = strings.TrimSpace(strings.TrimSuffix(q.Text, ";"))
		body.Reset()
		if !hasStatement(q.Text) {
			return fmt.Errorf("%d: query %s is empty", q.Line, q.Name)
		}
		return nil
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		name, isHeader := strings.CutPrefix(line, header)
		switch {
		case isHeader:
			if err := end(); err != nil {
				return nil, err
			}
			name = strings.TrimSpace(name)
			if !isName(name) {
				return nil, fmt.Errorf("%d: %q is no name of a query; use letters and digits, like CreateRun", n, name)
			}
			list = append(list, Query{Name: name, Line: n})
		case len(list) > 0:
			body.WriteString(line)
		case hasStatement(line):
			return nil, fmt.Errorf("%d: SQL without a name; put %q before it", n, header+" Something")
		}
	}
	if err := end(); err != nil {
		return nil, err
	}
	return list, nil
}

// hasStatement reports whether there is anything but white space and comments to the end of the line.
func hasStatement(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			return true
		}
	}
	return false
}

func isName(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

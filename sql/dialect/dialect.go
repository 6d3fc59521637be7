// Package dialect holds, as values, what differs between the databases that keep our tables: the form of placeholders and
// the form of times. Everything else is said in portable SQL, or once per dialect in a file of its own (see packages
// queries and migrations), never in a condition in Go code.
package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// A Dialect is one way to speak SQL.
type Dialect struct {
	Name      string // also the name of its folder of migrations and the infix of its files of queries
	Numbered  bool   // placeholders are $1, $2, … instead of ?
	TextTimes bool   // times are text in [TimeLayout], because the database has no type for them
}

// The dialects.
var (
	SQLite    = Dialect{Name: "sqlite", TextTimes: true}
	Postgres  = Dialect{Name: "postgres", Numbered: true}
	Snowflake = Dialect{Name: "snowflake"} // a session's TIMEZONE must be UTC: its driver sends times without a zone
)

// All are the dialects that there are.
var All = []Dialect{SQLite, Postgres, Snowflake}

// Named is the dialect with the given name.
func Named(name string) (Dialect, error) {
	i := slices.IndexFunc(All, func(d Dialect) bool { return d.Name == name })
	if i < 0 {
		var names []string
		for _, d := range All {
			names = append(names, d.Name)
		}
		return Dialect{}, fmt.Errorf("there is no SQL dialect %q; use one of %s", name, strings.Join(names, ", "))
	}
	return All[i], nil
}

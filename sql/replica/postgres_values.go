package replica

import (
	"encoding/json"
	"time"
)

// postgresArrays are those of the types of columns that our tables have, each for one parameter of the statement.
var postgresArrays = map[string]func() array{
	"text":                     func() array { return &list[*string]{read: text} },
	"json":                     func() array { return &list[*string]{read: jsonText} },
	"bigint":                   func() array { return &list[*int64]{read: value[int64]} },
	"double precision":         func() array { return &list[*float64]{read: value[float64]} },
	"boolean":                  func() array { return &list[*bool]{read: flag} },
	"timestamp with time zone": func() array { return &list[*time.Time]{read: instant} },
	"bytea":                    func() array { return &list[[]byte]{read: raw} },
}

// jsonText is JSON as it was written. What is no JSON becomes a JSON text, for the same reason.
func jsonText(v any) (*string, error) {
	s, err := text(v)
	if err != nil || json.Valid([]byte(*s)) {
		return s, err
	}
	quoted, err := json.Marshal(*s)
	return new(string(quoted)), err
}

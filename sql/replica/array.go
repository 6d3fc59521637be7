package replica

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"bench/sql/dialect"
)

// An array collects the values that one column has in a portion, for one parameter of the statement.
type array interface {
	add(value any) error // as the journal has it: nil, int64, float64, string or []byte
	values() any         // a slice that the driver takes for an array
	clear()
}

// arrays are those of the types of columns that our tables have.
var arrays = map[string]func() array{
	"text":                     func() array { return &list[*string]{read: text} },
	"json":                     func() array { return &list[*string]{read: document} },
	"bigint":                   func() array { return &list[*int64]{read: value[int64]} },
	"double precision":         func() array { return &list[*float64]{read: value[float64]} },
	"boolean":                  func() array { return &list[*bool]{read: flag} },
	"timestamp with time zone": func() array { return &list[*time.Time]{read: instant} },
	"bytea":                    func() array { return &list[[]byte]{read: bytes} },
}

// A list is an array of elements that are nil for NULL.
type list[T any] struct {
	all  []T
	read func(value any) (T, error)
}

func (l *list[T]) add(value any) error {
	var x T
	if value != nil {
		var err error
		if x, err = l.read(value); err != nil {
			return err
		}
	}
	l.all = append(l.all, x)
	return nil
}

func (l *list[T]) values() any { return l.all }

func (l *list[T]) clear() {
	clear(l.all) // lets go of what was sent
	l.all = l.all[:0]
}

func value[T any](v any) (*T, error) {
	x, ok := v.(T)
	if !ok {
		return nil, fmt.Errorf("a %T is not a %T", v, x)
	}
	return &x, nil
}

// text leaves out what PostgreSQL refuses to store as text, so that one odd character in an error message does not hold
// up everything after it.
func text(v any) (*string, error) {
	s, err := value[string](v)
	if err != nil {
		return nil, err
	}
	return new(strings.ReplaceAll(strings.ToValidUTF8(*s, "\uFFFD"), "\x00", "\uFFFD")), nil
}

// document is JSON as it was written. What is no JSON becomes a JSON text, for the same reason.
func document(v any) (*string, error) {
	s, err := text(v)
	if err != nil || json.Valid([]byte(*s)) {
		return s, err
	}
	quoted, err := json.Marshal(*s)
	return new(string(quoted)), err
}

func flag(v any) (*bool, error) {
	n, err := value[int64](v)
	if err != nil {
		return nil, err
	}
	return new(*n != 0), nil
}

func instant(v any) (*time.Time, error) {
	t := new(time.Time)
	return t, dialect.ScanTime(t).Scan(v)
}

func bytes(v any) ([]byte, error) {
	b, err := value[[]byte](v)
	if err != nil {
		return nil, err
	}
	return append([]byte{}, *b...), nil
}

package replica

import (
	"fmt"
	"strings"
	"time"

	"bench/sql/dialect"
)

// This file reads values as a journal has them. None is NULL.

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

func raw(v any) ([]byte, error) {
	b, err := value[[]byte](v)
	if err != nil {
		return nil, err
	}
	return append([]byte{}, *b...), nil
}

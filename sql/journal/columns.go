package journal

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"bench/runtime/bench"
	"bench/sql/dialect"
)

// This file turns fields of nouns into columns and back. A value that is zero in Go and says nothing is NULL in a table.

func writeTime(t time.Time) any              { return dialect.SQLite.Time(t) }
func writeOptional(t *time.Time) any         { return dialect.SQLite.NullTime(t) }
func readTime(t *time.Time) sql.Scanner      { return dialect.ScanTime(t) }
func readOptional(t **time.Time) sql.Scanner { return dialect.ScanTimePointer(t) }

// writeText is s, or NULL when it is empty.
func writeText[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// writeBytes is b, or NULL when it is empty.
func writeBytes(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// A column scans one value that may be NULL, which leaves the field as it is.
type column func(value any) error

func (c column) Scan(value any) error {
	if value == nil {
		return nil
	}
	return c(value)
}

func readText[T ~string](s *T) sql.Scanner {
	return column(func(value any) error {
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("a %T is not a text", value)
		}
		*s = T(text)
		return nil
	})
}

func readNumber[T ~int | ~int64](n *T) sql.Scanner {
	return column(func(value any) error {
		number, ok := value.(int64)
		if !ok {
			return fmt.Errorf("a %T is not a whole number", value)
		}
		*n = T(number)
		return nil
	})
}

func readFlag(flag *bool) sql.Scanner {
	return column(func(value any) error {
		number, ok := value.(int64)
		if !ok {
			return fmt.Errorf("a %T is not a flag", value)
		}
		*flag = number != 0
		return nil
	})
}

// writeJSON is v, a list or a map with the given number of elements, as JSON, or NULL when it has none.
func writeJSON(v any, elements int) (any, error) {
	if elements == 0 {
		return nil, nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

func readJSON(v any) sql.Scanner {
	return column(func(value any) error {
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("a %T is not JSON", value)
		}
		return json.Unmarshal([]byte(text), v)
	})
}

// writeMS is a time in microseconds as milliseconds; readMS gives back the same microseconds.
func writeMS(us int64) float64 { return float64(us) / 1000 }

func readMS(us *int64) sql.Scanner {
	return column(func(value any) error {
		ms, ok := value.(float64)
		if !ok {
			return fmt.Errorf("a %T is not a number of milliseconds", value)
		}
		*us = int64(math.Round(ms * 1000))
		return nil
	})
}

// writeClass is the class of a failed operation, NULL for any other.
func writeClass(outcome string, class bench.ErrorClass) any {
	if outcome != bench.OutcomeFailed.String() {
		return nil
	}
	return class.String()
}

func readClass(class *bench.ErrorClass) sql.Scanner {
	return column(func(value any) error {
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("a %T is not a class of errors", value)
		}
		return class.UnmarshalText([]byte(text))
	})
}

// writeLedger is the columns PLANNED to SKIPPED, readLedger the same for reading.
func writeLedger(l *bench.Ledger) []any {
	columns := []any{l.Planned, l.Done}
	for _, n := range l.Failed {
		columns = append(columns, n)
	}
	return append(columns, l.Indoubt, l.Censored, l.Skipped)
}

func readLedger(l *bench.Ledger) []any {
	columns := []any{&l.Planned, &l.Done}
	for i := range l.Failed {
		columns = append(columns, &l.Failed[i])
	}
	return append(columns, &l.Indoubt, &l.Censored, &l.Skipped)
}

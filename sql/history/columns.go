package history

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"bench/runtime/bench"
	"bench/sql/dialect"
)

// This file turns columns into fields of nouns, whatever a dialect's driver gives for them. NULL is the zero value.

func readTime(t *time.Time) sql.Scanner      { return dialect.ScanTime(t) }
func readOptional(t **time.Time) sql.Scanner { return dialect.ScanTimePointer(t) }

// A column scans one value that may be NULL, which leaves the field as it is.
type column func(value any) error

func (c column) Scan(value any) error {
	if value == nil {
		return nil
	}
	return c(value)
}

// readText reads text, or a document as it was written: some drivers give the bytes of one.
func readText[T ~string](s *T) sql.Scanner {
	return column(func(value any) error {
		switch v := value.(type) {
		case string:
			*s = T(v)
		case []byte:
			*s = T(v)
		default:
			return fmt.Errorf("a %T is not a text", value)
		}
		return nil
	})
}

func readNumber[T ~int | ~int64](n *T) sql.Scanner {
	return column(func(value any) error {
		switch v := value.(type) {
		case int64:
			*n = T(v)
		case string: // Snowflake's numbers may have more digits than 64 bits
			number, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return err
			}
			*n = T(number)
		default:
			return fmt.Errorf("a %T is not a whole number", value)
		}
		return nil
	})
}

func readFlag(flag *bool) sql.Scanner {
	return column(func(value any) error {
		switch v := value.(type) {
		case bool:
			*flag = v
		case int64:
			*flag = v != 0
		default:
			return fmt.Errorf("a %T is not a flag", value)
		}
		return nil
	})
}

func readJSON(v any) sql.Scanner {
	return column(func(value any) error {
		var text string
		if err := readText(&text).Scan(value); err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), v)
	})
}

// readMS gives microseconds of a column in milliseconds.
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

func readClass(class *bench.ErrorClass) sql.Scanner {
	return column(func(value any) error {
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("a %T is not a class of errors", value)
		}
		return class.UnmarshalText([]byte(text))
	})
}

// readLedger is the columns PLANNED to SKIPPED.
func readLedger(l *bench.Ledger) []any {
	columns := []any{&l.Planned, &l.Done}
	for i := range l.Failed {
		columns = append(columns, &l.Failed[i])
	}
	return append(columns, &l.Indoubt, &l.Censored, &l.Skipped)
}

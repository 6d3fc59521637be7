package journal

import (
	"encoding/json"
	"time"

	"bench/runtime/bench"
	"bench/sql/dialect"
)

// This file turns fields of nouns into columns; package history turns them back. A value that is zero in Go and says
// nothing is NULL in a table.

func writeTime(t time.Time) any      { return dialect.SQLite.Time(t) }
func writeOptional(t *time.Time) any { return dialect.SQLite.NullTime(t) }

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

// writeJSON is v, a list or a map with the given number of elements, as JSON, or NULL when it has none.
func writeJSON(v any, elements int) (any, error) {
	if elements == 0 {
		return nil, nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// writeClass is the class of a failed operation, NULL for any other.
func writeClass(outcome string, class bench.ErrorClass) any {
	if outcome != bench.OutcomeFailed.String() {
		return nil
	}
	return class.String()
}

// writeMS is a time in microseconds as milliseconds.
func writeMS(us int64) float64 { return float64(us) / 1000 }

// writeLedger is the columns PLANNED to SKIPPED.
func writeLedger(l *bench.Ledger) []any {
	columns := []any{l.Planned, l.Done}
	for _, n := range l.Failed {
		columns = append(columns, n)
	}
	return append(columns, l.Indoubt, l.Censored, l.Skipped)
}

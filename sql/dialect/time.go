package dialect

import (
	"database/sql"
	"fmt"
	"time"
)

// TimeLayout is how times are written where they are text: UTC, microseconds, and of fixed width, so that they sort as
// text and SQLite's date functions read them.
const TimeLayout = "2006-01-02 15:04:05.000000"

// Time is t as an argument of a query. All dialects keep microseconds; what is finer is cut off.
func (d Dialect) Time(t time.Time) any {
	t = t.UTC().Truncate(time.Microsecond)
	if d.TextTimes {
		return t.Format(TimeLayout)
	}
	return t
}

// NullTime is t as an argument of a query, NULL when t is nil or the zero time.
func (d Dialect) NullTime(t *time.Time) any {
	if t == nil || t.IsZero() {
		return nil
	}
	return d.Time(*t)
}

// ScanTime reads a time of any dialect into t, in UTC; NULL is the zero time.
func ScanTime(t *time.Time) sql.Scanner { return scanner{t} }

// ScanTimePointer reads a time of any dialect into a new *t, in UTC; NULL is nil.
func ScanTimePointer(t **time.Time) sql.Scanner { return pointerScanner{t} }

type scanner struct{ t *time.Time }

func (s scanner) Scan(v any) (err error) {
	switch v := v.(type) {
	case nil:
		*s.t = time.Time{}
	case time.Time:
		*s.t = v.UTC()
	case string:
		*s.t, err = time.Parse(TimeLayout, v)
	case []byte:
		*s.t, err = time.Parse(TimeLayout, string(v))
	default:
		err = fmt.Errorf("a %T is not a time", v)
	}
	return err
}

type pointerScanner struct{ t **time.Time }

func (s pointerScanner) Scan(v any) error {
	*s.t = nil
	if v == nil {
		return nil
	}
	t := new(time.Time)
	if err := (scanner{t}).Scan(v); err != nil {
		return err
	}
	*s.t = t
	return nil
}

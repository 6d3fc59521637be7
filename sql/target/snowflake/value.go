package snowflake

import (
	"database/sql/driver"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
)

// bind puts the parameters of a call into args. Floats are texts, with as many digits as it takes: see the package comment.
func (c *Conn) bind(values []bench.Value) {
	c.args = c.args[:0]
	for i := range values {
		v := values[i].Any()
		if values[i].Kind == bench.KindFloat {
			v = strconv.FormatFloat(values[i].Float, 'g', -1, 64)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
}

// A columnType says how the values of a column become ours.
type columnType uint8

const (
	typeText columnType = iota
	typeInt
	typeFloat
	typeDate
	typeTime
	typeTimestamp // without a time zone
	typeInstant   // with one
)

// learn notes the columns of the first answer to a statement.
func (s *statement) learn(rows driver.Rows) {
	if s.columns != nil {
		return
	}
	names := rows.Columns()
	typed := rows.(interface {
		driver.RowsColumnTypeDatabaseTypeName
		driver.RowsColumnTypePrecisionScale
	})
	s.columns = make([]string, len(names))
	s.types = make([]columnType, len(names))
	for i, name := range names {
		s.columns[i] = folded(name)
		switch typed.ColumnTypeDatabaseTypeName(i) {
		case "FIXED":
			if _, scale, ok := typed.ColumnTypePrecisionScale(i); ok && scale == 0 {
				s.types[i] = typeInt
			}
		case "REAL":
			s.types[i] = typeFloat
		case "DATE":
			s.types[i] = typeDate
		case "TIME":
			s.types[i] = typeTime
		case "TIMESTAMP_NTZ":
			s.types[i] = typeTimestamp
		case "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
			s.types[i] = typeInstant
		}
	}
}

// capitals is a name as Snowflake spells one that was not quoted.
var capitals = regexp.MustCompile(`^[A-Z_][A-Z0-9_$]*$`)

func folded(name string) string {
	if capitals.MatchString(name) {
		return strings.ToLower(name)
	}
	return name
}

// decode appends the values of a row. Whole numbers that fit 64 bits and floats become such values, all else a text that
// Snowflake also reads back.
func (s *statement) decode(values []bench.Value, row []driver.Value) []bench.Value {
	for i, v := range row {
		values = append(values, s.types[i].value(v))
	}
	return values
}

func (t columnType) value(v driver.Value) bench.Value {
	switch v := v.(type) {
	case nil:
		return bench.Value{}
	case int64:
		return bench.IntValue(v)
	case float64:
		return bench.FloatValue(v)
	case bool:
		return bench.TextValue(strconv.FormatBool(v))
	case []byte:
		return bench.TextValue(strings.ToUpper(hex.EncodeToString(v)))
	case time.Time:
		return bench.TextValue(v.Format(t.layout()))
	case string:
		switch t {
		case typeInt:
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				return bench.IntValue(n)
			}
		case typeFloat:
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				return bench.FloatValue(f)
			}
		}
		return bench.TextValue(v)
	}
	panic("a value that the driver does not have")
}

// layout is how a time is written, to the nanosecond.
func (t columnType) layout() string {
	switch t {
	case typeDate:
		return "2006-01-02"
	case typeTime:
		return "15:04:05.999999999"
	case typeTimestamp:
		return "2006-01-02 15:04:05.999999999"
	}
	return "2006-01-02 15:04:05.999999999 -0700"
}

package postgres

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"bench/runtime/bench"
)

// encode writes the parameters of a call into the buffer as texts, which the server reads as whatever type it wants, and
// points params at them once the buffer does not move any more.
func (c *Conn) encode(values []bench.Value) {
	c.buffer, c.ends, c.params = c.buffer[:0], c.ends[:0], c.params[:0]
	for i := range values {
		switch v := &values[i]; v.Kind {
		case bench.KindInt:
			c.buffer = strconv.AppendInt(c.buffer, v.Int, 10)
		case bench.KindFloat:
			c.buffer = strconv.AppendFloat(c.buffer, v.Float, 'g', -1, 64)
		case bench.KindText:
			c.buffer = append(c.buffer, v.Text...)
		}
		c.ends = append(c.ends, len(c.buffer))
	}
	start := 0
	for i, end := range c.ends {
		param := c.buffer[start:end]
		if values[i].Kind == bench.KindNull {
			param = nil
		}
		c.params = append(c.params, param)
		start = end
	}
}

// row appends the values of a row in text format. Whole numbers and floats become such values, all else stays the text
// that the server wrote, which it also reads back.
func row(values []bench.Value, fields []pgconn.FieldDescription, raw [][]byte) []bench.Value {
	for i, b := range raw {
		values = append(values, decode(fields[i].DataTypeOID, b))
	}
	return values
}

func decode(oid uint32, b []byte) bench.Value {
	if b == nil {
		return bench.Value{}
	}
	text := string(b)
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return bench.IntValue(n)
		}
	case pgtype.Float4OID, pgtype.Float8OID:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return bench.FloatValue(f)
		}
	}
	return bench.TextValue(text)
}

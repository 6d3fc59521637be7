package replica

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// snowflakeArrays are those of the types of columns that our tables have, as they stand in a JSON document.
var snowflakeArrays = map[string]func() array{
	"TEXT":          func() array { return &list[json.RawMessage]{read: textInJSON} },
	"NUMBER":        func() array { return &list[json.RawMessage]{read: wholeInJSON} },
	"FLOAT":         func() array { return &list[json.RawMessage]{read: realInJSON} },
	"BOOLEAN":       func() array { return &list[json.RawMessage]{read: flagInJSON} },
	"TIMESTAMP_LTZ": func() array { return &list[json.RawMessage]{read: instantInJSON} },
	"TIMESTAMP_TZ":  func() array { return &list[json.RawMessage]{read: instantInJSON} }, // an instant too
	"BINARY":        func() array { return &list[json.RawMessage]{read: bytesInJSON} },
}

// fromJSON are the expressions that make values of the element of a document at a place. Floats are texts
// there: a number of JSON that Snowflake takes for a decimal would be rounded twice.
var fromJSON = map[string]string{
	"TEXT":          "f.value[%d]::VARCHAR",
	"NUMBER":        "f.value[%d]::BIGINT",
	"FLOAT":         "f.value[%d]::FLOAT",
	"BOOLEAN":       "f.value[%d]::BOOLEAN",
	"TIMESTAMP_LTZ": "f.value[%d]::TIMESTAMP_LTZ",
	"TIMESTAMP_TZ":  "f.value[%d]::TIMESTAMP_TZ",
	"BINARY":        "TO_BINARY(f.value[%d]::VARCHAR, 'HEX')",
}

func textInJSON(v any) (json.RawMessage, error) {
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(*s)
}

func wholeInJSON(v any) (json.RawMessage, error) {
	n, err := value[int64](v)
	if err != nil {
		return nil, err
	}
	return strconv.AppendInt(nil, *n, 10), nil
}

func realInJSON(v any) (json.RawMessage, error) {
	x, err := value[float64](v)
	if err != nil {
		return nil, err
	}
	if math.IsInf(*x, 0) || math.IsNaN(*x) {
		return nil, fmt.Errorf("%v is no number", *x)
	}
	return json.RawMessage(`"` + strconv.FormatFloat(*x, 'g', -1, 64) + `"`), nil
}

func flagInJSON(v any) (json.RawMessage, error) {
	set, err := flag(v)
	if err != nil {
		return nil, err
	}
	return strconv.AppendBool(nil, *set), nil
}

func instantInJSON(v any) (json.RawMessage, error) {
	t, err := instant(v)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(`"` + t.UTC().Format("2006-01-02T15:04:05.000000") + `+00:00"`), nil
}

func bytesInJSON(v any) (json.RawMessage, error) {
	b, err := value[[]byte](v)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(`"` + hex.EncodeToString(*b) + `"`), nil
}

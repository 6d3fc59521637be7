package diagnostics

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// timeLayout is how times stand in rows: that of the journal, which sorts as text.
const timeLayout = "2006-01-02 15:04:05.000000"

// ParseTables reads tables from JSON, as a server gives its live state and a bundle keeps them.
func ParseTables(text []byte) (Tables, error) {
	var tables Tables
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&tables); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	for _, rows := range tables {
		for _, row := range rows {
			for name, v := range row {
				row[name] = normal(v)
			}
		}
	}
	return tables, nil
}

// normal makes a value of a driver or of JSON one of those that a row holds. NaN and infinities are no numbers, so NULL.
func normal(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, string:
		return v
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return normal(f)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case float32:
		return normal(float64(v))
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case time.Time:
		return v.UTC().Format(timeLayout)
	case []byte:
		return string(v)
	}
	return fmt.Sprint(v)
}

// value is a row as expressions see it.
func (r Row) value() cty.Value {
	attrs := make(map[string]cty.Value, len(r))
	for name, v := range r {
		switch v := v.(type) {
		case nil:
			attrs[name] = cty.NullVal(cty.DynamicPseudoType)
		case bool:
			attrs[name] = cty.BoolVal(v)
		case int64:
			attrs[name] = cty.NumberIntVal(v)
		case float64:
			attrs[name] = cty.NumberFloatVal(v)
		case string:
			attrs[name] = cty.StringVal(v)
		default:
			panic(fmt.Sprintf("a row holds a %T", v))
		}
	}
	return cty.ObjectVal(attrs)
}

// plain is a value of a file as a row holds it.
func plain(v cty.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		if n, exact := v.AsBigFloat().Int64(); exact == big.Exact {
			return n
		}
		f, _ := v.AsBigFloat().Float64()
		return f
	}
	return v.AsString()
}

// functions are what expressions over rows may call. Each gives the same for the same arguments.
var functions = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "min": stdlib.MinFunc, "max": stdlib.MaxFunc, "floor": stdlib.FloorFunc,
	"contains": stdlib.ContainsFunc, "lower": stdlib.LowerFunc, "strlen": stdlib.StrlenFunc, "substr": stdlib.SubstrFunc,
	"round": function.New(&function.Spec{
		Description: "rounds a number to so many decimals",
		Params:      []function.Parameter{{Name: "number", Type: cty.Number}, {Name: "decimals", Type: cty.Number}},
		Type:        function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			x, _ := args[0].AsBigFloat().Float64()
			n, _ := args[1].AsBigFloat().Int64()
			return cty.MustParseNumberVal(fmt.Sprintf("%.*f", min(max(int(n), 0), 9), x)), nil
		},
	}),
	"matches": function.New(&function.Spec{
		Description: "whether a text matches a regular expression somewhere",
		Params:      []function.Parameter{{Name: "text", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:        function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			ok, err := regexp.MatchString(args[1].AsString(), args[0].AsString())
			return cty.BoolVal(ok), err
		},
	}),
	"span": function.New(&function.Spec{
		Description: "writes seconds for people: 45s, 2m5s",
		Params:      []function.Parameter{{Name: "seconds", Type: cty.Number}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			x, _ := args[0].AsBigFloat().Float64()
			return cty.StringVal(span(x)), nil
		},
	}),
	"plural": function.New(&function.Spec{
		Description: "writes a count with its noun: 1 worker, 2 workers",
		Params:      []function.Parameter{{Name: "count", Type: cty.Number}, {Name: "noun", Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			n, _ := args[0].AsBigFloat().Int64()
			text := fmt.Sprintf("%d %s", n, args[1].AsString())
			if n != 1 {
				text += "s"
			}
			return cty.StringVal(text), nil
		},
	}),
}

// span writes seconds for people.
func span(seconds float64) string {
	d := time.Duration(math.Min(math.Abs(seconds), 1e9) * float64(time.Second))
	switch {
	case d < 10*time.Second:
		d = d.Round(100 * time.Millisecond)
	default:
		d = d.Round(time.Second)
	}
	text := d.String()
	if seconds < 0 {
		text = "-" + text
	}
	return text
}

// fixtureNow is the time at which fixtures are examined.
var fixtureNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// atFunction gives times for fixtures: at(-30) is 30 seconds ago.
var atFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "seconds", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		s, _ := args[0].AsBigFloat().Float64()
		return cty.StringVal(fixtureNow.Add(time.Duration(s * float64(time.Second))).Format(timeLayout)), nil
	},
})

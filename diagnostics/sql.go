package diagnostics

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"bench/specs"
)

// SQL is the statement of a check as it is sent: nothing is bound to it, so that it can be pasted into a shell of the
// database and does the same there. run is an id that bench made; anything else in its place is refused.
func (c *Check) SQL(dialect, run string, now time.Time) (string, error) {
	x := c.sql[dialect]
	if x == nil {
		x = c.sql[""]
	}
	if x == nil {
		return "", fmt.Errorf("%s: the check has no SQL for %s", c.File, dialect)
	}
	if strings.ContainsFunc(run, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return "", fmt.Errorf("%q is no id of a run", run)
	}
	params := map[string]cty.Value{}
	for name, v := range c.params.AsValueMap() {
		if v.Type() == cty.String {
			v = cty.StringVal(literal(v.AsString()))
		}
		params[name] = v
	}
	v, diags := x.Value(&hcl.EvalContext{
		Functions: sqlFunctions(dialect, now),
		Variables: map[string]cty.Value{
			"run": cty.StringVal(literal(run)), "now": cty.StringVal(instant(dialect, now)), "param": cty.ObjectVal(params),
		},
	})
	if diags.HasErrors() {
		return "", specs.Locate(diags, nil)
	}
	if v.Type() != cty.String {
		return "", fmt.Errorf("%s: the SQL is no text", c.File)
	}
	return strings.TrimSpace(v.AsString()), nil
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// instant writes a time as a dialect has it.
func instant(dialect string, t time.Time) string {
	text := literal(t.UTC().Format(timeLayout))
	switch dialect {
	case "postgres":
		return "TIMESTAMPTZ " + strings.TrimSuffix(text, "'") + "+00'"
	case "snowflake":
		return strings.TrimSuffix(text, "'") + " +00:00'::TIMESTAMP_LTZ"
	}
	return text
}

// A form is an SQL expression in each dialect; $1, $2 stand for its arguments.
type form struct{ sqlite, postgres, snowflake string }

// forms are what SQL says differently in every dialect, as functions for the templates of checks.
var forms = map[string]form{
	// seconds(from, to) between two times.
	"seconds": {
		"((julianday($2) - julianday($1)) * 86400.0)",
		"CAST(EXTRACT(EPOCH FROM ($2) - ($1)) AS DOUBLE PRECISION)",
		"(TIMESTAMPDIFF('microsecond', $1, $2) / 1000000.0)",
	},
	// json(document, name) is a field of a JSON object, as text.
	"json": {
		"CAST(json_extract($1, '$.$2') AS TEXT)",
		"(CAST($1 AS JSON) ->> '$2')",
		"CAST(GET_PATH(PARSE_JSON($1), '$2') AS TEXT)",
	},
	// each(document, alias) is the elements of a JSON array as a table with the column value.
	"each": {
		"json_each(COALESCE($1, '[]')) AS $2",
		"json_array_elements(COALESCE(CAST($1 AS JSON), '[]')) AS $2(value)",
		"LATERAL FLATTEN(INPUT => PARSE_JSON(COALESCE($1, '[]'))) AS $2",
	},
}

// sqlFunctions are what a statement may call while it is written.
func sqlFunctions(dialect string, now time.Time) map[string]function.Function {
	all := map[string]function.Function{
		// ago(seconds) is a time so long before now; unlike a difference of times it lets an index be used.
		"ago": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "seconds", Type: cty.Number}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				s, _ := args[0].AsBigFloat().Float64()
				return cty.StringVal(instant(dialect, now.Add(-time.Duration(s*float64(time.Second))))), nil
			},
		}),
	}
	for name, f := range forms {
		text := map[string]string{"postgres": f.postgres, "snowflake": f.snowflake}[dialect]
		if text == "" {
			text = f.sqlite
		}
		all[name] = function.New(&function.Spec{
			Params: []function.Parameter{{Name: "first", Type: cty.String}, {Name: "second", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				s := text
				for i, a := range args {
					s = strings.ReplaceAll(s, "$"+strconv.Itoa(i+1), a.AsString())
				}
				return cty.StringVal(s), nil
			},
		})
	}
	return all
}

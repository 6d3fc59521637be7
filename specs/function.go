package specs

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are what an expression may call. Each gives the same for the same arguments, files and environment.
func (l *loader) functions() map[string]function.Function {
	all := map[string]function.Function{
		"env":      l.envFunction(),
		"file":     l.fileFunction(),
		"fileset":  l.filesetFunction(),
		"try":      tryfunc.TryFunc,
		"can":      tryfunc.CanFunc,
		"tobool":   stdlib.MakeToFunc(cty.Bool),
		"tonumber": stdlib.MakeToFunc(cty.Number),
		"tostring": stdlib.MakeToFunc(cty.String),
		"tolist":   stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":    stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"toset":    stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),

		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc,
		"max": stdlib.MaxFunc, "min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc,

		"chomp": stdlib.ChompFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc,
		"join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc,
		"replace": stdlib.ReplaceFunc, "split": stdlib.SplitFunc, "strlen": stdlib.StrlenFunc, "strrev": stdlib.ReverseFunc,
		"substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
		"trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,

		"chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
		"element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "keys": stdlib.KeysFunc, "length": stdlib.LengthFunc,
		"lookup": stdlib.LookupFunc, "merge": stdlib.MergeFunc, "range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc, "setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc,
		"setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,

		"csvdecode": stdlib.CSVDecodeFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"formatdate": stdlib.FormatDateFunc, "timeadd": stdlib.TimeAddFunc,
	}
	all["templatefile"] = l.templateFunction(all)
	return all
}

// env(name[, default]) is a variable of the environment, always sensitive.
func (l *loader) envFunction() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, errors.New("it takes a name and at most one default")
			}
			name := args[0].AsString()
			text, ok := l.options.Env(name)
			if !ok && len(args) == 1 {
				return cty.NilVal, fmt.Errorf("the environment has no variable %s; set it before the run", name)
			}
			if !ok {
				text = args[1].AsString()
			}
			l.hide(text)
			return cty.StringVal(text).Mark(sensitive), nil
		},
	})
}

func (l *loader) fileFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			text, err := l.folder.read(name)
			if err != nil {
				return cty.NilVal, err
			}
			if !utf8.ValidString(text) {
				return cty.NilVal, fmt.Errorf("%s is not UTF-8 text", name)
			}
			return cty.StringVal(text), nil
		},
	})
}

func (l *loader) filesetFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.List(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			names, err := l.folder.glob(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			if len(names) == 0 {
				return cty.ListValEmpty(cty.String), nil
			}
			list := make([]cty.Value, len(names))
			for i, name := range names {
				list[i] = cty.StringVal(name)
			}
			return cty.ListVal(list), nil
		},
	})
}

// templatefile(path, values) is a file with its ${ } replaced. It sees the values by their names, and all functions but
// itself.
func (l *loader) templateFunction(functions map[string]function.Function) function.Function {
	inner := map[string]function.Function{}
	maps.Copy(inner, functions)
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "path", Type: cty.String},
			{Name: "values", Type: cty.DynamicPseudoType},
		},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name, values := args[0].AsString(), args[1]
			if !values.Type().IsObjectType() && !values.Type().IsMapType() {
				return cty.NilVal, errors.New("the values must be an object")
			}
			text, err := l.folder.read(name)
			if err != nil {
				return cty.NilVal, err
			}
			scratch := &loader{}
			if !scratch.nestingFits([]byte(text), name, true) {
				return cty.NilVal, fmt.Errorf("%s: %s", name, scratch.found[0].Summary)
			}
			expr, diags := hclsyntax.ParseTemplate([]byte(text), name, hcl.InitialPos)
			if !diags.HasErrors() {
				var v cty.Value
				v, diags = expr.Value(&hcl.EvalContext{Functions: inner, Variables: values.AsValueMap()})
				if !diags.HasErrors() && v.Type() == cty.String {
					return v, nil
				}
			}
			for _, d := range diags {
				place := name
				if d.Subject != nil {
					place = fmt.Sprintf("%s line %d", name, d.Subject.Start.Line)
				}
				return cty.NilVal, fmt.Errorf("%s: %s. %s", place, lower(d.Summary), strings.ReplaceAll(d.Detail, "\n", " "))
			}
			return cty.NilVal, fmt.Errorf("%s does not give text", name)
		},
	})
}

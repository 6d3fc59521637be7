package specs

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"bench/runtime/bench"
)

// mark is the type of the mark on sensitive values.
type mark struct{}

var sensitive mark

// hide keeps a text out of every message. The longest come first, so that none is left half of another.
func (l *loader) hide(text string) {
	if len(text) < minHidden || slices.Contains(l.hidden, text) {
		return
	}
	l.hidden = append(l.hidden, text)
	slices.SortFunc(l.hidden, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
}

// hideAll hides every text in a value.
func (l *loader) hideAll(v cty.Value) {
	v, _ = v.UnmarkDeep()
	cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
			l.hide(v.AsString())
		}
		return true, nil
	})
}

// sensitiveInside reports whether an expression uses a sensitive value, and so whether what HCL says about it may hold
// one. A variable that came from outside counts, because a dsn need not be declared sensitive.
func (l *loader) sensitiveInside(expr hcl.Expression) bool {
	for _, t := range expr.Variables() {
		if len(t) < 2 {
			return true
		}
		step, ok := t[1].(hcl.TraverseAttr)
		if !ok {
			return true
		}
		if v := l.variables[step.Name]; t.RootName() == "var" && v != nil && (v.sensitive || v.given) {
			return true
		}
		if v := l.locals[step.Name]; t.RootName() == "local" && v != nil && (v.value.ContainsMarked() || l.sensitiveInside(v.expr)) {
			return true
		}
	}
	node, ok := expr.(hclsyntax.Expression)
	if !ok {
		return true
	}
	return calls(node, "env")
}

func calls(expr hclsyntax.Expression, functions ...string) bool {
	found := false
	hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && slices.Contains(functions, call.Name) {
			found = true
		}
		return nil
	})
	return found
}

// secret takes the value of a secret option of a target: it goes into l.secrets, and a reference to it is returned.
func (l *loader) secret(option string, f field) (bench.Secret, bool) {
	v, ok := l.raw(f)
	if !ok {
		return "", false
	}
	v, _ = v.UnmarkDeep()
	switch {
	case v.IsNull():
		l.fail(f.at, "", "%s is null", option)
		return "", false
	case v.Type() != cty.String:
		l.fail(f.at, "", "%s must be text", option)
		return "", false
	case v.AsString() == "":
		l.fail(f.at, "", "%s is empty", option)
		return "", false
	}
	text := v.AsString()
	l.hide(text)
	for _, p := range passwords(text) {
		l.hide(p)
	}
	if l.passwordSpelled(option, f.expr) {
		if l.told && !spelledOut(f.expr) {
			return "", false // reported where it stands
		}
		l.told = true
		l.fail(f.at, `Write `+option+` = env("NAME"), or declare variable "`+option+`" { sensitive = true } and write var.`+option+`.`,
			"%s spells out a password", option)
		return "", false
	}
	s := l.reference(option, f.expr)
	l.secrets[s] = text
	return s, true
}

// reference names a secret by where it comes from.
func (l *loader) reference(option string, expr hclsyntax.Expression) bench.Secret {
	switch e := expr.(type) {
	case *hclsyntax.FunctionCallExpr:
		if e.Name != "env" || len(e.Args) == 0 || e.ExpandFinal {
			break
		}
		name, diags := e.Args[0].Value(&l.context)
		if diags.HasErrors() || name.Type() != cty.String || name.IsMarked() || !spelledOut(e.Args[0]) {
			break
		}
		if _, set := l.options.Env(name.AsString()); set {
			return bench.Secret("env:" + name.AsString())
		}
	case *hclsyntax.ScopeTraversalExpr:
		step, ok := e.Traversal[min(1, len(e.Traversal)-1)].(hcl.TraverseAttr)
		if !ok || len(e.Traversal) != 2 {
			break
		}
		if v := l.locals[step.Name]; e.Traversal.RootName() == "local" && v != nil {
			return l.reference(option, v.expr)
		}
		if v := l.variables[step.Name]; e.Traversal.RootName() == "var" && v != nil {
			if v.given || v.fallback == nil {
				return bench.Secret("var:" + v.name)
			}
			return l.reference(v.name, v.fallback)
		}
	case *hclsyntax.ParenthesesExpr:
		return l.reference(option, e.Expression)
	}
	return bench.Secret("var:" + option)
}

// passwordSpelled reports whether the text of the spec itself holds the password: any text for a password, a text that
// looks like one with a password in it for a dsn.
func (l *loader) passwordSpelled(option string, expr hclsyntax.Expression) bool {
	told := false
	for _, text := range l.spelled(expr) {
		found := passwords(text)
		if option != "dsn" {
			found = strings.Split(text, hole)
		}
		for _, p := range found {
			l.hide(p)
			told = true
		}
	}
	return told
}

// A template's interpolations are this character in what spelled returns.
const hole = "\x00"

// spelled is every text that an expression spells out, also by way of locals and of defaults of variables. Names of
// files and of the environment are not counted: what they lead to is not in the spec.
func (l *loader) spelled(expr hclsyntax.Expression) []string {
	var texts []string
	seen := map[hclsyntax.Expression]bool{}
	var visit func(hclsyntax.Expression)
	add := func(text string) {
		if strings.Trim(text, hole) != "" {
			texts = append(texts, text)
		}
	}
	walk := func(node hclsyntax.Node) { // the children of a node, of whatever type they are
		hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
			if e, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
				visit(e)
			}
			return nil
		})
	}
	visit = func(expr hclsyntax.Expression) {
		if seen[expr] {
			return
		}
		seen[expr] = true
		switch e := expr.(type) {
		case *hclsyntax.LiteralValueExpr:
			if e.Val.Type() == cty.String && !e.Val.IsNull() {
				add(e.Val.AsString())
			}
			if e.Val.Type() == cty.Number {
				x, _ := e.Val.AsBigFloat().Float64()
				add(strconv.FormatFloat(x, 'f', -1, 64))
			}
		case *hclsyntax.TemplateExpr:
			var b strings.Builder
			for _, part := range e.Parts {
				if literal, ok := part.(*hclsyntax.LiteralValueExpr); ok && literal.Val.Type() == cty.String {
					b.WriteString(literal.Val.AsString())
					continue
				}
				b.WriteString(hole)
				visit(part)
			}
			add(b.String())
		case *hclsyntax.TemplateWrapExpr:
			visit(e.Wrapped)
		case *hclsyntax.ParenthesesExpr:
			visit(e.Expression)
		case *hclsyntax.ConditionalExpr:
			visit(e.TrueResult)
			visit(e.FalseResult)
		case *hclsyntax.FunctionCallExpr:
			args := e.Args
			switch e.Name {
			case "env", "file", "templatefile":
				args = args[min(1, len(args)):]
			}
			for _, a := range args {
				visit(a)
			}
		case *hclsyntax.ObjectConsExpr:
			for _, item := range e.Items {
				visit(item.ValueExpr)
			}
		case *hclsyntax.TupleConsExpr:
			for _, inner := range e.Exprs {
				visit(inner)
			}
		case *hclsyntax.RelativeTraversalExpr:
			visit(e.Source)
		case *hclsyntax.IndexExpr:
			visit(e.Collection)
		case *hclsyntax.ScopeTraversalExpr:
			step, ok := e.Traversal[min(1, len(e.Traversal)-1)].(hcl.TraverseAttr)
			if !ok {
				return
			}
			if v := l.variables[step.Name]; e.Traversal.RootName() == "var" && v != nil && v.fallback != nil {
				visit(v.fallback)
			}
			if v := l.locals[step.Name]; e.Traversal.RootName() == "local" && v != nil {
				visit(v.expr)
			}
		default:
			walk(expr)
		}
	}
	visit(expr)
	return texts
}

// Where a password stands in a text: in a URL, or after a keyword that ends with password.
var (
	inURL     = regexp.MustCompile(`\b(?i:postgres|postgresql|snowflake)://[^\s/?#@:'"]*:([^\s/?#@'"]+)@`)
	inKeyword = regexp.MustCompile(`(?i)password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&'"]+)`)
	// The same as they stand in a spec, which need not parse: nothing that looks like one may be quoted.
	inAttribute = regexp.MustCompile(`(?i)password"?\s*[=:]\s*["']((?:[^"'\\\n]|\\.)*)`)
	inDSN       = regexp.MustCompile(`(?i)password=([^\s&'"]+)`)
	inDefault   = regexp.MustCompile(`\bdefault\s*=\s*"((?:[^"\\\n]|\\.)*)`)
)

// passwords are the passwords in a connection string.
func passwords(text string) []string {
	var all []string
	for _, re := range []*regexp.Regexp{inURL, inKeyword} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			if p := strings.Trim(m[1], "'"); strings.Trim(p, hole) != "" {
				all = append(all, p)
			}
		}
	}
	return all
}

// concealed is a text with what some expressions find in it blanked, byte by byte, so that places stay where they are.
func concealed(src []byte, where ...*regexp.Regexp) []byte {
	shown := bytes.Clone(src)
	for _, re := range where {
		for _, m := range re.FindAllSubmatchIndex(src, -1) {
			if !bytes.Contains(src[m[2]:m[3]], []byte("${")) {
				conceal(shown[m[2]:m[3]])
			}
		}
	}
	return shown
}

func conceal(text []byte) {
	for i, c := range text {
		if c != '\n' {
			text[i] = '*'
		}
	}
}

// concealDefaults blanks the defaults of sensitive variables in what snippets are taken from.
func (l *loader) concealDefaults() {
	for _, b := range l.body.Blocks {
		s, isSet := b.Body.Attributes["sensitive"]
		d, hasDefault := b.Body.Attributes["default"]
		if b.Type != "variable" || !isSet || !hasDefault || len(l.spelled(d.Expr)) == 0 {
			continue
		}
		if v, diags := s.Expr.Value(nil); diags.HasErrors() || !v.RawEquals(cty.False) {
			r := d.Expr.Range()
			conceal(l.sources[l.file][r.Start.Byte:r.End.Byte])
		}
	}
}

// findPasswords reports connection strings with a password that stand anywhere in the spec, unless the option that
// uses them told of it already.
func (l *loader) findPasswords() {
	if l.told {
		return
	}
	for _, m := range inURL.FindAllSubmatchIndex(l.src, -1) {
		if text := string(l.src[m[2]:m[3]]); !strings.Contains(text, "${") {
			l.hide(text)
			l.fail(l.at(m[0], m[1]), `Leave it out of the spec: declare variable "dsn" { sensitive = true } and set BENCH_VAR_dsn.`, "a connection string spells out a password")
		}
	}
}

// at is the range of some bytes of the spec.
func (l *loader) at(from, to int) hcl.Range { return rangeIn(l.file, l.src, from, to) }

// rangeIn is the range of some bytes of a text.
func rangeIn(file string, src []byte, from, to int) hcl.Range {
	pos := func(offset int) hcl.Pos {
		line := bytes.LastIndexByte(src[:offset], '\n') + 1
		return hcl.Pos{Line: 1 + bytes.Count(src[:offset], []byte("\n")), Column: 1 + len([]rune(string(src[line:offset]))), Byte: offset}
	}
	return hcl.Range{Filename: file, Start: pos(from), End: pos(to)}
}

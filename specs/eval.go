package specs

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// eval computes an expression. It is false when that failed, which was reported, or when it rests on something else that
// failed, which was reported there.
func (l *loader) eval(expr hclsyntax.Expression) (cty.Value, bool) {
	if !l.namesKnown(expr) {
		return cty.DynamicVal, false
	}
	v, diags := expr.Value(&l.context)
	if diags.HasErrors() {
		l.translate(diags)
		return cty.DynamicVal, false
	}
	return v, v.IsWhollyKnown()
}

// namesKnown reports names and functions that do not exist. HCL would, too, but it does not know what was meant.
func (l *loader) namesKnown(expr hclsyntax.Expression) bool {
	ok := true
	template := isTemplate(expr)
	for _, t := range expr.Variables() {
		if !l.nameKnown(t, template) {
			ok = false
		}
	}
	hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, is := n.(*hclsyntax.FunctionCallExpr); is {
			if _, known := l.context.Functions[call.Name]; !known {
				l.fail(call.NameRange, didYouMean(call.Name, slices.Collect(maps.Keys(l.context.Functions))), "there is no function %s", call.Name)
				ok = false
			}
		}
		return nil
	})
	return ok
}

func (l *loader) nameKnown(t hcl.Traversal, template bool) bool {
	root := t.RootName()
	var names []string
	switch root {
	case "var":
		names = slices.Collect(maps.Keys(l.variables))
	case "local":
		names = slices.Collect(maps.Keys(l.locals))
	default:
		l.fail(t.SourceRange(), l.insteadOf(root, template), "there is nothing named %s", root)
		return false
	}
	if len(t) < 2 {
		return true
	}
	step, ok := t[1].(hcl.TraverseAttr)
	if !ok || slices.Contains(names, step.Name) {
		return true
	}
	kind := map[string]string{"var": "variable", "local": "local"}[root]
	instead := didYouMean(step.Name, names)
	if len(names) == 0 {
		instead = fmt.Sprintf("The spec declares no %s.", kind)
	}
	l.fail(t.SourceRange(), instead, "there is no %s %s", kind, step.Name)
	return false
}

// insteadOf says what to write instead of a name that stands alone.
func (l *loader) insteadOf(name string, template bool) string {
	switch {
	case template && slices.Contains(l.declared, name):
		return fmt.Sprintf("In SQL the parameter %s is written :%s, without ${ }.", name, name)
	case l.variables[name] != nil:
		return fmt.Sprintf("Write var.%s for the variable.", name)
	case l.locals[name] != nil:
		return fmt.Sprintf("Write local.%s for the local.", name)
	case template:
		return templateHint
	default:
		return fmt.Sprintf("Put text in quotes: %q; variables are written var.NAME, locals local.NAME.", name)
	}
}

// isTemplate reports whether an expression is a text with ${ or %{ in it.
func isTemplate(expr hclsyntax.Expression) bool {
	switch expr.(type) {
	case *hclsyntax.TemplateExpr, *hclsyntax.TemplateWrapExpr:
		return true
	}
	return false
}

package specs

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"bench/runtime/bench"
)

// An sqlText is the text of a statement and where it came from.
type sqlText struct {
	text  string
	at    hcl.Range // the attribute
	label string    // its name
	file  string    // the file that it is the whole of, else empty
}

// sql is the SQL of a field.
func (l *loader) sql(f field) (sqlText, bool) {
	text, ok := l.text(f)
	if !ok {
		return sqlText{}, false
	}
	s := sqlText{text: text, at: f.at, label: f.label}
	if call, ok := f.expr.(*hclsyntax.FunctionCallExpr); ok && call.Name == "file" && len(call.Args) == 1 {
		if v, diags := call.Args[0].Value(&l.context); !diags.HasErrors() && v.Type() == cty.String && !v.IsMarked() && v.IsKnown() {
			s.file = v.AsString()
		}
	}
	return s, l.checkSQL(s)
}

func (l *loader) checkSQL(s sqlText) bool {
	if strings.TrimSpace(s.text) != "" {
		return true
	}
	if s.file != "" {
		l.fail(s.at, "Write a statement into it, or leave the file out.", "%s is empty", s.file)
	} else {
		l.fail(s.at, "Write a statement.", "%s is empty", s.label)
	}
	return false
}

// place is where reference i of the text stands: in its file, or in the spec as well as that can be told.
func (s sqlText) place(l *loader, refs []ref, i int) hcl.Range {
	r := refs[i]
	if s.file != "" {
		return s.inFile(l, r.offset, r.end)
	}
	// The text of a heredoc differs from the spec by indentation and templates, so the reference is looked up by its
	// name and by how many of the same stand before it.
	nth := 0
	for _, earlier := range refs[:i] {
		if earlier.String() == r.String() {
			nth++
		}
	}
	from := s.at.Start.Byte
	_, spelled, _ := cut(strings.TrimPrefix(string(l.src[from:s.at.End.Byte]), `"`))
	if from < len(l.src) && l.src[from] == '"' {
		from++
	}
	for _, other := range spelled {
		if other.String() == r.String() {
			if nth == 0 {
				return l.at(from+other.offset, from+other.end)
			}
			nth--
		}
	}
	return s.at
}

func (s sqlText) inFile(l *loader, from, to int) hcl.Range {
	name := path.Join(filepath.ToSlash(filepath.Dir(l.file)), s.file)
	if l.sources[name] == nil {
		l.sources[name] = concealed([]byte(s.text), inURL, inDSN)
	}
	return rangeIn(name, []byte(s.text), from, to)
}

// compile cuts a statement at its references and finds out what they refer to: a param, or a statement before it.
func (l *loader) compile(s *bench.Statement, text sqlText, before []bench.Statement) {
	switch n := statements(text.text); {
	case strings.ContainsRune(text.text, 0):
		l.fail(text.at, "", "%s holds a NUL character", text.label)
		return
	case n == 0:
		l.fail(text.at, "", "%s has no statement, only comments", text.label)
		return
	case n > 1:
		l.fail(text.at, "Write a statement block for each.", "%s has %d statements, an operation sends them one by one", text.label, n)
		return
	}
	parts, refs, strays := cut(text.text)
	s.Parts = parts
	for i, r := range refs {
		b, ok := l.bind(text, refs, i, before)
		if !ok {
			continue
		}
		b.Column = r.column
		s.Binds = append(s.Binds, b)
	}
	for _, x := range strays {
		if l.isPlaceholder(x.text) {
			at := text.at
			if text.file != "" {
				at = text.inFile(l, x.offset, x.offset+len(x.text))
			}
			l.fail(at, `Write :name, and param "name" { … } for where its values come from.`, "nothing is bound to %s in %s", x.text, text.label)
			return
		}
	}
}

func (l *loader) bind(text sqlText, refs []ref, i int, before []bench.Statement) (bench.Bind, bool) {
	r := refs[i]
	for j := range before {
		s := &before[j]
		if s.Name != r.name || s.Name == "" {
			continue
		}
		if s.Fetch == "none" {
			l.fail(text.place(l, refs, i), `Write fetch = "first_row" there.`, "%s needs the first row of statement %s, which fetches none", r, r.name)
			return bench.Bind{}, false
		}
		s.Keep = true
		return bench.Bind{Param: -1, Statement: j}, true
	}
	l.used[r.name] = true
	p, ok := l.params[r.name]
	switch {
	case ok && r.column != "" && l.plan.Params[p].Kind != "pool":
		l.fail(text.place(l, refs, i), "Write :"+r.name+".", "%s names a column, but param %s is a %s, not a pool", r, r.name, l.plan.Params[p].Kind)
		return bench.Bind{}, false
	case ok:
		return bench.Bind{Param: p, Statement: -1}, true
	case slices.Contains(l.declared, r.name):
		return bench.Bind{}, false // reported there
	}
	names := slices.Clone(l.declared)
	for _, s := range before {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	instead := nearest(r.name, names)
	if instead != "" {
		instead = "Did you mean :" + instead + "?"
	} else {
		instead = `Write param "` + r.name + `" { … } in the run, or give an earlier statement this name.`
	}
	l.fail(text.place(l, refs, i), instead, "%s is neither a param nor an earlier statement", r)
	return bench.Bind{}, false
}

// isPlaceholder reports whether the target would take a piece of SQL for a parameter of its own.
func (l *loader) isPlaceholder(text string) bool {
	switch l.plan.Target.Kind {
	case "sqlite":
		return true
	case "snowflake":
		return text[0] == '?'
	case "postgres":
		return text[0] == '$' && strings.Trim(text[1:], "0123456789") == ""
	}
	return false
}

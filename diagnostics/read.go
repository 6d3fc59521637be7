package diagnostics

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// A reader reads one check block.
type reader struct {
	*loader
	check *Check
	block *hcl.Block
	attrs hcl.Attributes
}

// dialects are those for which a check may have SQL of its own.
var dialects = []string{"sqlite", "postgres", "snowflake"}

var checkSchema = func() *hcl.BodySchema {
	s := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "param", LabelNames: []string{"name"}}, {Type: "fixture", LabelNames: []string{"name"}}}}
	for _, name := range []string{"title", "step", "source", "reason", "fail_if"} {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name, Required: true})
	}
	for _, name := range []string{"table", "target", "depends_on", "live", "preflight", "symptom", "timeout", "empty", "wait", "then", "runbook",
		"sql", "applies_if", "stale_if", "too_few_if", "warn_if", "subject", "path", "clears", "remedy"} {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name})
	}
	for _, d := range dialects {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: "sql_" + d})
	}
	return s
}()

// read fills the check.
func (r *reader) read(block *hcl.Block) {
	r.block = block
	content, diags := block.Body.Content(checkSchema)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return
	}
	r.attrs = content.Attributes
	c := r.check
	c.Title = r.text("title")
	c.Step = r.oneOf("step", Steps...)
	c.Source = r.oneOf("source", SourceServer, SourceRun, SourceTarget)
	c.Table, c.Target = r.text("table"), r.oneOf("target", "postgres", "snowflake", "sqlite")
	c.DependsOn = r.texts("depends_on")
	c.Live, c.Preflight, c.Symptom = r.flag("live"), r.flag("preflight"), r.flag("symptom")
	if c.Timeout = r.duration("timeout"); c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Empty = Outcome(r.oneOf("empty", string(Undetermined), string(Fail), string(Skip))); c.Empty == "" {
		c.Empty = Undetermined
	}
	c.Wait, c.Then = r.duration("wait"), r.text("then")
	c.Runbook = strings.TrimSpace(r.text("runbook"))
	r.readSQL()
	s := &c.says
	s.applies, s.stale, s.tooFew, s.fail, s.warn = r.saying("applies_if"), r.saying("stale_if"), r.saying("too_few_if"), r.saying("fail_if"), r.saying("warn_if")
	s.reason, s.subject, s.path, s.clears, s.remedy = r.saying("reason"), r.saying("subject"), r.saying("path"), r.saying("clears"), r.saying("remedy")
	params := map[string]cty.Value{}
	for _, b := range content.Blocks.OfType("param") {
		r.param(b, params)
	}
	c.params = cty.ObjectVal(params)
	r.names()
	for _, b := range content.Blocks.OfType("fixture") {
		r.fixture(b)
	}
}

// readSQL takes the statements, and checks that they go with the source.
func (r *reader) readSQL() {
	c := r.check
	c.sql = map[string]hcl.Expression{}
	for _, d := range append([]string{""}, dialects...) {
		if e := r.expr(strings.TrimSuffix("sql_"+d, "_")); e != nil {
			c.sql[d] = e
		}
	}
	switch {
	case c.Source == SourceServer && (c.Table == "" || len(c.sql) > 0):
		r.fail(r.attrs["source"].Range, "Name the table of the live state: table = \"workers\".", "a check of the server reads one of its tables, and no SQL")
	case c.Source != SourceServer && (c.Table != "" || len(c.sql) == 0):
		r.fail(r.attrs["source"].Range, "Write sql = <<-SQL ... SQL.", "a check of source %q asks by SQL", c.Source)
	case c.Source == SourceTarget && c.Target == "":
		r.fail(r.attrs["source"].Range, "Write target = \"postgres\".", "a check of a database under test says of which kind")
	}
}

// param reads a threshold.
func (r *reader) param(b *hcl.Block, params map[string]cty.Value) {
	content, diags := b.Body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "default", Required: true}, {Name: "unit"}, {Name: "description", Required: true}}})
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return
	}
	inner := &reader{loader: r.loader, attrs: content.Attributes}
	v, ok := inner.value("default")
	if ok && v.Type() != cty.Number && v.Type() != cty.String {
		r.fail(content.Attributes["default"].Range, "Give a number or a text.", "a parameter cannot be that")
		return
	}
	p := Param{Name: b.Labels[0], Unit: inner.text("unit"), Description: inner.text("description")}
	if ok {
		p.Value = plain(v)
		params[p.Name] = v
	}
	r.check.Params = append(r.check.Params, p)
}

// fixture reads rows and what the check must say of them.
func (r *reader) fixture(b *hcl.Block) {
	content, diags := b.Body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "expect", Required: true}, {Name: "reason"}, {Name: "rows"}, {Name: "tables"}}})
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return
	}
	inner := &reader{loader: r.loader, attrs: content.Attributes}
	f := Fixture{Name: b.Labels[0], Reason: inner.text("reason"), at: b.DefRange}
	f.Expect = Outcome(inner.oneOf("expect", string(Pass), string(Warn), string(Fail), string(Undetermined)))
	name, want := "rows", r.check.Source != SourceRun
	if !want {
		name = "tables"
	}
	if content.Attributes[name] == nil || len(content.Attributes) > 3 || len(content.Attributes) == 3 && content.Attributes["reason"] == nil {
		r.fail(b.DefRange, "Fixtures of source run have tables = { TABLE = [{ COLUMN = value }] }, those of other sources rows = [{ column = value }].",
			"the fixture needs %s and nothing else", name)
		return
	}
	v, ok := inner.value(name)
	if !ok {
		return
	}
	at := content.Attributes[name].Range
	if want {
		f.Rows = r.fixtureRows(v, at)
	} else {
		f.Tables = Tables{}
		if !v.Type().IsObjectType() {
			r.fail(at, "Write tables = { TABLE = [{ COLUMN = value }] }.", "tables are an object")
			return
		}
		for table, rows := range v.AsValueMap() {
			f.Tables[table] = r.fixtureRows(rows, at)
		}
	}
	r.check.Fixtures = append(r.check.Fixtures, f)
}

func (r *reader) fixtureRows(v cty.Value, at hcl.Range) []Row {
	wrong := func() []Row {
		r.fail(at, "Write [{ column = value }].", "rows are a list of objects of numbers and texts")
		return nil
	}
	if !v.Type().IsTupleType() {
		return wrong()
	}
	rows := []Row{}
	for _, element := range v.AsValueSlice() {
		if !element.Type().IsObjectType() {
			return wrong()
		}
		row := Row{}
		for name, value := range element.AsValueMap() {
			if !value.IsNull() && !value.Type().IsPrimitiveType() {
				return wrong()
			}
			row[name] = plain(value)
		}
		rows = append(rows, row)
	}
	return rows
}

// names reports names and functions that no expression can use, whatever the rows are.
func (r *reader) names() {
	c := r.check
	s := c.says
	row := []string{"row", "param", "run"}
	for _, e := range []*saying{s.stale, s.tooFew, s.fail, s.warn, s.reason, s.subject, s.path, s.clears, s.remedy} {
		if e != nil {
			r.known(e.Expression, row, functions)
		}
	}
	if s.applies != nil {
		r.known(s.applies.Expression, []string{"run", "param"}, functions)
	}
	for _, e := range c.sql {
		r.known(e, []string{"run", "now", "param"}, sqlFunctions("sqlite", fixtureNow))
	}
}

func (r *reader) known(e hcl.Expression, roots []string, functions map[string]function.Function) {
	for _, t := range e.Variables() {
		if !slices.Contains(roots, t.RootName()) {
			r.fail(t.SourceRange(), "Write "+strings.Join(roots, ".NAME, ")+".NAME.", "there is nothing named %s here", t.RootName())
			continue
		}
		names := map[string][]string{"param": slices.Sorted(maps.Keys(r.check.params.Type().AttributeTypes())), "run": runNames}[t.RootName()]
		if step, ok := attribute(t); ok && t.RootName() != "row" && !slices.Contains(names, step) {
			r.fail(t.SourceRange(), "There are: "+strings.Join(names, ", ")+".", "there is no %s.%s", t.RootName(), step)
		}
	}
	for _, call := range calls(e) {
		if _, ok := functions[call.Name]; !ok {
			r.fail(call.NameRange, "There are: "+strings.Join(slices.Sorted(maps.Keys(functions)), ", ")+".", "there is no function %s", call.Name)
		}
	}
}

// expr is an attribute that is evaluated later; nil when it is not there.
func (r *reader) expr(name string) hcl.Expression {
	if a := r.attrs[name]; a != nil {
		return a.Expr
	}
	return nil
}

// saying is an attribute that is evaluated for each row.
func (r *reader) saying(name string) *saying {
	e := r.expr(name)
	if e == nil {
		return nil
	}
	s := &saying{Expression: e}
	for _, t := range e.Variables() {
		if _, ok := attribute(t); ok && t.RootName() == "row" {
			s.reads = append(s.reads, t)
		}
	}
	s.equal = equalities(e)
	return s
}

// value is an attribute that needs no row.
func (r *reader) value(name string) (cty.Value, bool) {
	a := r.attrs[name]
	if a == nil {
		return cty.NilVal, false
	}
	v, diags := a.Expr.Value(&hcl.EvalContext{Functions: map[string]function.Function{"at": atFunction}})
	r.diags = append(r.diags, diags...)
	return v, !diags.HasErrors() && !v.IsNull()
}

func (r *reader) text(name string) string {
	v, ok := r.value(name)
	if !ok {
		return ""
	}
	if v.Type() != cty.String {
		r.fail(r.attrs[name].Range, "Put it in quotes.", "%s is a text", name)
		return ""
	}
	return v.AsString()
}

func (r *reader) oneOf(name string, words ...string) string {
	s := r.text(name)
	if s != "" && !slices.Contains(words, s) {
		r.fail(r.attrs[name].Expr.Range(), "Write one of: "+strings.Join(words, ", ")+".", "%q is no %s", s, name)
	}
	return s
}

func (r *reader) texts(name string) (list []string) {
	v, ok := r.value(name)
	if !ok {
		return nil
	}
	if v.Type().IsTupleType() {
		for _, element := range v.AsValueSlice() {
			if element.Type() != cty.String || element.IsNull() {
				break
			}
			list = append(list, element.AsString())
		}
		if len(list) == v.LengthInt() {
			return list
		}
	}
	r.fail(r.attrs[name].Range, "Write [\"BEN0001\"].", "%s is a list of texts", name)
	return nil
}

func (r *reader) flag(name string) bool {
	v, ok := r.value(name)
	if ok && v.Type() != cty.Bool {
		r.fail(r.attrs[name].Range, "", "%s is true or false", name)
		return false
	}
	return ok && v.True()
}

func (r *reader) duration(name string) time.Duration {
	s := r.text(name)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		r.fail(r.attrs[name].Expr.Range(), "Write a text like \"30s\".", "%q is no duration", s)
	}
	return d
}

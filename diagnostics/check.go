package diagnostics

import (
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Steps are the stations on the way of an operation, in order, and then what surrounds it. Causes are named in this order.
var Steps = []string{
	"server", "owner", "status", "workers", "start", "statement", "done", "report", "aggregate", "viewer",
	"numbers", "result", "store", "target",
}

// Where the rows of a check come from.
const (
	SourceServer = "server" // the live state of the server that drives the run
	SourceRun    = "run"    // the tables of a journal or replica
	SourceTarget = "target" // the database under test
)

// A Check asks one question.
type Check struct {
	Code  string // stable, never given to another check
	Name  string
	Title string // what holds when it passes
	Step  string // one of Steps
	File  string

	Source    string
	Table     string        // of source server
	Target    string        // of source target: the kind of database that it is about
	DependsOn []string      // codes of checks whose failing explains this one
	Live      bool          // also run while the run goes on
	Preflight bool          // needs no run
	Symptom   bool          // never the cause when anything else fails
	Timeout   time.Duration // of its query
	Empty     Outcome       // of no rows: undetermined; fail; or skip, where nothing of the kind need be there
	Wait      time.Duration // how long to wait before looking at Then
	Then      string        // code of the check to look at if it still fails
	Runbook   string        // a page of text
	Params    []Param
	Fixtures  []Fixture

	sql    map[string]hcl.Expression // by dialect, "" is all others
	params cty.Value
	says   sayings
}

// sayings are the expressions of a check. Those that are not in its file are nil.
type sayings struct {
	applies, stale, tooFew, fail, warn    *saying // true or false
	reason, subject, path, clears, remedy *saying // text
}

// A saying is an expression, the columns of a row that it reads, and where it asks whether two values are the same.
type saying struct {
	hcl.Expression
	reads []hcl.Traversal
	equal []*hclsyntax.BinaryOpExpr
}

// A Param is a threshold with a name.
type Param struct {
	Name        string `json:"name"`
	Value       any    `json:"value"` // number or text
	Unit        string `json:"unit,omitempty"`
	Description string `json:"description"`
}

// A Fixture shows that a check says what it should.
type Fixture struct {
	Name   string
	Expect Outcome
	Reason string // that the sentence must hold, if not empty
	Rows   []Row  // of sources server and target
	Tables Tables // of source run
	at     hcl.Range
}

// A Row is one row by the names of its columns, in small letters. Values are nil, bool, int64, float64 or string.
type Row map[string]any

// Tables are rows by table.
type Tables map[string][]Row

// A Set is checks in the order of their steps and codes.
type Set []*Check

// Find is the check with a code; nil if there is none.
func (s Set) Find(code string) *Check {
	if i := slices.IndexFunc(s, func(c *Check) bool { return c.Code == code }); i >= 0 {
		return s[i]
	}
	return nil
}

// explained reports whether the failing of cause explains that of c, perhaps by way of others. c may be nil: a check that was not asked for.
func (s Set) explained(c *Check, cause string) bool {
	return c != nil && slices.ContainsFunc(c.DependsOn, func(code string) bool {
		return code == cause || s.explained(s.Find(code), cause)
	})
}

package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// A Plan is a run spec after every file, variable and function has been resolved: what the server stores and every
// worker carries out by itself. It holds no secret, only references to them (see [Secret]).
type Plan struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Seed        uint64            `json:"seed"`

	Warmup     Duration `json:"warmup"`
	Duration   Duration `json:"duration"`             // of MEASUREMENT; zero when Iterations says when to end
	Iterations int64    `json:"iterations,omitempty"` // operations of MEASUREMENT over the whole fleet, each group of connections
	Drain      Duration `json:"drain"`                // how long what is in flight at the end may go on
	Ready      Duration `json:"ready"`                // how long workers may take to get ready

	Target    Target     `json:"target"`
	Setup     []string   `json:"setup,omitempty"`    // SQL scripts, run once before the workers start
	Teardown  []string   `json:"teardown,omitempty"` // SQL scripts, run once after they ended
	Fleet     Fleet      `json:"fleet"`
	Params    []Param    `json:"params,omitempty"`
	Workloads []Workload `json:"workloads"`
	Groups    []Group    `json:"groups"` // which connections run which workloads
	SLOs      []SLO      `json:"slos,omitempty"`
	Guard     Guard      `json:"guard"`

	Source Source `json:"source"` // for diagnostics and the record; not part of the hash
}

// Hash identifies what the plan does: the SHA-256 of its JSON without the source text, in hex.
func (p *Plan) Hash() string {
	q := *p
	q.Source = Source{}
	b, err := json.Marshal(&q)
	if err != nil {
		panic("a plan is always JSON: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Connections is how many the whole fleet opens.
func (p *Plan) Connections() int {
	n := 0
	for _, g := range p.Groups {
		n += g.Load.Peak()
	}
	return n
}

// Source is the text that the plan came from.
type Source struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// A Secret names a value that only the process that uses it may know: "env:NAME" is looked up in its environment,
// "var:NAME" was given with the submission and lives in memory only.
type Secret string

// A Target is the database under test.
type Target struct {
	Kind    string            `json:"kind"`              // sqlite, postgres, snowflake, null
	Options map[string]string `json:"options,omitempty"` // path, host, warehouse, …
	Secrets map[string]Secret `json:"secrets,omitempty"` // dsn, password, …: option name to reference
	Session Session           `json:"session"`
	Timeout Duration          `json:"timeout,omitempty"` // of a statement, for workloads that set none; zero is none
}

// Unrequired is the target without what must hold before a run (the options require_…), for whoever asks it later: a
// warehouse may have another size by then.
func (t Target) Unrequired() Target {
	t.Options = maps.Clone(t.Options)
	maps.DeleteFunc(t.Options, func(name, _ string) bool { return strings.HasPrefix(name, "require_") })
	return t
}

// A Session is how a connection is set up after login.
type Session struct {
	Params map[string]string `json:"params,omitempty"` // session parameters by name
	Init   []string          `json:"init,omitempty"`   // statements run once per connection
}

// A Fleet says where workers run.
type Fleet struct {
	Kind    string `json:"kind"` // local: in the server's process; process: one process each
	Workers int    `json:"workers"`
}

// A Group is a set of connections that share a load model and pick from the same workloads.
type Group struct {
	Load      Load   `json:"load"`
	Workloads []int  `json:"workloads"` // indexes in Plan.Workloads
	Pick      string `json:"pick"`      // random, or deck: every workload Weight times per shuffled round
	First     int    `json:"first"`     // global number of its first connection
}

// A Load is a load model. "closed": each connection issues an operation, waits for its end, thinks, and goes on.
type Load struct {
	Model       string      `json:"model"`
	Connections int         `json:"connections"`
	Ramp        Duration    `json:"ramp,omitempty"`   // over which connections start, evenly, from t0
	Stages      []LoadStage `json:"stages,omitempty"` // instead of a constant number of connections
	Think       *Dist       `json:"think,omitempty"`  // between the end of an operation and the start of the next
	Pacing      Duration    `json:"pacing,omitempty"` // between the starts of two operations of a connection
}

// Peak is the largest number of connections that are ever active at once.
func (l Load) Peak() int {
	n := l.Connections
	for _, s := range l.Stages {
		n = max(n, s.Connections)
	}
	return n
}

// A LoadStage moves the number of active connections in a straight line to Connections over Duration. The first stage
// starts from Load.Connections at t0.
type LoadStage struct {
	Connections int      `json:"connections"`
	Duration    Duration `json:"duration"`
}

// A Dist is a distribution of durations.
type Dist struct {
	Kind   string   `json:"dist"`             // constant, uniform, exponential, lognormal
	Mean   Duration `json:"mean,omitempty"`   // constant, exponential
	Median Duration `json:"median,omitempty"` // lognormal
	Sigma  float64  `json:"sigma,omitempty"`  // lognormal: standard deviation of the logarithm
	Min    Duration `json:"min,omitempty"`    // uniform; a lower bound elsewhere
	Max    Duration `json:"max,omitempty"`    // uniform; an upper bound elsewhere, zero is none
}

// A Param is a named source of values. A value is a function of (seed, global connection, operation, name) alone.
type Param struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"` // uniform, sequence, choice, zipf, nurand, latest, pool
	From     int64     `json:"from,omitempty"`
	To       int64     `json:"to,omitempty"`
	Skew     float64   `json:"skew,omitempty"`     // zipf, latest: the exponent theta, above 0
	A        int64     `json:"a,omitempty"`        // nurand: the constant A of TPC-C clause 2.1.6
	Values   []Value   `json:"values,omitempty"`   // choice
	Weights  []float64 `json:"weights,omitempty"`  // choice; none is equal weights
	Query    string    `json:"query,omitempty"`    // pool: its rows are the values, drawn uniformly
	Disjoint bool      `json:"disjoint,omitempty"` // pool: no two connections draw the same row
}

// A Workload is a kind of operation.
type Workload struct {
	Name        string      `json:"name"`
	Weight      int         `json:"weight"`
	Transaction bool        `json:"transaction,omitempty"` // BEGIN before the statements, COMMIT after them
	Isolation   string      `json:"isolation,omitempty"`   // of the transaction, as the target names it
	Statements  []Statement `json:"statements"`
	Timeout     Duration    `json:"timeout,omitempty"` // of each statement
	Retry       Retry       `json:"retry"`
}

// A Statement is one SQL statement, cut at its parameters, so that each target writes its own placeholders.
type Statement struct {
	Name   string   `json:"name,omitempty"` // later statements refer to its first row by it
	Parts  []string `json:"parts"`          // len(Binds)+1 pieces of the text
	Binds  []Bind   `json:"binds,omitempty"`
	Fetch  string   `json:"fetch"`            // all, first_row, none
	Expect *Expect  `json:"expect,omitempty"` // else an error of class expectation
	Keep   bool     `json:"keep,omitempty"`   // a later statement uses a column of its first row
}

// Text joins the pieces with what placeholder writes for bind i.
func (s *Statement) Text(placeholder func(i int) string) string {
	b := []byte(s.Parts[0])
	for i, part := range s.Parts[1:] {
		b = append(b, placeholder(i)...)
		b = append(b, part...)
	}
	return string(b)
}

// A Bind says where the value of a placeholder comes from: a parameter, or a column of an earlier statement's first row.
type Bind struct {
	Param     int    `json:"param"`            // index in Plan.Params, or -1
	Statement int    `json:"statement"`        // index in Workload.Statements, or -1
	Column    string `json:"column,omitempty"` // of the pool or the row; empty is the only one
}

// Expect is what a statement must return. Nil bounds are open.
type Expect struct {
	MinRows *int64 `json:"min_rows,omitempty"`
	MaxRows *int64 `json:"max_rows,omitempty"`
}

// A Retry says which failed operations are tried again, from their first statement.
type Retry struct {
	Attempts int          `json:"attempts,omitempty"` // in all; 0 and 1 are no retries
	On       []ErrorClass `json:"on,omitempty"`
	Backoff  Duration     `json:"backoff,omitempty"` // before the second attempt, doubled after each, with full jitter
}

// An SLO is a bound on a metric of the result.
type SLO struct {
	Name     string   `json:"name"`
	Workload string   `json:"workload,omitempty"` // "" is all in one, "*" is each by itself
	Metric   string   `json:"metric"`             // response.p95, service.mean, server.mean, throughput.ok, errors.rate, cost, …
	Max      *float64 `json:"max,omitempty"`      // latencies in microseconds, cost in credits per 1,000 operations
	Min      *float64 `json:"min,omitempty"`
	MinN     int64    `json:"min_n,omitempty"` // fewer operations leave it undetermined
}

// A Guard ends a run that does harm. Zero values guard nothing.
type Guard struct {
	MaxErrorRate float64  `json:"max_error_rate,omitempty"` // share of finished operations, over the last 10 s
	MaxDuration  Duration `json:"max_duration,omitempty"`   // from the creation of the run
	MaxCredits   float64  `json:"max_credits,omitempty"`    // estimated, from resume to now (see Cost.Billed)
}

// A Duration is a time.Duration that is text like "1m30s" in JSON.
type Duration time.Duration

// D is the duration as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes it as "1m30s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "1m30s".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as \"90s\"", b)
	}
	*d = Duration(v)
	return nil
}

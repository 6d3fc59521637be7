package diagnostics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"bench/runtime/bench"
)

// A Case is what a run is examined by. Each of its sources may be missing.
type Case struct {
	Run *bench.Run // with its plan; nil where none is needed (see Check.Preflight)
	At  time.Time  // the time of the examination, and for a run that has ended, of its end

	// Server gives the live state of the run, and what was seen on the way to it. Nil where there is none by nature:
	// of a replica, of a run that has ended.
	Server func(ctx context.Context) (Tables, error)
	Store  *Database // journal or replica
	Target *Database // the database under test

	once   sync.Once
	tables Tables
	failed error

	mu      sync.Mutex
	answers map[string]answer // what the databases said, by statement
}

// A Database answers statements that only read.
type Database struct {
	Name    string // as a person knows it
	Dialect string // sqlite, postgres, snowflake
	// Query gives at most limit rows. An error may have a method SQLState.
	Query func(ctx context.Context, sql string, limit int) (columns []string, rows [][]any, err error)
}

// Ended is the time of the examination of a run: now, or its end, so that a post-mortem says at any time what it would have
// said then.
func Ended(run *bench.Run, now time.Time) time.Time {
	if run != nil && run.Status.Terminal() && run.EndTime != nil && run.EndTime.Before(now) {
		return *run.EndTime
	}
	return now
}

// An answer is what a source gave to one question.
type answer struct {
	Rows      []Row  `json:"rows"`
	Truncated bool   `json:"truncated,omitempty"`
	Why       Why    `json:"why,omitempty"`
	Detail    string `json:"detail,omitempty"`
}

// mostRows is how many rows of a question are looked at.
const mostRows = 1000

// serverPatience is how long the live state may take. It comes from memory.
const serverPatience = time.Second

// live is the live state, asked for once.
func (k *Case) live(ctx context.Context) (Tables, error) {
	k.once.Do(func() {
		if k.Server == nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, serverPatience)
		defer cancel()
		k.tables, k.failed = k.Server(ctx)
	})
	return k.tables, k.failed
}

// ask gets the rows of a check.
func (k *Case) ask(ctx context.Context, c *Check) answer {
	if c.Source == SourceServer {
		tables, err := k.live(ctx)
		if err != nil && len(tables[c.Table]) == 0 {
			return refused(ctx, err)
		}
		return answer{Rows: tables[c.Table]}
	}
	db := k.database(c)
	if db == nil {
		return answer{Why: WhySQLError, Detail: "there is no " + map[string]string{SourceRun: "journal or replica", SourceTarget: "database under test"}[c.Source] + " to ask"}
	}
	sql, err := c.SQL(db.Dialect, k.id(), k.At)
	if err != nil {
		return answer{Why: WhyEvalError, Detail: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	a := query(ctx, db, sql)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.answers == nil {
		k.answers = map[string]answer{}
	}
	k.answers[sql] = a
	return a
}

// statement is the SQL of a check as ask sends it; "" where it sends none.
func (k *Case) statement(c *Check) string {
	db := k.database(c)
	if c.Source == SourceServer || db == nil {
		return ""
	}
	sql, err := c.SQL(db.Dialect, k.id(), k.At)
	if err != nil {
		return "" // the finding says why
	}
	return sql
}

func (k *Case) id() string {
	if k.Run == nil {
		return ""
	}
	return k.Run.ID
}

func (k *Case) database(c *Check) *Database {
	if c.Source == SourceTarget {
		return k.Target
	}
	return k.Store
}

func query(ctx context.Context, db *Database, sql string) answer {
	columns, found, err := db.Query(ctx, sql, mostRows+1)
	if err != nil {
		return refused(ctx, err)
	}
	a := answer{Rows: []Row{}}
	if a.Truncated = len(found) > mostRows; a.Truncated {
		found = found[:mostRows]
	}
	for _, values := range found {
		row := Row{}
		for i, v := range values {
			row[strings.ToLower(columns[i])] = normal(v)
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// A refusal is an error that says why a check is undetermined.
type refusal struct {
	why    Why
	detail string
}

func (r *refusal) Error() string { return r.detail }

// refused says why there are no rows.
func refused(ctx context.Context, err error) answer {
	if r, ok := errors.AsType[*refusal](err); ok {
		return answer{Why: r.why, Detail: r.detail}
	}
	a := answer{Why: WhySQLError, Detail: err.Error()}
	var state interface{ SQLState() string }
	op, refusedByTarget := errors.AsType[*bench.OpError](err)
	switch {
	case errors.As(err, &state) && state.SQLState() == "42501", refusedByTarget && op.Code == "42501", strings.Contains(strings.ToLower(a.Detail), "insufficient privilege"):
		a.Why = WhyNoPrivilege
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		a.Why, a.Detail = WhyTimeout, "there was no answer in time"
	}
	return a
}

// runNames are the attributes of run in expressions.
var runNames = []string{"age_s", "duration_s", "ended", "fleet", "phase", "served", "since_t0_s", "slos", "status", "target", "warmup_s", "workers"}

// facts are what a check may know of the run. since_t0_s is below 0 before the start; served says that a server may be
// asked for the live state.
func (k *Case) facts() cty.Value {
	r, plan := k.Run, bench.Plan{}
	if r == nil {
		r = &bench.Run{CreatedAt: k.At}
	}
	if r.Plan != nil {
		plan = *r.Plan
	}
	since := -1.0
	if r.StartTime != nil {
		since = k.At.Sub(*r.StartTime).Seconds()
	}
	return Row{
		"status": string(r.Status), "phase": string(r.Phase), "ended": r.Status.Terminal(), "served": k.Server != nil,
		"target": plan.Target.Kind, "fleet": plan.Fleet.Kind, "workers": int64(cmp.Or(r.WorkersExpected, plan.Fleet.Workers)),
		"warmup_s": r.WarmupSeconds, "duration_s": r.DurationSeconds,
		"slos": int64(len(plan.SLOs)), "age_s": k.At.Sub(r.CreatedAt).Seconds(), "since_t0_s": since,
	}.value()
}

func (k *Case) String() string {
	if k.Run == nil {
		return "no run"
	}
	return fmt.Sprintf("run %s %s", k.Run.ID, k.Run.Name)
}

package postgres

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
)

//go:embed waits.sql
var waitsSQL string

//go:embed counting.sql
var countingSQL string

//go:embed counted.sql
var countedSQL string

// A Witness tells a server's own side of a run: what pg_stat_statements counted for the plan's statements, and what the run's
// sessions wait for. It has a session of its own, which it opens again when it is lost.
//
// A statement is found among the counters by its query id, which the server itself says: it is prepared as workers prepare
// it, and explained. So it does not matter how it is written, who ran it first, or what its constants are. Explaining runs
// nothing.
type Witness struct {
	target *Target
	plan   *bench.Plan
	tag    string          // application_name of the run's sessions
	conn   *Conn           // nil when it is lost
	found  []bench.Counter // the plan's statements with their keys, once they were looked up
}

// OpenWitness signs in beside a run whose sessions have a tag.
func OpenWitness(ctx context.Context, plan *bench.Plan, lookup func(bench.Secret) (string, error), tag string) (*Witness, error) {
	t, err := Open(ctx, plan.Target, lookup, 1, "bench witness")
	if err != nil {
		return nil, err
	}
	w := &Witness{target: t, plan: plan, tag: tag}
	_, err = w.session(ctx)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Every is the time between two samples. They cost the server a look at a list in memory.
func (w *Witness) Every() time.Duration { return time.Second }

// Close ends the session.
func (w *Witness) Close() error {
	if w.conn == nil {
		return nil
	}
	return w.conn.Close()
}

// Recall gives nothing: the server keeps no history of single statements.
func (w *Witness) Recall(context.Context, time.Time, time.Time, func(*bench.Recalled)) (*bench.Recollection, error) {
	return nil, nil
}

func (w *Witness) session(ctx context.Context) (*Conn, error) {
	if w.conn != nil && !w.conn.pg.IsClosed() {
		return w.conn, nil
	}
	conn, err := w.target.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	w.conn = conn
	return conn, nil
}

// Sample is what the sessions of the run are at.
func (w *Witness) Sample(ctx context.Context) (*bench.TargetSample, error) {
	c, err := w.session(ctx)
	if err != nil {
		return nil, err
	}
	_, rows, err := c.query(ctx, waitsSQL, 10_000, []byte(w.tag))
	if err != nil {
		return nil, fmt.Errorf("look at the sessions: %w", err)
	}
	s := new(bench.TargetSample)
	for _, r := range rows {
		s.Waits = append(s.Waits, bench.Wait{State: r[0].Text, Type: r[1].Text, Event: r[2].Text, Sessions: r[3].Int})
	}
	return s, nil
}

// source is where the counters are.
const source = "pg_stat_statements"

// Counters reads what the server has counted for the plan's statements.
func (w *Witness) Counters(ctx context.Context) (*bench.Counters, error) {
	c, err := w.session(ctx)
	if err != nil {
		return nil, err
	}
	_, rows, err := c.query(ctx, countingSQL, 1)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", source, err)
	}
	about := rows[0]
	counters := &bench.Counters{Source: source, Missing: missing(about)}
	if counters.Missing != "" {
		return counters, nil
	}
	if w.found == nil {
		if w.found, err = w.identify(ctx, c); err != nil {
			return nil, fmt.Errorf("look up the query ids of the plan's statements: %w", err)
		}
	}
	schema := about[2].Text + "."
	_, rows, err = c.query(ctx, "SELECT COALESCE(stats_reset::text, '') FROM "+schema+"pg_stat_statements_info", 1)
	if err == nil {
		counters.Epoch = rows[0][0].Text
		_, rows, err = c.query(ctx, strings.Replace(countedSQL, "FROM pg_", "FROM "+schema+"pg_", 1), 100_000, []byte(w.keys()))
	}
	if e, ok := err.(*bench.OpError); ok && e.Code == "55000" {
		counters.Missing = source + " is not loaded, so the server does not count statements: shared_preload_libraries must name it, and the server be restarted"
		return counters, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", source, err)
	}
	counters.List = w.counted(rows)
	counters.Notes = notes(about)
	return counters, nil
}

// missing says why the server counts nothing that we could read, and what to do about it; "" when it does.
func missing(about []bench.Value) string {
	version, database, schema, compute, track := about[0].Int, about[1].Text, about[2].Text, about[3].Text, about[4].Text
	switch {
	case version < 140_000:
		return "PostgreSQL before version 14 does not say which counter belongs to a statement"
	case schema == "":
		return fmt.Sprintf("%s is not installed in database %s, so the server does not count statements: "+
			"CREATE EXTENSION %[1]s there, and name it in shared_preload_libraries", source, database)
	case compute == "off":
		return "compute_query_id is off, so the server does not count statements: set it to auto"
	case track == "none":
		return source + ".track is none, so the server does not count statements: set it to top"
	}
	return ""
}

// notes are what to know about the counters.
func notes(about []bench.Value) []string {
	uncounted := "parsing and commit"
	if about[5].Text != "on" {
		uncounted = "parsing, planning (pg_stat_statements.track_planning is off) and commit"
	}
	return []string{
		"client+network holds also what " + source + " does not count: " + uncounted,
		"execute holds also waiting for locks and for storage: see what sessions were at",
	}
}

// identify asks the server for the query id of each statement of the plan.
func (w *Witness) identify(ctx context.Context, c *Conn) ([]bench.Counter, error) {
	found := []bench.Counter{}
	for i := range w.plan.Workloads {
		for j := range w.plan.Workloads[i].Statements {
			f := bench.Counter{Workload: i, Statement: j}
			var err error
			if f.Key, err = c.queryID(ctx, &w.plan.Workloads[i].Statements[j]); err != nil {
				e, ok := err.(*bench.OpError)
				if !ok || e.Lost {
					return nil, err
				}
				f.Why = "the server does not say the query id of a statement: " + e.Message
			} else if f.Key == "" {
				f.Why = "the server does not plan a statement, and so counts it apart"
			}
			found = append(found, f)
		}
	}
	return found, nil
}

// queryID is the server's id of a statement; "" when it has none.
func (c *Conn) queryID(ctx context.Context, s *bench.Statement) (string, error) {
	name := len(c.statements)
	if err := c.Prepare(ctx, []*bench.Statement{s}); err != nil {
		return "", err
	}
	explain := "EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE s" + strconv.Itoa(name)
	if n := len(s.Binds); n > 0 {
		explain += "(NULL" + strings.Repeat(", NULL", n-1) + ")"
	}
	_, rows, err := c.query(ctx, explain, 1)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", nil
	}
	var plans []struct {
		ID json.Number `json:"Query Identifier"`
	}
	if json.Unmarshal([]byte(rows[0][0].Text), &plans) != nil || len(plans) == 0 { // of a utility it is a sentence
		return "", nil
	}
	return plans[0].ID.String(), nil
}

// keys are the query ids as an array of the server.
func (w *Witness) keys() string {
	var keys []string
	for _, f := range w.found {
		if f.Key != "" {
			keys = append(keys, f.Key)
		}
	}
	return "{" + strings.Join(keys, ",") + "}"
}

// counted gives each statement of the plan its row; one that never ran has none.
func (w *Witness) counted(rows [][]bench.Value) []bench.Counter {
	byKey := map[string]bench.ServerSums{}
	for _, r := range rows {
		byKey[strconv.FormatInt(r[0].Int, 10)] = bench.ServerSums{
			Calls: r[1].Int, ExecuteUS: 1000 * r[2].Float, CompileUS: 1000 * r[3].Float, Rows: r[4].Int, BlocksHit: r[5].Int, BlocksRead: r[6].Int,
		}
	}
	list := make([]bench.Counter, len(w.found))
	for i, f := range w.found {
		f.ServerSums = byKey[f.Key]
		list[i] = f
	}
	return list
}

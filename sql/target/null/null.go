// Package null is a target without a database: every statement succeeds at once, unless an option says otherwise. Tests
// of everything above a target run on it, and it shows what the load generator itself costs. A call allocates nothing.
//
// It is deterministic, and it waits on timers alone, so that it works inside a testing/synctest bubble, where time costs
// nothing. Its options:
//
//	latency      how long each Exec takes, "2ms"; nothing by default
//	rows         how many rows each Exec and each Query returns; 1 by default
//	error_rate   share of the Execs of each connection that fail, evenly spread, from "0" to "1"
//	error_class  what they fail with: timeout, serialization, connection, constraint, expectation, other (the default)
//	stall_at     when all connections stall, from the first Exec on any of them
//	stall_for    how long they do
//	hang         "true": Exec blocks until its context ends
//	refuse       "true": there is no target to open
package null

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A Target is what all connections share: the options, and when the first Exec was.
type Target struct {
	latency   time.Duration
	rows      int64
	errorRate float64
	class     bench.ErrorClass
	stallAt   time.Duration
	stallFor  time.Duration
	hang      bool

	started sync.Once
	start   time.Time
}

// Open reads the options. Where the other targets sign in, this one fails if it was told to refuse.
func Open(_ context.Context, t bench.Target, _ func(bench.Secret) (string, error), _ int, _ string) (*Target, error) {
	if err := target.Known(t, "latency", "rows", "error_rate", "error_class", "stall_at", "stall_for", "hang", "refuse"); err != nil {
		return nil, err
	}
	n := &Target{rows: 1, class: bench.ErrorOther}
	var refuse bool
	err := errors.Join(
		option(t, "latency", &n.latency, time.ParseDuration),
		option(t, "rows", &n.rows, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }),
		option(t, "error_rate", &n.errorRate, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }),
		option(t, "error_class", &n.class, func(s string) (c bench.ErrorClass, err error) { return c, c.UnmarshalText([]byte(s)) }),
		option(t, "stall_at", &n.stallAt, time.ParseDuration),
		option(t, "stall_for", &n.stallFor, time.ParseDuration),
		option(t, "hang", &n.hang, strconv.ParseBool),
		option(t, "refuse", &refuse, strconv.ParseBool),
	)
	if err != nil {
		return nil, err
	}
	if refuse {
		return nil, &bench.OpError{Class: bench.ErrorConnection, Message: "target \"null\" refuses connections", Lost: true}
	}
	return n, nil
}

func option[T any](t bench.Target, name string, v *T, parse func(string) (T, error)) error {
	text, ok := t.Options[name]
	if !ok {
		return nil
	}
	parsed, err := parse(text)
	if err != nil {
		return fmt.Errorf("target \"null\": %s = %q: %w", name, text, err)
	}
	*v = parsed
	return nil
}

// Open makes a connection.
func (n *Target) Open(ctx context.Context, number int, stage func(bench.Stage)) (load.Conn, error) {
	if stage != nil {
		stage(bench.StageLogin)
		stage(bench.StageSession)
	}
	if ctx.Err() != nil {
		return nil, target.Ended(ctx, "")
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &Conn{target: n, timer: timer}, nil
}

// Query returns the rows that Exec would, numbered from 1 in a column "value".
func (n *Target) Query(ctx context.Context, _ string, limit int) ([]string, [][]bench.Value, error) {
	if ctx.Err() != nil {
		return nil, nil, target.Ended(ctx, "")
	}
	if n.rows > int64(limit) {
		return nil, nil, target.TooMany(limit)
	}
	rows := make([][]bench.Value, n.rows)
	for i := range rows {
		rows[i] = []bench.Value{bench.IntValue(int64(i) + 1)}
	}
	return []string{"value"}, rows, nil
}

// Script does nothing.
func (n *Target) Script(ctx context.Context, _ string) error {
	if ctx.Err() != nil {
		return target.Ended(ctx, "")
	}
	return nil
}

// Facts says that there is no database.
func (n *Target) Facts(context.Context) ([]bench.Fact, error) {
	return []bench.Fact{{Source: "target", Name: "version", Value: "null"}, {Source: "target", Name: "latency", Value: n.latency.String()}}, nil
}

// Close does nothing.
func (n *Target) Close() error { return nil }

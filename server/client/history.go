package client

import (
	"context"
	"encoding/json"
	"math"
	"net/url"
	"strconv"

	"bench/runtime/bench"
	"bench/server/api"
)

// These methods are the engine's History, read from the server. An id may also be a unique prefix, or @last.

// Runs are the newest runs, without their plans, with ids below before unless that is empty.
func (c *Client) Runs(ctx context.Context, limit int, before string) ([]bench.Run, error) {
	var runs []bench.Run
	for limit > 0 {
		page, err := read[api.RunList](ctx, c, "/api/runs", url.Values{"limit": {strconv.Itoa(min(limit, 200))}, "before": {before}})
		if err != nil {
			return nil, err
		}
		runs = append(runs, page.Runs...)
		limit -= len(page.Runs)
		if before = page.Next; before == "" {
			break
		}
	}
	return runs, nil
}

// Run is a run with its plan.
func (c *Client) Run(ctx context.Context, id string) (*bench.Run, error) {
	return read[*bench.Run](ctx, c, about(id), nil)
}

// Events are the events of a run with a sequence above after.
func (c *Client) Events(ctx context.Context, id string, after int64) ([]bench.Event, error) {
	return read[[]bench.Event](ctx, c, about(id)+"/events", url.Values{"after": {number(after)}})
}

// Seconds are those from from to before to, with their histograms.
func (c *Client) Seconds(ctx context.Context, id string, from, to int64) ([]bench.Second, error) {
	const page = 3600 // what the server gives at once
	from, to = max(from, 0), max(to, 0)
	var seconds []bench.Second
	for from < to {
		end := to
		if to-from > page {
			end = from + page
		}
		some, err := read[[]bench.Second](ctx, c, about(id)+"/series", url.Values{
			"from": {number(from)}, "to": {number(end)}, "histograms": {"true"},
		})
		if err != nil {
			return nil, err
		}
		seconds = append(seconds, some...)
		// A run has no hole of an hour: an empty page is the end, unless the caller knows better.
		if len(some) == 0 && to == math.MaxInt64 {
			break
		}
		from = end
	}
	return seconds, nil
}

// Workers are those of a run.
func (c *Client) Workers(ctx context.Context, id string) ([]bench.Worker, error) {
	return read[[]bench.Worker](ctx, c, about(id)+"/workers", nil)
}

// Logs are what server and workers said about a run.
func (c *Client) Logs(ctx context.Context, id string) ([]bench.LogLine, error) {
	return read[[]bench.LogLine](ctx, c, about(id)+"/logs", nil)
}

// Facts are about where a run ran.
func (c *Client) Facts(ctx context.Context, id string) ([]bench.Fact, error) {
	return read[[]bench.Fact](ctx, c, about(id)+"/environment", nil)
}

// Executions are single operations of a run, at most limit and at most 10000 of them.
func (c *Client) Executions(ctx context.Context, id string, limit int) ([]bench.Execution, error) {
	return read[[]bench.Execution](ctx, c, about(id)+"/executions", url.Values{"limit": {strconv.Itoa(min(limit, 10000))}})
}

// Result is that of a run, or an error of code bench.CodeResultNotReady.
func (c *Client) Result(ctx context.Context, id string) (*bench.Result, error) {
	return read[*bench.Result](ctx, c, about(id)+"/results", nil)
}

// Live is how a run stands inside the server, as rows by table.
func (c *Client) Live(ctx context.Context, id string) (json.RawMessage, error) {
	return read[json.RawMessage](ctx, c, about(id)+"/live", nil)
}

// Doctor is what the server's doctor finds.
func (c *Client) Doctor(ctx context.Context, id string) (json.RawMessage, error) {
	return read[json.RawMessage](ctx, c, about(id)+"/doctor", nil)
}

// Samples are what the target of a run was at.
func (c *Client) Samples(ctx context.Context, id string) ([]bench.TargetSample, error) {
	return read[[]bench.TargetSample](ctx, c, about(id)+"/samples", nil)
}

// Enrichment is what the target of a run says, or an error of code bench.CodeEnrichmentNotReady.
func (c *Client) Enrichment(ctx context.Context, id string) (*bench.Enrichment, error) {
	return read[*bench.Enrichment](ctx, c, about(id)+"/enrichment", nil)
}

func about(id string) string { return "/api/runs/" + url.PathEscape(id) }

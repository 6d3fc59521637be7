package client

import (
	"context"
	"net/url"

	"bench/runtime/bench"
)

// A Plane is the server as a worker sees it: its token is the worker's, and it may do nothing but this.
type Plane struct{ client *Client }

// NewPlane makes the plane of a server, for a worker's token. file is the server.json of its journal, which names the
// server that takes its place; "" when there will be none.
func NewPlane(url, token, file string) *Plane {
	c := New(url, token).Beside(file)
	c.own = true
	return &Plane{c}
}

// Close lets go of idle connections.
func (p *Plane) Close() { p.client.Close() }

// Register is the first call of a worker.
func (p *Plane) Register(ctx context.Context, r bench.Registration) (*bench.Assignment, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return send[*bench.Assignment](ctx, p.client, about(r.Run)+"/workers", nil, r)
}

// Heartbeat says that the worker lives.
func (p *Plane) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	return send[*bench.HeartbeatAck](ctx, p.client, aboutWorker(h.Run, h.Worker)+"/heartbeat", nil, h)
}

// Report sends what the worker did.
func (p *Plane) Report(ctx context.Context, r bench.Report) (*bench.ReportAck, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return send[*bench.ReportAck](ctx, p.client, about(r.Run)+"/metrics/live", nil, r)
}

// Events waits for events with a sequence above after, and returns none after a while.
func (p *Plane) Events(ctx context.Context, run, worker string, generation, after int64) ([]bench.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	return fetch[[]bench.Event](ctx, p.client, aboutWorker(run, worker)+"/control", url.Values{
		"generation": {number(generation)}, "after": {number(after)},
	})
}

func aboutWorker(run, worker string) string { return about(run) + "/workers/" + url.PathEscape(worker) }

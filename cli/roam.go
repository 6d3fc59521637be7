package cli

import (
	"context"
	"errors"
	"sync"

	"bench/runtime/bench"
	"bench/server/client"
)

// A roaming is the way of a worker process to the server of its journal, whichever that is: when the one that it knows
// cannot be reached, it looks whether another has left its address.
type roaming struct {
	token, file string

	mu    sync.Mutex
	url   string
	plane *client.Plane
}

func roam(url, token, file string) *roaming {
	return &roaming{token: token, file: file, url: url, plane: client.NewPlane(url, token)}
}

func (r *roaming) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plane.Close()
}

// askPlane calls the plane that is known, and looks for another when it is not there.
func askPlane[T any](r *roaming, call func(*client.Plane) (T, error)) (T, error) {
	r.mu.Lock()
	plane := r.plane
	r.mu.Unlock()
	answer, err := call(plane)
	if errors.Is(err, &bench.Error{Code: bench.CodeUnreachable}) {
		r.look()
	}
	return answer, err
}

// look takes the address of the server that owns the journal now. A call under way on the old one ends by itself.
func (r *roaming) look() {
	f, err := client.ReadServerFile(r.file)
	if err != nil || f == nil {
		return // none yet
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.URL != r.url {
		r.url, r.plane = f.URL, client.NewPlane(f.URL, r.token)
	}
}

// Register implements worker.Control.
func (r *roaming) Register(ctx context.Context, g bench.Registration) (*bench.Assignment, error) {
	return askPlane(r, func(p *client.Plane) (*bench.Assignment, error) { return p.Register(ctx, g) })
}

// Heartbeat implements worker.Control.
func (r *roaming) Heartbeat(ctx context.Context, h bench.Heartbeat) (*bench.HeartbeatAck, error) {
	return askPlane(r, func(p *client.Plane) (*bench.HeartbeatAck, error) { return p.Heartbeat(ctx, h) })
}

// Report implements worker.Control.
func (r *roaming) Report(ctx context.Context, report bench.Report) (*bench.ReportAck, error) {
	return askPlane(r, func(p *client.Plane) (*bench.ReportAck, error) { return p.Report(ctx, report) })
}

// Events implements worker.Control.
func (r *roaming) Events(ctx context.Context, run, worker string, generation, after int64) ([]bench.Event, error) {
	return askPlane(r, func(p *client.Plane) ([]bench.Event, error) { return p.Events(ctx, run, worker, generation, after) })
}

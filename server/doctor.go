package server

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
)

// refusals are, by the status of the answer, why a report is refused before the engine sees it. What the engine refuses
// it counts itself.
var refusals = map[int]string{
	http.StatusUnauthorized:          "401 unauthorized",
	http.StatusForbidden:             "403 forbidden",
	http.StatusRequestEntityTooLarge: "413 too large",
	http.StatusUnsupportedMediaType:  "415 media type",
	http.StatusMisdirectedRequest:    "421 misdirected",
}

// unreported counts a report that was refused before the engine saw it, if its run goes on.
func (s *Server) unreported(r *http.Request, status int) {
	reason, counts := refusals[status]
	run, is := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/api/runs/"), "/metrics/live")
	if !counts || !is {
		return
	}
	if !s.going(run) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused[run] == nil {
		maps.DeleteFunc(s.refused, func(other string, _ *engine.Refusals) bool { return !s.going(other) })
		s.refused[run] = &engine.Refusals{}
	}
	s.refused[run].Add(reason)
}

// going reports whether the engine drives a run.
func (s *Server) going(run string) bool {
	live, known := s.config.Engine.Live(run)
	return known && !live.Status.Terminal()
}

// live is how a run stands inside the server.
func (s *Server) live(ctx context.Context, id string) (*bench.Live, error) {
	l, err := s.config.Engine.Look(ctx, id)
	if err != nil {
		return nil, err
	}
	l.Viewers = []bench.LiveViewer{s.config.Hub.Audience(id)}
	if s.config.Replica != nil {
		l.Replica = []bench.LiveStore{liveReplica(s.config.Replica())}
	}
	s.mu.Lock()
	refused := s.refused[id]
	s.mu.Unlock()
	if refused != nil && len(l.Plane) > 0 {
		refused.Into(&l.Plane[0], time.Now())
	}
	return l, nil
}

// liveReplica is a replica as a row.
func liveReplica(r *api.Replica) bench.LiveStore {
	lag := float64(r.LagMS) / 1e3
	x := bench.LiveStore{Name: "replica", OK: r.State != api.ReplicaAway, Waiting: r.BacklogRows, WaitingS: lag, Error: r.Error}
	if !x.OK {
		x.FailingS = lag
	}
	return x
}

func (s *Server) showLive(ctx context.Context, in *RunPath) (*answer[bench.Live], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	l, err := s.live(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	return &answer[bench.Live]{*l}, nil
}

// Case is what a run is examined by on this server.
func (s *Server) Case(ctx context.Context, id string) (*diagnostics.Case, error) {
	run, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	k := &diagnostics.Case{Run: run, At: diagnostics.Ended(run, time.Now()), Store: s.config.Store}
	if run.Status.Terminal() {
		return k, nil
	}
	k.Server = func(ctx context.Context) (diagnostics.Tables, error) {
		return diagnostics.LiveTables(func() (json.RawMessage, error) {
			l, err := s.live(ctx, run.ID)
			if err != nil {
				return nil, err
			}
			return json.Marshal(l)
		}, diagnostics.Reach{State: diagnostics.Reached, Server: "this server"})
	}
	return k, nil
}

func (s *Server) showDoctor(ctx context.Context, in *RunPath) (*answer[diagnostics.Report], error) {
	k, err := s.Case(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	report, err := s.config.Checks.Examine(ctx, k, diagnostics.Options{})
	if err != nil {
		return nil, err
	}
	return &answer[diagnostics.Report]{*report}, nil
}

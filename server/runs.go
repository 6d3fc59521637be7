package server

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
)

// pageSeconds is how many seconds one answer of the series holds at most.
const pageSeconds = 3600

// RunPath is the path of everything about one run: its id, a prefix that only it has, or @last. It is exported because
// huma passes over embedded structs that are not.
type RunPath struct {
	ID string `path:"run_id" maxLength:"64" doc:"The id of a run, a unique prefix of it, or @last: the active run, else the latest"`
}

// answer is a body without anything else.
type answer[T any] struct{ Body T }

// list makes an answer of a list that is never null.
func list[T any](items []T, err error) (*answer[[]T], error) {
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []T{}
	}
	return &answer[[]T]{items}, nil
}

type createInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"Made by the client before its first try; trying again with it starts no second run"`
	Body api.Submission
}

type createOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     bench.Run
}

func (s *Server) createRun(ctx context.Context, in *createInput) (*createOutput, error) {
	if s.stopping.Err() != nil {
		return nil, errStopping
	}
	run, err := s.config.Engine.Create(ctx, in.Key, &in.Body.Plan, in.Body.Secrets)
	if err != nil {
		return nil, err
	}
	return &createOutput{Status: 201, Location: "/api/runs/" + url.PathEscape(run.ID), Body: brief(run)}, nil
}

// brief is a run without its plan.
func brief(run *bench.Run) bench.Run {
	r := *run
	r.Plan = nil
	return r
}

func (s *Server) listRuns(ctx context.Context, in *struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before string `query:"before" maxLength:"64" doc:"Runs with ids below this one; next of the page before"`
}) (*answer[api.RunList], error) {
	stored, err := s.config.History.Runs(ctx, in.Limit+1, in.Before)
	if err != nil {
		return nil, err
	}
	page := api.RunList{Runs: make([]bench.Run, 0, len(stored))}
	if len(stored) > in.Limit {
		stored = stored[:in.Limit]
		page.Next = stored[in.Limit-1].ID
	}
	for i := range stored {
		page.Runs = append(page.Runs, brief(s.current(&stored[i])))
	}
	return &answer[api.RunList]{page}, nil
}

// current is a stored run as it stands at this moment.
func (s *Server) current(stored *bench.Run) *bench.Run {
	run, ok := s.config.Engine.Live(stored.ID)
	if !ok {
		return stored
	}
	if run.Plan == nil && stored.Plan != nil {
		with := *run
		with.Plan = stored.Plan
		return &with
	}
	return run
}

// find is the run that a path means, as it stands.
func (s *Server) find(ctx context.Context, name string) (*bench.Run, error) {
	if name == "@last" {
		id, err := s.last(ctx)
		if err != nil {
			return nil, err
		}
		name = id
	}
	stored, err := s.config.History.Run(ctx, name)
	if errors.Is(err, engine.ErrNoRun) {
		id, unique := s.prefixed(ctx, strings.ToUpper(name)) // ids are in upper case
		if unique != nil {
			return nil, unique
		}
		stored, err = s.config.History.Run(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	return s.current(stored), nil
}

// last is the newest run that goes on, else the newest.
func (s *Server) last(ctx context.Context) (string, error) {
	stored, err := s.config.History.Runs(ctx, 200, "")
	if err != nil {
		return "", err
	}
	if len(stored) == 0 {
		return "", &bench.Error{Code: bench.CodeRunNotFound, Message: "there is no run yet; start one with bench apply"}
	}
	for i := range stored {
		if run := s.current(&stored[i]); !run.Status.Terminal() {
			return run.ID, nil
		}
	}
	return stored[0].ID, nil
}

// prefixed is the one run whose id begins with a prefix. Ids are in order, so those that do are the newest of those below
// what comes after all of them.
func (s *Server) prefixed(ctx context.Context, prefix string) (string, error) {
	stored, err := s.config.History.Runs(ctx, 2, prefix+"~")
	switch {
	case err != nil:
		return "", err
	case len(stored) == 0 || prefix == "" || !strings.HasPrefix(stored[0].ID, prefix):
		return "", engine.ErrNoRun
	case len(stored) == 2 && strings.HasPrefix(stored[1].ID, prefix):
		return "", &bench.Error{Code: bench.CodeRunAmbiguous, Message: "more than one run begins like that; give more of its id, bench list shows all"}
	}
	return stored[0].ID, nil
}

func (s *Server) showRun(ctx context.Context, in *RunPath) (*answer[bench.Run], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &answer[bench.Run]{*run}, nil
}

func (s *Server) stopRun(ctx context.Context, in *struct {
	RunPath
	Body api.StopRequest
}) (*answer[bench.Run], error) {
	if in.Body.Mode != bench.DesiredStop && in.Body.Mode != bench.DesiredAbort {
		return nil, &bench.Error{Code: bench.CodeInvalid, Message: `mode must be "stop" or "abort"`}
	}
	if len(in.Body.By) > 200 {
		return nil, &bench.Error{Code: bench.CodeInvalid, Message: "by must be at most 200 bytes long"}
	}
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	by := in.Body.By
	if by == "" {
		by = "a client of the API"
	}
	if err := s.config.Engine.Stop(ctx, run.ID, in.Body.Mode, by); err != nil {
		return nil, err
	}
	return &answer[bench.Run]{brief(s.current(run))}, nil
}

func (s *Server) showResult(ctx context.Context, in *RunPath) (*answer[bench.Result], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	result, err := s.config.History.Result(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	return &answer[bench.Result]{*result}, nil
}

func (s *Server) showEnrichment(ctx context.Context, in *RunPath) (*answer[bench.Enrichment], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	side, err := s.config.History.Enrichment(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	return &answer[bench.Enrichment]{*side}, nil
}

func (s *Server) enrichRun(ctx context.Context, in *RunPath) (*answer[bench.Enrichment], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, enrichWait)
	defer cancel()
	side, err := s.config.Engine.Enrich(ctx, s.config.History, run.ID)
	if err != nil {
		return nil, err
	}
	return &answer[bench.Enrichment]{*side}, nil
}

func (s *Server) listSamples(ctx context.Context, in *RunPath) (*answer[[]bench.TargetSample], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return list(s.config.History.Samples(ctx, run.ID))
}

func (s *Server) showCost(ctx context.Context, in *RunPath) (*answer[*bench.Cost], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	spent, err := engine.Spent(ctx, s.config.History, run.ID)
	if err != nil {
		return nil, err
	}
	return &answer[*bench.Cost]{spent}, nil
}

func (s *Server) listSeconds(ctx context.Context, in *struct {
	RunPath
	From       int64 `query:"from" doc:"First second, from the start of the run"`
	To         int64 `query:"to" doc:"Second after the last; an answer has at most an hour"`
	Histograms bool  `query:"histograms" doc:"With the histograms of each second"`
}) (*answer[[]bench.Second], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	to := in.From + pageSeconds
	if in.To != 0 {
		to = min(to, in.To)
	}
	seconds, err := s.config.History.Seconds(ctx, run.ID, in.From, to)
	if !in.Histograms {
		for i := range seconds {
			for j := range seconds[i].Rows {
				seconds[i].Rows[j].Response, seconds[i].Rows[j].Service = nil, nil
			}
		}
	}
	return list(seconds, err)
}

func (s *Server) listEvents(ctx context.Context, in *struct {
	RunPath
	After int64 `query:"after" doc:"Events with a sequence above this"`
}) (*answer[[]bench.Event], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return list(s.config.History.Events(ctx, run.ID, in.After))
}

func (s *Server) listWorkers(ctx context.Context, in *RunPath) (*answer[[]api.Worker], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	stored, err := s.config.History.Workers(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	workers := make([]api.Worker, len(stored))
	for i := range stored {
		workers[i].Worker = stored[i]
	}
	if s.going(run.ID) {
		// What only memory knows; a run that ends just now, or is held up, has none to give.
		if l, err := s.config.Engine.Look(ctx, run.ID); err == nil {
			for i := range workers {
				if j := slices.IndexFunc(l.Workers, func(w bench.LiveWorker) bool { return w.Worker == stored[i].Worker }); j >= 0 {
					workers[i].Live = &l.Workers[j]
				}
			}
		}
	}
	return list(workers, nil)
}

func (s *Server) listLogs(ctx context.Context, in *RunPath) (*answer[[]bench.LogLine], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return list(s.config.History.Logs(ctx, run.ID))
}

func (s *Server) listFacts(ctx context.Context, in *RunPath) (*answer[[]bench.Fact], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return list(s.config.History.Facts(ctx, run.ID))
}

func (s *Server) listExecutions(ctx context.Context, in *struct {
	RunPath
	Limit int `query:"limit" minimum:"1" maximum:"10000" default:"200"`
}) (*answer[[]bench.Execution], error) {
	run, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return list(s.config.History.Executions(ctx, run.ID, in.Limit))
}

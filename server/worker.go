package server

import (
	"context"
	"errors"
	"time"

	"bench/runtime/bench"
)

// The worker protocol. What the path says is what the caller was permitted for, so the body must not say otherwise.

var (
	bodyError   = bench.Error{Code: bench.CodeInvalid, Message: "the body is not the JSON that this route takes"}
	errMismatch = &bench.Error{Code: bench.CodeInvalid, Message: "the body names another run or worker than the path"}
)

// WorkerPath is the path of what one worker asks.
type WorkerPath struct {
	Run    string `path:"run_id" maxLength:"64"`
	Worker string `path:"worker" maxLength:"64"`
}

func (s *Server) register(ctx context.Context, in *struct {
	Run  string `path:"run_id" maxLength:"64"`
	Body bench.Registration
}) (*answer[*bench.Assignment], error) {
	if in.Body.Run != in.Run {
		return nil, errMismatch
	}
	a, err := s.config.Engine.Register(ctx, in.Body)
	return &answer[*bench.Assignment]{a}, err
}

func (s *Server) heartbeat(ctx context.Context, in *struct {
	WorkerPath
	Body bench.Heartbeat
}) (*answer[*bench.HeartbeatAck], error) {
	if in.Body.Run != in.Run || in.Body.Worker != in.Worker {
		return nil, errMismatch
	}
	ack, err := s.config.Engine.Heartbeat(ctx, in.Body)
	return &answer[*bench.HeartbeatAck]{ack}, err
}

func (s *Server) report(ctx context.Context, in *struct {
	Run  string `path:"run_id" maxLength:"64"`
	Body bench.Report
}) (*answer[*bench.ReportAck], error) {
	start := time.Now()
	if in.Body.Run != in.Run {
		s.metrics.report(time.Since(start), errMismatch)
		return nil, errMismatch
	}
	ack, err := s.config.Engine.Report(ctx, in.Body)
	s.metrics.report(time.Since(start), err)
	return &answer[*bench.ReportAck]{ack}, err
}

// control waits until there is an event, and gives up after a while so that dead connections are noticed.
func (s *Server) control(ctx context.Context, in *struct {
	WorkerPath
	After      int64 `query:"after" doc:"The newest event that the worker has"`
	Generation int64 `query:"generation"`
}) (*answer[[]bench.Event], error) {
	ctx, cancel := context.WithTimeout(ctx, controlWait)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	events, err := s.config.Engine.Events(ctx, in.Run, in.Worker, in.Generation, in.After)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	return list(events, err)
}

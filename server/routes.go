package server

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"bench/runtime/bench"
	"bench/server/api"
)

// How large the bodies of requests may be. A spec has at most 1 MiB of text, which a plan holds beside what it was
// resolved to.
const (
	submissionBytes = 4 << 20
	reportBytes     = 32 << 20
	smallBytes      = 64 << 10
)

// routes declares every route with who may use it.
func (s *Server) routes() {
	s.api = humago.New(gated{s.mux, s}, describe(s.config.Version))

	route(s, accessOwner, "POST /api/runs", submissionBytes, "Start a run", s.createRun)
	route(s, accessSession, "GET /api/runs", 0, "List runs, newest first", s.listRuns)
	route(s, accessSession, "GET /api/runs/{run_id}", 0, "A run as it stands, with its plan", s.showRun)
	route(s, accessActing, "POST /api/runs/{run_id}/stop", smallBytes, "Ask for the end of a run", s.stopRun)
	route(s, accessSession, "GET /api/runs/{run_id}/results", 0, "The result of a run", s.showResult)
	route(s, accessSession, "GET /api/runs/{run_id}/enrichment", 0, "What the target itself says about a run", s.showEnrichment)
	route(s, accessSession, "GET /api/runs/{run_id}/cost", 0, "What the warehouse of a run has cost up to its newest sample; null where there is none", s.showCost)
	route(s, accessSession, "GET /api/runs/{run_id}/samples", 0, "What the target was at while a run went on", s.listSamples)
	route(s, accessOwner, "POST /api/runs/{run_id}/enrich", smallBytes, "Ask the target of a run that has ended for its side again", s.enrichRun)
	route(s, accessSession, "GET /api/runs/{run_id}/series", 0, "Seconds of a run, merged over its workers", s.listSeconds)
	route(s, accessSession, "GET /api/runs/{run_id}/chart", 0, "Seconds of a run, thinned to what a screen can show", s.showChart)
	route(s, accessSession, "GET /api/runs/{run_id}/histograms", 0, "Response times of a run, over windows of equal length", s.listHistograms)
	route(s, accessSession, "GET /api/runs/{run_id}/events", 0, "Events of a run", s.listEvents)
	route(s, accessSession, "GET /api/runs/{run_id}/workers", 0, "Workers of a run", s.listWorkers)
	route(s, accessSession, "GET /api/runs/{run_id}/logs", 0, "What server and workers said about a run", s.listLogs)
	route(s, accessSession, "GET /api/runs/{run_id}/executions", 0, "Single operations of a run: errors, the slowest, a sample", s.listExecutions)
	route(s, accessSession, "GET /api/runs/{run_id}/environment", 0, "Where a run ran", s.listFacts)

	route(s, accessSession, "GET /api/replica", 0, "How the replica of the journal stands, where the server feeds one", s.showReplica)
	route(s, accessSession, "GET /api/runs/{run_id}/live", 0, "How a run stands inside the server, as rows", s.showLive)
	route(s, accessSession, "GET /api/runs/{run_id}/doctor", 0, "What the doctor finds", s.showDoctor)

	route(s, accessWorker, "POST /api/runs/{run_id}/workers", smallBytes, "Register a worker", s.register)
	route(s, accessWorker, "POST /api/runs/{run_id}/workers/{worker}/heartbeat", smallBytes, "A worker lives", s.heartbeat)
	route(s, accessWorker, "GET /api/runs/{run_id}/workers/{worker}/control", 0, "Wait for events that a worker has to obey", s.control)
	route(s, accessWorker, "POST /api/runs/{run_id}/metrics/live", reportBytes, "Report what a worker did", s.report)

	s.raw(accessSession, "GET /api/runs/{run_id}/stream", "Stream of a run: WebSocket "+api.Protocol+", or the same frames as lines of JSON", s.stream)
	route(s, accessSession, "GET /api/session", 0, "What the caller may do", s.showSession)
	route(s, accessActing, "POST /api/links", smallBytes, "Make a link that signs a browser in, once", s.createLink)
	s.raw(accessPublic, "POST /api/session", "Trade the code of a link for a session cookie", s.openSession)
	s.pages()
	s.raw(accessPublic, "GET /livez", "The server runs", s.livez)
	s.raw(accessPublic, "GET /readyz", "The server and what it needs are ready", s.readyz)
	s.raw(accessSession, "GET /metrics", "Metrics for Prometheus", s.metrics.handler().ServeHTTP)
	s.raw(accessSession, "GET /openapi.json", "This description", s.describe)
}

// describe sets huma up: plain JSON, errors of ours, no pages and no links to schemas.
func describe(version string) huma.Config {
	config := huma.DefaultConfig("bench", version)
	config.Info.Description = "Load tests of databases: runs, their results, and the protocol of workers."
	config.DocsPath, config.SchemasPath, config.OpenAPIPath = "", "", ""
	config.CreateHooks = nil
	config.Transformers = []huma.Transformer{plain}
	config.AllowAdditionalPropertiesByDefault = true // newer workers and commands may say more
	config.FieldsOptionalByDefault = true
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.PkgPath() != "" && t.Name() != "" {
			return path.Base(t.PkgPath()) + "." + huma.DefaultSchemaNamer(t, hint)
		}
		return huma.DefaultSchemaNamer(t, hint)
	})
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: decode}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	return config
}

// operation describes a route, and declares who may use it.
func (s *Server) operation(a access, pattern, summary string) huma.Operation {
	s.access[pattern] = a
	method, path, _ := strings.Cut(pattern, " ")
	id := strings.Trim(strings.NewReplacer("/api", "", "/", "-", "{", "", "}", "", ".", "-", "_", "-").Replace(path), "-")
	op := huma.Operation{
		OperationID: strings.ToLower(method) + "-" + id, Method: method, Path: path, Summary: summary,
		BodyReadTimeout: readTimeout,
		Responses: map[string]*huma.Response{"default": {
			Description: "Error",
			Content: map[string]*huma.MediaType{"application/problem+json": {
				Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.Problem](), true, ""),
			}},
		}},
	}
	if a != accessPublic {
		op.Security = []map[string][]string{{"token": {}}}
	}
	return op
}

// route registers a handler that takes and gives JSON. Its errors go through the table of problems.
func route[I, O any](s *Server, a access, pattern string, bytes int64, summary string, handle func(context.Context, *I) (*O, error)) {
	op := s.operation(a, pattern, summary)
	op.MaxBodyBytes = bytes
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, op.Method+" "+op.Path, err)
		}
		return out, nil
	})
}

// raw registers a handler that reads and writes by itself.
func (s *Server) raw(a access, pattern, summary string, handle http.HandlerFunc) {
	op := s.operation(a, pattern, summary)
	op.Responses["200"] = &huma.Response{Description: "OK"}
	s.api.OpenAPI().AddOperation(&op)
	gated{s.mux, s}.HandleFunc(pattern, handle)
}

// problem makes an error one for the client, and logs what the client is not told.
func (s *Server) problem(ctx context.Context, pattern string, err error) *problem {
	e := known(err)
	p := newProblem(e)
	if p.Status == http.StatusInternalServerError && ctx.Err() == nil {
		s.log.Error("a request failed", "route", pattern, "error", err)
	}
	return p
}

func (s *Server) describe(w http.ResponseWriter, _ *http.Request) {
	s.json(w, http.StatusOK, s.api.OpenAPI())
}

func (s *Server) livez(w http.ResponseWriter, _ *http.Request) {
	s.json(w, http.StatusOK, api.Health{Status: "ok"})
}

// readyz says unavailable as soon as the server is told to stop, before it refuses anything.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	health, status := api.Health{Status: "ok", Components: map[string]string{"server": "ok"}}, http.StatusOK
	if s.config.Ready != nil {
		maps.Copy(health.Components, s.config.Ready())
	}
	if s.stopping.Err() != nil {
		health.Components["server"] = "stopping"
	}
	for _, state := range health.Components {
		if state != "ok" {
			health.Status, status = "unavailable", http.StatusServiceUnavailable
		}
	}
	if s.config.Replica != nil { // nothing waits for it, so it makes nothing unavailable
		health.Components["replica"] = replicaHealth(s.config.Replica())
	}
	s.json(w, status, health)
}

// replicaHealth is a replica's component. Why it is away is not said, because whoever asks has shown no token.
func replicaHealth(r *api.Replica) string {
	if r.State == api.ReplicaCurrent {
		return "ok"
	}
	return fmt.Sprintf("%s: %d rows are not replicated, the oldest for %s", r.State, r.BacklogRows, time.Duration(r.LagMS)*time.Millisecond)
}

func (s *Server) showReplica(context.Context, *struct{}) (*answer[api.Replica], error) {
	if s.config.Replica == nil {
		return nil, bench.Errorf(bench.CodeNotFound, "this server feeds no replica")
	}
	return &answer[api.Replica]{*s.config.Replica()}, nil
}

func (s *Server) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil && !canceled(err) {
		s.log.Debug("an answer was not sent", "error", err)
	}
}

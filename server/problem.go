package server

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
)

// statuses is the table from codes to HTTP statuses.
var statuses = map[string]int{
	bench.CodeRunNotFound:        http.StatusNotFound,
	bench.CodeRunAmbiguous:       http.StatusConflict,
	bench.CodeRunEnded:           http.StatusConflict,
	bench.CodeEnrichmentNotReady: http.StatusNotFound,
	bench.CodeResultNotReady:     http.StatusNotFound,
	bench.CodeKeyReused:          http.StatusUnprocessableEntity,
	bench.CodePlanInvalid:        http.StatusUnprocessableEntity,
	bench.CodeWorkerUnknown:      http.StatusNotFound,
	bench.CodeGenerationStale:    http.StatusConflict,
	bench.CodeConflict:           http.StatusConflict,
	bench.CodeBusy:               http.StatusServiceUnavailable,
	bench.CodeStopping:           http.StatusServiceUnavailable,
	bench.CodeInvalid:            http.StatusBadRequest,
	bench.CodeTooLarge:           http.StatusRequestEntityTooLarge,
	bench.CodeMediaType:          http.StatusUnsupportedMediaType,
	bench.CodeUnauthorized:       http.StatusUnauthorized,
	bench.CodeForbidden:          http.StatusForbidden,
	bench.CodeMisdirected:        http.StatusMisdirectedRequest,
	bench.CodeNotFound:           http.StatusNotFound,
	bench.CodeMethodNotAllowed:   http.StatusMethodNotAllowed,
	bench.CodeTimeout:            http.StatusGatewayTimeout,
	bench.CodeUnreachable:        http.StatusBadGateway,
	bench.CodeInternal:           http.StatusInternalServerError,
}

// known makes any error one with a code. What has none becomes an internal error whose message says nothing: the text
// of a database's error is for the log.
func known(err error) *bench.Error {
	if e, ok := errors.AsType[*bench.Error](err); ok && e.Message != "" {
		return e
	}
	conflict, isConflict := errors.AsType[*bench.Conflict](err)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, engine.ErrNoRun):
		return &bench.Error{Code: bench.CodeRunNotFound, Message: "there is no such run; bench list shows all", Err: err}
	case errors.Is(err, engine.ErrNoEnrichment):
		return &bench.Error{Code: bench.CodeEnrichmentNotReady, Message: "the target of the run was not asked for its side", Err: err}
	case errors.Is(err, engine.ErrNoResult):
		return &bench.Error{Code: bench.CodeResultNotReady, Message: "the run has no result yet", Err: err}
	case isConflict:
		return &bench.Error{Code: bench.CodeConflict, Message: conflict.Error(), Err: err}
	case tooLarge:
		return &bench.Error{Code: bench.CodeTooLarge, Message: "the request is too large", Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &bench.Error{Code: bench.CodeTimeout, Message: "the server could not finish this in time", Err: err}
	}
	return &bench.Error{Code: bench.CodeInternal, Message: "the server failed to do this; its log says why", Err: err}
}

// A problem is an error on its way out, through huma or past it.
type problem struct{ api.Problem }

func newProblem(e *bench.Error) *problem {
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	return &problem{api.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.Message, Code: e.Code,
	}}
}

// GetStatus and the next two methods are what huma asks of an error.
func (p *problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders says when to try again, and how to authenticate.
func (p *problem) GetHeaders() http.Header {
	h := make(http.Header)
	switch p.Status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="bench"`)
	}
	return h
}

// refuse writes an error where huma is not involved.
func refuse(w http.ResponseWriter, e *bench.Error) {
	p := newProblem(e)
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	// An error here means that the client has gone, and nobody is left to tell.
	_ = json.NewEncoder(w).Encode(&p.Problem)
}

// plain makes the errors that huma finds by itself problems of ours. It repeats no value.
func plain(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	code := bench.CodeInvalid
	for c, status := range statuses {
		if status == m.Status && (c == bench.CodeTooLarge || c == bench.CodeMediaType || c == bench.CodeInternal) {
			code = c
		}
	}
	detail := m.Detail
	if code == bench.CodeInvalid {
		var what []string
		for _, e := range m.Errors[:min(len(m.Errors), 5)] {
			what = append(what, e.Location+": "+e.Message)
		}
		if len(what) > 0 {
			detail = "the request is not as it should be: " + strings.Join(what, "; ")
		}
	}
	return &problem{api.Problem{Type: "about:blank", Title: http.StatusText(m.Status), Status: m.Status, Detail: detail, Code: code}}, nil
}

// decode is json.Unmarshal with errors that repeat nothing of the text.
func decode(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return bench.Errorf(bench.CodeInvalid, "not JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return bench.Errorf(bench.CodeInvalid, "the value of %s has the wrong type", e.Field)
	}
	return bench.Errorf(bench.CodeInvalid, "a value cannot be read as what it should be")
}

package server

import (
	"context"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"bench/runtime/bench"
)

// ServeHTTP is what happens to a request before its route is known, and afterwards.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.Error("a request made the server panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			if rec.status == 0 {
				refuse(rec, &bench.Error{Code: bench.CodeInternal, Message: "the server failed to do this; its log says why"})
			}
		}
		s.unreported(r, rec.status)
		// Without the query string: it may say more than a log should.
		s.log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", rec.status), slog.Duration("took", time.Since(start)))
	}()
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")

	if e := s.admit(r); e != nil {
		refuse(rec, e)
		return
	}
	handler, pattern := s.mux.Handler(r)
	who, ok := s.authenticate(r)
	if !ok && s.access[pattern] != accessPublic {
		refuse(rec, &bench.Error{Code: bench.CodeUnauthorized, Message: "this needs the server's token; it stands beside the journal, in the file that ends in .server.json, or in BENCH_TOKEN"})
		return
	}
	if pattern == "" {
		s.lost(rec, r, handler)
		return
	}
	s.mux.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
}

// admit checks what a foreign page in a browser cannot choose: the Host, against names that were made to point here, and
// the Origin, against pages of other sites.
func (s *Server) admit(r *http.Request) *bench.Error {
	if !s.ours(r.Host) {
		return &bench.Error{Code: bench.CodeMisdirected, Message: "this server does not answer to that host name; allow it with --host if it should"}
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != s.origin(r) {
		return &bench.Error{Code: bench.CodeForbidden, Message: "pages of other origins may not use this server"}
	}
	return nil
}

// ours reports whether a Host header, with any port, names this server.
func (s *Server) ours(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(host), "["), "]")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts[host]
}

// origin is that of pages of this server, as the sender of the request sees it.
func (s *Server) origin(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: strings.ToLower(r.Host)}
	if r.TLS != nil || s.config.BehindProxy && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		u.Scheme = "https"
	}
	return u.String()
}

// lost answers a request that no route takes, as the mux would but with a problem.
func (s *Server) lost(w http.ResponseWriter, r *http.Request, h http.Handler) {
	answer := &statusOnly{header: make(http.Header)}
	h.ServeHTTP(answer, r)
	if answer.status == http.StatusMethodNotAllowed {
		allow := answer.header.Get("Allow")
		w.Header().Set("Allow", allow)
		refuse(w, bench.Errorf(bench.CodeMethodNotAllowed, "this path allows %s", allow))
		return
	}
	refuse(w, &bench.Error{Code: bench.CodeNotFound, Message: "there is nothing at this path; /openapi.json lists what there is"})
}

// A gated mux puts the second half of the gates before every handler that is registered with it.
type gated struct {
	*http.ServeMux
	server *Server
}

// HandleFunc registers a handler whose access was declared.
func (g gated) HandleFunc(pattern string, handle func(http.ResponseWriter, *http.Request)) {
	a, ok := g.server.access[pattern]
	if !ok {
		panic("no access was declared for " + pattern)
	}
	g.ServeMux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if e := g.server.permit(r, a); e != nil {
			refuse(w, e)
			return
		}
		handle(w, r)
	})
}

// permit checks what a known caller wants on a known route.
func (s *Server) permit(r *http.Request, a access) *bench.Error {
	who := callerOf(r.Context())
	if !who.may(a, r.PathValue("run_id")) {
		return &bench.Error{Code: bench.CodeForbidden, Message: "this token does not allow that; use the server's own token"}
	}
	if (who.session != "" || a == accessPublic) && s.crossOrigin.Check(r) != nil {
		return &bench.Error{Code: bench.CodeForbidden, Message: "pages of other origins may not use this server"}
	}
	if r.Method == http.MethodPost {
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
			return &bench.Error{Code: bench.CodeMediaType, Message: "the body must be JSON, and Content-Type application/json"}
		}
	}
	return nil
}

// A recorder knows the status that was sent.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives the way to deadlines, flushing and hijacking.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// A statusOnly keeps the head of an answer and drops the body.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header         { return w.header }
func (w *statusOnly) WriteHeader(status int)      { w.status = status }
func (w *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/server/tail"
)

const (
	token   = "the-owner's-token-0123456789"
	planted = "planted-secret-9f2c41"
)

var workerKey = []byte("a key of workers")

// A bed is a server over a fleet, with what it logs.
type bed struct {
	*Server
	fleet *fleet
	log   *lockedBuffer
}

func newBed(t testing.TB) *bed {
	b := &bed{log: new(lockedBuffer)}
	hub := &tail.Hub{Merge: func(hists [][]byte) ([]byte, error) { return bytes.Join(hists, nil), nil }}
	b.fleet = newFleet(hub)
	b.Server = New(Config{
		Engine: control{b.fleet}, History: b.fleet, Hub: hub, Token: token, WorkerKey: workerKey, Hosts: []string{"bench.example"},
		Log: slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	t.Cleanup(func() {
		for _, secret := range []string{token, WorkerToken(workerKey, "01RUN0001"), planted} {
			if strings.Contains(b.log.String(), secret) {
				t.Errorf("the log holds %q:\n%s", secret, b.log)
			}
		}
	})
	return b
}

// run starts a run.
func (b *bed) run(t testing.TB) *bench.Run {
	t.Helper()
	plan := &bench.Plan{Name: "orders", Workloads: []bench.Workload{{Name: "read"}}, Source: bench.Source{Text: "run {}"}}
	run, err := b.fleet.Create(t.Context(), fmt.Sprint("key-", len(b.fleet.runs)), plan, map[bench.Secret]string{"var:p": planted})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// ask sends a request as the owner of the token, unless headers say otherwise.
func (b *bed) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:7433"
	r.Header.Set("Authorization", "Bearer "+token)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func body[T any](t *testing.T, w *httptest.ResponseRecorder) (x T) {
	t.Helper()
	if w.Code/100 != 2 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &x); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return x
}

// A lockedBuffer is what a log writes to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}

func TestForgedRequests(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	other := b.run(t)
	at := "/api/runs/" + run.ID
	submission := `{"plan":{"name":"x","workloads":[{"name":"w"}]}}`
	workers := "Bearer " + WorkerToken(workerKey, run.ID)
	tests := []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		code                       string
	}{
		{"the owner", "GET", at, "", nil, 200, ""},
		{"localhost, another port", "GET", at, "", []string{"Host", "LOCALHOST:1"}, 200, ""},
		{"IPv6 loopback", "GET", at, "", []string{"Host", "[::1]:7433"}, 200, ""},
		{"a configured name", "GET", at, "", []string{"Host", "bench.example"}, 200, ""},
		{"a foreign name", "GET", at, "", []string{"Host", "evil.example"}, 421, bench.CodeMisdirected},
		{"a foreign name for health", "GET", "/livez", "", []string{"Host", "evil.example"}, 421, bench.CodeMisdirected},
		{"a name that begins like ours", "GET", at, "", []string{"Host", "127.0.0.1.evil.example"}, 421, bench.CodeMisdirected},
		{"no name", "GET", at, "", []string{"Host", ""}, 421, bench.CodeMisdirected},

		{"our origin", "GET", at, "", []string{"Origin", "http://127.0.0.1:7433"}, 200, ""},
		{"a foreign origin", "GET", at + "/stream", "", []string{"Origin", "http://evil.example"}, 403, bench.CodeForbidden},
		{"our host, another scheme", "GET", at + "/stream", "", []string{"Origin", "https://127.0.0.1:7433"}, 403, bench.CodeForbidden},
		{"our host, another port", "GET", at + "/stream", "", []string{"Origin", "http://127.0.0.1:9"}, 403, bench.CodeForbidden},
		{"another name of ours", "GET", at + "/stream", "", []string{"Origin", "http://localhost:7433"}, 403, bench.CodeForbidden},
		{"null origin", "GET", at + "/stream", "", []string{"Origin", "null"}, 403, bench.CodeForbidden},

		{"no token", "GET", at, "", []string{"Authorization", ""}, 401, bench.CodeUnauthorized},
		{"no token, no route", "GET", "/nonsuch", "", []string{"Authorization", ""}, 401, bench.CodeUnauthorized},
		{"no token for metrics", "GET", "/metrics", "", []string{"Authorization", ""}, 401, bench.CodeUnauthorized},
		{"an unknown token", "GET", at, "", []string{"Authorization", "Bearer " + token + "x"}, 401, bench.CodeUnauthorized},
		{"an empty token", "GET", at, "", []string{"Authorization", "Bearer "}, 401, bench.CodeUnauthorized},
		{"another scheme", "GET", at, "", []string{"Authorization", "Basic " + token}, 401, bench.CodeUnauthorized},
		{"a token in the query", "GET", at + "?token=" + token, "", []string{"Authorization", ""}, 401, bench.CodeUnauthorized},
		{"a made-up session", "GET", at, "", []string{"Authorization", "", "Cookie", b.sessions.cookie + "=x"}, 401, bench.CodeUnauthorized},
		{"health needs no token", "GET", "/livez", "", []string{"Authorization", ""}, 200, ""},
		{"readiness needs no token", "GET", "/readyz", "", []string{"Authorization", ""}, 200, ""},

		{"a worker registers", "POST", at + "/workers", `{"run":"` + run.ID + `"}`, []string{"Authorization", workers}, 200, ""},
		{"a worker stops its run", "POST", at + "/stop", `{"mode":"stop"}`, []string{"Authorization", workers}, 403, bench.CodeForbidden},
		{"a worker reads its run", "GET", at, "", []string{"Authorization", workers}, 403, bench.CodeForbidden},
		{"a worker starts a run", "POST", "/api/runs", submission, []string{"Authorization", workers, "Idempotency-Key", "12345678"}, 403, bench.CodeForbidden},
		{"a worker of another run", "POST", "/api/runs/" + other.ID + "/workers", `{"run":"` + other.ID + `"}`, []string{"Authorization", workers}, 403, bench.CodeForbidden},
		{"a worker writes another run in the body", "POST", at + "/metrics/live", `{"run":"` + other.ID + `"}`, []string{"Authorization", workers}, 400, bench.CodeInvalid},
		{"a worker speaks for another", "POST", at + "/workers/worker-0/heartbeat", `{"run":"` + run.ID + `","worker":"worker-1"}`, []string{"Authorization", workers}, 400, bench.CodeInvalid},
		{"a worker's token of another key", "POST", at + "/workers", `{}`, []string{"Authorization", "Bearer " + WorkerToken([]byte("other"), run.ID)}, 401, bench.CodeUnauthorized},
		{"a worker's token without a run", "POST", at + "/workers", `{}`, []string{"Authorization", "Bearer w..00"}, 401, bench.CodeUnauthorized},
		{"a worker's token for @last", "POST", "/api/runs/@last/workers", `{}`, []string{"Authorization", workers}, 403, bench.CodeForbidden},

		{"no route", "GET", "/nonsuch", "", nil, 404, bench.CodeNotFound},
		{"no such run", "GET", "/api/runs/nonsuch", "", nil, 404, bench.CodeRunNotFound},
		{"no result yet", "GET", at + "/results", "", nil, 404, bench.CodeResultNotReady},
		{"a method that is not there", "DELETE", at, "", nil, 405, bench.CodeMethodNotAllowed},
		{"a large submission", "POST", "/api/runs", `{"plan":"` + strings.Repeat("x", submissionBytes) + `"}`, []string{"Idempotency-Key", "12345678"}, 413, bench.CodeTooLarge},
		{"a large report", "POST", at + "/metrics/live", `{"run":"` + strings.Repeat("x", reportBytes) + `"}`, nil, 413, bench.CodeTooLarge},
		{"a large heartbeat", "POST", at + "/workers/worker-0/heartbeat", strings.Repeat(" ", smallBytes+1), nil, 413, bench.CodeTooLarge},
		{"a form", "POST", at + "/stop", "mode=stop", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, bench.CodeMediaType},
		{"text", "POST", at + "/stop", `{"mode":"stop"}`, []string{"Content-Type", "text/plain"}, 415, bench.CodeMediaType},
		{"no type", "POST", at + "/stop", `{"mode":"stop"}`, []string{"Content-Type", ""}, 415, bench.CodeMediaType},
		{"JSON with a charset", "POST", at + "/stop", `{"mode":"stop"}`, []string{"Content-Type", "application/json; charset=utf-8"}, 200, ""},
		{"no key", "POST", "/api/runs", submission, nil, 422, bench.CodeInvalid},
		{"a wrong mode", "POST", at + "/stop", `{"mode":"pause"}`, nil, 400, bench.CodeInvalid},
		{"a wrong position", "GET", at + "/stream?since=12", "", nil, 400, bench.CodeInvalid},
		{"a plan that cannot be carried out", "POST", "/api/runs", `{"plan":{}}`, []string{"Idempotency-Key", "12345678"}, 422, bench.CodePlanInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := b.ask(test.method, test.target, test.body, test.headers...)
			if w.Code != test.status {
				t.Fatalf("status %d, want %d: %s", w.Code, test.status, w.Body)
			}
			if w.Code < 400 {
				return
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("content type %q", got)
			}
			var p api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if p.Code != test.code || p.Status != w.Code || p.Detail == "" || p.Title == "" {
				t.Errorf("problem is %+v, want code %s", p, test.code)
			}
			if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("WWW-Authenticate is %q", w.Header().Get("WWW-Authenticate"))
			}
			if w.Code == 405 && w.Header().Get("Allow") == "" {
				t.Error("no Allow header")
			}
		})
	}
	if len(b.fleet.stops) != 1 || len(b.fleet.runs) != 2 {
		t.Errorf("stops %v and %d runs came through, want one stop and no new run", b.fleet.stops, len(b.fleet.runs))
	}
}

func TestNoKeyLetsNobodyIn(t *testing.T) {
	hub := new(tail.Hub)
	f := newFleet(hub)
	b := &bed{Server: New(Config{Engine: control{f}, History: f, Hub: hub}), fleet: f}
	run := b.run(t)
	for _, auth := range []string{"Bearer ", "Bearer", "Bearer " + WorkerToken(nil, run.ID), "Bearer \x00"} {
		w := b.ask("POST", "/api/runs/"+run.ID+"/workers", `{"run":"`+run.ID+`"}`, "Authorization", auth)
		if w.Code != 401 {
			t.Errorf("%q: status %d", auth, w.Code)
		}
	}
}

func TestErrorsRepeatNoValue(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	at := "/api/runs/" + run.ID
	for _, c := range []struct{ method, target, body string }{
		{"POST", "/api/runs", planted},
		{"POST", "/api/runs", `{"plan":"` + planted + `"}`},
		{"POST", "/api/runs", `{"plan":{"workloads":[{"name":"w"}],"warmup":"` + planted + `"}}`},
		{"POST", "/api/runs", `{"plan":{"target":{"options":{"path":["` + planted + `"]}}}}`},
		{"POST", "/api/runs", `{"secrets":{"var:x":{"` + planted + `":1}}}`},
		{"POST", at + "/stop", `{"mode":"` + planted + `"}`},
		{"POST", at + "/metrics/live", `{"run":"` + planted + `"}`},
		{"POST", at + "/metrics/live", `{"deltas":[{"response":"` + planted + `"}]}`},
		{"GET", at + "/series?from=" + planted, ""},
		{"GET", at + "/stream?since=" + planted, ""},
		{"GET", "/api/runs?limit=" + planted, ""},
		{"GET", "/api/runs/" + planted, ""},
		{"GET", "/" + planted, ""},
	} {
		w := b.ask(c.method, c.target, c.body, "Idempotency-Key", "12345678")
		if w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s %s %s: status %d", c.method, c.target, c.body, w.Code)
		}
		if strings.Contains(w.Body.String(), planted) {
			t.Errorf("%s %s %s is answered with %s", c.method, c.target, c.body, w.Body)
		}
	}
	// The paths above hold the text, and paths are logged; a secret has no place in one.
	b.log.reset()
}

func TestInternalErrorsAreForTheLog(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	b.fleet.broken = errors.New("disk I/O error in journal.db")
	for _, target := range []string{"/api/runs/" + run.ID, "/api/runs", "/api/runs/" + run.ID + "/stream"} {
		w := b.ask("GET", target, "")
		if w.Code != 500 || strings.Contains(w.Body.String(), "disk") || !strings.Contains(w.Body.String(), bench.CodeInternal) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		if !strings.Contains(b.log.String(), "disk I/O error") {
			t.Errorf("%s: the log does not say why", target)
		}
		b.log.reset()
	}
}

func TestStatusOfEveryCode(t *testing.T) {
	for code, status := range statuses {
		if p := newProblem(&bench.Error{Code: code, Message: "m"}); p.Status != status || p.Title == "" {
			t.Errorf("%s: %+v", code, p)
		}
	}
	if got := known(fmt.Errorf("move: %w", &bench.Conflict{Run: "r"})); got.Code != bench.CodeConflict {
		t.Errorf("a conflict has code %s", got.Code)
	}
	if got := newProblem(&bench.Error{Code: "nonsuch"}); got.Status != 500 {
		t.Errorf("an unknown code has status %d", got.Status)
	}
	if h := newProblem(&bench.Error{Code: bench.CodeBusy}).GetHeaders(); h.Get("Retry-After") == "" {
		t.Error("busy does not say when to try again")
	}
}

func TestOpenAPIListsEveryRoute(t *testing.T) {
	b := newBed(t)
	spec := body[struct {
		OpenAPI    string
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct{ Schemas map[string]any }
	}](t, b.ask("GET", "/openapi.json", ""))
	if !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Errorf("version %q", spec.OpenAPI)
	}
	seen, n := map[string]string{}, 0
	for path, methods := range spec.Paths {
		for method, op := range methods {
			n++
			pattern := strings.ToUpper(method) + " " + path
			if _, ok := b.access[pattern]; !ok {
				t.Errorf("%s is described and does not exist", pattern)
			}
			if before, ok := seen[op.OperationID]; ok {
				t.Errorf("%s and %s share the id %s", before, pattern, op.OperationID)
			}
			seen[op.OperationID] = pattern
		}
	}
	routes := 0
	for pattern := range b.access {
		page := strings.TrimPrefix(pattern, "GET ")
		if !slices.Contains(pagePaths, page) && !strings.HasPrefix(page, "/page/") && !strings.HasPrefix(page, "/vendor/") {
			routes++
		}
	}
	if n != routes || n < 20 {
		t.Errorf("%d routes are described, %d exist", n, routes)
	}
	for _, want := range []string{"api.Problem", "api.Submission", "bench.Run", "bench.Session"} {
		if spec.Components.Schemas[want] == nil {
			t.Errorf("no schema %s", want)
		}
	}
	for _, off := range []string{"/docs", "/schemas/Run", "/openapi.yaml"} {
		if w := b.ask("GET", off, ""); w.Code != 404 {
			t.Errorf("%s: status %d", off, w.Code)
		}
	}
}

func TestRuns(t *testing.T) {
	b := newBed(t)
	submission := `{"plan":{"name":"orders","workloads":[{"name":"read","statements":[{"parts":["SELECT 1"],"fetch":"all"}]}],"warmup":"10s"},"secrets":{"var:p":"` + planted + `"}}`
	w := b.ask("POST", "/api/runs", submission, "Idempotency-Key", "key-0001")
	run := body[bench.Run](t, w)
	if w.Code != 201 || w.Header().Get("Location") != "/api/runs/"+run.ID || run.Plan != nil {
		t.Errorf("status %d, location %q, run %+v", w.Code, w.Header().Get("Location"), run)
	}
	if b.fleet.secrets["var:p"] != planted || b.fleet.runs[run.ID].Plan.Warmup.D() != 10*time.Second {
		t.Errorf("the engine got secrets %v and plan %+v", b.fleet.secrets, b.fleet.runs[run.ID].Plan)
	}
	if again := body[bench.Run](t, b.ask("POST", "/api/runs", submission, "Idempotency-Key", "key-0001")); again.ID != run.ID {
		t.Errorf("the same key gave run %s, then %s", run.ID, again.ID)
	}
	if w := b.ask("POST", "/api/runs", strings.Replace(submission, "10s", "11s", 1), "Idempotency-Key", "key-0001"); w.Code != 422 || !strings.Contains(w.Body.String(), bench.CodeKeyReused) {
		t.Errorf("another plan with the same key: %d %s", w.Code, w.Body)
	}

	for range 3 {
		run = *b.run(t)
	}
	for _, name := range []string{run.ID, "@last", strings.ToLower(run.ID)} {
		if got := body[bench.Run](t, b.ask("GET", "/api/runs/"+name, "")); got.ID != run.ID || got.Plan == nil || got.Waiting == "" {
			t.Errorf("%s is %+v, want %s with plan and what it waits for", name, got, run.ID)
		}
	}
	if w := b.ask("GET", "/api/runs/01RUN", ""); w.Code != 409 || !strings.Contains(w.Body.String(), bench.CodeRunAmbiguous) {
		t.Errorf("ambiguous prefix: %d %s", w.Code, w.Body)
	}
	b.fleet.end(run.ID)
	if got := body[bench.Run](t, b.ask("GET", "/api/runs/@last", "")); got.ID != "01RUN0003" {
		t.Errorf("@last is %s, want the newest that goes on", got.ID)
	}
	if got := body[bench.Result](t, b.ask("GET", "/api/runs/"+run.ID+"/results", "")); got.Verdict != bench.VerdictPass {
		t.Errorf("result is %+v", got)
	}
	if w := b.ask("POST", "/api/runs/"+run.ID+"/stop", `{"mode":"stop"}`); w.Code != 409 {
		t.Errorf("stopping a run that has ended: %d", w.Code)
	}
	if got := body[bench.Run](t, b.ask("POST", "/api/runs/01RUN0002/stop", `{"mode":"abort","by":"ada"}`)); got.ID != "01RUN0002" || b.fleet.stops[0] != "01RUN0002 abort ada" {
		t.Errorf("stop: %+v, %v", got, b.fleet.stops)
	}

	var ids []string
	for before, pages := "", 0; ; pages++ {
		page := body[api.RunList](t, b.ask("GET", "/api/runs?limit=2&before="+before, ""))
		for _, r := range page.Runs {
			ids = append(ids, r.ID)
			if r.Plan != nil {
				t.Error("a list has plans")
			}
		}
		if before = page.Next; before == "" || pages > 5 {
			break
		}
	}
	if got := strings.Join(ids, " "); got != "01RUN0004 01RUN0003 01RUN0002 01RUN0001" {
		t.Errorf("pages hold %s", got)
	}
}

func TestDetails(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	at := "/api/runs/" + run.ID
	for n := range int64(20) {
		b.fleet.second(run.ID, n)
	}
	b.fleet.event(run.ID, bench.EventWorker, nil)
	if got := body[[]bench.Second](t, b.ask("GET", at+"/series?from=5&to=8", "")); len(got) != 3 || got[0].Second != 5 || got[0].Rows[0].Response != nil {
		t.Errorf("series is %+v", got)
	}
	if got := body[[]bench.Second](t, b.ask("GET", at+"/series?histograms=true", "")); len(got) != 20 || got[0].Rows[0].Response == nil {
		t.Errorf("series is %+v", got)
	}
	if got := body[[]bench.Event](t, b.ask("GET", at+"/events?after=1", "")); len(got) != 1 || got[0].Type != bench.EventWorker {
		t.Errorf("events are %+v", got)
	}
	if got := b.ask("GET", at+"/logs", "").Body.String(); strings.TrimSpace(got) != "[]" {
		t.Errorf("no logs are %q", got)
	}
	if got := body[[]bench.Execution](t, b.ask("GET", at+"/executions", "")); len(got) != 200 {
		t.Errorf("%d executions", len(got))
	}
	if got := body[[]bench.Worker](t, b.ask("GET", at+"/workers", "")); len(got) != 1 {
		t.Errorf("workers are %+v", got)
	}
	if got := body[[]bench.Fact](t, b.ask("GET", at+"/environment", "")); len(got) != 1 {
		t.Errorf("facts are %+v", got)
	}
	if got := body[[]bench.TargetSample](t, b.ask("GET", at+"/samples", "")); len(got) != 1 || got[0].Waits[0].Sessions != 3 {
		t.Errorf("samples are %+v", got)
	}
	for _, ask := range [][2]string{{"GET", at + "/enrichment"}, {"POST", at + "/enrich"}} {
		if w := b.ask(ask[0], ask[1], "{}"); w.Code != 404 || !strings.Contains(w.Body.String(), bench.CodeEnrichmentNotReady) {
			t.Errorf("%v before there is one: %d %s", ask, w.Code, w.Body)
		}
	}
	b.fleet.end(run.ID)
	if got := body[bench.Enrichment](t, b.ask("GET", at+"/enrichment", "")); got.Source != "test" || got.All().Coverage != 0.5 {
		t.Errorf("the target's side is %+v", got)
	}
	if got := body[bench.Enrichment](t, b.ask("POST", at+"/enrich", "{}")); got.Pass != 2 {
		t.Errorf("the second pass is %+v", got)
	}
}

func TestWorkerProtocol(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	at := "/api/runs/" + run.ID
	auth := []string{"Authorization", "Bearer " + WorkerToken(workerKey, run.ID)}
	send := func(target string, v any) *httptest.ResponseRecorder {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b.ask("POST", at+target, string(text), auth...)
	}
	a := body[bench.Assignment](t, send("/workers", bench.Registration{Run: run.ID, Slot: 1}))
	if a.Worker != "worker-1" || a.Secrets["var:p"] != planted || len(a.Plan.Workloads) != 1 {
		t.Errorf("assignment is %+v", a)
	}
	beat := bench.Heartbeat{Run: run.ID, Worker: "worker-1", Generation: 1, Status: bench.WorkerReady, Facts: []bench.Fact{{Name: "cpus", Value: "2"}}}
	if got := body[bench.HeartbeatAck](t, send("/workers/worker-1/heartbeat", beat)); got.NowNS != 42 {
		t.Errorf("ack is %+v", got)
	}
	beat.Generation = 7
	if w := send("/workers/worker-1/heartbeat", beat); w.Code != 409 || !strings.Contains(w.Body.String(), bench.CodeGenerationStale) {
		t.Errorf("a stale generation: %d %s", w.Code, w.Body)
	}
	report := bench.Report{Run: run.ID, Worker: "worker-1", Generation: 1, Seq: 3, Phase: bench.PhaseWarmup, FromUS: -5,
		Deltas:     []bench.Delta{{OpPhase: bench.PhaseWarmup, Ledger: bench.Ledger{Planned: 2, Done: 1, Failed: [bench.ErrorClasses]int64{1}}, Response: []byte{9}}},
		Executions: []bench.Execution{{Class: bench.ErrorConstraint, Why: "error"}}, Final: true}
	if got := body[bench.ReportAck](t, send("/metrics/live", report)); got.Received != 3 {
		t.Errorf("ack is %+v", got)
	}
	if got := body[[]bench.Event](t, b.ask("GET", at+"/workers/worker-1/control?generation=1&after=0", "", auth...)); len(got) != 1 {
		t.Errorf("events are %+v", got)
	}
	metrics := b.ask("GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`bench_runs{status="STARTING"} 1`, `bench_reports_total{result="received"} 1`, `bench_reports_total{result="refused"} 0`,
		"bench_report_seconds_count 1", "bench_stream_viewers 0", "go_goroutines ",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestControlWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		run := b.run(t)
		control := "/api/runs/" + run.ID + "/workers/worker-0/control?after=1"
		start := time.Now()
		if got := body[[]bench.Event](t, b.ask("GET", control, "")); len(got) != 0 || time.Since(start) != controlWait {
			t.Errorf("without an event: %v after %v", got, time.Since(start))
		}
		start = time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			b.fleet.event(run.ID, bench.EventStop, nil)
		}()
		if got := body[[]bench.Event](t, b.ask("GET", control, "")); len(got) != 1 || time.Since(start) != 3*time.Second {
			t.Errorf("with an event: %v after %v", got, time.Since(start))
		}
		start = time.Now()
		go func() {
			time.Sleep(time.Second)
			b.closeStreams()
		}()
		if got := body[[]bench.Event](t, b.ask("GET", control+"0", "")); len(got) != 0 || time.Since(start) != time.Second {
			t.Errorf("when the server stops: %v after %v", got, time.Since(start))
		}
	})
}

func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		run := b.run(t)
		link := b.Link("http://127.0.0.1:7433/")
		base, code, ok := strings.Cut(link, "#t=")
		if !ok || base != "http://127.0.0.1:7433/" {
			t.Fatalf("link is %s", link)
		}
		trade := func(code string, headers ...string) *httptest.ResponseRecorder {
			return b.ask("POST", "/api/session", `{"code":"`+code+`"}`, append(headers, "Authorization", "")...)
		}
		if w := trade("guess"); w.Code != 401 {
			t.Errorf("a guessed code: %d", w.Code)
		}
		if w := trade(code, "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
			t.Errorf("a trade from another site: %d", w.Code)
		}
		w := trade(code)
		if w.Code != 204 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		cookie := w.Result().Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Secure {
			t.Errorf("cookie is %+v", cookie)
		}
		if w := trade(code); w.Code != 401 {
			t.Errorf("the code a second time: %d", w.Code)
		}
		browse := func(method, target, text string, headers ...string) int {
			return b.ask(method, target, text, append(headers, "Authorization", "", "Cookie", cookie.Name+"="+cookie.Value)...).Code
		}
		at := "/api/runs/" + run.ID
		for _, c := range []struct {
			method, target, text string
			headers              []string
			want                 int
		}{
			{"GET", at, "", nil, 200},
			{"GET", "/metrics", "", nil, 200},
			{"POST", at + "/stop", `{"mode":"stop"}`, []string{"Origin", "http://127.0.0.1:7433", "Sec-Fetch-Site", "same-origin"}, 200},
			{"POST", at + "/stop", `{"mode":"stop"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403},
			{"POST", at + "/stop", `{"mode":"stop"}`, []string{"Sec-Fetch-Site", "same-site"}, 403},
			{"POST", at + "/stop", `{"mode":"stop"}`, []string{"Origin", "http://evil.example"}, 403},
			{"POST", at + "/stop", `{"mode":"stop"}`, []string{"Content-Type", "text/plain"}, 415},
			{"POST", "/api/runs", `{"plan":{}}`, []string{"Idempotency-Key", "12345678"}, 403},
			{"POST", at + "/workers", `{"run":"` + run.ID + `"}`, nil, 403},
			{"POST", at + "/metrics/live", `{"run":"` + run.ID + `"}`, nil, 403},
		} {
			if got := browse(c.method, c.target, c.text, c.headers...); got != c.want {
				t.Errorf("%s %s %v: status %d, want %d", c.method, c.target, c.headers, got, c.want)
			}
		}

		late := b.Link("")
		time.Sleep(codeLife + time.Second)
		if w := trade(strings.TrimPrefix(late, "/#t=")); w.Code != 401 {
			t.Errorf("a code after five minutes: %d", w.Code)
		}
		time.Sleep(sessionLife)
		if got := browse("GET", at, ""); got != 401 {
			t.Errorf("a session after its life: %d", got)
		}
		for range maxCodes + 10 {
			b.Link("")
		}
		if n := len(b.sessions.codes); n != maxCodes {
			t.Errorf("%d codes are kept", n)
		}
	})
}

func TestBehindProxy(t *testing.T) {
	b := newBed(t)
	b.config.BehindProxy = true
	at := "/api/runs/" + b.run(t).ID
	https := []string{"Host", "bench.example", "X-Forwarded-Proto", "https", "Origin", "https://bench.example"}
	if w := b.ask("GET", at, "", https...); w.Code != 200 {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	b.config.BehindProxy = false
	if w := b.ask("GET", at, "", https...); w.Code != 403 {
		t.Errorf("a header that anybody can send changed the origin: %d", w.Code)
	}
}

func TestPanicIsAProblem(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	b.fleet.mu.Lock()
	b.fleet.runs[run.ID] = nil // Stop will trip over it
	b.fleet.mu.Unlock()
	w := b.ask("POST", "/api/runs/"+run.ID+"/stop", `{"mode":"stop"}`)
	if w.Code != 500 || !strings.Contains(w.Body.String(), bench.CodeInternal) || !strings.Contains(b.log.String(), "panic") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, b.log)
	}
}

func TestReadyz(t *testing.T) {
	b := newBed(t)
	states := map[string]string{"journal": "ok"}
	b.config.Ready = func() map[string]string { return states }
	if got := body[api.Health](t, b.ask("GET", "/readyz", "")); got.Status != "ok" || got.Components["journal"] != "ok" {
		t.Errorf("health is %+v", got)
	}
	states["journal"] = "disk full"
	if w := b.ask("GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "disk full") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	states["journal"] = "ok"
	b.closeStreams()
	if w := b.ask("GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "stopping") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := b.ask("GET", "/livez", ""); w.Code != 200 {
		t.Errorf("a server that stops is not alive: %d", w.Code)
	}
	if w := b.ask("POST", "/api/runs", `{"plan":{}}`, "Idempotency-Key", "12345678"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a new run: %d %s", w.Code, w.Body)
	}
}

func TestCheckListen(t *testing.T) {
	for _, c := range []struct {
		addr       string
		tls, proxy bool
		ok         bool
	}{
		{"127.0.0.1:7433", false, false, true},
		{"127.9.9.9:0", false, false, true},
		{"localhost:7433", false, false, true},
		{"[::1]:7433", false, false, true},
		{":7433", false, false, false},
		{"0.0.0.0:7433", false, false, false},
		{"[::]:7433", false, false, false},
		{"10.0.0.5:7433", false, false, false},
		{"bench.example:7433", false, false, false},
		{"localhost.evil.example:7433", false, false, false},
		{"0.0.0.0:7433", true, false, true},
		{"0.0.0.0:7433", false, true, true},
		{"7433", true, true, false},
	} {
		err := CheckListen(c.addr, c.tls, c.proxy)
		if (err == nil) != c.ok {
			t.Errorf("CheckListen(%q, %v, %v) = %v", c.addr, c.tls, c.proxy, err)
		}
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.json")
	first := api.ServerFile{URL: "http://127.0.0.1:1", PID: 1, Token: "first"}
	second := api.ServerFile{URL: "http://127.0.0.1:2", PID: 2, Token: "second"}
	if err := os.WriteFile(path, []byte("old and readable"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range []api.ServerFile{first, second} {
		if err := WriteFile(path, f); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := RemoveFile(path, first); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), `"second"`) {
		t.Errorf("another server's file was touched: %s, %v", text, err)
	}
	if err := RemoveFile(path, second); err != nil {
		t.Error(err)
	}
	if err := RemoveFile(path, second); err != nil {
		t.Errorf("a file that is gone: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := WriteFile(filepath.Join(path, "x"), first); err == nil {
		t.Error("a folder that does not exist was written to")
	}
}

// ours are the goroutines that run code of this module, apart from the test's own.
func ours() []string {
	buf := make([]byte, 1<<20)
	var found []string
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "bench/server") && !strings.Contains(g, "testing.tRunner") || strings.Contains(g, "coder/websocket") {
			found = append(found, g)
		}
	}
	return found
}

// listen serves on a loopback port until the test or stop ends it.
func (b *bed) listen(t *testing.T) (addr string, stop func() error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx, ln) }()
	done := false
	stop = func() error {
		cancel()
		if done {
			return nil
		}
		done = true
		return <-served
	}
	t.Cleanup(func() { stop() })
	return ln.Addr().String(), stop
}

func FuzzReport(f *testing.F) {
	b := newBed(f)
	run := b.run(f)
	good, _ := json.Marshal(bench.Report{Run: run.ID, Worker: "w", Seq: 1, Deltas: []bench.Delta{{Response: []byte{1}}}})
	f.Add(good)
	f.Add([]byte(`{"run":1}`))
	f.Add([]byte(`{"run":"` + run.ID + `","deltas":[{"failed":[1,2]}],"executions":[{"class":"nonsuch"}]}`))
	f.Add([]byte(`[[[[`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		w := b.ask("POST", "/api/runs/"+run.ID+"/metrics/live", string(text))
		switch w.Code {
		case 200, 400, 413, 422:
		default:
			t.Errorf("status %d for %q: %s", w.Code, text, w.Body)
		}
		if _, err := io.ReadAll(w.Body); err != nil {
			t.Error(err)
		}
		b.log.reset()
	})
}

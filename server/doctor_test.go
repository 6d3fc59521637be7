package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"bench/diagnostics"
	"bench/runtime/bench"
)

// Reports that never reach the engine are counted by reason, those of unknown runs are not.
func TestRefusedReportsAreCounted(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	path := "/api/runs/" + run.ID + "/metrics/live"
	for _, c := range []struct {
		body    string
		headers []string
		status  int
	}{
		{"{}", []string{"Authorization", "Bearer of another server"}, http.StatusUnauthorized},
		{"{}", []string{"Authorization", "Bearer of another server"}, http.StatusUnauthorized},
		{`{"run":"` + strings.Repeat("x", reportBytes) + `"}`, nil, http.StatusRequestEntityTooLarge},
		{"{}", []string{"Content-Type", "text/plain"}, http.StatusUnsupportedMediaType},
	} {
		if w := b.ask("POST", path, c.body, c.headers...); w.Code != c.status {
			t.Fatalf("status %d, want %d: %.200s", w.Code, c.status, w.Body)
		}
	}
	b.ask("POST", "/api/runs/01UNKNOWN/metrics/live", "{}", "Authorization", "Bearer of another server")

	live := body[bench.Live](t, b.ask("GET", "/api/runs/"+run.ID+"/live", ""))
	if p := live.Plane[0]; p.Refused != 4 || p.RefusedWhy != "401 unauthorized 2, 413 too large 1, 415 media type 1" || p.RefusedS < 0 {
		t.Errorf("%+v", p)
	}
	if len(b.refused) != 1 {
		t.Errorf("%d runs are counted for", len(b.refused))
	}

	b.fleet.end(run.ID)
	b.ask("GET", "/api/runs/"+run.ID+"/doctor", "")
	next := b.run(t)
	b.ask("POST", path, "{}", "Authorization", "Bearer of another server")
	b.ask("POST", "/api/runs/"+next.ID+"/metrics/live", "{}", "Authorization", "Bearer of another server")
	if len(b.refused) != 1 || b.refused[next.ID] == nil {
		t.Errorf("after the end of the first run, %d runs are counted for", len(b.refused))
	}
}

// The server's doctor gives the report that the command line prints: of the live state, and of the journal.
func TestDoctorRoute(t *testing.T) {
	b := newBed(t)
	set, ds := diagnostics.Load(nil, "")
	if ds != nil {
		t.Fatal(ds)
	}
	b.config.Checks = set
	var mu sync.Mutex
	asked := ""
	b.config.Store = &diagnostics.Database{Dialect: "sqlite", Query: func(_ context.Context, sql string, _ int) ([]string, [][]any, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = sql
		return nil, nil, nil
	}}
	run := b.run(t)
	b.ask("POST", "/api/runs/"+run.ID+"/metrics/live", "{}", "Authorization", "Bearer of another server")
	r := body[diagnostics.Report](t, b.ask("GET", "/api/runs/@last/doctor", ""))
	if r.Run != run.ID || r.Exit != bench.ExitFail || len(r.Causes) == 0 || r.Causes[0] != "BEN0201" || !strings.Contains(asked, "'"+run.ID+"'") {
		t.Errorf("causes %v, exit %d, asked %q", r.Causes, r.Exit, asked)
	}
	if f := r.Find("BEN0001"); f.Outcome != diagnostics.Pass {
		t.Errorf("BEN0001 is %s: %s", f.Outcome, f.Detail)
	}
	b.fleet.end(run.ID)
	if w := b.ask("GET", "/api/runs/"+run.ID+"/live", ""); w.Code != http.StatusConflict && w.Code != http.StatusGone {
		t.Errorf("the live state of a run that has ended: %d %s", w.Code, w.Body)
	}
	if r := body[diagnostics.Report](t, b.ask("GET", "/api/runs/"+run.ID+"/doctor", "")); r.Find("BEN0201").Why != diagnostics.WhyDoesntApply {
		t.Errorf("BEN0201 of a run that has ended is %s", r.Find("BEN0201").Outcome)
	}
	if w := b.ask("GET", "/api/runs/"+run.ID+"/doctor", "", "Authorization", "Bearer "+WorkerToken(workerKey, run.ID)); w.Code != http.StatusForbidden {
		t.Errorf("a worker asked the doctor: %d", w.Code)
	}
}

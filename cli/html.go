package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"bench/runtime/bench"
	"bench/runtime/stats"
	"bench/server"
	"bench/server/client"
	"bench/server/dashboard"
	"bench/server/tail"
)

// writeHTML writes everything about a run into one file: the dashboard with the answers that a server gives. Without one, a
// server inside this process gives them, from the same place that everything else is read from.
func (p *program) writeHTML(ctx context.Context, at *place, run *bench.Run, file string) error {
	get, err := answers(at)
	if err != nil {
		return err
	}
	report := dashboard.Report{
		Title: "bench: " + run.Name + " " + run.ID, Home: dashboardOf(run), Answers: map[string]json.RawMessage{},
	}
	for _, path := range recorded(run) {
		answer, err := get(ctx, path)
		code := bench.CodeOf(err)
		switch {
		case err == nil:
			report.Answers[path] = answer
		case code != bench.CodeResultNotReady && code != bench.CodeEnrichmentNotReady && code != bench.CodeNotFound: // the page says that there is none
			return fmt.Errorf("read what the report holds: %w", err)
		}
	}
	return replace(file, 0o644, report.Write)
}

// recorded are the paths of what the screens of one run ask for, as server/dashboard/page/store.js writes them.
func recorded(run *bench.Run) []string {
	base := "/api/runs/" + url.PathEscape(run.ID)
	paths := []string{base}
	for _, part := range []string{"results", "events", "workers", "executions?limit=500", "environment", "samples", "enrichment", "doctor"} {
		paths = append(paths, base+"/"+part)
	}
	workloads := []string{""}
	if run.Plan != nil && len(run.Plan.Workloads) > 1 {
		for _, w := range run.Plan.Workloads {
			workloads = append(workloads, w.Name)
		}
	}
	for _, w := range workloads {
		name := strings.ReplaceAll(url.QueryEscape(w), "+", "%20")
		paths = append(paths, base+"/chart?workload="+name+"&buckets=1000")
		if w == "" || seconds(run)*len(workloads) <= mostHistograms {
			paths = append(paths, base+"/histograms?workload="+name+"&windows=120")
		}
	}
	return paths
}

// mostHistograms is how many seconds are merged for the windows of single workloads, each some 40 microseconds of work. Those
// of longer runs have the histogram of their result.
const mostHistograms = 50_000

// seconds is how long a run drove load.
func seconds(run *bench.Run) int {
	if run.StartTime == nil || run.EndTime == nil {
		return 0
	}
	return int(run.EndTime.Sub(*run.StartTime).Seconds())
}

// answers is what gives the answers of a server at a place.
func answers(at *place) (func(ctx context.Context, path string) (json.RawMessage, error), error) {
	if at.live() {
		return at.client.Get, nil
	}
	history, ok := at.history.(server.History)
	if !ok {
		return nil, bench.Errorf(bench.CodeInternal, "%s cannot be read as a server reads it", at)
	}
	checks, err := loadChecks("")
	if err != nil {
		return nil, err
	}
	token := rand.Text()
	s := server.New(server.Config{Engine: idle{}, History: history, Checks: checks, Store: at.database, Hub: &tail.Hub{Merge: stats.MergeHists}, Token: token, Version: version()})
	return func(ctx context.Context, path string) (json.RawMessage, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		a := &answer{header: http.Header{}, status: http.StatusOK}
		s.ServeHTTP(a, r)
		return client.Answer(a.body.Bytes(), a.status)
	}, nil
}

// idle is the engine of a server that only reads: it drives no run.
type idle struct{ server.Engine }

func (idle) Live(string) (*bench.Run, bool) { return nil, false }

// An answer is what a handler wrote.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bench/runtime/bench"
)

// A run that ends between the look at the journal and that at its server is examined as one that has ended.
func TestDoctorOfARunThatEndsMeanwhile(t *testing.T) {
	j, path, run := openSample(t)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/live") {
			fmt.Fprint(w, `{"runs":[]}`)
			return
		}
		asked++
		if _, _, err := j.Transition(r.Context(), bench.Transition{Run: run.ID, Epoch: 1, From: run.State,
			To: bench.State{Status: bench.StatusFailed, Phase: bench.PhaseMeasurement}, At: time.Now(), Ended: true}); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, `{"code":%q,"detail":"the run has ended"}`, bench.CodeRunEnded)
	}))
	defer server.Close()
	text, err := json.Marshal(map[string]any{"url": server.URL, "token": "token", "pid": os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "server.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := &program{Process: Process{Stdout: &out, Stderr: &out, Env: func(string) (string, bool) { return "", false }}, globals: globals{Journal: path, Timeout: 10 * time.Second}}
	c := &doctorCommand{Output: "text", FailOn: "fail"}
	c.runFlag.Run = "@last"
	if err := c.Run(p); err == nil {
		t.Error("a run that failed passes")
	}
	if !strings.Contains(out.String(), "FAILED/MEASUREMENT") || strings.Contains(out.String(), "BEN0003") || asked != 1 {
		t.Errorf("its live state was asked for %d times:\n%s", asked, &out)
	}
}

// A server that refuses the token can be reached, and the code says which it is.
func TestDoctorWithoutJournalAndWithTheWrongToken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"code":%q,"detail":"this needs the server's token"}`, bench.CodeUnauthorized)
	}))
	defer server.Close()
	p := &program{Process: Process{Env: func(string) (string, bool) { return "", false }},
		globals: globals{Journal: filepath.Join(t.TempDir(), "journal.db"), Server: server.URL, Timeout: 10 * time.Second}}
	c := &doctorCommand{}
	c.runFlag.Run = "@last"
	if err := c.Run(p); bench.CodeOf(err) != bench.CodeUnauthorized {
		t.Errorf("%s: %v, want %s", bench.CodeOf(err), err, bench.CodeUnauthorized)
	}
}

package server

import (
	"strings"
	"testing"

	"bench/runtime/bench"
	"bench/server/api"
)

// feeding makes a bed whose server feeds a replica, which stands as the test says.
func feeding(t *testing.T, r *api.Replica) *bed {
	b := newBed(t)
	config := b.config
	config.Replica = func() *api.Replica { return r }
	b.Server = New(config)
	return b
}

func TestReplicaIsShownAndMakesNothingUnready(t *testing.T) {
	r := &api.Replica{State: api.ReplicaAway, Place: "database x", BacklogRows: 1234, LagMS: 5500, Error: "connection refused"}
	b := feeding(t, r)
	check := func(wantHealth string, wantMetrics ...string) {
		t.Helper()
		w := b.ask("GET", "/readyz", "", "Authorization", "")
		health := body[api.Health](t, w)
		if w.Code != 200 || health.Status != "ok" || health.Components["replica"] != wantHealth {
			t.Errorf("readyz is %d %+v", w.Code, health)
		}
		if got := *body[*api.Replica](t, b.ask("GET", "/api/replica", "")); got != *r {
			t.Errorf("the replica is %+v, want %+v", got, *r)
		}
		metrics := b.ask("GET", "/metrics", "").Body.String()
		for _, want := range wantMetrics {
			if !strings.Contains(metrics, "\n"+want+"\n") {
				t.Errorf("metrics lack %s", want)
			}
		}
	}
	check("away: 1234 rows are not replicated, the oldest for 5.5s",
		"bench_replica_connected 0", "bench_replica_lag_seconds 5.5", "bench_replica_backlog_rows 1234")
	*r = api.Replica{State: api.ReplicaBehind, BacklogRows: 10, LagMS: 7000}
	check("behind: 10 rows are not replicated, the oldest for 7s", "bench_replica_connected 1")
	*r = api.Replica{State: api.ReplicaCurrent, BacklogRows: 3, LagMS: 900}
	check("ok", "bench_replica_connected 1", "bench_replica_lag_seconds 0.9", "bench_replica_backlog_rows 3")
}

func TestNoReplicaIsNoZero(t *testing.T) {
	b := newBed(t)
	if w := b.ask("GET", "/api/replica", ""); w.Code != 404 || !strings.Contains(w.Body.String(), bench.CodeNotFound) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if text := b.ask("GET", "/metrics", "").Body.String(); strings.Contains(text, "bench_replica") {
		t.Error("metrics tell of a replica that there is not")
	}
	if _, ok := body[api.Health](t, b.ask("GET", "/readyz", "")).Components["replica"]; ok {
		t.Error("readyz tells of a replica that there is not")
	}
}

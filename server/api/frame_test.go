package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"bench/runtime/bench"
)

func TestColumnarFollowsColumns(t *testing.T) {
	s := &bench.Second{
		Rows: []bench.SecondRow{{
			Workload: 1, Ledger: bench.Ledger{Planned: 20, Done: 10, Failed: [bench.ErrorClasses]int64{1, 0, 2}, Indoubt: 3, Censored: 1, Skipped: 2},
			Retries: 4, Rows: 5, P50US: 6, P95US: 7, P99US: 8, MaxUS: 9, ServiceP50US: 11, ServiceP99US: 12,
		}},
		Gauges: bench.Gauges{Connections: 13, InFlight: 14, OldestUS: 15, LagP99US: 16},
	}
	rows, all, gauges := Columnar(s)
	want := map[string]int64{
		"w": 1, "planned": 20, "done": 10, "errors": 9, "retries": 4, "rows": 5, "p50_us": 6, "p95_us": 7, "p99_us": 8, "max_us": 9,
		"service_p50_us": 11, "service_p99_us": 12, "connections": 13, "in_flight": 14, "oldest_us": 15, "lag_p99_us": 16,
	}
	values, names := slices.Concat(rows[0], gauges), slices.Concat(Columns, GaugeColumns)
	if len(values) != len(names) || len(names) != len(want) {
		t.Fatalf("%d values for %d names", len(values), len(names))
	}
	for i, name := range names {
		if values[i] != want[name] {
			t.Errorf("%s is %d, want %d", name, values[i], want[name])
		}
	}
	if all != nil {
		t.Errorf("all in one, which the second does not have, is %v", all)
	}
	s.Rows = append([]bench.SecondRow{{Workload: -1, Ledger: bench.Ledger{Planned: 7, Done: 6}, P95US: 5}}, s.Rows...)
	rows, all, _ = Columnar(s)
	if len(rows) != 1 || len(all) != len(Columns) || all[0] != -1 || all[1] != 7 || all[2] != 6 || all[7] != 5 {
		t.Errorf("rows %v, all in one %v", rows, all)
	}
}

// FuzzFrame holds that what a viewer reads can be written and read again without a change.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`{"t":"hello","v":1,"ep":"k3f9","run":{"id":"r","plan":{"warmup":"10s"}},"workloads":["a"],"timeline":{"warmup_us":5}}`,
		`{"t":"d","seq":2,"ts":1764000000123,"ph":"WARMUP","s":0,"w":[[0,1,2]],"g":[1],"excluded":{"dead":1}}`,
		`{"t":"h","seq":3,"wl":0,"from":0,"to":9,"hist":"AQID"}`,
		`{"t":"ev","seq":4,"ev":{"type":"PHASE","data":{"status":"RUNNING"}}}`,
		`{"t":"gap","from":4,"to":9,"why":"slow"}`,
		`{"t":"end","exit":0,"result":{"slos":[{"max":1.5}]}}`,
		`{"t":"later","x":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var frame Frame
		if json.Unmarshal(text, &frame) != nil {
			return
		}
		once, err := json.Marshal(&frame)
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", text, err)
		}
		var again Frame
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%q was written as %s, which cannot be read: %v", text, once, err)
		}
		twice, err := json.Marshal(&again)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q was written as %s, then as %s (%v)", text, once, twice, err)
		}
	})
}

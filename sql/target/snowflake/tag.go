package snowflake

import (
	"encoding/json"
	"strings"

	"bench/runtime/bench"
)

// A tag is the QUERY_TAG by which a statement is found again in Snowflake's query history: JSON, with these members in
// this order, so that it can also be compared as text.
type tag struct {
	App      string      `json:"app"` // bench
	Run      string      `json:"run"` // its id; setup for statements before and after a run
	Phase    bench.Phase `json:"phase,omitempty"`
	Workload string      `json:"workload,omitempty"` // at most 100 characters, so the tag stays below the 2000 that Snowflake allows
}

func newTag(name string) tag { return tag{App: "bench", Run: strings.TrimPrefix(name, "bench ")} }

// text is the tag of statements of a phase and a workload.
func (t tag) text(phase bench.Phase, workload string) string {
	t.Phase, t.Workload = phase, workload
	b, err := json.Marshal(t)
	if err != nil {
		panic("a tag is always JSON: " + err.Error())
	}
	return string(b)
}

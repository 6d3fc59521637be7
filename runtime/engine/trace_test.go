package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
)

// A trace is every call that reached a server or its journal, with its arguments, its answer, and the instant. What a seed
// does not decide is masked: the names that chance gives to runs and processes, and what this process takes of its host.
type trace struct {
	mu    sync.Mutex
	began time.Time
	run   string
	lines []string
}

// note adds a call. A nil trace keeps nothing.
func (t *trace) note(who, what string, of ...any) {
	if t == nil {
		return
	}
	line := []string{fmt.Sprintf("%13.9f", time.Since(t.began).Seconds()), who, what}
	for _, x := range of {
		if err, ok := x.(error); ok {
			line = append(line, "error: "+err.Error())
		} else if text, err := json.Marshal(masked(x)); err != nil {
			panic(err)
		} else if string(text) != "null" {
			line = append(line, string(text))
		}
	}
	t.mu.Lock()
	t.lines = append(t.lines, strings.Join(line, " "))
	t.mu.Unlock()
}

// masked is x without what the seed does not decide.
func masked(x any) any {
	switch x := x.(type) {
	case bench.Registration:
		x.Instance = ""
		return x
	case bench.Heartbeat:
		x.CPUPercent, x.MemoryBytes = 0, 0
		return x
	case bench.Report:
		x.Executions = inOrder(x.Executions)
		return x
	case *bench.Batch:
		b := *x
		b.Workers, b.Snapshots = slices.Clone(b.Workers), slices.Clone(b.Snapshots)
		for i := range b.Workers {
			b.Workers[i].CPUPercent, b.Workers[i].MemoryBytes = 0, 0
		}
		for i := range b.Snapshots {
			b.Snapshots[i].Executions = inOrder(b.Snapshots[i].Executions)
		}
		return &b
	}
	return x
}

// inOrder sorts operations: of those that end in the same nanosecond, none is first.
func inOrder(all []bench.Execution) []bench.Execution {
	return slices.SortedFunc(slices.Values(all), func(a, b bench.Execution) int {
		if a.Connection != b.Connection {
			return a.Connection - b.Connection
		}
		return int(a.Number - b.Number)
	})
}

// sorted is the trace in order of time, and of what happened in the same instant, in that of its text.
func (t *trace) sorted() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := make([]string, len(t.lines))
	for i, line := range t.lines {
		lines[i] = strings.ReplaceAll(line, t.run, "RUN")
	}
	slices.Sort(lines)
	return lines
}

func (t *trace) hash() string {
	sum := sha256.Sum256([]byte(strings.Join(t.sorted(), "\n")))
	return hex.EncodeToString(sum[:8])
}

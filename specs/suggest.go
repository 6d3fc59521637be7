package specs

import (
	"fmt"
	"slices"
	"strings"
)

// synonyms are words that people bring along from other tools, and what they are called here.
var synonyms = map[string][]string{
	"clients": {"connections"}, "concurrency": {"connections"}, "streams": {"connections"}, "threads": {"connections"},
	"users": {"connections"}, "vus": {"connections"}, "workers": {"connections"}, "worker": {"workers", "connections"},
	"length": {"duration"}, "run_time": {"duration"}, "runtime": {"duration"}, "time": {"duration"}, "for": {"duration"},
	"warm_up": {"warmup"}, "warmup_time": {"warmup"}, "warmup_seconds": {"warmup"}, "duration_seconds": {"duration"},
	"query": {"sql", "statement"}, "queries": {"workload", "sql"}, "statements": {"statement"}, "text": {"sql"},
	"step": {"statement"}, "scenario": {"workload"}, "queryset": {"workload"}, "files": {"for_each"},
	"retries": {"retry"}, "max_attempts": {"attempts"}, "tries": {"attempts"}, "wait": {"backoff"},
	"pace": {"pacing"}, "think_time": {"think"}, "sleep": {"think"}, "ramp_up": {"ramp"}, "rampup": {"ramp"},
	"url": {"dsn"}, "uri": {"dsn"}, "connection_string": {"dsn"}, "connection": {"dsn"}, "db": {"database"},
	"dbname": {"database"}, "username": {"user"}, "pass": {"password"}, "file": {"path"}, "filename": {"path"},
	"database": {"target"}, "limit": {"max"}, "threshold": {"max"}, "share": {"weight"}, "ratio": {"weight"}, "percent": {"weight"},
	"min_samples": {"min_n"}, "exponent": {"skew"}, "theta": {"skew"}, "min": {"from"}, "max": {"to"}, "start": {"from"}, "end": {"to"},
	"parameter": {"param"}, "parameters": {"param"}, "params": {"param"}, "tags": {"labels"}, "init": {"setup"}, "cleanup": {"teardown"},
	"stddev": {"sigma"}, "average": {"mean"}, "avg": {"mean"}, "getenv": {"env"}, "glob": {"fileset"}, "read": {"file"}, "len": {"length"},
	"deadlock": {"serialization"}, "deadlocks": {"serialization"}, "conflict": {"serialization"},
	"tx": {"transaction"}, "isolation_level": {"isolation"}, "statement_timeout": {"timeout"}, "query_timeout": {"timeout"},
}

// didYouMean is the sentence for a name that is not one of the candidates: the one that was probably meant, or else all
// of them when they are few.
func didYouMean(name string, candidates []string) string {
	if best := nearest(name, candidates); best != "" {
		return fmt.Sprintf("Did you mean %s?", best)
	}
	if n := len(candidates); n == 0 || n > 16 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(candidates))
	return fmt.Sprintf("Known here: %s.", strings.Join(sorted, ", "))
}

func nearest(name string, candidates []string) string {
	for _, s := range synonyms[strings.ToLower(name)] {
		if slices.Contains(candidates, s) {
			return s
		}
	}
	best, least := "", max(1, len(name)/3)+1
	if len(name) > longest {
		return ""
	}
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < least && d < max(len(c), len(name)) {
			best, least = c, d
		}
	}
	return best
}

// longest is the length of the longest name that is compared.
const longest = 64

// distance is how many letters must be put in, taken out, replaced or swapped with their neighbour to make b of a
// (optimal string alignment).
func distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
	}
	var rows [3][longest + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, above2 := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], above2[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

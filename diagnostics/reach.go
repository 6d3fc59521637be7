package diagnostics

import (
	"encoding/json"
	"maps"

	"bench/runtime/bench"
)

// A Reach is what was seen on the way to the server of a run: the one row of the table "reach".
type Reach struct {
	State  string  `json:"state"`
	Server string  `json:"server"` // its address, or where one was looked for
	Error  string  `json:"error"`
	TripMS float64 `json:"trip_ms"`
	LastS  float64 `json:"last_s"` // since the last sign of the run's owner in the journal; below 0 when that is not known
	Owner  string  `json:"owner"`
}

// What the way to a server may end with.
const (
	Reached      = "ok"
	NoServer     = "none"         // none was found
	Unreachable  = "unreachable"  // it does not answer
	Unauthorized = "unauthorized" // it does not take the token
	NotDriven    = "not_driven"   // it does not drive this run
)

// LiveTables are the live state that get gives, and how it was reached; when it cannot be had, why is in the reach, and the
// error makes checks of the other tables undetermined.
func LiveTables(get func() (json.RawMessage, error), reach Reach) (Tables, error) {
	var tables Tables
	var err error
	if reach.State == Reached {
		var text json.RawMessage
		if text, err = get(); err == nil {
			tables, err = ParseTables(text)
		}
		if err != nil {
			reach.State, reach.Error = ReachOf(err), err.Error()
		}
	}
	text, encoding := json.Marshal(map[string][]Reach{"reach": {reach}})
	if encoding != nil {
		panic("a reach is always JSON: " + encoding.Error())
	}
	way, parsing := ParseTables(text)
	if parsing != nil {
		panic("a reach is always rows: " + parsing.Error())
	}
	maps.Copy(way, tables)
	if err == nil && reach.State != Reached {
		err = &refusal{WhySQLError, "no server gives the live state: " + reach.State}
	}
	return way, err
}

// ReachOf is the state that the error of a call to a server means.
func ReachOf(err error) string {
	switch bench.CodeOf(err) {
	case bench.CodeUnauthorized, bench.CodeForbidden, bench.CodeMisdirected:
		return Unauthorized
	case bench.CodeRunNotFound, bench.CodeRunEnded:
		return NotDriven
	}
	return Unreachable
}

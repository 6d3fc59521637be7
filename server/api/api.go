// Package api holds the JSON types of the wire, without behaviour: what the HTTP API takes and gives, and the frames of
// the stream bench.v1. What is a noun of package bench goes over the wire as it is.
package api

import (
	"time"

	"bench/runtime/bench"
)

// A Submission asks for a run: POST /api/runs, with an Idempotency-Key header made before the first try.
type Submission struct {
	Plan    bench.Plan              `json:"plan"`
	Secrets map[bench.Secret]string `json:"secrets,omitempty"` // kept in memory only, given to the run's own workers
}

// A StopRequest asks for the end of a run: POST /api/runs/{run_id}/stop.
type StopRequest struct {
	Mode bench.Desired `json:"mode"` // stop or abort
	By   string        `json:"by"`   // who asks, for the record: "ada@host, Ctrl-C"
}

// A RunList is GET /api/runs, newest first.
type RunList struct {
	Runs []bench.Run `json:"runs"`
	Next string      `json:"next,omitempty"` // pass as ?before= for the next page
}

// A Session is POST /api/session: a browser trades its one-time code for a cookie.
type Session struct {
	Code string `json:"code"`
}

// A Caller is GET /api/session: what whoever asks may do.
type Caller struct {
	MayStop bool `json:"may_stop"`
}

// A LinkRequest is POST /api/links: a link to a page that signs a browser in, once.
type LinkRequest struct {
	Page string `json:"page"`          // its path
	Act  bool   `json:"act,omitempty"` // the browser may also stop runs; without it the link is good for looking, for a day
}

// A Link answers a LinkRequest.
type Link struct {
	Page string `json:"page"` // the path with its code, to be put after the address of the server
}

// A Window is the response times of one workload over adjacent seconds of one phase: one of GET /api/runs/{run_id}/histograms.
type Window struct {
	Phase     bench.Phase `json:"ph"`
	From      int64       `json:"from"` // first second
	To        int64       `json:"to"`   // last second
	Histogram []byte      `json:"hist"`
}

// A Worker is one of GET /api/runs/{run_id}/workers: its row, and how it stands inside the server while that drives the run.
type Worker struct {
	bench.Worker
	Live *bench.LiveWorker `json:"live,omitempty"`
}

// A Problem is the body of every error, as RFC 9457 has it with a code of ours.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"` // run_not_found, run_ended, generation_stale, …
}

func (p *Problem) Error() string { return p.Detail }

// Health is GET /readyz, each component with "ok" or what is wrong with it. A replica is a component whose troubles do not
// make a server less ready.
type Health struct {
	Status     string            `json:"status"`
	Components map[string]string `json:"components"`
}

// A Replica is how the copy of the server's journal stands that the server feeds: GET /api/replica, and in frames of the
// stream. It is at most a second old.
type Replica struct {
	State       ReplicaState `json:"state"`
	Reached     bool         `json:"reached"`          // since the server started; before, everything in its journal counts as not replicated
	Place       string       `json:"place,omitempty"`  // which one it is, without secrets; not in frames
	BacklogRows int64        `json:"backlog_rows"`     // written to the journal and not replicated; one written three times counts three times
	LagMS       int64        `json:"lag_ms"`           // age of the oldest of them
	Error       string       `json:"error,omitempty"`  // why the last attempt to feed it failed, without secrets
	Upkeep      *Upkeep      `json:"upkeep,omitempty"` // of a replica in Snowflake; not in frames
}

// An Upkeep is an estimate of what a replica costs: the time for which feeding it kept a warehouse up, since the server
// started, at the warehouse's rate. Others who use the warehouse in that time share it, and what Snowflake meters is known
// hours later.
type Upkeep struct {
	Warehouse   string   `json:"warehouse"`
	Size        string   `json:"size"`
	KeptSeconds float64  `json:"kept_seconds"`
	Credits     *float64 `json:"credits,omitempty"`     // absent when they cannot be estimated
	RatesAsOf   string   `json:"rates_as_of,omitempty"` // when the rate was looked up
	Why         string   `json:"why,omitempty"`         // there is no estimate
}

// A ReplicaState says in a word how a replica stands.
type ReplicaState string

// The states of a replica.
const (
	ReplicaConnecting ReplicaState = "connecting" // the server has begun, and the replica has no rows of it yet: its tables are made first
	ReplicaCurrent    ReplicaState = "current"    // it has everything but what was written in the last seconds
	ReplicaBehind     ReplicaState = "behind"     // it is fed, and lacks more than that
	ReplicaAway       ReplicaState = "away"       // it cannot be fed; the server tries again and again
)

// ServerFile is what lies beside a journal as JOURNAL.server.json, mode 0600, as long as a server owns the journal.
type ServerFile struct {
	URL     string    `json:"url"`
	PID     int       `json:"pid"`
	Token   string    `json:"token"`
	Started time.Time `json:"started"`
}

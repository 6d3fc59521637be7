// Package server is the HTTP side of bench: the API that commands and browsers use, the protocol of workers, and the
// stream of live runs. It decides who may ask for what and turns requests into calls; what a run does is the engine's.
//
// Every request passes the same gates, in this order:
//
//	Host is one of ours (421) -> Origin, if any, is ours (403) -> token or session (401) -> route (404, 405)
//	  -> what this caller may do there (403) -> JSON (415) -> size (413) -> handler
//
// There are three kinds of callers. Who has the server's token may do everything. A worker has a token that is made
// from its run's id and is good for that run's worker protocol alone. A browser trades a one-time code for a session,
// which may read runs and, unless it was made for looking only, stop them. Only /livez, /readyz, the pages of the
// dashboard, which hold nothing, and that trade need nothing.
//
// Errors are RFC 9457 problems with a code of package bench; the table in problem.go is the only place that knows their
// statuses. Nothing that a client sent is repeated in an error, for it may be a secret.
//
// [Server.Serve] owns all goroutines: when its context ends, streams are closed with "going away" and a viewer resumes
// elsewhere or later; when it returns, none is left.
package server

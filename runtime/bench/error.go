package bench

import (
	"errors"
	"fmt"
)

// An Error is one that a person or a program acts on: its Code is stable, its Message is a sentence for whoever reads
// it. The server has one table from codes to HTTP statuses, the command line one from codes to exit codes.
type Error struct {
	Code    string // one of the Code constants
	Message string // never holds a secret
	Err     error  // what led to it, if anything; for logs, never sent to a client
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives what led to the error.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, &Error{Code: c}) ask for the code alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// Errorf makes an Error from a format; an argument of %w becomes its Err.
func Errorf(code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// CodeOf is the code of the first Error in err's chain, or [CodeInternal] when there is none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// The codes of errors.
const (
	CodeRunNotFound        = "run_not_found"
	CodeRunAmbiguous       = "run_ambiguous"        // a prefix of more than one run
	CodeRunEnded           = "run_ended"            // what was asked for needs a run that goes on
	CodeResultNotReady     = "result_not_ready"     // the run has none yet
	CodeEnrichmentNotReady = "enrichment_not_ready" // the target was not asked yet
	CodeKeyReused          = "key_reused"           // the idempotency key was used for another plan
	CodePlanInvalid        = "plan_invalid"         // the plan cannot be carried out as it is
	CodeWorkerUnknown      = "worker_unknown"       // not registered with this run
	CodeGenerationStale    = "generation_stale"     // another process took the worker's slot, or the worker was declared dead
	CodeConflict           = "conflict"             // a change that came first
	CodeBusy               = "busy"                 // try again shortly
	CodeStopping           = "stopping"             // the server is about to end
	CodeInvalid            = "invalid"              // the request is malformed
	CodeTooLarge           = "too_large"            // the request's body
	CodeMediaType          = "media_type"           // the request's body is not JSON
	CodeUnauthorized       = "unauthorized"         // no token, or one that is not known
	CodeForbidden          = "forbidden"            // the token does not allow it
	CodeMisdirected        = "misdirected"          // the Host is not one of the server's names
	CodeNotFound           = "not_found"            // no such route
	CodeMethodNotAllowed   = "method_not_allowed"   // the route has other methods
	CodeTimeout            = "timeout"              // it took too long
	CodeUnreachable        = "unreachable"          // no server, or no answer from it
	CodeInternal           = "internal_error"       // a bug, or a part that is broken
)

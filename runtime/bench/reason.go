package bench

// A Reason is the machine code of how a run ended; a sentence (STOP_DETAIL) always stands beside it.
type Reason string

// Every way in which a run can end.
const (
	ReasonCompleted          Reason = "completed"           // the plan came to its end
	ReasonStopRequested      Reason = "stop_requested"      // a person asked for a drain
	ReasonAbortRequested     Reason = "abort_requested"     // a person asked for an abort
	ReasonSetupFailed        Reason = "setup_failed"        // setup SQL was refused
	ReasonTargetUnreachable  Reason = "target_unreachable"  // no session could be opened
	ReasonWorkersNotReady    Reason = "workers_not_ready"   // the READY deadline passed
	ReasonWorkerFailed       Reason = "worker_failed"       // a worker gave up and said why
	ReasonWorkerLost         Reason = "worker_lost"         // a worker died or fell silent
	ReasonGuardErrorRate     Reason = "guard_error_rate"    // guard { max_error_rate }
	ReasonGuardDuration      Reason = "guard_duration"      // guard { max_duration }
	ReasonGuardCredits       Reason = "guard_credits"       // guard { max_credits }
	ReasonLedgerImbalance    Reason = "ledger_imbalance"    // counts do not add up: a bug, never a result
	ReasonJournalUnavailable Reason = "journal_unavailable" // the journal could not be written
	ReasonServerStopped      Reason = "server_stopped"      // the server was told to end
	ReasonServerLost         Reason = "server_lost"         // the server died and came back without the workers
	ReasonInternal           Reason = "internal_error"      // a bug
)

// Requested reports whether a person asked for this ending: such a run ends CANCELLED, any other early one FAILED.
func (r Reason) Requested() bool {
	return r == ReasonStopRequested || r == ReasonAbortRequested || r == ReasonServerStopped
}

// The exit codes of the program, the same for every output format.
const (
	ExitPass         = 0   // done; every SLO or check passed with evidence
	ExitFail         = 1   // an SLO or check failed
	ExitUndetermined = 2   // none failed, at least one could not be decided
	ExitDiffers      = 3   // fmt --check, plan --detailed-exitcode
	ExitEarly        = 5   // the run ended early: CANCELLED or FAILED
	ExitUsage        = 80  // usage or spec
	ExitForbidden    = 83  // not authorised
	ExitBug          = 100 // a bug
	ExitUnreachable  = 101 // server or target could not be reached
	ExitSignal       = 130 // left by signal without a verdict
)

// ExitCode is what a command that waited for the run ends with.
func ExitCode(status Status, reason Reason, verdict Verdict) int {
	switch {
	case reason == ReasonTargetUnreachable:
		return ExitUnreachable
	case status != StatusCompleted:
		return ExitEarly
	case verdict == VerdictFail:
		return ExitFail
	case verdict == VerdictPass:
		return ExitPass
	default:
		return ExitUndetermined
	}
}

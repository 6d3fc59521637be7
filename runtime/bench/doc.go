// Package bench holds the nouns that every other package shares: a Run and the Plan it follows, its Phase and Status,
// the operation with its five clocks, what workers report, and what a run ends with. It has no behaviour that needs a
// clock, a database or a network, and it imports nothing of ours. Histograms are opaque bytes here (see package stats).
//
// # The life of a run
//
//	STARTING/PREPARING --all workers READY--> RUNNING/WARMUP --t0+warmup--> RUNNING/MEASUREMENT
//	       |                   |                     |                              |
//	       |                   +--warmup = "0s"------|---------------------------->|
//	       |                                         |                              | t0+warmup+duration
//	       v                                         v                              v
//	   CANCELLING (phase stays where it was) <-------+--------------------- STOPPING/PROCESSING
//	       |                                                                        |
//	       +--> CANCELLED | FAILED                                                  v
//	                                               COMPLETED/COMPLETED <-- COMPLETED/PROCESSING
//
// CANCELLING is the way out of every run that ends before its plan does: workers are told to stop, what was measured is
// kept, and the run ends CANCELLED when a person asked for it and FAILED otherwise. The table in transition.go is the
// only place that says which change is allowed.
//
// # The way of one operation
//
// A connection of a worker takes up an operation at its intended start, draws its parameters, sends its statements, and
// records how it ended in the phase of its intended start. Once a second the worker cuts a [Report]; the engine merges
// the reports of all workers into a [Second], which is streamed and stored, and at the end into a [Result].
package bench

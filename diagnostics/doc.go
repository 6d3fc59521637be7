// Package diagnostics says why a run stands as it does: checks with evidence, in the order in which an operation makes
// its way, and of all that fails the cause first.
//
// # A check
//
// A check is one HCL file (folder checks): where its rows come from, when a row fails, and the sentence to say then. Rows
// come from the live state of the server that drives the run (source "server", see [Tables]), from the tables of a journal
// or replica (source "run", by SQL), or from the database under test (source "target", by SQL). No expression knows a
// default: a column that is missing, or NULL, in an expression that reads it is an error with its place, never a pass; and
// no rows are no evidence. README.md in this folder describes the language and lists the checks.
//
// # An examination
//
// [Set.Examine] runs checks in parallel, each as soon as what it depends on is decided. Every check ends with one outcome:
//
//	pass          there are rows, and all of them are as they should be
//	warn, fail    a row is not
//	undetermined  it could not be decided, and Why says why
//	skip          its cause failed, it does not apply to this run, or somebody asked for it
//
// The cause is the first failing check on the way of an operation whose own causes did not fail. A check that is a symptom
// (QPS is 0) is the cause only when nothing else fails.
//
// # Sources fail, too
//
// Each source is asked by itself and within a time limit; one that cannot be reached leaves its checks undetermined, and
// says nothing about the others. Nothing here writes to anything.
package diagnostics

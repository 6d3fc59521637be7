// Package specs reads the language in which runs are written. A spec is one HCL file with one run block; reading it
// gives a [bench.Plan], in which every file has been read, every variable has its value, and every SQL statement is cut
// at its parameters. README.md in this folder describes the language for those who write it.
//
// # How a spec is read
//
//	text --size, nesting--> syntax --variable, locals--> names --run--> Plan
//
// The size and the depth of nesting are bounded before anything recursive sees the text. Then variables get their
// values, locals are computed in the order in which they need each other, and the run block is walked by hand: what a
// block may hold is what the code that reads it asks for, and [Diagnostics] come from one place and in one order.
//
// Reading never stops at the first mistake. An expression that failed yields nothing, and whoever needed it says
// nothing: so one mistake gives one message. Whatever panics on the way becomes a message, too.
//
// # Secrets
//
// The values of env() and of variables with sensitive = true are marked, and the mark follows them through every
// function. A marked value may go only where a target takes a secret. There the plan holds a reference instead (see
// [bench.Secret]), and the value is in [Resolved].Secrets. No message shows the value of a variable, and a text that is
// known to be secret is blanked from messages in any case. A password that is spelled out in a spec is an error, so that
// the text of a spec can be stored and shown.
//
// Files named in a spec are read beneath its own folder only, through [os.Root].
package specs

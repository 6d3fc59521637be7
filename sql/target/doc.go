// Package target holds what the databases under test have in common. Each of them is a package below this one with the
// same shape:
//
//	Open(ctx, bench.Target, lookup, connections, tag) (*Target, error)   checks the options and, by signing in, the server
//	(*Target).Open, Query, Facts, Close                                  a load.Target
//	(*Target).Script                                                     setup and teardown: many statements, one text
//	(*Conn).Prepare, Begin, Exec, Commit, Rollback, Close                a load.Conn, the measured path
//
// lookup resolves references to secrets, connections is how many sessions the caller will open, and tag names the run
// where the server shows its sessions.
//
// Every error of a statement is a *bench.OpError. Its class decides about retries and is what reports count by; its
// message comes from the database, without the values of parameters.
//
// When the context of a call ends, the statement is interrupted in the database (see [Watch]) and the call returns what
// the database then says. [Ended] is that error: the class is timeout when the context's deadline passed. When the
// context was cancelled the class is other, and the caller, who knows that it cancelled, looks at its context.
package target

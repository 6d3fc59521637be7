// Package draw makes the random choices of a run: values of parameters, which workload comes next, how long a user
// thinks. Each choice is a function of (seed, connection, operation, name) and of nothing else. So a run can be repeated
// draw by draw, and its stream of operations does not depend on how many workers share it, on which of them has which
// connection, or on how fast the target is.
//
// A [Source] is a seed and a name; [Source.At] gives the [Stream] of random numbers of one operation of one connection.
// On it stand the distributions. Everything is compiled once ([Compile], [NewPick], [NewDist]) and then drawn in constant
// time, without allocation, from any number of goroutines.
//
// Whole numbers are the same on every machine. What goes through a logarithm (zipf, latest and durations) is so as far as
// the machine computes logarithms alike, which can differ in the last bit between processor architectures.
package draw

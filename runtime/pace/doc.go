// Package pace says when the next operation starts. It is arithmetic alone: no clock, no goroutine, no context. Whoever
// calls it brings the time and does the waiting.
//
// Time is counted from t0 of the run, when its first phase begins. Connections are counted from 0 within their group;
// one of them is active while the load model wants it to issue operations ([Active], [NextActive]), and while it is,
// [Closed] tells when its next operation is due.
package pace

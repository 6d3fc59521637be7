// Package enrich holds what a target says about a run against what the workers measured: arithmetic only, without clocks,
// databases or goroutines.
//
// There are two kinds of evidence. Counters ([Between]) are read before and after and subtracted; they say nothing about
// single statements. A history ([Join]) has a row a statement, in any order, some missing, some told twice, some of others.
// Either comes to sums by workload, and [Sides] sets these beside the service time of the workers:
//
//	service time of the mean operation = client and network + queued + compile + execute + blocked + other
//
// The left side is the mean of a merged histogram, the right side, but for its first term, sums ÷ statements × statements of
// an operation. So all parts are means, which add up, and never percentiles, which do not. How much of the run a target
// tells of stands beside every split, and below [LeastCoverage] there is none: the statements that are missing are not
// a fair sample. They are the fast ones in Snowflake's history of hybrid tables, and the oldest ones in a full
// pg_stat_statements.
package enrich

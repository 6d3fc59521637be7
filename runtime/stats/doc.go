// Package stats counts what operations did and how long they took, and adds the counts of many workers up without
// losing any.
//
// A [Hist] is one distribution of latencies. A [Tally] is all that is known of the operations of one workload in one
// phase: the ledger of their outcomes and the histograms of their latencies. Everything else is made of tallies:
//
//	connections --> Shard --+
//	connections --> Shard --+-- Recorder.Cut, once a second --> []bench.Delta --network--> Aggregate --> seconds, results
//	connections --> Shard --+
//
// Adding tallies is adding integers, so it is exact and its order does not matter: the sum of the deltas of a worker is
// its final count, bucket by bucket, and [Equal] holds it to that. Percentiles are read from merged histograms only;
// the mean of the percentiles of several workers is not a percentile of anything.
//
// Ranks are computed in integers, so that the same counts give the same percentile everywhere (see [Hist.Quantile]).
// Operations that were still in flight at the end are not left out, for they are the slowest: they stand in a summary
// with their age, and the percentiles that they leave open are named (see [Summarize]).
package stats

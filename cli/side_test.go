package cli

import (
	"bytes"
	"strings"
	"testing"

	"bench/runtime/bench"
)

// enriched is what a target says of the run that ended gives: of one workload everything, of the other too little.
func enriched() *bench.Enrichment {
	split := &bench.Split{ServiceUS: 1190.4, ClientUS: 390.4, CompileUS: 200, ExecuteUS: 500, BlockedUS: 100}
	return &bench.Enrichment{
		Status: bench.EnrichmentIncomplete, Reason: bench.EnrichmentLate, Detail: "the rest comes within 45 minutes", Source: "QUERY_HISTORY", Pass: 1,
		Workloads: []bench.ServerSide{
			{Workload: "lookup", Statements: 12_345, Coverage: 0.998, Split: split},
			{Workload: "order", Statements: 97, Coverage: 0.12, Why: "the target tells of 12 of 97 statements, a split needs 90%"},
			{Statements: 12_442, Coverage: 0.991, Why: "not every workload has a split"},
		},
		Waits: []bench.WaitShare{
			{State: "active", Sessions: 2.25, Share: 0.75}, {State: "active", Type: "Lock", Event: "tuple", Sessions: 0.5, Share: 0.1667},
			{State: "idle in transaction", Sessions: 0.25, Share: 0.0833},
		},
		Samples: 8, Others: new(int64(3)),
		Cost: &bench.Cost{Warehouse: "WH", Kind: "STANDARD X-Small", RatesAsOf: "2025-12", CreditsPerHour: new(1.0), ClusterSeconds: 8,
			Steady: new(8. / 3600), SteadyPer1000: new(8. / 3600 / 12.442), Billed: new(70. / 3600), BilledPer1000: new(70. / 3600 / 12.442),
			Notes: []string{"the warehouse never suspends itself: what it costs after the run is not in the estimate"}},
		Notes: []string{"statements shorter than 500 ms on hybrid tables are not in it"},
	}
}

func TestTheTargetsSideForAPerson(t *testing.T) {
	run, _ := ended()
	var b bytes.Buffer
	writeSide(&b, run, enriched(), 0, false)
	golden(t, "side.txt", b.String())
}

func TestTheTargetsSideInCSV(t *testing.T) {
	run, result := ended()
	var b bytes.Buffer
	if err := writeCSV(&b, run, result, enriched()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"coverage,mean_client_us,mean_queued_us,mean_compile_us,mean_execute_us,mean_blocked_us,mean_other_us,steady_credits,billed_credits",
		",0.998,390.4,0,200,500,100,0,,", ",0.12,,,,,,,,", ",0.991,,,,,,,0.0022222222222222222,0.019444444444444445",
	} {
		if line := strings.Split(b.String(), "\n")[i]; !strings.HasSuffix(line, want) {
			t.Errorf("line %d ends %q, want %q", i+1, line[max(0, len(line)-90):], want)
		}
	}
}

func TestNothingIsSaidOfATargetThatWasNotAsked(t *testing.T) {
	run, _ := ended()
	var b bytes.Buffer
	writeSide(&b, run, nil, 80, false)
	if b.Len() > 0 {
		t.Error(b.String())
	}
	writeSide(&b, run, &bench.Enrichment{Status: bench.EnrichmentPending, Detail: "the target is being asked"}, 80, false)
	if !strings.Contains(b.String(), "--wait-enriched") {
		t.Error(b.String())
	}
}

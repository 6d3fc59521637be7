package bench

import "testing"

func TestTimelineSeconds(t *testing.T) {
	timeline := Timeline{WarmupUS: 1_500_000, EndUS: 3_700_000}
	var cuts, seconds []int64
	for at := int64(0); at < 4_700_000; at = timeline.NextCut(at) {
		cuts, seconds = append(cuts, at), append(seconds, timeline.Second(at))
	}
	wantCuts := []int64{0, 1_000_000, 1_500_000, 2_500_000, 3_500_000, 3_700_000, 4_500_000}
	wantSeconds := []int64{0, 1, 2, 3, 4, 4, 5}
	for i := range wantCuts {
		if i >= len(cuts) || cuts[i] != wantCuts[i] || seconds[i] != wantSeconds[i] {
			t.Fatalf("cuts %v in seconds %v, want %v in %v", cuts, seconds, wantCuts, wantSeconds)
		}
	}
}

func TestTransitionsEndSomewhere(t *testing.T) {
	for from, tos := range Transitions {
		if from.Status.Terminal() && from != (State{StatusCompleted, PhaseProcessing}) {
			t.Errorf("%v is terminal and has a way on", from)
		}
		for _, to := range tos {
			if _, ok := Transitions[to]; !ok && !to.Status.Terminal() {
				t.Errorf("%v -> %v is a dead end", from, to)
			}
			if from.Status != to.Status && to.Status == StatusCancelling && from.Phase != to.Phase {
				t.Errorf("%v -> %v: a run that is cancelled keeps its phase", from, to)
			}
		}
	}
}

package engine_test

import "testing"

// Seeds that failed once, by what was wrong. Each fails again when its mend is taken out; whoever changes how scenarios are
// drawn has to find seeds for them anew.
func TestPastFailures(t *testing.T) {
	for _, past := range []struct {
		seed  uint64
		wrong string
	}{
		{4, "a heartbeat that was overtaken made a running worker READY again"},
		{8, "the bound of a clock's error did not grow while the clocks drifted apart"},
		{30, "a run that was being stopped ended FAILED, because a worker ended while no server was there"},
		{39, "the window of a run that was being stopped when its server died went on until the next server came"},
		{107, "a server that came back took the newest ARM for the time line of workers that had begun by the one before"},
		{195, "a server that came back held a worker to the t0 of an ARM that another had replaced, and so timed the phases"},
		{244, "a worker that heard of its t0 when it had passed began late"},
		{245, "a change that the journal made and denied was taken for another owner's, and the run measured nothing"},
		{354, "what a heartbeat waited for a server that was busy with its disk was taken for time since t0"},
		{416, "reports of a worker that was replaced kept every server from starting"},
		{1565, "of two workers, the one whose heartbeat took longer on its way decided what t0 was"},
		{3383, "workers were ended before what they had said last was durable, and then the server died"},
	} {
		t.Run(past.wrong, func(t *testing.T) {
			t.Parallel()
			if o := simulate(t, newScenario(past.seed), bends{}, false); len(o.violations) > 0 {
				t.Error(o.story())
			}
		})
	}
}

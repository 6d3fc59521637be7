package cli

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"sync"
	"testing"

	"bench/server/dashboard/browsertest"
)

// stay has a ward in real time, with a server that a browser can reach, and visit while its run goes on. home is the address
// that the run's page is opened by.
func stay(t *testing.T, i illness, visit func(w *ward, home string)) {
	t.Helper()
	w := newWard(t, i)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	reached := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		adopt := func(ctx context.Context) error {
			defer close(reached)
			return w.engine.Adopt(ctx, w.journal, nil)
		}
		if err := serve(ctx, w.engine, adopt, w.server, []net.Listener{listener}); err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	<-reached
	unwatch := watchRuns(w.checks, w.server, w.engine, w.log)
	w.begin(ctx)
	visit(w, w.server.Link("http://"+listener.Addr().String()+"/runs/"+w.run))
	close(w.cured)
	stop()
	serving.Wait()
	unwatch()
	if err := w.journal.Close(); err != nil {
		t.Error(err)
	}
}

// TestDashboardNamesTheCause: the sentence at the top of a run's page names what the doctor finds, for what befalls workers and
// cannot be done to a process from outside. The others are in TestDashboardScreens of cli/bench.
func TestDashboardNamesTheCause(t *testing.T) {
	if os.Getenv("BENCH_TEST_REQUIRE") == "" {
		t.Skip("takes a minute: BENCH_TEST_REQUIRE=1 makes it")
	}
	browser := browsertest.Start(t)
	for _, c := range sicknesses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := browser.Open(t)
			stay(t, c.illness(), func(w *ward, home string) {
				p.Go(home)
				const sentence = `(document.querySelector(".sentence")?.textContent ?? "")`
				shown, _ := json.Marshal(c.shown)
				p.Wait("new RegExp(" + string(shown) + ").test(" + sentence + ")")
				t.Logf("%s", browsertest.Eval[string](p, sentence))
				p.Go("about:blank") // before its server is gone
			})
		})
	}
}

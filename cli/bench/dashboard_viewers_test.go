package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"bench/server/api"
	"bench/server/client"
)

// cpu is how long a process has computed so far.
func cpu(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	var ticks int64
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// TestTwoHundredViewers: what 200 viewers of a run cost its server, beside what the run costs it anyway.
func TestTwoHundredViewers(t *testing.T) {
	const viewers, window = 200, 3 * time.Second
	t.Parallel()
	s := newSite(t)
	server := s.serve()
	out, code := s.output("apply", "--detach", s.spec(strings.Replace(fmt.Sprintf(fleetSpec, "60s", 1), "connections = 12", "connections = 2", 1)))
	if code != 0 {
		t.Fatalf("apply --detach: exit %d", code)
	}
	id := strings.TrimSpace(out)
	next, _ := s.frames(id)
	until(t, next, "a second of WARMUP", inPhase("WARMUP"))
	// Real time has to pass: it is what is measured.
	spent := func() time.Duration {
		before := cpu(t, server.Process.Pid)
		time.Sleep(window)
		return cpu(t, server.Process.Pid) - before
	}
	alone := spent()
	file, err := client.ReadServerFile(s.serverFile())
	if err != nil {
		t.Fatal(err)
	}
	frames := make(chan int, viewers) // one number a viewer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range viewers {
		c, _, err := websocket.Dial(ctx, file.URL+"/api/runs/"+id+"/stream", &websocket.DialOptions{
			HTTPHeader: http.Header{"Authorization": {"Bearer " + file.Token}}, Subprotocols: []string{api.Protocol},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(1 << 20)
		go func() {
			n := 0
			for {
				if _, _, err := c.Read(ctx); err != nil {
					frames <- n
					return
				}
				n++
			}
		}()
	}
	spent() // of coming, with all that there was before
	watched := spent()
	cancel()
	least := <-frames
	for range viewers - 1 {
		least = min(least, <-frames)
	}
	t.Logf("the server spends %.2f%% of a core alone, %.2f%% with %d viewers; each got at least %d frames",
		100*alone.Seconds()/window.Seconds(), 100*watched.Seconds()/window.Seconds(), viewers, least)
	// Twice what is promised: a shared machine makes everything dearer.
	if extra := (watched - alone).Seconds() / window.Seconds(); extra > 0.10 {
		t.Errorf("%d viewers cost %.1f%% of a core", viewers, 100*extra)
	}
	if least < int(2*window/time.Second) {
		t.Errorf("a viewer got %d frames in %v", least, 2*window)
	}
}

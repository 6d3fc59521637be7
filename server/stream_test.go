package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/server/tail"
)

// dial opens the stream of a run over a WebSocket.
func dial(t *testing.T, client *http.Client, addr, run, since string, protocols ...string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "http://"+addr+"/api/runs/"+run+"/stream?since="+since, &websocket.DialOptions{
		HTTPClient: client, Subprotocols: protocols, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

// frames reads n frames, or to the end if n is negative.
func frames(t *testing.T, c *websocket.Conn, n int) (texts [][]byte) {
	t.Helper()
	for len(texts) != n {
		_, text, err := c.Read(t.Context())
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure && n < 0 {
			break
		}
		if err != nil {
			t.Fatalf("after %d frames: %v", len(texts), err)
		}
		texts = append(texts, text)
	}
	return texts
}

func parse(t *testing.T, text []byte) (f api.Frame) {
	t.Helper()
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return f
}

func TestStream(t *testing.T) {
	b := newBed(t)
	addr, _ := b.listen(t)
	run := b.run(t)
	for n := range int64(3) {
		b.fleet.second(run.ID, n)
	}
	c := dial(t, nil, addr, run.ID, "", api.Protocol)
	first := frames(t, c, 5) // hello, created, three seconds
	hello := parse(t, first[0])
	if hello.T != "hello" || hello.Run.Waiting == "" || hello.Run.Plan.Source.Text != "" {
		t.Errorf("hello is %s", first[0])
	}
	b.fleet.event(run.ID, bench.EventWorker, nil)
	b.fleet.end(run.ID)
	rest := frames(t, c, -1)
	all := append(first, rest...)
	if last := parse(t, all[len(all)-1]); last.T != "end" || *last.Exit != bench.ExitPass {
		t.Errorf("the last frame is %s", all[len(all)-1])
	}

	t.Run("resume", func(t *testing.T) {
		got := frames(t, dial(t, nil, addr, run.ID, hello.Epoch+":2", api.Protocol), -1)
		if !bytes.Equal(bytes.Join(got[1:], nil), bytes.Join(all[3:], nil)) {
			t.Errorf("after frame 2: %s\nwant %s", bytes.Join(got[1:], nil), bytes.Join(all[3:], nil))
		}
	})
	t.Run("lines", func(t *testing.T) {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/api/runs/@last/stream", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%v, %s", err, resp.Header.Get("Content-Type"))
		}
		_, after, _ := strings.Cut(string(text), "\n") // hellos tell the time
		if want := string(bytes.Join(all[1:], []byte("\n"))) + "\n"; after != want {
			t.Errorf("lines are\n%s\nwant the bytes of the WebSocket\n%s", after, want)
		}
	})
	t.Run("replay", func(t *testing.T) {
		again := newBed(t) // the same history after a restart
		again.config.History = b.fleet
		addr, _ := again.listen(t)
		got := frames(t, dial(t, nil, addr, run.ID, hello.Epoch+":2", api.Protocol), -1)
		if f := parse(t, got[0]); f.Epoch != tail.Stored || f.Resume != "ended" || f.Seq != 0 {
			t.Errorf("hello is %s", got[0])
		}
		if len(got) != len(all) {
			t.Errorf("%d frames, want %d", len(got), len(all))
		}
	})
	t.Run("another protocol", func(t *testing.T) {
		_, _, err := dial(t, nil, addr, run.ID, "", "bench.v9").Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v", err)
		}
	})
	t.Run("a viewer that talks", func(t *testing.T) {
		going := b.run(t)
		c := dial(t, nil, addr, going.ID, "", api.Protocol)
		frames(t, c, 2)
		if err := c.Write(t.Context(), websocket.MessageText, []byte("hi")); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v", err)
		}
	})
	t.Run("a foreign page", func(t *testing.T) {
		_, resp, err := websocket.Dial(t.Context(), "http://"+addr+"/api/runs/"+run.ID+"/stream", &websocket.DialOptions{
			Subprotocols: []string{api.Protocol},
			HTTPHeader:   http.Header{"Authorization": {"Bearer " + token}, "Origin": {"http://evil.example"}},
		})
		if err == nil || resp.StatusCode != 403 {
			t.Errorf("%v", err)
		}
	})
}

// TestServeLeavesNothing ends a server that has viewers of all kinds and a worker that waits.
func TestServeLeavesNothing(t *testing.T) {
	b := newBed(t)
	addr, stop := b.listen(t)
	run := b.run(t)
	client := &http.Client{Transport: new(http.Transport)}
	var viewers sync.WaitGroup
	closed := make(chan websocket.StatusCode, 20)
	for range cap(closed) {
		c := dial(t, nil, addr, run.ID, "", api.Protocol)
		frames(t, c, 2)
		viewers.Go(func() {
			_, _, err := c.Read(context.Background())
			closed <- websocket.CloseStatus(err)
		})
	}
	ask := func(target string) *http.Response {
		r, _ := http.NewRequest("GET", "http://"+addr+target, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return &http.Response{Body: http.NoBody}
		}
		return resp
	}
	lines := ask("/api/runs/" + run.ID + "/stream")
	reader := bufio.NewReader(lines.Body)
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan string, 1)
	b.fleet.waits = make(chan struct{})
	viewers.Go(func() {
		resp := ask("/api/runs/" + run.ID + "/workers/w/control?after=1")
		text, _ := io.ReadAll(resp.Body)
		waiting <- fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(text)))
	})
	<-b.fleet.waits
	spare, err := net.Dial("tcp", addr) // as browsers do; it never asks
	if err != nil {
		t.Fatal(err)
	}
	defer spare.Close()
	var deaf [10]*websocket.Conn // never read, so they never answer the close; nor has the server begun to listen to them
	for i := range deaf {
		deaf[i] = dial(t, nil, addr, run.ID, "", api.Protocol)
	}
	start := time.Now()
	if err := stop(); err != nil {
		t.Errorf("serve: %v", err)
	}
	if took := time.Since(start); took > 2*closeGrace {
		t.Errorf("it took %v to end", took)
	}
	viewers.Wait()
	for range cap(closed) {
		if code := <-closed; code != websocket.StatusGoingAway {
			t.Errorf("a viewer was closed with %v", code)
		}
	}
	if got := <-waiting; got != "200 []" {
		t.Errorf("the worker that waited got %q", got)
	}
	if _, err := io.ReadAll(reader); err != nil {
		t.Errorf("the lines ended with %v", err)
	}
	lines.Body.Close()
	for _, c := range deaf {
		c.CloseNow()
	}
	client.CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); len(ours()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("goroutines are left:\n%s", strings.Join(ours(), "\n\n"))
		}
	}
	if err := b.join(); bench.CodeOf(err) != bench.CodeStopping {
		t.Errorf("a stream after the end: %v", err)
	}
}

func TestServeSaysWhyItCannot(t *testing.T) {
	b := newBed(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := b.Serve(t.Context(), ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("serve: %v", err)
	}
}

// pipes is a network in memory, so that a bubble can hold servers and clients.
type pipes struct {
	conns chan net.Conn // taken up by the server as they come
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7433} }

func (p *pipes) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		p.conns <- theirs
		return ours, nil
	}}}
}

// TestStuckViewer has a viewer that stops reading for 30 s. A pipe holds nothing, so the first frame that it does not
// read blocks the server's write.
func TestStuckViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		network := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		var serving, reading sync.WaitGroup
		serving.Go(func() { b.Serve(ctx, network) })
		run := b.run(t)
		const addr = "127.0.0.1:7433"

		stuck := dial(t, network.client(), addr, run.ID, "", api.Protocol)
		hello := parse(t, frames(t, stuck, 2)[0])
		quick := dial(t, network.client(), addr, run.ID, "", api.Protocol)
		r, _ := http.NewRequestWithContext(ctx, "GET", "http://"+addr+"/api/runs/"+run.ID+"/stream", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		lines, err := network.client().Do(r) // its body is not read
		if err != nil {
			t.Fatal(err)
		}
		defer lines.Body.Close()
		var late time.Duration
		var seen int
		reading.Go(func() {
			for {
				_, text, err := quick.Read(ctx)
				if err != nil {
					if websocket.CloseStatus(err) != websocket.StatusNormalClosure {
						t.Errorf("the quick viewer was cut off: %v", err)
					}
					return
				}
				if f := parse(t, text); f.T == "d" {
					late = max(late, time.Since(time.UnixMilli(f.TS)))
					seen++
				}
			}
		})
		for n := range int64(30) {
			time.Sleep(time.Second)
			start := time.Now()
			b.fleet.second(run.ID, n)
			b.fleet.event(run.ID, bench.EventWorker, n)
			if took := time.Since(start); took > 0 {
				t.Errorf("the engine waited %v", took)
			}
		}
		synctest.Wait()
		if got := b.config.Hub.Viewers(); got != 1 {
			t.Errorf("%d viewers are left, want the quick one", got)
		}
		if _, err := io.ReadAll(lines.Body); err == nil {
			t.Error("the lines ended well although most of them were not sent")
		}
		// It wakes, finds its connection gone, and goes on from where it was.
		if _, _, err := stuck.Read(ctx); err == nil {
			_, _, err = stuck.Read(ctx)
			if err == nil {
				t.Error("the stuck viewer's connection still stands")
			}
		}
		again := dial(t, network.client(), addr, run.ID, hello.Epoch+":1", api.Protocol)
		b.fleet.end(run.ID)
		var events, seconds int
		for _, text := range frames(t, again, -1)[1:] {
			switch f := parse(t, text); f.T {
			case "ev":
				events++
			case "d":
				seconds++
			case "gap":
				t.Errorf("a gap of what the ring still has: %s", text)
			}
		}
		reading.Wait()
		if events != 30 || seconds != 30 {
			t.Errorf("after waking: %d events and %d seconds, want 30 of both", events, seconds)
		}
		if late > 200*time.Millisecond || seen != 30 {
			t.Errorf("the quick viewer saw %d seconds, up to %v late", seen, late)
		}
		cancel()
		serving.Wait()
	})
}

// TestPing has a viewer that nothing happens to: it is pinged, and let go when it does not answer.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		network := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		var serving, reading sync.WaitGroup
		serving.Go(func() { b.Serve(ctx, network) })
		run := b.run(t)
		pings := 0
		c, _, err := websocket.Dial(ctx, "http://127.0.0.1:7433/api/runs/"+run.ID+"/stream", &websocket.DialOptions{
			HTTPClient: network.client(), Subprotocols: []string{api.Protocol}, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
			OnPingReceived: func(context.Context, []byte) bool { pings++; return pings <= 4 },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		start := time.Now()
		reading.Go(func() {
			for {
				if _, _, err := c.Read(ctx); err != nil {
					return
				}
			}
		})
		reading.Wait()
		if took := time.Since(start); pings != 5 || took != 5*pingEvery+pingDeadline {
			t.Errorf("%d pings, let go after %v", pings, took)
		}
		cancel()
		serving.Wait()
	})
}

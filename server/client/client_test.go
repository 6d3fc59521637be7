package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

const token = "token-0123456789"

// serve answers with a handler, on a real port.
func serve(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	c := New(s.URL+"/", token)
	t.Cleanup(c.Close)
	return c
}

func TestRequests(t *testing.T) {
	var got, text string
	var header http.Header
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, text, header = r.Method+" "+r.URL.RequestURI(), string(b), r.Header
		switch {
		case strings.HasSuffix(r.URL.Path, "/api/runs") && r.Method == "GET":
			io.WriteString(w, `{"runs":[{"id":"r"}]}`)
		case strings.Contains(r.URL.Path, "control"), strings.Contains(r.URL.Path, "events"), strings.Contains(r.URL.Path, "series"):
			io.WriteString(w, `[]`)
		default:
			io.WriteString(w, `{"status":"ok"}`)
		}
	})
	p := &Plane{c}
	ctx := t.Context()
	for _, test := range []struct {
		want string
		call func() error
	}{
		{"POST /api/runs", func() error { _, err := c.CreateRun(ctx, "key-1", api.Submission{}); return err }},
		{"POST /api/runs/@last/stop", func() error { return c.Stop(ctx, "@last", bench.DesiredStop, "me") }},
		{"GET /readyz", func() error { _, err := c.Ready(ctx); return err }},
		{"GET /api/replica", func() error { _, err := c.Replica(ctx); return err }},
		{"GET /api/runs?before=r9&limit=7", func() error { _, err := c.Runs(ctx, 7, "r9"); return err }},
		{"GET /api/runs/a%2Fb", func() error { _, err := c.Run(ctx, "a/b"); return err }},
		{"GET /api/runs/r/results", func() error { _, err := c.Result(ctx, "r"); return err }},
		{"GET /api/runs/r/events?after=3", func() error { _, err := c.Events(ctx, "r", 3); return err }},
		{"GET /api/runs/r/series?from=2&histograms=true&to=9", func() error { _, err := c.Seconds(ctx, "r", 2, 9); return err }},
		{"GET /api/runs/r/series?from=0&histograms=true&to=3600", func() error { _, err := c.Seconds(ctx, "r", math.MinInt64, math.MaxInt64); return err }},
		{"POST /api/runs/r/workers", func() error { _, err := p.Register(ctx, bench.Registration{Run: "r"}); return err }},
		{"POST /api/runs/r/workers/w/heartbeat", func() error { _, err := p.Heartbeat(ctx, bench.Heartbeat{Run: "r", Worker: "w"}); return err }},
		{"POST /api/runs/r/metrics/live", func() error { _, err := p.Report(ctx, bench.Report{Run: "r"}); return err }},
		{"GET /api/runs/r/workers/w/control?after=5&generation=4", func() error { _, err := p.Events(ctx, "r", "w", 4, 5); return err }},
	} {
		if err := test.call(); err != nil {
			t.Errorf("%s: %v", test.want, err)
		}
		if got != test.want {
			t.Errorf("request is %s, want %s", got, test.want)
		}
		if header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s: Authorization is %q", test.want, header.Get("Authorization"))
		}
		if post := strings.HasPrefix(got, "POST"); post != (header.Get("Content-Type") == "application/json") || post != json.Valid([]byte(text)) {
			t.Errorf("%s: %q of type %q", got, text, header.Get("Content-Type"))
		}
		if (header.Get("Idempotency-Key") != "") != (got == "POST /api/runs") {
			t.Errorf("%s: Idempotency-Key is %q", got, header.Get("Idempotency-Key"))
		}
	}
}

func TestPagesOfRunsAndSeconds(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if strings.HasSuffix(r.URL.Path, "/series") {
			var from, to int64
			fmt.Sscan(q.Get("from"), &from)
			fmt.Sscan(q.Get("to"), &to)
			seconds := []bench.Second{}
			for n := from; n < min(to, 8000); n++ {
				seconds = append(seconds, bench.Second{Second: n})
			}
			json.NewEncoder(w).Encode(seconds)
			return
		}
		var limit, before int
		fmt.Sscan(q.Get("limit"), &limit)
		before = 500
		fmt.Sscan(q.Get("before"), &before)
		var page api.RunList
		for n := before - 1; n >= max(0, before-limit); n-- {
			page.Runs = append(page.Runs, bench.Run{ID: fmt.Sprint(n)})
		}
		if before > limit {
			page.Next = fmt.Sprint(before - limit)
		}
		json.NewEncoder(w).Encode(page)
	})
	for limit, want := range map[int]int{0: 0, 1: 1, 200: 200, 450: 450, 9000: 500} {
		runs, err := c.Runs(t.Context(), limit, "")
		if err != nil || len(runs) != want || want > 0 && runs[want-1].ID != fmt.Sprint(500-want) {
			t.Errorf("limit %d: %d runs, %v", limit, len(runs), err)
		}
	}
	seconds, err := c.Seconds(t.Context(), "r", 0, math.MaxInt64)
	if err != nil || len(seconds) != 8000 || seconds[7999].Second != 7999 {
		t.Errorf("%d seconds, %v", len(seconds), err)
	}
}

func TestErrors(t *testing.T) {
	var status int
	var text string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://evil.example")
		w.WriteHeader(status)
		io.WriteString(w, text)
	})
	for _, test := range []struct {
		status     int
		text, code string
	}{
		{404, `{"status":404,"detail":"no such run","code":"run_not_found"}`, bench.CodeRunNotFound},
		{409, `{"status":409,"title":"Conflict","code":"run_ended"}`, bench.CodeRunEnded},
		{503, `{"code":"stopping"}`, bench.CodeStopping},
		{401, `who are you?`, bench.CodeUnauthorized},
		{403, ``, bench.CodeForbidden},
		{502, `<html>bad gateway</html>`, bench.CodeUnreachable},
		{307, ``, bench.CodeInternal},
		{500, `{}`, bench.CodeInternal},
		{200, `<html>hello</html>`, bench.CodeInternal},
	} {
		status, text = test.status, test.text
		_, err := c.Run(t.Context(), "r")
		_, stream := c.Stream(t.Context(), "r", "")
		for _, err := range []error{err, stream} {
			if got := bench.CodeOf(err); got != test.code || err.Error() == "" {
				t.Errorf("%d %s: %s (%v), want %s", status, text, got, err, test.code)
			}
		}
	}
}

func TestUnreachable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	c := New("http://"+ln.Addr().String(), token)
	if _, err := c.Run(t.Context(), "r"); bench.CodeOf(err) != bench.CodeUnreachable || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := c.Follow(t.Context(), "r", "", FollowOptions{}, nil, nil); bench.CodeOf(err) != bench.CodeUnreachable {
		t.Errorf("follow: %v", err)
	}
	if _, err := New("nonsense", "").Run(t.Context(), "r"); err == nil {
		t.Error("a URL that is none")
	}
	why := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := c.Run(ctx, "r"); err != why {
		t.Errorf("a cancelled call: %v", err)
	}
}

// pipes is a network in memory, so that a bubble can hold servers and clients.
type pipes struct {
	conns chan net.Conn
	mu    sync.Mutex
	open  []net.Conn // ends of the server
	down  bool       // nobody can connect
}

func (p *pipes) Accept() (net.Conn, error) {
	if c, ok := <-p.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7433} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	p.mu.Lock()
	p.open = append(p.open, theirs)
	p.mu.Unlock()
	p.conns <- theirs
	return ours, nil
}

// cut breaks all connections, and refuses new ones or not.
func (p *pipes) cut(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.Close()
	}
	p.open, p.down = nil, down
}

// A world is a server of streams in a bubble: a hub, and a network that can break.
type world struct {
	*pipes
	client *Client
	mu     sync.Mutex
	hub    *tail.Hub
	mute   bool  // sends nothing, not even pings
	refuse error // instead of a stream
	since  []string
}

// story runs a test in a bubble with a world.
func story(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{pipes: &pipes{conns: make(chan net.Conn)}, hub: new(tail.Hub)}
		w.client = New("http://127.0.0.1:7433", token)
		w.client.http.Transport = &http.Transport{DialContext: w.dial}
		s := &http.Server{Handler: w}
		var serving sync.WaitGroup
		serving.Go(func() { s.Serve(w) })
		test(t, w)
		w.client.Close()
		w.cut(true)
		close(w.conns)
		s.Close()
		serving.Wait()
	})
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	since := r.URL.Query().Get("since")
	w.since = append(w.since, since)
	hub, mute, refuse := w.hub, w.mute, w.refuse
	w.mu.Unlock()
	var v *tail.Viewer
	if refuse == nil {
		v, refuse = hub.Watch("r", since, nil)
	}
	if refuse != nil {
		rw.WriteHeader(http.StatusNotFound)
		json.NewEncoder(rw).Encode(api.Problem{Code: bench.CodeOf(refuse), Detail: refuse.Error()})
		return
	}
	defer v.Close()
	c, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{api.Protocol}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	ctx := c.CloseRead(context.Background())
	if mute {
		<-ctx.Done()
		return
	}
	for text, err := range v.All(ctx) {
		if err != nil || c.Write(ctx, websocket.MessageText, text) != nil {
			return
		}
	}
	c.Close(websocket.StatusNormalClosure, "")
}

func (w *world) start() {
	w.hub.Started(&bench.Run{ID: "r", State: bench.State{Status: bench.StatusRunning, Phase: bench.PhaseMeasurement}})
}

func (w *world) second(n int64) {
	w.hub.Second(&bench.Second{Run: "r", Second: n, Phase: bench.PhaseMeasurement}, false)
}

func (w *world) event(n int64) {
	w.hub.Event(bench.Event{Run: "r", Sequence: n, Type: bench.EventWorker})
}

func (w *world) end() {
	w.hub.Ended(&bench.Run{ID: "r", State: bench.State{Status: bench.StatusCompleted}}, nil)
}

// followed is what a follower was given.
type followed struct {
	seconds []int64
	events  []int64
	hellos  []string
	links   []Link
	err     error
	done    sync.WaitGroup
}

func (w *world) follow(ctx context.Context, o FollowOptions) *followed {
	f := new(followed)
	f.done.Go(func() {
		f.err = w.client.Follow(ctx, "r", "", o, func(frame *api.Frame) error {
			switch frame.T {
			case "d":
				f.seconds = append(f.seconds, *frame.Second)
			case "ev":
				f.events = append(f.events, frame.Event.Sequence)
			case "hello":
				f.hellos = append(f.hellos, frame.Resume)
			}
			return nil
		}, func(l Link) { f.links = append(f.links, l) })
	})
	synctest.Wait()
	return f
}

func TestFollowResumes(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.start()
		w.second(0)
		f := w.follow(t.Context(), FollowOptions{})
		w.second(1)
		synctest.Wait()
		w.cut(false)
		w.second(2) // while it is away
		time.Sleep(time.Second)
		w.second(3)
		synctest.Wait()
		w.cut(true)
		w.second(4)
		time.Sleep(20 * time.Second)
		w.cut(false)
		time.Sleep(lastRetry)
		w.end()
		f.done.Wait()
		if f.err != nil {
			t.Errorf("follow: %v", f.err)
		}
		if got := fmt.Sprint(f.seconds, f.hellos); got != "[0 1 2 3 4] [snapshot ok ok]" {
			t.Errorf("seconds and hellos are %s", got)
		}
		up, attempts := 0, 0
		for _, l := range f.links {
			if !l.Down {
				up++
			}
			attempts = max(attempts, l.Attempt)
		}
		if up != 3 || attempts < 3 || f.links[1].Err == nil {
			t.Errorf("links are %+v", f.links)
		}
	})
}

func TestFollowAnotherEpoch(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.start()
		w.second(0)
		f := w.follow(t.Context(), FollowOptions{})
		w.event(1)
		w.event(2)
		synctest.Wait()
		w.mu.Lock()
		w.hub = new(tail.Hub) // the server came back, and has everything from its journal
		w.mu.Unlock()
		w.start()
		w.event(1)
		w.event(2)
		w.event(3)
		w.second(7)
		w.cut(false)
		time.Sleep(time.Second)
		w.second(8)
		w.end()
		f.done.Wait()
		if got := fmt.Sprint(f.seconds, f.events, f.hellos, f.err); got != "[0 7 8] [1 2 3] [snapshot snapshot] <nil>" {
			t.Errorf("seconds, events, hellos and error are %s", got)
		}
	})
}

func TestFollowGivesUp(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.start()
		f := w.follow(t.Context(), FollowOptions{Patience: time.Minute})
		start := time.Now()
		w.cut(true)
		f.done.Wait()
		if took := time.Since(start); bench.CodeOf(f.err) != bench.CodeUnreachable || took < time.Minute || took > time.Minute+lastRetry {
			t.Errorf("after %v: %v", took, f.err)
		}
	})
}

func TestFollowIsRefused(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		f := w.follow(t.Context(), FollowOptions{})
		f.done.Wait()
		if bench.CodeOf(f.err) != bench.CodeRunNotFound || len(f.links) != 0 {
			t.Errorf("at first: %v, %v", f.err, f.links)
		}
		w.start()
		f = w.follow(t.Context(), FollowOptions{})
		w.mu.Lock()
		w.refuse = bench.Errorf(bench.CodeForbidden, "not any more")
		w.mu.Unlock()
		w.cut(false)
		f.done.Wait()
		if bench.CodeOf(f.err) != bench.CodeForbidden {
			t.Errorf("later: %v", f.err)
		}
	})
}

func TestFollowNoticesSilence(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.start()
		w.second(0)
		f := w.follow(t.Context(), FollowOptions{})
		w.mu.Lock()
		w.mute = true
		w.mu.Unlock()
		w.cut(false)
		time.Sleep(time.Second) // connected to a server that says nothing
		w.mu.Lock()
		w.mute = false
		w.mu.Unlock()
		time.Sleep(maxSilence + time.Second)
		w.end()
		f.done.Wait()
		if f.err != nil || fmt.Sprint(f.seconds) != "[0]" {
			t.Errorf("%v, seconds %v", f.err, f.seconds)
		}
		silent := false
		for _, l := range f.links {
			silent = silent || l.Err != nil && strings.Contains(l.Err.Error(), "nothing was heard")
		}
		if !silent {
			t.Errorf("links are %+v", f.links)
		}
	})
}

func TestFollowEndsWithTheCaller(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.start()
		why := errors.New("seen enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		f := w.follow(ctx, FollowOptions{})
		cancel(why)
		f.done.Wait()
		if f.err != why {
			t.Errorf("while it reads: %v", f.err)
		}

		ctx, cancel = context.WithCancelCause(t.Context())
		f = w.follow(ctx, FollowOptions{})
		w.cut(true)
		time.Sleep(10 * time.Second)
		cancel(why)
		f.done.Wait()
		if f.err != why {
			t.Errorf("while it waits: %v", f.err)
		}
		w.cut(false)

		// An error of the taker is the end, also one that would pass.
		passing := bench.Errorf(bench.CodeUnreachable, "my own")
		err := w.client.Follow(t.Context(), "r", "", FollowOptions{}, func(*api.Frame) error { return passing }, nil)
		if err != error(passing) {
			t.Errorf("the taker's error: %v", err)
		}
	})
}

func TestSlowAnswer(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.client.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			w.mu.Lock()
			w.open = append(w.open, theirs)
			w.mu.Unlock()
			go io.Copy(io.Discard, theirs)
			return ours, nil
		}}
		start := time.Now()
		_, err := (&Plane{w.client}).Heartbeat(t.Context(), bench.Heartbeat{})
		if bench.CodeOf(err) != bench.CodeUnreachable || time.Since(start) != beatTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestDiscover(t *testing.T) {
	var status int
	var asked string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Authorization")
		w.WriteHeader(status)
		io.WriteString(w, `{"runs":[]}`)
	})
	dead := exited(t)
	path := filepath.Join(t.TempDir(), "server.json")
	for _, test := range []struct {
		name, file string
		status     int
		live       bool
		code       string // of the error, "" is none
	}{
		{"no file", "", 200, false, ""},
		{"alive", fmt.Sprintf(`{"url":%q,"pid":%d,"token":"t"}`, c.URL(), os.Getpid()), 200, true, ""},
		{"a dead process", fmt.Sprintf(`{"url":%q,"pid":%d,"token":"t"}`, c.URL(), dead), 200, false, ""},
		{"nobody listens", fmt.Sprintf(`{"url":"http://127.0.0.1:1","pid":%d,"token":"t"}`, os.Getpid()), 200, false, ""},
		{"another program", fmt.Sprintf(`{"url":%q,"pid":%d,"token":"t"}`, c.URL(), os.Getpid()), 401, false, ""},
		{"a broken server", fmt.Sprintf(`{"url":%q,"pid":%d,"token":"t"}`, c.URL(), os.Getpid()), 500, false, bench.CodeInternal},
		{"not JSON", "{", 200, false, bench.CodeUnreachable},
		{"half a file", `{"url":"http://127.0.0.1:1"}`, 200, false, bench.CodeUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, asked = test.status, ""
			if test.file != "" {
				if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			found, err := Discover(t.Context(), path)
			if (found != nil) != test.live || (err != nil) != (test.code != "") || err != nil && bench.CodeOf(err) != test.code {
				t.Errorf("found %v, %v", found, err)
			}
			if test.live && asked != "Bearer t" {
				t.Errorf("asked with %q", asked)
			}
		})
	}
}

// A client that follows a journal goes to the server that took the place of the one before: an owner with the token that it
// left, a worker with its own.
func TestBeside(t *testing.T) {
	var asked []string
	answer := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, name+" "+r.Header.Get("Authorization"))
			io.WriteString(w, `{}`)
		}
	}
	first, second := httptest.NewServer(answer("first")), httptest.NewServer(answer("second"))
	defer second.Close()
	path := filepath.Join(t.TempDir(), "server.json")
	owner, worker := New(first.URL, "old").Beside(path), NewPlane(first.URL, "mine", path)
	call := func() (err, workerErr error) {
		_, err = owner.Run(t.Context(), "r")
		_, workerErr = worker.Heartbeat(t.Context(), bench.Heartbeat{})
		return err, workerErr
	}
	if err, workerErr := call(); err != nil || workerErr != nil {
		t.Fatal(err, workerErr)
	}
	first.Close()
	if err, workerErr := call(); bench.CodeOf(err) != bench.CodeUnreachable || bench.CodeOf(workerErr) != bench.CodeUnreachable {
		t.Errorf("nobody is there yet: %v, %v", err, workerErr)
	}
	text := fmt.Sprintf(`{"url":%q,"pid":%d,"token":"new"}`, second.URL, os.Getpid())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	call() // finds that the first is gone
	if err, workerErr := call(); err != nil || workerErr != nil {
		t.Errorf("the second server: %v, %v", err, workerErr)
	}
	want := "[first Bearer old first Bearer mine second Bearer new second Bearer mine]"
	if got := fmt.Sprint(asked); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// exited is the number of a process that has ended.
func exited(t *testing.T) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.StartProcess(self, []string{self, "-test.run=^$"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	return p.Pid
}

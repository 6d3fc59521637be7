// Package browsertest is Debian's Chromium for tests: it starts one, and speaks the few words of the DevTools protocol
// (https://chromedevtools.github.io/devtools-protocol) that tests of the dashboard need, over the WebSocket library that
// the program has anyway. A library for the whole protocol would be a hundred times as much code to build and to pin.
//
// Every page fails its test when its console has an error, or when a script threw.
package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long a page may take for what a test waits for. Machines are shared.
const patience = 60 * time.Second

// A Browser is one process of Chromium.
type Browser struct {
	t    testing.TB
	conn *websocket.Conn

	mu      sync.Mutex
	next    int64
	answers map[int64]chan message
	pages   map[string]*Page // by session
}

// A message of the protocol, to the browser or from it.
type message struct {
	ID      int64           `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start starts a browser that ends with the test. Without one installed the test is skipped, or fails if the environment has
// BENCH_TEST_REQUIRE=1.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("BENCH_TEST_REQUIRE") == "1" {
			t.Fatal("there is no chromium: apt-get install chromium")
		}
		t.Skip("there is no chromium: apt-get install chromium")
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-features=Translate",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its own group, with all that it started
		cmd.Wait()
	})
	found := make(chan string, 1) // one address
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if _, address, ok := strings.Cut(lines.Text(), "DevTools listening on "); ok {
				found <- address
			}
		}
	}()
	var address string
	select {
	case address = <-found:
	case <-time.After(patience):
		t.Fatal("chromium did not say where it listens")
	}
	conn, _, err := websocket.Dial(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(256 << 20)
	b := &Browser{t: t, conn: conn, answers: map[int64]chan message{}, pages: map[string]*Page{}}
	read := make(chan struct{})
	go func() { defer close(read); b.read() }()
	t.Cleanup(func() { conn.CloseNow(); <-read })
	return b
}

// read hands out what the browser says until it is closed.
func (b *Browser) read() {
	for {
		_, text, err := b.conn.Read(context.Background())
		if err != nil {
			return
		}
		var m struct {
			message
			Params json.RawMessage `json:"params"`
		}
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		b.mu.Lock()
		answer, page := b.answers[m.ID], b.pages[m.Session]
		delete(b.answers, m.ID)
		b.mu.Unlock()
		switch {
		case m.ID != 0 && answer != nil:
			answer <- m.message
		case page != nil:
			page.heard(m.Method, m.Params)
		}
	}
}

// call sends one command and reads its answer into result, which may be nil.
func (b *Browser) call(session, method string, params, result any) error {
	answer := make(chan message, 1) // one answer
	b.mu.Lock()
	b.next++
	m := message{ID: b.next, Session: session, Method: method, Params: params}
	b.answers[m.ID] = answer
	b.mu.Unlock()
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case got := <-answer:
		if got.Error != nil {
			return fmt.Errorf("%s: %s", method, got.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(got.Result, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: no answer", method)
	}
}

package main

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"bench/server/dashboard/browsertest"
)

// outlivesServer: a page whose server is killed finds the next one, stays signed in, and has every event and every second.
func outlivesServer(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	server := s.serve()
	id, link := s.detached(s.spec(strings.Replace(fmt.Sprintf(fleetSpec, "12s", 2), `warmup   = "2s"`, `warmup   = "1s"`, 1)))
	p.Go(link)
	p.Wait(sentence + `.startsWith("MEASUREMENT: ") && ` + sentence + `.includes("operations per second")`)
	browsertest.Eval[any](p, "window.unbroken = true")
	server.Process.Kill()
	<-server.exited
	p.Wait(`/^(stale|no connection)/.test(document.querySelector(".pill").lastChild.textContent)`)
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	s.start("serve", "--listen", at.Host)
	p.Wait(`/^(live|resumed)/.test(document.querySelector(".pill").lastChild.textContent)`)
	p.Wait(`/^(Passed|Failed|Undetermined|FAILED|CANCELLED)/.test(` + sentence + `)`)
	t.Logf("%s", browsertest.Eval[string](p, sentence))
	if !browsertest.Eval[bool](p, "window.unbroken === true") {
		t.Error("the page was loaded again")
	}
	p.Wait(`document.querySelector(".pill").lastChild.textContent.startsWith("ended")`)
	// Every event that the journal has is on the page, once and in its order, the newest first.
	var stored []string
	for _, row := range s.query("SELECT EVENT_TYPE, MESSAGE FROM RUN_CONTROL_EVENTS WHERE RUN_ID = ? ORDER BY SEQUENCE_ID DESC", id) {
		stored = append(stored, fmt.Sprint(row[0], " ", row[1]))
	}
	shown := browsertest.Eval[[]string](p, fmt.Sprintf(lines, "Events")+`.map((r) => r.cells[1].querySelector(".mark").lastChild.textContent + " " + r.cells[2].textContent)`)
	if !slices.Equal(shown, stored) || len(stored) < 8 {
		t.Errorf("the page shows the events %q, the journal has %q", shown, stored)
	}
	// The table of a chart has all 13 seconds, one a line.
	p.Wait(fmt.Sprintf(lines, "Throughput") + `.map((r) => r.cells[0].textContent).join() === Array.from({ length: 13 }, (_, i) => "0:" + String(i).padStart(2, "0")).join()`)
	p.Forgive("net::ERR_")
	p.Forgive("WebSocket")
}

// showsAGap: seconds that a page did not get and that no server has any more are a gap, told with its length, and no chart
// draws a line over them. The next server tells a page all that is stored, so that there is none unless the journal has lost
// something: as here, where it is robbed of three seconds while no server looks after it.
func showsAGap(t *testing.T, p *browsertest.Page) {
	s := newSite(t)
	server := s.serve()
	id, link := s.detached(s.spec(fmt.Sprintf(fleetSpec, "60s", 2)))
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t, at.Host)
	p.Go(strings.Replace(link, at.Host, g.Addr().String(), 1))
	p.Wait(sentence + `.startsWith("MEASUREMENT: ") && ` + sentence + `.includes("operations per second")`)
	g.cut(true)
	p.Wait(`/^(stale|no connection)/.test(document.querySelector(".pill").lastChild.textContent)`)
	from := s.query("SELECT MAX(SECOND) + 2 FROM RUN_SECONDS WHERE RUN_ID = ?", id)[0][0].(int64)
	s.await("three seconds that the page does not get", "SELECT MAX(SECOND) >= ? FROM RUN_SECONDS WHERE RUN_ID = ?", from+3, id)
	server.Process.Kill()
	<-server.exited
	s.exec("DELETE FROM RUN_SECONDS WHERE RUN_ID = ? AND SECOND BETWEEN ? AND ?", id, from, from+2)
	s.start("serve", "--listen", at.Host)
	g.cut(false)
	p.Wait(`document.querySelector(".pill").lastChild.textContent === "resumed, gap 3s"`)
	p.Wait(fmt.Sprintf(`[...%s].some((r) => r.cells[0].textContent === "0:%02d" && r.cells[1].textContent === "no data for 3 seconds")`, fmt.Sprintf(lines, "Throughput"), from))
	look(t, p, "run-gap")
	p.Wait(`document.querySelector(".pill").lastChild.textContent.startsWith("live, ")`)
	s.output("stop", "--force", id)
	p.Wait(sentence + `.startsWith("CANCELLED in ")`)
	p.Forgive("net::ERR_")
	p.Forgive("WebSocket")
}

// exec changes the journal.
func (s *site) exec(statement string, args ...any) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.journal()+"?_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// A gate is the network between a browser and a server, which can be cut.
type gate struct {
	net.Listener
	server string

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]bool
}

func newGate(t *testing.T, server string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Listener: l, server: server, conns: map[net.Conn]bool{}}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			passing.Go(func() { g.through(c) })
		}
	})
	t.Cleanup(func() { l.Close(); g.cut(true); passing.Wait() })
	return g
}

// cut ends all connections and lets none through any more, or does again.
func (g *gate) cut(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	for c := range g.conns {
		c.Close()
	}
}

// through carries a connection to the server, until one side or the gate ends it.
func (g *gate) through(c net.Conn) {
	defer c.Close()
	to, err := net.Dial("tcp", g.server)
	if err != nil {
		return
	}
	defer to.Close()
	g.mu.Lock()
	shut := g.shut
	g.conns[c], g.conns[to] = true, true
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.conns, c)
		delete(g.conns, to)
	}()
	if shut {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { io.Copy(c, to); c.Close() })
	io.Copy(to, c)
	to.Close()
	back.Wait()
}

package replicatest

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Listen gives an address of its own to a server behind the network, for programs that are told an address and not how to
// dial. Nobody listens there while Refused lasts. It is closed at the end of the test.
func (n *Network) Listen(t testing.TB, server string) (address string) {
	t.Helper()
	g := &gate{network: n, server: server, address: "127.0.0.1:0"}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := g.turn(true); err != nil {
		t.Fatal(err)
	}
	n.gates = append(n.gates, g)
	t.Cleanup(func() {
		n.mu.Lock()
		g.turn(false)
		n.mu.Unlock()
		g.end()
	})
	return g.address
}

// A gate carries connections from its address to a server.
type gate struct {
	network *Network
	server  string
	address string // once open, for good

	listener net.Listener // nil while nobody listens; guarded by the network's lock, as turn is
	busy     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // both ends of all connections
	ended bool
}

// turn opens the gate, or closes it; connections that stand are left alone.
func (g *gate) turn(open bool) error {
	if open == (g.listener != nil) {
		return nil
	}
	if !open {
		g.listener.Close()
		g.listener = nil
		return nil
	}
	l, err := net.Listen("tcp", g.address)
	if err != nil {
		return err
	}
	g.listener, g.address = l, l.Addr().String()
	g.busy.Go(func() { g.accept(l) })
	return nil
}

func (g *gate) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		g.busy.Go(func() { g.carry(c) })
	}
}

// carry copies bytes both ways until one side ends.
func (g *gate) carry(c net.Conn) {
	defer c.Close()
	w, err := g.network.Dial(context.Background(), "tcp", g.server)
	if err != nil {
		return
	}
	defer w.Close()
	if !g.join(c, w) {
		return
	}
	defer g.leave(c, w)
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(c, w)
		c.Close()
	})
	io.Copy(w, c)
	w.Close()
	back.Wait()
}

func (g *gate) join(ends ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conns == nil {
		g.conns = map[net.Conn]bool{}
	}
	for _, c := range ends {
		g.conns[c] = true
	}
	return !g.ended
}

func (g *gate) leave(ends ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range ends {
		delete(g.conns, c)
	}
}

// end breaks what stands and waits until nothing is left.
func (g *gate) end() {
	g.mu.Lock()
	g.ended = true
	for c := range g.conns {
		c.Close()
	}
	g.mu.Unlock()
	g.busy.Wait()
}

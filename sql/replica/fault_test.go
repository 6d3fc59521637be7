package replica

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A network is what lies between a feeder and its server. It does what it is told with the next connection or the next
// answers, and otherwise only carries bytes.
type network struct {
	mu     sync.Mutex
	away   bool  // connections are refused, and those that stand break when something is sent
	fault  fault // of the connection that reads next
	after  int   // answers to let through before the fault
	narrow int   // more bytes at once do not come through; 0 is no limit
	struck int   // faults that happened
}

type fault int

const (
	none       fault = iota
	unsent           // what is sent does not arrive, and the connection breaks
	unheard          // the server answers, but the connection breaks before the answer is read
	speechless       // nothing is heard any more, though the connection stands
)

var errBroken = errors.New("the connection broke")

func (n *network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	if n.gone() {
		return nil, &net.OpError{Op: "dial", Net: kind, Err: errors.New("connection refused")}
	}
	c, err := new(net.Dialer).DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, network: n, ended: make(chan struct{})}, nil
}

// plan makes a fault happen after some answers.
func (n *network) plan(f fault, after int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault, n.after = f, after
}

func (n *network) refuse(away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = away
}

func (n *network) gone() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.away
}

// strike says whether a fault of a read, or of a write, happens now. Only reads count down.
func (n *network) strike(read bool) fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.fault == none:
		return none
	case n.after > 0 && read:
		n.after--
		return none
	case n.after > 0 || read == (n.fault == unsent):
		return none
	}
	f := n.fault
	n.fault = none
	n.struck++
	return f
}

// A wire is one connection.
type wire struct {
	net.Conn
	network *network

	once  sync.Once
	ended chan struct{} // closed with the wire, or when its deadline is set to the past
}

func (w *wire) Write(b []byte) (int, error) {
	if w.network.gone() {
		w.Close()
		return 0, errBroken
	}
	if n := w.network.narrow; n > 0 && len(b) > n {
		<-w.ended
		return 0, os.ErrDeadlineExceeded
	}
	if w.network.strike(false) == unsent {
		w.Close()
		return 0, errBroken
	}
	return w.Conn.Write(b)
}

func (w *wire) Read(b []byte) (int, error) {
	switch w.network.strike(true) {
	case unheard:
		w.Conn.SetReadDeadline(time.Now().Add(5 * time.Second)) // the server answers
		w.Conn.Read(b)
		w.Close()
		return 0, io.ErrUnexpectedEOF
	case speechless:
		<-w.ended
		return 0, os.ErrDeadlineExceeded
	}
	return w.Conn.Read(b)
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.ended) })
	return w.Conn.Close()
}

// SetDeadline wakes a wire that hears nothing: the driver sets a deadline in the past when a context ends.
func (w *wire) SetDeadline(t time.Time) error {
	if !t.IsZero() && time.Until(t) <= 0 {
		w.once.Do(func() { close(w.ended) })
	}
	return w.Conn.SetDeadline(t)
}

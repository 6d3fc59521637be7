// Package replicatest has what tests of replicas need: a [Network] that fails as it is told, and [Same], which holds a
// replica against its journal.
package replicatest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Network is what lies between a feeder and its server: [Network.Dial] leads into it, or [Network.Listen] for what only
// takes an address. It does what it is told with the next connection or the next answers, and otherwise only carries
// bytes. The zero value works.
type Network struct {
	mu      sync.Mutex
	lasting Fault  // until it is told otherwise
	fault   Fault  // of the connection that reads next
	after   int    // answers to let through before the fault
	text    string // in what the fault's answer is to; "" is anything
	narrow  int    // more bytes at once do not come through; 0 is no limit
	struck  int    // faults that happened
	gates   []*gate
}

// A Fault is how a network fails.
type Fault int

// The faults. Refused only lasts, Unsent only strikes once.
const (
	None       Fault = iota
	Refused          // nobody listens, and connections that stand break when something is sent
	Unsent           // what is sent does not arrive, and the connection breaks
	Unheard          // the server answers, but the connection breaks before the answer is read
	Speechless       // nothing is heard any more, though the connection stands
)

var errBroken = errors.New("the connection broke")

// Dial connects to a server through the network. It is a pgconn.DialFunc.
func (n *Network) Dial(ctx context.Context, kind, address string) (net.Conn, error) {
	if n.lasts(Refused) {
		return nil, &net.OpError{Op: "dial", Net: kind, Err: errors.New("connection refused")}
	}
	c, err := new(net.Dialer).DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, network: n, ended: make(chan struct{})}, nil
}

// Plan makes a fault happen once, after some answers.
func (n *Network) Plan(f Fault, after int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault, n.after, n.text = f, after, ""
}

// PlanAt makes a fault happen once, to the answer to what holds a text.
func (n *Network) PlanAt(f Fault, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault, n.after, n.text = f, 0, text
}

// Last makes a fault last until another one is told, or None. Unheard then strikes whatever writes rows: connections come
// about, statements are carried out, and no answer to them arrives. Connections that Speechless has struck stay so.
func (n *Network) Last(f Fault) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lasting = f
	for _, g := range n.gates {
		if err := g.turn(f != Refused); err != nil {
			return err
		}
	}
	return nil
}

// Refuse makes Refused last, or ends it, on a network that nobody listens to.
func (n *Network) Refuse(away bool) {
	f := None
	if away {
		f = Refused
	}
	n.Last(f)
}

// Narrow lets no more than so many bytes through at once.
func (n *Network) Narrow(bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.narrow = bytes
}

// Struck is how many faults have happened so far.
func (n *Network) Struck() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.struck
}

// lasts reports whether a fault lasts now.
func (n *Network) lasts(f Fault) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lasting == f
}

// strike says whether a fault of a read, or of a write, happens now. Only reads count down. rows says that the read is of
// the answer to rows, asked that it is to what a fault waits for.
func (n *Network) strike(read, rows, asked bool) Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case read && n.lasting == Speechless, read && rows && n.lasting == Unheard:
		n.struck++
		return n.lasting
	case n.fault == None, n.text != "" && !asked:
		return None
	case n.after > 0 && read:
		n.after--
		return None
	case n.after > 0 || read == (n.fault == Unsent):
		return None
	}
	f := n.fault
	n.fault = None
	n.struck++
	return f
}

// A wire is one connection.
type wire struct {
	net.Conn
	network *Network
	rows    atomic.Bool // were sent while no answer to them is heard
	asked   atomic.Bool // what a fault waits for

	once  sync.Once
	ended chan struct{} // closed with the wire, or when its deadline is set to the past
}

func (w *wire) Write(b []byte) (int, error) {
	if w.network.lasts(Refused) {
		w.Close()
		return 0, errBroken
	}
	if n := w.network.limit(); n > 0 && len(b) > n {
		<-w.ended
		return 0, os.ErrDeadlineExceeded
	}
	if w.network.strike(false, false, false) == Unsent {
		w.Close()
		return 0, errBroken
	}
	if w.network.waitsFor(b) {
		w.asked.Store(true)
	}
	// In PostgreSQL's protocol B binds arguments to a statement. Those that only read have few.
	if len(b) > 1500 && b[0] == 'B' && w.network.lasts(Unheard) {
		w.rows.Store(true)
	}
	return w.Conn.Write(b)
}

// waitsFor reports whether a fault waits for the answer to something.
func (n *Network) waitsFor(b []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fault != None && n.text != "" && bytes.Contains(b, []byte(n.text))
}

func (n *Network) limit() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.narrow
}

// Read reads an answer and decides what becomes of it: the server has carried out what it answers.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n == 0 {
		return n, err
	}
	switch w.network.strike(true, w.rows.Load(), w.asked.Load()) {
	case Unheard:
		w.Close()
		return 0, io.ErrUnexpectedEOF
	case Speechless:
		<-w.ended
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
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

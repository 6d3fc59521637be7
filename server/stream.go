package server

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"bench/runtime/bench"
	"bench/runtime/engine"
	"bench/server/api"
	"bench/server/tail"
)

const (
	pingEvery    = 15 * time.Second
	pingDeadline = 10 * time.Second
	frameWrite   = 5 * time.Second // a viewer that takes longer for one frame is let go, and resumes
)

// stream gives a viewer the frames of a run: over a WebSocket, or to whoever did not ask for one as lines of JSON.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	v, err := s.viewer(r.Context(), r.PathValue("run_id"), r.URL.Query().Get("since"))
	if err == nil {
		defer v.Close()
		err = s.join()
	}
	if err != nil {
		refuse(w, s.logged(r, err))
		return
	}
	defer s.streams.Done()
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.socket(w, r, v)
	} else {
		s.lines(w, r, v)
	}
}

// logged is known, and logs what the client is not told.
func (s *Server) logged(r *http.Request, err error) *bench.Error {
	e := known(err)
	if e.Code == bench.CodeInternal && r.Context().Err() == nil {
		s.log.Error("a request failed", "route", r.Pattern, "error", err)
	}
	return e
}

// viewer is one of the live stream, or of the history when the hub does not have the run.
func (s *Server) viewer(ctx context.Context, name, since string) (*tail.Viewer, error) {
	run, err := s.find(ctx, name)
	if err != nil {
		return nil, err
	}
	now, live := s.config.Engine.Live(run.ID)
	if !live {
		now = nil
	}
	v, err := s.config.Hub.Watch(run.ID, since, now)
	if bench.CodeOf(err) != bench.CodeRunNotFound {
		return v, err
	}
	events, err := s.config.History.Events(ctx, run.ID, 0)
	if err != nil {
		return nil, err
	}
	seconds, err := s.config.History.Seconds(ctx, run.ID, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	result, err := s.config.History.Result(ctx, run.ID)
	if err != nil && !errors.Is(err, engine.ErrNoResult) {
		return nil, err
	}
	return s.config.Hub.Replay(run, events, seconds, result, since)
}

// errTalks is why a viewer that sends messages is let go.
var errTalks = errors.New("viewers send nothing; what to see is said in the URL")

// connKey is where the context of a request holds its connection.
type connKey struct{}

// withConn lets handlers cut off the connection of a request.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// socket writes frames to a WebSocket. This goroutine writes and pings, a second one reads what it must: pongs, and the
// viewer's close. It does what the library's CloseRead would do, which waits 15 s for itself when the viewer sends a
// message. A Close waits 5 s for a viewer that does not answer, whatever else closes the WebSocket; only the end of the
// connection below ends that.
func (s *Server) socket(w http.ResponseWriter, r *http.Request, v *tail.Viewer) {
	conn := r.Context().Value(connKey{}).(net.Conn)
	defer context.AfterFunc(s.killed, func() { conn.Close() })()
	// Its check of the Origin is weaker than the one that the request has passed.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{api.Protocol}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // the library has answered
	}
	gone, leave := context.WithCancelCause(context.Background())
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for {
			_, message, err := c.Reader(context.Background())
			if err != nil {
				leave(err)
				return
			}
			leave(errTalks)
			io.Copy(io.Discard, message)
		}
	}()
	defer func() { <-heard }()
	defer c.CloseNow()
	if c.Subprotocol() != api.Protocol {
		c.Close(websocket.StatusPolicyViolation, "ask for the subprotocol "+api.Protocol)
		return
	}
	ctx, cancel := context.WithCancel(gone)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()

	for ping := time.Now().Add(pingEvery); ; {
		wait, done := context.WithDeadline(ctx, ping)
		text, err := v.Next(wait)
		done()
		switch {
		case err == nil:
			write, done := context.WithTimeout(context.Background(), frameWrite)
			err = c.Write(write, websocket.MessageText, text)
			done()
		case err == io.EOF:
			c.Close(websocket.StatusNormalClosure, "the run has ended")
			return
		case context.Cause(gone) == errTalks:
			c.Close(websocket.StatusPolicyViolation, errTalks.Error())
			return
		case gone.Err() != nil:
			return
		case s.stopping.Err() != nil:
			c.Close(websocket.StatusGoingAway, "the server is about to end; resume with since")
			return
		default:
			err = nil
		}
		if err == nil && !time.Now().Before(ping) {
			pong, done := context.WithTimeout(context.Background(), pingDeadline)
			err = c.Ping(pong)
			done()
			ping = time.Now().Add(pingEvery)
		}
		if err != nil {
			return
		}
	}
}

// lines writes frames as lines of JSON.
func (s *Server) lines(w http.ResponseWriter, r *http.Request, v *tail.Viewer) {
	out := http.NewResponseController(w)
	out.SetReadDeadline(time.Time{}) // the server's is for requests, not for what lasts as long as a run
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("X-Accel-Buffering", "no")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	for text, err := range v.All(ctx) {
		if err != nil {
			return
		}
		out.SetWriteDeadline(time.Now().Add(frameWrite))
		if _, err := w.Write(append(text[:len(text):len(text)], '\n')); err != nil {
			return
		}
		if out.Flush() != nil {
			return
		}
	}
}

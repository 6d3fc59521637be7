package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"bench/runtime/bench"
	"bench/server/api"
)

const (
	maxFrame    = 16 << 20         // a hello frame holds the plan
	maxSilence  = 20 * time.Second // the server sends a frame or a ping more often
	dialTimeout = 10 * time.Second
)

// A Stream is one connection to a run's stream. It is used by one goroutine.
type Stream struct {
	at      *address
	conn    *websocket.Conn
	silence *time.Timer // cuts the connection while Next waits
	silent  atomic.Bool // it did
}

// Stream opens the stream of a run, after the position since (EPOCH:SEQ) if that is not empty.
func (c *Client) Stream(ctx context.Context, run, since string) (*Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	at := c.at.Load()
	path := at.url + about(run) + "/stream"
	if since != "" {
		path += "?" + url.Values{"since": {since}}.Encode()
	}
	header := make(http.Header)
	if at.token != "" {
		header.Set("Authorization", "Bearer "+at.token)
	}
	s := &Stream{at: at}
	conn, resp, err := websocket.Dial(ctx, path, &websocket.DialOptions{
		HTTPClient: c.http, HTTPHeader: header, Subprotocols: []string{api.Protocol},
		OnPingReceived: func(context.Context, []byte) bool {
			s.silence.Reset(maxSilence) // it is only called while Next waits
			return true
		},
	})
	if err != nil {
		// The library keeps only the first kilobyte of an answer's body, which is enough for a problem.
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			text, _ := io.ReadAll(resp.Body)
			return nil, failure(text, resp.StatusCode)
		}
		return nil, c.unreachable(ctx, at, err)
	}
	conn.SetReadLimit(maxFrame)
	s.conn = conn
	return s, nil
}

// Next waits for the next frame, and also gives its bytes as the server sent them. After the end frame the error is
// io.EOF; when the connection is lost, or nothing was heard for 20 s, it has the code bench.CodeUnreachable.
func (s *Stream) Next(ctx context.Context) (*api.Frame, []byte, error) {
	s.silence = time.AfterFunc(maxSilence, func() {
		s.silent.Store(true)
		s.conn.CloseNow()
	})
	defer s.silence.Stop()
	_, text, err := s.conn.Read(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case websocket.CloseStatus(err) == websocket.StatusNormalClosure:
		return nil, nil, io.EOF
	case s.silent.Load():
		return nil, nil, bench.Errorf(bench.CodeUnreachable, "nothing was heard from %s for %v", s.at.url, maxSilence)
	default:
		return nil, nil, bench.Errorf(bench.CodeUnreachable, "the stream from %s was lost: %w", s.at.url, root(err))
	}
	f := new(api.Frame)
	if err := json.Unmarshal(text, f); err != nil {
		return nil, nil, bench.Errorf(bench.CodeInternal, "a frame of the stream is not what this version of bench expects: %w", err)
	}
	return f, text, nil
}

// Close ends the connection.
func (s *Stream) Close() { s.conn.CloseNow() }

// FollowOptions are how [Client.Follow] deals with a server that is gone.
type FollowOptions struct {
	Patience time.Duration // how long to try again; zero is two minutes
}

// A Link is how the connection of a follower stands.
type Link struct {
	Down    bool
	Attempt int   // of reconnecting, from 1; zero when the connection stands or was just lost
	Err     error // why it is down
}

// The time between two attempts to connect grows from firstRetry to lastRetry.
const (
	firstRetry      = 500 * time.Millisecond
	lastRetry       = 2 * time.Second // a server that was started again is found by then
	defaultPatience = 2 * time.Minute
)

// Follow gives the frames of a run to take until its end frame, and connects again when the connection is lost: from the
// frame after the last one, as long as the server remembers it. A server that took the place of the one before does not:
// then take gets a hello whose Resume is not ok and all seconds and histograms that there are, but no event twice. changed,
// if not nil, hears whenever the link goes down, is tried, or stands again; both are called from the caller's goroutine.
//
// It returns nil after the end frame, an error of take as it is, the cause of ctx when ctx ends, and a *bench.Error when
// the server refuses, cannot be reached at first, or cannot be reached again in time.
func (c *Client) Follow(ctx context.Context, run, since string, o FollowOptions, take func(*api.Frame) error, changed func(Link)) error {
	patience := cmp.Or(o.Patience, defaultPatience)
	f := follower{since: since, take: take, changed: changed}
	if changed == nil {
		f.changed = func(Link) {}
	}
	var lost time.Time // zero before the first connection
	for attempt := 0; ; attempt++ {
		f.connected = false
		err := f.once(ctx, c, run)
		switch {
		case err == nil || f.refused || ctx.Err() != nil || !passing(err):
			return err
		case f.connected:
			lost, attempt = time.Now(), 0
		case lost.IsZero():
			return err
		case time.Since(lost) > patience:
			return bench.Errorf(bench.CodeUnreachable, "the server at %s was gone for more than %v: %w", c.URL(), patience, err)
		}
		f.changed(Link{Down: true, Attempt: attempt, Err: err})
		wait := min(firstRetry<<min(attempt, 10), lastRetry)
		select {
		case <-time.After(wait/2 + rand.N(wait/2)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// passing reports whether trying again may help: the server is gone or says that it is going.
func passing(err error) bool {
	e, ok := errors.AsType[*bench.Error](err)
	return ok && (e.Code == bench.CodeUnreachable || e.Code == bench.CodeStopping || e.Code == bench.CodeBusy)
}

// A follower knows where in the stream it is.
type follower struct {
	epoch     string
	since     string
	event     int64 // sequence of the newest one
	connected bool  // a hello was received
	refused   bool  // the last error is one of take
	take      func(*api.Frame) error
	changed   func(Link)
}

// once follows the stream over one connection. It returns nil after the end frame.
func (f *follower) once(ctx context.Context, c *Client, run string) error {
	s, err := c.Stream(ctx, run, f.since)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		frame, _, err := s.Next(ctx)
		if err == io.EOF {
			return bench.Errorf(bench.CodeUnreachable, "the server at %s closed the stream before the run's end", c.URL())
		}
		if err != nil {
			return err
		}
		if frame.T == "hello" {
			f.epoch, f.connected = frame.Epoch, true
			f.changed(Link{})
		}
		if !f.told(frame) {
			if err := f.take(frame); err != nil {
				f.refused = true
				return err
			}
		}
		if frame.T == "hello" || frame.Seq > 0 { // a gap has no place of its own
			f.since = f.epoch + ":" + number(frame.Seq)
		}
		if frame.T == "end" {
			return nil
		}
	}
}

// told reports whether a frame is an event that was taken before. Events have their numbers from the journal, which
// every server of a run counts on.
func (f *follower) told(frame *api.Frame) bool {
	if frame.T != "ev" || frame.Event == nil {
		return false
	}
	if frame.Event.Sequence <= f.event {
		return true
	}
	f.event = frame.Event.Sequence
	return false
}

// Package snowtest stands in for Snowflake in tests: a server on the loopback that speaks the wire protocol of Snowflake's
// drivers, as far as a load test uses it, and does what a test tells it to.
//
// It does not understand SQL. What a statement is answered with, when, or with which error, is what [Server.Respond] says.
// What it does know is sessions, statements that run until they are done, aborted or their session ends, and requests:
// each is counted, so that a test can hold a client to "no retry was hidden, no session is left, nothing runs any more".
//
// Like Snowflake it goes on with a statement when the client that sent it hangs up; it tells a client whose statement
// takes long to ask again ([Server.SetPoll]); and an abort names the request of the statement. One thing differs: an
// abort that overtakes its statement on the way is remembered, where Snowflake says that nothing runs.
package snowtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server is the stand-in.
type Server struct {
	http *httptest.Server
	ends chan struct{} // closed when the test is over
	over sync.WaitGroup

	mu       sync.Mutex
	respond  func(Statement) Answer
	refuse   func(Login) *Answer
	poll     time.Duration
	abort    time.Duration
	counts   Counts
	logins   []Login
	sessions map[string]*session   // by token, those that are gone too
	running  map[string]*execution // by request id
	polled   map[string]*execution // by query id, those that somebody was told to ask for
	aborted  map[string]bool       // request ids that no statement has yet
	history  []Execution
	number   int // of sessions and queries so far
}

// Counts are the requests so far, by what they asked for.
type Counts struct {
	Logins, Closes, Renewals, Heartbeats int
	Statements, Describes, Polls, Aborts int
	Telemetry, Other                     int
	Refused                              int // statements, because of their session
	Retries                              int // of all these, those that the driver marked as sent again
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		ends: make(chan struct{}), poll: 45 * time.Second,
		respond: func(Statement) Answer { return Numbers(3) }, refuse: func(Login) *Answer { return nil },
		sessions: map[string]*session{}, running: map[string]*execution{}, polled: map[string]*execution{}, aborted: map[string]bool{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /session/v1/login-request", s.login)
	mux.HandleFunc("POST /session", s.close)
	mux.HandleFunc("POST /session/token-request", s.renew)
	mux.HandleFunc("POST /session/heartbeat", s.heartbeat)
	mux.HandleFunc("POST /queries/v1/query-request", s.query)
	mux.HandleFunc("GET /queries/{id}/result", s.result)
	mux.HandleFunc("GET /monitoring/queries/{id}", s.monitor)
	mux.HandleFunc("POST /queries/v1/abort-request", s.abortRequest)
	mux.HandleFunc("POST /telemetry/send", func(w http.ResponseWriter, r *http.Request) {
		s.count(r, func(c *Counts) { c.Telemetry++ })
		write(w, reply{Success: true})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.count(r, func(c *Counts) { c.Other++ })
		http.NotFound(w, r)
	})
	s.http = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(s.ends)
		s.http.CloseClientConnections()
		s.http.Close()
		s.over.Wait()
	})
	return s
}

// Address is the host and the port to connect to, over plain HTTP.
func (s *Server) Address() (host string, port int) {
	u, err := url.Parse(s.http.URL)
	if err != nil {
		panic(err)
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		panic(err)
	}
	return u.Hostname(), port
}

// Respond sets what statements are answered with from now on. f runs at once for many of them.
func (s *Server) Respond(f func(Statement) Answer) { s.set(func() { s.respond = f }) }

// Refuse sets which logins are refused from now on: those for which f returns an answer, which is an error.
func (s *Server) Refuse(f func(Login) *Answer) { s.set(func() { s.refuse = f }) }

// SetPoll sets how long a request waits for its statement before the client is told to ask again.
func (s *Server) SetPoll(d time.Duration) { s.set(func() { s.poll = d }) }

// SetAbort sets how long an abort takes. Its statement runs on meanwhile.
func (s *Server) SetAbort(d time.Duration) { s.set(func() { s.abort = d }) }

func (s *Server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Counts are the requests so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Logins are the sign-ins so far, in order, refused ones too.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

// Running are the statements that have not ended, in the order of their queries.
func (s *Server) Running() []Statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Statement
	for _, e := range s.running {
		all = append(all, e.Statement)
	}
	slices.SortFunc(all, func(a, b Statement) int { return strings.Compare(a.QueryID, b.QueryID) })
	return all
}

// Cancel ends a statement by the id of its query, as SYSTEM$CANCEL_QUERY does, and reports whether it ran.
func (s *Server) Cancel(queryID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.running {
		if e.QueryID == queryID {
			e.abort()
			return true
		}
	}
	return false
}

// History are the statements that have ended, in the order in which they did.
func (s *Server) History() []Execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history)
}

// count counts a request.
func (s *Server) count(r *http.Request, add func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.counts)
	if r.URL.Query().Has("retryCount") {
		s.counts.Retries++
	}
}

// A reply is the frame of every answer.
type reply struct {
	Data    any    `json:"data"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Success bool   `json:"success"`
}

func write(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(r)
}

// refused is an answer that is an error, by its number.
func refused(number int, message string) reply {
	return reply{Code: code(number), Message: message, Data: map[string]any{}}
}

func code(number int) string { return fmt.Sprintf("%06d", number) }

// Open is how many sessions are open.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for session := range maps.Values(s.sessions) {
		if session.gone == 0 {
			n++
		}
	}
	return n
}

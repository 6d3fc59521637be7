package snowtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The numbers with which Snowflake ends a statement, or says that there is none to end.
const (
	Canceled     = 604
	NotExecuting = 605
	inProgress   = 333333 // ask again
	inBackground = 333334 // the client did not want to wait
)

// Kinds of statements, as the protocol numbers them.
const (
	selects = 0x1000
	dml     = 0x3000
	ddl     = 0x6000
)

// kinds are by the first word of a statement; everything else is DDL.
var kinds = map[string]int{
	"SELECT": selects, "WITH": selects, "SHOW": selects, "DESC": selects, "DESCRIBE": selects, "CALL": selects,
	"INSERT": dml + 0x100, "UPDATE": dml + 0x200, "DELETE": dml + 0x300, "MERGE": dml + 0x400,
}

// A Statement is one that a client sent.
type Statement struct {
	SQL     string
	Args    []Arg
	Tag     string // QUERY_TAG of the request, else of the session
	Session int
	Nth     int // of its session, from 1
	QueryID string
	Request string
	Sent    time.Time
	// Describe says that the client only asks what the statement would return.
	Describe bool
}

// An Arg is a bound value.
type Arg struct {
	Type  string  `json:"type"`
	Value *string `json:"value"` // nil is NULL
}

// An Execution is a row of the query history.
type Execution struct {
	Statement
	Ended  time.Time
	Number int // of the error; 0 when it succeeded
}

// An execution is a statement that runs.
type execution struct {
	Statement
	kind   int
	cancel chan struct{} // closed by an abort
	done   chan struct{} // closed when it has ended
	answer Answer        // valid then
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	found, no := s.authorized(r)
	var body struct {
		SQL        string         `json:"sqlText"`
		Async      bool           `json:"asyncExec"`
		Describe   bool           `json:"describeOnly"`
		Parameters map[string]any `json:"parameters"`
		Bindings   map[string]Arg `json:"bindings"`
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	s.count(r, func(c *Counts) {
		if body.Describe {
			c.Describes++
		} else {
			c.Statements++
		}
		if no != nil {
			c.Refused++
		}
	})
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case no != nil:
		write(w, *no)
		return
	}
	statement := Statement{SQL: body.SQL, Session: found.id, Request: r.URL.Query().Get("requestId"), Sent: time.Now(), Describe: body.Describe}
	for i := range len(body.Bindings) {
		statement.Args = append(statement.Args, body.Bindings[strconv.Itoa(i+1)])
	}
	statement.Tag, _ = found.login.Parameters["QUERY_TAG"].(string)
	if tag, ok := body.Parameters["QUERY_TAG"].(string); ok {
		statement.Tag = tag
	}
	e := s.begin(found, statement)
	if body.Async {
		s.set(func() { s.polled[e.QueryID] = e })
		write(w, e.ask(inBackground))
		return
	}
	s.wait(w, e)
}

// begin runs a statement until it ends, whatever becomes of who sent it.
func (s *Server) begin(in *session, statement Statement) *execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	in.statements++
	statement.QueryID, statement.Nth = fmt.Sprintf("query-%06d", s.number), in.statements
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(statement.SQL)), " ")
	kind, ok := kinds[word]
	if !ok {
		kind = ddl
	}
	e := &execution{Statement: statement, kind: kind, cancel: make(chan struct{}), done: make(chan struct{})}
	if s.aborted[statement.Request] {
		delete(s.aborted, statement.Request)
		close(e.cancel)
	}
	s.running[statement.Request] = e
	respond := s.respond
	s.over.Go(func() {
		e.answer = respond(e.Statement)
		s.run(in, e)
	})
	return e
}

// abort begins the end of a statement; the server's lock is held.
func (e *execution) abort() {
	select {
	case <-e.cancel:
	default:
		close(e.cancel)
	}
}

// run lets a statement take its time, and notes its end.
func (s *Server) run(in *session, e *execution) {
	a := &e.answer
	if a.Status == 0 {
		var done <-chan time.Time // never, when it hangs
		if !a.Hang {
			timer := time.NewTimer(a.Latency)
			defer timer.Stop()
			done = timer.C
		}
		select {
		case <-done:
		case <-e.cancel:
			*a = Error(Canceled, "57014", "SQL execution canceled")
		case <-in.ended:
			*a = Error(SessionGone, "08001", "Session no longer exists. New login required to access the service.")
		case <-s.ends:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Lose {
		in.end(SessionGone)
		*a = Error(SessionGone, "08001", "Session no longer exists. New login required to access the service.")
	}
	delete(s.running, e.Request)
	if a.Status == 0 && !e.Describe {
		s.history = append(s.history, Execution{e.Statement, time.Now(), a.Number})
	}
	close(e.done)
}

// wait answers a request with the end of a statement, or after a while with where to ask for it.
func (s *Server) wait(w http.ResponseWriter, e *execution) {
	s.mu.Lock()
	poll := s.poll
	s.mu.Unlock()
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-e.done:
		e.answer.sendKind(w, e.QueryID, e.kind)
	case <-timer.C:
		s.set(func() { s.polled[e.QueryID] = e })
		write(w, e.ask(inProgress))
	}
}

// ask is the answer that tells where to ask for the end of the statement.
func (e *execution) ask(number int) reply {
	return reply{Success: true, Code: code(number), Message: "Query execution in progress", Data: map[string]any{
		"queryId": e.QueryID, "getResultUrl": "/queries/" + e.QueryID + "/result", "queryAbortsAfterSecs": 300,
	}}
}

func (s *Server) result(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Polls++ })
	_, no := s.authorized(r)
	s.mu.Lock()
	e := s.polled[r.PathValue("id")]
	s.mu.Unlock()
	switch {
	case no != nil:
		write(w, *no)
	case e == nil:
		http.NotFound(w, r)
	default:
		s.wait(w, e)
	}
}

// monitor says how it stands with a statement.
func (s *Server) monitor(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Polls++ })
	_, no := s.authorized(r)
	if no != nil {
		write(w, *no)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	status := map[string]any{"id": id, "status": "RUNNING"}
	for _, done := range s.history {
		if done.QueryID != id {
			continue
		}
		status["status"] = "SUCCESS"
		if done.Number != 0 {
			status["status"], status["errorCode"] = "FAILED_WITH_ERROR", code(done.Number)
		}
	}
	write(w, reply{Success: true, Data: map[string]any{"queries": []any{status}}})
}

func (s *Server) abortRequest(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Aborts++ })
	var body struct {
		Request string `json:"requestId"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if _, no := s.authorized(r); no != nil {
		write(w, *no)
		return
	}
	s.mu.Lock()
	slow := s.abort
	s.mu.Unlock()
	timer := time.NewTimer(slow)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ends:
	}
	s.mu.Lock()
	e := s.running[body.Request]
	if e == nil {
		s.aborted[body.Request] = true
		s.mu.Unlock()
		write(w, refused(NotExecuting, "Identified SQL statement is not currently executing."))
		return
	}
	e.abort()
	s.mu.Unlock()
	<-e.done
	write(w, reply{Success: true})
}

package snowtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// The numbers with which Snowflake refuses a request because of its session.
const (
	SessionGone         = 390111
	SessionTokenExpired = 390112 // the client renews it and sends the request again
	MasterTokenExpired  = 390114
)

// A Login is what a client signed in with.
type Login struct {
	Account, User, Password, Authenticator, Token string
	Role, Warehouse, Database, Schema             string
	Parameters                                    map[string]any // of the session, names in upper case
}

// A session is one that was opened.
type session struct {
	id         int
	login      Login
	token      string
	master     string
	expired    bool          // its token is refused until it is renewed
	gone       int           // why it is no more: the number of the error, 1 when the client closed it
	ended      chan struct{} // closed when it is no more
	statements int
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Logins++ })
	var body struct {
		Data struct {
			Account       string         `json:"ACCOUNT_NAME"`
			User          string         `json:"LOGIN_NAME"`
			Password      string         `json:"PASSWORD"`
			Authenticator string         `json:"AUTHENTICATOR"`
			Token         string         `json:"TOKEN"`
			Parameters    map[string]any `json:"SESSION_PARAMETERS"`
		} `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d, q := body.Data, r.URL.Query()
	l := Login{
		d.Account, d.User, d.Password, d.Authenticator, d.Token,
		q.Get("roleName"), q.Get("warehouse"), q.Get("databaseName"), q.Get("schemaName"), d.Parameters,
	}
	s.mu.Lock()
	s.logins = append(s.logins, l)
	refuse := s.refuse
	s.mu.Unlock()
	if a := refuse(l); a != nil {
		a.send(w, "")
		return
	}

	s.mu.Lock()
	s.number++
	id := s.number
	opened := &session{id: id, login: l, token: fmt.Sprintf("session-%d", id), master: fmt.Sprintf("master-%d", id), ended: make(chan struct{})}
	s.sessions[opened.token] = opened
	s.mu.Unlock()
	var parameters []map[string]any
	for name, value := range l.Parameters {
		parameters = append(parameters, map[string]any{"name": name, "value": value})
	}
	write(w, reply{Success: true, Data: map[string]any{
		"token": opened.token, "masterToken": opened.master, "sessionId": id, "parameters": parameters,
		"validityInSeconds": 3600, "masterValidityInSeconds": 14400,
		"sessionInfo": map[string]any{"databaseName": l.Database, "schemaName": l.Schema, "warehouseName": l.Warehouse, "roleName": l.Role},
	}})
}

// authorized is the session of a request, or why there is none.
func (s *Server) authorized(r *http.Request) (*session, *reply) {
	token := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Authorization"), `Snowflake Token="`), `"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[token]
	var no reply
	switch {
	case !ok:
		no = refused(SessionGone, "Session no longer exists. New login required to access the service.")
	case found.gone == MasterTokenExpired:
		no = refused(MasterTokenExpired, "Authentication token has expired. The user must authenticate again.")
	case found.gone != 0:
		no = refused(SessionGone, "Session no longer exists. New login required to access the service.")
	case found.expired:
		no = refused(SessionTokenExpired, "Session token has expired. Please renew the session.")
	default:
		return found, nil
	}
	return nil, &no
}

func (s *Server) close(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Closes++ })
	found, no := s.authorized(r)
	if no != nil {
		write(w, *no)
		return
	}
	s.set(func() { found.end(1) })
	write(w, reply{Success: true})
}

// end makes the session one that is no more; the server's lock is held.
func (s *session) end(why int) {
	if s.gone == 0 {
		s.gone = why
		close(s.ended)
	}
}

// renew gives an expired session a new token.
func (s *Server) renew(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Renewals++ })
	master := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Authorization"), `Snowflake Token="`), `"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, found := range s.sessions {
		if found.master != master || found.gone != 0 {
			continue
		}
		delete(s.sessions, found.token)
		found.token, found.expired = found.token+"+", false
		s.sessions[found.token] = found
		write(w, reply{Success: true, Data: map[string]any{"sessionToken": found.token, "masterToken": found.master, "sessionId": found.id}})
		return
	}
	write(w, refused(MasterTokenExpired, "Authentication token has expired. The user must authenticate again."))
}

func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request) {
	s.count(r, func(c *Counts) { c.Heartbeats++ })
	if _, no := s.authorized(r); no != nil {
		write(w, *no)
		return
	}
	write(w, reply{Success: true})
}

// Lose ends sessions, at most n of those that are open, with the number of an error, [SessionGone] or
// [MasterTokenExpired]. It returns how many it ended. Their statements end with them.
func (s *Server) Lose(n, why int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := 0
	for _, open := range s.sessions {
		if open.gone == 0 && lost < n {
			open.end(why)
			lost++
		}
	}
	return lost
}

// Expire lets the tokens of all sessions that are open run out.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, open := range s.sessions {
		open.expired = open.gone == 0
	}
}

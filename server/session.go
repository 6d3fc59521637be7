package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// How long sessions are good for, codes to begin one, and how many codes there are at most. A code for a colleague, who may
// be at lunch, is only good for looking.
const (
	sessionLife  = 12 * time.Hour
	codeLife     = 5 * time.Minute
	viewCodeLife = 24 * time.Hour
	maxCodes     = 1000
)

// sessions are those of browsers. A session is a signed text in a cookie and nothing on this side, so that it is one for
// every server of the same journal: a page outlives the server that it came from. The codes that sessions begin with are
// kept, by their hashes and in memory, because they are good only once.
type sessions struct {
	key    []byte
	cookie string // its name is that of the journal, for cookies do not distinguish ports

	mu    sync.Mutex
	codes map[[32]byte]code
}

// A code is what the text of a code is good for.
type code struct {
	role role
	end  time.Time
}

// newSessions makes sessions of a journal's key; without one they end with the server.
func newSessions(key []byte) *sessions {
	if len(key) == 0 {
		key = []byte(rand.Text())
	}
	return &sessions{key: key, cookie: "bench_" + sign(key, "cookie")[:8], codes: make(map[[32]byte]code)}
}

// code makes a random text that can be traded once.
func (s *sessions) code(as role) string {
	now := time.Now()
	life := codeLife
	if as == roleView {
		life = viewCodeLife
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.codes, func(_ [32]byte, c code) bool { return now.After(c.end) })
	for len(s.codes) >= maxCodes {
		var first [32]byte
		for hash, c := range s.codes {
			if known, ok := s.codes[first]; !ok || c.end.Before(known.end) {
				first = hash
			}
		}
		delete(s.codes, first)
	}
	text := rand.Text()
	s.codes[sha256.Sum256([]byte(text))] = code{as, now.Add(life)}
	return text
}

// trade gives the text of a new session for a code, once.
func (s *sessions) trade(text string) (string, bool) {
	s.mu.Lock()
	hash := sha256.Sum256([]byte(text))
	c, ok := s.codes[hash]
	delete(s.codes, hash)
	s.mu.Unlock()
	if !ok || time.Now().After(c.end) {
		return "", false
	}
	said := strings.Join([]string{string(c.role), strconv.FormatInt(time.Now().Add(sessionLife).Unix(), 10), rand.Text()}, ".")
	return said + "." + s.sign(said), true
}

// sign leaves room for nothing else that the key signs: no run and no owner begins like this.
func (s *sessions) sign(said string) string { return sign(s.key, "session "+said) }

// role is what the text of a session is good for now, if it is one.
func (s *sessions) role(text string) (role, bool) {
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 || !same(text[dot+1:], s.sign(text[:dot])) {
		return "", false
	}
	as, rest, _ := strings.Cut(text, ".")
	until, _, _ := strings.Cut(rest, ".")
	end, err := strconv.ParseInt(until, 10, 64)
	return role(as), err == nil && time.Now().Before(time.Unix(end, 0))
}

// Link is an address for a browser, good once and for five minutes. page is the address of a page of this server. The code
// stands in the fragment, which browsers keep to themselves; the page trades it for a session with POST /api/session.
func (s *Server) Link(page string) string { return s.link(page, roleAct) }

func (s *Server) link(page string, as role) string {
	at, err := url.Parse(page)
	if err != nil {
		at = &url.URL{}
	}
	at.Path, at.Fragment = cmp.Or(at.Path, "/"), "t="+s.sessions.code(as)
	return at.String()
}

// openSession trades a code for a cookie.
func (s *Server) openSession(w http.ResponseWriter, r *http.Request) {
	var in api.Session
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, smallBytes)).Decode(&in); err != nil {
		refuse(w, &bodyError)
		return
	}
	text, ok := s.sessions.trade(in.Code)
	if !ok {
		refuse(w, errCode)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.sessions.cookie, Value: text, Path: "/", MaxAge: int(sessionLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(s.origin(r), "https:"),
	})
	w.WriteHeader(http.StatusNoContent)
}

var errCode = &bench.Error{Code: bench.CodeUnauthorized, Message: "the code is not known, was used, or is too old; ask for a new link"}

// showSession says what a caller may do, so that a page offers nothing else.
func (s *Server) showSession(ctx context.Context, _ *struct{}) (*answer[api.Caller], error) {
	who := callerOf(ctx)
	return &answer[api.Caller]{api.Caller{MayStop: who.may(accessActing, "")}}, nil
}

// createLink makes a link to a page. A browser makes links that are good for looking only; whoever has the server's token
// says which. The page must be one of this server: the origin is that of the request.
func (s *Server) createLink(ctx context.Context, in *struct {
	Body api.LinkRequest
}) (*answer[api.Link], error) {
	if !strings.HasPrefix(in.Body.Page, "/") || strings.HasPrefix(in.Body.Page, "//") {
		return nil, &bench.Error{Code: bench.CodeInvalid, Message: `page must be the path of a page, such as "/runs/@last"`}
	}
	as := roleView
	if in.Body.Act {
		if !callerOf(ctx).owner {
			return nil, &bench.Error{Code: bench.CodeForbidden, Message: "only who has the server's token makes links that may stop runs"}
		}
		as = roleAct
	}
	return &answer[api.Link]{api.Link{Page: s.link(in.Body.Page, as)}}, nil
}

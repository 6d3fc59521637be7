package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
)

// access says who may use a route.
type access uint8

const (
	accessOwner   access = iota // who has the server's token
	accessSession               // and browsers
	accessWorker                // or the workers of the run that the path names
	accessPublic                // everybody
)

// A caller is who sent a request.
type caller struct {
	owner   bool
	session bool
	worker  string // the run whose worker it is
}

func (c caller) may(a access, run string) bool {
	switch {
	case a == accessPublic || c.owner:
		return true
	case a == accessSession:
		return c.session
	case a == accessWorker:
		return c.worker != "" && c.worker == run
	}
	return false
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// WorkerToken is the token of a run's workers. It is made from the key and the id alone, so that no server has to
// remember it.
func WorkerToken(key []byte, run string) string { return "w." + run + "." + sign(key, run) }

// OwnerToken is the token of whoever owns the journal that the key belongs to. It is the same for all servers of the
// journal, so that a viewer need not ask again when one takes the place of another.
func OwnerToken(key []byte) string { return sign(key, "owner") } // no run has this id

func sign(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// authenticate finds out who sent a request: by the bearer token, else by the cookie of a session.
func (s *Server) authenticate(r *http.Request) (caller, bool) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return caller{}, false
		}
		if s.config.Token != "" && same(token, s.config.Token) {
			return caller{owner: true}, true
		}
		rest, ok := strings.CutPrefix(token, "w.")
		dot := strings.LastIndexByte(rest, '.')
		if !ok || dot < 1 || len(s.config.WorkerKey) == 0 || !same(token, WorkerToken(s.config.WorkerKey, rest[:dot])) {
			return caller{}, false
		}
		return caller{worker: rest[:dot]}, true
	}
	if cookie, err := r.Cookie(s.sessions.cookie); err == nil && s.sessions.known(cookie.Value) {
		return caller{session: true}, true
	}
	return caller{}, false
}

// same compares in a time that does not depend on where the two differ, nor on their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// How long codes and sessions are good for, and how many of them there are at most.
const (
	codeLife    = 5 * time.Minute
	sessionLife = 12 * time.Hour
	maxSessions = 1000
)

// sessions are those of browsers, and the codes that they begin with. They live in memory and end with the server. Only
// hashes are kept.
type sessions struct {
	cookie string // its name differs from server to server, for cookies do not distinguish ports

	mu    sync.Mutex
	codes map[[32]byte]time.Time // when they end
	open  map[[32]byte]time.Time
}

func newSessions() *sessions {
	return &sessions{
		cookie: "bench_" + strings.ToLower(rand.Text()[:8]),
		codes:  make(map[[32]byte]time.Time), open: make(map[[32]byte]time.Time),
	}
}

// add makes a random text that is known until a time.
func add(known map[[32]byte]time.Time, life time.Duration) string {
	now := time.Now()
	maps.DeleteFunc(known, func(_ [32]byte, end time.Time) bool { return now.After(end) })
	for len(known) >= maxSessions {
		var oldest [32]byte
		for hash, end := range known {
			if first, ok := known[oldest]; !ok || end.Before(first) {
				oldest = hash
			}
		}
		delete(known, oldest)
	}
	text := rand.Text()
	known[sha256.Sum256([]byte(text))] = now.Add(life)
	return text
}

func (s *sessions) code() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return add(s.codes, codeLife)
}

// trade gives the text of a new session for a code, once.
func (s *sessions) trade(code string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := sha256.Sum256([]byte(code))
	end, ok := s.codes[hash]
	delete(s.codes, hash)
	if !ok || time.Now().After(end) {
		return "", false
	}
	return add(s.open, sessionLife), true
}

func (s *sessions) known(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, ok := s.open[sha256.Sum256([]byte(text))]
	return ok && time.Now().Before(end)
}

// Link is an address for a browser, good once and for five minutes. base is the server's URL. The code stands in the
// fragment, which browsers keep to themselves; the page trades it for a session with POST /api/session.
func (s *Server) Link(base string) string {
	return strings.TrimSuffix(base, "/") + "/#t=" + s.sessions.code()
}

var errCode = &bench.Error{Code: bench.CodeUnauthorized, Message: "the code is not known, was used, or is older than five minutes; ask the server for a new link"}

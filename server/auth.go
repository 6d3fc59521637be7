package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

// access says who may use a route.
type access uint8

const (
	accessOwner   access = iota // who has the server's token
	accessSession               // and browsers
	accessActing                // and browsers, but not those that may only look
	accessWorker                // or the workers of the run that the path names
	accessPublic                // everybody
)

// A caller is who sent a request.
type caller struct {
	owner   bool
	session role
	worker  string // the run whose worker it is
}

// A role is what a browser's session is good for.
type role string

const (
	roleAct  role = "act"  // to read runs, to stop them, and to let others look
	roleView role = "view" // to read runs
)

func (c caller) may(a access, run string) bool {
	switch {
	case a == accessPublic || c.owner:
		return true
	case a == accessSession:
		return c.session != ""
	case a == accessActing:
		return c.session == roleAct
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
	if cookie, err := r.Cookie(s.sessions.cookie); err == nil {
		if as, ok := s.sessions.role(cookie.Value); ok {
			return caller{session: as}, true
		}
	}
	return caller{}, false
}

// same compares in a time that does not depend on where the two differ, nor on their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

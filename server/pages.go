package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"

	"bench/server/dashboard"
)

// pagePaths are the addresses of the dashboard's screens. All have the same page, which asks for what the address is about;
// it holds nothing of any run, so that everybody may have it and sign in there.
var pagePaths = []string{"/{$}", "/compare", "/runs/{run_id}", "/runs/{run_id}/explore", "/runs/{run_id}/doctor"}

// policy is what pages of this server may do: run its own scripts and ask it, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages registers the dashboard.
func (s *Server) pages() {
	index := file(dashboard.Files, "index.html")
	for _, path := range pagePaths {
		s.page("GET "+path, index)
	}
	names, err := fs.Glob(dashboard.Files, "*/*")
	if err != nil {
		panic(err) // of the pattern alone
	}
	for _, name := range names {
		s.page("GET /"+name, file(dashboard.Files, name))
	}
}

func (s *Server) page(pattern string, handle http.HandlerFunc) {
	s.access[pattern] = accessPublic
	gated{s.mux, s}.HandleFunc(pattern, handle)
}

// file serves an embedded file. Those have no time of change, so that browsers ask by its hash whether theirs is the same.
func file(files fs.FS, name string) http.HandlerFunc {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err) // it is part of the program
	}
	hash := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(hash[:16]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("ETag", tag)
		http.ServeContent(w, r, path.Base(name), time.Time{}, bytes.NewReader(text))
	}
}

// Package client talks to a bench server: for commands, which read and stop runs and follow their streams, and for
// workers, which join one (see [Plane]).
//
// A [Client] has the methods of the engine's History, so that a command reads a server as it reads a journal. Every call
// has its own time limit besides its context. Errors that the server answers with are *bench.Error with the server's
// code and sentence; when there is no server, or no answer in time, the code is [bench.CodeUnreachable]. When the
// caller cancelled the context, the error is its cause.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// How long calls may take. A long poll lasts up to 25 s on the server.
const (
	readTimeout   = 30 * time.Second
	submitTimeout = 30 * time.Second
	beatTimeout   = 5 * time.Second
	reportTimeout = 10 * time.Second
	pollTimeout   = 35 * time.Second
	enrichTimeout = 58 * time.Second
)

// maxAnswer is the largest answer that is read; more is an error.
const maxAnswer = 256 << 20

// A Client calls one server, or whichever server a journal has (see [Client.Beside]). Its methods may be called from
// many goroutines.
type Client struct {
	at   atomic.Pointer[address]
	file string // of the journal that says where its server is, "" for one server
	own  bool   // the token is good for every server of the journal
	http *http.Client
}

// An address is where a server is, and what it lets a client in for.
type address struct{ url, token string }

// New makes a client of the server at a URL like "http://127.0.0.1:7433".
func New(url, token string) *Client {
	c := &Client{http: &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout:   5 * time.Second,
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       90 * time.Second,
			ExpectContinueTimeout: time.Second,
		},
		// A redirect could lead the token elsewhere, and no server of ours sends one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.at.Store(&address{strings.TrimRight(url, "/"), token})
	return c
}

// Beside makes the client follow a journal: a server that cannot be reached may have been replaced by another, which has
// left its address beside the journal; the next call goes there. It is called before all others, and returns c.
func (c *Client) Beside(file string) *Client {
	c.file = file
	return c
}

// look takes the address that the journal's server has left, if there is one.
func (c *Client) look() {
	if c.file == "" {
		return
	}
	f, err := ReadServerFile(c.file)
	if err != nil {
		return // none yet
	}
	now := &address{f.URL, f.Token}
	if c.own {
		now.token = c.at.Load().token
	}
	c.at.Store(now)
}

// URL is that of the server.
func (c *Client) URL() string { return c.at.Load().url }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// CreateRun starts a run. Trying again with the same key and submission starts no second one.
func (c *Client) CreateRun(ctx context.Context, key string, s api.Submission) (*bench.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	return send[*bench.Run](ctx, c, "/api/runs", http.Header{"Idempotency-Key": {key}}, s)
}

// Stop asks for the end of a run: DesiredStop lets what is in flight finish, DesiredAbort cancels it. by says who asks.
func (c *Client) Stop(ctx context.Context, run string, mode bench.Desired, by string) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	_, err := send[json.RawMessage](ctx, c, "/api/runs/"+url.PathEscape(run)+"/stop", nil, api.StopRequest{Mode: mode, By: by})
	return err
}

// Enrich has the server ask the target of a run that has ended for its side, and gives what it says.
func (c *Client) Enrich(ctx context.Context, run string) (*bench.Enrichment, error) {
	ctx, cancel := context.WithTimeout(ctx, enrichTimeout)
	defer cancel()
	return send[*bench.Enrichment](ctx, c, about(run)+"/enrich", nil, struct{}{})
}

// Replica is how the replica stands that the server feeds; nil when it feeds none.
func (c *Client) Replica(ctx context.Context) (*api.Replica, error) {
	r, err := read[*api.Replica](ctx, c, "/api/replica", nil)
	if errors.Is(err, &bench.Error{Code: bench.CodeNotFound}) {
		return nil, nil
	}
	return r, err
}

// Link is an address of a page of the server that signs a browser in, once. It is good for looking only, unless act is set.
func (c *Client) Link(ctx context.Context, page string, act bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	made, err := send[api.Link](ctx, c, "/api/links", nil, api.LinkRequest{Page: page, Act: act})
	if err != nil {
		return "", err
	}
	return c.URL() + made.Page, nil
}

// Get is what a path of the API answers, as it is. It waits as long as ctx does: what a long run is read for takes its time.
func (c *Client) Get(ctx context.Context, path string) (json.RawMessage, error) {
	return fetch[json.RawMessage](ctx, c, path, nil)
}

// Answer is the body of an answer with a status, or the error that it tells of.
func Answer(body []byte, status int) (json.RawMessage, error) {
	return answer[json.RawMessage](body, status, nil)
}

// Ready is how the server stands. It needs no token. A server that is not ready is no error.
func (c *Client) Ready(ctx context.Context) (*api.Health, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	text, status, err := c.call(ctx, http.MethodGet, "/readyz", nil, nil)
	if err != nil {
		return nil, err
	}
	health := new(api.Health)
	if err := json.Unmarshal(text, health); err != nil || health.Status == "" {
		return nil, failure(text, status)
	}
	return health, nil
}

// read gets what a path has.
func read[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return fetch[T](ctx, c, path, query)
}

func fetch[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	text, status, err := c.call(ctx, http.MethodGet, path, nil, nil)
	return answer[T](text, status, err)
}

func send[T any](ctx context.Context, c *Client, path string, header http.Header, body any) (T, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return *new(T), fmt.Errorf("encode request to %s: %w", path, err)
	}
	text, status, err := c.call(ctx, http.MethodPost, path, header, text)
	return answer[T](text, status, err)
}

func answer[T any](text []byte, status int, err error) (x T, _ error) {
	if err != nil {
		return x, err
	}
	if status/100 != 2 {
		return x, failure(text, status)
	}
	if err := json.Unmarshal(text, &x); err != nil {
		return x, bench.Errorf(bench.CodeInternal, "the server's answer is not what this version of bench expects: %w", err)
	}
	return x, nil
}

// failure is the error in an answer. What does not come from a bench server, but from a proxy perhaps, has no code.
func failure(text []byte, status int) *bench.Error {
	var p api.Problem
	if json.Unmarshal(text, &p) == nil && p.Code != "" {
		return &bench.Error{Code: p.Code, Message: cmp.Or(p.Detail, p.Title, http.StatusText(status))}
	}
	code := bench.CodeInternal
	switch status {
	case http.StatusUnauthorized:
		code = bench.CodeUnauthorized
	case http.StatusForbidden:
		code = bench.CodeForbidden
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		code = bench.CodeUnreachable
	}
	return bench.Errorf(code, "the answer is not from a bench server: %d %s", status, http.StatusText(status))
}

// call sends one request and reads the answer.
func (c *Client) call(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, int, error) {
	at := c.at.Load()
	r, err := http.NewRequestWithContext(ctx, method, at.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, bench.Errorf(bench.CodeInvalid, "%q is not the URL of a server; write one like http://127.0.0.1:7433", at.url)
	}
	if header != nil {
		r.Header = header
	}
	if at.token != "" {
		r.Header.Set("Authorization", "Bearer "+at.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, 0, c.unreachable(ctx, at, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, 0, c.unreachable(ctx, at, err)
	}
	if len(text) > maxAnswer {
		return nil, 0, bench.Errorf(bench.CodeTooLarge, "the server's answer has more than %d bytes", maxAnswer)
	}
	return text, resp.StatusCode, nil
}

// unreachable is why there was no answer, and has the client look for another server. A deadline counts as the server's
// fault, an end of the context by hand not.
func (c *Client) unreachable(ctx context.Context, at *address, err error) error {
	if ctx.Err() == context.Canceled {
		return context.Cause(ctx)
	}
	c.look()
	if ctx.Err() != nil {
		return bench.Errorf(bench.CodeUnreachable, "the server at %s did not answer in time: %w", at.url, root(err))
	}
	return bench.Errorf(bench.CodeUnreachable, "no server at %s: %w", at.url, root(err))
}

// root is what an error comes down to. What stands around it repeats the URL, and how the request was made.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

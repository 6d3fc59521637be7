package account

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// A Wire is what one session sends its requests over. It remembers how the service itself, apart from the database,
// answered the last statement, which the driver tells in words only, and it sees to it that aborts and farewells arrive,
// in bounded time.
type Wire struct {
	Base     http.RoundTripper
	Patience time.Duration // with aborts and farewells; zero is [Grace]

	status atomic.Int32 // HTTP status of the last answer to a statement or a login, 0 when there was none
}

const (
	loginPath = "/session/v1/login-request"
	queryPath = "/queries/v1/query-request"
	abortPath = "/queries/v1/abort-request"
	closePath = "/session"
)

// Grace is how long Snowflake may take to take an abort or a farewell.
const Grace = 5 * time.Second

// Status is the HTTP status of the last answer to a statement or a login, 0 when there was none.
func (w *Wire) Status() int { return int(w.status.Load()) }

// RoundTrip implements http.RoundTripper.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	switch path := r.URL.Path; {
	case path == abortPath || path == closePath:
		return w.insist(r)
	case path == loginPath || path == queryPath || strings.HasSuffix(path, "/result"):
		w.status.Store(0)
		answer, err := w.Base.RoundTrip(r)
		if err == nil {
			w.status.Store(int32(answer.StatusCode))
		}
		return answer, err
	}
	return w.Base.RoundTrip(r)
}

// insist sends a request until the service takes it, for as long as its patience lasts.
func (w *Wire) insist(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(w.Patience, Grace))
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		again := r.Clone(ctx)
		if r.GetBody != nil {
			var err error
			if again.Body, err = r.GetBody(); err != nil {
				cancel()
				return nil, err
			}
		}
		answer, err := w.Base.RoundTrip(again)
		if err == nil && answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode < 500 {
			answer.Body = body{answer.Body, cancel}
			return answer, nil
		}
		select {
		case <-ctx.Done():
			if err == nil {
				answer.Body = body{answer.Body, cancel}
				return answer, nil
			}
			cancel()
			return nil, err
		case <-time.After(wait):
			if err == nil {
				answer.Body.Close()
			}
		}
	}
}

// A body ends the context of its request when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

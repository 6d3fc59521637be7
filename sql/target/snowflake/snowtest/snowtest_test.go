package snowtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sf "github.com/snowflakedb/gosnowflake/v2"
)

// connect opens a pool of one session of the real driver.
func connect(t *testing.T, s *Server) *sql.DB {
	t.Helper()
	sf.GetLogger().SetLogLevel("off")
	host, port := s.Address()
	off, tag := "false", "tag"
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{
		Protocol: "http", Host: host, Port: port, Account: "a", User: "u", Password: "p", MaxRetryCount: -1, DisableOCSPChecks: true,
		Params: map[string]*string{"CLIENT_TELEMETRY_ENABLED": &off, "QUERY_TAG": &tag},
	}))
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func number(t *testing.T, err error, want int) {
	t.Helper()
	e, ok := errors.AsType[*sf.SnowflakeError](err)
	if !ok || e.Number != want {
		t.Errorf("got %v, want number %d", err, want)
	}
}

func TestStatements(t *testing.T) {
	s := Start(t)
	s.Respond(func(statement Statement) Answer {
		switch statement.SQL {
		case "SELECT 1":
			return Numbers(2)
		case "UPDATE t SET a = ?":
			return Answer{Changed: 7}
		case "SELECT slow()":
			return Answer{Latency: 30 * time.Millisecond, Columns: Numbers(0).Columns}
		case "SELECT 1 / 0":
			return Error(100051, "22012", "Division by zero")
		}
		return Answer{}
	})
	s.SetPoll(10 * time.Millisecond)
	db := connect(t, s)
	var sum int
	rows, err := db.QueryContext(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 3 {
		t.Errorf("the rows sum up to %d, want 3", sum)
	}
	result, err := db.ExecContext(t.Context(), "UPDATE t SET a = ?", "x")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); n != 7 || err != nil {
		t.Errorf("%d rows changed, %v; want 7", n, err)
	}
	if _, err := db.ExecContext(t.Context(), "SELECT slow()"); err != nil {
		t.Error(err)
	}
	_, err = db.ExecContext(t.Context(), "SELECT 1 / 0")
	number(t, err, 100051)

	counts := s.Counts()
	if counts.Polls == 0 {
		t.Error("nobody asked again for the slow statement")
	}
	counts.Polls = 0
	if diff := cmp.Diff(Counts{Logins: 1, Statements: 4}, counts); diff != "" {
		t.Error(diff)
	}
	history := s.History()
	if len(history) != 4 || history[1].Tag != "tag" || *history[1].Args[0].Value != "x" || history[1].Args[0].Type != "TEXT" || history[3].Number != 100051 {
		t.Errorf("history %+v", history)
	}
}

func TestAbort(t *testing.T) {
	s := Start(t)
	s.Respond(func(Statement) Answer { return Answer{Hang: true} })
	s.SetAbort(20 * time.Millisecond)
	db := connect(t, s)
	if err := db.PingContext(canceled(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if running := s.Running(); len(running) > 0 || s.Counts().Aborts != 1 {
		t.Errorf("after %d aborts still running: %v", s.Counts().Aborts, running)
	}
	if history := s.History(); len(history) != 1 || history[0].Number != Canceled {
		t.Errorf("history %+v", history)
	}
}

func canceled(t *testing.T, after time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	t.Cleanup(cancel)
	return ctx
}

func TestSessions(t *testing.T) {
	s := Start(t)
	s.Refuse(func(l Login) *Answer {
		if l.User == "u" && l.Password == "p" && l.Account == "a" {
			return nil
		}
		return new(Error(390100, "08001", "Incorrect username or password was specified."))
	})
	db := connect(t, s)
	ping := func() error { return db.PingContext(t.Context()) }
	if err := ping(); err != nil {
		t.Fatal(err)
	}
	s.Expire() // the driver renews the token
	if err := ping(); err != nil || s.Counts().Renewals != 1 {
		t.Errorf("an expired token: %v after %d renewals", err, s.Counts().Renewals)
	}
	for _, why := range []int{SessionGone, MasterTokenExpired} {
		if n := s.Lose(99, why); n != 1 || s.Open() != 0 {
			t.Errorf("lost %d sessions, %d are open; want 1, 0", n, s.Open())
		}
		number(t, ping(), why)
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn.Raw(func(any) error { return driver.ErrBadConn })
		if err := ping(); err != nil {
			t.Errorf("after a new login: %v", err)
		}
	}
	s.Respond(func(Statement) Answer { return Answer{Lose: true} })
	number(t, ping(), SessionGone)

	s.Respond(func(Statement) Answer { return Answer{Status: 503} })
	if err := connect(t, s).PingContext(t.Context()); err == nil {
		t.Error("HTTP 503 is no error")
	}
	s.Refuse(func(Login) *Answer { return new(Error(390100, "08001", "no")) })
	number(t, connect(t, s).PingContext(t.Context()), 390100)
	if s.Counts().Retries != 0 {
		t.Errorf("%d retries, want none", s.Counts().Retries)
	}
}

func TestMonitoring(t *testing.T) {
	s := Start(t)
	db := connect(t, s)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	err = conn.Raw(func(c any) error {
		_, err := c.(sf.SnowflakeConnection).GetQueryStatus(t.Context(), s.History()[0].QueryID)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

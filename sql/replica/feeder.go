// Package replica keeps a copy of journals in PostgreSQL or Snowflake, and reads runs back from it on any machine.
//
// # Feeding
//
//	journal --changes after the position--> portion --one statement, at most one a second--> tables + REPLICA_PROGRESS
//	   ^                                                                                            |
//	   +------------------------------------- the position moves on --------------------------------+
//
// A journal numbers its changes. The replica says itself how far it has followed: the row of the journal in
// REPLICA_PROGRESS moves on in the same statement as the rows that belong to it, and only if it stands where the portion
// begins. So whatever happens to a statement or to its answer, it is carried out as a whole or not at all, and never
// twice; a statement that was given up and comes through late finds the gate closed. Rows are upserts by key that never
// replace a newer row, so that feeding a replica again from the start is harmless too. Several journals may feed one
// replica, each behind a gate of its own.
//
// In Snowflake the one statement is one transaction, of a few statements: see snowflake_line.go. One that is left open by a
// feeder that died holds the gate until Snowflake gives it up, after five minutes by its documentation; feeding waits for it.
// Journals take turns there: by the same documentation MERGE and DELETE lock a standard table until the transaction ends. All
// go through the tables in one order, so none waits for another that waits for it.
//
// A portion ends with a transaction of the journal. The replica therefore never shows half of what was written at once,
// but while it catches up, rows that change (a run's status, workers) are newer in it than those that do not. What is
// missing is no secret: [Reader.Progress] and [Feeder.Status] tell it. What is deleted from a journal stays in the
// replica, except that a corrected second and a corrected result replace the one before.
//
// # When the replica is away
//
// Nothing waits for a replica: a journal takes writes as before, and a feeder that cannot reach its replica tries again
// after one second, then two, and so on up to thirty. When it is back, larger portions catch up at the same one statement
// a second. A server that takes a connection and then says nothing is given up after twenty seconds, and what it did not
// take in that time is sent in smaller portions.
package replica

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Journal is what is fed: a journal's changes in their order.
type Journal interface {
	// ID tells journals that feed one replica apart.
	ID(ctx context.Context) (string, error)
	// Backlog says what was written after a change: the newest change, rows, and when the oldest of them was written.
	Backlog(ctx context.Context, after int64) (head, rows int64, oldest time.Time, err error)
	// Changes gives the rows of whole changes after a change, up to about so many rows or bytes, and the last change
	// among them. Runs come before what belongs to them.
	Changes(ctx context.Context, after, rows, bytes int64, each func(table string, columns []string, row []any) error) (upto int64, err error)
}

// Config says what to feed where. Only Journal and DSN must be given.
type Config struct {
	Journal Journal
	DSN     string       // postgres://…, key=value words, or snowflake://CONNECTION; never shown
	Log     *slog.Logger // hears when the replica goes away and comes back

	Pace    time.Duration // shortest time between portions, and first wait after a failure; zero is 1 s
	Timeout time.Duration // of connecting and of a portion; zero is 20 s, and 60 s for Snowflake
	Rows    int64         // bound of a portion; zero is 5,000
	Bytes   int64         // bound of a portion; zero is 8 MiB, and 4 MiB for Snowflake
	Dial    dial          // nil is the network
}

// A Feeder feeds one journal to one replica. Its methods may be used by several goroutines at once.
type Feeder struct {
	config Config
	server server

	turn     chan struct{} // held by whoever feeds; guards what follows
	session  *session      // nil while there is none
	next     time.Time     // when the next portion may be sent
	failures int           // in a row
	share    float64       // of the bounds of a portion, 1 unless the replica was too slow for it
	journal  string        // id, once read

	mu     sync.Mutex
	known  known
	upkeep Upkeep
}

// known is what a feeder knows about its replica.
type known struct {
	reached   bool
	connected bool
	answering bool
	position  int64
	trouble   string
}

// Status is how a replica stands.
type Status struct {
	Connected bool          // the last attempt to feed the replica worked
	Answering bool          // the attempt that goes on has been answered: tables may have to be made before the first portion goes there
	Reached   bool          // it was reached since this program started; before, everything counts as not replicated
	Position  int64         // number of the newest change that is in the replica
	Head      int64         // number of the journal's newest change
	Backlog   int64         // rows written to the journal and not replicated; one written three times counts three times
	Lag       time.Duration // age of the oldest of them; 0 when there is none
	LastError string        // why the last attempt failed; "" after one that worked. It holds no secret
	Upkeep    Upkeep
}

// New makes a feeder. Nothing is connected before Run or Flush. The error says that the DSN cannot be read.
func New(c Config) (*Feeder, error) {
	server, err := serverAt(c.DSN, c.Dial)
	if err != nil {
		return nil, err
	}
	c.DSN = ""
	usual := server.bounds()
	c.Pace, c.Timeout = cmp.Or(c.Pace, time.Second), cmp.Or(c.Timeout, usual.timeout)
	c.Rows, c.Bytes = cmp.Or(c.Rows, usual.rows), cmp.Or(c.Bytes, usual.bytes)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Feeder{config: c, server: server, turn: make(chan struct{}, 1), share: 1}, nil
}

// Run feeds the replica until ctx ends, whatever happens to the replica. The error is that of ctx.
func (f *Feeder) Run(ctx context.Context) error {
	for f.step(ctx) {
	}
	return ctx.Err()
}

// Flush feeds everything that was in the journal when it was called, at the pace of Run, and returns nil when the
// replica has it. It goes on through failures until ctx ends; the error then says how much is missing and why. It may be
// used while Run runs or afterwards.
func (f *Feeder) Flush(ctx context.Context) error {
	goal, _, _, err := f.config.Journal.Backlog(context.WithoutCancel(ctx), 0)
	for err == nil {
		if s := f.standing(); s.reached && s.position >= goal {
			return nil
		}
		if f.step(ctx) {
			continue
		}
		s, atMost := f.Status(), ""
		if !s.Reached {
			atMost = "up to " // another server may have fed some of them
		}
		err = fmt.Errorf("%s%d rows are not in the replica: %w", atMost, s.Backlog, context.Cause(ctx))
		if s.LastError != "" {
			err = fmt.Errorf("%s%d rows are not in the replica: %s", atMost, s.Backlog, s.LastError)
		}
	}
	return err
}

// Close ends the connection to the replica, once nobody feeds any more.
func (f *Feeder) Close() {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	f.disconnect()
}

// Status reads how the replica stands against the journal as it is now. It never waits for the replica.
func (f *Feeder) Status() Status {
	k := f.standing()
	s := Status{Connected: k.connected, Answering: k.answering, Reached: k.reached, Position: k.position, LastError: k.trouble, Upkeep: f.kept()}
	var oldest time.Time
	var err error
	s.Head, s.Backlog, oldest, err = f.config.Journal.Backlog(context.Background(), k.position)
	if err != nil {
		s.LastError = err.Error()
	}
	if !oldest.IsZero() {
		s.Lag = max(0, time.Since(oldest))
	}
	return s
}

func (f *Feeder) standing() known {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known
}

// kept is the upkeep up to now.
func (f *Feeder) kept() Upkeep {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.upkeep.at(time.Now())
}

// asks notes that the replica's warehouse is asked for something.
func (f *Feeder) asks() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.upkeep = f.upkeep.asked(f.session.warehouse(), time.Now())
}

// step waits for its time and feeds one portion, if there is one. It is false when ctx ended first.
func (f *Feeder) step(ctx context.Context) bool {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return false
	}
	select {
	case <-time.After(time.Until(f.next)):
	case <-ctx.Done():
		return false
	}
	if ctx.Err() != nil {
		return false
	}
	begun := time.Now()
	err := f.feed(ctx)
	if ctx.Err() != nil {
		f.disconnect()
		return false
	}
	if err == nil {
		f.worked()
		f.next = begun.Add(f.config.Pace)
	} else {
		f.failed(err)
		f.next = time.Now().Add(backoff(f.config.Pace, f.failures))
	}
	return true
}

// feed connects if need be and sends at most one portion.
func (f *Feeder) feed(ctx context.Context) (err error) {
	if f.session == nil {
		if err := f.connect(ctx); err != nil {
			return err
		}
	}
	s := f.session
	head, _, _, err := f.config.Journal.Backlog(ctx, s.position)
	if err != nil || head == s.position {
		return err
	}
	rows := s.portion()
	defer rows.clear()
	upto, err := f.config.Journal.Changes(ctx, s.position, f.part(f.config.Rows), f.part(f.config.Bytes), rows.add)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	f.asks()
	err = s.feed(limited, upto, head)
	switch {
	case err == nil:
		f.share = min(1, f.share*1.1)
	case limited.Err() != nil:
		f.share /= 2 // it may have been too much for a narrow line
	}
	return err
}

// part is a bound of the next portion.
func (f *Feeder) part(bound int64) int64 { return max(1, int64(float64(bound)*f.share)) }

func (f *Feeder) connect(ctx context.Context) (err error) {
	if f.journal == "" {
		if f.journal, err = f.config.Journal.ID(ctx); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	f.session, err = open(limited, f.server, f.journal, f.config.Timeout, f.answered)
	if err == nil {
		// Statements whose answers were lost have been carried out, whatever becomes of the next one.
		f.asks()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.known.reached, f.known.position = true, f.session.position
	}
	return err
}

// answered notes that the replica is there.
func (f *Feeder) answered() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.answering = true
}

func (f *Feeder) disconnect() {
	if f.session != nil {
		f.session.close()
		f.session = nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.connected, f.known.answering = false, false
}

// worked notes where the replica stands after an attempt that worked.
func (f *Feeder) worked() {
	f.failures = 0
	f.mu.Lock()
	before := f.known
	f.known = known{reached: true, connected: true, answering: true, position: f.session.position}
	f.mu.Unlock()
	if !before.connected {
		f.config.Log.Info("the replica is connected", "replica", f.server.String(), "position", f.session.position)
	}
}

// failed notes why an attempt failed. Its connection is given up, whatever state it is in.
func (f *Feeder) failed(err error) {
	f.failures++
	f.disconnect()
	f.mu.Lock()
	before := f.known.trouble
	f.known.trouble = err.Error()
	f.mu.Unlock()
	if before != err.Error() {
		f.config.Log.Warn("the replica cannot be fed; trying again", "error", err)
	}
}

// backoff is how long to wait after so many failures in a row: the pace, doubled each time up to twenty times, and up to
// half as much again, so that feeders whose replica comes back do not all arrive at once.
func backoff(pace time.Duration, failures int) time.Duration {
	wait := min(pace<<min(failures-1, 5), 20*pace)
	return wait + time.Duration(rand.Int64N(int64(wait)/2+1))
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bench/runtime/cost"
	"bench/server/api"
	"bench/sql/journal"
	"bench/sql/replica"
)

// A feeding keeps a replica of a server's journal for as long as the server lives, and knows how it stands. Nothing of the
// server ever waits for it, but the end of its process: for at most its store's patience, after everything else has ended.
type feeding struct {
	store   store
	feeder  feeder
	journal string
	tell    func(format string, args ...any) // hears when the replica goes away, falls behind, and has caught up
	talk    func(format string, args ...any) // hears that the end waits for it

	now      atomic.Pointer[api.Replica]
	patience context.Context // ends when nobody wants to wait for the replica any more
	skip     context.CancelCauseFunc
}

const (
	late      = 5 * time.Second // age of what is not replicated from which a replica is behind
	flushTold = 2 * time.Second // after which it says so
)

// newFeeding makes the feeding of a journal. Nothing is connected before it starts.
func (p *program) newFeeding(s store, j *journal.Journal, log *slog.Logger, tell func(string, ...any)) (*feeding, error) {
	feeder, err := s.feeder(j, log)
	if err != nil {
		return nil, err
	}
	if tell == nil {
		tell = func(string, ...any) {}
	}
	f := &feeding{store: s, feeder: feeder, journal: p.Journal, tell: tell, talk: p.talk}
	f.patience, f.skip = context.WithCancelCause(context.Background())
	f.now.Store(&api.Replica{State: api.ReplicaConnecting, Place: s.String()})
	return f, nil
}

// frame is how the replica stands, as frames tell it.
func (f *feeding) frame() *api.Replica {
	r := *f.now.Load()
	r.Place, r.Upkeep = "", nil
	return &r
}

// start begins to feed. The function that it returns feeds what is missing, and ends it; its error is a sentence that says
// what is not in the replica. A nil feeding feeds nothing and lacks nothing.
func (f *feeding) start() (finish func() error) {
	if f == nil {
		return func() error { return nil }
	}
	ctx, stop := context.WithCancel(context.Background())
	var busy sync.WaitGroup
	busy.Go(func() { f.feeder.Run(ctx) })
	busy.Go(func() { f.watch(ctx) })
	return func() error {
		err := f.flush()
		stop()
		busy.Wait()
		f.feeder.Close()
		return err
	}
}

// watch asks once a second how the replica stands, so that whoever wants to know waits for nothing.
func (f *feeding) watch(ctx context.Context) {
	began := time.Now()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for t := (turns{}); ; {
		now := f.standing(time.Since(began))
		f.now.Store(now)
		if text := t.to(now); text != "" {
			f.tell("%s", text)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// standing reads how the replica stands; the feeding has gone on for so long.
func (f *feeding) standing(age time.Duration) *api.Replica {
	s := f.feeder.Status()
	r := &api.Replica{State: api.ReplicaCurrent, Reached: s.Reached, Place: f.store.String(),
		BacklogRows: s.Backlog, LagMS: s.Lag.Milliseconds(), Error: s.LastError, Upkeep: upkeep(s.Upkeep)}
	switch {
	case s.LastError != "", !s.Connected && !s.Answering && age > late:
		r.State = api.ReplicaAway
	case !s.Connected:
		r.State = api.ReplicaConnecting
	case s.Lag > late:
		r.State = api.ReplicaBehind
	}
	return r
}

// upkeep estimates what a warehouse costs that works for a replica; nil where there is none.
func upkeep(u replica.Upkeep) *api.Upkeep {
	if u.Warehouse == nil {
		return nil
	}
	e := &api.Upkeep{Warehouse: u.Warehouse.Name, Size: u.Warehouse.Size, KeptSeconds: u.Kept.Seconds()}
	rate, known := cost.RateOf(u.Warehouse)
	switch {
	case !known:
		e.Why = cost.Unknown(u.Warehouse)
	case u.Idle <= 0:
		e.Why = "it does not say when it suspends itself"
	default:
		e.Credits, e.RatesAsOf = new(u.Kept.Hours()*rate.PerHour), rate.AsOf
	}
	return e
}

// flush feeds what is missing.
func (f *feeding) flush() error {
	limit := f.store.patience()
	ctx, cancel := context.WithTimeoutCause(f.patience, limit, fmt.Errorf("%s were not enough", limit))
	defer cancel()
	done := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		select {
		case <-time.After(flushTold):
			f.talk("waiting up to %s for %s to take what it lacks; Ctrl-C leaves it to the next server", limit, f.store)
		case <-done:
		}
	})
	err := f.feeder.Flush(ctx)
	close(done)
	telling.Wait()
	if err != nil {
		return fmt.Errorf("%w; the next server on %s with this store goes on from there", err, f.journal)
	}
	return nil
}

// leave ends the waiting for the replica, now or as soon as it begins. A nil feeding waits for nothing.
func (f *feeding) leave() {
	if f != nil {
		f.skip(errors.New("it was not waited for"))
	}
}

// turns tells of a replica whenever its state changes.
type turns struct{ state api.ReplicaState }

// to is the sentence about a change of state; "" when there is none that matters.
func (t *turns) to(r *api.Replica) string {
	if r == nil || r.State == t.state {
		return ""
	}
	before := t.state
	t.state = r.State
	switch {
	case ailing(r):
		return "the replica is " + inWords(r)
	case r.State == api.ReplicaCurrent && (before == api.ReplicaAway || before == api.ReplicaBehind):
		return "the replica has caught up"
	}
	return ""
}

// ailing reports whether a replica lacks what it should have.
func ailing(r *api.Replica) bool {
	return r != nil && (r.State == api.ReplicaAway || r.State == api.ReplicaBehind)
}

// inWords says how a replica stands.
func inWords(r *api.Replica) string {
	text := string(r.State)
	switch {
	case !ailing(r) || r.BacklogRows == 0:
	case !r.Reached: // some of them may have been fed by another server
		text += fmt.Sprintf(", up to %s not in it yet", plural(r.BacklogRows, "row"))
	default:
		text += fmt.Sprintf(", %s not in it yet, the oldest for %s", plural(r.BacklogRows, "row"), span(time.Duration(r.LagMS)*time.Millisecond))
	}
	switch {
	case r.Error != "":
		text += ": " + r.Error
	case r.State == api.ReplicaAway:
		text += ": it has not answered"
	}
	return text
}

// estimated says what a replica costs.
func estimated(u *api.Upkeep) string {
	text := fmt.Sprintf("warehouse %s %s kept up for %s", u.Warehouse, u.Size, span(time.Duration(u.KeptSeconds*float64(time.Second))))
	if u.Credits == nil {
		return text + "; what that costs is unknown: " + u.Why
	}
	return fmt.Sprintf("%s: an estimated %s credits at the rates of %s", text, trim(*u.Credits, 3), u.RatesAsOf)
}

// missing tells what is not in the replica after its server has ended. It is no failure of anything, and not for -q to hide.
func (p *program) missing(err error) {
	if err != nil {
		fmt.Fprintln(p.Stderr, "bench: "+err.Error())
	}
}

// replica is how the replica of a place's server stands; nil when it feeds none, or there is no server.
func (at *place) replica(ctx context.Context) (*api.Replica, error) {
	if !at.live() {
		return nil, nil
	}
	return at.client.Replica(ctx)
}

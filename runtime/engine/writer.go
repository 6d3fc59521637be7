package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bench/runtime/bench"
)

// The times of the writer: batches are writeEvery apart at least, so that the reports of one second share a transaction, and a
// batch is begun gather after there is something to write, so that what is put in the same moment is not torn apart.
const (
	writeEvery = 50 * time.Millisecond
	gather     = time.Millisecond
)

// A writer stores batches in order, behind the backs of the runs. What cannot be stored is kept and tried again; after
// limit of failing it says so once and goes on trying, so that a disk that is cleared in time costs nothing.
type writer struct {
	store  Store
	limit  time.Duration
	failed func(error)
	wake   chan struct{} // capacity 1: there is something to write

	mu      sync.Mutex
	pending bench.Batch
	stored  []func()
	oldest  time.Time       // when the oldest of pending was put; zero when there is none
	batch   trial           // of what is being written
	asides  map[*trial]bool // writes that runs make themselves, and wait for
}

func newWriter(store Store, limit time.Duration, failed func(error)) *writer {
	return &writer{store: store, limit: limit, failed: failed, wake: make(chan struct{}, 1), asides: map[*trial]bool{}}
}

// put queues a batch; stored, if not nil, is called once it is durable. It never blocks.
func (w *writer) put(b bench.Batch, stored func()) {
	w.mu.Lock()
	if w.oldest.IsZero() && !b.Empty() {
		w.oldest = time.Now()
	}
	add(&w.pending, &b)
	if stored != nil {
		w.stored = append(w.stored, stored)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default: // it will find this batch too
	}
}

func add(to, b *bench.Batch) {
	to.Workers = append(to.Workers, b.Workers...)
	to.Snapshots = append(to.Snapshots, b.Snapshots...)
	to.Seconds = append(to.Seconds, b.Seconds...)
	to.Results = append(to.Results, b.Results...)
	to.Logs = append(to.Logs, b.Logs...)
	to.Environment = append(to.Environment, b.Environment...)
	to.Totals = append(to.Totals, b.Totals...)
	to.Findings = append(to.Findings, b.Findings...)
	to.Samples = append(to.Samples, b.Samples...)
	to.Enrichments = append(to.Enrichments, b.Enrichments...)
	to.Timings = append(to.Timings, b.Timings...)
}

// flush waits until what was put before is stored, or says why it is not.
func (w *writer) flush(ctx context.Context) error {
	done := make(chan struct{})
	w.put(bench.Batch{}, func() { close(done) })
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run writes until ctx ends and everything is stored, or cannot be.
func (w *writer) run(ctx context.Context) error {
	for {
		select {
		case <-w.wake:
		case <-ctx.Done():
			return w.last()
		}
		rest(ctx, gather)
		w.write(ctx)
		rest(ctx, writeEvery)
	}
}

// rest waits, unless ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// take is everything that waits.
func (w *writer) take() (bench.Batch, []func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, stored := w.pending, w.stored
	w.pending, w.stored = bench.Batch{}, nil
	w.batch.since, w.oldest, w.batch.rows = w.oldest, time.Time{}, rows(&b)
	// Only the newest state of a worker and of the counters is worth a write.
	b.Workers = newest(b.Workers, func(x bench.Worker) string { return x.Run + "/" + x.Worker })
	b.Totals = newest(b.Totals, func(x bench.Totals) string { return x.Run })
	return b, stored
}

// newest keeps the last of each key.
func newest[T any](all []T, key func(T) string) []T {
	last := map[string]int{}
	for i, x := range all {
		last[key(x)] = i
	}
	var kept []T
	for i, x := range all {
		if last[key(x)] == i {
			kept = append(kept, x)
		}
	}
	return kept
}

// write stores what waits, trying until it succeeds or ctx ends. What comes meanwhile waits with it.
func (w *writer) write(ctx context.Context) {
	b, stored := w.take()
	began, told := time.Now(), false
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := w.save(&b)
		w.note(err)
		if err == nil {
			for _, f := range stored {
				f()
			}
			return
		}
		if !told && time.Since(began) >= w.limit {
			told = true
			w.failed(err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			w.putBack(b, stored) // for last
			return
		}
		w.putBack(b, stored)
		b, stored = w.take()
	}
}

// putBack queues what could not be stored before what came later.
func (w *writer) putBack(b bench.Batch, stored []func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	later := w.pending
	w.pending = b
	add(&w.pending, &later)
	w.stored = append(stored, w.stored...)
	if !w.batch.since.IsZero() {
		w.oldest = w.batch.since
	}
	w.batch.since, w.batch.rows = time.Time{}, 0
}

// unwritable says in words why the store takes no writes, "" while it does. A single failure is no trouble yet.
func (w *writer) unwritable() string {
	t := w.whole()
	if t.trouble == "" || time.Since(t.failing) < time.Second {
		return ""
	}
	return fmt.Sprintf("the journal cannot be written since %s: %s; runs end when that lasts for %s",
		t.failing.UTC().Format("15:04:05Z"), t.trouble, w.limit)
}

// save tries once. On a disk that is full there may be no room for all that waits, but for what runs ended with.
func (w *writer) save(b *bench.Batch) error {
	if b.Empty() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := w.store.Write(ctx, b)
	if err != nil && len(b.Results) > 0 && w.store.Write(ctx, &bench.Batch{Results: b.Results, Totals: b.Totals}) == nil {
		b.Results, b.Totals = nil, nil
	}
	return err
}

// last is the one try at the end.
func (w *writer) last() error {
	b, stored := w.take()
	if err := w.save(&b); err != nil {
		return fmt.Errorf("store what was measured last: %w", err)
	}
	for _, f := range stored {
		f()
	}
	return nil
}

// note remembers how the last attempt to write ended.
func (w *writer) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.batch.fails(err)
	} else {
		w.batch = trial{}
	}
}

// begin notes that a run makes a write of one row itself, and waits for it: end says that it is over, fails that one try was.
func (w *writer) begin() *trial {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &trial{rows: 1, since: time.Now()}
	w.asides[t] = true
	return t
}

func (w *writer) fails(t *trial, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.fails(err)
}

func (w *writer) end(t *trial) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.asides, t)
}

// whole is the trial of all that waits to be stored.
func (w *writer) whole() trial {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.batch
	t.join(trial{rows: rows(&w.pending), since: w.oldest})
	for a := range w.asides {
		t.join(*a)
	}
	return t
}

// state is how the store takes what it is given.
func (w *writer) state() bench.LiveStore {
	t, now := w.whole(), time.Now()
	return bench.LiveStore{Name: "journal", OK: t.trouble == "", Error: t.trouble, Waiting: t.rows,
		WaitingS: max(since(t.since, now), 0), FailingS: max(since(t.failing, now), 0)}
}

// rows is how many a batch has.
func rows(b *bench.Batch) int64 {
	return int64(len(b.Workers) + len(b.Snapshots) + len(b.Seconds) + len(b.Results) + len(b.Logs) + len(b.Environment) + len(b.Totals) +
		len(b.Findings) + len(b.Samples) + len(b.Enrichments) + len(b.Timings))
}

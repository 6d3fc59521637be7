package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"bench/runtime/bench"
	"bench/runtime/cost"
	"bench/runtime/enrich"
)

// Witnesses finds who speaks for the target of a run.
type Witnesses interface {
	// Witness signs in, on a session that counts as none of the run's. A nil Witness without an error says that targets of
	// this kind keep no record of their own.
	Witness(ctx context.Context, run string, plan *bench.Plan, lookup func(bench.Secret) (string, error)) (Witness, error)
}

// A Witness tells a target's own side of a run. One goroutine uses it, beside the measured path.
type Witness interface {
	// Every is the time between two samples.
	Every() time.Duration
	// Sample says what the target is at now: Waits or Warehouse. The rest of the sample is the caller's.
	Sample(ctx context.Context) (*bench.TargetSample, error)
	// Counters reads the cumulative counters of the plan's statements: List, Source, Epoch, Missing, Notes. Nil says that
	// the target has a history instead.
	Counters(ctx context.Context) (*bench.Counters, error)
	// Recall gives each statement of the run in the target's history between two times, in any order, and perhaps more than
	// once or of others. Nil says that the target has counters instead.
	Recall(ctx context.Context, from, to time.Time, each func(*bench.Recalled)) (*bench.Recollection, error)
	Close() error
}

// evidence is what the target has said so far. It belongs to the run's goroutine; all of it is stored, so that a server
// that comes back has it again.
type evidence struct {
	before, after *bench.Counters
	waits         enrich.Waits
	warehouse     []bench.TargetSample // those that say more than the ones around them
	unsampled     int                  // samples that failed
	queries       map[string]bool      // ids of those that workers told in full, up to maxQueries

	enrichment *bench.Enrichment // what it came to, once that is known
}

// maxQueries is how many single queries are looked for in a history.
const maxQueries = 200_000

// sample takes in a sample. Of a warehouse that stays as it is, one in half of [cost.Stale] is enough.
func (v *evidence) sample(s *bench.TargetSample) {
	v.waits.Add(s)
	if s.Warehouse == nil {
		return
	}
	n := len(v.warehouse)
	if n > 1 && sameShape(v.warehouse[n-2].Warehouse, v.warehouse[n-1].Warehouse) && sameShape(v.warehouse[n-1].Warehouse, s.Warehouse) &&
		s.At.Sub(v.warehouse[n-2].At) <= cost.Stale/2 {
		v.warehouse[n-1] = *s
		return
	}
	v.warehouse = append(v.warehouse, *s)
}

// sameShape reports whether a warehouse is the same in all but how busy it is.
func sameShape(a, b *bench.Warehouse) bool {
	return a.State == b.State && a.Size == b.Size && a.Kind() == b.Kind() && a.Started == b.Started && a.MaxClusters == b.MaxClusters
}

// clone is a copy that another goroutine may look at.
func (v *evidence) clone() evidence {
	c := *v
	c.waits, c.warehouse, c.queries = v.waits.Clone(), slices.Clone(v.warehouse), maps.Clone(v.queries)
	return c
}

// learn takes in what was told in full.
func (v *evidence) learn(told []bench.Execution) {
	for _, x := range told {
		if x.QueryID != "" && len(v.queries) < maxQueries {
			if v.queries == nil {
				v.queries = map[string]bool{}
			}
			v.queries[x.QueryID] = true
		}
	}
}

// event takes in what a stored event says of the target.
func (v *evidence) event(e *bench.Event) error {
	if e.Type != bench.EventCounters {
		return nil
	}
	c := new(bench.Counters)
	if err := json.Unmarshal(e.Data, c); err != nil {
		return fmt.Errorf("read event %d: %w", e.Sequence, err)
	}
	v.read(c)
	return nil
}

func (v *evidence) read(c *bench.Counters) {
	if c.Moment == momentBefore {
		v.before = c
	} else {
		v.after = c
	}
}

// The moments of counters.
const (
	momentBefore = "before"
	momentAfter  = "after"
)

// How long one question to the target may take, and how long to wait before signing in again.
const (
	questionLimit = 10 * time.Second
	signInAgain   = 5 * time.Second
)

// An observer watches the target of one run on a goroutine of its own. A target that hangs holds up nothing but the
// observer.
type observer struct {
	r         *run
	questions chan func(context.Context, Witness) // room for all that are ever asked: counters three times, the hearing
	cancel    context.CancelFunc
	quiet     bool // the observer's own: takes no samples any more

	// The run's own.
	absent  bool   // the target keeps no record
	trouble string // why there is no witness
	told    bool   // the trouble was announced
}

// observe starts to watch the run's target, if somebody can.
func (r *run) observe() {
	if r.e.Witnesses == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.ctx))
	r.observer = &observer{r: r, questions: make(chan func(context.Context, Witness), 4), cancel: cancel}
	r.workers.Go(func() { r.observer.watch(ctx) })
}

// watch signs in, then samples and answers questions until ctx ends.
func (o *observer) watch(ctx context.Context) {
	w := o.signIn(ctx)
	if w == nil {
		return
	}
	defer w.Close()
	ticker := time.NewTicker(w.Every())
	defer ticker.Stop()
	o.sample(ctx, w)
	for {
		select {
		case <-ctx.Done():
			return
		case ask := <-o.questions:
			ask(ctx, w)
		case <-ticker.C:
			if !o.quiet {
				o.sample(ctx, w)
			}
		}
	}
}

// signIn tries until there is a witness; nil when there will be none.
func (o *observer) signIn(ctx context.Context) Witness {
	for {
		w, err := o.r.e.Witnesses.Witness(ctx, o.r.id, o.r.plan, o.r.secret)
		if err == nil {
			o.r.do(ctx, func() { o.trouble, o.absent = "", w == nil })
			return w
		}
		o.r.do(ctx, func() { o.failed(err.Error()) })
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(signInAgain):
		}
	}
}

// failed notes that the target cannot be asked, and says so once.
func (o *observer) failed(why string) {
	o.trouble = why
	if !o.told {
		o.told = true
		o.r.announce(bench.EventTarget, "warn", time.Now(), struct{}{}, "the target cannot be watched: %s", why)
	}
}

// ask has the observer do something with the witness, when there is one and it is free.
func (o *observer) ask(f func(context.Context, Witness)) {
	select {
	case o.questions <- f:
	default: // only a bug asks more
		o.r.e.Log.Error("the observer of a run is asked too much", "run", o.r.id)
	}
}

// sample looks at the target once.
func (o *observer) sample(ctx context.Context, w Witness) {
	at := time.Now()
	limited, cancel := context.WithTimeout(ctx, min(questionLimit, 5*w.Every()))
	s, err := w.Sample(limited)
	cancel()
	if ctx.Err() != nil {
		return
	}
	o.r.do(ctx, func() {
		if err != nil {
			if o.r.evidence.unsampled++; o.r.evidence.unsampled > 1 {
				return // one says it all; the enrichment counts them
			}
			o.r.log.line(levelOf("warn"), "a sample of the target failed: %v", err)
			return
		}
		s.At = at.UTC().Truncate(time.Microsecond)
		o.r.sampled(s)
	})
}

// sampled takes in a sample.
func (r *run) sampled(s *bench.TargetSample) {
	s.Run, s.Phase = r.id, r.record.Phase
	if !r.t0.IsZero() {
		s.ElapsedUS = max(0, s.At.Sub(r.t0).Microseconds())
	}
	r.e.writer.put(bench.Batch{Samples: []bench.TargetSample{*s}}, nil)
	now, n := s.Warehouse, len(r.evidence.warehouse)
	changed := now != nil && (n == 0 || !sameShape(r.evidence.warehouse[n-1].Warehouse, now))
	r.evidence.sample(s)
	if now == nil {
		return
	}
	r.guard.credits(r.evidence.warehouse)
	if !changed { // how busy it is may change all the time
		return
	}
	r.announce(bench.EventTarget, "info", time.Now(), now, "warehouse %s is %s: %s %s, %d of at most %d clusters, %d statements running, %d queued",
		now.Name, now.State, now.Kind(), now.Size, now.Started, now.MaxClusters, now.Running, now.Queued)
}

// prepareCounters has them read once in advance: the first time the witness may have to look up what they are called, which
// would make the reading at the begin of MEASUREMENT a late one.
func (r *run) prepareCounters() {
	if r.observer != nil {
		r.observer.ask(func(ctx context.Context, w Witness) {
			limited, cancel := context.WithTimeout(ctx, questionLimit)
			defer cancel()
			w.Counters(limited) // what is wrong is said when they are needed
		})
	}
}

// count has the target's counters read.
func (r *run) count(moment string) {
	o := r.observer
	if o == nil {
		return
	}
	o.ask(func(ctx context.Context, w Witness) {
		if moment == momentAfter {
			o.quiet = true
		}
		limited, cancel := context.WithTimeout(ctx, questionLimit)
		defer cancel()
		c, err := w.Counters(limited)
		if err != nil {
			c = &bench.Counters{Missing: fmt.Sprintf("the target's counters could not be read: %v", err)}
		}
		if c == nil {
			return
		}
		c.Moment, c.At = moment, time.Now().UTC()
		r.do(ctx, func() {
			repeated := r.evidence.before != nil && c.Missing != "" && r.evidence.before.Missing == c.Missing
			r.evidence.read(c)
			switch {
			case repeated: // it was said, and is stored, already
				return
			case c.Missing != "":
				r.announce(bench.EventCounters, "warn", c.At, c, "%s", c.Missing)
				return
			}
			r.announce(bench.EventCounters, "info", c.At, c, "the target's counters were read %s MEASUREMENT: %s of %s", moment, plural(len(c.List), "statement"), c.Source)
		})
	})
}

// countAfter has the target's counters read once no worker sends anything more. Teardown may take away what they are
// about, so it waits for them a moment.
func (r *run) countAfter() {
	if r.observer == nil || r.evidence.after != nil {
		return
	}
	r.count(momentAfter)
	if len(r.plan.Teardown) > 0 {
		o := r.observer
		_, r.wish = r.until(time.Now().Add(endPatience), func() bool { return r.evidence.after != nil || o.absent || o.trouble != "" })
	}
}

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bench/runtime/bench"
)

// cancelOrphansCommand ends statements that still execute on a target although their run has ended: a worker that was killed
// leaves them behind. It asks the targets of the runs of the last days, and touches only statements that carry the exact tag
// of a run whose end it knows. What belongs to a run that goes on, or to one that is kept elsewhere, is left alone.
type cancelOrphansCommand struct {
	DryRun bool `help:"Say what would be cancelled, and cancel nothing."`
}

// orphanage is how long after its end a run is asked about: Snowflake's history of what executes goes back 7 days.
const orphanage = 7 * 24 * time.Hour

// An executor is a target that says what it executes, and ends it.
type executor interface {
	Executing(ctx context.Context) (found []bench.Executing, all bool, err error)
	Cancel(ctx context.Context, e bench.Executing) (says string, err error)
	Close() error
}

// An account is a target that ended runs have used, apart from how they set their sessions up.
type account struct {
	target bench.Target
	name   string              // as a person knows it
	ended  map[string]struct{} // ids of runs
}

// Run implements bench cancel-orphans. It ends with 2 when something may still execute.
func (c *cancelOrphansCommand) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	at, err := p.find(ctx)
	if err != nil {
		return err
	}
	defer at.close()
	accounts, going, err := accounts(ctx, at)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		p.talk("no run in %s ended in the last 7 days on a target that can be asked what it executes", at)
		return nil
	}
	var failed []error
	undone := false
	for _, a := range accounts {
		done, err := c.clear(ctx, p, a, going)
		if err != nil {
			failed = append(failed, bench.Errorf(bench.CodeUnreachable, "%s: %w", a.name, err))
		}
		undone = undone || !done
	}
	if len(failed) == 0 && undone {
		return ends(bench.ExitUndetermined)
	}
	return errors.Join(failed...)
}

// accounts are the targets of runs that ended lately, and the ids of the runs that go on.
func accounts(ctx context.Context, at *place) (all []*account, going map[string]struct{}, err error) {
	byTarget := map[string]*account{}
	going = map[string]struct{}{}
	for run, err := range runs(ctx, at.history) {
		if err != nil {
			return nil, nil, err
		}
		if !run.Status.Terminal() {
			going[run.ID] = struct{}{}
			continue
		}
		if run.EndTime != nil && time.Since(*run.EndTime) > orphanage {
			continue
		}
		whole, err := at.history.Run(ctx, run.ID)
		if err != nil {
			return nil, nil, err
		}
		if whole.Plan == nil || whole.Plan.Target.Kind != "snowflake" && whole.Plan.Target.Kind != "postgres" {
			continue
		}
		t := whole.Plan.Target.Unrequired()
		t.Session, t.Timeout = bench.Session{}, 0
		key, err := json.Marshal(t)
		if err != nil {
			return nil, nil, err
		}
		a := byTarget[string(key)]
		if a == nil {
			a = &account{target: t, name: t.Kind + targetDetails(&t), ended: map[string]struct{}{}}
			byTarget[string(key)] = a
			all = append(all, a)
		}
		a.ended[run.ID] = struct{}{}
	}
	return all, going, nil
}

// clear ends the orphans of one account, and reports whether it knows that none is left.
func (c *cancelOrphansCommand) clear(ctx context.Context, p *program, a *account, going map[string]struct{}) (done bool, err error) {
	target, err := open(ctx, a.target, p.lookup, 1, "bench cancel-orphans")
	if err != nil {
		return false, err
	}
	e := target.(executor) // both kinds are; see wire.go
	defer e.Close()
	orphans, all, err := a.orphans(ctx, p, e, going)
	if err != nil {
		return false, err
	}
	if !all {
		p.talk("%s: it shows its newest 10,000 statements only, and there may be older ones that still execute", a.name)
	}
	if len(orphans) == 0 {
		p.talk("%s: no statement of an ended run executes", a.name)
		return all, nil
	}
	var failed []error
	for _, o := range orphans {
		what := "would be cancelled"
		if !c.DryRun {
			says, err := e.Cancel(ctx, o)
			what = "told to end"
			if err != nil {
				what = "not cancelled"
				failed = append(failed, fmt.Errorf("cancel %s: %w", o.ID, err))
			} else if says != "" {
				what += " (" + says + ")"
			}
		}
		fmt.Fprintf(p.Stdout, "%s  run %s%s  %s for %s  %s\n", o.ID, o.Run, labelled("workload", o.Workload), strings.ToLower(o.Status),
			span(time.Since(o.Started).Round(time.Second)), what)
	}
	if c.DryRun || len(failed) > 0 {
		return all, errors.Join(failed...)
	}
	left, err := a.await(ctx, e, orphans)
	for _, id := range left {
		fmt.Fprintf(p.Stdout, "%s  still executes\n", id)
	}
	return all && len(left) == 0, err
}

// orphans are the statements of runs that ended. What is left alone is counted.
func (a *account) orphans(ctx context.Context, p *program, e executor, going map[string]struct{}) (orphans []bench.Executing, all bool, err error) {
	found, all, err := e.Executing(ctx)
	if err != nil {
		return nil, false, err
	}
	ours, strange := 0, 0
	for _, s := range found {
		_, ended := a.ended[s.Run]
		_, goes := going[s.Run]
		switch {
		case ended:
			orphans = append(orphans, s)
		case goes:
			ours++
		default:
			strange++
		}
	}
	if ours > 0 {
		p.talk("%s: %s of runs that go on: left alone", a.name, plural(int64(ours), "statement"))
	}
	if strange > 0 {
		p.talk("%s: %s of runs that are not kept here: left alone", a.name, plural(int64(strange), "statement"))
	}
	return orphans, all, nil
}

// await asks until none of the statements executes any more, and gives those that still do when it has no time left.
func (a *account) await(ctx context.Context, e executor, told []bench.Executing) (left []string, err error) {
	const patience = 10 * time.Second // an abort may wait for its transaction to be undone
	over := time.After(patience)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		found, _, err := e.Executing(ctx)
		if err != nil {
			return nil, fmt.Errorf("see whether they have ended: %w", err)
		}
		left = nil
		for _, s := range found {
			if slices.ContainsFunc(told, func(o bench.Executing) bool { return o.ID == s.ID }) {
				left = append(left, s.ID)
			}
		}
		if len(left) == 0 {
			return nil, nil
		}
		select {
		case <-time.After(wait):
		case <-over:
			return left, nil
		case <-ctx.Done():
			return left, nil
		}
	}
}

// labelled is a name with what it is a name of, "" for none.
func labelled(what, name string) string {
	if name == "" {
		return ""
	}
	return "  " + what + " " + name
}

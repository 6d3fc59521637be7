package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"bench/diagnostics"
	"bench/runtime/bench"
	"bench/sql/history"
)

// doctorCommand says why a run stands as it does, and ends with 0 when every check passed with evidence.
type doctorCommand struct {
	runFlag
	Output string        `short:"o" help:"Form of the output: text, short (only what is wrong), json, junit or md." enum:"text,short,json,junit,md" default:"text"`
	Check  []string      `help:"Only checks whose code or name matches." placeholder:"GLOB"`
	Skip   []string      `help:"Do not run a check, and say why; with a date, until then." placeholder:"CODE=REASON[,until=DATE]" sep:"none"`
	FailOn string        `help:"What ends with 1: fail, or also warn, or also undetermined." enum:"fail,warn,undetermined" default:"fail"`
	Wait   time.Duration `help:"Check again until nothing is undetermined, at most so long." placeholder:"DURATION"`

	Checks    string `help:"Folder with checks of your own, beside those of the program." placeholder:"DIR"`
	Bundle    string `help:"Also write what was seen into a file, to be examined elsewhere with --from." placeholder:"FILE"`
	From      string `help:"Examine a bundle; nothing else is asked." placeholder:"FILE"`
	Preflight bool   `help:"Run the checks that need no run. RUN is a spec then, if it is given: its target is asked."`

	List    bool   `help:"List the checks and run none."`
	Explain string `help:"Say all about one check." placeholder:"CODE"`
	ShowSQL bool   `name:"show-sql" help:"Print the statements of the checks as they would be sent; they can be pasted into a shell of the database."`
	Test    bool   `help:"Run the fixtures of all checks, offline."`
}

// Run implements bench doctor.
func (c *doctorCommand) Run(p *program) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	switch {
	case c.Explain != "":
		return c.explain(p, set)
	case c.List:
		listChecks(p.Stdout, set, p.width(p.Stdout), p.colour(p.Stdout))
		return nil
	case c.Test:
		return c.test(p, set)
	}
	skips, err := c.skips(p, set, time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := p.until()
	defer cancel()
	for deadline := time.Now().Add(c.Wait); ; {
		report, err := c.examine(ctx, p, set, skips)
		if err != nil {
			return err
		}
		if report == nil { // the statements were printed
			return nil
		}
		if report.Counts[diagnostics.Undetermined] > 0 && time.Now().Before(deadline) {
			select {
			case <-time.After(min(time.Second, time.Until(deadline))):
				continue
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		report.FailOn(diagnostics.Outcome(c.FailOn))
		if err := p.writeReport(c.Output, report); err != nil {
			return err
		}
		return ends(report.Exit)
	}
}

// load reads the checks and takes those that were asked for.
func (c *doctorCommand) load() (diagnostics.Set, error) {
	set, err := loadChecks(c.Checks)
	if err != nil || len(c.Check) == 0 {
		return set, err
	}
	chosen := slices.DeleteFunc(slices.Clone(set), func(k *diagnostics.Check) bool {
		return !slices.ContainsFunc(c.Check, func(glob string) bool {
			code, bad := path.Match(strings.ToUpper(glob), k.Code)
			name, worse := path.Match(strings.ToLower(glob), k.Name)
			return bad == nil && code || worse == nil && name
		})
	})
	if len(chosen) == 0 {
		return nil, usage("no check matches %s; bench doctor --list shows all", strings.Join(c.Check, ", "))
	}
	return chosen, nil
}

// loadChecks reads the checks of the program and those of a folder, if one is named.
func loadChecks(dir string) (diagnostics.Set, error) {
	if dir == "" {
		set, ds := diagnostics.Load(nil, "")
		if ds.HasErrors() {
			return nil, ds
		}
		return set, nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, usage("--checks: %s is no folder that can be read", dir)
	}
	set, ds := diagnostics.Load(os.DirFS(dir), dir)
	if ds.HasErrors() {
		return nil, ds
	}
	return set, nil
}

// skips are the checks that are not to run, with the reason. One whose date has passed runs again.
func (c *doctorCommand) skips(p *program, set diagnostics.Set, now time.Time) (map[string]string, error) {
	skips := map[string]string{}
	for _, text := range c.Skip {
		code, reason, ok := strings.Cut(text, "=")
		reason, date, dated := strings.Cut(reason, ",until=")
		if !ok || strings.TrimSpace(reason) == "" || set.Find(code) == nil {
			return nil, usage("--skip %s: write the code of a check and why, like BEN0602=\"shared database\",until=2026-12-31", text)
		}
		if dated {
			until, err := time.ParseInLocation(time.DateOnly, date, time.Local)
			if err != nil {
				return nil, usage("--skip %s: %q is no date; write 2026-12-31", text, date)
			}
			if now.After(until.AddDate(0, 0, 1)) {
				p.talk("%s is not skipped any more: %q was good until %s", code, reason, date)
				continue
			}
			reason += " (until " + date + ")"
		}
		skips[code] = reason
	}
	return skips, nil
}

// examine does it once, or twice for a run that ends just then: what its server says does not go with what the journal said.
func (c *doctorCommand) examine(ctx context.Context, p *program, set diagnostics.Set, skips map[string]string) (*diagnostics.Report, error) {
	report, ended, err := c.look(ctx, p, set, skips)
	if ended {
		report, _, err = c.look(ctx, p, set, skips)
	}
	return report, err
}

// look examines what there is. There is no report when only the statements were asked for.
func (c *doctorCommand) look(ctx context.Context, p *program, set diagnostics.Set, skips map[string]string) (r *diagnostics.Report, ended bool, err error) {
	began := time.Now()
	s, err := c.open(ctx, p)
	if err != nil {
		return nil, false, err
	}
	defer s.close()
	if s.remote != nil {
		if c.Checks != "" || c.ShowSQL || c.Bundle != "" {
			return nil, false, usage("the server %s is examined by itself: --checks, --show-sql and --bundle need its journal on this machine", s.remote.URL())
		}
		r, err = c.ask(ctx, s, set, skips)
		return r, false, err
	}
	if c.ShowSQL {
		return nil, false, showSQL(p.Stdout, set, s.Case)
	}
	r, err = set.Examine(ctx, s.Case, diagnostics.Options{Skip: skips})
	if err != nil {
		return nil, false, err
	}
	r.TookMS = float64(time.Since(began).Microseconds()) / 1e3 // finding the way is part of it
	if c.Bundle == "" || s.ended {
		return r, s.ended, nil
	}
	if err := s.Case.WriteBundle(c.Bundle, r); err != nil {
		return nil, false, usage("--bundle: %v", err)
	}
	p.talk("what was seen is in %s: bench doctor --from %s", c.Bundle, c.Bundle)
	return r, false, nil
}

// ask takes the report of a server that is elsewhere, and leaves out what was not asked for.
func (c *doctorCommand) ask(ctx context.Context, s *subject, set diagnostics.Set, skips map[string]string) (*diagnostics.Report, error) {
	text, err := s.remote.Doctor(ctx, c.runFlag.Run)
	if err != nil {
		return nil, err
	}
	report := new(diagnostics.Report)
	if err := json.Unmarshal(text, report); err != nil {
		return nil, bench.Errorf(bench.CodeInternal, "the server's report is not what this version of bench expects: %w", err)
	}
	report.Keep(func(code string) bool { return set.Find(code) != nil && skips[code] == "" })
	return report, nil
}

// test runs the fixtures of all checks.
func (c *doctorCommand) test(p *program, set diagnostics.Set) error {
	ctx, cancel := p.until()
	defer cancel()
	db, err := emptyJournal(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	began := time.Now()
	failures, n := set.Test(ctx, &diagnostics.Laboratory{DB: db, Dialect: "sqlite", Rows: history.Rows})
	for _, f := range failures {
		fmt.Fprintln(p.Stdout, f)
	}
	fmt.Fprintf(p.Stdout, "%d checks, %d fixtures, %d wrong, %s\n", len(set), n, len(failures), span(time.Since(began)))
	if len(failures) > 0 {
		return ends(bench.ExitFail)
	}
	return nil
}

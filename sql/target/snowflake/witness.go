package snowflake

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bench/runtime/bench"
)

//go:embed witness/*.sql
var witnessSQL embed.FS

// A Witness tells an account's own side of a run: its warehouse every five seconds, by SHOW WAREHOUSES, which needs none that
// runs; and afterwards the history of its statements, found by their exact tag.
//
// There are three histories. INFORMATION_SCHEMA has a statement within about a minute, but not the short ones on hybrid
// tables. ACCOUNT_USAGE comes up to 45 minutes late and needs a grant; its aggregate of minutes, up to 180 minutes late,
// has the short ones, too. The later ones are only asked when they may have something. Asking takes the warehouse of the
// run, once nothing is measured any more.
type Witness struct {
	target    *Target
	run       string
	warehouse string
	conn      *Conn // nil when it is lost
}

// How late the histories are at most.
const (
	accountLate   = 45 * time.Minute
	aggregateLate = 180 * time.Minute
	meteringLate  = 180 * time.Minute // from the end of an hour
)

// pageRows is the most that a history gives at once; both pages say so in their SQL.
const pageRows = 10_000

// OpenWitness signs in beside a run. What the witness sends has the run's tag without a workload, so that it is nobody else's
// and none of the workloads'.
func OpenWitness(ctx context.Context, run string, plan *bench.Plan, lookup func(bench.Secret) (string, error)) (*Witness, error) {
	d := plan.Target.Unrequired()
	d.Session = bench.Session{Init: d.Session.Init} // parameters may change what is asked here, roles are needed
	t, err := Open(ctx, d, lookup, 1, "bench "+run)
	if err != nil {
		return nil, err
	}
	w := &Witness{target: t, run: run, warehouse: unquoted(t.config.Warehouse)}
	if w.warehouse != "" {
		return w, nil
	}
	rows, err := w.ask(ctx, "SELECT CURRENT_WAREHOUSE()")
	if err == nil && (len(rows) == 0 || rows[0][0].Text == "") {
		err = errors.New("the session of the witness has no warehouse")
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	w.warehouse = rows[0][0].Text
	return w, nil
}

// Every is the time between two samples.
func (w *Witness) Every() time.Duration { return 5 * time.Second }

// Counters gives nothing: Snowflake has a history instead.
func (w *Witness) Counters(context.Context) (*bench.Counters, error) { return nil, nil }

// Close ends the session.
func (w *Witness) Close() error {
	if w.conn != nil {
		w.conn.Close()
	}
	return w.target.Close()
}

func (w *Witness) session(ctx context.Context) (*Conn, error) {
	if w.conn != nil {
		return w.conn, nil
	}
	conn, err := w.target.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	w.conn = conn
	return conn, nil
}

// lost gives the session up if an error says that it is gone.
func (w *Witness) lost(err error) {
	if e, ok := errors.AsType[*bench.OpError](err); ok && e.Lost && w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// ask runs one statement; each ? in it stands for a text.
func (w *Witness) ask(ctx context.Context, sql string, args ...string) ([][]bench.Value, error) {
	c, err := w.session(ctx)
	if err != nil {
		return nil, err
	}
	columns, rows, err := c.query(ctx, filled(sql, args), pageRows)
	w.lost(err)
	if want := strings.Count(sql, ",\n       ") + 1; err == nil && len(columns) != want {
		err = &bench.OpError{Class: bench.ErrorOther, Message: fmt.Sprintf("an answer has %d columns, not %d", len(columns), want)}
	}
	return rows, err
}

// filled puts texts in the place of the question marks that are no part of a comment. Arguments of table functions are not
// bound.
func filled(sql string, args []string) string {
	var b strings.Builder
	for line := range strings.Lines(sql) {
		if strings.HasPrefix(line, "--") {
			continue
		}
		for {
			before, after, found := strings.Cut(line, "?")
			b.WriteString(before)
			if !found {
				break
			}
			b.WriteString("'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(args[0]) + "'")
			args, line = args[1:], after
		}
	}
	return b.String()
}

func (w *Witness) statement(name string) string {
	text, err := witnessSQL.ReadFile("witness/" + name + ".sql")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// Sample is the warehouse as it is now.
func (w *Witness) Sample(ctx context.Context) (*bench.TargetSample, error) {
	c, err := w.session(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.warehouse(ctx, w.warehouse)
	w.lost(err)
	if err != nil {
		return nil, fmt.Errorf("look at the warehouse: %w", err)
	}
	return &bench.TargetSample{Warehouse: sampled(found)}, nil
}

// Recall gives the statements of the run, and counts those of others on its warehouse.
func (w *Witness) Recall(ctx context.Context, from, to time.Time, each func(*bench.Recalled)) (*bench.Recollection, error) {
	r := &bench.Recollection{Source: "QUERY_HISTORY"}
	h := &recall{w: w, each: each, from: from, to: to, others: map[string]bool{}}
	if err := h.recent(ctx); err != nil {
		return nil, err
	}
	age := time.Since(to)
	r.Later = "statements on hybrid tables that take less than about 500 ms are not in INFORMATION_SCHEMA.QUERY_HISTORY; " +
		"ACCOUNT_USAGE has the others within 45 minutes, and their sums within 180 minutes: bench enrich " + w.run + " asks again then"
	if age >= accountLate {
		if err := h.account(ctx, r); err != nil {
			e, ok := errors.AsType[*bench.OpError](err)
			if !ok || e.Lost || ctx.Err() != nil {
				return nil, err
			}
			r.Notes = append(r.Notes, "SNOWFLAKE.ACCOUNT_USAGE cannot be read, which has what INFORMATION_SCHEMA lacks: "+e.Message+
				"; grant IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE to the role")
		}
		if age >= aggregateLate {
			r.Later = ""
		}
	}
	r.Others = new(int64(len(h.others)))
	return r, nil
}

// A recall is one pass over the histories.
type recall struct {
	w        *Witness
	each     func(*bench.Recalled)
	from, to time.Time
	others   map[string]bool // ids of statements on the same warehouse that are not the run's
}

// recent reads INFORMATION_SCHEMA, page by page from the newest statement backwards.
func (h *recall) recent(ctx context.Context) error {
	begin, end := h.begin(), h.to.Add(time.Hour) // what was in flight at the end of MEASUREMENT
	if now := time.Now().Add(time.Minute); now.Before(end) {
		end = now
	}
	for {
		rows, err := h.w.ask(ctx, h.w.statement("history"), stamp(begin), stamp(end))
		if err != nil {
			return fmt.Errorf("read the history of the account: %w", err)
		}
		oldest := end
		for _, row := range rows {
			if ended := h.row(row); ended.Before(oldest) && !ended.Before(begin) { // what runs yet has ended never, or in 1970
				oldest = ended
			}
		}
		if len(rows) < pageRows {
			return nil
		}
		if !oldest.Before(end) { // a page of one millisecond
			oldest = end.Add(-time.Millisecond)
		}
		end = oldest
	}
}

// account reads ACCOUNT_USAGE: the statements that the other history lacks, the sums, and what was metered.
func (h *recall) account(ctx context.Context, r *bench.Recollection) error {
	prefix := tag{App: "bench", Run: h.w.run}.text("", "")
	prefix = strings.TrimSuffix(prefix, "}")
	to := h.to.Add(time.Hour)
	for from := h.begin(); ; {
		rows, err := h.w.ask(ctx, h.w.statement("account_history"), prefix, stamp(from), stamp(to))
		if err != nil {
			return err
		}
		for _, row := range rows {
			h.row(row)
		}
		if len(rows) < pageRows {
			break
		}
		newest := time.UnixMilli(rows[len(rows)-1][4].Int)
		if !newest.After(from) {
			newest = from.Add(time.Millisecond)
		}
		from = newest
	}
	rows, err := h.w.ask(ctx, h.w.statement("aggregate_history"), prefix, stamp(h.begin()), stamp(to))
	if err != nil {
		return err
	}
	throttled := int64(0)
	for _, row := range rows {
		throttled += row[7].Int
		if t, ok := parsed(row[0].Text); ok {
			r.Sums = append(r.Sums, sums(t, row))
		}
	}
	if throttled > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d requests to hybrid tables were throttled", throttled))
	}
	if whole := h.to.Truncate(time.Hour).Add(time.Hour); time.Since(whole) < meteringLate {
		return nil // the last hour is not there yet, and the others alone would look like a small bill
	}
	metered, err := h.w.ask(ctx, h.w.statement("metering"), h.w.warehouse, stamp(h.from), stamp(h.to))
	if err != nil {
		return err
	}
	if len(metered) == 1 && metered[0][0].Kind != bench.KindNull {
		if x, ok := real(metered[0][0]); ok {
			r.Metered = &x
		}
	}
	return nil
}

// begin is where the search begins: the account's clock may be behind the server's, and the tag says what belongs to the run.
func (h *recall) begin() time.Time { return h.from.Add(-time.Minute) }

// row takes in a row of either history and says when its statement ended.
func (h *recall) row(row []bench.Value) time.Time {
	ended := time.UnixMilli(row[5].Int)
	id, status := row[0].Text, row[3].Text
	t, ours := parsed(row[1].Text)
	if !ours || t.Run != h.w.run {
		started := time.UnixMilli(row[4].Int)
		if strings.EqualFold(row[2].Text, h.w.warehouse) && started.Before(h.to) && ended.After(h.from) {
			h.others[id] = true
		}
		return ended
	}
	if status == "RUNNING" || status == "QUEUED" || status == "BLOCKED" || status == "RESUMING_WAREHOUSE" {
		return ended
	}
	us := func(i int) int64 { return row[i].Int * 1000 }
	h.each(&bench.Recalled{
		QueryID: id, Run: t.Run, Phase: t.Phase, Workload: t.Workload,
		Failed:  !strings.EqualFold(status, "SUCCESS"), // the manual of ACCOUNT_USAGE writes it small
		TotalUS: us(6), CompileUS: us(7), ExecuteUS: us(8), QueuedUS: us(9), BlockedUS: us(10), Rows: row[11].Int, Bytes: row[12].Int,
	})
	return ended
}

// parsed reads a tag, if it is one of ours. One that only looks like it is not.
func parsed(text string) (t tag, ok bool) {
	err := json.Unmarshal([]byte(text), &t)
	return t, err == nil && t.App == "bench" && t.text(t.Phase, t.Workload) == text
}

// sums are a row of the aggregate history.
func sums(t tag, row []bench.Value) bench.RecalledSums {
	us := func(i int) float64 { x, _ := real(row[i]); return 1000 * x }
	s := bench.RecalledSums{Run: t.Run, Phase: t.Phase, Workload: t.Workload, ServerSums: bench.ServerSums{
		Calls: row[1].Int, CompileUS: us(3), ExecuteUS: us(4), QueuedUS: us(5), BlockedUS: us(6),
	}}
	s.OtherUS = max(0, us(2)-s.TotalUS())
	return s
}

// real is a number, whatever type it came in.
func real(v bench.Value) (float64, bool) {
	switch v.Kind {
	case bench.KindInt:
		return float64(v.Int), true
	case bench.KindFloat:
		return v.Float, true
	}
	x, err := strconv.ParseFloat(v.Text, 64)
	return x, err == nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

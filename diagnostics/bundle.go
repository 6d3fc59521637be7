package diagnostics

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"bench/runtime/bench"
)

// A bundle is a zip file of JSON files: case.json says what was examined, live.json has the live state, sql/HASH.json
// the answer to each statement, by the hash of its text, and report.json what was found. Whoever reads it examines the
// answers again, perhaps with newer checks; a check whose statement was not asked then is undetermined.

// bundled is case.json.
type bundled struct {
	FormatVersion string     `json:"format_version"`
	Run           *bench.Run `json:"run"`
	At            time.Time  `json:"at"`
	Served        bool       `json:"served"`
	LiveWhy       Why        `json:"live_why,omitempty"`
	LiveError     string     `json:"live_error,omitempty"`
	Store         string     `json:"store,omitempty"`  // dialect
	Target        string     `json:"target,omitempty"` // dialect
}

// A bundledAnswer is sql/HASH.json.
type bundledAnswer struct {
	SQL string `json:"sql"`
	answer
}

const bundleVersion = "1.0"

// WriteBundle writes what an examination saw. The run's spec text stays out; answers hold what the tables hold.
func (k *Case) WriteBundle(file string, report *Report) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	put := func(name string, v any) {
		if err != nil {
			return
		}
		var w io.Writer
		if w, err = z.Create(name); err == nil {
			e := json.NewEncoder(w)
			e.SetIndent("", " ")
			err = e.Encode(v)
		}
	}
	b := bundled{FormatVersion: bundleVersion, At: k.At, Served: k.Server != nil}
	if k.Run != nil {
		run := *k.Run
		if run.Plan != nil {
			plan := *run.Plan
			plan.Source.Text = ""
			run.Plan = &plan
		}
		b.Run = &run
	}
	if k.failed != nil {
		a := refused(context.Background(), k.failed)
		b.LiveWhy, b.LiveError = a.Why, a.Detail
	}
	if k.Store != nil {
		b.Store = k.Store.Dialect
	}
	if k.Target != nil {
		b.Target = k.Target.Dialect
	}
	put("case.json", b)
	put("live.json", k.tables)
	for sql, a := range k.answers {
		put(answerName(sql), bundledAnswer{sql, a})
	}
	put("report.json", report)
	return errors.Join(err, z.Close())
}

// Gather asks databases for what checks did not, because their cause failed: who examines a bundle may see other causes.
func (s Set) Gather(ctx context.Context, k *Case, report *Report) {
	for _, c := range s {
		if f := report.Find(c.Code); f != nil && f.Why == WhyCauseFailed && c.Source != SourceServer {
			k.ask(ctx, c)
		}
	}
}

func answerName(sql string) string {
	sum := sha256.Sum256([]byte(sql))
	return "sql/" + hex.EncodeToString(sum[:]) + ".json"
}

// ReadBundle makes a case of a bundle, whose sources answer as they did then.
func ReadBundle(file string) (*Case, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", file, err)
	}
	defer z.Close()
	answers := map[string]answer{}
	var b bundled
	k := &Case{}
	var live Tables
	for _, f := range z.File {
		text, err := member(f)
		switch {
		case err != nil:
		case f.Name == "case.json":
			err = json.Unmarshal(text, &b)
		case f.Name == "live.json":
			live, err = ParseTables(text)
		case len(f.Name) > 4 && f.Name[:4] == "sql/":
			var a bundledAnswer
			if err = json.Unmarshal(text, &a); err == nil {
				var tables Tables
				if tables, err = ParseTables(fmt.Appendf(nil, `{"rows":%s}`, rowsOf(text))); err == nil {
					a.Rows = tables["rows"]
					answers[a.SQL] = a.answer
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read %s of bundle %s: %w", f.Name, file, err)
		}
	}
	if b.FormatVersion != bundleVersion {
		return nil, fmt.Errorf("%s is no bundle of version %s", file, bundleVersion)
	}
	k.Run, k.At = b.Run, b.At
	if b.Served {
		k.Server = func(context.Context) (Tables, error) {
			if b.LiveWhy != "" {
				return live, &refusal{b.LiveWhy, b.LiveError}
			}
			return live, nil
		}
	}
	k.Store, k.Target = recorded(b.Store, file, answers), recorded(b.Target, file, answers)
	return k, nil
}

// rowsOf is the member rows of an answer, as text, so that its numbers are read as what they were.
func rowsOf(text []byte) json.RawMessage {
	var a struct {
		Rows json.RawMessage `json:"rows"`
	}
	if json.Unmarshal(text, &a) != nil || len(a.Rows) == 0 {
		return json.RawMessage("[]")
	}
	return a.Rows
}

// mostBundled is how many bytes one file of a bundle may have.
const mostBundled = 256 << 20

func member(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, mostBundled+1))
	if err == nil && len(text) > mostBundled {
		err = fmt.Errorf("it has more than %d bytes", mostBundled)
	}
	return text, err
}

// recorded is a database that answers as it did when the bundle was made; nil when there was none.
func recorded(dialect, file string, answers map[string]answer) *Database {
	if dialect == "" {
		return nil
	}
	return &Database{Name: file, Dialect: dialect, Query: func(_ context.Context, sql string, limit int) ([]string, [][]any, error) {
		a, ok := answers[sql]
		switch {
		case !ok:
			return nil, nil, &refusal{WhyNoRows, "the bundle has no answer to this statement"}
		case a.Why != "":
			return nil, nil, &refusal{a.Why, a.Detail}
		}
		return rowsOut(a, limit)
	}}
}

// rowsOut gives rows back as a database would.
func rowsOut(a answer, limit int) (columns []string, rows [][]any, err error) {
	if len(a.Rows) == 0 {
		return nil, nil, nil
	}
	for name := range a.Rows[0] {
		columns = append(columns, name)
	}
	for i, row := range a.Rows {
		if i == limit {
			break
		}
		values := make([]any, len(columns))
		for j, name := range columns {
			values[j] = row[name]
		}
		rows = append(rows, values)
	}
	if a.Truncated { // one more than is looked at, so that it is known that there are more
		for len(rows) < limit {
			rows = append(rows, rows[len(rows)-1])
		}
	}
	return columns, rows, nil
}

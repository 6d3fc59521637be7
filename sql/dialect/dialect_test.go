package dialect

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNamed(t *testing.T) {
	for _, d := range All {
		if got, err := Named(d.Name); err != nil || got != d {
			t.Errorf("Named(%q) = %v, %v", d.Name, got, err)
		}
	}
	_, err := Named("oracle")
	want := `there is no SQL dialect "oracle"; use one of sqlite, postgres, snowflake`
	if err == nil || err.Error() != want {
		t.Errorf("Named(oracle): got error %v, want %s", err, want)
	}
}

var rebinds = []struct{ query, want string }{
	{"", ""},
	{"SELECT 1", "SELECT 1"},
	{"?", "$1"},
	{"VALUES (?, ?, ?)", "VALUES ($1, $2, $3)"},
	{"WHERE A = ? AND B = 'why?' AND C = ?", "WHERE A = $1 AND B = 'why?' AND C = $2"},
	{"SELECT 'it''s ?', ?", "SELECT 'it''s ?', $1"},
	{`SELECT "a?""?" FROM t WHERE b = ?`, `SELECT "a?""?" FROM t WHERE b = $1`},
	{"SELECT ? -- what?\n, ?", "SELECT $1 -- what?\n, $2"},
	{"SELECT ? -- what?", "SELECT $1 -- what?"},
	{"SELECT /* ? */ ?", "SELECT /* ? */ $1"},
	{"SELECT /* ? /* ? */ ? */ ?", "SELECT /* ? /* ? */ ? */ $1"},
	{"SELECT /*/ ? */ ?", "SELECT /*/ ? */ $1"},
	{"SELECT $$ ? $$, $a$ ? $$ ? $a$, ?", "SELECT $$ ? $$, $a$ ? $$ ? $a$, $1"},
	{"SELECT $1, a$b$ ? c$b$", "SELECT $1, a$b$ $1 c$b$"},
	{"SELECT 'open ?", "SELECT 'open ?"},
	{"SELECT /* open ?", "SELECT /* open ?"},
	{"SELECT $$ open ?", "SELECT $$ open ?"},
	{"SELECT a-?, b/?", "SELECT a-$1, b/$2"},
	{"SELECT ?::text", "SELECT $1::text"},
	{"SELECT 'ä?', ä?", "SELECT 'ä?', ä$1"},
}

func TestRebind(t *testing.T) {
	for _, tt := range rebinds {
		if got := Postgres.Rebind(tt.query); got != tt.want {
			t.Errorf("Rebind(%q)\n got %q\nwant %q", tt.query, got, tt.want)
		}
		if got := SQLite.Rebind(tt.query); got != tt.query {
			t.Errorf("Rebind(%q) for SQLite = %q, want it unchanged", tt.query, got)
		}
	}
}

// FuzzRebind checks that nothing but bare question marks changes, that they are numbered from 1 in order, and that a
// query without any left stays as it is.
func FuzzRebind(f *testing.F) {
	for _, tt := range rebinds {
		f.Add(tt.query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := Postgres.Rebind(query)
		if again := Postgres.Rebind(got); again != got && !strings.Contains(query, "$") {
			t.Fatalf("Rebind(%q) = %q, and again %q", query, got, again)
		}
		n, rest := 0, got
		for i := range len(query) {
			if rest != "" && query[i] == rest[0] {
				rest = rest[1:]
				continue
			}
			n++
			number := "$" + strconv.Itoa(n)
			if query[i] != '?' || !strings.HasPrefix(rest, number) {
				t.Fatalf("Rebind(%q) = %q: byte %d became %q", query, got, i, rest)
			}
			rest = rest[len(number):]
		}
		if rest != "" {
			t.Fatalf("Rebind(%q) = %q: %q was added", query, got, rest)
		}
	})
}

func TestTimeText(t *testing.T) {
	zone := time.FixedZone("UTC+2", 2*60*60)
	for _, tt := range []struct {
		t    time.Time
		want string
	}{
		{time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), "2026-01-02 15:04:05.000000"},
		{time.Date(2026, 1, 2, 15, 4, 5, 678901234, time.UTC), "2026-01-02 15:04:05.678901"},
		{time.Date(2026, 1, 2, 1, 4, 5, 0, zone), "2026-01-01 23:04:05.000000"},
	} {
		if got := SQLite.Time(tt.t); got != tt.want {
			t.Errorf("Time(%v) = %v, want %v", tt.t, got, tt.want)
		}
	}
}

func TestTimeRoundTrip(t *testing.T) {
	want := time.Date(2026, 1, 2, 15, 4, 5, 678901000, time.UTC)
	for _, d := range All {
		var got time.Time
		if err := ScanTime(&got).Scan(d.Time(want)); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, want %v", d.Name, got, err, want)
		}
		var p *time.Time
		if err := ScanTimePointer(&p).Scan(d.NullTime(&want)); err != nil || p == nil || !p.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", d.Name, p, err, want)
		}
		if err := ScanTimePointer(&p).Scan(d.NullTime(nil)); err != nil || p != nil {
			t.Errorf("%s: NULL is %v, %v, want nil", d.Name, p, err)
		}
		if err := ScanTime(&got).Scan(d.NullTime(&time.Time{})); err != nil || !got.IsZero() {
			t.Errorf("%s: NULL is %v, %v, want the zero time", d.Name, got, err)
		}
	}
	var got time.Time
	for _, bad := range []any{42, "yesterday", []byte("2026-01-02")} {
		if err := ScanTime(&got).Scan(bad); err == nil {
			t.Errorf("a %T %v was read as %v", bad, bad, got)
		}
	}
}

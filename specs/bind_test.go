package specs

import (
	"slices"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	tests := []struct{ name, sql, want string }{ // want: the references, then the strays
		{"none", "SELECT 1", ""},
		{"one", "SELECT :id", ":id"},
		{"at the start", ":id", ":id"},
		{"with column", "WHERE id = :order.id AND store=:order.store", ":order.id :order.store"},
		{"a dot that ends a sentence", "SELECT :id. ", ":id"},
		{"next to operators", "a=:a,b>:b AND(:c)", ":a :b :c"},
		{"first of an array", "= ANY(ARRAY[:a, :b])", ":a :b"},
		{"text", "SELECT ':no', ':no''s :no', :yes", ":yes"},
		{"text ends after a doubled quote", "'a''' || :yes", ":yes"},
		{"backslash is a letter", `'a\' || :yes`, ":yes"},
		{"backslash in E text", `E'a\' || :no' || :yes`, ":yes"},
		{"backslash in e text", `(e'\\' || :yes)`, ":yes"},
		{"E at the end of a name", `nameE'a\' || :yes`, ":yes"},
		{"quoted name", `SELECT ":no", "a "":no" , :yes`, ":yes"},
		{"backquoted name", "SELECT `:no` , :yes", ":yes"},
		{"line comment", "SELECT 1 -- :no\n, :yes", ":yes"},
		{"line comment at the end", "SELECT 1 -- :no", ""},
		{"comment", "SELECT /* :no */ :yes", ":yes"},
		{"comment in a comment", "/* /* */ :no */ :yes", ":yes"},
		{"comment left open", "/* :no", ""},
		{"minus", "SELECT 1 - :yes", ":yes"},
		{"division", "SELECT 1 / :yes * 2", ":yes"},
		{"dollar body", "DO $$ BEGIN :no; END $$; :yes", ":yes"},
		{"tagged body", "AS $body$ x $$ :no $body$ :yes", ":yes"},
		{"dollar in a name", "SELECT a$b$ , :yes", ":yes"},
		{"body left open", "$$ :no", ""},
		{"cast", "SELECT x::int, :yes::text, '1'::int", ":yes"},
		{"cast with a space", "x:: int", ""},
		{"path", "SELECT v:city, v:a.b, \"v\":c, f(x):d, a[0]:e", ""},
		{"slice", "SELECT a[1:2], a[1:n], a[lo:hi]", ""},
		{"assignment", "x := 1", ""},
		{"time", "'10:30:00', 10:30", ""},
		{"letters beyond ASCII", "SELECT :größe, ü:no", ":größe"},
		{"text left open", "SELECT 'abc :no", ""},
		{"question mark", "a = ? AND b = '?'", "?"},
		{"numbered", "a = $1 AND b = ?2", "$1 ?"},
		{"named otherwise", "a = @x AND b = $y AND @@session", "@x $y"},
		{"containment", "a @> b AND c <@ d", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts, refs, strays := cut(tt.sql)
			var got []string
			for _, r := range refs {
				got = append(got, r.String())
				if at := tt.sql[r.offset:r.end]; at != r.String() {
					t.Errorf("the place of %s holds %q", r, at)
				}
			}
			for _, s := range strays {
				got = append(got, s.text)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("cut(%q) finds %q, want %q", tt.sql, strings.Join(got, " "), tt.want)
			}
			if whole := join(parts, refs); whole != tt.sql {
				t.Errorf("the pieces make %q of %q", whole, tt.sql)
			}
		})
	}
}

func join(parts []string, refs []ref) string {
	var text strings.Builder
	text.WriteString(parts[0])
	for i, r := range refs {
		text.WriteString(r.String() + parts[i+1])
	}
	return text.String()
}

func FuzzBind(f *testing.F) {
	for _, seed := range []string{
		"SELECT :a, ':b', \":c\", `:d`, :e.f::int", "E'\\':a' :b", "/* /* :a */ */ :b -- :c\n:d", "$$ :a $$ :b $t$ $$ :c $t$ :d", "v:a x[1:n] y::z", "? $1 @x '", "a''':b", "\xff:\xfe:a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		parts, refs, strays := cut(sql)
		if len(parts) != len(refs)+1 {
			t.Fatalf("%d pieces for %d references", len(parts), len(refs))
		}
		if whole := join(parts, refs); whole != sql {
			t.Fatalf("the pieces make %q", whole)
		}
		for _, s := range strays {
			if !strings.HasPrefix(sql[s.offset:], s.text) {
				t.Fatalf("the place of %q holds %q", s.text, sql[s.offset:])
			}
		}
		// A comment before the text moves everything and changes nothing.
		_, shifted, _ := cut("/* :x */ " + sql)
		same := slices.EqualFunc(refs, shifted, func(a, b ref) bool { return a.String() == b.String() })
		if !same {
			t.Fatalf("references %v become %v after a comment", refs, shifted)
		}
	})
}

func TestSuggest(t *testing.T) {
	known := []string{"connections", "ramp", "stages", "think", "pacing"}
	for name, want := range map[string]string{
		"conections": "connections", "workers": "connections", "streams": "connections", "Threads": "connections",
		"think_time": "think", "rampp": "ramp", "apmr": "", "zebra": "", "stgaes": "stages", "": "",
		strings.Repeat("x", 5000): "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%.20q) is %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abcd", "abd", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) is %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestStatements(t *testing.T) {
	for sql, want := range map[string]int{
		"":                                     0,
		" -- nothing\n /* at /* all */ */ ;; ": 0,
		"SELECT 1":                             1,
		"SELECT 1; -- that is all":             1,
		"SELECT ';', $$;$$, \";\"":             1,
		"SELECT 1; SELECT 2":                   2,
		"'text'":                               1,
	} {
		if got := statements(sql); got != want {
			t.Errorf("%q has %d statements, want %d", sql, got, want)
		}
	}
}

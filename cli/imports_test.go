package cli

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may says which of our packages a package may import; a name that ends in /* stands for all folders below it. Tests are
// held to it too, except that they may also import their neighbours and what is made for tests.
var may = map[string][]string{
	"runtime/bench":        {},
	"runtime/draw":         {"runtime/bench"},
	"runtime/pace":         {"runtime/bench", "runtime/draw"},
	"runtime/stats":        {"runtime/bench"},
	"runtime/enrich":       {"runtime/bench"},
	"runtime/cost":         {"runtime/bench"},
	"runtime/load":         {"runtime/bench", "runtime/draw", "runtime/pace", "runtime/stats"},
	"runtime/engine":       {"runtime/bench", "runtime/cost", "runtime/enrich", "runtime/stats"},
	"runtime/worker":       {"runtime/bench", "runtime/load", "runtime/stats"},
	"runtime/fleet":        {"runtime/bench", "runtime/worker"},
	"specs":                {"runtime/bench"},
	"sql/dialect":          {"runtime/bench"},
	"sql/migrations":       {"runtime/bench", "sql/dialect"},
	"sql/queries":          {"runtime/bench", "sql/dialect"},
	"sql/history":          {"runtime/bench", "sql/dialect", "sql/queries"},
	"sql/journal":          {"runtime/bench", "sql/dialect", "sql/history", "sql/migrations", "sql/queries"},
	"sql/account":          {"runtime/bench", "sql/account/quiet"},
	"sql/account/quiet":    {},
	"sql/replica":          {"runtime/bench", "sql/account", "sql/dialect", "sql/history", "sql/migrations", "sql/queries"},
	"sql/target":           {"runtime/bench", "runtime/load"},
	"sql/target/*":         {"runtime/bench", "runtime/load", "sql/target"},
	"sql/target/snowflake": {"runtime/bench", "runtime/load", "sql/account", "sql/target"},
	"server/api":           {"runtime/bench"},
	"server/client":        {"server/api", "runtime/bench"},
	"server/tail":          {"server/api", "runtime/bench"},
	"server/dashboard":     {},
	"server":               {"server/api", "server/tail", "server/dashboard", "runtime/engine", "runtime/bench", "diagnostics"},
	"diagnostics":          {"runtime/bench", "specs"},
	"cli":                  {"*"},
	"cli/bench":            {"cli"},
}

// testOnly are packages that only tests import, by folder.
var testOnly = []string{
	"sql/target/postgres/pgtest", "sql/target/snowflake/fakesnow", "sql/target/snowflake/snowtest", "sql/target/targettest",
	"sql/journal/journaltest", "sql/journal/memory", "sql/replica/replicatest", "server/dashboard/browsertest",
}

// forTests are packages that any test may import besides: the target that needs no database.
var forTests = []string{"sql/target/null"}

// owners says which packages alone may import a library.
var owners = map[string][]string{
	"github.com/pressly/goose":                {"sql/migrations"},
	"github.com/alecthomas/kong":              {"cli"},
	"github.com/hashicorp/hcl":                {"specs", "diagnostics"},
	"github.com/zclconf/go-cty":               {"specs", "diagnostics"},
	"github.com/jackc/pgx":                    {"sql/target/postgres", "sql/target/postgres/pgtest", "sql/replica", "sql/migrations"},
	"github.com/snowflakedb/gosnowflake":      {"sql/account", "sql/target/snowflake", "sql/replica"},
	"modernc.org/sqlite":                      {"sql/target/sqlite", "sql/journal", "sql/migrations", "sql/queries"},
	"github.com/HdrHistogram/hdrhistogram-go": {"runtime/stats"},
	"github.com/BurntSushi/toml":              {"sql/account"},
	"github.com/danielgtaylor/huma":           {"server"},
	"github.com/coder/websocket":              {"server", "server/client"},
	"github.com/prometheus/client_golang":     {"server"},
	"golang.org/x/term":                       {"cli"},
}

// TestImports reads every Go file of the module and holds its imports to the tables above. It reads in process: a test
// that runs a program is served from the cache after what that program reads has changed.
func TestImports(t *testing.T) {
	root := os.DirFS("..")
	files := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		files++
		folder := path.Dir(name)
		if folder == "runtime" || folder == "sql" || folder == "." {
			t.Errorf("%s: folder %s holds packages and no Go file", name, folder)
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(name, "_test.go") || slices.Contains(testOnly, folder)
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := refuse(folder, imported, test); why != "" {
				t.Errorf("%s imports %s: %s", name, imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("found %d Go files; the test looks at the wrong place", files)
	}
}

// refuse says why a file of folder must not import a package; "" when it may.
func refuse(folder, imported string, test bool) string {
	for library, in := range owners {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(in, folder) && !test {
			return "only " + strings.Join(in, ", ") + " may"
		}
	}
	ours, ok := strings.CutPrefix(imported, "bench/")
	if !ok {
		return ""
	}
	if slices.Contains(testOnly, ours) {
		if test {
			return ""
		}
		return "it is for tests"
	}
	allowed, ok := may[folder]
	if !ok {
		allowed, ok = may[path.Dir(folder)+"/*"]
	}
	switch {
	case slices.Contains(testOnly, folder):
		return ""
	case !ok:
		return "the import table does not know " + folder
	case test && strings.HasPrefix(folder, "cli/"): // tests of the whole program
		return ""
	case slices.Contains(allowed, "*"), slices.Contains(allowed, ours), ours == folder:
		return ""
	case test && slices.Contains(forTests, ours):
		return ""
	case test && folder != "runtime/bench" && path.Dir(ours) == path.Dir(folder):
		return ""
	}
	return "the import table has " + folder + " -> " + strings.Join(append([]string{"nothing"}, allowed...)[min(1, len(allowed)):], ", ")
}

func TestRefuseSeesABadImport(t *testing.T) {
	for _, c := range []struct {
		folder, imported string
		test, bad        bool
	}{
		{"runtime/bench", "bench/runtime/stats", false, true},
		{"runtime/engine", "bench/runtime/bench", false, false},
		{"runtime/engine", "bench/sql/journal", false, true},
		{"runtime/engine", "bench/sql/journal", true, true},
		{"runtime/pace", "bench/runtime/draw", false, false},
		{"runtime/draw", "bench/runtime/pace", false, true},
		{"sql/target/sqlite", "bench/runtime/load", false, false},
		{"sql/target/sqlite", "bench/runtime/engine", false, true},
		{"sql/target/sqlite", "bench/sql/target/targettest", true, false},
		{"sql/target/sqlite", "bench/sql/target/targettest", false, true},
		{"server", "bench/cli", false, true},
		{"somewhere", "bench/runtime/bench", false, true},
		{"sql/journal", "github.com/pressly/goose/v3", false, true},
		{"sql/migrations", "github.com/pressly/goose/v3", false, false},
		{"server", "github.com/alecthomas/kong", false, true},
		{"cli", "bench/sql/journal", false, false},
		{"cli/bench", "bench/runtime/bench", false, true},
		{"cli/bench", "bench/cli", false, false},
		{"runtime/load", "strings", false, false},
	} {
		if why := refuse(c.folder, c.imported, c.test); (why != "") != c.bad {
			t.Errorf("%s imports %s (test %v): refused with %q, want refused %v", c.folder, c.imported, c.test, why, c.bad)
		}
	}
}

package diagnostics

import (
	"strings"
	"testing"
	"testing/fstest"
)

// good is a check that is as it should be.
const good = `check "TST0001" "one" {
  title   = "One is one"
  step    = "result"
  source  = "run"
  sql     = "SELECT 1 AS n"
  fail_if = row.n > 1
  reason  = "n is ${row.n}"
}
`

func loadFiles(t *testing.T, files map[string]string) (Set, []string) {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, ds := Load(folder, "mine")
	var said []string
	for _, d := range ds {
		said = append(said, d.String())
	}
	return set, said
}

func TestLoadOwnChecks(t *testing.T) {
	set, said := loadFiles(t, map[string]string{"one.hcl": good})
	if len(said) > 0 || set.Find("TST0001") == nil || set.Find("BEN0001") == nil {
		t.Errorf("%v, said %v", set.Find("TST0001"), said)
	}
	if c := set.Find("TST0001"); c.File != "mine/one.hcl" || c.Empty != Undetermined || c.Timeout != defaultTimeout {
		t.Errorf("%+v", c)
	}
}

// Whatever is wrong with a file is told with its place, and all of it at once.
func TestLoadSaysWhatIsWrong(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, c := range []struct{ name, text, want string }{
		{"syntax", with(`"One is one"`, `"One is`), "mine/x.hcl:2:"},
		{"no check", "# nothing\n", "the file holds 0 checks, not one"},
		{"two checks", good + strings.Replace(good, "TST0001", "TST0002", 1), "the file holds 2 checks, not one"},
		{"unknown attribute", with("title ", "titel "), `mine/x.hcl:2:3: unsupported argument: An argument named "titel" is not expected here. Did you mean "title"?`},
		{"missing attribute", with(`  reason  = "n is ${row.n}"`, ""), `The argument "reason" is required`},
		{"bad code", with("TST0001", "tst1"), `mine/x.hcl:1:7: "tst1" is no code of a check`},
		{"taken code", with("TST0001", "BEN0001"), "the code BEN0001 is that of the check in checks/server_answers.hcl"},
		{"no such step", with(`"result"`, `"nowhere"`), `mine/x.hcl:3:13: "nowhere" is no step: Write one of: server, owner,`},
		{"no such name", with("row.n > 1", "rwo.n > 1"), "mine/x.hcl:6:13: there is nothing named rwo here"},
		{"no such param", with("row.n > 1", "row.n > param.max"), "there is no param.max"},
		{"no such fact", with("row.n > 1", "run.colour == 1"), "there is no run.colour"},
		{"no such function", with("row.n > 1", "avg(row.n) > 1"), "there is no function avg"},
		{"no such form", with("SELECT 1", "SELECT ${minutes()}"), "there is no function minutes"},
		{"no SQL", with(`  sql     = "SELECT 1 AS n"`, ""), `a check of source "run" asks by SQL`},
		{"no table", with(`"run"`, `"server"`), "a check of the server reads one of its tables"},
		{"no target", with(`"run"`, `"target"`), "a check of a database under test says of which kind"},
		{"unknown cause", with("  title", "  depends_on = [\"BEN9999\"]\n  title"), "TST0001 names BEN9999, which is no check"},
		{"its own cause", with("  title", "  depends_on = [\"TST0001\"]\n  title"), "TST0001 depends on itself: TST0001 -> TST0001"},
		{"bad duration", with("  title", "  timeout = \"soon\"\n  title"), `"soon" is no duration`},
		{"bad fixture", with("  title", "  fixture \"f\" {\n    expect = \"pass\"\n    rows = []\n  }\n  title"), "the fixture needs tables and nothing else"},
		{"bad expectation", with("  title", "  fixture \"f\" {\n    expect = \"good\"\n    tables = {}\n  }\n  title"), `"good" is no expect`},
		{"flag of text", with("  title", "  live = \"yes\"\n  title"), "live is true or false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, said := loadFiles(t, map[string]string{"x.hcl": c.text})
			if set != nil || !strings.Contains(strings.Join(said, "\n"), c.want) {
				t.Errorf("said:\n%s\nwant %s", strings.Join(said, "\n"), c.want)
			}
		})
	}

	_, said := loadFiles(t, map[string]string{"a.hcl": strings.Replace(good, "row.n > 1", "rwo.n > 1", 1), "b.hcl": strings.Replace(good, `"result"`, `"nowhere"`, 1)})
	if len(said) != 3 || !strings.HasPrefix(said[0], "mine/a.hcl") || !strings.HasPrefix(said[1], "mine/b.hcl") {
		t.Errorf("of two bad files, with one code: %q", said)
	}
	if _, ds := Load(fstest.MapFS{}, "empty"); !ds.HasErrors() {
		t.Error("an empty folder is no mistake")
	}
}

// Every statement can be written for every database that may hold a run, and holds its run and its time.
func TestSQLIsWritten(t *testing.T) {
	set, ds := Load(nil, "")
	if ds != nil {
		t.Fatal(ds)
	}
	for _, c := range set {
		if c.Source == SourceServer {
			continue
		}
		for _, d := range dialects {
			sql, err := c.SQL(d, "RUN-1", fixtureNow)
			if err != nil || strings.Contains(sql, "${") || strings.Contains(sql, ";") {
				t.Errorf("%s for %s: %v\n%s", c.Code, d, err, sql)
			}
		}
		if _, err := c.SQL("sqlite", "x' OR '1'='1", fixtureNow); err == nil {
			t.Errorf("%s: an id of a run that is none was written into a statement", c.Code)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add("check \"A\" \"b\" {")
	f.Fuzz(func(t *testing.T, text string) {
		Load(fstest.MapFS{"x.hcl": &fstest.MapFile{Data: []byte(text)}}, "mine") // must not panic
	})
}

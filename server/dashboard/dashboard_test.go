package dashboard

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBundleRefusesWhatItCannotRead(t *testing.T) {
	for name, text := range map[string]string{
		"a default of its own": `export default function f() {}`,
		"a star":               `import * as all from "./b.js";`,
		"a list":               "export { a, b };",
		"a variable":           "export let now = 1;",
		"what is not there":    `import { x } from "./gone.js";`,
		"a circle":             `import { x } from "./a.js";`,
	} {
		if got, err := bundle(fstest.MapFS{"a.js": {Data: []byte(text)}}, "a.js"); err == nil {
			t.Errorf("%s was bundled as %s", name, got)
		}
	}
}

func TestBundleKeepsOrderAndNames(t *testing.T) {
	got, err := bundle(fstest.MapFS{
		"page/a.js":   {Data: []byte("import { two } from \"./b.js\";\nimport three from \"../c.js\";\nconst x = two() + three;\n")},
		"page/b.js":   {Data: []byte("import three from \"../c.js\";\nconst x = 1;\nexport function two() { return x + three; }\nexport const one = x;\n")},
		"c.js":        {Data: []byte("const x = 3;\nexport { x as default };\n")},
		"page/not.js": {Data: []byte("never")},
	}, "page/a.js")
	if err != nil {
		t.Fatal(err)
	}
	c, b, a := strings.Index(got, "return { default: x };"), strings.Index(got, "return { two, one };"), strings.Index(got, "const x = two() + three;")
	if c < 0 || c > b || b > a || strings.Contains(got, "never") || strings.Contains(got, "export") || strings.Contains(got, "import") {
		t.Errorf("bundled as\n%s", got)
	}
	if n := strings.Count(got, "const x = 3;"); n != 1 {
		t.Errorf("a module that two import is there %d times", n)
	}
}

func TestReportHoldsTextAsText(t *testing.T) {
	var out bytes.Buffer
	evil := `</script><script>alert(1)</script><!--`
	answer, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	r := Report{Title: evil, Home: "/runs/x", Answers: map[string]json.RawMessage{"/api/runs/x": answer}}
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "alert(1)</script>") || strings.Count(text, "</script>") != 2 {
		t.Error("the text of a run can leave its place")
	}
}

// TestPageIsStrict: what the policy of the page would refuse must not be in it.
func TestPageIsStrict(t *testing.T) {
	index, err := fs.ReadFile(Files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, inline := range []string{"<style", "style=", "onload=", "<script>", "http://", "https://"} {
		if strings.Contains(strings.ReplaceAll(string(index), "xmlns='http://www.w3.org/2000/svg'", ""), inline) {
			t.Errorf("index.html has %s", inline)
		}
	}
}

package diagnostics

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"bench/specs"
)

//go:embed checks/*.hcl
var shipped embed.FS

// Load reads the checks that come with the program and, if more is not nil, those in the folder more, which dir names.
// Everything that is wrong with them is told at once; with an error there is no set.
func Load(more fs.FS, dir string) (Set, specs.Diagnostics) {
	l := &loader{sources: map[string][]byte{}, at: map[string]hcl.Range{}}
	l.folder(shipped, "checks", "checks")
	if more != nil {
		l.folder(more, ".", dir)
	}
	l.link()
	ds := specs.Locate(l.diags, l.sources)
	if ds.HasErrors() {
		return nil, ds
	}
	return l.set, ds
}

// A loader reads the files of a set.
type loader struct {
	set     Set
	diags   hcl.Diagnostics
	sources map[string][]byte
	at      map[string]hcl.Range // where each code is declared
}

// maxFile is how many bytes a check may have.
const maxFile = 256 << 10

// folder reads the files of a folder; shown is what a person calls it.
func (l *loader) folder(files fs.FS, dir, shown string) {
	names, err := fs.Glob(files, path.Join(dir, "*.hcl"))
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("there is no file *.hcl in it")
	}
	if err != nil {
		l.fail(hcl.Range{Filename: shown}, "", "no checks can be read: %v", err)
	}
	for _, name := range names {
		file := path.Join(shown, path.Base(name))
		src, err := fs.ReadFile(files, name)
		switch {
		case err != nil:
			l.fail(hcl.Range{Filename: file}, "", "the check cannot be read: %v", err)
		case len(src) > maxFile:
			l.fail(hcl.Range{Filename: file}, "", "the check has %d bytes, more than the %d that are allowed", len(src), maxFile)
		default:
			l.file(file, src)
		}
	}
}

// file reads one file, which holds one check.
func (l *loader) file(name string, src []byte) {
	l.sources[name] = src
	f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	l.diags = append(l.diags, diags...)
	if diags.HasErrors() {
		return
	}
	content, diags := f.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "check", LabelNames: []string{"code", "name"}}}})
	l.diags = append(l.diags, diags...)
	if diags.HasErrors() {
		return
	}
	if len(content.Blocks) != 1 {
		l.fail(hcl.Range{Filename: name}, "Give each check a file of its own.", "the file holds %d checks, not one", len(content.Blocks))
		return
	}
	block := content.Blocks[0]
	r := &reader{loader: l, check: &Check{Code: block.Labels[0], Name: block.Labels[1], File: name}}
	before := len(l.diags)
	r.read(block)
	if !codeForm.MatchString(r.check.Code) {
		l.fail(block.LabelRanges[0], "Write three capital letters and four digits, like ABC0001; codes that begin with BEN are those of the program.",
			"%q is no code of a check", r.check.Code)
	}
	if other, ok := l.at[r.check.Code]; ok {
		l.fail(block.LabelRanges[0], "A code is never used twice; choose another.", "the code %s is that of the check in %s", r.check.Code, other.Filename)
		return
	}
	l.at[r.check.Code] = block.LabelRanges[0]
	if !l.diags[before:].HasErrors() {
		l.set = append(l.set, r.check)
	}
}

var codeForm = regexp.MustCompile(`^[A-Z]{3}[0-9]{4}$`)

// link checks what checks say of each other, and puts them in order.
func (l *loader) link() {
	for _, c := range l.set {
		for _, code := range append(slices.Clone(c.DependsOn), c.Then) {
			if _, known := l.at[code]; code != "" && !known {
				l.fail(l.at[c.Code], "Name the code of a check that there is.", "%s names %s, which is no check", c.Code, code)
			}
		}
	}
	if l.diags.HasErrors() {
		return
	}
	for _, c := range l.set {
		if way := l.cycle(c, nil); way != nil {
			l.fail(l.at[c.Code], "Of two checks at most one can explain the other.", "%s depends on itself: %s", c.Code, strings.Join(way, " -> "))
		}
	}
	slices.SortFunc(l.set, func(a, b *Check) int {
		return cmp.Or(cmp.Compare(slices.Index(Steps, a.Step), slices.Index(Steps, b.Step)), cmp.Compare(a.Code, b.Code))
	})
}

// cycle is the way from a check over what it depends on back to where the way began; nil when there is none.
func (l *loader) cycle(c *Check, way []string) []string {
	way = append(way, c.Code)
	for _, code := range c.DependsOn {
		if code == way[0] {
			return append(way, code)
		}
		if slices.Contains(way, code) {
			continue // a circle of others, which is told with one of them
		}
		if found := l.cycle(l.set.Find(code), way); found != nil {
			return found
		}
	}
	return nil
}

func (l *loader) fail(at hcl.Range, instead, format string, args ...any) {
	l.diags = append(l.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &at, Summary: fmt.Sprintf(format, args...), Detail: instead})
}

// defaultTimeout is how long the query of a check may take.
const defaultTimeout = 5 * time.Second

package specs

import (
	"syscall"

	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"bench/runtime/bench"
)

// Options are what a spec is resolved with. The zero value gives no variable a value but its default.
type Options struct {
	Vars     []string                    // "NAME=VALUE"; a later one wins
	VarFiles []string                    // HCL files of assignments, relative to the working directory; a later one wins
	Env      func(string) (string, bool) // for env() and BENCH_VAR_NAME; nil is os.LookupEnv
}

// A Resolved spec is ready to be carried out.
type Resolved struct {
	Plan    bench.Plan
	Secrets map[bench.Secret]string // the value of every reference in Plan.Target.Secrets
	Places  map[string]string       // of blocks, as "target" and "workload lookup": FILE:LINE
}

// MaxSize is how many bytes a spec may have.
const MaxSize = 1 << 20

// Load reads a spec from a file. The diagnostics may hold warnings when the spec is fine; with an error among them there
// is no result.
func Load(file string, o Options) (*Resolved, Diagnostics) {
	src, err := readFile(file, MaxSize)
	if err != nil {
		return nil, Diagnostics{{Severity: SeverityError, Summary: printable(err.Error())}}
	}
	return Parse(file, src, o)
}

// Parse reads a spec from its text. Files that it names are looked for in the folder of file, which itself is not read.
func Parse(file string, src []byte, o Options) (resolved *Resolved, ds Diagnostics) {
	l := newLoader(file, src, o)
	defer l.folder.close()
	defer func() {
		if p := recover(); p != nil {
			l.fail(hcl.Range{Filename: file}, "This is a bug in bench, please report it with the spec.", "internal error: %v", p)
			resolved, ds = nil, l.diagnostics()
		}
	}()
	if l.parse() {
		l.readVariables()
		l.readLocals()
		l.readRun()
		l.findPasswords()
	}
	if ds = l.diagnostics(); ds.HasErrors() {
		return nil, ds
	}
	return &Resolved{Plan: l.plan, Secrets: l.secrets, Places: l.places}, ds
}

// A loader reads one spec.
type loader struct {
	file    string
	src     []byte
	body    *hclsyntax.Body
	options Options
	folder  *folder

	variables map[string]*variable
	locals    map[string]*local
	context   hcl.EvalContext // what expressions see

	plan     bench.Plan
	secrets  map[bench.Secret]string
	params   map[string]int // name to index in plan.Params
	paramAt  []hcl.Range    // where each param of the plan stands
	declared []string       // names of all params, also of those with a mistake
	used     map[string]bool
	limitAt  hcl.Range // where statement_timeout stands
	places   map[string]string

	workloads []string            // names of all workload blocks
	made      map[string][]string // names of the workloads that for_each made, by the name of their block

	told    bool // of a password in the text
	found   []found
	sources map[string][]byte // the texts from which snippets are taken, by the name of the file
	hidden  []string          // texts that no message may hold
}

func newLoader(file string, src []byte, o Options) *loader {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	l := &loader{
		file: file, src: src, options: o, folder: &folder{dir: filepath.Dir(file)},
		variables: map[string]*variable{}, locals: map[string]*local{}, secrets: map[bench.Secret]string{}, places: map[string]string{},
		params: map[string]int{}, used: map[string]bool{}, made: map[string][]string{}, sources: map[string][]byte{},
	}
	l.context.Functions = l.functions()
	return l
}

// place notes where a block of the plan stands.
func (l *loader) place(what string, b *hclsyntax.Block) {
	at := b.DefRange()
	l.places[what] = fmt.Sprintf("%s:%d", at.Filename, at.Start.Line)
}

// parse makes the syntax tree, if the text is fit for it.
func (l *loader) parse() bool {
	if len(l.src) > MaxSize {
		l.fail(hcl.Range{Filename: l.file}, "Keep data and long SQL in files of their own and use file().",
			"the spec has %d bytes, more than the %d that are allowed", len(l.src), MaxSize)
		return false
	}
	l.sources[l.file] = concealed(l.src, inURL, inAttribute, inDSN, inDefault)
	if !l.nestingFits(l.src, l.file, false) {
		return false
	}
	f, diags := hclsyntax.ParseConfig(l.src, l.file, hcl.InitialPos)
	l.translate(firstOfMany(diags))
	if diags.HasErrors() {
		return false
	}
	l.sources[l.file] = concealed(l.src, inURL, inAttribute, inDSN)
	l.body = f.Body.(*hclsyntax.Body)
	l.concealDefaults()
	l.plan.Source = bench.Source{File: l.file, Text: string(l.src)}
	return true
}

// readFile reads a file of limited size; its error is a sentence with the file's name in it.
func readFile(name string, limit int) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a named pipe that nobody writes to must not hold it up
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	return readAll(f, name, limit)
}

func readAll(f fs.File, name string, limit int) ([]byte, error) {
	if info, err := f.Stat(); err != nil {
		return nil, unreadable(name, err)
	} else if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder, not a file", name)
	}
	var b bytes.Buffer
	if n, err := b.ReadFrom(io.LimitReader(f, int64(limit)+1)); err != nil {
		return nil, unreadable(name, err)
	} else if n > int64(limit) {
		return nil, fmt.Errorf("%s has more than the %d bytes that are allowed", name, limit)
	}
	return b.Bytes(), nil
}

func unreadable(name string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	}
	return fmt.Errorf("%s cannot be read: %w", name, err)
}

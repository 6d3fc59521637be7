package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bench/runtime/bench"
	"bench/specs"
)

// fmtCommand rewrites specs in the canonical form. A file that does not parse is left alone.
type fmtCommand struct {
	Files []string `arg:"" help:"Files to format; - reads stdin and writes stdout." placeholder:"FILE"`
	Check bool     `help:"Change nothing; name the files that are not in the canonical form and exit 3."`
}

// Run implements bench fmt.
func (c *fmtCommand) Run(p *program) error {
	differ := false
	for _, name := range c.Files {
		changed, err := c.format(p, name)
		if err != nil {
			return err
		}
		differ = differ || changed
	}
	if c.Check && differ {
		return ends(bench.ExitDiffers)
	}
	return nil
}

func (c *fmtCommand) format(p *program, name string) (changed bool, err error) {
	source := []byte(nil)
	if name == "-" {
		name = "<stdin>"
		source, err = io.ReadAll(p.Stdin)
	} else {
		source, err = os.ReadFile(name)
	}
	if err != nil {
		return false, usage("read %s: %v", name, err)
	}
	formatted, diagnostics := specs.Format(name, source)
	if diagnostics.HasErrors() {
		return false, diagnostics
	}
	changed = !bytes.Equal(source, formatted)
	switch {
	case c.Check:
		if changed {
			fmt.Fprintln(p.Stdout, name)
		}
	case name == "<stdin>":
		_, err = p.Stdout.Write(formatted)
	case changed:
		fmt.Fprintln(p.Stdout, name)
		err = rewrite(name, formatted)
	}
	return changed, err
}

// rewrite gives a spec another text. Its mode stays; where the name is a link, so does that, and what it points to is rewritten.
func rewrite(name string, text []byte) error {
	file, err := filepath.EvalSymlinks(name)
	if err != nil {
		return usage("write %s: %v", name, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return usage("write %s: %v", name, err)
	}
	return replace(file, info.Mode().Perm(), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

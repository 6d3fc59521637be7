package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

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
		err = replace(name, formatted)
	}
	return changed, err
}

// replace gives a file new content in one step and keeps its mode: whoever reads it sees the old text or the new one.
func replace(name string, content []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temporary := name + ".bench-fmt"
	if err := os.WriteFile(temporary, content, info.Mode().Perm()); err != nil {
		return fmt.Errorf("format %s: %w", name, err)
	}
	if err := os.Rename(temporary, name); err != nil {
		os.Remove(temporary)
		return fmt.Errorf("format %s: %w", name, err)
	}
	return nil
}

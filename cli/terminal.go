package cli

import (
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/term"
)

// A file is a stream that may be a terminal.
type file interface{ Fd() uintptr }

// terminal reports whether what is written to w appears on a terminal that understands cursor movement and is watched
// by a person.
func (p *program) terminal(w io.Writer) bool {
	f, ok := w.(file)
	return ok && p.env("CI") == "" && p.env("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// size is the width and height of the terminal behind w, now; 80 by 24 when it does not say.
func size(w io.Writer) (width, height int) {
	if f, ok := w.(file); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return 80, 24
}

// width is how wide text on w may be: that of the terminal, or 0, which is any, where there is none.
func (p *program) width(w io.Writer) int {
	if !p.terminal(w) {
		return 0
	}
	width, _ := size(w)
	return width
}

// colour reports whether w is to have colours: --color decides, else NO_COLOR (no-color.org) and CLICOLOR_FORCE, else
// whether it is a terminal.
func (p *program) colour(w io.Writer) bool {
	switch p.Color {
	case "always":
		return true
	case "never":
		return false
	}
	if p.env("NO_COLOR") != "" {
		return false
	}
	if force := p.env("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return p.terminal(w)
}

// unicode reports whether the locale says that UTF-8 can be shown.
func (p *program) unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(p.env(name)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return false
}

// defaultJournal is BENCH_JOURNAL, else where the XDG base directory specification puts the state of programs.
func (p *program) defaultJournal() string {
	if path := p.env("BENCH_JOURNAL"); path != "" {
		return path
	}
	if state := p.env("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "bench", "journal.db")
	}
	return filepath.Join(p.env("HOME"), ".local", "state", "bench", "journal.db")
}

package cli

import (
	"bytes"
	"testing"
)

func TestColourAndJournalFollowTheEnvironment(t *testing.T) {
	at := func(env map[string]string) *program {
		return &program{Process: Process{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}
	}
	for _, c := range []struct {
		flag string
		env  map[string]string
		want bool
	}{
		{"auto", nil, false}, // not a terminal
		{"always", map[string]string{"NO_COLOR": "1"}, true},
		{"never", map[string]string{"CLICOLOR_FORCE": "1"}, false},
		{"auto", map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{"auto", map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{"auto", map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	} {
		p := at(c.env)
		p.Color = c.flag
		if got := p.colour(new(bytes.Buffer)); got != c.want {
			t.Errorf("--color=%s with %v: %v, want %v", c.flag, c.env, got, c.want)
		}
	}
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HOME": "/home/ada"}, "/home/ada/.local/state/bench/journal.db"},
		{map[string]string{"HOME": "/home/ada", "XDG_STATE_HOME": "/state"}, "/state/bench/journal.db"},
		{map[string]string{"HOME": "/home/ada", "XDG_STATE_HOME": "relative"}, "/home/ada/.local/state/bench/journal.db"},
		{map[string]string{"XDG_STATE_HOME": "/state", "BENCH_JOURNAL": "here.db"}, "here.db"},
	} {
		if got := at(c.env).defaultJournal(); got != c.want {
			t.Errorf("with %v: %s, want %s", c.env, got, c.want)
		}
	}
	for locale, want := range map[string]bool{"C": false, "en_US.UTF-8": true, "de_DE.utf8": true, "": false} {
		if got := at(map[string]string{"LANG": locale}).unicode(); got != want {
			t.Errorf("locale %q shows UTF-8: %v, want %v", locale, got, want)
		}
	}
}

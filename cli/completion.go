package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand prints a script that completes commands and flags. Files are completed by the shell itself.
type completionCommand struct {
	Shell string `arg:"" help:"The shell: bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Run implements bench completion.
func (c *completionCommand) Run(p *program, parser *kong.Kong) error {
	commands := words(parser.Model.Node)
	var b strings.Builder
	switch c.Shell {
	case "bash":
		completeBash(&b, commands)
	case "zsh":
		b.WriteString("autoload -U +X bashcompinit && bashcompinit\n")
		completeBash(&b, commands)
	case "fish":
		completeFish(&b, commands)
	}
	_, err := fmt.Fprint(p.Stdout, b.String())
	return err
}

// A word is a command or a sub-command with what may stand after it.
type word struct {
	name, help string
	after      []string
}

// words are the visible commands of the grammar with their flags and sub-commands.
func words(root *kong.Node) []word {
	var global []string
	for _, f := range root.Flags {
		global = append(global, "--"+f.Name)
	}
	var all []word
	for _, c := range root.Children {
		if c.Hidden {
			continue
		}
		w := word{name: c.Name, help: c.Help}
		for _, sub := range c.Children {
			w.after = append(w.after, sub.Name)
		}
		for _, arg := range c.Positional {
			if arg.Enum != "" {
				w.after = append(w.after, strings.Split(arg.Enum, ",")...)
			}
		}
		for _, f := range c.Flags {
			if !f.Hidden {
				w.after = append(w.after, "--"+f.Name)
			}
		}
		w.after = append(w.after, global...)
		all = append(all, w)
	}
	return all
}

func completeBash(b *strings.Builder, commands []word) {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	b.WriteString("_bench() {\n  local word=${COMP_WORDS[COMP_CWORD]} choices\n  case ${COMP_WORDS[1]} in\n")
	for _, c := range commands {
		fmt.Fprintf(b, "    %s) choices=%q ;;\n", c.name, strings.Join(c.after, " "))
	}
	fmt.Fprintf(b, "  esac\n  [ \"$COMP_CWORD\" -eq 1 ] && choices=%q\n", strings.Join(names, " "))
	b.WriteString("  COMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n}\ncomplete -o default -F _bench bench\n")
}

func completeFish(b *strings.Builder, commands []word) {
	for _, c := range commands {
		fmt.Fprintf(b, "complete -c bench -n __fish_use_subcommand -a %s -d %q\n", c.name, c.help)
		for _, w := range c.after {
			if flag, ok := strings.CutPrefix(w, "--"); ok {
				fmt.Fprintf(b, "complete -c bench -n '__fish_seen_subcommand_from %s' -l %s\n", c.name, flag)
			} else {
				fmt.Fprintf(b, "complete -c bench -n '__fish_seen_subcommand_from %s' -a %s\n", c.name, w)
			}
		}
	}
}

package dashboard

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A file that opens from a disk cannot import others: browsers refuse that. So a report has all modules in one script, each
// as a function that is called once and gives what it exports. Our modules keep to the few forms that this reads.
var (
	importLine = regexp.MustCompile(`(?m)^import (\{[^}]*\}|\w+) from "(\.[^"]+)";$`)
	exported   = regexp.MustCompile(`(?m)^export ((?:async )?function|class|const) (\w+)`)
	exportAs   = regexp.MustCompile(`(?m)^export \{ (?:(\w+)(?: as default)?) \};$`)
	commented  = regexp.MustCompile(`(?ms)^/\*$.*?^\*/$`) // code that is not; a licence begins with /**
	leftOver   = regexp.MustCompile(`(?m)^(?:import|export)\b.*`)
)

// bundle is one script that does what the module of that name does.
func bundle(files fs.FS, name string) (string, error) {
	b := bundler{files: files, done: map[string]string{}}
	if _, err := b.add(name); err != nil {
		return "", err
	}
	return b.text.String(), nil
}

type bundler struct {
	files fs.FS
	done  map[string]string // the variable of each module
	count int
	text  strings.Builder
}

// add writes a module after those that it imports, and returns the variable that holds its exports.
func (b *bundler) add(name string) (string, error) {
	if variable, ok := b.done[name]; ok {
		if variable == "" {
			return "", fmt.Errorf("%s imports itself by way of others", name)
		}
		return variable, nil
	}
	b.done[name] = ""
	source, err := fs.ReadFile(b.files, name)
	if err != nil {
		return "", err
	}
	text := commented.ReplaceAllString(string(source), "")
	for _, m := range importLine.FindAllStringSubmatch(text, -1) {
		from, err := b.add(path.Join(path.Dir(name), m[2]))
		if err != nil {
			return "", err
		}
		what := m[1]
		if !strings.HasPrefix(what, "{") {
			what = "{ default: " + what + " }"
		}
		text = strings.Replace(text, m[0], "const "+what+" = "+from+";", 1)
	}
	var names []string
	for _, m := range exported.FindAllStringSubmatch(text, -1) {
		names = append(names, m[2])
	}
	text = exported.ReplaceAllString(text, "$1 $2")
	for _, m := range exportAs.FindAllStringSubmatch(text, -1) {
		if strings.HasSuffix(m[0], "default };") {
			names = append(names, "default: "+m[1])
		} else {
			names = append(names, m[1])
		}
	}
	text = exportAs.ReplaceAllString(text, "")
	if odd := leftOver.FindString(text); odd != "" {
		return "", fmt.Errorf("%s: a report cannot hold %q", name, odd)
	}
	b.count++
	variable := fmt.Sprintf("module%d", b.count)
	fmt.Fprintf(&b.text, "const %s = (() => {\n%s\nreturn { %s };\n})();\n", variable, text, strings.Join(names, ", "))
	b.done[name] = variable
	return variable, nil
}

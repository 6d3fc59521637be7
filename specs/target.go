package specs

import (
	"path/filepath"
	"strconv"
	"strings"

	"bench/runtime/bench"
)

// An option is one setting of a kind of target, and how it is written.
type option struct {
	name  string
	read  func(l *loader, in *block, name string) string // nil for a secret
	words []string
}

// targets are the kinds of targets with all of their options.
var targets = map[string][]option{
	"sqlite": {
		{name: "path", read: readPath}, {name: "temporary", read: readFlag},
		{name: "journal_mode", words: []string{"WAL", "DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF"}},
		{name: "synchronous", words: []string{"NORMAL", "FULL", "EXTRA", "OFF"}},
		{name: "busy_timeout", read: readDuration},
	},
	"postgres": {
		{name: "dsn"}, {name: "password"},
		{name: "host", read: readText}, {name: "port", read: readPort}, {name: "user", read: readText}, {name: "database", read: readText},
		{name: "sslmode", words: []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
	},
	"null": {
		{name: "latency", read: readDuration}, {name: "error_rate", read: readShare}, {name: "error_class", words: errorClasses()},
		{name: "rows", read: readCount}, {name: "stall_at", read: readDuration}, {name: "stall_for", read: readDuration},
		{name: "refuse", read: readFlag}, {name: "hang", read: readFlag},
	},
}

// isolations are the isolation levels of a transaction, as each kind of target names them.
var isolations = map[string][]string{
	"sqlite":   {"deferred", "immediate", "exclusive"},
	"postgres": {"read uncommitted", "read committed", "repeatable read", "serializable"},
}

func (l *loader) readTarget(in *block) {
	const usage = `target "sqlite" { path = "bench.db" }`
	b := in.one("target", 1, usage)
	if b == nil {
		in.needBlock("target", usage+`, or target "postgres" { dsn = var.dsn }`)
		return
	}
	kind := b.Labels[0]
	options, ok := targets[kind]
	switch {
	case kind == "snowflake":
		l.later(b.LabelRanges[0], `target "snowflake"`, "Use sqlite or postgres.")
		return
	case !ok:
		l.fail(b.LabelRanges[0], didYouMean(kind, []string{"sqlite", "postgres", "null"}), "there is no target %q", kind)
		return
	}
	t := &l.plan.Target
	*t = bench.Target{Kind: kind, Options: map[string]string{}, Secrets: map[string]bench.Secret{}}
	inner := l.block(b)
	for _, o := range options {
		f, given := inner.take(o.name)
		switch {
		case !given:
		case o.words != nil:
			t.Options[o.name] = inner.choice(o.name, "", o.words...)
		case o.read != nil:
			if text := o.read(l, inner, o.name); text != "" {
				t.Options[o.name] = text
			}
		default:
			if s, ok := l.secret(o.name, f); ok {
				t.Secrets[o.name] = s
			}
		}
	}
	l.checkOptions(kind, inner)
	l.readSession(inner)
	inner.done()
}

// checkOptions reports options that do not go together.
func (l *loader) checkOptions(kind string, in *block) {
	switch kind {
	case "sqlite":
		temporary := in.has("temporary") && l.plan.Target.Options["temporary"] == "true"
		switch {
		case temporary && in.has("path"):
			l.fail(in.values["path"].at, "Leave one of them out.", "a temporary database has no path")
		case !temporary && !in.has("path"):
			l.fail(in.at, `Write path = "bench.db", or temporary = true for a file that is removed at the end.`, "%s has no path", in.where)
		}
	case "postgres":
		if !in.has("dsn") {
			return
		}
		for _, name := range []string{"host", "port", "user", "database", "sslmode", "password"} {
			if in.has(name) {
				l.fail(in.values[name].name, "Write it into the dsn, or leave the dsn out.", "%s stands beside a dsn", name)
			}
		}
	}
}

func (l *loader) readSession(in *block) {
	b := in.one("session", 0, `session { params = { work_mem = "64MB" } }`)
	if b == nil {
		return
	}
	inner := l.block(b)
	inner.refuse("role", "warehouse", "database", "schema")
	l.plan.Target.Session.Params = inner.words("params", `{ work_mem = "64MB" }`)
	if f, ok := inner.take("init"); ok {
		l.plan.Target.Session.Init = l.scripts(f)
	}
	inner.done()
}

func readText(l *loader, in *block, name string) string {
	s := in.text(name, "")
	if s != "" && strings.ContainsAny(s, "\x00\n") {
		l.fail(in.values[name].at, "", "%s has a line break", name)
	}
	return s
}

// readPath makes a path absolute, for it is opened by other processes as well: it counts from the working directory, as
// it does for every other program that is given the path of a database.
func readPath(l *loader, in *block, name string) string {
	f, _ := in.take(name)
	s, ok := l.text(f)
	switch {
	case !ok:
		return ""
	case s == "":
		l.fail(f.at, "Write the path of a file.", "%s is empty", name)
		return ""
	case s == ":memory:" || strings.HasPrefix(s, "file:"):
		l.fail(f.at, "Write the path of a file, or temporary = true in its place.", "%s must be the path of a file, which all connections share", name)
		return ""
	}
	path, err := filepath.Abs(s)
	if err != nil {
		l.fail(f.at, "Write an absolute path.", "%s cannot be resolved: %v", name, err)
	}
	return path
}

func readFlag(_ *loader, in *block, name string) string {
	if in.flag(name) {
		return "true"
	}
	return ""
}

func readDuration(_ *loader, in *block, name string) string { return in.duration(name, 0, 0).String() }

func readPort(_ *loader, in *block, name string) string {
	return strconv.FormatInt(in.whole(name, 0, 1, 65535), 10)
}

func readCount(_ *loader, in *block, name string) string {
	return strconv.FormatInt(in.whole(name, 0, 0, 1<<31), 10)
}

func readShare(l *loader, in *block, name string) string {
	f, _ := in.take(name)
	x, ok := l.number(f)
	if ok && x > 1 {
		l.fail(f.at, "", "%s must be at most 1, got %v", name, x)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func errorClasses() []string {
	var names []string
	for c := range bench.ErrorClasses {
		names = append(names, c.String())
	}
	return names
}

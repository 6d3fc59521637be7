package specs

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

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
	"snowflake": {
		{name: "connection", read: readText}, {name: "account", read: readText}, {name: "user", read: readText}, {name: "url", read: readText},
		{name: "password"}, {name: "private_key"}, {name: "private_key_file", read: readPath}, {name: "private_key_passphrase"},
		{name: "token"}, {name: "token_file", read: readPath}, {name: "authenticator", words: []string{"programmatic_access_token", "oauth"}},
		{name: "warehouse", read: readText}, {name: "role", read: readText}, {name: "database", read: readText}, {name: "schema", read: readText},
		{name: "statement_timeout", read: readSeconds}, {name: "cached_results", read: readFlag},
	},
	"null": {
		{name: "latency", read: readDuration}, {name: "error_rate", read: readShare}, {name: "error_class", words: errorClasses()},
		{name: "rows", read: readCount}, {name: "stall_at", read: readDuration}, {name: "stall_for", read: readDuration},
		{name: "refuse", read: readFlag}, {name: "hang", read: readFlag},
	},
}

// isolations are the isolation levels of a transaction, as each kind of target names them.
var isolations = map[string][]string{
	"sqlite":    {"deferred", "immediate", "exclusive"},
	"postgres":  {"read uncommitted", "read committed", "repeatable read", "serializable"},
	"snowflake": {"read committed"},
}

// sizes are the sizes of Snowflake's warehouses, as SQL spells them.
var sizes = []string{"XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE", "XXXLARGE", "X4LARGE", "X5LARGE", "X6LARGE"}

func (l *loader) readTarget(in *block) {
	const usage = `target "sqlite" { path = "bench.db" }`
	b := in.one("target", 1, usage)
	if b == nil {
		in.needBlock("target", usage+`, or target "postgres" { dsn = var.dsn }, or target "snowflake" { connection = "NAME" }`)
		return
	}
	kind := b.Labels[0]
	options, ok := targets[kind]
	if !ok {
		l.fail(b.LabelRanges[0], didYouMean(kind, []string{"sqlite", "postgres", "snowflake", "null"}), "there is no target %q", kind)
		return
	}
	t := &l.plan.Target
	*t = bench.Target{Kind: kind, Options: map[string]string{}, Secrets: map[string]bench.Secret{}}
	l.place("target", b)
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
	if kind == "snowflake" {
		l.limitAt = inner.place("statement_timeout")
		l.readRequire(inner)
	}
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
	case "snowflake":
		for _, pair := range [][2]string{{"private_key", "private_key_file"}, {"token", "token_file"}} {
			if in.has(pair[0]) && in.has(pair[1]) {
				l.fail(in.values[pair[1]].name, "Leave one of them out.", "%s stands beside %s", pair[1], pair[0])
			}
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

// readRequire reads what the warehouse must be for the run to start.
func (l *loader) readRequire(in *block) {
	b := in.one("require", 0, `require { size = "XSMALL" }`)
	if b == nil {
		return
	}
	inner := l.block(b)
	options := l.plan.Target.Options
	if inner.has("size") {
		options["require_size"] = inner.choice("size", "", sizes...)
	}
	if inner.has("clusters") {
		options["require_clusters"] = strconv.FormatInt(inner.whole("clusters", 1, 1, 1000), 10)
	}
	if inner.has("scaling") {
		options["require_scaling"] = inner.choice("scaling", "", "STANDARD", "ECONOMY")
	}
	inner.done()
}

// limitOnServer sees to it that Snowflake ends statements only when the workers, who end them at their own timeouts, are
// gone: after an hour or the longest of these timeouts.
func (l *loader) limitOnServer() {
	t := &l.plan.Target
	longest := t.Timeout
	for _, w := range l.plan.Workloads {
		longest = max(longest, w.Timeout)
	}
	given, ok := t.Options["statement_timeout"]
	if !ok {
		t.Options["statement_timeout"] = max(longest, bench.Duration(time.Hour)).String()
		return
	}
	// One below a second is no duration, which is reported where it stands.
	if limit, err := time.ParseDuration(given); err == nil && limit >= time.Second && limit < longest.D() {
		l.fail(l.limitAt, "Leave it out.", "statement_timeout is %v and ends statements before their own timeout of %v does", limit, longest)
	}
}

func (l *loader) readSession(in *block) {
	b := in.one("session", 0, `session { params = { work_mem = "64MB" } }`)
	if b == nil {
		return
	}
	inner := l.block(b)
	for _, name := range []string{"role", "warehouse", "database", "schema"} {
		if l.plan.Target.Kind != "snowflake" {
			inner.refuse(name)
		} else if inner.has(name) {
			l.fail(inner.values[name].name, "Write it into the target itself.", "%s is no part of a session", name)
		}
	}
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

func readSeconds(_ *loader, in *block, name string) string {
	return in.duration(name, 0, time.Second).String()
}

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

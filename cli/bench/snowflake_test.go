package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bench/runtime/bench"
	"bench/sql/target/snowflake/snowtest"
)

// unruly is an account in which much goes wrong, and which remembers what it did to the statements of each workload.
type unruly struct {
	*snowtest.Server
	mu    sync.Mutex
	heard int                       // statements of workloads
	did   map[string]map[string]int // workload, what: count
}

// respond answers a statement: with bursts of HTTP 429 and 500, and lost sessions in the middle.
func (u *unruly) respond(s snowtest.Statement) snowtest.Answer {
	var tag struct{ Workload string }
	if err := json.Unmarshal([]byte(s.Tag), &tag); err != nil || tag.Workload == "" || s.Describe {
		return snowtest.Numbers(1)
	}
	u.mu.Lock()
	u.heard++
	n := u.heard
	what, answer := "done", snowtest.Answer{Latency: 200 * time.Millisecond, Changed: 1, Columns: snowtest.Numbers(1).Columns, Rows: snowtest.Numbers(1).Rows}
	switch {
	case n >= 200 && n < 240:
		what, answer = "429", snowtest.Answer{Status: http.StatusTooManyRequests}
	case n >= 400 && n < 440:
		what, answer = "500", snowtest.Answer{Status: http.StatusInternalServerError}
	case n >= 500 && n < 520:
		what, answer = "lock", snowtest.Error(625, "57014", "the number of waiters exceeds the 20 statements limit")
	case tag.Workload == "stuck":
		what, answer = "hung", snowtest.Answer{Hang: true}
	case n >= 600 && n < 616:
		what, answer.Lose = "lost", true
	}
	if u.did[tag.Workload] == nil {
		u.did[tag.Workload] = map[string]int{}
	}
	u.did[tag.Workload][what]++
	u.mu.Unlock()
	return answer
}

// Sessions are lost in the middle, the service is busy or broken in bursts, aborts take a second: every operation is in the
// ledger once, every error in its class, every retry counted, and nothing is left on the server.
func TestSnowflakeLosesNothing(t *testing.T) {
	t.Parallel()
	u := &unruly{Server: snowtest.Start(t), did: map[string]map[string]int{}}
	u.Respond(u.respond)
	u.SetAbort(time.Second)
	host, port := u.Address()
	s := newSite(t)
	s.env = []string{"PASSWORD=canary"}
	spec := s.spec(fmt.Sprintf(`
run "unruly" {
  warmup   = "1s"
  duration = "5s"
  target "snowflake" {
    account  = "acme"
    user     = "bench"
    password = env("PASSWORD")
    url      = "http://%s:%d"
  }
  fleet "process" { workers = 2 }
  load "closed" { connections = 64 }
  workload "read" {
    weight = 60
    sql    = "SELECT 1"
    expect = { rows = 1 }
  }
  workload "write" {
    weight = 39
    sql    = "UPDATE t SET a = 1"
    expect = { rows = 1 }
    retry  = { attempts = 3, on = ["serialization"], backoff = "20ms" }
  }
  workload "stuck" {
    sql     = "SELECT stuck"
    timeout = "100ms"
  }
}
`, host, port))
	s.ended(s.start("apply", spec))

	rows := s.query(`SELECT WORKLOAD, SUM(PLANNED), SUM(DONE), SUM(FAILED_TIMEOUT), SUM(FAILED_SERIALIZATION), SUM(FAILED_CONNECTION),
		SUM(FAILED_CONSTRAINT) + SUM(FAILED_EXPECTATION) + SUM(FAILED_OTHER) + SUM(INDOUBT), SUM(CENSORED) + SUM(SKIPPED), SUM(RETRIES)
		FROM WORKLOAD_SNAPSHOTS GROUP BY WORKLOAD`)
	counts := u.Counts()
	var attempts, unsent int64
	for _, row := range rows {
		name := row[0].(string)
		n := func(i int) int64 { return row[i].(int64) }
		did := func(what string) int64 { return int64(u.did[name][what]) }
		planned, retries := n(1), n(8)
		t.Logf("%s: %v; the server did %v", name, row[1:], u.did[name])
		for what, pair := range map[string][2]int64{
			"done": {n(2), did("done")}, "failed or retried because something was busy": {n(4) + retries, did("429") + did("lock")},
			"failed with their session": {n(5), did("500") + did("lost")}, "failed otherwise": {n(6), 0}, "cut off": {n(7), 0},
			"failed or done": {n(2) + n(3) + n(4) + n(5), planned},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %d %s in the ledger, want %d", name, pair[0], what, pair[1])
			}
		}
		if n(3) < did("hung") || (n(3) > 0) != (name == "stuck") {
			t.Errorf("%s: %d failed by a timeout in the ledger, but %d hung", name, n(3), did("hung"))
		}
		unsent += n(3) - did("hung") // on a busy machine the timeout can pass before the statement is on its way
		if (retries > 0) != (name == "write") {
			t.Errorf("%s: %d retries", name, retries)
		}
		attempts += planned + retries
	}
	if u.heard < 620 || attempts-unsent != int64(u.heard) || counts.Refused != 0 {
		t.Errorf("%d attempts in the ledger, %d of them not sent in time, but %d statements reached the server, which refused %d", attempts, unsent, u.heard, counts.Refused)
	}
	if u.Open() != 0 || len(u.Running()) != 0 || counts.Retries != 0 {
		t.Errorf("%d sessions are open, these statements run: %v, requests: %+v", u.Open(), u.Running(), counts)
	}
	for _, e := range u.History() {
		var tag struct{ App, Run, Phase, Workload string }
		if err := json.Unmarshal([]byte(e.Tag), &tag); err != nil || tag.App != "bench" || len(tag.Run) != 26 && tag.Run != "preflight" {
			t.Fatalf("%s has tag %s", e.SQL, e.Tag)
		}
		if tag.Workload != "" && tag.Phase != "WARMUP" && tag.Phase != "MEASUREMENT" {
			t.Fatalf("%s has tag %s", e.SQL, e.Tag)
		}
	}
	s.noneLeft(s.pids())
}

// ended waits for the end of a run, whatever its SLOs say, and returns how many operations it counted and how many failed.
func (s *site) ended(apply *command) (operations, failed int64) {
	s.t.Helper()
	code := apply.code()
	row := s.query("SELECT STATUS, VERDICT, TOTAL_OPERATIONS, TOTAL_ERRORS FROM RUN_STATUS")[0]
	verdict, _ := row[1].(string)
	if row[0] != string(bench.StatusCompleted) || code != bench.ExitCode(bench.StatusCompleted, "", bench.Verdict(verdict)) {
		s.t.Fatalf("the run is %v, exit %d", row, code)
	}
	return row[2].(int64), row[3].(int64)
}

// A secret of every way to sign in goes through every part of the program, with an account that lets it in and with one
// that does not, and is found nowhere.
func TestSnowflakeSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const secret = "canary-0451"
	keys, err := filepath.Abs("../../sql/account/testdata")
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(filepath.Join(keys, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	const acme = "account = \"acme\"\n"
	tokens := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokens, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, way := range map[string]struct{ options, toml, secret string }{
		"password":   {acme + `user = "u"` + "\n" + `password = env("THE_SECRET")`, "", secret},
		"token":      {acme + `token = env("THE_SECRET")`, "", secret},
		"oauth":      {acme + `authenticator = "oauth"` + "\n" + `token = env("THE_SECRET")`, "", secret},
		"token file": {acme + `token_file = "` + tokens + `"`, "", secret},
		"container":  {`token_file = "` + tokens + `"`, "", secret}, // without an account
		"key":        {acme + `user = "u"` + "\n" + `private_key_file = "` + keys + `/key_des3.pem"` + "\n" + `private_key_passphrase = env("THE_SECRET")`, "", "canary-passphrase"},
		"key text":   {acme + `user = "u"` + "\n" + `private_key = env("THE_SECRET")`, "", string(pem)},
		"connection": {`connection = "c"`, "[c]\naccount = 'acme'\nuser = 'u'\npassword = '" + secret + "'\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := snowtest.Start(t)
			server.Respond(func(snowtest.Statement) snowtest.Answer { return snowtest.Numbers(1) })
			host, port := server.Address()
			s := newSite(t)
			home := t.TempDir()
			s.env = []string{"THE_SECRET=" + way.secret, "SNOWFLAKE_HOME=" + home, "SNOWFLAKE_ACCOUNT=acme", "SNOWFLAKE_HOST=never.invalid"}
			if err := os.WriteFile(filepath.Join(home, "connections.toml"), []byte(way.toml), 0o600); err != nil {
				t.Fatal(err)
			}
			spec := s.spec(fmt.Sprintf(`
run "secret" {
  duration = "1s"
  target "snowflake" {
    url = "http://%s:%d"
    %s
  }
  fleet "process" { workers = 1 }
  load "closed" { connections = 2 }
  workload "one" { sql = "SELECT 1" }
}
`, host, port, way.options))
			var everything bytes.Buffer
			run := func(want int, args ...string) {
				c := s.start(args...)
				if code := c.code(); want >= 0 && code != want {
					t.Errorf("bench %s: exit %d, want %d", args[0], code, want)
				}
				everything.Write(c.stdout.Bytes())
				everything.Write(c.stderr.Bytes())
			}
			run(bench.ExitPass, "-v", "apply", spec)
			everything.Write(s.answers("apply", spec))
			if n := len(server.Logins()); n < 4 || server.Open() != 0 {
				t.Errorf("%d logins, %d sessions are open", n, server.Open())
			}
			server.Refuse(func(snowtest.Login) *snowtest.Answer {
				return new(snowtest.Error(390100, "08001", "Incorrect username or password was specified."))
			})
			run(bench.ExitUnreachable, "-v", "apply", spec)
			for _, args := range [][]string{{"plan", spec}, {"plan", "--print", spec}, {"plan", "--preflight", spec}, {"cancel-orphans"}, {"enrich"},
				{"doctor", "--bundle", filepath.Join(s.dir, "bundle.zip")}, {"doctor", "--from", filepath.Join(s.dir, "bundle.zip"), "-o", "json"}, {"doctor", "--preflight", spec},
				{"validate", spec}, {"list"}, {"status"}, {"report", "-o", "json"}, {"tail", "-o", "json"}} {
				run(-1, args...)
			}
			for _, e := range server.History() {
				everything.WriteString(e.SQL + e.Tag)
			}
			err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return err
				}
				b, err := os.ReadFile(path)
				everything.Write(b)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			hidden := []string{"canary"}
			for line := range strings.Lines(way.secret) { // of a key, each by itself
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
					hidden = append(hidden, line)
				}
			}
			for _, login := range server.Logins() {
				if login.Token != "" { // also one that was made of a key
					hidden = append(hidden, login.Token)
				}
			}
			for _, secret := range hidden {
				if at := bytes.Index(everything.Bytes(), []byte(secret)); at >= 0 {
					b := everything.Bytes()
					t.Errorf("the secret is in: …%q…", b[max(0, at-200):min(len(b), at+100)])
				}
			}
		})
	}
}

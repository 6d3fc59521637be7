package server

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
	"bench/server/dashboard"
	"bench/server/tail"
)

// TestPages: everybody gets the page, which holds nothing and may do little; whoever has it already gets no second copy.
func TestPages(t *testing.T) {
	b := newBed(t)
	for _, path := range []string{"/", "/compare?runs=a,b", "/runs/@last", "/runs/x/explore", "/runs/x/doctor"} {
		w := b.ask("GET", path, "", "Authorization", "")
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), "/page/main.js") {
			t.Errorf("%s: status %d, %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	names, err := fs.Glob(dashboard.Files, "*/*")
	if err != nil || len(names) < 10 {
		t.Fatalf("files %v: %v", names, err)
	}
	for _, name := range names {
		w := b.ask("GET", "/"+name, "", "Authorization", "")
		kind := map[bool]string{true: "text/javascript", false: "text/css"}[strings.HasSuffix(name, ".js")]
		if w.Code != 200 || !strings.HasSuffix(name, "LICENSE") && !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: status %d, %s", name, w.Code, w.Header().Get("Content-Type"))
		}
		if again := b.ask("GET", "/"+name, "", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
			t.Errorf("%s again: status %d", name, again.Code)
		}
	}
	for _, path := range []string{"/page/", "/page/none.js", "/page/../server.go", "/index.html", "/vendor/README.md"} {
		if w := b.ask("GET", path, ""); w.Code == 200 {
			t.Errorf("%s is there", path)
		}
	}
}

// signedIn trades the code of a link for a cookie.
func (b *bed) signedIn(t *testing.T, link string) *http.Cookie {
	t.Helper()
	_, code, ok := strings.Cut(link, "#t=")
	if !ok {
		t.Fatalf("link %q has no code", link)
	}
	w := b.ask("POST", "/api/session", `{"code":"`+code+`"}`, "Authorization", "")
	if w.Code != 204 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Result().Cookies()[0]
}

// as asks with a cookie.
func (b *bed) as(cookie *http.Cookie, method, target, text string) *httptest.ResponseRecorder {
	return b.ask(method, target, text, "Authorization", "", "Cookie", cookie.Name+"="+cookie.Value)
}

// TestSessionOutlivesServer: the next server of a journal knows the sessions of the one before, that of another journal
// does not, and no byte of a session can be another one.
func TestSessionOutlivesServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, next := newBed(t), newBed(t)
		other := New(Config{Engine: control{next.fleet}, History: next.fleet, Hub: new(tail.Hub), Token: token, WorkerKey: []byte("another journal's key")})
		at := "/api/runs/" + next.run(t).ID
		cookie := first.signedIn(t, first.Link("http://127.0.0.1:7433"))
		if w := next.as(cookie, "GET", at, ""); w.Code != 200 {
			t.Errorf("the next server: status %d", w.Code)
		}
		stranger := bed{Server: other, fleet: next.fleet}
		if w := stranger.as(cookie, "GET", at, ""); w.Code != 401 {
			t.Errorf("another journal: status %d", w.Code)
		}
		if other.sessions.cookie == next.sessions.cookie {
			t.Error("cookies of two journals have one name")
		}
		for i := range cookie.Value {
			forged := *cookie
			text := []byte(cookie.Value)
			text[i] ^= 1
			forged.Value = string(text)
			if w := next.as(&forged, "GET", at, ""); w.Code != 401 {
				t.Errorf("a session with another byte %d: status %d", i, w.Code)
			}
		}
		// What else the key signs is no session.
		for _, text := range []string{"", ".", "owner." + OwnerToken(workerKey), WorkerToken(workerKey, "01RUN0001"), "act.99999999999.x." + sign(workerKey, "act.99999999999.x")} {
			if w := next.as(&http.Cookie{Name: cookie.Name, Value: text}, "GET", at, ""); w.Code != 401 {
				t.Errorf("%q is a session: %d", text, w.Code)
			}
		}
		time.Sleep(sessionLife)
		if w := next.as(cookie, "GET", at, ""); w.Code != 401 {
			t.Errorf("a session after its life: status %d", w.Code)
		}
	})
}

// TestLinks: who may act makes links for others to look, and only the owner makes those that act.
func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		at := "/api/runs/" + b.run(t).ID
		made := body[api.Link](t, b.ask("POST", "/api/links", `{"page":"/runs/x","act":true}`))
		if !strings.HasPrefix(made.Page, "/runs/x#t=") {
			t.Fatalf("link %q", made.Page)
		}
		acting := b.signedIn(t, made.Page)
		looking := b.signedIn(t, body[api.Link](t, b.as(acting, "POST", "/api/links", `{"page":"/"}`)).Page)
		for _, c := range []struct {
			name, method, target, text string
			acting, looking            int
		}{
			{"read a run", "GET", at, "", 200, 200},
			{"read the session", "GET", "/api/session", "", 200, 200},
			{"make a link to look", "POST", "/api/links", `{"page":"/runs/x"}`, 200, 403},
			{"make a link to act", "POST", "/api/links", `{"page":"/","act":true}`, 403, 403},
			{"make a link elsewhere", "POST", "/api/links", `{"page":"//evil.example/"}`, 400, 403},
			{"make a link to nowhere", "POST", "/api/links", `{"page":"https://evil.example/"}`, 400, 403},
			{"start a run", "POST", "/api/runs", `{"plan":{}}`, 403, 403},
			{"stop a run", "POST", at + "/stop", `{"mode":"stop"}`, 200, 403},
		} {
			if got := b.as(acting, c.method, c.target, c.text).Code; got != c.acting {
				t.Errorf("%s: who may act gets %d, want %d", c.name, got, c.acting)
			}
			if got := b.as(looking, c.method, c.target, c.text).Code; got != c.looking {
				t.Errorf("%s: who may look gets %d, want %d", c.name, got, c.looking)
			}
		}
		for cookie, may := range map[*http.Cookie]bool{acting: true, looking: false} {
			if got := body[api.Caller](t, b.as(cookie, "GET", "/api/session", "")); got.MayStop != may {
				t.Errorf("the session says %+v, want %v", got, may)
			}
		}
		// A link to look waits for a colleague, one to act does not.
		for _, c := range []struct {
			act    string
			after  time.Duration
			status int
		}{{"true", codeLife + time.Second, 401}, {"false", codeLife + time.Second, 204}, {"false", viewCodeLife + time.Second, 401}} {
			_, code, _ := strings.Cut(body[api.Link](t, b.ask("POST", "/api/links", `{"page":"/","act":`+c.act+`}`)).Page, "#t=")
			time.Sleep(c.after)
			if w := b.ask("POST", "/api/session", `{"code":"`+code+`"}`, "Authorization", ""); w.Code != c.status {
				t.Errorf("a link with act %s after %v: %d, want %d", c.act, c.after, w.Code, c.status)
			}
		}
	})
}

func TestChartAndHistograms(t *testing.T) {
	b := newBed(t)
	run := b.run(t)
	for n := range int64(25) {
		b.fleet.second(run.ID, n)
	}
	at := "/api/runs/" + run.ID
	if c := body[bench.Chart](t, b.ask("GET", at+"/chart?workload=read", "")); c.Workload != "read" || len(c.Rows) != 25 {
		t.Errorf("chart %+v", c)
	}
	windows := body[[]api.Window](t, b.ask("GET", at+"/histograms?windows=7", ""))
	if len(windows) != 25 { // the fleet thins nothing: its chart is one second a row
		t.Fatalf("%d windows", len(windows))
	}
	for i, w := range windows {
		if w.From != int64(i) || w.To != int64(i) || w.Phase != bench.PhaseMeasurement || !bytes.Equal(w.Histogram, []byte{1, 2, 3}) {
			t.Errorf("window %d is %+v", i, w)
		}
	}
	// Those of a run that has ended are merged once.
	b.fleet.end(run.ID)
	ended := b.ask("GET", at+"/histograms?windows=7", "").Body.String()
	b.fleet.second(run.ID, 25)
	if again := b.ask("GET", at+"/histograms?windows=7", "").Body.String(); again != ended || !strings.Contains(again, `"from":24`) {
		t.Errorf("histograms of a run that has ended are %s, and then %s", ended, again)
	}
	if other := body[[]api.Window](t, b.ask("GET", at+"/histograms?windows=8", "")); len(other) != 26 {
		t.Errorf("another question has %d windows", len(other))
	}
	for _, bad := range []string{"/chart?buckets=0", "/chart?buckets=100000", "/histograms?windows=0"} {
		if w := b.ask("GET", at+bad, ""); w.Code != 400 && w.Code != 422 {
			t.Errorf("%s: status %d", bad, w.Code)
		}
	}
}

// TestWindows: windows hold the seconds of one phase each, and lose none.
func TestWindows(t *testing.T) {
	w := windower{width: 10, merge: func(parts [][]byte) ([]byte, error) { return bytes.Join(parts, nil), nil }}
	for second := range int64(34) {
		phase := bench.PhaseMeasurement
		if second < 13 {
			phase = bench.PhaseWarmup
		}
		if second == 21 { // nothing was done
			continue
		}
		hist := []byte{byte(second)}
		if err := w.add(second, phase, hist); err != nil {
			t.Fatal(err)
		}
		hist[0] = 255 // whose bytes they are may use them again
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	var got [][3]int64
	for _, x := range w.windows {
		got = append(got, [3]int64{x.From, x.To, int64(len(x.Histogram))})
		if int64(x.Histogram[0]) != x.From {
			t.Errorf("window from %d begins with %d", x.From, x.Histogram[0])
		}
	}
	want := [][3]int64{{0, 9, 10}, {10, 12, 3}, {13, 19, 7}, {20, 29, 9}, {30, 33, 4}}
	if len(got) != len(want) {
		t.Fatalf("windows %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("window %d is %v, want %v", i, got[i], want[i])
		}
	}
}

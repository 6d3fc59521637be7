package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Page is a tab with cookies of its own.
type Page struct {
	t       testing.TB
	browser *Browser
	session string
	target  string
	context string // whose cookies it has

	mu     sync.Mutex
	errors []string
}

// Open opens an empty page.
func (b *Browser) Open(t testing.TB) *Page {
	t.Helper()
	p := &Page{t: t, browser: b}
	var context struct{ BrowserContextID string }
	var target struct{ TargetID string }
	var session struct{ SessionID string }
	p.must(b.call("", "Target.createBrowserContext", nil, &context))
	p.must(b.call("", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": context.BrowserContextID}, &target))
	p.must(b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session))
	p.session, p.target, p.context = session.SessionID, target.TargetID, context.BrowserContextID
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.Call(domain+".enable", nil, nil)
	}
	p.Size(1440, 900)
	t.Cleanup(func() {
		for _, e := range p.Errors() {
			t.Errorf("the page has an error: %s", e)
		}
		b.call("", "Target.closeTarget", map[string]any{"targetId": p.target}, nil)
	})
	return p
}

func (p *Page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// heard takes note of errors.
func (p *Page) heard(method string, params json.RawMessage) {
	var said struct {
		Type             string
		Args             []struct{ Value, Description any }
		ExceptionDetails *struct {
			Text      string
			URL       string
			Exception struct{ Description string }
		}
		Entry struct{ Level, Text, URL string }
	}
	if json.Unmarshal(params, &said) != nil {
		return
	}
	text := ""
	switch {
	case method == "Runtime.exceptionThrown" && said.ExceptionDetails != nil:
		text = said.ExceptionDetails.Text + " " + said.ExceptionDetails.Exception.Description
	case method == "Runtime.consoleAPICalled" && (said.Type == "error" || said.Type == "assert"):
		text = fmt.Sprint("console: ", said.Args)
	case method == "Log.entryAdded" && said.Entry.Level == "error":
		text = said.Entry.Text + " " + said.Entry.URL
	}
	if text == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errors = append(p.errors, text)
}

// Errors are what the console has had since the last call.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	errors := p.errors
	p.errors = nil
	return errors
}

// Forgive drops errors that hold a text, as those of a server that a test has ended.
func (p *Page) Forgive(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.errors[:0]
	for _, e := range p.errors {
		if !strings.Contains(e, text) {
			kept = append(kept, e)
		}
	}
	p.errors = kept
}

// Call sends a command of the protocol to the page.
func (p *Page) Call(method string, params, result any) {
	p.t.Helper()
	p.must(p.browser.call(p.session, method, params, result))
}

// Go opens an address.
func (p *Page) Go(url string) {
	p.t.Helper()
	var went struct{ ErrorText string }
	p.Call("Page.navigate", map[string]any{"url": url}, &went)
	if went.ErrorText != "" {
		p.t.Fatalf("open %s: %s", url, went.ErrorText)
	}
}

// Size sets the window; below 600 pixels it is that of a phone.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
}

// Scheme is light or dark.
func (p *Page) Scheme(scheme string) {
	p.t.Helper()
	p.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Eval is the value of an expression, which may be a promise.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	x, err := eval[T](p, expression)
	p.must(err)
	return x
}

func eval[T any](p *Page, expression string) (x T, err error) {
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err = p.browser.call(p.session, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &got)
	switch {
	case err != nil:
		return x, err
	case got.ExceptionDetails != nil:
		return x, fmt.Errorf("%s: %s %s", expression, got.ExceptionDetails.Text, got.ExceptionDetails.Exception.Description)
	case len(got.Result.Value) == 0:
		return x, nil
	}
	return x, json.Unmarshal(got.Result.Value, &x)
}

// Wait waits until an expression is true.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	p.WaitFor(patience, expression)
}

// WaitFor waits until an expression is true of what takes its time by its nature, such as a run.
func (p *Page) WaitFor(patience time.Duration, expression string) {
	p.t.Helper()
	const look = 20 * time.Millisecond
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(look) {
		var ok bool
		// An error may only say that the page is on its way to another.
		if ok, last = eval[bool](p, "Boolean("+expression+")"); ok {
			return
		}
	}
	text, _ := eval[string](p, "document.body?.innerText ?? ''")
	p.t.Fatalf("waited %v for %s (%v); the page has:\n%s", patience, expression, last, text)
}

// WaitText waits until the page has a text.
func (p *Page) WaitText(text string) {
	p.t.Helper()
	quoted, _ := json.Marshal(text)
	p.Wait("document.body?.innerText.includes(" + string(quoted) + ")")
}

// Settle waits until the page has drawn itself in its size: charts learn of it in one frame, and draw in the next.
func (p *Page) Settle() {
	p.t.Helper()
	Eval[any](p, "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(null)))))")
}

// Screenshot is the whole page, as PNG; with a dialog it is what the window shows.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	var shot struct{ Data []byte }
	p.Call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": !Eval[bool](p, "document.querySelector('dialog:modal') !== null")}, &shot)
	return shot.Data
}

// Grant lets the page do what a browser asks a person for, by the names of the protocol.
func (p *Page) Grant(permissions ...string) {
	p.t.Helper()
	p.must(p.browser.call("", "Browser.grantPermissions", map[string]any{"permissions": permissions, "browserContextId": p.context}, nil))
}

// Offline takes the network away.
func (p *Page) Offline() {
	p.t.Helper()
	p.Call("Network.emulateNetworkConditions", map[string]any{"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}, nil)
}

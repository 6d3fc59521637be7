package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	"bench/runtime/stats"
	"bench/server/dashboard"
	"bench/server/dashboard/browsertest"
)

// blank opens a page that may import the dashboard's modules and is none of its screens.
func blank(t *testing.T, p *browsertest.Page) {
	t.Helper()
	files := http.FileServerFS(dashboard.Files)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/blank" {
			fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>blank</title>`)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.Go(server.URL + "/blank")
	p.Wait(`document.title === "blank"`)
}

// A vector is a histogram as the server encodes it, and what the program reads from it.
type vector struct {
	Encoded   []byte  `json:"encoded"`
	Count     int64   `json:"count"`
	Min       int64   `json:"min"`
	Max       int64   `json:"max"`
	Mean      float64 `json:"mean"`
	Quantiles []int64 `json:"quantiles"` // of probes
}

// probes are ranks as a numerator and a denominator.
var probes = [][2]int64{{50, 100}, {90, 100}, {95, 100}, {99, 100}, {999, 1000}, {9999, 10000}, {1, 1000}, {1, 1}}

func vectorOf(t *testing.T, h *stats.Hist) vector {
	t.Helper()
	text, err := h.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	v := vector{Encoded: text, Count: h.Count(), Min: h.Min(), Max: h.Max(), Mean: h.Mean()}
	for _, p := range probes {
		v.Quantiles = append(v.Quantiles, h.Quantile(p[0], p[1]))
	}
	return v
}

// histograms: what the page reads from a histogram, and from a sum of many, is what the program reads.
func histograms(t *testing.T, p *browsertest.Page) {
	blank(t, p)
	random := rand.New(rand.NewPCG(1, 2))
	var parts []vector
	var sum stats.Hist
	for i := range 60 {
		var h stats.Hist
		for range random.IntN(3000) + 1 {
			us := int64(random.ExpFloat64() * float64(int64(20)<<(i%30)))
			h.Record(us) // also below and above the range
		}
		sum.Merge(&h)
		parts = append(parts, vectorOf(t, &h))
	}
	for _, us := range []int64{1, 2047, 2048, 2049, 4095, 4096, 1 << 32, 1<<32 + 1, stats.Highest - 1, stats.Highest, stats.Highest + 1} {
		var h stats.Hist
		h.Record(us)
		sum.Merge(&h)
		parts = append(parts, vectorOf(t, &h))
	}
	parts = append(parts, vectorOf(t, &sum))
	given, err := json.Marshal(map[string]any{"parts": parts, "probes": probes})
	if err != nil {
		t.Fatal(err)
	}
	wrong := browsertest.Eval[[]string](p, `(async () => {
		const { Hist, fromBase64, slotOf, lowestIn, highestIn } = await import("/page/hist.js");
		const { parts, probes } = `+string(given)+`;
		const wrong = [], hists = [];
		const hold = (what, h, want) => {
			const got = { count: h.count, min: h.min, max: h.max, mean: h.mean, quantiles: probes.map((q) => h.quantile(...q)) };
			for (const name in got) if (String(got[name]) !== String(want[name])) wrong.push(what + ": " + name + " " + got[name] + ", want " + want[name]);
		};
		for (const [i, want] of parts.entries()) {
			const h = await Hist.decode(fromBase64(want.encoded));
			hold("histogram " + i, h, want);
			hists.push(h);
		}
		hold("the sum", Hist.merged(hists.slice(0, -1)), parts.at(-1));
		for (let slot = 1; slot < 27000; slot++) {
			if (slotOf(lowestIn(slot)) !== slot || slotOf(highestIn(slot)) !== slot) wrong.push("slot " + slot);
		}
		return wrong.slice(0, 10);
	})()`)
	for _, w := range wrong {
		t.Error(w)
	}

	// What is cut short or changed is refused.
	text := parts[3].Encoded
	for _, bad := range [][]byte{text[:2], text[:len(text)-1], append([]byte("BH\x02"), text[3:]...), []byte("other")} {
		refused := browsertest.Eval[bool](p, `import("/page/hist.js").then(({ Hist, fromBase64 }) => Hist.decode(fromBase64("`+base64.StdEncoding.EncodeToString(bad)+`"))).then(() => false, () => true)`)
		if !refused {
			t.Errorf("%q was read as a histogram", bad)
		}
	}
}

// series: thinning keeps every count and every extreme, a corrected second replaces itself, and what is kept is bounded.
func series(t *testing.T, p *browsertest.Page) {
	blank(t, p)
	got := browsertest.Eval[map[string]any](p, `import("/page/series.js").then(({ Series }) => {
		const s = new Series();
		const row = (i, done) => ({ first_second: i, seconds: 1, measured: i < 10 ? 0 : 1, planned: done, done, done_min: done, done_max: done, errors: 0, p95_max_us: i === 40000 ? 999 : done ? 5 : null });
		for (let i = 0; i < 86400; i++) s.put(row(i, i % 7));
		s.put(row(86399, 100));
		s.put(row(86399, 100));
		const rows = s.rows(), sum = s.sums(), ordered = rows.every((r, i) => i === 0 || rows[i - 1].first_second + rows[i - 1].seconds === r.first_second);
		return { rows: rows.length, seconds: sum.seconds, done: sum.done, ordered, worst: Math.max(...rows.map((r) => r.p95_max_us ?? 0)), last: s.last.done,
			least: Math.min(...rows.map((r) => r.done_min)), warm: s.sums((r) => !r.measured).seconds };
	})`)
	done := 0
	for i := range 86399 {
		done += i % 7
	}
	for name, want := range map[string]any{
		"seconds": 86400.0, "done": float64(done + 100), "ordered": true, "worst": 999.0, "last": 100.0, "least": 0.0, "warm": 10.0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if n := got["rows"].(float64); n < 1000 || n > 3000 {
		t.Errorf("%v rows of a day", n)
	}
}

// store: what frames add up to on the page. A corrected second replaces itself, a window those within it, and seconds that
// never came are told as a gap of as many.
func store(t *testing.T, p *browsertest.Page) {
	blank(t, p)
	var early, late, whole stats.Hist
	for us := range int64(100) {
		early.Record(100 + us)
		late.Record(1000 + us)
	}
	whole.Merge(&early)
	whole.Merge(&late)
	given, err := json.Marshal(map[string]vector{"early": vectorOf(t, &early), "late": vectorOf(t, &late), "whole": vectorOf(t, &whole)})
	if err != nil {
		t.Fatal(err)
	}
	got := browsertest.Eval[map[string]any](p, `(async () => {
		const { Store } = await import("/page/store.js");
		const { early, late, whole } = `+string(given)+`;
		const store = new Store("R", () => {});
		const cols = ["w", "planned", "done", "errors", "p50_us", "p95_us", "p99_us", "max_us"];
		const d = (s, done) => ({ t: "d", ts: 1e12 + s, ph: "MEASUREMENT", s, w: [[0, done, done, 0, 5, 6, 7, 8]], all: [-1, done, done, 0, 5, 6, 7, 8], g: [4, 1] });
		const h = (from, to, hist) => ({ t: "h", ph: "MEASUREMENT", wl: 0, from, to, hist });
		store.take({ t: "hello", ep: "e", resume: "snapshot", ts: 1e12, cols, gauge_cols: ["connections", "in_flight"], run: { id: "R", status: "RUNNING", phase: "MEASUREMENT", plan: { workloads: [{ name: "a" }] } } });
		for (let s = 0; s < 4; s++) store.take(d(s, 10));
		store.take(d(2, 30)); // corrected
		const corrected = store.of("a").sums().done, newest = store.data.s;
		store.take({ t: "later", what: "is not known" });
		store.take({ t: "gap", from: 9, to: 12, why: "slow" });
		store.take(d(8, 10));
		store.take(h(0, 1, early.encoded));
		store.take(h(0, 2, early.encoded)); // in the place of the one before
		store.take(h(3, 8, late.encoded));
		const full = () => store.windowsOf("a").length === 2;
		for (let i = 0; i < 500 && (!full() || !store.gap); i++) await new Promise((done) => setTimeout(done, 10));
		const apart = { n: store.measured("a").count, p50: store.measured("a").quantile(50, 100) };
		store.take(h(0, 8, whole.encoded)); // both, merged
		for (let i = 0; i < 500 && store.windowsOf("a").length !== 1; i++) await new Promise((done) => setTimeout(done, 10));
		const once = { n: store.measured("").count, p50: store.measured("").quantile(50, 100) };
		return { corrected, newest, gap: store.gap?.seconds, n: apart.n, p50: apart.p50, again: once.n, again50: once.p50, connections: store.of("").last.connections_max };
	})()`)
	p.Forgive("404") // there is no run behind it
	for name, want := range map[string]float64{
		"corrected": 60, "newest": 3, "gap": 4, "n": 200, "p50": 199, "again": 200, "again50": 199, "connections": 4,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

import { Chart, Group } from "./chart.js";
import { h, number, rows, show, table, text, wide } from "./dom.js";
import { clockSpan, count, latency, percent, plural } from "./format.js";
import { bins, Heatmap, noWindows, PER_DOUBLING } from "./heatmap.js";
import { Hist, highestIn } from "./hist.js";
import { forget, paint } from "./paint.js";
import { Pill, picker, shell } from "./shell.js";
import { Store } from "./store.js";

const POINTS = 400; // of a curve
const SLOWEST = 50;

// exploreScreen shows how response times were distributed, over the run and over any part of it.
export async function exploreScreen(id) {
  const screen = new Screen(id);
  await screen.open();
  return screen;
}

class Screen {
  constructor(id) {
    this.draw = () => this.paint();
    this.store = new Store(id, (frame) => this.changed(frame));
    this.store.each = true;
    this.range = null; // chosen seconds [from, to), null is MEASUREMENT as a whole
  }

  async open() {
    const { store } = this;
    await store.open();
    this.pill = new Pill();
    this.picker = picker(store.workloads, () => this.choose(null));
    this.heatmap = new Heatmap((range) => this.choose(range));
    this.from = h("input", { type: "number", min: "0", step: "1", change: () => this.typed() });
    this.to = h("input", { type: "number", min: "0", step: "1", change: () => this.typed() });
    this.whole = h("button", { type: "button", click: () => this.choose(null) }, "All of MEASUREMENT");
    this.exact = h("p.note");
    this.percentiles = table("Percentiles", ["of", ">n", ">p50", ">p90", ">p95", ">p99", ">p99.9", ">max", ">mean"]);
    const group = new Group();
    const lines = () => [
      { label: "all of MEASUREMENT", colour: "accent", width: 2, value: (r) => r.whole },
      { label: "chosen", colour: "ink", dash: [5, 3], value: (r) => r.chosen },
    ];
    const latencies = { group, format: percent, time: latency, logTime: true };
    this.density = new Chart({ ...latencies, title: "Share of operations by response time", lines: lines() });
    this.within = new Chart({ ...latencies, title: "Share of operations done within a time", lines: lines() });
    this.slowest = table("Slowest operations",
      ["workload", ">response", ">waited", ">at the database", "began at", "ended", "worker", "query", "error"]);
    this.none = h("p.note", {}, "No operation of this time is told one by one yet.");
    shell({ title: "Explore " + store.run.name, run: store.id, here: "Explore", actions: [this.pill.e] },
      h("h1", {}, store.run.name, " ", h("small", {}, store.id)),
      h("div.bar", {}, h("h2", {}, "Response times"), this.picker.e,
        h("label", {}, "from second ", this.from), h("label", {}, "to ", this.to), this.whole),
      this.heatmap.e, this.percentiles.e, this.exact,
      h("div.charts", {}, this.density.e, this.within.e),
      h("section", {}, h("h2", {}, "Slowest operations"), this.none, this.slowest.e));
    this.load();
    this.paint();
  }

  // changed hears of frames. The last of them has neither histograms nor single operations.
  changed(frame) {
    if (frame?.t === "end") this.store.loadDetails();
    if (this.pill) paint(this.draw);
  }

  close() {
    this.store.close();
    this.heatmap.close();
    this.density.close();
    this.within.close();
    forget(this.draw);
  }

  load() {
    this.store.loadHistograms(this.picker.value());
  }

  typed() {
    const [from, to] = [this.from, this.to].map((e) => Number(e.value));
    this.choose(to > from ? [from, to] : null);
  }

  choose(range) {
    this.range = range;
    this.load();
    paint(this.draw);
  }

  paint() {
    const { store } = this, workload = this.picker.value();
    this.pill.draw(store);
    const windows = store.windowsOf(workload);
    const measured = windows.filter((w) => w.phase === "MEASUREMENT");
    // Whole windows alone are exact, so those count that the range touches.
    const inside = this.range ? windows.filter((w) => w.to + 1 > this.range[0] && w.from < this.range[1]) : measured;
    const whole = store.resultOf(workload) ?? Hist.merged(measured.map((w) => w.hist));
    const key = [noWindows(this.store), workload, whole.count, windows.length, this.range, inside.length, windows.reduce((n, w) => n + w.hist.count, 0)].join();
    if (this.drawn !== key) this.drawWindows(windows, inside, whole);
    this.drawn = key;
    this.drawSlowest(workload);
  }

  drawWindows(windows, inside, whole) {
    const chosen = Hist.merged(inside.map((w) => w.hist));
    const from = inside[0]?.from ?? 0, to = (inside.at(-1)?.to ?? -1) + 1;
    this.heatmap.draw(windows, this.range && inside.length ? [from, to] : null, null, noWindows(this.store));
    if (document.activeElement !== this.from) this.from.value = from;
    if (document.activeElement !== this.to) this.to.value = to;
    const after = whole.count > chosen.count ? `${plural(whole.count - chosen.count, "operation")} that ended after it` : "";
    const late = after && " and " + after;
    text(this.exact, inside.length === 0 ? after && `All of MEASUREMENT is ${after}.` : `Exact for ${clockSpan(from)} to ${clockSpan(to)} since the start, ` +
      `from ${plural(inside.length, "histogram")}${this.range ? "; a range covers whole windows" : late}.`);
    rows(this.percentiles.body, [...(this.range ? [percentiles("chosen", chosen)] : []), percentiles("all of MEASUREMENT", whole)]);
    const [drawn, told, which] = this.range ? [chosen, chosen, "those chosen"] : [new Hist(), whole, "all operations"];
    const [peak, n] = [...bins(told)].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
    const most = latency(2 ** ((peak + 0.5) / PER_DOUBLING));
    this.within.draw(within(drawn, whole), n === 0 ? "nothing was measured yet"
      : `half of ${which} took at most ${latency(told.quantile(50, 100))}, 99% at most ${latency(told.quantile(99, 100))}`);
    this.density.draw(density(drawn, whole), n === 0 ? "nothing was measured yet"
      : `the most frequent response time is about ${most}: ${percent(n / told.count)} of ${which}`);
  }

  drawSlowest(workload) {
    const { store } = this;
    const chosen = this.range ? ({ done_us: us }) => us >= this.range[0] * 1e6 && us < this.range[1] * 1e6 : (x) => x.op_phase === "MEASUREMENT";
    const found = store.executions.filter((x) => chosen(x) && (!workload || store.workloads[x.workload] === workload))
      .map((x) => ({ ...x, response: x.done_us - x.intended_us })).filter((x) => x.done_us > 0)
      .sort((a, b) => b.response - a.response).slice(0, SLOWEST);
    show(this.none, found.length === 0);
    show(this.slowest.e, found.length > 0);
    rows(this.slowest.body, found.map((x) => [
      store.workloads[x.workload] ?? "", number(latency(x.response)), number(latency((x.sent_us || x.done_us) - x.intended_us)),
      number(x.sent_us ? latency(x.done_us - x.sent_us) : "–"), clockSpan(Math.floor(x.intended_us / 1e6)), x.outcome,
      `${x.worker} #${x.connection}`, x.query_id ?? "", wide(x.error ? `${x.class}: ${x.error}` : ""),
    ]));
  }
}

const QUANTILES = [[50, 100], [90, 100], [95, 100], [99, 100], [999, 1000], [1, 1]];

// percentiles is a line of the table.
function percentiles(name, hist) {
  const cell = (us) => number(hist.count ? latency(us) : "–");
  return [name, number(count(hist.count)), ...QUANTILES.map((q) => cell(hist.quantile(...q))), cell(hist.mean)];
}

// within are the points of two cumulative distributions: the share of operations that took at most as long.
function within(chosen, whole) {
  const slots = [...new Set([...chosen.slots(), ...whole.slots()])].sort((a, b) => a - b);
  const every = Math.max(1, Math.ceil(slots.length / POINTS));
  const seen = { chosen: 0, whole: 0 }, points = [];
  slots.forEach((slot, i) => {
    seen.chosen += chosen.counts.get(slot) ?? 0;
    seen.whole += whole.counts.get(slot) ?? 0;
    if (i % every !== 0 && i !== slots.length - 1) return;
    points.push({ first_second: highestIn(slot), chosen: part(seen.chosen, chosen), whole: part(seen.whole, whole) });
  });
  return points;
}

// density are the shares of operations by steps of a quarter of a doubling.
function density(chosen, whole) {
  const [a, b] = [bins(chosen), bins(whole)];
  const found = [...a.keys(), ...b.keys()];
  if (found.length === 0) return [];
  const points = [];
  for (let bin = Math.min(...found); bin <= Math.max(...found); bin++) {
    points.push({ first_second: 2 ** ((bin + 0.5) / PER_DOUBLING), chosen: part(a.get(bin) ?? 0, chosen), whole: part(b.get(bin) ?? 0, whole) });
  }
  return points;
}

function part(n, hist) {
  return hist.count ? n / hist.count : null;
}

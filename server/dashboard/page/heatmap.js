import { colour, decades, STEPS } from "./chart.js";
import { h, number, rows, text } from "./dom.js";
import { clockSpan, latency } from "./format.js";
import { highestIn, lowestIn } from "./hist.js";

const HEIGHT = 220, LEFT = 64, RIGHT = 20, BOTTOM = 22; // as charts have them
const PER_DOUBLING = 4; // rows of the map

// A Heatmap shows how response times were spread, window by window: the darker, the more of a window's operations took
// that long. A range of time can be chosen in it.
export class Heatmap {
  constructor(chosen) {
    this.chosen = chosen;
    this.windows = [];
    this.range = null; // [from, to] in seconds
    this.finding = h("p.finding");
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.plot = h("div.plot.heat", {}, this.canvas);
    this.rows = h("tbody");
    const heads = ["from", "to", "operations", "p50", "p95", "p99"].map((name) => h("th", { scope: "col" }, name));
    this.e = h("figure.chart", {}, h("figcaption", {}, h("h3", {}, "Response times over time"), this.finding), this.plot,
      h("div.unseen", {}, h("table", {}, h("caption", {}, "Response times over time"), h("thead", {}, h("tr", {}, heads)), this.rows)));
    this.sized = new ResizeObserver(() => this.render());
    this.sized.observe(this.plot);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => this.render();
    this.scheme.addEventListener("change", this.recolour);
    this.canvas.addEventListener("pointerdown", (event) => this.drag(event));
    this.canvas.addEventListener("dblclick", () => this.chosen(null));
  }

  close() {
    this.sized.disconnect();
    this.scheme.removeEventListener("change", this.recolour);
  }

  // draw shows windows; range is what is chosen of them, extent the seconds from and to which the time axis goes at least,
  // none says why there are no windows.
  draw(windows, range, extent, none) {
    this.windows = windows;
    this.range = range;
    this.extent = extent;
    const between = (p) => {
      const all = windows.map((w) => w.hist.quantile(p, 100));
      const [least, most] = [latency(Math.min(...all)), latency(Math.max(...all))];
      return least === most ? `at ${least}` : `between ${least} and ${most}`;
    };
    text(this.finding, windows.length === 0 ? none
      : `the median lies ${between(50)}, p99 ${between(99)}`);
    const every = Math.max(1, Math.ceil(windows.length / 24));
    rows(this.rows, windows.filter((_, i) => i % every === 0).map((w) => [clockSpan(w.from), clockSpan(w.to + 1), number(w.hist.count),
      ...[50, 95, 99].map((p) => number(latency(w.hist.quantile(p, 100))))]));
    this.render();
  }

  render() {
    const width = this.plot.clientWidth, ratio = devicePixelRatio;
    if (width === 0) return;
    this.canvas.width = width * ratio;
    this.canvas.height = HEIGHT * ratio;
    const ctx = this.canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.clearRect(0, 0, width, HEIGHT);
    if (this.windows.length === 0) return;
    this.from = Math.min(this.windows[0].from, this.extent?.[0] ?? Infinity);
    this.to = Math.max(this.windows.at(-1).to + 1, this.extent?.[1] ?? 0);
    this.low = Math.floor(Math.log2(Math.min(...this.windows.map((w) => w.hist.min))) * PER_DOUBLING) / PER_DOUBLING;
    this.high = Math.ceil(Math.log2(Math.max(...this.windows.map((w) => w.hist.max)) + 1) * PER_DOUBLING) / PER_DOUBLING;
    this.x = (s) => LEFT + (s - this.from) / (this.to - this.from) * (width - LEFT - RIGHT);
    const y = (log) => HEIGHT - BOTTOM - (log - this.low) / Math.max(this.high - this.low, 1 / PER_DOUBLING) * (HEIGHT - BOTTOM - 8);
    ctx.fillStyle = colour("accent");
    for (const w of this.windows) {
      const left = this.x(w.from), wide = Math.max(1, this.x(w.to + 1) - left - (this.windows.length < 100 ? 1 : 0));
      for (const [bin, n] of bins(w.hist)) {
        ctx.globalAlpha = 0.06 + 0.94 * Math.sqrt(n / w.hist.count);
        const top = y((bin + 1) / PER_DOUBLING);
        ctx.fillRect(left, top, wide, y(bin / PER_DOUBLING) - top - 0.5);
      }
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour("muted");
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "right";
    for (const us of decades(2 ** this.low, 2 ** this.high)) ctx.fillText(latency(us), LEFT - 8, y(Math.log2(us)) + 4);
    ctx.textAlign = "center";
    const step = STEPS.find((s) => (this.to - this.from) / s <= width / 90) ?? STEPS.at(-1);
    for (let s = Math.ceil(this.from / step) * step; s <= this.to; s += step) {
      const label = clockSpan(s);
      ctx.fillText(label, Math.min(this.x(s), width - ctx.measureText(label).width / 2), HEIGHT - 4);
    }
    if (!this.range) return;
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(this.x(this.range[0]), 6, this.x(this.range[1]) - this.x(this.range[0]), HEIGHT - BOTTOM - 8);
  }

  // drag chooses a range, from window to window.
  drag(event) {
    if (!this.x) return;
    const second = (e) => {
      const share = (e.clientX - this.canvas.getBoundingClientRect().left - LEFT) / (this.plot.clientWidth - LEFT - RIGHT);
      return Math.max(this.from, Math.min(this.to, this.from + share * (this.to - this.from)));
    };
    const start = second(event);
    this.canvas.setPointerCapture(event.pointerId);
    const move = (e) => this.chosen([Math.min(start, second(e)), Math.max(start, second(e))]);
    const up = (e) => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", up);
      move(e);
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", up);
  }
}

// noWindows says why there is no histogram of a run to show.
export function noWindows(store) {
  if (!store.ended) return "no window of ten seconds is over yet";
  if (store.spreading > 0) return "reading what was stored";
  return store.result?.workloads.at(-1).planned > 0 ? "nothing was done while it was measured" : "nothing was measured";
}

// bins are the counts of a histogram by steps of a quarter of a doubling.
export function bins(hist) {
  const found = new Map();
  for (const slot of hist.slots()) {
    const middle = (lowestIn(slot) + highestIn(slot)) / 2;
    const bin = Math.floor(Math.log2(Math.max(middle, 1)) * PER_DOUBLING);
    found.set(bin, (found.get(bin) ?? 0) + hist.counts.get(slot));
  }
  return found;
}

export { PER_DOUBLING };

import { fromBase64, Hist } from "./hist.js";

// Windows are histograms of response times over adjacent seconds of one phase. A window takes the place of those within it:
// late reports correct them, and old ones are merged. Those that remain add up to the whole.
export class Windows {
  constructor(changed) {
    this.changed = changed;
    this.clear();
  }

  clear() {
    this.list = []; // {phase, from, to, hist}, hist is null until it is decoded
    this.version = 0;
    this.sums = new Map();
  }

  // put adds a window; it is decoded, and shown, when the promise that it returns is kept.
  put(phase, from, to, base64) {
    this.list = this.list.filter((w) => w.phase !== phase || w.from < from || w.to > to);
    const window = { phase, from, to, hist: null };
    this.list.push(window);
    this.list.sort((a, b) => a.from - b.from);
    return Hist.decode(fromBase64(base64)).then((hist) => {
      window.hist = hist;
      this.version++;
      this.sums.clear();
      this.changed();
    });
  }

  // within are the windows of a phase, or of all, that lie in a range of seconds, both included.
  within(phase = null, from = -Infinity, to = Infinity) {
    return this.list.filter((w) => w.hist && (!phase || w.phase === phase) && w.from >= from && w.to <= to);
  }

  // sum is the exact sum of those windows.
  sum(phase, from, to) {
    const key = `${phase} ${from} ${to}`;
    if (!this.sums.has(key)) this.sums.set(key, Hist.merged(this.within(phase, from, to).map((w) => w.hist)));
    return this.sums.get(key);
  }
}

// together adds the windows of several workloads, span by span.
export function together(all) {
  const spans = new Map();
  for (const windows of all) {
    for (const w of windows.within()) {
      const key = `${w.phase} ${w.from} ${w.to}`;
      if (!spans.has(key)) spans.set(key, { phase: w.phase, from: w.from, to: w.to, hist: new Hist() });
      spans.get(key).hist.merge(w.hist);
    }
  }
  return [...spans.values()].sort((a, b) => a.from - b.from);
}

// How long what the workers report takes to the screen, measured where it ends: from the instant at which workers cut their
// counters, which is before they send anything, until the browser has painted the frame that shows them. A correction has
// no such instant, for it shows a report that came late; it counts from when the server made its frame, which is when that
// report was taken in. The clocks are the server's and the browser's: on one machine they are one.
//
// Each is a performance.measure named NAME, whose detail says how much of it passed before the server made the frame; the
// newest ones are there, KEPT of them at most.

import { warmupSeconds } from "./store.js";

const NAME = "report painted";
const KEPT = 600;

// Delays is the frames that wait for their paint.
export class Delays {
  constructor() {
    this.waiting = [];
    this.measured = 0;
  }

  // take has a frame that the page has just got measured, if it shows a report.
  take(frame, store) {
    if (frame.t !== "d" || frame.s < 0 || frame.draining || frame.ts <= store.since || document.hidden) return;
    const cut = frame.corrected ? frame.ts : endOf(frame.s, store.timeline);
    if (cut !== null) this.waiting.push({ second: frame.s, corrected: frame.corrected === true, cut, made: frame.ts });
  }

  // drop forgets those whose paint is put off on purpose.
  drop() {
    this.waiting = [];
  }

  // drawn measures what waits once the browser has painted what was just drawn: it asks for a frame after the one that it is in.
  drawn() {
    if (this.waiting.length === 0) return;
    const waiting = this.waiting;
    this.waiting = [];
    requestAnimationFrame(() => {
      const painted = performance.now();
      for (const w of waiting) this.measure(w, painted);
    });
  }

  measure({ second, corrected, cut, made }, painted) {
    if (this.measured++ % KEPT === 0) performance.clearMeasures(NAME); // or a page that is open for days keeps all
    performance.measure(NAME, { start: cut - performance.timeOrigin, end: painted, detail: { second, corrected, server: made - cut } });
  }
}

// endOf is when a second was over, on the server's wall clock in ms; null where there is no time line.
function endOf(second, timeline) {
  if (!timeline) return null;
  const warm = warmupSeconds(timeline);
  const us = second + 1 < warm ? (second + 1) * 1e6 : timeline.warmup_us + (second + 1 - warm) * 1e6;
  return Date.parse(timeline.t0) + Math.min(us, timeline.end_us || Infinity) / 1000;
}

import { h, text } from "./dom.js";
import { span } from "./format.js";
import { rankOf } from "./store.js";

const PHASES = ["PREPARING", "WARMUP", "MEASUREMENT", "PROCESSING", "COMPLETED"];

// A Rail is the phases of a run, with how much of each has passed. Time is the server's: from its time line and its stamps.
export class Rail {
  constructor() {
    this.steps = PHASES.map((phase) => {
      const bar = h("progress", { max: "1", value: "0", "aria-label": phase });
      const left = h("span.left");
      return { phase, bar, left, e: h("li", {}, h("span.phase", {}, phase), left, bar) };
    });
    this.e = h("ol.rail", { "aria-label": "phases" }, this.steps.map((s) => s.e));
  }

  draw(store) {
    const { run, timeline } = store;
    const done = store.ended && run.status === "COMPLETED";
    const since = timeline && store.now() !== null ? (store.now() - Date.parse(timeline.t0)) / 1000 : null;
    for (const step of this.steps) {
      const here = rankOf(run.phase), mine = rankOf(step.phase);
      const state = done || mine < here ? "past" : mine > here ? "ahead" : store.ended ? "broken" : "here";
      step.e.className = state;
      if (state === "here") step.e.setAttribute("aria-current", "step");
      else step.e.removeAttribute("aria-current");
      const [from, to] = borders(step.phase, timeline);
      const length = to - from;
      let share = state === "past" ? 1 : 0, left = length > 0 ? span(length) : "";
      if (state === "here" && since !== null && length > 0) {
        share = Math.min(1, Math.max(0, (since - from) / length));
        left = `${span(Math.max(0, Math.ceil(to - since)))} left of ${span(length)}`;
      }
      if (step.phase === "WARMUP" && timeline && length === 0) left = "none";
      if (state === "broken") left = `${run.status} here`;
      step.bar.value = share;
      text(step.left, left);
    }
  }
}

// borders are the first and last second of a phase since t0; both 0 where the time line does not say.
function borders(phase, timeline) {
  if (!timeline) return [0, 0];
  const warm = timeline.warmup_us / 1e6, end = timeline.end_us / 1e6;
  if (phase === "WARMUP") return [0, warm];
  return phase === "MEASUREMENT" && end > 0 ? [warm, end] : [0, 0];
}

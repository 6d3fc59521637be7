import { Chart } from "./chart.js";
import { h, number, rows, show, table, text } from "./dom.js";
import { clockSpan, count, digits, latency, percent, plural } from "./format.js";

// What the target says itself, where it says anything: its warehouse while the run went on, and afterwards where the time of
// statements went and what it cost.

// warehouseChart draws the samples of a warehouse. It is hidden where the target has none.
export function warehouseChart(group) {
  const chart = new Chart({
    title: "Warehouse", group, whole: true, format: (v) => count(v),
    lines: [
      { label: "clusters", colour: "muted", dash: [4, 3], value: (r) => r.clusters },
      { label: "running", colour: "accent", width: 2, value: (r) => r.running },
      { label: "queued", colour: "fail", width: 2, dash: [2, 2], value: (r) => r.queued },
    ],
  });
  chart.take = ({ samples }) => {
    show(chart.e, samples.length > 0);
    if (samples.length === 0) return;
    const taken = samples.map(({ elapsed_us: at, warehouse: w }) => ({ first_second: at / 1e6, clusters: w.started_clusters, running: w.running, queued: w.queued }));
    const most = taken.reduce((a, b) => (b.queued > a.queued ? b : a));
    const queued = most.queued > 0 ? `at most ${plural(most.queued, "statement")} queued, at ${clockSpan(most.first_second)}` : "no statement queued";
    chart.draw(taken, `${queued}; ${plural(samples.length, "sample")}, statements of anybody`);
  };
  return chart;
}

export class Target {
  constructor() {
    this.facts = h("dl.facts");
    this.split = table("Where the time of the mean operation went",
      ["workload", ">service", ">client and network", ">queued", ">compiled", ">executed", ">blocked", ">other", ">told of"]);
    this.waits = table("What sessions were at", ["state", "waits for", ">sessions", ">share of those not idle"]);
    this.note = h("p.note");
    this.e = h("section", {}, h("h2", {}, "The target's side"), this.facts, this.split.e, this.waits.e, this.note);
  }

  draw({ side, samples, spent }) {
    const facts = { ...warehouse(samples.at(-1)?.warehouse), ...(side?.cost ? credits(side.cost) : soFar(spent)) };
    const asked = side !== null && side.reason !== "no_record";
    show(this.e, Object.keys(facts).length > 0 || asked);
    if (this.told !== JSON.stringify(facts)) {
      this.facts.replaceChildren(...Object.entries(facts).map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v))));
    }
    this.told = JSON.stringify(facts);
    const split = (side?.workloads ?? []).filter((w) => w.split);
    show(this.split.e, split.length > 0);
    rows(this.split.body, split.map(({ workload, coverage, split: s }) => [workload || "all",
      ...[s.service_us, s.client_us, s.queued_us, s.compile_us, s.execute_us, s.blocked_us, s.other_us].map((us) => number(latency(us))), number(percent(coverage))]));
    const waits = side?.waits ?? [];
    show(this.waits.e, waits.length > 0);
    rows(this.waits.body, waits.map((w) => [w.state, [w.type, w.event].filter(Boolean).join(": ") || "nothing", number(digits(w.sessions, 3)), number(percent(w.share))]));
    const notes = [side?.detail, ...(side?.workloads ?? []).map((w) => w.why && `${w.workload || "all"}: ${w.why}`), ...(side?.notes ?? []), ...(side?.cost?.notes ?? [])];
    text(this.note, notes.filter(Boolean).join("; "));
  }
}

function warehouse(w) {
  if (!w) return {};
  return {
    warehouse: `${w.name}, ${w.size}`, state: w.state, clusters: `${w.started_clusters} of ${w.min_clusters} to ${w.max_clusters}`,
    running: count(w.running), queued: count(w.queued),
  };
}

// soFar is what a run has cost that goes on.
function soFar(cost) {
  if (!cost) return {};
  return { "credits so far": cost.why ? `not known: ${cost.why}` : `about ${digits(cost.billed_credits, 3)}, at ${digits(cost.credits_per_hour, 3)} per hour and cluster` };
}

// credits is what a run cost.
function credits(cost) {
  if (cost.why) return { credits: `not known: ${cost.why}` };
  const facts = {}, each = (x) => (x === undefined ? "" : `, ${digits(x, 3)} per 1,000 operations`);
  if (cost.steady_credits !== undefined) facts["steady credits, estimated"] = digits(cost.steady_credits, 3) + each(cost.steady_credits_per_1000_operations);
  if (cost.billed_credits !== undefined) facts["billed credits, estimated"] = digits(cost.billed_credits, 3) + each(cost.billed_credits_per_1000_operations);
  if (cost.metered_credits !== undefined) facts["credits metered, of everybody"] = digits(cost.metered_credits, 3);
  facts["rates as of"] = cost.rates_as_of;
  return facts;
}

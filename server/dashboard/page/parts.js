import { h, mark, number, rows, show, table, text, wide } from "./dom.js";
import { bytes, count, figure, latency, measure, moment, percent, plural, rate, span, timeOfDay } from "./format.js";
import { limits, sloName, slosOf } from "./slo.js";
import { mostConnections } from "./store.js";

// The parts of a run's screen. Each has an element e, and draws what a store has.

function section(title, ...content) {
  return h("section", {}, h("h2", {}, title), content);
}

export class SLOs {
  constructor() {
    this.table = table("SLOs", ["SLO", "metric", ">limit", ">value", ">margin", ">n", "verdict"]);
    this.note = h("p.note");
    this.e = section("SLOs", this.table.e, this.note);
  }

  draw(store) {
    const slos = slosOf(store);
    show(this.e, slos.length > 0);
    text(this.note, store.result ? ""
      : "So far; the verdict is given when the run has ended. Latencies are of windows of ten seconds that are over.");
    rows(this.table.body, slos.map((s) => [
      sloName(s), s.metric, number(limits(s)), number(measure(s.metric, s.value)),
      { text: percent(s.margin), class: s.margin < 0 ? "number bad" : "number" }, number(count(s.n)),
      h("span", {}, mark(s.verdict || "idle", verdict(s, store)), s.why ? h("span.why", {}, " " + s.why) : ""),
    ]));
  }
}

function verdict(slo, store) {
  if (!slo.verdict) return "–";
  return store.result ? slo.verdict : slo.verdict + " so far";
}

// Levels are the numbers of this moment, or of the whole run when it is over.
export class Levels {
  constructor() {
    this.e = h("dl.levels", { "aria-label": "levels" });
    this.tiles = new Map();
  }

  draw(store) {
    for (const [name, value, unit, why] of store.result ? overall(store.result) : atPresent(store)) {
      if (!this.tiles.has(name)) {
        const tile = { value: h("span"), unit: h("small"), why: h("span.why") };
        tile.e = h("div", {}, h("dt", {}, name), h("dd", {}, tile.value, " ", tile.unit, tile.why));
        this.tiles.set(name, tile);
      }
      const tile = this.tiles.get(name);
      text(tile.value, value);
      text(tile.unit, unit);
      text(tile.why, why ?? "");
      this.next = [...(this.next ?? []), tile.e];
    }
    const same = this.next.length === this.e.children.length && this.next.every((e, i) => e === this.e.children[i]);
    if (!same) this.e.replaceChildren(...this.next);
    this.next = null;
  }
}

function atPresent(store) {
  const now = store.of("").last, sum = store.of("").sums();
  const idle = !now || store.data?.draining || store.data?.s < 0;
  const why = idle ? store.data?.why || "" : now.done === 0 ? store.data?.why || "" : "";
  return [
    ["Completed", idle ? "0" : rate(now.done), "/s", why],
    ["Offered", idle ? "0" : rate(now.planned), "/s"],
    ["Started", idle ? "0" : rate(started(store.of("").rows())), "/s"],
    ["Errors", idle ? "0" : rate(now.errors), "/s", sum.errors ? `${count(sum.errors)} so far` : ""],
    ["In flight", count(now?.in_flight_max ?? 0), "", now?.oldest_max_us ? `oldest ${latency(now.oldest_max_us)}` : ""],
    ["Response p95", latency(now?.p95_max_us), ""],
    ["Operations", count(sum.done), "so far"],
  ];
}

// started is how many operations were begun in the newest second: those that ended in it, and those in flight that were not
// before it. Null where the second before is not known.
function started(rows) {
  const [before, now] = rows.slice(-2).length === 2 ? rows.slice(-2) : [null, rows[0]];
  if (before ? before.seconds > 1 || before.first_second + 1 !== now.first_second : now.first_second !== 0) return null;
  return now.done + now.errors + (now.in_flight_max ?? 0) - (before?.in_flight_max ?? 0);
}

function overall(result) {
  const all = result.workloads.at(-1);
  const others = finished(all) === all.done + failed(all) ? ""
    : `${count(all.indoubt)} in doubt, ${count(all.censored)} censored, ${count(all.skipped)} skipped`;
  return [
    ["Completed", rate(all.throughput_ops), "/s"],
    ["Operations", count(all.done), `of ${count(all.planned)} planned`],
    ["Errors", count(failed(all)), "failed", others],
    ["Response p50", figure(all.response, "p50"), ""],
    ["Response p95", figure(all.response, "p95"), ""],
    ["Response p99", figure(all.response, "p99"), ""],
    ["Measured", span(result.window_us / 1e6), result.validity === "VALID" ? "" : result.validity],
  ];
}

// finished is how many operations have an outcome.
function finished(w) {
  return w.done + failed(w) + w.indoubt + w.censored + w.skipped;
}

function failed(w) {
  return w.failed.reduce((a, b) => a + b, 0);
}

const LATENCIES = ["p50", "p90", "p95", "p99", "p99.9", "max", "mean"];

export class Results {
  constructor() {
    this.table = table("Result by workload",
      ["workload", ">ops", ">ops/s", ">errors", ...LATENCIES.map((name) => ">" + name), ">service p95"]);
    this.notes = h("ul.notes");
    this.e = section("Result", this.table.e, this.notes);
  }

  draw({ result }) {
    show(this.e, result !== null);
    if (!result) return;
    rows(this.table.body, result.workloads.map((w) => [w.workload || "all", number(count(finished(w))), number(rate(w.throughput_ops)),
      number(count(finished(w) - w.done)), ...LATENCIES.map((name) => number(figure(w.response, name))), number(figure(w.service, "p95"))]));
    const notes = [...(result.notes ?? [])];
    const all = result.workloads.at(-1);
    notes.unshift(`Ledger: planned ${count(all.planned)} = done ${count(all.done)} + failed ${count(failed(all))} + ` +
      `indoubt ${count(all.indoubt)} + censored ${count(all.censored)} + skipped ${count(all.skipped)}.`);
    if (this.noted !== notes.join()) this.notes.replaceChildren(...notes.map((n) => h("li", {}, n)));
    this.noted = notes.join();
  }
}

// Findings are what the checks of the doctor see while the run goes on.
export class Findings {
  constructor() {
    this.table = table("Findings", ["check", "outcome", "what"]);
    this.e = section("Findings", this.table.e);
  }

  draw(store) {
    const found = store.ended ? [] : store.found;
    show(this.e, found.length > 0);
    rows(this.table.body, found.map((f) => [f.code, mark(f.outcome), wide(f.subject ? `${f.subject}: ${f.reason}` : f.reason)]));
  }
}

export class Errors {
  constructor() {
    this.table = table("Errors by class", ["class", ">count", "an example"]);
    this.e = section("Errors", this.table.e);
  }

  draw(store) {
    const all = store.result?.workloads.at(-1).errors ?? [];
    const lines = store.result ? all.map((e) => [e.class, number(count(e.count)), wide(e.example ?? "")]) : listed(store.executions);
    show(this.e, lines.length > 0);
    rows(this.table.body, lines);
  }
}

// listed counts the errors that workers told in full, which are bounded; the count of all is among the levels.
function listed(executions) {
  const classes = new Map();
  for (const x of executions) {
    if (x.why !== "error") continue;
    const c = classes.get(x.class) ?? { n: 0, example: x.error };
    c.n++;
    classes.set(x.class, c);
  }
  return [...classes].map(([name, c]) => [name, number(count(c.n) + " listed"), wide(c.example ?? "")]);
}

const WORKER_KINDS = { READY: "live", RUNNING: "live", DRAINING: "live", COMPLETED: "pass", STALE: "warn", DEAD: "fail" };

export class Workers {
  constructor() {
    this.table = table("Workers", ["worker", "status", "stage", ">connections", ">done of offered", ">operations late by", ">reports late by",
      ">errors", ">clock known to", ">CPU", ">memory", "host", "last heard"]);
    this.note = h("p.note", {}, "Operations late by: p99 of how long after it was due an operation was taken up, in the newest second. " +
      "Reports late by: from the end of a second until the server had it.");
    this.e = section("Workers", this.table.e, this.note);
    this.e.className = "workers";
  }

  draw({ workers, ended }) {
    show(this.e, workers.length > 0);
    show(this.note, !ended);
    this.e.classList.toggle("over", ended);
    rows(this.table.body, workers.map((w) => [
      w.worker, mark(WORKER_KINDS[w.status] ?? "idle", w.status), wide(w.last_error ? `${w.stage}: ${w.last_error}` : w.stage),
      number(count(w.connections)), ...pace(w.live),
      number(count(w.error_count)), number("± " + latency(w.error_ns / 1e3)), number(percent(w.cpu_percent / 100)),
      number(bytes(w.memory_bytes)), w.host ? `${w.host} pid ${w.pid}` : "–", timeOfDay(w.last_heartbeat),
    ]));
  }
}

// pace is how well a worker does what it should: what it has done of what was offered, and what is late. Only the server that
// drives the run knows.
function pace(live) {
  if (!live || live.reports === 0) return ["–", "–", "–"].map(number);
  const offered = live.planned - live.in_flight;
  return [offered > 0 ? percent(live.done / offered) : "–", latency(1000 * live.pace_lag_ms), latency(1000 * live.lag_ms)].map(number);
}

export class Events {
  constructor() {
    this.table = table("Events", ["time", "what", "message"]);
    this.e = section("Events", this.table.e);
  }

  draw({ events }) {
    rows(this.table.body, events.toReversed().slice(0, 200).map((e) => [
      timeOfDay(e.effective_at ?? e.created_at), mark({ warn: "warn", error: "fail" }[e.severity] ?? "idle", e.type), wide(e.message),
    ]));
  }
}

// Spec is what was asked for.
export class Spec {
  constructor() {
    this.facts = h("dl.facts");
    this.source = h("pre", { tabindex: "0", "aria-label": "text of the spec" });
    this.e = section("Spec", this.facts, h("details", {}, h("summary", {}, "The text of the spec"), this.source));
  }

  draw({ run, plan }) {
    if (this.drawn || !plan) return;
    this.drawn = true;
    const labels = Object.entries(run.labels ?? {}).map(([k, v]) => `${k}=${v}`);
    const facts = {
      target: plan.target.kind,
      load: plan.groups.map(({ load }) => `${load.model}, ${plural(mostConnections(load), "connection")}`).join("; "),
      fleet: `${plan.fleet.kind}, ${plural(plan.fleet.workers, "worker")}`,
      warmup: plan.warmup, duration: plan.iterations ? plural(plan.iterations, "iteration") : plan.duration, created: moment(run.created_at),
      labels: labels.join(" ") || "–", "plan hash": run.plan_hash.slice(0, 12), seed: Number.isSafeInteger(plan.seed) ? String(plan.seed) : "in the text",
    };
    this.facts.replaceChildren(...Object.entries(facts).map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v))));
    text(this.source, plan.source?.text || "not stored");
  }
}

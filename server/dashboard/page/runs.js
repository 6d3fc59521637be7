import { about, get, of } from "./api.js";
import { h, mark, rows, show, svg, table, text } from "./dom.js";
import { figure, moment, rate, span } from "./format.js";
import { forget, paint } from "./paint.js";
import { shell } from "./shell.js";
import { terminal } from "./store.js";

const EVERY = 3000; // ms between two looks at the list
const MOST = 5; // runs that can be compared at once

// runsScreen lists all runs, newest first. Its filter stands in the address.
export async function runsScreen() {
  const screen = new Screen();
  await screen.open();
  return screen;
}

class Screen {
  constructor() {
    this.draw = () => this.paint();
    this.runs = [];
    this.next = "";
    this.chosen = new Set();
    this.sparks = new Map(); // by run
    this.queue = [];
  }

  async open() {
    await this.load();
    const query = new URLSearchParams(location.search).get("q") ?? "";
    this.filter = h("input", {
      type: "search", value: query, placeholder: "name, label=value, verdict", "aria-label": "filter", "aria-keyshortcuts": "/",
      input: () => this.filtered(),
    });
    this.compare = h("a.button", { href: "#", hidden: true });
    this.more = h("button", { type: "button", click: () => this.older() }, "Older runs");
    this.count = h("p.note");
    this.table = table("Runs", ["compare", "run", "status", "labels", "when", ">length", ">throughput", "over time", ">p95", "over time "]);
    this.none = h("p", {}, "There is no run yet. ", h("code", {}, "bench apply FILE"), " starts one.");
    this.shell = shell({ title: "Runs", here: "Runs" }, h("h1", {}, "Runs"),
      h("div.bar", {}, this.filter, this.compare, this.count), this.none, this.table.e, this.more);
    this.keys = (event) => this.key(event);
    document.addEventListener("keydown", this.keys);
    this.timer = setInterval(() => { if (!document.hidden) this.load().then(() => paint(this.draw), () => {}); }, EVERY);
    this.paint();
  }

  close() {
    clearInterval(this.timer);
    forget(this.draw);
    document.removeEventListener("keydown", this.keys);
  }

  // load reads the newest runs again; older ones that were asked for have ended and stay.
  async load() {
    const page = await get("/api/runs?limit=50");
    const oldest = page.runs.at(-1)?.id ?? "";
    const older = this.runs.filter((r) => r.id < oldest);
    if (older.length === 0) this.next = page.next ?? "";
    this.runs = [...page.runs, ...older];
  }

  async older() {
    const page = await get(of("/api/runs", { limit: 50, before: this.next }));
    this.runs.push(...page.runs);
    this.next = page.next ?? "";
    this.paint();
  }

  filtered() {
    const url = new URL(location.href);
    if (this.filter.value) url.searchParams.set("q", this.filter.value);
    else url.searchParams.delete("q");
    history.replaceState(null, "", url);
    paint(this.draw);
  }

  key(event) {
    if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
    event.preventDefault();
    this.filter.focus();
  }

  paint() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = this.runs.filter((r) => words.every((w) => haystack(r).includes(w)));
    show(this.none, this.runs.length === 0);
    show(this.table.e, this.runs.length > 0);
    show(this.more, this.next !== "");
    text(this.count, words.length ? `${shown.length} of ${this.runs.length} runs` : "");
    for (const run of shown) this.spark(run);
    rows(this.table.body, shown.map((run) => this.line(run)));
    this.body ??= this.table.body.addEventListener("change", (event) => this.choose(event.target)) ?? true;
  }

  line(run) {
    const spark = this.sparks.get(run.id) ?? {};
    const box = h("input", { type: "checkbox", value: run.id, "aria-label": `compare ${run.name} ${run.id}`, checked: this.chosen.has(run.id) });
    const began = run.start_time ?? run.created_at;
    const length = terminal(run.status) && run.end_time ? span((Date.parse(run.end_time) - Date.parse(began)) / 1000) : "";
    return [box, h("span", {}, h("a", { href: "/runs/" + run.id }, run.name), " ", h("small", {}, run.id)), standing(run),
      Object.entries(run.labels ?? {}).map(([k, v]) => `${k}=${v}`).join(" "), moment(run.created_at), { text: length, class: "number" },
      { text: spark.throughput ?? "", class: "number" }, spark.done ?? "", { text: spark.p95 ?? "", class: "number" }, spark.tail ?? ""];
  }

  choose(box) {
    if (box.checked) this.chosen.add(box.value);
    else this.chosen.delete(box.value);
    const ids = [...this.chosen].sort();
    const fits = ids.length >= 2 && ids.length <= MOST;
    show(this.compare, ids.length >= 2);
    text(this.compare, fits ? `Compare ${ids.length} runs` : `At most ${MOST} runs can be compared`);
    if (fits) this.compare.setAttribute("href", "/compare?runs=" + ids.join(","));
    else this.compare.removeAttribute("href");
  }

  // spark reads what is drawn small of a run; of one that has ended only once, and of two runs at a time.
  spark(run) {
    const known = this.sparks.get(run.id);
    if (known?.status === run.status && (terminal(run.status) || performance.now() - known.at < EVERY)) return;
    this.sparks.set(run.id, { ...known, status: run.status, at: performance.now() });
    this.queue.push(run);
    if (!this.working) this.working = Promise.all([this.work(), this.work()]).then(() => { this.working = null; });
  }

  async work() {
    for (let run; (run = this.queue.shift());) {
      const [chart, result] = await Promise.all([
        get(of(about(run.id) + "/chart", { workload: "", buckets: 60 })).catch(() => null),
        terminal(run.status) ? get(about(run.id) + "/results").catch(() => null) : null]);
      const all = result?.workloads?.at(-1);
      const spark = this.sparks.get(run.id);
      if (chart) {
        const at = (name) => chart.columns.indexOf(name);
        const [seconds, done, p95] = [at("seconds"), at("done"), at("p95_max_us")];
        spark.done = sparkline(chart.rows.map((r) => r[done] / r[seconds]));
        spark.tail = sparkline(chart.rows.map((r) => r[p95]));
      }
      spark.throughput = all ? rate(all.throughput_ops) + "/s" : "";
      spark.p95 = all?.response.n ? figure(all.response, "p95") : "";
      paint(this.draw);
    }
  }
}

// haystack is what a filter looks through.
function haystack(run) {
  const labels = Object.entries(run.labels ?? {}).map(([k, v]) => `${k}=${v}`);
  return [run.name, run.id, run.status, run.phase, run.verdict ?? "", ...labels].join(" ").toLowerCase();
}

// standing is the verdict, or why there is none.
function standing(run) {
  if (!terminal(run.status)) return mark("live", `${run.status} ${run.phase}`);
  if (run.status !== "COMPLETED") return mark("fail", `${run.status}: ${run.stop_reason ?? ""}`);
  return mark(run.verdict || "undetermined", run.verdict || "no verdict");
}

const WIDTH = 120, HEIGHT = 24;

// sparkline draws values small; what is not there is a gap.
function sparkline(values) {
  const known = values.filter((v) => v !== null);
  if (known.length < 2) return "";
  const most = Math.max(...known, 1);
  let path = "", pen = "M";
  values.forEach((v, i) => {
    if (v === null) { pen = "M"; return; }
    path += `${pen}${(i / (values.length - 1) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - v / most * (HEIGHT - 4)).toFixed(1)}`;
    pen = "L";
  });
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" }, svg("path", { d: path }));
}

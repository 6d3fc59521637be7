import { Chart, Group } from "./chart.js";
import { h, mark, number, rows, table } from "./dom.js";
import { count, figure, latency, percent, plural, rate, span } from "./format.js";
import { paint } from "./paint.js";
import { link, picker, shell } from "./shell.js";
import { mostConnections, Store, warmupSeconds } from "./store.js";

const LETTERS = "ABCDE";

// STYLES tell the runs apart, by more than colour.
const STYLES = [
  { colour: "accent", width: 2 }, { colour: "ink", dash: [6, 3] }, { colour: "muted", width: 2 },
  { colour: "accent", dash: [2, 2] }, { colour: "ink", dash: [1, 3] },
];

// compareScreen lays runs over each other, from the start of MEASUREMENT of each. The first is what others are held against.
export async function compareScreen(ids) {
  const stores = ids.slice(0, STYLES.length).map((id) => new Store(id, () => { if (draw) paint(draw); }));
  let draw = null;
  if (stores.length < 2) {
    shell({ title: "Compare" }, h("h1", {}, "Compare"), h("p", {}, "Choose two to five runs ", h("a", { href: "/" }, "in the list"), "."));
    return { close() {} };
  }
  await Promise.all(stores.map((s) => s.open()));
  await Promise.all(stores.map((s) => s.loadWorkload("")));
  const names = stores.map((s, i) => `${LETTERS[i]} ${s.run.name}`);
  const shared = stores[0].workloads.filter((w) => stores.every((s) => s.workloads.includes(w)));
  const choose = picker(shared.length > 1 ? shared : [], (w) => Promise.all(stores.map((s) => s.loadWorkload(w))).then(() => draw()));
  const heads = table("Results side by side", ["what", ...names.map((n) => ">" + n)]);
  const group = new Group();
  const chart = (title, format, log, value) => {
    const lines = stores.map((_, i) => ({ label: names[i], ...STYLES[i], gaps: true, value: (r) => r[i] }));
    const c = new Chart({ title, format, log, group, tick: (v) => format(v).replace(".0/s", "/s"), lines });
    c.take = () => {
      const points = aligned(stores, choose.value(), value);
      const medians = stores.map((_, i) => `${LETTERS[i]} ${format(middle(points.map((p) => p[i])))}`);
      c.draw(points, medians.join(", ") + " in the median second of MEASUREMENT");
    };
    return c;
  };
  const charts = [
    chart("Throughput", (v) => rate(v) + "/s", false, (r) => r.done / r.seconds),
    chart("Response p95", latency, true, (r) => r.p95_max_us),
    chart("Response p99", latency, true, (r) => r.p99_max_us),
  ];
  const changes = stores.slice(1).map((s, i) => h("section", {},
    h("h2", {}, `Spec: ${names[0]} → ${names[i + 1]}`), difference(stores[0].plan, s.plan)));
  shell({ title: "Compare" }, h("h1", {}, "Compare"),
    h("ul.counts", {}, stores.map((s, i) => h("li", {}, h("a", { href: link("/runs/" + s.id) }, names[i]), " ", h("small", {}, s.id)))),
    heads.e, h("p.note", {}, "Against A. One run each says nothing about chance: repeat both before you believe a small difference."),
    h("section", {}, h("div.bar", {}, h("h2", {}, "From the start of MEASUREMENT"), choose.e), h("div.charts", {}, charts.map((c) => c.e))), changes);
  draw = () => {
    rows(heads.body, lines(stores, choose.value()));
    for (const c of charts) c.take();
  };
  draw();
  return {
    close() {
      for (const s of stores) s.close();
      for (const c of charts) c.close();
    },
  };
}

function lines(stores, workload) {
  const results = stores.map((s) => s.result?.workloads.find((w) => w.workload === workload) ?? null);
  const against = (value, format) => results.map((r, i) => {
    const x = r ? value(r) : null, first = results[0] ? value(results[0]) : null;
    const change = i > 0 && x !== null && first ? ` (${x >= first ? "+" : "−"}${percent(Math.abs(x - first) / first)})` : "";
    return number((x === null ? "–" : format(x, r)) + change);
  });
  const latencies = (of, name) => against((r) => (r[of].n ? r[of][name.replace(".", "") + "_us"] : null), (_, r) => figure(r[of], name));
  return [
    ["verdict", ...stores.map((s) => h("span.number", {}, standing(s)))],
    ["measured", ...stores.map((s) => number(s.result ? span(s.result.window_us / 1e6) : "–"))],
    ["connections", ...stores.map((s) => number(plural(s.plan.groups.reduce((n, g) => n + mostConnections(g.load), 0), "connection")))],
    ["throughput", ...against((r) => r.throughput_ops, (v) => rate(v) + "/s")],
    ["operations", ...against((r) => r.done, count)],
    ["errors", ...against((r) => r.planned - r.done, count)],
    ...["p50", "p90", "p95", "p99", "p99.9", "max", "mean"].map((name) => [`response ${name}`, ...latencies("response", name)]),
    ...["p50", "p95", "p99"].map((name) => [`service ${name}`, ...latencies("service", name)]),
  ];
}

// standing is the verdict of a run that came to its end; what was measured by one that did not is partial.
function standing({ run, ended }) {
  if (ended && run.status === "COMPLETED") return mark(run.verdict || "undetermined", run.verdict || "no verdict");
  return mark(ended ? "fail" : "live", run.status);
}

// aligned are the values of several runs by the second since MEASUREMENT began.
function aligned(stores, workload, value) {
  const points = new Map();
  stores.forEach((store, i) => {
    const warm = warmupSeconds(store.timeline);
    for (const row of store.of(workload).rows()) {
      const at = row.first_second - warm;
      if (!row.measured || at < 0) continue;
      if (!points.has(at)) points.set(at, { first_second: at, seconds: row.seconds });
      points.get(at)[i] = value(row);
    }
  });
  return [...points.values()].sort((a, b) => a.first_second - b.first_second);
}

function middle(values) {
  const known = values.filter((v) => v !== null && v !== undefined).sort((a, b) => a - b);
  return known.length ? known[Math.floor(known.length / 2)] : null;
}

// difference shows which lines of a spec are other ones.
function difference(a, b) {
  const [x, y] = [a, b].map((plan) => (plan.source?.text ?? "").split("\n"));
  if (x.join("\n") === y.join("\n")) return h("p", {}, "The text is the same.");
  const tags = { "+": "ins", "-": "del", " ": "span" };
  return h("pre.diff", { tabindex: "0", "aria-label": "differences of the specs" },
    changedLines(x, y).map(([kind, line]) => h(tags[kind], {}, `${kind} ${line}\n`)));
}

const AROUND = 2; // lines that are the same, before and after those that are not

// changedLines is the shortest way from one text to the other, by the longest common subsequence of lines.
function changedLines(x, y) {
  const best = Array.from({ length: x.length + 1 }, () => new Uint16Array(y.length + 1));
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) best[i][j] = x[i] === y[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  }
  const all = [];
  for (let i = 0, j = 0; i < x.length || j < y.length;) {
    if (i < x.length && j < y.length && x[i] === y[j]) all.push([" ", x[i++], j++]);
    else if (j === y.length || (i < x.length && best[i + 1][j] >= best[i][j + 1])) all.push(["-", x[i++]]);
    else all.push(["+", y[j++]]);
  }
  return all.filter((_, i) => all.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(([kind]) => kind !== " "));
}


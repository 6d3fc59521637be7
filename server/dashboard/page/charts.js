import { Chart } from "./chart.js";
import { clockSpan, count, digits, latency, percent, plural, rate } from "./format.js";
import { limitOf } from "./slo.js";
import { warmupSeconds } from "./store.js";

const SUSPECT = 10_000; // microseconds of lag, as the engine judges it

// The charts of a run. Each is made for a group and draws what a store has of a workload.

export function throughputChart(group) {
  const chart = new Chart({
    title: "Throughput", group, format: (v) => rate(v) + "/s", tick: (v) => digits(v, 6) + "/s",
    lines: [
      { label: "offered", colour: "muted", dash: [4, 3], value: (r) => r.planned / r.seconds },
      { label: "completed", colour: "accent", width: 2, value: (r) => r.done / r.seconds, low: (r) => r.done_min, high: (r) => r.done_max },
      { label: "errors", colour: "fail", width: 2, dash: [2, 2], value: (r) => r.errors / r.seconds },
    ],
  });
  chart.take = (store, workload) => {
    const series = store.of(workload), rows = series.rows();
    const sum = ofResult(store, workload) ?? measuredOrAll(series);
    const share = sum.planned > 0 ? percent(sum.done / sum.planned) : "none";
    const errors = sum.errors ? plural(sum.errors, "error") : "no errors";
    chart.draw(rows, rows.length === 0 ? nothing(store)
      : `${rate(sum.rate)}/s completed on average${sum.part}, ${share} of what was offered; ${errors}`);
  };
  return chart;
}

export function responseChart(group) {
  const chart = new Chart({
    title: "Response time, from the intended start", group, log: true, format: latency,
    lines: [
      { label: "p50", colour: "soft", value: (r) => r.p50_max_us, low: (r) => r.p50_min_us },
      { label: "p95", colour: "accent", width: 2, value: (r) => r.p95_max_us, low: (r) => r.p95_min_us },
      { label: "p99", colour: "ink", dash: [5, 3], value: (r) => r.p99_max_us },
    ],
  });
  chart.take = (store, workload) => {
    const rows = store.of(workload).rows();
    chart.limit = limitOf(store, workload);
    chart.draw(rows, responseFinding(store, rows, chart.limit));
  };
  return chart;
}

function responseFinding(store, rows, limit) {
  const known = rows.filter((r) => r.p95_max_us !== null);
  if (known.length === 0) return nothing(store);
  const measured = known.some((r) => r.measured) ? known.filter((r) => r.measured) : known;
  const worst = measured.reduce((a, b) => (b.p95_max_us > a.p95_max_us ? b : a));
  const last = measured.at(-1), when = last === rows.at(-1) ? `in the ${newest(store)} second` : `at ${clockSpan(last.first_second)}`;
  let told = `p95 ${latency(last.p95_max_us)} ${when}, ` +
    `at worst ${latency(worst.p95_max_us)} at ${clockSpan(worst.first_second)}`;
  if (limit) {
    const over = measured.filter((r) => r.p95_max_us > limit.value).length;
    told += over ? `; above ${latency(limit.value)} in ${percent(over / measured.length)} of the time` : `; always under ${latency(limit.value)}`;
  }
  return told;
}

export function serviceChart(group) {
  const chart = new Chart({
    title: "Time split: waiting to be sent, and the database", group, log: true, format: latency,
    lines: [
      { label: "response p99", colour: "ink", dash: [5, 3], value: (r) => r.p99_max_us },
      { label: "service p99", colour: "accent", width: 2, value: (r) => r.service_p99_max_us },
      { label: "service p50", colour: "soft", value: (r) => r.service_p50_max_us },
    ],
  });
  chart.take = (store, workload) => {
    const rows = store.of(workload).rows();
    const last = rows.findLast((r) => r.p99_max_us !== null);
    if (!last) return chart.draw(rows, nothing(store));
    const [response, service] = [last.p99_max_us, last.service_p99_max_us];
    const waiting = response > 1.05 * service && response > service + 1000 ? "operations wait for their turn" : "no operation waits for its turn";
    chart.draw(rows, `p99 ${latency(response)} from the intended start, ${latency(service)} at the database: ${waiting}`);
  };
  return chart;
}

export function flightChart(group) {
  const chart = new Chart({
    title: "In flight", group, whole: true, format: (v) => count(v),
    lines: [
      { label: "connections", colour: "muted", dash: [4, 3], value: (r) => r.connections_max },
      { label: "in flight", colour: "accent", width: 2, value: (r) => r.in_flight_max, low: (r) => r.in_flight_min },
    ],
  });
  chart.take = (store) => {
    const rows = store.of("").rows(), last = rows.at(-1);
    const oldest = Math.max(...rows.map((r) => r.oldest_max_us ?? 0));
    chart.draw(rows, !last ? nothing(store)
      : `${count(last.in_flight_max)} of ${plural(last.connections_max ?? 0, "connection")} busy at the end of the ${newest(store)} second; ` +
        `the oldest there ever was ${latency(oldest)} old`);
  };
  return chart;
}

export function lagChart(group) {
  const chart = new Chart({
    title: "Generator lag", group, format: latency,
    lines: [{ label: "p99 of lag", colour: "accent", width: 2, value: (r) => r.lag_p99_max_us }],
  });
  chart.take = (store) => {
    const rows = store.of("").rows();
    const worst = Math.max(0, ...rows.map((r) => r.lag_p99_max_us ?? 0));
    const so = worst > SUSPECT ? "suspect the generator" : "the generator keeps up";
    chart.draw(rows, rows.length === 0 ? nothing(store) : `operations began at most ${latency(worst)} late (p99 of the worst second): ${so}`);
  };
  return chart;
}

// marksOf are the events of a run that belong on its charts.
export function marksOf(store) {
  const t0 = store.timeline ? Date.parse(store.timeline.t0) : null;
  if (t0 === null) return [];
  const marks = [];
  const warm = warmupSeconds(store.timeline);
  if (warm > 0) marks.push({ at: warm, label: "MEASUREMENT" });
  for (const e of store.events) {
    if (e.severity === "info" || !["WORKER", "GUARD", "DESIRED", "CHECK"].includes(e.type)) continue;
    const at = (Date.parse(e.effective_at ?? e.created_at) - t0) / 1000;
    if (at >= 0) marks.push({ at, label: e.type.toLowerCase(), bad: true });
  }
  return marks.sort((a, b) => a.at - b.at);
}

// ofResult is what the result has, if something was measured: with what ended after the last second, over the time that it took.
function ofResult({ result }, workload) {
  const w = result?.workloads.find((w) => w.workload === workload);
  return w?.planned > 0 ? { planned: w.planned, done: w.done, errors: w.planned - w.done, rate: w.throughput_ops, part: "" } : null;
}

function measuredOrAll(series) {
  let sum = series.sums((r) => r.measured), part = "";
  if (sum.seconds === 0) [sum, part] = [series.sums(), " of the warmup"];
  return { ...sum, rate: sum.done / sum.seconds, part };
}

function newest(store) {
  return store.ended ? "last" : "newest";
}

function nothing(store) {
  if (store.loading) return "reading what was stored";
  return store.ended ? "nothing was measured" : `nothing to show yet: ${store.data?.why || "no operation was executed"}`;
}


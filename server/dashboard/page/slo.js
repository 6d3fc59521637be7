import { measure } from "./format.js";

const QUANTILES = { p50: [50, 100], p90: [90, 100], p95: [95, 100], p99: [99, 100], "p99.9": [999, 1000] };

export function sloName(slo) {
  return slo.workload ? `${slo.name} ${slo.workload}` : slo.name;
}

export function limits(slo) {
  const bounds = [];
  if (slo.min !== undefined) bounds.push("≥ " + measure(slo.metric, slo.min));
  if (slo.max !== undefined) bounds.push("≤ " + measure(slo.metric, slo.max));
  return bounds.join(" ");
}

// slosOf are the SLOs of a run with their values: those of the result, or how they stand so far, which is no verdict.
export function slosOf(store) {
  if (store.result) return store.result.slos ?? [];
  const slos = [];
  for (const slo of store.plan?.slos ?? []) {
    for (const workload of slo.workload === "*" ? store.workloads : [slo.workload ?? ""]) {
      slos.push({ ...slo, workload, ...standing(store, slo, workload) });
    }
  }
  return slos;
}

// standing is what an SLO would be judged by if the run ended now.
function standing(store, slo, workload) {
  const sums = store.of(workload).sums((row) => row.measured);
  const finished = sums.done + sums.errors;
  const s = { n: finished, value: null, margin: null, verdict: "", why: "nothing is measured yet" };
  if (slo.metric === "throughput.ok" && sums.seconds > 0) s.value = sums.done / sums.seconds;
  else if (slo.metric === "errors.rate" && finished > 0) s.value = sums.errors / finished;
  else if (slo.metric.startsWith("response.")) {
    const hist = store.measured(workload), of = slo.metric.slice("response.".length);
    s.n = hist.count;
    s.why = "the first ten seconds are not over";
    if (hist.count > 0) s.value = of in QUANTILES ? hist.quantile(...QUANTILES[of]) : of === "max" ? hist.max : hist.mean;
  } else if (slo.metric.startsWith("service.")) s.why = "known when the run has ended";
  if (s.value !== null) {
    s.why = "";
    s.margin = margin(s.value, slo);
    s.verdict = s.margin !== null && s.margin < 0 ? "fail" : s.n < (slo.min_n ?? 0) ? "undetermined" : "pass";
    if (s.verdict === "undetermined") s.why = `${s.n} operations, min_n is ${slo.min_n}`;
  }
  return s;
}

// margin is the distance to the nearest limit as a share of it; negative beyond it.
function margin(value, slo) {
  const all = [];
  if (slo.max) all.push((slo.max - value) / slo.max);
  else if (slo.max === 0) all.push(value > 0 ? -1 : 0);
  if (slo.min) all.push((value - slo.min) / slo.min);
  return all.length ? Math.min(...all) : null;
}

// limitOf is the upper bound on a quantile of the response time of a workload, for its chart; null without one.
export function limitOf(store, workload) {
  const found = (store.plan?.slos ?? []).filter((s) => s.max !== undefined && s.metric.startsWith("response.p") &&
    ((s.workload ?? "") === workload || (s.workload === "*" && (workload || store.workloads.length === 1))));
  if (found.length === 0) return null;
  const { name, metric, max } = found[0];
  return { value: max, label: `${name}: ${metric.slice("response.".length)} ≤ ${measure(metric, max)}` };
}

import { count, figure, latency, measure, percent, plural, rate, span, timeOfDay } from "./format.js";
import { sloName } from "./slo.js";

const STALE = 3; // seconds without data after which that is what matters

// sentence is what a person has to know first: how the run ended, or what it does, or why nothing is measured. kind is
// how that stands: pass, fail, undetermined, live, warn, idle.
export function sentence(store) {
  const run = store.run;
  if (store.ended) return ending(store);
  const age = store.age();
  if (store.link?.problem) return { kind: "fail", text: `The server refuses this page: ${store.link.problem.message}` };
  if (store.link?.down && (performance.now() - store.link.since > 1500 || store.link.attempt > 2)) {
    const old = age === null ? "" : ` What is shown is ${span(age)} old.`;
    return { kind: "warn", text: `The server cannot be reached; trying again (attempt ${store.link.attempt}).${old}` };
  }
  if (!store.data) return { kind: "idle", text: `${run.phase}: ${run.waiting || "no data yet"}` };
  if (store.data.journal) return { kind: "fail", text: `The journal takes no writes: ${store.data.journal}` };
  if (age > STALE) return { kind: "warn", text: `${run.phase}: no data for ${span(age)}; a run that goes on tells something each second` };
  const found = store.found.find((f) => f.outcome === "fail");
  if (found) return { kind: "fail", text: `${run.phase}: ${found.reason} (${found.code})` };
  return doing(store);
}

function doing(store) {
  const { run, data } = store;
  const stopping = run.status === "CANCELLING" ? "stopping, " : "";
  switch (run.phase) {
    case "PREPARING":
      return { kind: "idle", text: `PREPARING: ${data.why || run.waiting || "no operation is executed before all workers are ready"}` };
    case "WARMUP":
    case "MEASUREMENT": {
      const now = store.of("").last;
      const silent = store.workers.filter((w) => w.status === "STALE" || w.status === "DEAD")
        .map((w) => `${w.worker} is ${w.status}, last heard at ${timeOfDay(w.last_heartbeat)}`);
      if (silent.length) return { kind: "fail", text: [`${run.phase}: ${silent.join(", ")}`, data.why].filter(Boolean).join("; ") };
      if (data.s < 0) return { kind: "live", text: `${run.phase}: ${data.why}` };
      if (data.why) return { kind: "warn", text: `${run.phase}: ${stopping}${data.why}` };
      if (!now || data.ph !== run.phase) return { kind: "live", text: `${run.phase}: no second was reported yet` };
      const errors = now.errors > 0 ? `${percent(now.errors / (now.done + now.errors))} errors` : "no errors";
      const counts = run.phase === "WARMUP" ? "; nothing counts for the result yet" : "";
      const load = `${count(now.done)} operations per second, p95 ${latency(now.p95_max_us)}`;
      return { kind: now.errors > 0 ? "warn" : "live", text: `${run.phase}: ${stopping}${load}, ${errors}${counts}` };
    }
    default:
      return { kind: "idle", text: `${run.phase}: ${data.why || "the result is computed"}` };
  }
}

// ending says how a run ended, with its evidence.
function ending({ run, result }) {
  const all = result?.workloads?.at(-1);
  const measured = result?.window_us ? ` ${span(result.window_us / 1e6)} measured` : "";
  if (run.status !== "COMPLETED") {
    const kept = measured ? `;${measured}, kept as partial` : "; nothing was measured";
    const why = run.stop_detail || run.stop_reason || "no reason was stored";
    return { kind: "fail", word: run.status, text: `${run.status} in ${run.phase}: ${why}${kept}` };
  }
  if (!all) return { kind: "undetermined", word: "no result", text: "COMPLETED, and no result is stored" };
  const slos = result.slos ?? [];
  const bad = slos.find((s) => s.verdict === result.verdict && s.verdict !== "pass");
  const load = `${plural(all.done, "operation")} at ${rate(all.throughput_ops)}/s over${measured.replace(" measured", "")}`;
  const errors = all.planned > all.done ? `, ${plural(all.planned - all.done, "error")}` : ", no errors";
  const doubt = result.validity === "VALID" ? "" : ` ${result.validity}: ${(result.notes ?? []).join("; ")}.`;
  if (bad?.verdict === "fail") {
    const limit = bad.max !== undefined && bad.value > bad.max ? `above ${measure(bad.metric, bad.max)}` : `below ${measure(bad.metric, bad.min)}`;
    return { kind: "fail", text: `Failed: ${sloName(bad)} is ${measure(bad.metric, bad.value)}, ${limit}. ${load}${errors}.${doubt}` };
  }
  if (result.verdict === "undetermined") {
    const why = bad ? `${sloName(bad)}: ${bad.why}` : (result.notes ?? ["there is no evidence"]).join("; ");
    return { kind: "undetermined", text: `Undetermined: ${why}. ${load}${errors}.` };
  }
  const held = slos.length ? `${plural(slos.length, "SLO")} held` : "no SLO was asked for";
  const text = `Passed: ${held}. ${load}, p95 ${figure(all.response, "p95")}${errors}.${doubt}`;
  return doubt ? { kind: "warn", word: "pass, with care", text } : { kind: "pass", text };
}

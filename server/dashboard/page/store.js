import { about, get, isReport, of } from "./api.js";
import { fromBase64, Hist } from "./hist.js";
import { second, Series } from "./series.js";
import { follow } from "./stream.js";
import { together, Windows } from "./windows.js";

const PHASES = ["PREPARING", "WARMUP", "MEASUREMENT", "PROCESSING", "COMPLETED"];
const WORKERS_EVERY = 3000, EXECUTIONS_EVERY = 5000, SAMPLES_EVERY = 5000;

export function rankOf(phase) {
  return PHASES.indexOf(phase);
}

export function terminal(status) {
  return status === "COMPLETED" || status === "CANCELLED" || status === "FAILED";
}

// A Store is what is known of one run: what the server answers and, while the run goes on, what its stream adds. It draws
// nothing; changed is called whenever there is something new.
export class Store {
  constructor(id, changed) {
    this.id = id;
    this.changed = changed;
    this.run = null;
    this.timeline = null;
    this.workloads = [];
    this.data = null; // newest d frame
    this.result = null;
    this.events = [];
    this.findings = new Map(); // of the doctor, by code and subject, as long as they hold
    this.workers = [];
    this.executions = [];
    this.samples = []; // of the target's warehouse, where it has one
    this.each = false; // single operations are read also when no error has come
    this.side = null; // what the target says itself
    this.spent = null; // what the warehouse has cost up to the newest sample, while the run goes on
    this.link = null; // of the stream, null without one
    this.loading = false; // the chart of a run that has ended
    this.gap = null; // {seconds, at}: seconds that are neither streamed nor stored, when it was told
    this.series = new Map(); // by workload, "" is all together
    this.windows = new Map(); // of histograms, by workload
    this.charted = Promise.resolve(); // once the chart of all workloads has come
    this.sums = new Map(); // histograms of the result, by how they were encoded; null until they are decoded
    this.spread = 0; // counts their changes
    this.spreading = 0; // how many workloads' are being read
    this.offset = -Infinity; // server's clock minus performance.now(); it only grows, so that no time runs back
    this.since = 0; // server's time of the newest hello
    this.columns = [];
    this.gauges = [];
    this.timers = [];
    this.leave = () => {};
  }

  // open reads the run and follows it if it goes on. Its error is a Problem.
  async open() {
    const path = about(this.id);
    this.take({ t: "hello", run: await get(path) });
    this.id = this.run.id;
    if (this.ended) {
      this.loading = true; // of a long run, charts take a moment that nothing else waits for but its histograms, which take many
      this.charted = this.loadChart("").then(() => { this.loading = false; this.changed(); });
      await this.loadEnd();
    }
    else {
      this.leave = follow(this.id, (frame) => this.take(frame), (link) => this.linked(link));
      this.every(WORKERS_EVERY, () => this.loadWorkers());
      if (this.hasWarehouse) this.every(SAMPLES_EVERY, () => Promise.all([this.loadSamples(), this.loadSpent()]));
      let seen = -1;
      this.every(EXECUTIONS_EVERY, () => {
        const errors = this.of("").sums().errors;
        if (this.each || errors !== seen) this.loadExecutions();
        seen = errors;
      });
    }
    this.changed();
  }

  close() {
    this.leave();
    for (const t of this.timers) clearInterval(t);
    this.timers = [];
    this.changed = () => {};
  }

  every(ms, load) {
    load();
    this.timers.push(setInterval(() => { if (!document.hidden) load(); }, ms));
  }

  get ended() {
    return terminal(this.run?.status);
  }

  get hasWarehouse() {
    return this.plan.target.kind === "snowflake";
  }

  get plan() {
    return this.run?.plan ?? null;
  }

  // of is the series of a workload.
  of(workload) {
    if (!this.series.has(workload)) this.series.set(workload, new Series());
    return this.series.get(workload);
  }

  hists(workload) {
    if (!this.windows.has(workload)) this.windows.set(workload, new Windows(() => { this.spread++; this.changed(); }));
    return this.windows.get(workload);
  }

  // windowsOf are the histograms of a workload by window; those of all together are added up where nobody has done so.
  windowsOf(workload) {
    if (workload || this.windows.has("")) return this.hists(workload).within();
    return together(this.workloads.map((w) => this.hists(w)));
  }

  // measured is the exact histogram of what was done in MEASUREMENT so far, as far as windows of it are over.
  measured(workload) {
    if (workload || this.windows.has("")) return this.hists(workload).sum("MEASUREMENT");
    return Hist.merged(this.workloads.map((w) => this.hists(w).sum("MEASUREMENT")));
  }

  // resultOf is the histogram of the result of a workload, which has also what was in flight at the end of MEASUREMENT and
  // was done afterwards; null where there is none.
  resultOf(workload) {
    const encoded = this.result?.workloads.find((w) => w.workload === workload)?.response_histogram;
    if (!encoded) return null;
    if (!this.sums.has(encoded)) {
      this.sums.set(encoded, null);
      Hist.decode(fromBase64(encoded)).then((hist) => { this.sums.set(encoded, hist); this.changed(); });
    }
    return this.sums.get(encoded);
  }

  // found are the findings that hold, in the order of the way of an operation, which is that of their codes.
  get found() {
    return [...this.findings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
  }

  // now is the time on the server's clock in ms, null before the first frame.
  now() {
    return this.offset === -Infinity ? null : performance.now() + this.offset;
  }

  // age is how old the newest data is, in seconds; null without any.
  age() {
    return this.data?.ts && this.now() !== null ? Math.max(0, this.now() - this.data.ts) / 1000 : null;
  }

  // take adds a frame of the stream; kinds that it does not know change nothing.
  take(frame) {
    if (frame.ts) this.offset = Math.max(this.offset, frame.ts - performance.now());
    switch (frame.t) {
      case "hello": this.takeHello(frame); break;
      case "d": this.takeSecond(frame); break;
      case "h": this.hists(this.workloads[frame.wl]).put(frame.ph, frame.from ?? 0, frame.to ?? 0, frame.hist); break;
      case "ev": this.takeEvent(frame.ev); break;
      case "end": this.takeEnd(frame); break;
    }
    this.changed(frame);
  }

  takeHello(frame) {
    const plan = this.plan;
    this.run = frame.run;
    this.run.plan = this.run.plan ?? plan;
    // The stream leaves the source out, the first answer had it.
    if (plan?.source?.text && !this.run.plan.source.text) this.run.plan.source = plan.source;
    this.workloads = this.plan.workloads.map((w) => w.name);
    this.timeline = frame.timeline ?? timelineOf(this.run) ?? this.timeline;
    if (!frame.ep) return;
    this.since = frame.ts;
    this.columns = frame.cols;
    this.gauges = frame.gauge_cols;
    if (frame.resume === "ok") return;
    for (const s of this.series.values()) s.doubt();
    for (const w of this.windows.values()) w.clear();
    this.loadStored();
  }

  takeSecond(frame) {
    if (this.data && frame.s > this.data.s + 1) this.fill(this.data.s, frame.s); // whether a gap frame said so or not
    if (frame.s >= 0 && !frame.draining) {
      const gauges = Object.fromEntries(this.gauges.map((name, i) => [name, frame.g?.[i]]));
      for (const line of frame.w ?? []) {
        const name = this.workloads[line[this.columns.indexOf("w")]];
        this.of(name).put(second(frame, line, this.columns, null));
      }
      if (frame.all) this.of("").put(second(frame, frame.all, this.columns, gauges));
    }
    if (this.data && frame.s < this.data.s) return; // an older second, corrected: the newest stays on the screen
    this.data = frame;
    if (rankOf(frame.ph) > rankOf(this.run.phase) && !this.ended) this.run.phase = frame.ph;
  }

  takeEvent(event) {
    this.events.push(event);
    const data = event.data ?? {};
    if (event.type === "PHASE" && data.phase) Object.assign(this.run, { status: data.status, phase: data.phase });
    if (event.type === "ARM" && data.timeline) this.timeline = data.timeline;
    if (event.type === "WORKER") {
      const worker = this.workers.find((w) => w.worker === data.worker);
      if (worker) Object.assign(worker, { status: data.status, stage: data.stage || worker.stage });
    }
    if (event.type === "CHECK" && data.code) {
      const place = `${data.code} ${data.subject ?? ""}`;
      if (["fail", "warn"].includes(data.outcome)) this.findings.set(place, data);
      else this.findings.delete(place);
    }
  }

  takeEnd(frame) {
    const plan = this.plan;
    if (frame.final) this.run = { ...frame.final, plan };
    this.result = frame.result ?? null;
    for (const t of this.timers) clearInterval(t);
    this.link = null;
    // Nothing else is asked for any more: the server may have been there for this run alone. What is not partial rests on the
    // last report of every worker.
    if (this.result?.partial === false) for (const w of this.workers) Object.assign(w, { status: "COMPLETED", stage: "done" });
    if (this.hasWarehouse) this.loadSamples();
    this.loadSide();
  }

  linked(link) {
    const since = link.down ? this.link?.since ?? performance.now() : null;
    this.link = { ...link, since };
    this.changed();
  }

  // fill looks whether the seconds between two are stored, and tells of those that are not.
  async fill(before, after) {
    await this.loadStored();
    const there = this.of("").sums((row) => row.first_second > before && row.first_second < after);
    if (there.seconds < after - before - 1) this.gap = { seconds: after - before - 1 - there.seconds, at: performance.now() };
    this.changed();
  }

  // loadStored reads again what is stored of the charts that are there.
  loadStored() {
    return Promise.all([...new Set(["", ...this.series.keys()])].map((workload) => this.loadChart(workload)));
  }

  async loadChart(workload) {
    const chart = await get(chartPath(this.id, workload)).catch(() => null);
    if (chart) this.of(workload).load(chart);
    this.changed();
  }

  // loadWorkload makes sure that a workload's chart is there; live ones come with the stream.
  async loadWorkload(workload) {
    if (this.of(workload).rows().length === 0) await this.loadChart(workload);
  }

  // loadHistograms reads the stored histograms of a workload; live ones come with the stream.
  async loadHistograms(workload) {
    if (this.windowsOf(workload).length > 0 || !this.ended) return;
    this.spreading++;
    await this.charted;
    const found = await get(histogramsPath(this.id, workload)).catch(() => this.whole(workload));
    const windows = this.hists(workload);
    await Promise.all(found.map((w) => windows.put(w.ph, w.from, w.to, w.hist)));
    this.spreading--;
    this.spread++;
    this.changed();
  }

  // whole is the histogram of the result as the only window: a report of a long run has no others of single workloads.
  whole(workload) {
    const result = this.result?.workloads.find((w) => w.workload === workload && w.response_histogram);
    const from = warmupSeconds(this.timeline), to = from + Math.round((this.result?.window_us ?? 0) / 1e6) - 1;
    return result ? [{ ph: "MEASUREMENT", from, to, hist: result.response_histogram }] : [];
  }

  async loadEnd() {
    const path = about(this.id);
    const [result, events] = await Promise.all([get(path + "/results").catch(() => null), get(path + "/events").catch(() => [])]);
    this.result = result ?? this.result;
    if (events.length >= this.events.length) this.events = events;
    await Promise.all([this.loadWorkers(), this.loadExecutions(), this.loadSamples(), this.loadSide()]);
  }

  // loadDetails reads what the end of the stream leaves out.
  async loadDetails() {
    this.result = await get(about(this.id) + "/results").catch(() => this.result);
    await this.loadExecutions();
  }

  async loadWorkers() {
    this.workers = await get(about(this.id) + "/workers").catch(() => this.workers);
    this.changed();
  }

  async loadSamples() {
    const samples = await get(about(this.id) + "/samples").catch(() => this.samples);
    this.samples = samples.filter((s) => s.warehouse);
    this.changed();
  }

  async loadSpent() {
    this.spent = await get(about(this.id) + "/cost").catch(() => this.spent);
    this.changed();
  }

  // loadSide reads what the target says, where it can say anything of what was measured, until it has said it.
  async loadSide() {
    if (!this.result || !["postgres", "snowflake"].includes(this.plan.target.kind)) return;
    this.side = await get(about(this.id) + "/enrichment").catch(() => null);
    this.changed();
    if (this.side?.status === "PENDING" && !isReport()) this.timers.push(setTimeout(() => this.loadSide(), SAMPLES_EVERY));
  }

  async loadExecutions() {
    this.executions = await get(executionsPath(this.id)).catch(() => this.executions);
    this.changed();
  }
}

// The paths that hold what a report needs too; cli/html.go asks for the same.
const chartPath = (id, workload) => of(about(id) + "/chart", { workload, buckets: 1000 });
const histogramsPath = (id, workload) => of(about(id) + "/histograms", { workload, windows: 120 });
const executionsPath = (id) => of(about(id) + "/executions", { limit: 500 });

// timelineOf is when the phases of a run began, as far as the run itself says it.
function timelineOf(run) {
  if (!run.start_time) return null;
  const t0 = Date.parse(run.start_time);
  const since = (time) => (time ? (Date.parse(time) - t0) * 1000 : 0);
  return { t0: run.start_time, warmup_us: since(run.warmup_end_time), end_us: since(run.measurement_end_time) };
}

// mostConnections is how many connections a load has at its highest.
export function mostConnections(load) {
  return Math.max(load.connections, ...(load.stages ?? []).map((s) => s.connections));
}

// warmupSeconds is how many seconds lie before MEASUREMENT.
export function warmupSeconds(timeline) {
  return timeline ? Math.ceil(timeline.warmup_us / 1e6) : 0;
}

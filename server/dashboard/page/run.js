import { get, isReport } from "./api.js";
import { Group } from "./chart.js";
import { flightChart, lagChart, marksOf, responseChart, serviceChart, throughputChart } from "./charts.js";
import { Delays } from "./delay.js";
import { h, mark, remark, show, text } from "./dom.js";
import { Heatmap, noWindows } from "./heatmap.js";
import { forget, paint } from "./paint.js";
import { Errors, Events, Findings, Levels, Results, SLOs, Spec, Workers } from "./parts.js";
import { Rail } from "./rail.js";
import { sentence } from "./sentence.js";
import { Pill, picker, shareButton, shell, stopButton } from "./shell.js";
import { Store, warmupSeconds } from "./store.js";
import { Target, warehouseChart } from "./target.js";

const CLOCK = 500; // ms between two looks at the time

// runScreen shows one run, whether it goes on or has ended.
export async function runScreen(id) {
  const screen = new Screen(id);
  await screen.open();
  return screen;
}

class Screen {
  constructor(id) {
    this.draw = () => this.paint();
    this.store = new Store(id, (frame) => this.changed(frame));
    this.paused = false;
    this.delays = new Delays();
    this.parts = [];
  }

  async open() {
    const { store } = this;
    await store.open();
    const session = isReport() ? { may_stop: false } : await get("/api/session").catch(() => ({ may_stop: false }));
    this.pill = new Pill();
    this.stop = session.may_stop && !store.ended ? stopButton(store) : null;
    this.pause = store.ended ? null
      : h("button", { type: "button", "aria-pressed": "false", "aria-keyshortcuts": "p", click: () => this.hold() }, "Pause");
    const share = session.may_stop ? shareButton() : null;
    this.mark = mark("idle", "");
    this.sentence = h("p.sentence");
    this.rail = new Rail();
    this.group = new Group();
    this.whole = h("button", { type: "button", hidden: true, click: () => this.group.zoom(null) }, "Show all");
    this.group.least = store.ended ? 1 : 10;
    this.group.zoomed = (view) => show(this.whole, view !== null);
    this.picker = picker(store.workloads, (workload) => this.choose(workload));
    this.heatmap = new Heatmap((range) => this.group.zoom(range && range.map(Math.round)));
    this.charts = [throughputChart, responseChart, serviceChart, flightChart, lagChart, warehouseChart].map((make) => make(this.group));
    this.parts = [
      new SLOs(), new Levels(), new Results(), new Findings(), new Target(), new Errors(), new Workers(), new Events(), new Spec(),
    ];
    const [slos, levels, results, ...lists] = this.parts;
    this.shell = shell({ title: store.run.name, run: store.id, here: "Run", actions: [this.pill.e, this.pause, share, this.stop] },
      h("div.headline", {}, h("h1", {}, store.run.name, " ", h("small", {}, store.id)), h("div.verdict", {}, this.mark, this.sentence)),
      this.rail.e, slos.e, levels.e,
      h("section", { "aria-label": "charts" }, h("div.bar", {}, h("h2", {}, "Over time"), this.picker.e, this.whole),
        h("div.charts", {}, this.charts.map((c) => c.e), this.heatmap.e)),
      results.e, lists.map((l) => l.e));
    this.clock = store.ended ? 0 : setInterval(() => paint(this.draw), CLOCK);
    this.keys = (event) => this.key(event);
    document.addEventListener("keydown", this.keys);
    store.loadHistograms("");
    this.paint();
  }

  async choose(workload) {
    this.store.loadHistograms(workload);
    await this.store.loadWorkload(workload);
    paint(this.draw);
  }

  close() {
    this.store.close();
    clearInterval(this.clock);
    forget(this.draw);
    document.removeEventListener("keydown", this.keys);
    for (const c of this.charts) c.close();
    this.heatmap.close();
  }

  changed(frame) {
    if (frame && !this.paused) this.delays.take(frame, this.store);
    if (this.rail) paint(this.draw);
  }

  paint() {
    const { store } = this;
    this.pill.draw(store);
    if (this.paused) return;
    const told = sentence(store);
    remark(this.mark, told.kind, told.word ?? told.kind);
    text(this.sentence, told.text);
    this.speak(told);
    this.rail.draw(store);
    for (const part of this.parts) part.draw(store);
    this.drawCharts();
    if (store.ended) this.settle();
    this.delays.drawn();
  }

  // settle is for a run that has ended: there is nothing to stop, and no time that passes.
  settle() {
    clearInterval(this.clock);
    for (const e of [this.stop, this.pause]) e?.remove();
  }

  // drawCharts draws what has changed since they were drawn.
  drawCharts() {
    const { store } = this, workload = this.picker.value();
    const rows = store.of(workload).rows(), all = store.of("").rows(), spread = store.spread;
    if (this.drawn?.rows === rows && this.drawn.all === all && this.drawn.events === store.events.length && this.drawn.spread === spread && this.drawn.samples === store.samples && this.drawn.result === store.result) return;
    this.drawn = { rows, all, spread, events: store.events.length, samples: store.samples, result: store.result };
    const marks = marksOf(store);
    for (const chart of this.charts) {
      chart.marks = marks;
      chart.take(store, workload);
    }
    this.heatmap.draw(store.windowsOf(workload), null, this.group.axis(), noWindows(store));
  }

  // speak has changes of phase and the verdict read aloud, and nothing that changes each second.
  speak(told) {
    const { run } = this.store;
    this.shell.say(this.store.ended ? told.text : `${run.name}: ${run.phase}`);
  }

  hold() {
    this.paused = !this.paused;
    this.delays.drop();
    text(this.pause, this.paused ? "Go on" : "Pause");
    this.pause.setAttribute("aria-pressed", String(this.paused));
    paint(this.draw);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const warm = warmupSeconds(this.store.timeline), last = this.store.of("").last?.first_second ?? 0;
    if (event.key === "p" && this.pause?.isConnected) this.hold();
    else if (event.key === "[" && warm > 0) this.group.zoom([0, warm]);
    else if (event.key === "]") this.group.zoom([warm, Math.max(last, warm + 1)]);
    else if (event.key === "Escape") this.group.zoom(null);
  }
}

import uPlot from "../vendor/uplot.js";
import { h, rows, text } from "./dom.js";
import { clockSpan, plural } from "./format.js";
import { forget, paint } from "./paint.js";

const HEIGHT = 200;
const HEAD = 18; // room above the lines for the names of marks
export const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800]; // of the time axis, seconds
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5]; // of an axis of whole numbers
const TABLE_ROWS = 24, TABLE_EVERY = 5000;

const dark = matchMedia("(prefers-color-scheme: dark)");
const colours = new Map(); // to ask for one has the browser work out all styles anew
dark.addEventListener("change", () => colours.clear());

// colour is a colour of the style sheet, for canvases.
export function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  return colours.get(name);
}

// A Group is charts that share their time axis: a cursor and a zoom in one are in all.
export class Group {
  constructor() {
    this.charts = new Set();
    this.least = 1; // seconds that are shown at least
    this.view = null; // [from, to] in seconds, null is all there is
    this.cursor = uPlot.sync("bench" + Math.random());
    this.zoomed = () => {};
  }

  // axis is what the time axis of all of them shows when all is shown: from the first second that any of them has to the last.
  axis() {
    const all = [...this.charts].filter((c) => !c.logTime && c.source.length > 0);
    if (all.length === 0) return [0, 10];
    const first = Math.min(...all.map((c) => c.source[0].first_second));
    const last = Math.max(...all.map(({ source }) => source.at(-1).first_second + (source.at(-1).seconds ?? 1) - 1));
    return [first, Math.max(last, first + this.least)];
  }

  zoom(view) {
    this.view = view;
    for (const c of this.charts) c.range();
    this.zoomed(view);
  }
}

// A Chart draws lines over time, with a caption that says in words what it shows, and a table of the same for those who do
// not see it.
//
//	lines   {label, value: row => y, colour, dash, width, low: row => y for a band from it up to high, or to value}
//	format  y as text, tick on the axis   log   a logarithmic axis   whole   y are whole numbers
//	time    the x axis as text, logTime makes it logarithmic
//	limit   {value, label}      marks   [{at, label}], at in seconds
export class Chart {
  constructor({ title, lines, format, group, log = false, time = clockSpan, logTime = false, tick = format, whole = false }) {
    Object.assign(this, { title, lines, format, group, log, time, logTime, tick, whole, limit: null, marks: [], source: [], tableAt: -Infinity });
    this.finding = h("p.finding");
    this.values = lines.map(() => h("span.value"));
    const legend = h("ul.legend", {}, lines.map((line, i) => h("li", {}, swatch(line), h("span", {}, line.label), this.values[i])));
    this.plot = h("div.plot", { tabindex: "0", role: "group", "aria-label": title + ", chart: arrow keys read values, Escape shows all" });
    this.rows = h("tbody");
    const heads = ["time", ...lines.map((l) => l.label)].map((name) => h("th", { scope: "col" }, name));
    const table = h("div.unseen", {}, h("table", {}, h("caption", {}, title), h("thead", {}, h("tr", {}, heads)), this.rows));
    this.e = h("figure.chart", {}, h("figcaption", {}, h("h3", {}, title), this.finding), legend, this.plot, table);
    this.write = () => this.tabulate();
    group.charts.add(this);
    this.sized = new ResizeObserver(() => this.resize());
    this.sized.observe(this.plot);
    this.recolour = () => this.u?.redraw(false, true);
    dark.addEventListener("change", this.recolour);
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("dblclick", () => group.zoom(null));
  }

  close() {
    clearTimeout(this.later);
    forget(this.write);
    this.sized.disconnect();
    dark.removeEventListener("change", this.recolour);
    this.group.charts.delete(this);
    this.u?.destroy();
  }

  // draw shows rows, each with first_second; finding is the caption.
  draw(source, finding) {
    text(this.finding, finding);
    this.source = this.logTime ? source : broken(source);
    const values = (value) => this.source.map((r) => (r.missing ? null : positive(value(r), this.log)));
    this.data = [this.source.map((r) => r.first_second)];
    for (const line of this.lines) {
      this.data.push(values(line.value));
      if (line.low) this.data.push(values(line.high ?? line.value), values(line.low));
    }
    if (!this.u) this.make();
    else {
      this.u.setData(this.data, false);
      this.range();
    }
    this.tell();
    // Nobody reads a table that changes each second; what it lacks for a moment comes soon.
    if (performance.now() - this.tableAt > TABLE_EVERY || !this.rows.firstChild) this.tabulate();
    else this.later ??= setTimeout(() => paint(this.write), TABLE_EVERY);
  }

  make() {
    if (this.plot.clientWidth === 0) return; // not in the document yet
    const series = [{}], bands = [];
    for (const line of this.lines) {
      const stroke = () => colour(line.colour);
      series.push({ stroke, width: line.width ?? 1.5, dash: line.dash, points: { show: false }, spanGaps: line.gaps === true });
      if (line.low) {
        bands.push({ series: [series.length, series.length + 1], fill: () => colour(line.colour) + "2b" });
        for (let edge = 0; edge < 2; edge++) series.push({ stroke, width: 0, points: { show: false } });
      }
    }
    const named = { splits: (_, __, low, high) => decades(low, high), filter: (_, at) => at };
    const axis = {
      stroke: () => colour("muted"), grid: { stroke: () => colour("grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif",
    };
    this.u = new uPlot({
      width: this.plot.clientWidth, height: HEIGHT, series, bands, legend: { show: false }, padding: [HEAD, 20, 0, 0],
      scales: {
        x: { time: false, distr: this.logTime ? 3 : 1, range: () => this.span() },
        y: { distr: this.log ? 3 : 1, range: (_, low, high) => this.bounds(low, high) },
      },
      axes: [
        { ...axis, size: 26, space: 70, ...(this.logTime ? named : { incrs: STEPS }), values: (_, at) => at.map((s) => this.time(s)) },
        { ...axis, size: 64, space: 32, ...(this.log ? named : {}), ...(this.whole ? { incrs: WHOLE } : {}), values: (_, at) => at.map((v) => this.tick(v)) },
      ],
      cursor: { sync: { key: this.group.cursor.key, setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      hooks: {
        draw: [(u) => this.drawMarks(u)],
        setCursor: [() => this.tell()],
        setSelect: [(u) => this.select(u)],
      },
    }, this.data, this.plot);
    this.u.over.setAttribute("aria-hidden", "true");
  }

  span() {
    const x = this.data[0];
    if (this.group.view) return this.group.view;
    if (x.length === 0) return this.logTime ? [1, 10] : [0, 10];
    if (this.logTime) return [x[0], Math.max(x.at(-1), x[0] * 2)];
    return this.group.axis();
  }

  // bounds are those of the y axis: with room above, with the limit when it is not far away.
  bounds(low, high) {
    if (high === null || high === undefined) [low, high] = this.log ? [1, 10] : [0, 1];
    if (this.limit && this.limit.value <= high * (this.log ? 100 : 3)) high = Math.max(high, this.limit.value * 1.05);
    if (!this.log) return [0, high > 0 ? high * 1.1 : 1];
    if (this.limit && this.limit.value <= high) low = Math.min(low, this.limit.value);
    return [step(low, -1), step(high * 1.02, 1)];
  }

  range() {
    if (!this.u) return;
    const [min, max] = this.span();
    this.u.batch(() => {
      this.u.setScale("x", { min, max });
      this.u.setSelect({ width: 0, height: 0 }, false);
    });
  }

  resize() {
    if (!this.u && this.data) this.make();
    const width = this.plot.clientWidth;
    if (this.u && width > 0 && this.u.width !== width) this.u.setSize({ width, height: HEIGHT });
  }

  select(u) {
    if (u.select.width < 4) return;
    const view = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")].map(Math.round);
    if (view[1] > view[0]) this.group.zoom(view);
  }

  // key moves the cursor, so that what stands in the legend is read without a mouse.
  key(event) {
    const { u } = this, last = this.source.length - 1;
    if (!u || last < 0) return;
    if (event.key === "Escape") return this.group.zoom(null);
    const at = u.cursor.idx ?? last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const x = this.data[0][Math.max(0, Math.min(last, to))];
    u.setCursor({ left: u.valToPos(x, "x"), top: u.bbox.height / 2 / devicePixelRatio });
  }

  // tell puts the values under the cursor into the legend; without one those of the newest time.
  tell() {
    const at = this.u?.cursor.left >= 0 ? this.u.cursor.idx : null;
    const row = this.source[at ?? (this.logTime ? -1 : this.source.length - 1)];
    this.lines.forEach((line, i) => {
      const value = row && !row.missing ? line.value(row) : null;
      text(this.values[i], value !== null && value !== undefined ? this.format(value) : this.logTime ? "" : "–");
    });
  }

  tabulate() {
    this.tableAt = performance.now();
    clearTimeout(this.later);
    this.later = undefined;
    const every = Math.max(1, Math.ceil(this.source.length / TABLE_ROWS));
    const some = this.source.filter((r, i) => i % every === 0 || i === this.source.length - 1 || r.missing);
    rows(this.rows, some.map((row) => [this.time(row.first_second), ...this.lines.map((line) => {
      if (row.missing) return `no data for ${plural(row.missing, "second")}`;
      const value = line.value(row);
      return value === null || value === undefined ? "none" : this.format(value);
    })]));
  }

  // drawMarks draws the limit and what happened over the lines.
  drawMarks(u) {
    const { ctx } = u, { left, top, width, height } = u.bbox, ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = ratio;
    ctx.beginPath();
    ctx.rect(left, top - HEAD * ratio, width, height + HEAD * ratio);
    ctx.clip();
    let free = left;
    for (const mark of this.marks) {
      const x = Math.round(u.valToPos(mark.at, "x", true)) + 0.5;
      if (x < left || x > left + width) continue;
      ctx.strokeStyle = ctx.fillStyle = colour(mark.bad ? "fail" : "muted");
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      line(ctx, x, top, x, top + height);
      const room = ctx.measureText(mark.label).width + 8 * ratio;
      if (x < free || x + room > left + width) continue; // the list of events has it
      free = x + room;
      ctx.fillText(mark.label, Math.max(x - 2 * ratio, left), top - 5 * ratio);
    }
    const y = this.limit ? Math.round(u.valToPos(this.limit.value, "y", true)) + 0.5 : -1;
    if (y >= top && y <= top + height) {
      ctx.strokeStyle = ctx.fillStyle = colour("fail");
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      line(ctx, left, y, left + width, y);
      ctx.textAlign = "right";
      ctx.fillText(this.limit.label, left + width - 4 * ratio, y < top + 14 * ratio ? y + 12 * ratio : y - 4 * ratio);
    }
    ctx.restore();
  }
}

// broken puts a row without values where seconds are missing between two, so that no line is drawn over them.
function broken(source) {
  const whole = [];
  for (const row of source) {
    const end = whole.length ? whole.at(-1).first_second + whole.at(-1).seconds : row.first_second;
    if (row.first_second > end) whole.push({ first_second: end, seconds: row.first_second - end, missing: row.first_second - end });
    whole.push(row);
  }
  return whole;
}

function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

// positive leaves out what a logarithmic axis cannot show.
function positive(y, log) {
  return y === undefined || (log && y !== null && y <= 0) ? null : y;
}

// step is the next of 1, 2, 5, 10, … below or above.
function step(y, direction) {
  const decade = 10 ** Math.floor(Math.log10(y));
  const steps = [1, 2, 5, 10].map((s) => s * decade);
  return direction < 0 ? steps.findLast((s) => s <= y) ?? decade : steps.find((s) => s >= y) ?? 10 * decade;
}

// decades are the places of a logarithmic axis that are named.
export function decades(low, high) {
  const steps = high / low > 200 ? [1] : high / low > 20 ? [1, 3] : [1, 2, 5], at = [];
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    for (const s of steps) if (s * decade >= low && s * decade <= high) at.push(s * decade);
  }
  return at;
}

// swatch is a line as the chart draws it, so that it is known by more than its colour.
function swatch({ colour: name, dash, width = 1.5 }) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  e.setAttribute("class", "swatch");
  e.setAttribute("viewBox", "0 0 24 8");
  e.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M0 4h24");
  path.setAttribute("class", "stroke-" + name);
  path.setAttribute("stroke-width", width + 0.5);
  if (dash) path.setAttribute("stroke-dasharray", dash.join(" "));
  e.append(path);
  return e;
}

// The seconds of one workload, as few rows as a screen can show. A row covers some adjacent seconds of one phase: its counts
// are sums, and of what is drawn it keeps the smallest and the largest second. Fields are named as the columns of
// GET /api/runs/{run_id}/chart.

const FINE = 900; // newest seconds that are kept one by one, so that late reports can correct them
const COARSE = 1000; // rows before them

export class Series {
  constructor() {
    this.clear();
  }

  clear() {
    this.old = []; // rows in order
    this.fine = new Map(); // rows of one second, by second
    this.doubted = new Set(); // seconds of them that may have been corrected where nobody listened
    this.sorted = null;
  }

  // doubt is for when the server that told these seconds is gone: the next load has what the one after it made of them.
  doubt() {
    this.doubted = new Set(this.fine.keys());
  }

  // load takes what the server has stored, in place of what was loaded before and of what is in doubt.
  load(chart) {
    for (const second of this.doubted) this.fine.delete(second);
    this.doubted.clear();
    this.old = chart.rows.map((values) => {
      const row = {};
      chart.columns.forEach((name, i) => { row[name] = values[i]; });
      return row;
    });
    this.sorted = null;
  }

  // put adds a second, or corrects one.
  put(row) {
    this.fine.set(row.first_second, row);
    this.doubted.delete(row.first_second);
    if (this.fine.size > 2 * FINE) this.fold();
    this.sorted = null;
  }

  // fold makes rows of several seconds of those that cannot change any more.
  fold() {
    const rows = this.rows();
    const newest = rows.at(-1).first_second;
    this.old = rows.filter((r) => r.first_second <= newest - FINE);
    for (const second of [...this.fine.keys()]) if (second <= newest - FINE) this.fine.delete(second);
    for (let width = 2; this.old.length > COARSE; width *= 2) this.old = thin(this.old, width);
  }

  // rows are all, in order. Where a second is known by itself, it stands in the place of a row that covers only such.
  rows() {
    if (this.sorted) return this.sorted;
    const fine = [...this.fine.values()].sort((a, b) => a.first_second - b.first_second);
    const first = fine.length ? fine[0].first_second : Infinity;
    const old = this.old.filter((r) => r.first_second < first);
    const end = old.length ? old.at(-1).first_second + old.at(-1).seconds : -Infinity;
    this.sorted = old.concat(fine.filter((r) => r.first_second >= end));
    return this.sorted;
  }

  get last() {
    return this.rows().at(-1);
  }

  // sums adds up the rows that take part.
  sums(takesPart = () => true) {
    const sum = { seconds: 0, planned: 0, done: 0, errors: 0, retries: 0 };
    for (const row of this.rows()) {
      if (takesPart(row)) for (const name in sum) sum[name] += row[name] ?? 0;
    }
    return sum;
  }
}

// thin joins the rows that lie in the same width seconds.
function thin(rows, width) {
  const thinned = [];
  let last = null, place = null;
  for (const row of rows) {
    const here = Math.floor(row.first_second / width) + (row.measured ? ".m" : ".w");
    if (here === place) join(last, row);
    else thinned.push((last = { ...row }));
    place = here;
  }
  return thinned;
}

function join(into, row) {
  for (const name in row) {
    const a = into[name], b = row[name];
    if (name === "first_second" || name === "measured") continue;
    if (a === null || a === undefined || b === null || b === undefined) into[name] = a ?? b;
    else if (/_min(_us)?$/.test(name)) into[name] = Math.min(a, b);
    else if (/_max(_us)?$/.test(name) || name === "max_us") into[name] = Math.max(a, b);
    else into[name] = a + b;
  }
}

// second makes a row of one line of a d frame; gauges may be null.
export function second(frame, line, columns, gauges) {
  const at = (name) => line[columns.indexOf(name)] ?? 0;
  const done = at("done");
  const level = (name) => (gauges ? gauges[name] ?? null : null);
  const time = (name) => (done > 0 ? at(name) : null); // a second in which nothing was done has no latency
  return {
    first_second: frame.s, seconds: 1, measured: frame.ph === "WARMUP" ? 0 : 1,
    planned: at("planned"), done, done_min: done, done_max: done,
    errors: at("errors"), errors_max: at("errors"), retries: at("retries"), row_count: at("rows"),
    p50_min_us: time("p50_us"), p50_max_us: time("p50_us"), p95_min_us: time("p95_us"), p95_max_us: time("p95_us"),
    p99_min_us: time("p99_us"), p99_max_us: time("p99_us"), max_us: time("max_us"),
    service_p50_max_us: time("service_p50_us"), service_p99_max_us: time("service_p99_us"),
    connections_min: level("connections"), connections_max: level("connections"),
    in_flight_min: level("in_flight"), in_flight_max: level("in_flight"),
    oldest_max_us: level("oldest_us"), lag_p99_max_us: level("lag_p99_us"),
  };
}

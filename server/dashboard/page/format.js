// Numbers as a person reads them, as the commands write them too.

// digits writes a number with significant digits and without trailing zeros, never in exponent form.
export function digits(x, significant) {
  if (!x) return "0";
  const decimals = Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(x))));
  const text = x.toFixed(Math.min(decimals, 100));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// latency writes microseconds with the unit that suits them: "950µs", "48.2ms", "1.71s".
export function latency(us) {
  if (us === null || us === undefined) return "–";
  if (us < 999.5) return digits(us, 3) + "µs";
  if (us < 999.5e3) return digits(us / 1e3, 3) + "ms";
  if (us < 60e6) return digits(us / 1e6, 3) + "s";
  return span(us / 1e6);
}

// figure writes one number of a summary of latencies, such as "p99.9" or "max": a dash where nothing was done, and ≥ where it
// is a lower bound, because operations were still in flight at the end.
export function figure(summary, name) {
  if (!summary.n) return "–";
  return ((summary.at_least ?? []).includes(name) ? "≥ " : "") + latency(summary[name.replace(".", "") + "_us"]);
}

// span writes how long something takes: "0s", "6m12s", "1h00m05s"; below ten seconds with tenths.
export function span(seconds) {
  if (seconds < 0) return "-" + span(-seconds);
  if (seconds < 10) return digits(Math.round(seconds * 10) / 10, 2) + "s";
  const whole = Math.round(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  if (h > 0) return `${h}h${two(m)}m${two(s)}s`;
  return m > 0 ? `${m}m${two(s)}s` : `${s}s`;
}

// clockSpan writes a place on the time axis: "0:42", "12:05", "3:00:00".
export function clockSpan(seconds) {
  const sign = seconds < 0 ? "-" : "";
  const whole = Math.round(Math.abs(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60;
  return sign + (h > 0 ? `${h}:${two(m)}` : m) + ":" + two(whole % 60);
}

export function count(n) {
  return n === null || n === undefined ? "–" : Math.round(n).toLocaleString("en-US");
}

// rate writes operations per second: one decimal below 1,000, none above.
export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined) return "–";
  if (perSecond === 0) return "0";
  return perSecond >= 999.95 ? count(perSecond) : perSecond.toFixed(1);
}

// percent writes a share from 0 to 1.
export function percent(share) {
  return share === null || share === undefined ? "–" : digits(share * 100, 3) + "%";
}

export function plural(n, noun) {
  return count(n) + " " + noun + (n === 1 ? "" : "s");
}

// measure writes a value of an SLO's metric in the metric's unit.
export function measure(metric, value) {
  if (value === null || value === undefined) return "–";
  if (/^(response|service)\./.test(metric)) return latency(value);
  if (metric.startsWith("throughput.")) return rate(value) + "/s";
  if (metric.endsWith(".rate")) return percent(value);
  return digits(value, 4);
}

// moment writes a time in full, in UTC as every command does.
export function moment(text) {
  return text ? new Date(text).toISOString().slice(0, 19).replace("T", " ") + "Z" : "–";
}

export function timeOfDay(text) {
  return text ? new Date(text).toISOString().slice(11, 19) + "Z" : "–";
}

// bytes writes an amount of memory.
export function bytes(n) {
  if (!n) return "–";
  const units = ["B", "KiB", "MiB", "GiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return digits(n, 3) + " " + units[i];
}

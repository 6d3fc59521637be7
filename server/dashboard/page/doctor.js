import { about, get, isReport } from "./api.js";
import { h, mark, number, rows, table, wide } from "./dom.js";
import { digits, moment, plural, span } from "./format.js";
import { copyText, shell } from "./shell.js";

// doctorScreen shows what the checks found, in the order of the way of an operation, as bench doctor does.
export async function doctorScreen(id) {
  const path = about(id);
  const run = await get(path);
  const again = isReport() ? null : h("button", { type: "button", click: () => look() }, "Look again");
  const body = h("div");
  const { say } = shell({ title: "Doctor " + run.name, run: run.id, here: "Doctor", actions: [again] },
    h("h1", {}, run.name, " ", h("small", {}, run.id)), body);

  async function look() {
    const report = await get(path + "/doctor").catch((p) => p);
    if (report instanceof Error) {
      body.replaceChildren(h("div.verdict", {}, mark("undetermined", "not examined"),
        h("p.sentence", { role: "alert" }, `No examination: ${report.message}`)));
      return;
    }
    const open = new Set([...body.querySelectorAll("details[open]")].map((e) => e.id));
    body.replaceChildren(...parts(report));
    for (const e of body.querySelectorAll("details")) e.open = open.has(e.id) || e.classList.contains("fail");
    say(words(report));
  }
  await look();
  return { close() {} };
}

const ORDER = ["fail", "warn", "undetermined", "pass", "skip"];

function parts(report) {
  const steps = [...new Set(report.checks.map((c) => c.step))];
  const counts = ORDER.filter((o) => report.counts[o]).map((o) => h("li", {}, mark(o, `${report.counts[o]} ${o}`)));
  return [
    h("div.headline", {}, h("div.verdict", {}, mark(report.verdict), h("p.sentence", {}, words(report)))),
    h("p.note", {}, standing(report)), h("ul.counts", {}, counts),
    report.path ? h("p.path", {}, "The way: ", report.path) : null,
    report.cleared?.length ? h("p.path", {}, "Not the cause: ", report.cleared.join(", ")) : null,
    ...steps.map((step) => station(step, report.checks.filter((c) => c.step === step), report)),
  ].filter(Boolean);
}

// station is the checks of a step. Those that have nothing to say about this run are counted, and listed when asked for.
function station(step, checks, report) {
  const idle = checks.filter((c) => c.why === "does_not_apply"), rest = checks.filter((c) => !idle.includes(c));
  return h("section", {}, h("h2", {}, step), rest.map((c) => finding(c, report)),
    idle.length ? h("details.idle", { id: "idle-" + step }, h("summary", {}, `${plural(idle.length, "check")} of this step ${idle.length === 1 ? "does" : "do"} not apply`),
      idle.map((c) => h("p", {}, h("code", {}, c.code), " ", h("strong", {}, c.title), " ", h("span.why", {}, c.detail)))) : null);
}

// words is the first thing to know: what a person sees, and what it comes from.
function words(report) {
  const causes = (report.causes ?? []).map((code) => report.checks.find((c) => c.code === code)).filter(Boolean);
  if (causes.length === 0 && report.symptom) return report.symptom;
  if (causes.length === 0) {
    return report.verdict === "pass" ? "Every check that applies passes, with evidence." : "No check failed, and not every one could be decided.";
  }
  const cause = causes[0];
  return `${report.symptom ? report.symptom + ". " : ""}Cause: ${cause.code} ${cause.detail || cause.title}.`;
}

function standing(report) {
  const s = report.standing ?? {};
  const age = (seconds, before, after) => (seconds === undefined || seconds === null ? "" : ` · ${before} ${span(seconds)} ${after}`);
  return `${report.state.status}/${report.state.phase} as of ${moment(report.as_of)}` +
    `${age(s.owner_s, "owner heard", "ago")}${age(s.data_s, "data", "old")} · ${digits(report.took_ms, 3)} ms`;
}

function finding(c, report) {
  const why = c.outcome === "skip" && c.cause ? `its cause ${c.cause} failed` : [c.why, c.detail].filter(Boolean).join(": ");
  const remedy = (c.rows ?? []).map((r) => r.remedy).find(Boolean);
  const parts = [
    c.explains?.length && h("p", {}, "It explains: ", c.explains.join(", ")),
    found(c),
    remedy && quoted("What to do; it is never done by itself", h("p", {}, remedy), remedy),
    c.table && h("p.note", {}, "It asks no database: it reads the table ", h("code", {}, c.table), " of ", h("code", {}, `GET ${about(report.run_id)}/live`), "."),
    c.sql && quoted("SQL, as it was sent", h("pre", { tabindex: "0", "aria-label": "SQL" }, c.sql), c.sql),
    c.params?.length && h("dl.facts", {}, c.params.map((p) =>
      h("div", { title: p.description }, h("dt", {}, p.name), h("dd", {}, `${p.value} ${p.unit ?? ""}`)))),
    c.then && h("p", {}, `If it is still so after ${span(c.wait_s ?? 0)}, look at `,
      report.checks.some((x) => x.code === c.then) ? h("a", { href: "#" + c.then }, c.then) : c.then),
    c.runbook && h("div.runbook", {}, c.runbook.split(/\n{2,}/).map((p) => h("p", {}, p.replace(/\s*\n\s*/g, " ")))),
  ];
  return h("details." + c.outcome, { id: c.code },
    h("summary", {}, mark(c.outcome), " ", h("code", {}, c.code), " ", h("strong", {}, c.title), " ", h("span.why", {}, why)),
    parts.filter(Boolean));
}

// found is the table of what a check looked at.
function found(c) {
  if (!c.rows?.length) return null;
  const names = [...new Set(c.rows.flatMap((r) => Object.keys(r.data ?? {})))];
  const t = table(`Rows of ${c.code}`, ["outcome", "about", "what", ...names]);
  rows(t.body, c.rows.map((r) => [mark(r.outcome), r.subject ?? "", wide(r.reason), ...names.map((n) => {
    const value = r.data?.[n];
    return typeof value === "number" ? number(digits(value, 6)) : String(value ?? "–");
  })]));
  return h("div", {}, t.e, c.truncated ? h("p.note", {}, "There are more rows.") : null);
}

// quoted is something that a person takes elsewhere.
function quoted(title, shown, words) {
  const copy = h("button", { type: "button", click: () => copyText(words, copy) }, "Copy");
  return h("div.quoted", {}, h("div.bar", {}, h("h3", {}, title), copy), shown);
}

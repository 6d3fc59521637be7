import { about, isReport, post } from "./api.js";
import { h, mark, remark, text } from "./dom.js";
import { moment, span } from "./format.js";

// link is the address of a screen; in a report all screens are in one file.
export function link(path) {
  return isReport() ? "#" + path : path;
}

// shell is what all screens have around them: the way to others, and what is read aloud.
export function shell({ title, run, here, actions = [] }, ...content) {
  document.title = title + " · bench";
  const tab = (name, path) => h("a", { href: link(path), "aria-current": here === name ? "page" : null }, name);
  const base = run ? "/runs/" + encodeURIComponent(run) : "";
  const tabs = run ? [tab("Run", base), tab("Explore", base + "/explore"), tab("Doctor", base + "/doctor")] : [];
  const home = isReport() ? h("span.brand", {}, "bench") : [h("a.brand", { href: "/" }, "bench"), tab("Runs", "/")];
  const heard = h("p.unseen", { role: "status" });
  document.body.replaceChildren(
    h("a.jump", { href: "#content" }, "Skip to the content"),
    h("header", {},
      h("nav", { "aria-label": "screens" }, home, tabs),
      h("div.actions", {}, actions)),
    h("main", { id: "content", tabindex: "-1" }, content), heard);
  return { say: (words) => text(heard, words) };
}

// A Pill says how fresh what is shown is.
export class Pill {
  constructor() {
    this.e = mark("idle", "connecting");
    this.e.title = "how old the newest data is";
  }

  draw(store) {
    const [kind, words] = freshness(store);
    remark(this.e, kind, words);
    this.e.classList.add("pill");
  }
}

function freshness(store) {
  if (isReport()) return ["idle", "report"];
  const age = store.age();
  if (store.link?.down) return ["warn", age === null ? "no connection" : `stale ${span(age)}`];
  if (store.ended) return ["idle", `ended ${moment(store.run.end_time)}`];
  if (age === null) return ["idle", "connecting"];
  if (age > 3) return ["warn", `stale ${span(age)}`];
  if (store.gap && performance.now() - store.gap.at < 10_000) return ["warn", `resumed, gap ${span(store.gap.seconds)}`];
  return ["live", `live, ${age.toFixed(1)} s behind`];
}

// stopButton asks before it stops a run, and says what is kept.
export function stopButton(store) {
  const said = h("p.said", { role: "alert" });
  const ask = (mode) => post(about(store.id) + "/stop", { mode, by: "the dashboard" }).then(() => dialog.close(), (p) => text(said, p.message));
  const dialog = h("dialog", { "aria-labelledby": "stop-title" },
    h("h2", { id: "stop-title" }, "Stop this run?"),
    h("p", {}, "Nothing new starts. What is in flight may finish, and everything that was measured is kept; " +
      "the result is marked partial and its SLOs are undetermined."),
    h("p", {}, "Cancelling also ends the statements that are in flight on the database."), said,
    h("div.buttons", {},
      h("button", { type: "button", click: () => dialog.close() }, "Keep running"),
      h("button.bad", { type: "button", click: () => ask("stop") }, "Stop, let it drain"),
      h("button.bad", { type: "button", click: () => ask("abort") }, "Stop and cancel")));
  const e = h("span", {}, h("button", { type: "button", click: () => { text(said, ""); dialog.showModal(); } }, "Stop…"), dialog);
  return e;
}

// shareButton makes a link for a colleague, who may look and not stop.
export function shareButton() {
  const field = h("input", { type: "text", readonly: true, "aria-label": "link" });
  const said = h("p.said", { role: "alert" });
  const copy = h("button", { type: "button", click: () => copyText(field.value, copy) }, "Copy");
  const dialog = h("dialog", { "aria-labelledby": "share-title" },
    h("h2", { id: "share-title" }, "A link to look"),
    h("p", {}, "It signs one browser in, once, within a day. Who has it sees every run of this server and can stop none."), field, said,
    h("div.buttons", {}, h("button", { type: "button", click: () => dialog.close() }, "Close"), copy));
  const open = () => post("/api/links", { page: location.pathname }).then((made) => {
    field.value = location.origin + made.page;
    text(said, "");
    dialog.showModal();
    field.select();
  }, (p) => { text(said, p.message); dialog.showModal(); });
  return h("span", {}, h("button", { type: "button", click: open }, "Share…"), dialog);
}

// copyText puts a text where it can be pasted from, and says so on the button.
export function copyText(value, button) {
  const was = button.textContent;
  navigator.clipboard.writeText(value).then(() => {
    text(button, "Copied");
    setTimeout(() => text(button, was), 2000);
  }, () => text(button, "Select and copy by hand"));
}

// picker lets a person choose a workload; "" is all together.
export function picker(workloads, chosen) {
  if (workloads.length < 2) return { e: null, value: () => "" };
  const select = h("select", { change: () => chosen(select.value) },
    h("option", { value: "" }, "all workloads"), workloads.map((w) => h("option", { value: w }, w)));
  return { e: h("label.picker", {}, "workload ", select), value: () => select.value };
}

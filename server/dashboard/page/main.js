import { get, isReport, post, Problem, replay } from "./api.js";
import { h } from "./dom.js";
import { fromBase64 } from "./hist.js";
import { compareScreen } from "./compare.js";
import { doctorScreen } from "./doctor.js";
import { exploreScreen } from "./explore.js";
import { runScreen } from "./run.js";
import { runsScreen } from "./runs.js";
import { shell } from "./shell.js";

// SCREENS by address.
const SCREENS = [
  [/^\/$/, () => runsScreen()],
  [/^\/compare$/, (_, query) => compareScreen(query.get("runs")?.split(",") ?? [])],
  [/^\/runs\/([^/]+)$/, (id) => runScreen(id)],
  [/^\/runs\/([^/]+)\/explore$/, (id) => exploreScreen(id)],
  [/^\/runs\/([^/]+)\/doctor$/, (id) => doctorScreen(id)],
];

const CODE = /^#t=([A-Z0-9]+)$/i; // of a link that signs in

let screen = null, shown = Promise.resolve();

// show opens the screen of the address, after the one before is there: two at once would draw over each other.
function show() {
  return (shown = shown.then(open));
}

async function open() {
  screen?.close();
  screen = null;
  const address = isReport() ? location.hash.slice(1) : location.pathname;
  for (const [pattern, make] of SCREENS) {
    const found = pattern.exec(address);
    if (!found) continue;
    try {
      screen = await make(found[1] && decodeURIComponent(found[1]), new URLSearchParams(location.search));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 401) signIn(problem);
      else shell({ title: "bench" }, h("h1", {}, "This cannot be shown"), h("p", { role: "alert" }, problem.message));
    }
    return;
  }
  shell({ title: "bench" }, h("h1", {}, "There is no such screen"), h("p", {}, h("a", { href: "/" }, "All runs")));
}

// signIn asks for a link, as the commands print it.
function signIn(problem) {
  const field = h("input", { type: "text", autocomplete: "off", spellcheck: "false", id: "link" });
  const said = h("p.said", { role: "alert" }, problem.code === "used" ? problem.message : "");
  const trade = (event) => {
    event.preventDefault();
    const code = /#t=([A-Z0-9]+)/i.exec(field.value)?.[1] ?? field.value.trim();
    enter(code).then(show, (p) => { said.textContent = p.message; });
  };
  shell({ title: "Sign in" }, h("h1", {}, "Sign in"),
    h("p", {}, "Open the link that ", h("code", {}, "bench serve"), " or ", h("code", {}, "bench apply"), " printed. It is good once; ",
      h("code", {}, "bench link"), " prints another."),
    h("form.signin", { submit: trade }, h("label", { for: "link" }, "Or paste it here"), field, h("button", { type: "submit" }, "Sign in")), said);
}

// enter trades the code of a link for a session.
function enter(code) {
  return post("/api/session", { code });
}

async function start() {
  const frozen = document.getElementById("recorded");
  if (frozen) {
    const stream = new Blob([fromBase64(frozen.textContent.trim())]).stream().pipeThrough(new DecompressionStream("gzip"));
    const { home, answers } = await new Response(stream).json();
    replay(answers);
    addEventListener("hashchange", () => { if (location.hash.startsWith("#/")) show(); });
    if (!location.hash.startsWith("#/")) history.replaceState(null, "", "#" + home);
    return show();
  }
  const code = CODE.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname + location.search); // before anything can go wrong: it is a secret
    // A browser that is signed in already stays so, whatever became of the code.
    const refused = await enter(code).then(() => null, (p) => p);
    if (refused && await get("/api/session").then(() => false, () => true)) return signIn(new Problem(401, "used", refused.message));
  }
  return show();
}

addEventListener("hashchange", () => { if (!isReport() && CODE.test(location.hash)) start(); });
start();

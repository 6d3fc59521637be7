// h makes an element: h("td.number", { title: "…" }, "42"). Attributes whose value is null or false are left out, true is an
// attribute without value, functions are listeners. Children may be nested lists; null is none.
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const e = document.createElement(name);
  if (classes.length) e.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") e.addEventListener(key, value);
    else if (value === true) e.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) e.setAttribute(key, value);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined));
  return e;
}

const SVG = "http://www.w3.org/2000/svg";

// svg makes an element of a drawing.
export function svg(name, attributes = {}, ...children) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// text sets the text of an element, if it is another one: what does not change is not drawn, nor read aloud.
export function text(e, value) {
  if (e.textContent !== value) e.textContent = value;
}

// show hides an element or shows it again.
export function show(e, visible) {
  if (e.hidden === visible) e.hidden = !visible;
}

// rows fills the body of a table with lines of cells, and touches only the lines that changed. A cell is text, {text, class},
// or an element. What has the keyboard keeps it, also where its line is another one now.
export function rows(body, lines) {
  const held = body.contains(document.activeElement) ? document.activeElement : null;
  const now = lines.map((cells) => JSON.stringify(cells, (_, v) => (v instanceof Element ? v.outerHTML : v)));
  const was = body.lines ?? [];
  lines.forEach((cells, i) => {
    if (now[i] === was[i]) return;
    const row = h("tr", {}, cells.map((cell, column) => {
      const [tag, scope] = column === 0 ? ["th", { scope: "row" }] : ["td", {}];
      if (cell instanceof Element) return h(tag, scope, cell);
      if (cell && typeof cell === "object") return h(tag, { ...scope, class: cell.class }, cell.text);
      return h(tag, scope, String(cell));
    }));
    if (i < body.children.length) body.children[i].replaceWith(row);
    else body.append(row);
  });
  while (body.children.length > lines.length) body.lastChild.remove();
  body.lines = now;
  if (!held || held === document.activeElement) return;
  const same = (e) => ["href", "value"].every((name) => e.getAttribute(name) === held.getAttribute(name));
  [...body.querySelectorAll(held.localName)].find(same)?.focus({ preventScroll: true });
}

// table makes a table: columns are titles, those that begin with ">" are of numbers.
export function table(caption, columns) {
  const body = h("tbody");
  const heads = columns.map((c) => h("th", { scope: "col", class: c.startsWith(">") ? "number" : null }, c.replace(/^>/, "")));
  const e = h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption.unseen", {}, caption), h("thead", {}, h("tr", {}, heads)), body));
  return { e, body };
}

// wide is a cell of words that may take several lines.
export function wide(value) {
  return { text: value, class: "wide" };
}

// number is a cell of a table whose digits stand below each other.
export function number(value) {
  return { text: value, class: "number" };
}

// SHAPES say how something stands besides its colour.
const SHAPES = { pass: "✓", fail: "✕", warn: "!", undetermined: "?", live: "●", idle: "○", skip: "–" };

// mark is a status as a shape and a word.
export function mark(kind, word = kind) {
  return h("span", { class: "mark " + kind }, h("span.shape", { "aria-hidden": "true" }, SHAPES[kind] ?? "○"), word);
}

// remark changes a mark in place.
export function remark(e, kind, word) {
  const name = "mark " + kind;
  if (e.className === name && e.lastChild.textContent === word) return;
  e.className = name;
  e.firstChild.textContent = SHAPES[kind] ?? "○";
  e.lastChild.textContent = word;
}

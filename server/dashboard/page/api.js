// What the page asks the server. In a report there is no server, but answers that were recorded, by the same paths.

// A Problem is an error that the server explains (RFC 9457).
export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

let recorded = null; // answers by path without escapes, in a report

// replay makes the page one of recorded answers.
export function replay(answers) {
  recorded = new Map(Object.entries(answers).map(([path, answer]) => [decodeURIComponent(path), answer]));
}

export function isReport() {
  return recorded !== null;
}

// get is the JSON at a path. A server that cannot be reached is a Problem of status 0.
export function get(path) {
  if (recorded) {
    const asked = decodeURIComponent(path);
    if (recorded.has(asked)) return Promise.resolve(structuredClone(recorded.get(asked)));
    return Promise.reject(new Problem(404, "not_recorded", "the report does not hold this"));
  }
  return ask(path, {});
}

export function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Problem(0, "unreachable", "the server cannot be reached");
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new Problem(answer.status, body?.code ?? "", body?.detail ?? `the server answered ${answer.status}`);
  }
  return body;
}

// about is the path of a run.
export function about(run) {
  return "/api/runs/" + encodeURIComponent(run);
}

// of adds a query to a path, always in the same order: recorded answers are found by it.
export function of(path, query) {
  const text = Object.entries(query).map(([name, value]) => name + "=" + encodeURIComponent(value)).join("&");
  return text ? path + "?" + text : path;
}

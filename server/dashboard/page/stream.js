import { about, get } from "./api.js";

const PROTOCOL = "bench.v1";
const SILENCE = 20_000; // a run that goes on has a frame each second
const FIRST_RETRY = 500, LAST_RETRY = 2000;

// follow gives the frames of a run to take until its end, and connects again, for as long as it takes, when the connection
// is lost: after the last frame, as long as the server remembers it. A server that took the place of the one before does
// not: then a hello whose resume is not "ok" is followed by all there is. No event comes twice; their numbers are from
// the journal, which every server counts on.
//
// changed hears how the link stands: {down, attempt, problem}. It returns a function that ends it.
export function follow(run, take, changed) {
  let since = "", epoch = "", event = 0, attempt = 0, over = false;
  let socket = null, silence = 0, retry = 0;

  const connect = () => {
    const url = new URL(about(run) + "/stream", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (since) url.searchParams.set("since", since);
    socket = new WebSocket(url, PROTOCOL);
    socket.onmessage = (message) => {
      heard();
      receive(JSON.parse(message.data));
    };
    socket.onclose = lost;
    heard();
  };

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), SILENCE);
  };

  const receive = (frame) => {
    if (frame.t === "hello") {
      epoch = frame.ep;
      attempt = 0;
      changed({ down: false, attempt: 0 });
    }
    if (frame.t === "hello" || frame.seq > 0) since = epoch + ":" + (frame.seq ?? 0); // a gap has no place of its own
    if (frame.t === "ev" && frame.ev) {
      if (frame.ev.sequence <= event) return;
      event = frame.ev.sequence;
    }
    if (frame.t === "end") end();
    take(frame);
  };

  const lost = async () => {
    clearTimeout(silence);
    if (over) return;
    changed({ down: true, attempt: ++attempt });
    const wait = Math.min(FIRST_RETRY * 2 ** Math.min(attempt, 10), LAST_RETRY);
    retry = setTimeout(connect, wait / 2 + Math.random() * wait / 2);
    // A socket does not say why it was refused; a request does.
    const problem = await get(about(run)).then(() => null, (p) => p);
    if (problem && problem.status >= 400 && problem.status < 500 && !over) {
      end();
      changed({ down: true, attempt, problem });
    }
  };

  const end = () => {
    over = true;
    clearTimeout(silence);
    clearTimeout(retry);
  };

  connect();
  return () => {
    end();
    socket.onclose = null;
    socket.close();
  };
}

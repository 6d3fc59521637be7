// When the page draws: only what changed, at most once a frame of the browser, and nothing while nobody can see it. What came
// in the meantime is drawn when the page is looked at again.

const dirty = new Set();
let asked = false;

// paint has draw called in the next frame, once however often it is asked for.
export function paint(draw) {
  dirty.add(draw);
  ask();
}

// forget takes back what was asked for.
export function forget(draw) {
  dirty.delete(draw);
}

function ask() {
  if (asked || document.hidden || dirty.size === 0) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const now = [...dirty];
    dirty.clear();
    for (const draw of now) draw();
  });
}

document.addEventListener("visibilitychange", ask);

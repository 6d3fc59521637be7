// Histograms of latencies in microseconds, 1 to a day with three significant digits: the encoding and the arithmetic of
// runtime/stats, so that a percentile on the page is the one that the program computes.

const HALF = 1024; // slots of each doubling above 2048; below, every value has its own
const SLOTS = 28 * HALF;
const HIGHEST = 86_400_000_000;

// slotOf is the slot of a value from 0 to HIGHEST.
export function slotOf(us) {
  let doubling = 0;
  for (let rest = us; rest >= 2 * HALF; rest = Math.floor(rest / 2)) doubling++;
  return doubling * HALF + Math.floor(us / 2 ** doubling);
}

// lowestIn is the smallest value of a slot.
export function lowestIn(slot) {
  if (slot < 2 * HALF) return slot;
  return (slot % HALF + HALF) * 2 ** (Math.floor(slot / HALF) - 1);
}

// highestIn is the largest value of a slot.
export function highestIn(slot) {
  return lowestIn(slot + 1) - 1;
}

// rank is the smallest whole number that is not below n·num/den, and at least 1. It is computed in integers, because in
// floating point 99.9/100·n can come out one rank off.
export function rank(n, num, den) {
  const exact = (BigInt(n) * BigInt(num) + BigInt(den) - 1n) / BigInt(den);
  return Math.max(1, Number(exact));
}

// A Hist is a sum of histograms.
export class Hist {
  constructor() {
    this.counts = new Map(); // by slot; few slots are ever met
    this.count = 0;
    this.sum = 0;
    this.min = 0;
    this.max = 0;
    this.overflow = 0;
  }

  // merge adds all values of another.
  merge(other) {
    if (other.count === 0) return this;
    for (const [slot, n] of other.counts) this.counts.set(slot, (this.counts.get(slot) ?? 0) + n);
    if (this.count === 0 || other.min < this.min) this.min = other.min;
    this.max = Math.max(this.max, other.max);
    this.count += other.count;
    this.sum += other.sum;
    this.overflow += other.overflow;
    this.order = null;
    return this;
  }

  static merged(hists) {
    const sum = new Hist();
    for (const h of hists) sum.merge(h);
    return sum;
  }

  // slots are those with a count, in order.
  slots() {
    return (this.order ??= [...this.counts.keys()].sort((a, b) => a - b));
  }

  get mean() {
    return this.sum / Math.max(this.count, 1);
  }

  // quantile is the value of rank ⌈count·num/den⌉: the largest that its slot stands for, never above max; 0 when empty.
  quantile(num, den) {
    if (this.count === 0) return 0;
    let left = rank(this.count, num, den);
    for (const slot of this.slots()) {
      left -= this.counts.get(slot);
      if (left <= 0) return Math.min(highestIn(slot), this.max);
    }
    return this.max;
  }

  // decode reads what the server encodes. It is a promise, because browsers inflate in the background.
  static async decode(bytes) {
    const h = new Hist();
    if (bytes.length === 0) return h;
    if (bytes[0] !== 0x42 || bytes[1] !== 0x48 || bytes[2] !== 1) throw new Error("not a histogram of this version");
    const head = reader(bytes, 3);
    for (const field of ["count", "sum", "min", "max", "overflow"]) h[field] = head.varint();
    const outer = new DataView(bytes.buffer, bytes.byteOffset + head.at);
    if (outer.getUint32(0) !== 0x1c849314 || outer.getUint32(4) !== outer.byteLength - 8) {
      throw new Error("not an HdrHistogram V2, compressed");
    }
    const inner = await inflate(bytes.subarray(head.at + 8));
    const view = new DataView(inner.buffer, inner.byteOffset, inner.byteLength);
    if (view.getUint32(0) !== 0x1c849313 || view.getUint32(4) !== inner.length - 40 || view.getUint32(12) !== 3 ||
        view.getBigUint64(24) !== BigInt(HIGHEST)) {
      throw new Error("histogram has another geometry");
    }
    const counts = reader(inner, 40);
    let slot = 0, total = 0;
    while (counts.at < inner.length) {
      const n = counts.zigZag();
      if (n <= 0) {
        slot += Math.max(-n, 1);
        continue;
      }
      if (slot >= SLOTS) throw new Error("histogram has counts beyond its range");
      h.counts.set(slot++, n);
      total += n;
    }
    if (total !== h.count) throw new Error(`histogram has counts of ${total} values and says ${h.count}`);
    return h;
  }
}

// reader reads numbers of seven bits a byte, the least significant first.
function reader(bytes, at) {
  return {
    at,
    varint() {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const b = bytes[this.at++];
        if (b === undefined || value > Number.MAX_SAFE_INTEGER) throw new Error("histogram is cut short");
        value += (b & 0x7f) * scale;
        if (b < 0x80) return value;
      }
    },
    zigZag() {
      const u = this.varint();
      return u % 2 === 0 ? u / 2 : -(u + 1) / 2;
    },
  };
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// fromBase64 is what JSON has of bytes.
export function fromBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

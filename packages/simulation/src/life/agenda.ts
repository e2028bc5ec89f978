import type { Instant } from "../bangkok-time.ts";

interface Entry {
  readonly at: Instant;
  readonly no: number;
  readonly act: () => void;
}

/** What is going to happen, earliest first; at one instant in the order of entry. A binary heap. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #count = 0;

  add(at: Instant, act: () => void): void {
    const entry = { at, no: this.#count++, act };
    let hole = this.#heap.push(entry) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!isBefore(entry, this.#heap[parent] as Entry)) break;
      this.#heap[hole] = this.#heap[parent] as Entry;
      hole = parent;
    }
    this.#heap[hole] = entry;
  }

  /** Does everything before an instant, what is added meanwhile included. */
  playUntil(end: Instant): void {
    for (let next = this.#heap[0]; next !== undefined && next.at < end; next = this.#heap[0]) {
      this.#removeFirst();
      next.act();
    }
  }

  #removeFirst(): void {
    const entry = this.#heap.pop() as Entry;
    const { length } = this.#heap;
    if (length === 0) return;
    let hole = 0;
    for (let child = 1; child < length; child = 2 * hole + 1) {
      const right = child + 1;
      if (right < length && isBefore(this.#heap[right] as Entry, this.#heap[child] as Entry)) child = right;
      if (!isBefore(this.#heap[child] as Entry, entry)) break;
      this.#heap[hole] = this.#heap[child] as Entry;
      hole = child;
    }
    this.#heap[hole] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.no < b.no);
}

import type { Instant } from "@taem/kernel";

/** What a return under `within_balance` had to leave, as it was held or spent: taken when it comes back. */
export interface Waiver {
  /** Given by the decider, rising. */
  readonly no: number;
  /** Of the return, and the first hold placed after it: what went out before can come back for it. */
  readonly revision: number;
  readonly nextHold: number;
  /** The sale's. */
  readonly lot: number;
  readonly unreferenced: boolean;
  /** What is left of it; more than nothing. */
  readonly amount: bigint;
  readonly effectiveAt: Instant;
}

/**
 * The waivers of an account, a chain from the newest to the oldest. Immutable, so that drafts share it: one more
 * costs the same however many there are, and what comes back costs no more than a look at those made since it went out.
 */
export class Waivers implements Iterable<Waiver> {
  static readonly none = new Waivers(undefined, 0);
  readonly #newest: Link | undefined;
  readonly size: number;

  private constructor(newest: Link | undefined, size: number) {
    this.#newest = newest;
    this.size = size;
  }

  /** With newer ones, oldest first. */
  with(newer: Iterable<Waiver>): Waivers {
    let newest = this.#newest;
    let { size } = this;
    for (const waiver of newer) {
      newest = { waiver, older: newest };
      size++;
    }
    return size === this.size ? this : new Waivers(newest, size);
  }

  /** The newest ones, as far back as `isAmong` holds, oldest first; and the others. */
  split(isAmong: (waiver: Waiver) => boolean): { newer: Waiver[]; others: Waivers } {
    const newer: Waiver[] = [];
    let link = this.#newest;
    for (; link !== undefined && isAmong(link.waiver); link = link.older) newer.push(link.waiver);
    return { newer: newer.reverse(), others: new Waivers(link, this.size - newer.length) };
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<Waiver> {
    return this.split(() => true).newer[Symbol.iterator]();
  }
}

interface Link {
  readonly waiver: Waiver;
  readonly older: Link | undefined;
}

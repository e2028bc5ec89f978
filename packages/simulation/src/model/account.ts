import { type Instant, monthsEnd } from "../bangkok-time.ts";
import { type CurrencyCode, type CurrencySettings, settings } from "../definitions.ts";
import { type Books, DEBT, EXPIRED, OUTSTANDING, WAIVED, WAIVED_CLAIMS } from "./books.ts";

/**
 * What one account must look like, worked out a second time: plainly, from design.md section 4, sharing no code with
 * the ledger. The simulation asks it how much a member can spend, and checks the ledger's answers against it.
 */

/** Points of one origin and one expiry. Amounts in minor units. */
export interface Lot {
  readonly no: number;
  /** Source system of the earn; undefined for points that came another way. */
  readonly source: string | undefined;
  readonly amount: bigint;
  /** Money that earned it. */
  readonly spend: bigint;
  readonly availableFrom: Instant;
  /** Infinity = never. */
  readonly expiresAt: Instant;
  readonly earnedAt: Instant;
  /** The first of the dead lots for which this one stands in. */
  readonly replaces: Lot | undefined;
  remaining: bigint;
  /** Of `remaining`, what open holds have set aside. */
  held: bigint;
  /** Latest effective time of what changed it. */
  touchedAt: Instant;
  expired: bigint;
  /** Used up by repaying debt, and how much of that debt a return has restored. */
  repaid: bigint;
  restored: bigint;
  reversed: bigint;
  /** Of `reversed`, what was found expired. */
  forgiven: bigint;
  /** Money refunded. */
  refunded: bigint;
}

export interface Take {
  readonly lot: Lot;
  readonly amount: bigint;
}

/** What a return had to leave, as it was held or spent: it is taken when it comes back. */
interface Waiver {
  left: bigint;
  readonly at: Instant;
  /** The ledger account that it is taken against. */
  readonly against: string;
  /** Points that went out before it have a lower one. */
  readonly serial: number;
}

export interface Hold {
  readonly serial: number;
  readonly takes: readonly Take[];
  readonly amount: bigint;
  readonly timeoutAt: Instant;
  readonly touchedAt: Instant;
}

/** Amounts in minor units; what is available is usable now, pending and held are not. */
export interface Balance {
  readonly available: bigint;
  readonly pending: bigint;
  readonly held: bigint;
  readonly debt: bigint;
}

export type NewLot = Pick<Lot, "amount" | "availableFrom" | "earnedAt"> &
  Partial<Pick<Lot, "source" | "spend" | "expiresAt" | "touchedAt" | "replaces">>;

export class Account {
  readonly currency: CurrencyCode;
  readonly settings: CurrencySettings;
  readonly books: Books;
  /** With something left, in burn order. */
  readonly #open: Lot[] = [];
  readonly #holds = new Set<Hold>();
  readonly #waivers: Waiver[] = [];
  #serial = 0;
  #debt = 0n;
  #debtTouchedAt = 0;
  #lots = 0;

  constructor(currency: CurrencyCode, books: Books) {
    this.currency = currency;
    this.settings = settings[currency];
    this.books = books;
  }

  get debt(): bigint {
    return this.#debt;
  }

  get debtTouchedAt(): Instant {
    return this.#debtTouchedAt;
  }

  /** After `settle(now)`. */
  balance(now: Instant): Balance {
    let available = 0n;
    let pending = 0n;
    let held = 0n;
    for (const lot of this.#open) {
      held += lot.held;
      if (isUsable(lot, now)) available += free(lot);
      else pending += free(lot);
    }
    return { available, pending, held, debt: this.#debt };
  }

  /** What could be spent at an instant of the past day or so, if nothing had been spent since. */
  availableAt(at: Instant): bigint {
    return sum(this.#open.filter((lot) => isUsable(lot, at)).map((lot) => ({ amount: free(lot) })));
  }

  /** Lets time do its work: holds run out, lots expire, credits repay debt, each at its own instant. */
  settle(now: Instant): void {
    for (let due = this.#nextDue(now); due !== undefined; due = this.#nextDue(now)) due.happen();
  }

  /** The earliest first; at one instant holds end before lots expire, and lots expire before debt is repaid. */
  #nextDue(now: Instant): Due | undefined {
    let first: Due | undefined;
    const consider = (due: Due): void => {
      const isEarlier =
        first === undefined || due.at < first.at || (due.at === first.at && due.rank < first.rank);
      if (due.at <= now && isEarlier) first = due;
    };
    for (const hold of this.#holds) {
      const end = () => {
        const at = Math.max(hold.timeoutAt, hold.touchedAt);
        this.endHold(hold, at);
        this.comeBack(hold.takes, hold.serial, at);
      };
      consider({ at: hold.timeoutAt, rank: 0, happen: end });
    }
    for (const lot of this.#open) {
      if (free(lot) === 0n) continue;
      consider({ at: lot.expiresAt, rank: 1, happen: () => this.#expire(lot.expiresAt) });
      if (this.#debt === 0n) break;
      const at = Math.max(lot.availableFrom, lot.touchedAt, this.#debtTouchedAt);
      if (at < lot.expiresAt) consider({ at, rank: 2, happen: () => this.#repay(lot, at) });
    }
    return first;
  }

  #expire(at: Instant): void {
    for (const lot of this.#open.filter((lot) => lot.expiresAt === at && free(lot) > 0n)) {
      const amount = free(lot);
      lot.expired += amount;
      if (lot.replaces !== undefined) lot.replaces.expired += amount;
      this.debit([{ lot, amount }], at, EXPIRED);
    }
  }

  #repay(lot: Lot, at: Instant, amount = min(free(lot), this.#debt)): void {
    lot.repaid += amount;
    this.debit([{ lot, amount }], at, DEBT);
    this.changeDebt(-amount, at);
  }

  /** What a debit of `points` would take, in burn order; less when there is less. `spoken` is taken already. */
  find(points: bigint, now: Instant, spoken: ReadonlyMap<Lot, bigint> = new Map()): Take[] {
    const takes: Take[] = [];
    let left = points;
    for (const lot of this.#open) {
      if (left === 0n) break;
      if (!isUsable(lot, now)) continue;
      const amount = min(free(lot) - (spoken.get(lot) ?? 0n), left);
      if (amount <= 0n) continue;
      takes.push({ lot, amount });
      left -= amount;
    }
    return takes;
  }

  /** Takes points out, against a ledger account. */
  debit(takes: readonly Take[], at: Instant, against: string): void {
    for (const { lot, amount } of takes) {
      lot.remaining -= amount;
      lot.touchedAt = Math.max(lot.touchedAt, at);
      if (lot.remaining === 0n) this.#open.splice(this.#open.indexOf(lot), 1);
    }
    this.books.post(this.currency, OUTSTANDING, against, sum(takes));
  }

  /** Begins a lot, against a ledger account; unless said, it counts from when it was earned. */
  credit(begun: NewLot, against: string): Lot {
    const { amount, availableFrom, earnedAt, source } = begun;
    this.#lots += 1;
    const lot: Lot = {
      no: this.#lots,
      source,
      amount,
      spend: begun.spend ?? 0n,
      availableFrom,
      expiresAt: begun.expiresAt ?? this.expiryOf(earnedAt),
      earnedAt,
      replaces: begun.replaces,
      remaining: amount,
      held: 0n,
      touchedAt: begun.touchedAt ?? earnedAt,
      expired: 0n,
      repaid: 0n,
      restored: 0n,
      reversed: 0n,
      forgiven: 0n,
      refunded: 0n,
    };
    if (amount > 0n) this.#insert(lot);
    this.books.post(this.currency, against, OUTSTANDING, amount);
    return lot;
  }

  /** Puts points back into the lot that they came from. */
  restore({ lot, amount }: Take, at: Instant, against: string): void {
    if (lot.remaining === 0n) this.#insert(lot);
    lot.remaining += amount;
    lot.touchedAt = Math.max(lot.touchedAt, at);
    this.books.post(this.currency, against, OUTSTANDING, amount);
  }

  expiryOf(earnedAt: Instant): Instant {
    const months = this.settings.monthsOfLife;
    return months === undefined ? Number.POSITIVE_INFINITY : monthsEnd(earnedAt, months);
  }

  placeHold(takes: readonly Take[], timeoutAt: Instant, touchedAt: Instant): Hold {
    for (const { lot, amount } of takes) lot.held += amount;
    const hold: Hold = { serial: this.nextSerial(), takes, amount: sum(takes), timeoutAt, touchedAt };
    this.#holds.add(hold);
    return hold;
  }

  isOpen(hold: Hold): boolean {
    return this.#holds.has(hold);
  }

  endHold(hold: Hold, at: Instant): void {
    this.#holds.delete(hold);
    for (const { lot, amount } of hold.takes) {
      lot.held -= amount;
      lot.touchedAt = Math.max(lot.touchedAt, at);
    }
  }

  /** Tells what went out before a return from what went out after it. */
  nextSerial(): number {
    return ++this.#serial;
  }

  waive(amount: bigint, against: string, at: Instant): void {
    if (amount === 0n) return;
    this.#waivers.push({ left: amount, at, against, serial: this.nextSerial() });
    this.books.post(this.currency, WAIVED, WAIVED_CLAIMS, amount);
  }

  /**
   * Points came back that had gone out at `serial`: returns since then take what they had to leave, and points that
   * come back too late to be spent repay debt.
   */
  comeBack(parts: readonly Take[], serial: number, at: Instant): void {
    const waivers = this.#waivers.filter((waiver) => waiver.serial > serial && waiver.left > 0n);
    const paid: (Take & { readonly waiver: Waiver })[] = [];
    const left = parts.map(({ lot, amount }) => {
      let rest = amount;
      for (const waiver of waivers) {
        const part = min(rest, waiver.left);
        if (part === 0n) continue;
        paid.push({ lot, amount: part, waiver });
        waiver.left -= part;
        rest -= part;
      }
      return { lot, amount: rest };
    });
    const from = Math.max(at, ...paid.map(({ waiver }) => waiver.at));
    for (const { waiver, ...take } of paid) {
      this.debit([take], from, waiver.against);
      this.books.post(this.currency, WAIVED_CLAIMS, WAIVED, take.amount);
    }
    const ready = Math.max(from, this.#debtTouchedAt);
    for (const { lot, amount } of left) {
      const part = lot.availableFrom < lot.expiresAt && lot.expiresAt <= ready ? min(amount, this.#debt) : 0n;
      if (part > 0n) this.#repay(lot, ready, part);
    }
  }

  changeDebt(by: bigint, at: Instant): void {
    this.#debt += by;
    this.#debtTouchedAt = Math.max(this.#debtTouchedAt, at);
  }

  #insert(lot: Lot): void {
    const at = this.#open.findIndex((other) => inBurnOrder(other, lot) > 0);
    this.#open.splice(at === -1 ? this.#open.length : at, 0, lot);
  }
}

interface Due {
  readonly at: Instant;
  readonly rank: number;
  readonly happen: () => void;
}

function inBurnOrder(a: Lot, b: Lot): number {
  if (a.expiresAt !== b.expiresAt) return a.expiresAt < b.expiresAt ? -1 : 1;
  return a.earnedAt - b.earnedAt || a.no - b.no;
}

function isUsable(lot: Lot, now: Instant): boolean {
  return lot.availableFrom <= now && now < lot.expiresAt;
}

export function free(lot: Lot): bigint {
  return lot.remaining - lot.held;
}

/** The latest of a business time and the effective times of what is touched. */
export function effectiveAt(occurredAt: Instant, takes: readonly { readonly lot: Lot }[]): Instant {
  return Math.max(occurredAt, ...takes.map(({ lot }) => lot.touchedAt));
}

export function min(a: bigint, b: bigint): bigint {
  return b < a ? b : a;
}

export function sum(parts: readonly { readonly amount: bigint }[]): bigint {
  return parts.reduce((total, { amount }) => total + amount, 0n);
}

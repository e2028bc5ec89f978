import type { Lot } from "./lot.ts";

/**
 * A lot in a row of 16-bit units, as short as it is plain: a head, what every lot has, and of the rest only what is
 * not as it is for nearly all lots. A sale's points that were spent take 28 bytes.
 *
 * The head has a bit for each field that is there, and one for a wide record: one whose fields take 64 bits each,
 * because one of them does not fit what it has otherwise, 32 bits for an amount or a number and 48 for an instant.
 */

/** What a lot shares with others of its account; few differ, so its record has an ordinal. */
export type LotOrigin = Pick<Lot, "kind" | "source" | "vintage">;

const REMAINING = 1 << 0;
const HELD = 1 << 1;
const AVAILABLE_FROM = 1 << 2;
/** Without it the lot never expires. */
const EXPIRES_AT = 1 << 3;
const REPLACES = 1 << 4;
const EXPIRED = 1 << 5;
const REPAID = 1 << 6;
const RESTORED = 1 << 7;
const REVERSED = 1 << 8;
const FORGIVEN = 1 << 9;
const REFUNDED = 1 << 10;
const WIDE = 1 << 15;

const INSTANTS = AVAILABLE_FROM | EXPIRES_AT;
const OTHERS = WIDE - 1 - INSTANTS;

const NEVER = Number.POSITIVE_INFINITY;

/** Throws `RangeError` if an amount takes more than 64 bits. */
export function headOf(lot: Lot, origin: number): number {
  const head =
    (lot.remaining === 0n ? 0 : REMAINING) |
    (lot.held === 0n ? 0 : HELD) |
    (lot.availableFrom === 0 ? 0 : AVAILABLE_FROM) |
    (lot.expiresAt === NEVER ? 0 : EXPIRES_AT) |
    (lot.replaces === 0 ? 0 : REPLACES) |
    (lot.expired === 0n ? 0 : EXPIRED) |
    (lot.repaid === 0n ? 0 : REPAID) |
    (lot.restored === 0n ? 0 : RESTORED) |
    (lot.reversed === 0n ? 0 : REVERSED) |
    (lot.forgiven === 0n ? 0 : FORGIVEN) |
    (lot.refunded === 0n ? 0 : REFUNDED);
  if (isNarrow(lot, origin)) return head;
  if (!isStorable(lot)) throw new RangeError(`lot ${lot.no}: an amount takes more than 64 bits`);
  return head | WIDE;
}

/** Units that a record takes, by its head. Two instants are always there, and the origin and the amount. */
export function lengthOf(head: number): number {
  const instants = 2 + bitsOf(head & INSTANTS);
  const others = 2 + bitsOf(head & OTHERS);
  return 1 + ((head & WIDE) === 0 ? 3 * instants + 2 * others : 4 * (instants + others));
}

export function writeLot(units: Uint16Array, at: number, head: number, lot: Lot, origin: number): void {
  units[at] = head;
  const to = new Cursor(units, at + 1, (head & WIDE) !== 0);
  to.putNumber(origin);
  to.putAmount(lot.amount);
  to.putInstant(lot.earnedAt);
  to.putInstant(lot.effectiveAt);
  if (head & REMAINING) to.putAmount(lot.remaining);
  if (head & HELD) to.putAmount(lot.held);
  if (head & AVAILABLE_FROM) to.putInstant(lot.availableFrom);
  if (head & EXPIRES_AT) to.putInstant(lot.expiresAt);
  if (head & REPLACES) to.putNumber(lot.replaces);
  if (head & EXPIRED) to.putAmount(lot.expired);
  if (head & REPAID) to.putAmount(lot.repaid);
  if (head & RESTORED) to.putAmount(lot.restored);
  if (head & REVERSED) to.putAmount(lot.reversed);
  if (head & FORGIVEN) to.putAmount(lot.forgiven);
  if (head & REFUNDED) to.putAmount(lot.refunded);
}

export function readLot(units: Uint16Array, at: number, no: number, origins: readonly LotOrigin[]): Lot {
  const head = units[at] as number;
  const from = new Cursor(units, at + 1, (head & WIDE) !== 0);
  const { kind, source, vintage } = origins[from.number()] as LotOrigin;
  const amount = from.amount();
  const earnedAt = from.instant();
  const effectiveAt = from.instant();
  return {
    no,
    kind,
    source,
    amount,
    remaining: head & REMAINING ? from.amount() : 0n,
    held: head & HELD ? from.amount() : 0n,
    availableFrom: head & AVAILABLE_FROM ? from.instant() : 0,
    expiresAt: head & EXPIRES_AT ? from.instant() : NEVER,
    earnedAt,
    vintage,
    replaces: head & REPLACES ? from.number() : 0,
    effectiveAt,
    expired: head & EXPIRED ? from.amount() : 0n,
    repaid: head & REPAID ? from.amount() : 0n,
    restored: head & RESTORED ? from.amount() : 0n,
    reversed: head & REVERSED ? from.amount() : 0n,
    forgiven: head & FORGIVEN ? from.amount() : 0n,
    refunded: head & REFUNDED ? from.amount() : 0n,
  };
}

const AMOUNT_LIMIT = 2n ** 32n;
const NUMBER_LIMIT = 2 ** 32;
const INSTANT_LIMIT = 2 ** 48;

function isNarrow(lot: Lot, origin: number): boolean {
  return (
    isSmall(lot.amount) &&
    isSmall(lot.remaining) &&
    isSmall(lot.held) &&
    isSmall(lot.expired) &&
    isSmall(lot.repaid) &&
    isSmall(lot.restored) &&
    isSmall(lot.reversed) &&
    isSmall(lot.forgiven) &&
    isSmall(lot.refunded) &&
    isWhole(lot.earnedAt, INSTANT_LIMIT) &&
    isWhole(lot.effectiveAt, INSTANT_LIMIT) &&
    isWhole(lot.availableFrom, INSTANT_LIMIT) &&
    (lot.expiresAt === NEVER || isWhole(lot.expiresAt, INSTANT_LIMIT)) &&
    isWhole(lot.replaces, NUMBER_LIMIT) &&
    origin < NUMBER_LIMIT
  );
}

function isStorable(lot: Lot): boolean {
  const { amount, remaining, held, expired, repaid, restored, reversed, forgiven, refunded } = lot;
  const amounts = [amount, remaining, held, expired, repaid, restored, reversed, forgiven, refunded];
  return amounts.every((each) => BigInt.asIntN(64, each) === each);
}

function isSmall(amount: bigint): boolean {
  return amount === 0n || (amount > 0n && amount < AMOUNT_LIMIT);
}

function isWhole(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < limit;
}

function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** One value of 64 bits, as whatever it is. */
const units64 = new Uint16Array(4);
const amount64 = new BigInt64Array(units64.buffer);
const number64 = new Float64Array(units64.buffer);

/** Field after field of a record. */
class Cursor {
  readonly #units: Uint16Array;
  readonly #isWide: boolean;
  #at: number;

  constructor(units: Uint16Array, at: number, isWide: boolean) {
    this.#units = units;
    this.#at = at;
    this.#isWide = isWide;
  }

  amount(): bigint {
    if (!this.#isWide) return BigInt(this.#number32());
    this.#take64();
    return amount64[0] as bigint;
  }

  number(): number {
    return this.#isWide ? this.#number64() : this.#number32();
  }

  instant(): number {
    if (this.#isWide) return this.#number64();
    const low = this.#number32();
    return low + this.#unit() * 2 ** 32;
  }

  putAmount(amount: bigint): void {
    if (!this.#isWide) return this.#putNumber32(Number(amount));
    amount64[0] = amount;
    this.#put64();
  }

  putNumber(value: number): void {
    if (this.#isWide) this.#putNumber64(value);
    else this.#putNumber32(value);
  }

  putInstant(value: number): void {
    if (this.#isWide) return this.#putNumber64(value);
    this.#putNumber32(value);
    this.#units[this.#at++] = value / 2 ** 32;
  }

  #unit(): number {
    return this.#units[this.#at++] as number;
  }

  #number32(): number {
    const low = this.#unit();
    return low + this.#unit() * 2 ** 16;
  }

  /** The low 32 bits. */
  #putNumber32(value: number): void {
    this.#units[this.#at++] = value;
    this.#units[this.#at++] = value >>> 16;
  }

  #number64(): number {
    this.#take64();
    return number64[0] as number;
  }

  #putNumber64(value: number): void {
    number64[0] = value;
    this.#put64();
  }

  #take64(): void {
    for (let i = 0; i < 4; i++) units64[i] = this.#unit();
  }

  #put64(): void {
    for (let i = 0; i < 4; i++) this.#units[this.#at++] = units64[i] as number;
  }
}

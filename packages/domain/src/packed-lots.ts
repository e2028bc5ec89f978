import { type Layer, LayeredMap } from "./layered-map.ts";
import type { Lot, LotKind } from "./lot.ts";

const KINDS: readonly LotKind[] = ["earn", "transfer", "adjustment", "replacement"];

/** Words of eight bytes a lot: nine amounts, four instants, and what is not a number by its ordinal. */
const AMOUNTS = 9;
const KIND = 13;
const SOURCE = 14;
const VINTAGE = 15;
const REPLACES = 16;
const WORDS = 17;

const FIRST_CAPACITY = 4;

/** A snapshot's form: the words in base64, least significant byte first, and the texts that they refer to. */
export interface PackedText {
  readonly texts: readonly string[];
  readonly words: string;
}

/**
 * The lots of an account by number, in one buffer. An account that lives for years has many, nearly all with nothing
 * left; as objects they take thrice the memory, and the garbage collector's time for as long as they are cached. An
 * amount of a lot is below 2^63: one command moves 10^15 at most.
 */
export class PackedLots implements Layer<number, Lot> {
  /** One buffer, read as amounts and as numbers (up to 2^53, and infinity). */
  #amounts = new BigInt64Array(0);
  #numbers = new Float64Array(0);
  /** Highest number there is. */
  #last = 0;
  /** Sources and vintages: an account has few. */
  readonly #texts: string[] = [];
  readonly #ordinals = new Map<string, number>();

  get(no: number): Lot | undefined {
    const at = (no - 1) * WORDS;
    const numbers = this.#numbers;
    const kind = numbers[at + KIND];
    if (kind === undefined || kind === 0) return undefined;
    const amounts = this.#amounts;
    return {
      no,
      kind: KINDS[kind - 1] as LotKind,
      source: this.#texts[numbers[at + SOURCE] as number] as string,
      amount: amounts[at] as bigint,
      remaining: amounts[at + 1] as bigint,
      held: amounts[at + 2] as bigint,
      availableFrom: numbers[at + AMOUNTS] as number,
      expiresAt: numbers[at + AMOUNTS + 1] as number,
      earnedAt: numbers[at + AMOUNTS + 2] as number,
      vintage: this.#texts[numbers[at + VINTAGE] as number] as string,
      replaces: numbers[at + REPLACES] as number,
      effectiveAt: numbers[at + AMOUNTS + 3] as number,
      expired: amounts[at + 3] as bigint,
      repaid: amounts[at + 4] as bigint,
      restored: amounts[at + 5] as bigint,
      reversed: amounts[at + 6] as bigint,
      forgiven: amounts[at + 7] as bigint,
      refunded: amounts[at + 8] as bigint,
    };
  }

  set(no: number, lot: Lot): void {
    const at = (no - 1) * WORDS;
    if (at >= this.#numbers.length) this.#grow(no);
    if (no > this.#last) this.#last = no;
    const amounts = this.#amounts;
    const numbers = this.#numbers;
    if (BigInt.asIntN(64, lot.amount) !== lot.amount || BigInt.asIntN(64, lot.refunded) !== lot.refunded)
      throw new RangeError(`lot ${no}: an amount takes more than 64 bits`);
    amounts[at] = lot.amount;
    amounts[at + 1] = lot.remaining;
    amounts[at + 2] = lot.held;
    amounts[at + 3] = lot.expired;
    amounts[at + 4] = lot.repaid;
    amounts[at + 5] = lot.restored;
    amounts[at + 6] = lot.reversed;
    amounts[at + 7] = lot.forgiven;
    amounts[at + 8] = lot.refunded;
    numbers[at + AMOUNTS] = lot.availableFrom;
    numbers[at + AMOUNTS + 1] = lot.expiresAt;
    numbers[at + AMOUNTS + 2] = lot.earnedAt;
    numbers[at + AMOUNTS + 3] = lot.effectiveAt;
    numbers[at + KIND] = KINDS.indexOf(lot.kind) + 1;
    numbers[at + SOURCE] = this.#ordinalOf(lot.source);
    numbers[at + VINTAGE] = this.#ordinalOf(lot.vintage);
    numbers[at + REPLACES] = lot.replaces;
  }

  draft(): Layer<number, Lot> {
    return new LayeredMap(this);
  }

  commit(): Layer<number, Lot> {
    return this;
  }

  *entries(): Iterable<[number, Lot]> {
    for (let no = 1; no <= this.#last; no++) {
      const lot = this.get(no);
      if (lot !== undefined) yield [no, lot];
    }
  }

  toText(): PackedText {
    const bytes = Buffer.from(this.#numbers.buffer, 0, this.#last * WORDS * 8);
    return { texts: this.#texts, words: bytes.toString("base64") };
  }

  /** A cache of this machine's kind: processors that run Node all have the least significant byte first. */
  static fromText({ texts, words }: PackedText): PackedLots {
    const lots = new PackedLots();
    for (const text of texts) lots.#ordinalOf(text);
    const bytes = Buffer.from(words, "base64");
    lots.#last = bytes.length / 8 / WORDS;
    lots.#resize(bytes.length / 8);
    new Uint8Array(lots.#numbers.buffer).set(bytes);
    return lots;
  }

  #ordinalOf(text: string): number {
    const known = this.#ordinals.get(text);
    if (known !== undefined) return known;
    this.#ordinals.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  #grow(no: number): void {
    const capacity = Math.max(FIRST_CAPACITY, no, Math.ceil((this.#numbers.length / WORDS) * 1.5));
    const before = this.#numbers;
    this.#resize(capacity * WORDS);
    this.#numbers.set(before);
  }

  #resize(words: number): void {
    const buffer = new ArrayBuffer(words * 8);
    this.#amounts = new BigInt64Array(buffer);
    this.#numbers = new Float64Array(buffer);
  }
}

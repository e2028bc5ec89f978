import { type CurrencyCode, POINT, STAMP } from "../definitions.ts";
import { Account } from "../model/account.ts";
import type { Books } from "../model/books.ts";
import { DailyEarnings } from "../model/commands.ts";
import { RecentEarns } from "../model/returns.ts";
import { type Random, Weighted, zipf } from "../random.ts";

export interface Person {
  readonly no: number;
  readonly externalId: string;
  readonly accounts: Readonly<Record<CurrencyCode, Account>>;
  readonly earnings: DailyEarnings;
  readonly recent: RecentEarns;
}

/**
 * The members, in the order in which they joined. Few buy much: Zipf-Mandelbrot with an offset of one in a hundred
 * gives the busiest fifth two thirds of the visits, as in CDNOW's purchases (top 20 % = 67.4 % of value).
 */
export class People {
  readonly #members: Person[] = [];
  readonly #random: Random;
  readonly #books: Books;
  readonly #ranks: Weighted;
  /** Which member has a rank, by number. */
  readonly #memberOfRank: Uint32Array;

  constructor(members: number, random: Random, books: Books) {
    this.#random = random;
    this.#books = books;
    this.#ranks = new Weighted(zipf(members, 1, Math.max(1, members / 100)));
    this.#memberOfRank = shuffled(members, random);
  }

  get count(): number {
    return this.#members.length;
  }

  enrol(): Person {
    const no = this.#members.length;
    const person: Person = {
      no,
      externalId: `M${String(no + 1).padStart(7, "0")}`,
      accounts: { POINT: new Account(POINT, this.#books), STAMP: new Account(STAMP, this.#books) },
      earnings: new DailyEarnings(),
      recent: new RecentEarns(),
    };
    this.#members.push(person);
    return person;
  }

  /** Somebody who has joined, the busy ones more often. */
  draw(): Person {
    for (;;) {
      const no = this.#memberOfRank[this.#ranks.draw(this.#random)] as number;
      const person = this.#members[no];
      if (person !== undefined) return person;
    }
  }

  /** Whom a member shares points with: always the same, if they have joined. */
  relativeOf({ no }: Person): Person | undefined {
    return this.#members[no ^ 1];
  }

  /** Lets time do its work on every account. */
  settle(now: number): void {
    for (const { accounts } of this.#members) {
      accounts.POINT.settle(now);
      accounts.STAMP.settle(now);
    }
  }
}

function shuffled(count: number, random: Random): Uint32Array {
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.whole(0, i);
    [numbers[i], numbers[j]] = [numbers[j] as number, numbers[i] as number];
  }
  return numbers;
}

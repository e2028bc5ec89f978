import type { Entry } from "./entries.ts";

/** What went from one ledger account's credit to another's debit in a slice on one accounting day. */
export interface ControlTotal extends Posted {
  readonly slice: number;
  readonly programme: string;
  readonly currency: string;
  readonly date: string;
}

interface Posted {
  readonly debit: string;
  readonly credit: string;
  amount: bigint;
  /** How many entries it is the sum of. */
  postings: number;
}

interface Book {
  readonly slice: number;
  readonly programme: string;
  readonly currency: string;
  readonly date: string;
  readonly pairs: ControlTotal[];
}

/**
 * Control totals. Looked up twice for every entry: days first, then the few books of a slice on a day and the few pairs
 * of a book, which costs a fraction of one key made of all six parts.
 */
export class ControlTotals {
  readonly #days = new Map<string, Book[][]>();

  add(
    slice: number,
    programme: string,
    currency: string,
    date: string,
    { debit, credit, amount }: Entry,
  ): void {
    const { pairs } = this.#book(slice, programme, currency, date);
    let total = pairs.find((pair) => pair.debit === debit && pair.credit === credit);
    if (total === undefined) {
      total = { slice, programme, currency, date, debit, credit, amount: 0n, postings: 0 };
      pairs.push(total);
    }
    total.amount += amount;
    total.postings++;
  }

  *all(): Iterable<ControlTotal> {
    for (const slices of this.#days.values()) {
      for (const books of slices) for (const book of books ?? []) yield* book.pairs;
    }
  }

  #book(slice: number, programme: string, currency: string, date: string): Book {
    let slices = this.#days.get(date);
    if (slices === undefined) {
      slices = [];
      this.#days.set(date, slices);
    }
    let books = slices[slice];
    if (books === undefined) {
      books = [];
      slices[slice] = books;
    }
    for (const book of books) if (book.currency === currency && book.programme === programme) return book;
    const fresh = { slice, programme, currency, date, pairs: [] };
    books.push(fresh);
    return fresh;
  }
}

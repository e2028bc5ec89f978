/** What a batch posted to one ledger account of a slice on one accounting day. */
export class ControlTotal {
  readonly slice: number;
  readonly programme: string;
  readonly currency: string;
  readonly date: string;
  readonly account: string;
  debit = 0n;
  credit = 0n;
  postings = 0;

  constructor(book: Book, account: string) {
    this.slice = book.slice;
    this.programme = book.programme;
    this.currency = book.currency;
    this.date = book.date;
    this.account = account;
  }
}

interface Book {
  readonly slice: number;
  readonly programme: string;
  readonly currency: string;
  readonly date: string;
  readonly accounts: Map<string, ControlTotal>;
}

/**
 * The control totals of a batch. Looked up twice for every posting: days first, then the few books of a slice on a
 * day, which costs a fraction of one key made of all five parts.
 */
export class ControlTotals {
  readonly #days = new Map<string, Book[][]>();

  /** Adds a pair of postings. */
  add(
    slice: number,
    programme: string,
    currency: string,
    date: string,
    { debit, credit, amount }: { readonly debit: string; readonly credit: string; readonly amount: bigint },
  ): void {
    const book = this.#book(slice, programme, currency, date);
    const debited = totalOf(book, debit);
    debited.debit += amount;
    debited.postings++;
    const credited = totalOf(book, credit);
    credited.credit += amount;
    credited.postings++;
  }

  *all(): Iterable<ControlTotal> {
    for (const slices of this.#days.values()) {
      for (const books of slices) for (const book of books ?? []) yield* book.accounts.values();
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
    const fresh = { slice, programme, currency, date, accounts: new Map<string, ControlTotal>() };
    books.push(fresh);
    return fresh;
  }
}

function totalOf(book: Book, account: string): ControlTotal {
  let total = book.accounts.get(account);
  if (total === undefined) {
    total = new ControlTotal(book, account);
    book.accounts.set(account, total);
  }
  return total;
}

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

  constructor(slice: number, programme: string, currency: string, date: string, account: string) {
    this.slice = slice;
    this.programme = programme;
    this.currency = currency;
    this.date = date;
    this.account = account;
  }

  add(debit: bigint, credit: bigint): void {
    this.debit += debit;
    this.credit += credit;
    this.postings++;
  }
}

import { invariant } from "@taem/kernel";
import type { Writes } from "@taem/postgres";
import { type EventRecord, type Fold, type ProjectedEvent, UnprojectableEvent } from "@taem/processing";
import { activityIn, DEBT, OUTSTANDING } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import { AccountDelta } from "./account-delta.ts";
import { additionOf } from "./addition.ts";
import { ClientActivity } from "./client-activity.ts";
import { type ControlTotal, ControlTotals } from "./control-total.ts";
import { type Added, writeAdded, writeDifferences } from "./ledger-writer.ts";
import { readingOf } from "./reading.ts";
import type { ZoneHistory } from "./zone-history.ts";

/** A batch of events, folded into rows to add and differences to apply. */
export class LedgerFold implements Fold<AccountEvent> {
  readonly #zones: ZoneHistory;
  #added = nothing();
  readonly #accounts = new Map<string, AccountDelta>();
  readonly #totals = new ControlTotals();
  readonly #activity = new ClientActivity();

  constructor(zones: ZoneHistory) {
    this.#zones = zones;
  }

  add({ record, event, actor }: ProjectedEvent<AccountEvent>): void {
    const { slice, position, revision, stream } = record;
    // Whatever can fail comes first: an event counts as a whole or not at all.
    const known = this.#accounts.get(stream);
    invariant(
      known === undefined || revision === known.revision + 1,
      "each event of an account is folded, and once",
    );
    assertOwned(event);
    const reading = readingOf(event, (at) => this.#zones.zoneAt(event.programme, at, position));
    const { postingRows, lineRow } = additionOf(record, event, reading);
    this.#activity.add(record, event, activityIn, actor, this.#zones);

    const account = known ?? this.#begin(record, event);
    account.add(event, record);
    account.revision = revision;
    account.position = position;
    account.stated = event.book;

    const { date, entries } = reading;
    for (const entry of entries) this.#totals.add(slice, event.programme, event.currency, date, entry);
    this.#added.postings.push(...postingRows);
    this.#added.statement_lines.push(lineRow);
  }

  writeAdded(writes: Writes, schema: string): void {
    const added = this.#added;
    this.#added = nothing();
    writeAdded(writes, schema, added);
  }

  write(writes: Writes, schema: string): void {
    this.writeAdded(writes, schema);
    // In the order of their keys: neighbours in an index are written one after the other.
    const accounts = [...this.#accounts.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
    const totals = [...this.#totals.all()];
    assertAgreed(accounts, totals);
    writeDifferences(writes, schema, { accounts, totals, activity: [...this.#activity.all()] });
  }

  #begin({ slice, stream, revision }: EventRecord, event: AccountEvent): AccountDelta {
    const account = new AccountDelta(slice, revision, event);
    this.#accounts.set(stream, account);
    return account;
  }
}

/** Throws `UnprojectableEvent` on an event that would leave an account less than nothing. */
function assertOwned({ book }: AccountEvent): void {
  if (book < 0n) throw new UnprojectableEvent(`an event states a book balance below zero: ${book}`);
}

function nothing(): Added {
  return { postings: [], statement_lines: [] };
}

/**
 * What accounts hold and owe is changed by their lots, and posted by their events' amounts: by currency, both come to the same.
 * Throws `UnprojectableEvent`.
 */
function assertAgreed(accounts: readonly AccountDelta[], totals: readonly ControlTotal[]): void {
  const left = new Map<string, { book: bigint; debt: bigint }>();
  const of = (currency: string) => {
    let one = left.get(currency);
    if (one === undefined) {
      one = { book: 0n, debt: 0n };
      left.set(currency, one);
    }
    return one;
  };
  for (const { currency, book, debt } of accounts) {
    const one = of(currency);
    if (book !== 0n) one.book += book;
    if (debt !== 0n) one.debt += debt;
  }
  for (const { currency, debit, credit, amount } of totals) {
    const one = of(currency);
    if (credit === OUTSTANDING) one.book -= amount;
    if (debit === OUTSTANDING) one.book += amount;
    if (debit === DEBT) one.debt -= amount;
    if (credit === DEBT) one.debt += amount;
  }
  for (const [currency, { book, debt }] of left) {
    if (book === 0n && debt === 0n) continue;
    throw new UnprojectableEvent(`in ${currency} lots and postings differ by ${book}, debts by ${debt}`);
  }
}

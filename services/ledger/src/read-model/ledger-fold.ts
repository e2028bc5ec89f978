import type { AccountEvent } from "@taem/contracts";
import { localDate } from "@taem/domain";
import type { Queryable } from "@taem/postgres";
import type { Fold, ProjectedEvent } from "@taem/projection";
import { AccountDelta } from "./account-delta.ts";
import { ControlTotals } from "./control-total.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { type Row, writeAdded, writeDifferences } from "./ledger-writer.ts";
import { statementLine } from "./statement-line.ts";
import type { ZoneHistory } from "./zone-history.ts";

/** A batch of account events, folded into rows to add and differences to apply. */
export class LedgerFold implements Fold<AccountEvent> {
  readonly #zones: ZoneHistory;
  #postings: Row[] = [];
  #lines: Row[] = [];
  readonly #accounts = new Map<string, AccountDelta>();
  readonly #totals = new ControlTotals();

  constructor(zones: ZoneHistory) {
    this.#zones = zones;
  }

  add({ record, event }: ProjectedEvent<AccountEvent>): void {
    const { slice, position, revision, recordedAt, stream } = record;
    // Whatever can fail comes first: an event counts as a whole or not at all.
    const date = accountingDate(event, this.#zones, position);
    const entries = entriesOf(event);
    const line = statementLine(event);

    let account = this.#accounts.get(stream);
    if (account === undefined) {
      account = new AccountDelta(slice, revision, event);
      this.#accounts.set(stream, account);
    }
    account.add(event);
    account.revision = revision;
    account.position = position;

    const { member, programme, currency, effectiveAt, occurredAt } = event;
    for (let no = 0; no < entries.length; no++) {
      const entry = entries[no] as Entry;
      const { debit, credit, amount } = entry;
      this.#postings.push([
        slice,
        no,
        programme,
        position,
        effectiveAt,
        date,
        currency,
        debit,
        credit,
        amount,
      ]);
      this.#totals.add(slice, programme, currency, date, entry);
    }
    this.#lines.push([
      slice,
      member,
      revision,
      occurredAt,
      effectiveAt,
      recordedAt,
      position,
      currency,
      line.kind,
      line.reason,
      line.amount,
      line.delta,
      line.debt,
      line.book,
      line.key?.system,
      line.key?.id,
      line.key?.leg,
    ]);
  }

  async writeAdded(transaction: Queryable, schema: string): Promise<void> {
    const added = { postings: this.#postings, lines: this.#lines };
    this.#postings = [];
    this.#lines = [];
    await writeAdded(transaction, schema, added);
  }

  async write(transaction: Queryable, schema: string): Promise<void> {
    await this.writeAdded(transaction, schema);
    // In the order of their keys: neighbours in an index are written one after the other.
    const accounts = [...this.#accounts.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
    await writeDifferences(transaction, schema, accounts, [...this.#totals.all()]);
  }
}

/** The local day that an event's postings count on; an expiry brings its own, the last day its lots were valid. */
export function accountingDate(event: AccountEvent, zones: ZoneHistory, position: string): string {
  if (event.type === "PointsExpired") return event.accountingDate;
  return localDate(zones.zoneAt(event.programme, event.effectiveAt, position), event.effectiveAt);
}

import type { AccountEvent } from "@taem/contracts";
import { localDate } from "@taem/domain";
import type { Queryable } from "@taem/postgres";
import type { Fold, ProjectedEvent } from "@taem/projection";
import { AccountDelta } from "./account-delta.ts";
import { ControlTotal } from "./control-total.ts";
import { entriesOf } from "./entries.ts";
import { type Row, writeAdded, writeDifferences } from "./ledger-writer.ts";
import { statementLine } from "./statement-line.ts";
import type { ZoneHistory } from "./zone-history.ts";

/** A batch of account events, folded into rows to add and differences to apply. */
export class LedgerFold implements Fold<AccountEvent> {
  readonly #zones: ZoneHistory;
  #postings: Row[] = [];
  #lines: Row[] = [];
  readonly #accounts = new Map<string, AccountDelta>();
  readonly #totals = new Map<string, ControlTotal>();

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
    entries.forEach(({ debit, credit, amount }, no) => {
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
      this.#total(slice, programme, currency, date, debit).add(amount, 0n);
      this.#total(slice, programme, currency, date, credit).add(0n, amount);
    });
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
    await writeDifferences(transaction, schema, [...this.#accounts.values()], [...this.#totals.values()]);
  }

  #total(slice: number, programme: string, currency: string, date: string, account: string): ControlTotal {
    const id = `${slice} ${date} ${currency} ${programme} ${account}`;
    let total = this.#totals.get(id);
    if (total === undefined) {
      total = new ControlTotal(slice, programme, currency, date, account);
      this.#totals.set(id, total);
    }
    return total;
  }
}

/** The local day that an event's postings count on; an expiry brings its own, the last day its lots were valid. */
export function accountingDate(event: AccountEvent, zones: ZoneHistory, position: string): string {
  if (event.type === "PointsExpired") return event.accountingDate;
  return localDate(zones.zoneAt(event.programme, event.effectiveAt, position), event.effectiveAt);
}

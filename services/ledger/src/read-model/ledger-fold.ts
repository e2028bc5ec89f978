import type { AccountEvent } from "@taem/contracts";
import { localDate, postingsOf } from "@taem/domain";
import type { Queryable } from "@taem/postgres";
import type { Fold, ProjectedEvent } from "@taem/projection";
import { AccountDelta } from "./account-delta.ts";
import { type ControlTotal, type Row, writeLedger } from "./ledger-writer.ts";
import { statementLine } from "./statement-line.ts";
import type { ZoneHistory } from "./zone-history.ts";

/** A batch of account events, folded into rows to add and differences to apply. */
export class LedgerFold implements Fold<AccountEvent> {
  readonly #zones: ZoneHistory;
  readonly #postings: Row[] = [];
  readonly #lines: Row[] = [];
  readonly #accounts = new Map<string, AccountDelta>();
  readonly #totals = new Map<string, ControlTotal>();

  constructor(zones: ZoneHistory) {
    this.#zones = zones;
  }

  add({ record, event }: ProjectedEvent<AccountEvent>): void {
    const { slice, position, revision, recordedAt, stream } = record;
    // Whatever can fail comes first: an event counts as a whole or not at all.
    const date = accountingDate(event, this.#zones, position);
    const postings = postingsOf(event);
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
    postings.forEach((posting, no) => {
      this.#postings.push([
        slice,
        no,
        programme,
        position,
        effectiveAt,
        date,
        currency,
        posting.account,
        posting.amount,
      ]);
      this.#total(slice, programme, currency, date, posting.account, posting.amount);
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

  async write(transaction: Queryable, schema: string): Promise<void> {
    await writeLedger(transaction, schema, {
      postings: this.#postings,
      lines: this.#lines,
      accounts: [...this.#accounts.values()],
      totals: [...this.#totals.values()],
    });
  }

  #total(
    slice: number,
    programme: string,
    currency: string,
    date: string,
    account: string,
    amount: bigint,
  ): void {
    const id = `${slice} ${date} ${currency} ${programme} ${account}`;
    let total = this.#totals.get(id);
    if (total === undefined) {
      total = { slice, programme, currency, date, account, debit: 0n, credit: 0n, postings: 0 };
      this.#totals.set(id, total);
    }
    if (amount > 0n) total.debit += amount;
    else total.credit -= amount;
    total.postings++;
  }
}

/** The local day that an event's postings count on; an expiry brings its own, the last day its lots were valid. */
export function accountingDate(event: AccountEvent, zones: ZoneHistory, position: string): string {
  if (event.type === "PointsExpired") return event.accountingDate;
  return localDate(zones.zoneAt(event.programme, event.effectiveAt, position), event.effectiveAt);
}

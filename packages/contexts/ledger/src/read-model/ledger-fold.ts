import type { Writes } from "@taem/postgres";
import type { Fold, ProjectedEvent } from "@taem/processing";
import { activityIn } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import { AccountDelta } from "./account-delta.ts";
import { additionOf } from "./addition.ts";
import { ClientActivity } from "./client-activity.ts";
import { ControlTotals } from "./control-total.ts";
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
    const reading = readingOf(event, (at) => this.#zones.zoneAt(event.programme, at, position));
    const { postingRows, lineRow } = additionOf(record, event, reading);
    this.#activity.add(record, event, activityIn, actor, this.#zones);

    let account = this.#accounts.get(stream);
    if (account === undefined) {
      account = new AccountDelta(slice, revision, event);
      this.#accounts.set(stream, account);
    }
    account.add(event, record);
    account.revision = revision;
    account.position = position;

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
    writeDifferences(writes, schema, {
      accounts,
      totals: [...this.#totals.all()],
      activity: [...this.#activity.all()],
    });
  }
}

function nothing(): Added {
  return { postings: [], statement_lines: [] };
}

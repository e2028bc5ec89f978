import { type AccountEvent, accountEvents, decodeEvent, type TaemEvent } from "@taem/contracts";
import { type AccountState, evolve, newAccount } from "@taem/domain";
import type { RecordedEvent } from "@taem/event-store";
import { ControlTotals } from "../read-model/control-total.ts";
import { entriesOf } from "../read-model/entries.ts";
import { accountingDate } from "../read-model/ledger-fold.ts";
import type { ZoneHistory } from "../read-model/zone-history.ts";
import { Discrepant, mustEqual } from "./discrepancy.ts";

export interface ReplayedAccount {
  readonly stream: string;
  readonly slice: number;
  readonly programme: string;
  readonly member: string;
  readonly currency: string;
  readonly state: AccountState;
  position: string;
  /** Its last event is a part of a larger effect of which the rest is still to come. */
  isMidway: boolean;
}

/** The accounts of some slices and what was posted for them, from the events alone. */
export class Replay {
  readonly accounts = new Map<string, ReplayedAccount>();
  readonly #totals: ControlTotals;
  readonly #byStream = new Map<string, ReplayedAccount>();
  readonly #zones: ZoneHistory;
  readonly #programmes = new Set<string>();
  events = 0;

  /** Adds what was posted to `totals`. */
  constructor(zones: ZoneHistory, totals = new ControlTotals()) {
    this.#zones = zones;
    this.#totals = totals;
  }

  /** Folds events of a slice in log order. Throws `Discrepant` on the first that cannot be. */
  async add(records: readonly RecordedEvent[]): Promise<void> {
    for (const record of records) {
      if (!Object.hasOwn(accountEvents, record.type)) continue;
      const event = decoded(record) as AccountEvent;
      // Only what was published before an event counts, so one look at a programme is enough.
      if (!this.#programmes.has(event.programme)) {
        await this.#zones.refresh([event.programme]);
        this.#programmes.add(event.programme);
      }
      this.#fold(record, event);
    }
  }

  #fold(record: RecordedEvent, event: AccountEvent): void {
    const account = this.#byStream.get(record.stream) ?? this.#open(record, event);
    checkKey(account, record, event);
    evolveChecked(account, record, event);
    account.position = record.position;
    account.isMidway = "part" in event && event.part !== undefined && event.part.index < event.part.count;
    this.events++;
    const date = accountingDate(event, this.#zones, record.position);
    const { programme, currency } = event;
    for (const entry of entriesOf(event)) {
      this.#totals.add(record.slice, programme, currency, date, entry);
    }
  }

  #open(
    { stream, slice, position }: RecordedEvent,
    { programme, member, currency }: AccountEvent,
  ): ReplayedAccount {
    const state = newAccount();
    const account = { stream, slice, programme, member, currency, state, position, isMidway: false };
    this.#byStream.set(stream, account);
    this.accounts.set(accountKey(member, currency), account);
    return account;
  }
}

export function accountKey(member: string, currency: string): string {
  return `${member} ${currency}`;
}

function placeOf({ stream, revision, position }: RecordedEvent): string {
  return `${stream} event ${revision} at ${position}`;
}

function decoded(record: RecordedEvent): TaemEvent {
  try {
    return decodeEvent(record.type, record.data);
  } catch (error) {
    const actual = (error as Error).message;
    throw new Discrepant({
      check: "event_unreadable",
      where: placeOf(record),
      expected: record.type,
      actual,
    });
  }
}

/** A key is applied once in a stream; the parts of one large effect follow each other and share theirs. */
function checkKey({ state }: ReplayedAccount, record: RecordedEvent, event: AccountEvent): void {
  if (!("key" in event)) return;
  const part = "part" in event ? (event.part?.index ?? 1) : 1;
  const expected = part === 1 ? undefined : record.revision - part + 1;
  const applied = state.keys.revisionOf(event.key);
  if (applied === expected) return;
  const { system, id, leg } = event.key;
  throw new Discrepant({
    check: "key_repeated",
    where: `${placeOf(record)}: key ${system} ${id} ${leg}`,
    expected: expected === undefined ? "applied for the first time" : `begun by event ${expected}`,
    actual: applied === undefined ? "applied for the first time" : `applied by event ${applied}`,
  });
}

function evolveChecked({ state }: ReplayedAccount, record: RecordedEvent, event: AccountEvent): void {
  try {
    evolve(state, event);
  } catch (error) {
    const actual = (error as Error).message;
    throw new Discrepant({
      check: "stream_corrupt",
      where: placeOf(record),
      expected: "what can follow",
      actual,
    });
  }
  mustEqual("stream_corrupt", () => `${placeOf(record)}: revision`, state.revision, record.revision);
  mustEqual("stated_book", () => placeOf(record), state.book, event.book);
}

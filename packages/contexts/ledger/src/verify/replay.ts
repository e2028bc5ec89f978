import type { RecordedEvent } from "@taem/event-store";
import { AppliedKeys } from "@taem/kernel";
import { decodeMeta } from "@taem/schema";
import {
  type AccountState,
  type EndedHold as Ending,
  type Hold,
  newAccount,
} from "../domain/account-state.ts";
import { evolve } from "../domain/evolve.ts";
import { type AccountEvent, accountEvents } from "../events.ts";
import { additionOf } from "../read-model/addition.ts";
import { ClientActivity } from "../read-model/client-activity.ts";
import { ControlTotals } from "../read-model/control-total.ts";
import type { ZoneHistory } from "../read-model/zone-history.ts";
import { Discrepant, mustEqual } from "./discrepancy.ts";
import { ownActivity, ownReading } from "./own-reading.ts";
import { newSalt, RowSums } from "./row-sums.ts";

export interface ReplayedAccount {
  readonly stream: string;
  readonly slice: number;
  readonly programme: string;
  readonly member: string;
  readonly currency: string;
  readonly state: AccountState;
  readonly keys: AppliedKeys;
  /** By number: the state has only the open ones. */
  readonly endedHolds: Map<number, EndedHold>;
  /** By number: the state says of those that wait no longer only how and when they were closed. */
  readonly adjustments: Map<number, AskedAdjustment>;
  position: string;
  /** Latest effectiveAt of its events. */
  effectiveAt: number;
  /** Its last event is a part of a larger effect of which the rest is still to come. */
  isMidway: boolean;
}

export interface EndedHold {
  readonly hold: Hold;
  readonly status: Ending["how"];
  readonly at: number;
  readonly captured: bigint;
}

export interface AskedAdjustment {
  readonly event: AccountEvent<"AdjustmentRequested">;
  readonly position: string;
  readonly recordedAt: number;
  /** Undefined while it waits, and where time closed it. */
  closedBy: string | undefined;
}

/** What events add to the tables that no account's state tells. */
export class Additions {
  readonly totals = new ControlTotals();
  readonly activity = new ClientActivity();
  readonly postings: RowSums;
  readonly lines: RowSums;

  constructor(salt: string) {
    this.postings = new RowSums(salt);
    this.lines = new RowSums(salt);
  }
}

/** The accounts of some slices and what was added for them, from the events alone. */
export class Replay {
  readonly #additions: Additions;
  readonly #accounts = new Map<string, ReplayedAccount>();
  readonly #zones: ZoneHistory;
  readonly #programmes = new Set<string>();

  constructor(zones: ZoneHistory, additions = new Additions(newSalt())) {
    this.#zones = zones;
    this.#additions = additions;
  }

  get accounts(): readonly ReplayedAccount[] {
    return [...this.#accounts.values()];
  }

  /** Folds events of a slice in log order. Throws `Discrepant` on the first that cannot be. */
  async add(records: readonly RecordedEvent[]): Promise<void> {
    for (const record of records) {
      const event = accountEventOf(record);
      if (event === undefined) continue;
      // Only what was published before an event counts, so one look at a programme is enough.
      if (!this.#programmes.has(event.programme)) {
        await this.#zones.refresh([event.programme]);
        this.#programmes.add(event.programme);
      }
      this.#fold(record, event);
    }
  }

  #fold(record: RecordedEvent, event: AccountEvent): void {
    const account = this.#accounts.get(record.stream) ?? this.#open(record, event);
    const { book, debt } = account.state;
    checkKey(account, record, event);
    endHold(account, event);
    keepAdjustment(account, record, event);
    evolveChecked(account, record, event);
    account.position = record.position;
    account.effectiveAt = Math.max(account.effectiveAt, event.effectiveAt);
    account.isMidway = "part" in event && event.part !== undefined && event.part.index < event.part.count;
    const reading = ownReading(event, (at) => this.#zones.zoneAt(event.programme, at, record.position));
    const { date, entries, line } = reading;
    mustEqual("statement", () => `${placeOf(record)}: delta`, account.state.book - book, line.delta);
    mustEqual("statement", () => `${placeOf(record)}: debt`, account.state.debt - debt, line.debt);
    const { totals, activity, postings, lines } = this.#additions;
    activity.add(record, event, ownActivity, () => decodeMeta(record.meta).actor, this.#zones);
    for (const entry of entries) totals.add(record.slice, event.programme, event.currency, date, entry);
    const { postingRows, lineRow } = additionOf(record, event, reading);
    for (const row of postingRows) postings.add(row);
    lines.add(lineRow);
  }

  #open(
    { stream, slice, position }: RecordedEvent,
    { programme, member, currency }: AccountEvent,
  ): ReplayedAccount {
    const account = {
      stream,
      slice,
      programme,
      member,
      currency,
      state: newAccount(),
      keys: new AppliedKeys(),
      endedHolds: new Map<number, EndedHold>(),
      adjustments: new Map<number, AskedAdjustment>(),
      position,
      effectiveAt: 0,
      isMidway: false,
    };
    this.#accounts.set(stream, account);
    return account;
  }
}

/** Undefined for an event of another kind. Throws `Discrepant` on one that cannot be read. */
export function accountEventOf(record: RecordedEvent): AccountEvent | undefined {
  return accountEvents.has(record.type) ? decoded(record) : undefined;
}

function placeOf({ stream, revision, position }: RecordedEvent): string {
  return `${stream} event ${revision} at ${position}`;
}

function decoded(record: RecordedEvent): AccountEvent {
  try {
    return accountEvents.decode(record);
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
function checkKey({ keys }: ReplayedAccount, record: RecordedEvent, event: AccountEvent): void {
  if (!("key" in event)) return;
  const part = "part" in event ? (event.part?.index ?? 1) : 1;
  const expected = part === 1 ? undefined : record.revision - part + 1;
  const applied = keys.revisionOf(event.key);
  if (applied === undefined) keys.add(event.key, record.revision);
  if (applied === expected) return;
  const { system, id, leg } = event.key;
  throw new Discrepant({
    check: "key_repeated",
    where: `${placeOf(record)}: key ${system} ${id} ${leg}`,
    expected: expected === undefined ? "applied for the first time" : `begun by event ${expected}`,
    actual: applied === undefined ? "applied for the first time" : `applied by event ${applied}`,
  });
}

const STATUS = { HoldCaptured: "captured", HoldVoided: "voided", HoldTimedOut: "timed_out" } as const;

/** Keeps what the state forgets with the event. A large effect ends the hold with its first part. */
function endHold({ state, endedHolds }: ReplayedAccount, event: AccountEvent): void {
  if (event.type !== "HoldCaptured" && event.type !== "HoldVoided" && event.type !== "HoldTimedOut") return;
  const before = endedHolds.get(event.hold);
  const hold = before?.hold ?? state.holds.get(event.hold);
  if (hold === undefined) return;
  const captured = (before?.captured ?? 0n) + (event.type === "HoldCaptured" ? event.amount : 0n);
  endedHolds.set(event.hold, { hold, status: STATUS[event.type], at: event.effectiveAt, captured });
}

/** Keeps what was asked for, and by whom it was closed. */
function keepAdjustment(
  { adjustments }: ReplayedAccount,
  { position, recordedAt }: RecordedEvent,
  event: AccountEvent,
): void {
  if (event.type === "AdjustmentRequested") {
    adjustments.set(event.adjustment, { event, position, recordedAt, closedBy: undefined });
    return;
  }
  const asked = "adjustment" in event && event.adjustment !== undefined && adjustments.get(event.adjustment);
  if (!asked) return;
  if ("approvedBy" in event) asked.closedBy = event.approvedBy;
  else if (event.type === "AdjustmentRejected") asked.closedBy = event.rejectedBy;
  else if (event.type === "AdjustmentWithdrawn") asked.closedBy = event.requestedBy;
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

import type { Position, RecordedEvent } from "@taem/event-store";
import type { Instant } from "@taem/kernel";
import { type AccountIdentity, type AccountState, dueEvents, evolve, newAccount } from "../domain/index.ts";
import { type AccountEvent, accountEvents } from "../events.ts";
import { AccountDelta } from "../read-model/account-delta.ts";
import type { Entry } from "../read-model/entries.ts";
import { accountingDate, entriesOf } from "../read-model/reading.ts";
import type { ZoneHistory } from "../read-model/zone-history.ts";
import { isIn, type ReportCut } from "./report-cut.ts";

/** A posting with the local day that it counts on. */
export interface DatedEntry extends Entry {
  readonly date: string;
}

/** What time alone has done, in minor units. */
export interface TimesDoing {
  readonly expired: bigint;
  readonly debtRepaid: bigint;
  readonly recovered: bigint;
}

export interface LotAtCut {
  readonly remaining: bigint;
  readonly held: bigint;
  readonly availableFrom: Instant;
  /** By its own terms or by the account's deadline. */
  readonly dies: Instant;
}

/** One account as a report counts it. */
export interface AccountAtCut {
  readonly member: string;
  readonly outstanding: bigint;
  readonly debt: bigint;
  /** Those with something left. */
  readonly lots: readonly LotAtCut[];
  /** Postings that count and that the journal's rows lack. */
  readonly lacked: readonly DatedEntry[];
  /** Of them, what no event says yet. */
  readonly due: TimesDoing;
}

/** An account's events folded, as far as the position goes. */
export interface Folded {
  /** All of them: what they make due depends on everything that was recorded. */
  readonly state: AccountState;
  /** Those in the cut; undefined = there is none. */
  readonly counted: AccountDelta | undefined;
  /** Postings in the cut of events that the journal's rows lack. */
  readonly lacked: readonly DatedEntry[];
  /** The first event that could not be read or followed; what comes after it is not counted either. */
  readonly brokenAt: Position | undefined;
}

/**
 * An account by its state as the position left it, every event of which is in the cut, or by its folded events. What is
 * due is worked out on all that was recorded, and counts by its own times: the events that a sweep would write, and as
 * much of them as it has written. Differences are added up, as accounting dates need not follow the log.
 */
export function accountAtCut(
  cut: ReportCut,
  identity: AccountIdentity,
  of: AccountState | Folded,
): AccountAtCut {
  const folded = "state" in of ? of : undefined;
  const state = "state" in of ? of.state : of;
  const base = folded === undefined ? state : undefined;
  let delta = folded?.counted;
  const lacked = [...(folded?.lacked ?? [])];
  const due = dueInCut(cut, identity, state);
  for (const { event, date } of due) {
    delta ??= new AccountDelta(0, 1, event);
    delta.add(event, { position: cut.position, recordedAt: cut.at });
    for (const entry of entriesOf(event)) lacked.push({ ...entry, date });
  }
  return {
    member: identity.member,
    outstanding: (base?.book ?? 0n) + (delta?.book ?? 0n),
    debt: (base?.debt ?? 0n) + (delta?.debt ?? 0n),
    lots: lotsOf(state, base, delta),
    lacked,
    due: timesDoing(due.map(({ event }) => event)),
  };
}

function dueInCut(cut: ReportCut, identity: AccountIdentity, state: AccountState) {
  return dueEvents(state, identity, cut.sweptTo)
    .map((event) => ({ event, date: accountingDate(event, identity.zoneAt) }))
    .filter(({ event, date }) => isIn(cut, event.effectiveAt, date));
}

function timesDoing(events: readonly AccountEvent[]): TimesDoing {
  const sum = (type: AccountEvent["type"]) =>
    events.reduce((all, event) => (event.type === type && "amount" in event ? all + event.amount : all), 0n);
  return {
    expired: sum("PointsExpired"),
    debtRepaid: sum("DebtRepaid"),
    recovered: sum("WaiverRecovered"),
  };
}

function lotsOf(
  state: AccountState,
  base: AccountState | undefined,
  delta: AccountDelta | undefined,
): LotAtCut[] {
  const deadline = (base === undefined ? delta?.deadline : base.deadline) ?? Number.POSITIVE_INFINITY;
  const lots: LotAtCut[] = [];
  for (const no of new Set([...(base?.open ?? []), ...(delta?.lots.keys() ?? [])])) {
    const lot = state.lots.get(no);
    if (lot === undefined) continue;
    const change = delta?.lots.get(no);
    const remaining = (base === undefined ? 0n : lot.remaining) + (change?.remaining ?? 0n);
    const held = (base === undefined ? 0n : lot.held) + (change?.held ?? 0n);
    if (remaining === 0n) continue;
    const { availableFrom, expiresAt } = lot;
    // A hold that ends as the day does has kept points that are dated on the day as expired.
    lots.push({
      remaining,
      held: held < remaining ? held : remaining,
      availableFrom,
      dies: Math.min(expiresAt, deadline),
    });
  }
  return lots;
}

interface FoldOptions {
  readonly cut: ReportCut;
  readonly zones: ZoneHistory;
  /** From here on the journal's rows lack the account's events; undefined = they have all. */
  readonly lackedFrom: Position | undefined;
}

/** `read` gives the account's events from the first on, page by page; asked again where one of them cannot be followed. */
export async function foldToCut(
  read: () => AsyncIterable<readonly RecordedEvent[]>,
  options: FoldOptions,
): Promise<Folded> {
  const found = await foldUpTo(read(), options, Number.POSITIVE_INFINITY);
  if (!("broken" in found)) return found;
  // The event may have changed a part of the state.
  const { revision, position } = found.broken;
  const sound = await foldUpTo(read(), options, revision - 1);
  if ("broken" in sound)
    throw new Error(`event ${sound.broken.revision} of ${sound.broken.stream} reads differently twice`);
  return { ...sound, brokenAt: position };
}

async function foldUpTo(
  pages: AsyncIterable<readonly RecordedEvent[]>,
  { cut, zones, lackedFrom }: FoldOptions,
  lastRevision: number,
): Promise<Folded | { readonly broken: RecordedEvent }> {
  const state = newAccount();
  const lacked: DatedEntry[] = [];
  let counted: AccountDelta | undefined;
  for await (const page of pages) {
    for (const record of page) {
      if (record.position > cut.position || record.revision > lastRevision)
        return { state, counted, lacked, brokenAt: undefined };
      const event = followed(state, record);
      if (event === undefined) return { broken: record };
      const date = accountingDate(event, (at) => zones.zoneAt(event.programme, at, record.position));
      if (!isIn(cut, event.effectiveAt, date)) continue;
      counted ??= new AccountDelta(record.slice, 1, event);
      counted.add(event, record);
      if (lackedFrom !== undefined && record.position >= lackedFrom)
        for (const entry of entriesOf(event)) lacked.push({ ...entry, date });
    }
  }
  return { state, counted, lacked, brokenAt: undefined };
}

/** Undefined where the event cannot be read, or cannot have followed. */
function followed(state: AccountState, record: RecordedEvent): AccountEvent | undefined {
  try {
    const event = accountEvents.decode(record);
    evolve(state, event);
    return event;
  } catch {
    return undefined;
  }
}

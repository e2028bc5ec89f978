import type { EventStore, RecordedEvent } from "@taem/event-store";
import {
  type AccountState,
  type Balance,
  balanceAt,
  dueEvents,
  evolve,
  newAccount,
  postingsOf,
} from "@taem/ledger/domain";
import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { zoneAt } from "@taem/programme/definitions";
import { DAY } from "./definitions.ts";
import type { Account } from "./simulation.ts";

/** What a query must answer, worked out the plain way: the account's events that count, folded in log order. */

export interface Recorded {
  readonly record: RecordedEvent;
  readonly event: AccountEvent;
}

export async function eventsOf(store: EventStore, account: Account): Promise<Recorded[]> {
  const [stream] = await store.read([{ stream: account.stream, afterRevision: 0 }]);
  return (stream?.events ?? []).map((record) => ({
    record,
    event: accountEvents.decode(record),
  }));
}

export function stateBy(
  events: readonly Recorded[],
  asOf = Number.POSITIVE_INFINITY,
  position = "~",
): AccountState {
  return events
    .filter(({ record, event }) => record.position <= position && event.effectiveAt <= asOf)
    .reduce((state, { event }) => evolve(state, event), newAccount());
}

export function balanceOf(
  { programme, currency, member }: Account,
  state: AccountState,
  at: number,
): Balance {
  return balanceAt(state, identityOf({ programme, currency, member }), at);
}

function identityOf({ programme, currency, member }: Pick<Account, "programme" | "currency" | "member">) {
  return {
    programme: programme.id,
    member,
    currency: currency.code,
    zoneAt: (instant: number) => zoneAt(programme, instant),
  };
}

/** Which part of a history a report counts; `at` = where neither bound is given. */
export interface CutOf {
  readonly asOf?: number;
  readonly through?: string;
  readonly position?: string;
  readonly at: number;
}

/**
 * The events of an account that a report of the cut counts: those recorded by the position, and those that a sweep at
 * its end would write after them, as far as their own times lie within it.
 */
export function countedEvents(account: Account, events: readonly Recorded[], cut: CutOf): AccountEvent[] {
  const { asOf, through, position = "~", at } = cut;
  const known = events.filter(({ record }) => record.position <= position).map(({ event }) => event);
  const state = known.reduce((folded, event) => evolve(folded, event), newAccount());
  // Later than any day ends anywhere: what is dated later does not count.
  const end = through === undefined ? (asOf ?? at) : Date.parse(through) + 3 * DAY;
  const all = [...known, ...dueEvents(state, identityOf(account), end)];
  if (through !== undefined) return all.filter((event) => dateOf(account, event) <= through);
  return asOf === undefined ? all : all.filter((event) => event.effectiveAt <= asOf);
}

export function dateOf({ programme }: Account, event: AccountEvent): string {
  if (event.type === "PointsExpired") return event.accountingDate;
  const timeZone = zoneAt(programme, event.effectiveAt);
  return new Intl.DateTimeFormat("en-CA", { timeZone }).format(event.effectiveAt);
}

/** An account's balance at an instant, the answer to `asOf`: whatever the sweep has done, nothing is due. */
export function balanceAsOf(
  account: Account,
  events: readonly Recorded[],
  asOf: number,
  position?: string,
): Balance {
  const counted = countedEvents(account, events, {
    asOf,
    at: asOf,
    ...(position === undefined ? {} : { position }),
  });
  const { outstanding, debt, held, pending } = owedBy(counted, asOf);
  return { book: outstanding, available: outstanding - held - pending, pending, held, due: 0n, debt };
}

/** What an account adds to the figures of what is outstanding. */
export function owedBy(events: readonly AccountEvent[], lastInstant: number) {
  const { book, debt, held, open, lots } = events.reduce(evolve, newAccount());
  let pending = 0n;
  for (const no of open) {
    const lot = lots.get(no);
    if (lot !== undefined && lot.availableFrom > lastInstant) pending += lot.remaining - lot.held;
  }
  return { outstanding: book, debt, held, pending };
}

/** Amounts as an answer writes them. */
export function written(balance: Balance): Record<string, string> {
  return Object.fromEntries(Object.entries(balance).map(([name, value]) => [name, String(value)]));
}

/** Sum of the postings of events by ledger account; debits are positive. */
export function ledgerOf(events: readonly AccountEvent[]): Record<string, string> {
  const sums = new Map<string, bigint>();
  for (const event of events) {
    for (const { account, amount } of postingsOf(event))
      sums.set(account, (sums.get(account) ?? 0n) + amount);
  }
  return Object.fromEntries([...sums].map(([account, amount]) => [account, String(amount)]));
}

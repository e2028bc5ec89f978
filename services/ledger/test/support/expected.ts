import { type AccountEvent, decodeEvent } from "@taem/contracts";
import {
  type AccountState,
  type Balance,
  balanceAt,
  evolve,
  newAccount,
  postingsOf,
  zoneAt,
} from "@taem/domain";
import type { EventStore, RecordedEvent } from "@taem/event-store";
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
    event: decodeEvent(record) as AccountEvent,
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
  const identity = {
    programme: programme.id,
    member,
    currency: currency.code,
    zoneAt: (instant: number) => zoneAt(programme, instant),
  };
  return balanceAt(state, identity, at);
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

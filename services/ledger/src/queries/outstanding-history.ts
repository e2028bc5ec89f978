import { type AccountEvent, accountEvents, decodeEvent } from "@taem/contracts";
import { type AccountState, type Currency, evolve, newAccount, type Programme, zoneAt } from "@taem/domain";
import type { EventStore } from "@taem/event-store";
import { passesOver, scanSlices } from "../log-scan.ts";
import { identityOf } from "./account-ref.ts";
import type { LargeAccount, Outstanding } from "./outstanding.ts";
import { OutstandingTally } from "./outstanding-tally.ts";

export interface PastRequest {
  readonly programme: Programme;
  readonly currency: Currency;
  readonly horizon: { readonly effectiveBy: number | undefined; readonly recordedBy: string };
  readonly at: number;
  readonly largest: number;
  /** About how long the log is, to keep memory bounded. */
  readonly events: number;
}

/**
 * What was owed at an instant, as known at a position: every account folded from the log. Reads the whole log, some
 * slices at a time.
 */
export async function pastOutstanding(
  store: Pick<EventStore, "readLog">,
  { programme, currency, horizon, at, largest, events }: PastRequest,
): Promise<Outstanding> {
  const tally = new OutstandingTally(zoneAt(programme, at), at);
  let top: LargeAccount[] = [];
  for (const slices of passesOver(events)) {
    const accounts = await foldAccounts(store, slices, programme.id, currency.code, horizon);
    for (const [member, state] of accounts) {
      tally.addAccount(state, identityOf(programme, currency.code, member));
      if (state.book > 0n) top.push({ member, book: state.book, debt: state.debt });
      if (top.length > 10_000) top = largestOf(top, largest);
    }
  }
  return { tally, largest: largestOf(top, largest) };
}

async function foldAccounts(
  store: Pick<EventStore, "readLog">,
  slices: readonly number[],
  programme: string,
  currency: string,
  { effectiveBy = Number.POSITIVE_INFINITY, recordedBy }: PastRequest["horizon"],
): Promise<Map<string, AccountState>> {
  const accounts = new Map<string, AccountState>();
  for await (const records of scanSlices(store, slices, recordedBy)) {
    for (const record of records) {
      if (record.position > recordedBy) return accounts;
      if (!Object.hasOwn(accountEvents, record.type)) continue;
      const event = decodeEvent(record) as AccountEvent;
      if (event.programme !== programme || event.currency !== currency || event.effectiveAt > effectiveBy)
        continue;
      const state = accounts.get(event.member) ?? newAccount();
      accounts.set(event.member, evolve(state, event));
    }
  }
  return accounts;
}

function largestOf(accounts: readonly LargeAccount[], limit: number): LargeAccount[] {
  return accounts
    .toSorted((a, b) => (a.book === b.book ? (a.member < b.member ? -1 : 1) : a.book > b.book ? -1 : 1))
    .slice(0, limit);
}

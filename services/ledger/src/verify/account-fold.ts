import { type AccountEvent, accountEvents, decodeEvent } from "@taem/contracts";
import { type AccountState, newAccount, postingsOf, replay, sumOfLots } from "@taem/domain";
import type { EventStore, Position, RecordedEvent } from "@taem/event-store";
import { mustEqual } from "./difference.ts";

/** An account as its events alone make it. */
export interface FoldedAccount {
  readonly member: string;
  readonly currency: string;
  readonly state: AccountState;
}

export interface FoldedSlices {
  readonly accounts: ReadonlyMap<string, FoldedAccount>;
  /** Sum of postings by `slice programme currency account`. */
  readonly postings: ReadonlyMap<string, bigint>;
  readonly events: number;
}

const PAGE = 2_000;

/** Folds the accounts of some slices from the log, each slice up to its position. Checks every event as it goes. */
export async function foldSlices(
  store: Pick<EventStore, "readLog">,
  upTo: ReadonlyMap<number, Position>,
  onEvents: (count: number) => void,
): Promise<FoldedSlices> {
  const accounts = new Map<string, FoldedAccount>();
  const postings = new Map<string, bigint>();
  const slices = [...upTo.keys()];
  const last = [...upTo.values()].reduce((a, b) => (a > b ? a : b), "");
  let events = 0;
  for (let after = ""; after < last; ) {
    const page = await store.readLog(after, PAGE, { slices });
    for (const record of page.events) {
      if (record.position > (upTo.get(record.slice) as Position) || !(record.type in accountEvents)) continue;
      fold(record, accounts, postings);
      events++;
    }
    onEvents(page.events.length);
    if (page.events.length === 0) break;
    after = page.next;
  }
  for (const [stream, { state }] of accounts) {
    mustEqual(
      "book balance: fold of postings against sum of lots, both of the log",
      stream,
      state.book,
      sumOfLots(state),
    );
  }
  return { accounts, postings, events };
}

function fold(
  record: RecordedEvent,
  accounts: Map<string, FoldedAccount>,
  postings: Map<string, bigint>,
): void {
  const event = decodeEvent(record.type, record.data) as AccountEvent;
  let account = accounts.get(record.stream);
  if (account === undefined) {
    account = { member: event.member, currency: event.currency, state: newAccount() };
    accounts.set(record.stream, account);
  }
  mustEqual(
    "revision of the next event",
    `${record.stream} at ${record.position}`,
    account.state.revision + 1,
    record.revision,
  );
  replay(account.state, [event]);
  let sum = 0n;
  for (const posting of postingsOf(event)) {
    sum += posting.amount;
    const key = `${record.slice} ${event.programme} ${event.currency} ${posting.account}`;
    postings.set(key, (postings.get(key) ?? 0n) + posting.amount);
  }
  mustEqual("sum of an event's postings", `${record.stream} at ${record.position}`, 0n, sum);
}

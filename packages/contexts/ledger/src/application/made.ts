import type { Step } from "@taem/event-store";
import { type AccountState, isOfRefund } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";

export type AccountStep<R> = Step<AccountState, AccountEvent, R>;

/** What a command has put into the log: its effect is told from that alone, at first and for every repetition. */
export interface Made {
  /** Events of the command itself. */
  readonly events: readonly AccountEvent[];
  /** What it made due at once. Of a replay only where the effect tells of it, which is a refund's. */
  readonly after: readonly AccountEvent[];
}

/** Loads every event of the command applied at a revision: the first says how many there are. */
export function loadCommand<R>(
  revision: number,
  next: (events: readonly AccountEvent[]) => AccountStep<R>,
): AccountStep<R> {
  return {
    load: { revision, count: 1 },
    next: (events) => {
      const count = partsOf(events[0]);
      return count === 1 ? next(events) : { load: { revision, count }, next };
    },
  };
}

const AFTER_PAGE = 16;

/** As `loadCommand`, with what it made due: page by page up to the first event that is not of it, since nothing says how much it is. */
export function loadMade<R>(revision: number, next: (made: Made) => AccountStep<R>): AccountStep<R> {
  return loadCommand(revision, (events) => {
    const [refund] = events;
    if (refund?.type !== "BurnReversed") return next({ events, after: [] });
    const loadFrom = (from: number, found: readonly AccountEvent[]): AccountStep<R> => ({
      load: { revision: from, count: AFTER_PAGE },
      next: (page) => {
        const end = page.findIndex((event) => !isOfRefund(refund, event));
        const after = [...found, ...(end === -1 ? page : page.slice(0, end))];
        const isMore = end === -1 && page.length === AFTER_PAGE;
        return isMore ? loadFrom(from + AFTER_PAGE, after) : next({ events, after });
      },
    });
    return loadFrom(revision + events.length, []);
  });
}

export function partsOf(event: AccountEvent | undefined): number {
  return event !== undefined && "part" in event ? (event.part?.count ?? 1) : 1;
}

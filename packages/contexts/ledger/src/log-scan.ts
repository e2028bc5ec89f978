import type { EventStore, LogPage, Position, RecordedEvent } from "@taem/event-store";
import { SLICES } from "@taem/kernel";

const PAGE = 1_000;
/** About how many events' worth of accounts are kept in memory at a time: a few hundred bytes each. */
const EVENTS_IN_MEMORY = 100_000;

/** Slices in groups, each small enough to be folded in memory, for as many passes over the log. */
export function passesOver(events: number, eventsInMemory = EVENTS_IN_MEMORY): number[][] {
  const passes = Math.min(SLICES, Math.max(1, Math.ceil(events / eventsInMemory)));
  const groups = Array.from({ length: passes }, (): number[] => []);
  for (let slice = 0; slice < SLICES; slice++) (groups[slice % passes] as number[]).push(slice);
  return groups;
}

type ReadPage = (after: Position, limit: number) => Promise<LogPage>;

/** Pages of the slices' events at least up to a position, each read while the one before is used. */
export function scanSlices(
  store: Pick<EventStore, "readLog">,
  slices: readonly number[],
  upTo: Position,
): AsyncGenerator<readonly RecordedEvent[]> {
  const filter = slices.length === SLICES ? {} : { slices };
  return scan((after, limit) => store.readLog(after, limit, filter), upTo);
}

export async function* scan(read: ReadPage, upTo: Position): AsyncGenerator<readonly RecordedEvent[]> {
  const ask = (after: Position) => {
    const page = read(after, PAGE);
    // A failure is seen when it is this page's turn.
    page.catch(() => undefined);
    return page;
  };
  let asked = ask("");
  try {
    for (let page = await asked; page.events.length > 0; page = await asked) {
      const isLast = page.next >= upTo;
      if (!isLast) asked = ask(page.next);
      yield page.events;
      if (isLast) return;
    }
  } finally {
    await asked.catch(() => undefined);
  }
}

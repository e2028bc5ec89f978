import type { EventStore, Position } from "@taem/event-store";
import type { Batch, EventSource, SourceOptions } from "./event-source.ts";
import { linksBetween } from "./log-range.ts";
import { SharedReading } from "./shared-reading.ts";

export interface SharedSourceOptions {
  /** Read once, however many share it. */
  readonly source: EventSource;
  /** Whether a reading of it begins at the checkpoints that it is given, and not where an earlier one ended. */
  readonly beginsAtCheckpoints: boolean;
  /** Where whoever is behind the others reads for itself. */
  readonly store: Pick<EventStore, "readLog" | "head">;
  /** How many links may wait for those who are slow. */
  readonly mostLinks?: number;
}

/** Some batches of a projector's. */
const MOST_LINKS = 10_000;

/**
 * A source for several readers of one process: the log is read once, and they get the same links, each of which decodes
 * its event once. Each takes them at its own pace and from checkpoints of its own. One that begins behind the others, or
 * stays so far behind that what it needs is gone, reads the store for itself until it meets them: it keeps nobody waiting,
 * and what waits for it is bounded. One that begins ahead of the others begins the reading anew, and they move over to it.
 */
export function sharedSource({
  source,
  beginsAtCheckpoints,
  store,
  mostLinks = MOST_LINKS,
}: SharedSourceOptions): EventSource {
  let current: SharedReading | undefined;
  return {
    ...(source.outage && { outage: source.outage }),
    async *read(options) {
      const isBehind = beginsAtCheckpoints && current?.isBehind(options.checkpoints);
      if (current === undefined || current.isOver || isBehind)
        current = new SharedReading(source, options, mostLinks);
      yield* share(current, () => current, store, options);
    },
  };
}

async function* share(
  begun: SharedReading,
  current: () => SharedReading | undefined,
  store: SharedSourceOptions["store"],
  { checkpoints, limit, signal }: SourceOptions,
): AsyncGenerator<Batch> {
  let reading = begun;
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.resolve();
  signal.addEventListener("abort", abort);
  const at = new Map(checkpoints);
  let sharer = reading.join();
  try {
    while (!signal.aborted) {
      const newest = current();
      if (newest !== undefined && newest !== reading && !newest.isOver) {
        const left = reading.leave(sharer);
        reading = newest;
        sharer = reading.join();
        await left;
      }
      if (reading.hasLost(sharer)) {
        const missing = await inLog(store, missingOf(at, reading.skip(sharer)));
        for await (const links of linksBetween(store, at, missing, limit, signal)) {
          moveOn(at, links);
          yield { links, hasMore: missingOf(at, missing).size > 0 || reading.hasMore(sharer) };
        }
        continue;
      }
      const batch = reading.take(sharer, limit);
      if (batch === undefined) {
        if (reading.isOver) await reading.more();
        if (reading.isOver) return;
        await Promise.race([reading.more(), aborted.promise]);
        continue;
      }
      moveOn(at, batch.links);
      yield batch;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    await reading.leave(sharer);
  }
}

function moveOn(at: Map<number, Position>, links: Batch["links"]): void {
  for (const { slice, position } of links) if (position > (at.get(slice) ?? "")) at.set(slice, position);
}

/** The slices that have not got there, and where that is. */
function missingOf(
  at: ReadonlyMap<number, Position>,
  targets: ReadonlyMap<number, Position>,
): Map<number, Position> {
  return new Map([...targets].filter(([slice, target]) => target > (at.get(slice) ?? "")));
}

/** What lies beyond the log is not to be had from it: a reader finds that out at the next link. */
async function inLog(
  store: Pick<EventStore, "head">,
  targets: ReadonlyMap<number, Position>,
): Promise<ReadonlyMap<number, Position>> {
  if (targets.size === 0) return targets;
  const head = await store.head();
  return new Map([...targets].filter(([, target]) => target <= head));
}

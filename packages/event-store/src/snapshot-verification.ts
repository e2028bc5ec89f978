import type { Aggregate } from "./aggregate.ts";
import type { EventStore } from "./event-store.ts";
import type { SealedSnapshots } from "./sealed-snapshots.ts";
import type { SealedSnapshot } from "./snapshot-store.ts";
import { evolved, StreamDamaged } from "./stream-damage.ts";

/** How streams are folded of which there are snapshots; undefined of a stream that has none of its kind. */
export type AggregateOf = (stream: string) => Aggregate<unknown> | undefined;

export interface DifferingSnapshot {
  readonly stream: string;
  readonly revision: number;
  /** Why it is not what it should be. */
  readonly reason: string;
}

/** Each is some megabytes at most. */
const PAGE = 16;

/**
 * Holds every snapshot against the fold of its stream from the first event on, and yields after each page how many there were and
 * those that differ. One of another schema than the program's is never used, and is not looked at.
 */
export async function* verifySnapshots(
  snapshots: SealedSnapshots,
  store: Pick<EventStore, "readStream">,
  aggregateOf: AggregateOf,
): AsyncGenerator<{ readonly looked: number; readonly differing: readonly DifferingSnapshot[] }> {
  for (let after = ""; ; ) {
    const page = await snapshots.page(after, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.stream;
    const differing: DifferingSnapshot[] = [];
    for (const snapshot of page) {
      const { stream, revision } = snapshot;
      const reason = snapshots.isSealed(snapshot)
        ? await differenceOf(snapshot, store, aggregateOf(stream))
        : "this installation has not sealed it";
      if (reason !== undefined) differing.push({ stream, revision, reason });
    }
    yield { looked: page.length, differing };
  }
}

async function differenceOf(
  { stream, revision, schema, state: bytes }: SealedSnapshot,
  store: Pick<EventStore, "readStream">,
  aggregate: Aggregate<unknown> | undefined,
): Promise<string | undefined> {
  if (aggregate?.snapshots === undefined) return "nothing of the program keeps snapshots of such a stream";
  if (aggregate.snapshots.schema !== schema) return undefined;
  try {
    const folded = await foldTo(stream, revision, store, aggregate);
    return aggregate.snapshots.isSame(aggregate.snapshots.read(bytes), folded)
      ? undefined
      : `it is not what the ${revision} events before it come to`;
  } catch (error) {
    if (error instanceof StreamDamaged || error instanceof RangeError || error instanceof SyntaxError)
      return error.message;
    throw error;
  }
}

async function foldTo(
  stream: string,
  revision: number,
  store: Pick<EventStore, "readStream">,
  aggregate: Aggregate<unknown>,
): Promise<unknown> {
  let state = aggregate.initial();
  let at = 0;
  for await (const page of store.readStream(stream, 0)) {
    for (const record of page) {
      if (at === revision) return state;
      state = evolved(aggregate, state, record);
      at = record.revision;
    }
  }
  if (at < revision) throw new StreamDamaged(stream, `has ${at} events, and a snapshot has ${revision}`);
  return state;
}

import { type DefinitionEvent, decodeEvent, type MemberEvent, sliceOfStream } from "@taem/contracts";
import type { EventStore, StreamSlice } from "@taem/event-store";
import { type Claim, claimAggregate } from "./aggregates.ts";
import { type Caller, metaOf, type Toolbox } from "./platform.ts";

/** Writes the first event of a stream unless there is one; either way, the first event that stands. */
export function claim(
  { handler }: Toolbox,
  stream: string,
  event: MemberEvent | DefinitionEvent,
  caller: Caller,
): Promise<MemberEvent | DefinitionEvent> {
  return handler.execute({
    aggregate: claimAggregate,
    stream,
    slice: sliceOfStream(stream),
    meta: metaOf(caller),
    deadline: caller.deadline,
    decide: (standing: Claim) => ({
      events: standing === undefined ? [event] : [],
      answer: (state: Claim) => () => state as MemberEvent | DefinitionEvent,
    }),
  });
}

/** Reads first events of streams; look-ups that come together share one round trip. */
export class ClaimReader {
  readonly #store: EventStore;
  #waiting: {
    readonly stream: string;
    readonly resolve: (claim: Claim) => void;
    readonly reject: (e: unknown) => void;
  }[] = [];

  constructor(store: EventStore) {
    this.#store = store;
  }

  read(stream: string): Promise<Claim> {
    const { promise, resolve, reject } = Promise.withResolvers<Claim>();
    if (this.#waiting.length === 0) setImmediate(() => void this.#readAll());
    this.#waiting.push({ stream, resolve, reject });
    return promise;
  }

  async #readAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const slices = await this.#store.read(
        waiting.map(({ stream }) => ({ stream, afterRevision: 0, limit: 1 })),
      );
      for (const [i, { resolve }] of waiting.entries()) resolve(firstEvent(slices[i]));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

function firstEvent(slice: StreamSlice | undefined): Claim {
  const event = slice?.events[0];
  return event === undefined
    ? undefined
    : (decodeEvent(event.type, event.data) as MemberEvent | DefinitionEvent);
}

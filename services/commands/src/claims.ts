import { type DefinitionEvent, decodeEvent, type MemberEvent, sliceOfStream } from "@taem/contracts";
import { type EventStore, SharedReader } from "@taem/event-store";
import { type Claim, claimAggregate } from "./aggregates.ts";
import { type Caller, metaOf, type Toolbox } from "./platform.ts";

/** Writes the first event of a stream unless there is one, which is not likely; either way, the first event that stands. */
export function claim(
  { handler }: Toolbox,
  stream: string,
  event: MemberEvent | DefinitionEvent,
  caller: Caller,
): Promise<MemberEvent | DefinitionEvent> {
  return handler.execute({
    aggregate: claimAggregate,
    stream,
    slice: sliceOfStream(stream, event),
    expectsNew: true,
    meta: metaOf(caller),
    deadline: caller.deadline,
    traceparent: caller.traceparent,
    decide: (standing: Claim) => ({
      events: standing === undefined ? [event] : [],
      answer: (state: Claim) => () => state as MemberEvent | DefinitionEvent,
    }),
  });
}

/** Reads first events of streams; look-ups that come together share one round trip. */
export class ClaimReader {
  readonly #reader: SharedReader;

  constructor(store: EventStore) {
    this.#reader = new SharedReader(store);
  }

  async read(stream: string): Promise<Claim> {
    const [event] = await this.#reader.read({ stream, afterRevision: 0, limit: 1 });
    return event === undefined ? undefined : (decodeEvent(event) as MemberEvent | DefinitionEvent);
  }

  /** Of the first of these streams that has one. */
  async first(streams: readonly string[]): Promise<Claim> {
    const found = await Promise.all(streams.map((stream) => this.read(stream)));
    return found.find((claim) => claim !== undefined);
  }
}

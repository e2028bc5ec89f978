import { randomUUID } from "node:crypto";
import type { Snapshot } from "@taem/event-store";
import type { AppendAnswer } from "./append-request.ts";
import type { Appender } from "./appender.ts";
import type { Connection } from "./connection.ts";
import { bytesOf, textOf } from "./event-messages.ts";
import { toReadFailure } from "./failures.ts";
import { forEachOf } from "./for-each-of.ts";
import { collect, type RecordedMessage, streamRequest } from "./read-calls.ts";
import type { Timing } from "./timing.ts";

const AT_ONCE = 64;

/** Outside the prefix of the log. */
const snapshotStreamOf = (stream: string) => `taem-snapshot-${stream}`;

interface Stored {
  /** Of the snapshots' stream, as the port counts. */
  readonly streamRevision: number;
  readonly snapshot: Snapshot;
}

/** Snapshots, each stream's newest in a stream of its own that keeps one event. */
export class Snapshots {
  readonly #connection: Connection;
  readonly #appender: Appender;
  readonly #timing: Timing;

  constructor(connection: Connection, appender: Appender, timing: Timing) {
    this.#connection = connection;
    this.#appender = appender;
    this.#timing = timing;
  }

  load(streams: readonly string[], schema: string): Promise<(Snapshot | undefined)[]> {
    return forEachOf(streams, AT_ONCE, async (stream) => {
      const stored = await this.#newest(stream);
      return stored?.snapshot.schema === schema ? stored.snapshot : undefined;
    });
  }

  async save(snapshots: readonly Snapshot[]): Promise<void> {
    const newest = new Map<string, Snapshot>();
    for (const snapshot of snapshots) {
      const other = newest.get(snapshot.stream);
      if (other === undefined || other.revision < snapshot.revision) newest.set(snapshot.stream, snapshot);
    }
    await forEachOf([...newest.values()], AT_ONCE, (snapshot) => this.#saveOne(snapshot));
  }

  async #saveOne(snapshot: Snapshot): Promise<void> {
    for (;;) {
      const stored = await this.#newest(snapshot.stream);
      if (stored?.snapshot.schema === snapshot.schema && stored.snapshot.revision >= snapshot.revision)
        return;
      if (stored === undefined) await this.#keepOne(snapshot.stream);
      const answer = await this.#append(snapshotStreamOf(snapshot.stream), stored?.streamRevision ?? 0, {
        type: "Snapshot",
        data: snapshot.state,
        metadata: JSON.stringify({ revision: snapshot.revision, schema: snapshot.schema }),
      });
      // Another was saved meanwhile: it may be the newer one.
      if (answer.stored) return;
    }
  }

  /** Whether this or another writer sets it: it is the same. */
  async #keepOne(stream: string): Promise<void> {
    await this.#append(`$$${snapshotStreamOf(stream)}`, 0, {
      type: "$metadata",
      data: '{"$maxCount":1}',
      metadata: "",
    });
  }

  async #append(
    stream: string,
    expectedRevision: number,
    event: { readonly type: string; readonly data: string; readonly metadata: string },
  ): Promise<AppendAnswer> {
    const { type, data, metadata } = event;
    const encoded = { id: randomUUID(), type, data: bytesOf(data), metadata: bytesOf(metadata) };
    try {
      return await this.#appender.attempt({ stream, expectedRevision, events: [encoded] });
    } catch (error) {
      throw toReadFailure(error);
    }
  }

  async #newest(stream: string): Promise<Stored | undefined> {
    const request = streamRequest({ stream: snapshotStreamOf(stream), from: undefined, count: 1 });
    try {
      const [message] = await collect(this.#connection, request, this.#timing.silence);
      return message && toStored(stream, message);
    } catch (error) {
      throw toReadFailure(error);
    }
  }
}

function toStored(stream: string, message: RecordedMessage): Stored {
  const { revision, schema } = JSON.parse(textOf(message.getCustomMetadata_asU8()));
  const state = textOf(message.getData_asU8());
  return {
    streamRevision: Number(message.getStreamRevision()) + 1,
    snapshot: { stream, revision, schema, state },
  };
}

import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { framed } from "@taem/kernel";
import type { DomainEvent } from "@taem/schema";
import type { Aggregate } from "./aggregate.ts";
import type { RecordedEvent } from "./event-store.ts";
import { unlessAborted } from "./persistence.ts";
import type { SealedSnapshot, Snapshot, SnapshotStore } from "./snapshot-store.ts";

export interface SealedSnapshotsOptions {
  readonly store: SnapshotStore;
  /** Of the installation, and for this purpose alone. */
  readonly key: KeyObject;
  /** Called with each snapshot that is not believed, and why. */
  readonly onDropped: (snapshot: Snapshot, reason: string) => void;
  /** Called where they cannot be had: streams are folded from their start meanwhile. */
  readonly onError: (error: unknown) => void;
}

/** A cache that answers later than that is of no use, and is left alone for a while. */
const WITHIN_MS = 5_000;
const AWAY_MS = 30_000;

/**
 * Snapshots that are believed because this installation has sealed them, and because the event at their revision says what they
 * say. Any other is dropped: whoever may write to the database must not be able to say what somebody owns.
 */
export class SealedSnapshots {
  readonly #options: SealedSnapshotsOptions;
  #awayUntil = 0;

  constructor(options: SealedSnapshotsOptions) {
    this.#options = options;
  }

  /** In the order of the streams; undefined where there is none of the schema that this installation has sealed. */
  async load(streams: readonly string[], schema: string): Promise<(SealedSnapshot | undefined)[]> {
    if (performance.now() < this.#awayUntil) return streams.map(() => undefined);
    const loading = this.#options.store.load(streams, schema);
    const found = (await this.#unlessAway(loading)) ?? streams.map(() => undefined);
    return await Promise.all(
      found.map(async (snapshot) => {
        if (snapshot === undefined || this.isSealed(snapshot)) return snapshot;
        return await this.#drop(snapshot, "this installation has not sealed it");
      }),
    );
  }

  /**
   * The state of a snapshot, where it can be what the event at its revision left: `record` is what the store has there. Undefined
   * where it is dropped.
   */
  async restore<S, E extends DomainEvent>(
    snapshot: SealedSnapshot,
    { events, snapshots }: Pick<Aggregate<S, E>, "events" | "snapshots">,
    record: RecordedEvent | undefined,
  ): Promise<S | undefined> {
    if (record === undefined) return await this.#drop(snapshot, "its stream has no such event");
    try {
      const state = snapshots?.read(snapshot.state);
      if (state !== undefined && snapshots?.agrees(state, events.decode(record), record.revision) === true)
        return state;
    } catch (error) {
      return await this.#drop(snapshot, `it cannot be read: ${(error as Error).message}`);
    }
    return await this.#drop(snapshot, "the event at its revision says otherwise");
  }

  async save(snapshots: readonly Snapshot[]): Promise<void> {
    await this.#options.store.save(
      snapshots.map((snapshot) => ({ ...snapshot, seal: this.#sealOf(snapshot) })),
    );
  }

  isSealed(snapshot: SealedSnapshot): boolean {
    const seal = this.#sealOf(snapshot);
    return seal.length === snapshot.seal.length && timingSafeEqual(seal, snapshot.seal);
  }

  /** Forgets all of them: where the log is not the one that they were made of. */
  async clear(): Promise<void> {
    for (;;) {
      const page = await this.page("", 64);
      if (page.length === 0) return;
      await this.#options.store.discard(page);
    }
  }

  page(after: string, limit: number): Promise<readonly SealedSnapshot[]> {
    return this.#options.store.page(after, limit);
  }

  async #drop(snapshot: SealedSnapshot, reason: string): Promise<undefined> {
    this.#options.onDropped(snapshot, reason);
    await this.#unlessAway(this.#options.store.discard([snapshot]));
  }

  /** Whoever decides does not wait for a cache that is away. */
  async #unlessAway<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await unlessAborted(work, AbortSignal.timeout(WITHIN_MS));
    } catch (error) {
      this.#awayUntil = performance.now() + AWAY_MS;
      this.#options.onError(error);
      return undefined;
    }
  }

  /** HMAC-SHA-256 over all of it, each part behind its length. */
  #sealOf({ stream, revision, schema, state }: Snapshot): Buffer {
    const parts = [stream, String(revision), schema].map((text) => Buffer.from(text));
    return createHmac("sha256", this.#options.key)
      .update(framed([...parts, Buffer.from(String(state.length))]))
      .update(state)
      .digest();
  }
}

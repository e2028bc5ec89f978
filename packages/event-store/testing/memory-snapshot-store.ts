import type { SealedSnapshot, SnapshotStore } from "../src/index.ts";

/** Snapshots in memory, for tests: keeps the whole contract but durability. */
export class MemorySnapshotStore implements SnapshotStore {
  readonly #kept = new Map<string, SealedSnapshot>();
  /** How often it was asked for any. */
  loads = 0;

  async load(streams: readonly string[], schema: string): Promise<(SealedSnapshot | undefined)[]> {
    this.loads++;
    return streams.map((stream) => {
      const snapshot = this.#kept.get(stream);
      return snapshot?.schema === schema ? snapshot : undefined;
    });
  }

  async save(snapshots: readonly SealedSnapshot[]): Promise<void> {
    for (const snapshot of snapshots) {
      const old = this.#kept.get(snapshot.stream);
      const isNewer = old?.schema !== snapshot.schema || old.revision < snapshot.revision;
      if (isNewer) this.#kept.set(snapshot.stream, snapshot);
    }
  }

  async discard(snapshots: readonly SealedSnapshot[]): Promise<void> {
    for (const { stream, revision, seal } of snapshots) {
      const kept = this.#kept.get(stream);
      if (kept?.revision === revision && Buffer.compare(kept.seal, seal) === 0) this.#kept.delete(stream);
    }
  }

  async page(after: string, limit: number): Promise<readonly SealedSnapshot[]> {
    const later = [...this.#kept.values()].filter(({ stream }) => stream > after);
    return later.sort((a, b) => (a.stream < b.stream ? -1 : 1)).slice(0, limit);
  }
}

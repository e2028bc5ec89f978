import { describe, expect, test } from "vitest";
import type { SealedSnapshot, SnapshotStore } from "../snapshot-store.ts";
import { newStream } from "./harness.ts";

/** Bytes of every value, and no text. */
const STATE = Uint8Array.from({ length: 256 }, (_, i) => i);

function snapshot(stream: string, revision: number, schema = "account/1"): SealedSnapshot {
  return { stream, revision, schema, state: STATE, seal: Uint8Array.of(revision, 0, 255) };
}

/** Bytes compare as bytes, whatever they lie in. */
function plain(snapshots: readonly (SealedSnapshot | undefined)[]) {
  return snapshots.map((one) => one && { ...one, state: [...one.state], seal: [...one.seal] });
}

/** Declares the tests that every snapshot store passes. `open` opens another instance on the same snapshots. */
export function snapshotContract(name: string, open: () => Promise<SnapshotStore>): void {
  describe(`${name} keeps the snapshot store contract`, () => {
    test("snapshots are found by stream and schema, in the order of the streams, byte for byte", async () => {
      const [one, two] = [newStream(), newStream()];
      const snapshots = [snapshot(one, 5), snapshot(two, 7)];
      const store = await open();
      await store.save(snapshots);
      const found = await (await open()).load([two, newStream(), one], "account/1");
      expect(plain(found)).toEqual(plain([snapshots[1], undefined, snapshots[0]]));
      expect(await store.load([one, two], "account/2")).toEqual([undefined, undefined]);
      expect(await store.load([], "account/1")).toEqual([]);
    });

    test("the snapshot of the highest revision stays, whichever was saved last", async () => {
      const store = await open();
      const stream = newStream();
      for (const revisions of [[5], [9], [11, 3, 10], [7], []])
        await store.save(revisions.map((revision) => snapshot(stream, revision)));
      expect(plain(await store.load([stream], "account/1"))).toEqual(plain([snapshot(stream, 11)]));
    });

    test("a snapshot of another schema takes the place of the old one, however old it is", async () => {
      const store = await open();
      const stream = newStream();
      await store.save([snapshot(stream, 9, "account/1")]);
      await store.save([snapshot(stream, 4, "account/2")]);
      expect(plain(await store.load([stream], "account/2"))).toEqual(
        plain([snapshot(stream, 4, "account/2")]),
      );
    });

    test("one that is discarded is gone, unless another has taken its place", async () => {
      const store = await open();
      const [one, two] = [newStream(), newStream()];
      await store.save([snapshot(one, 5), snapshot(two, 5)]);
      await store.save([snapshot(two, 6)]);
      await store.discard([snapshot(one, 5), snapshot(two, 5)]);
      expect(plain(await store.load([one, two], "account/1"))).toEqual(plain([undefined, snapshot(two, 6)]));
    });

    test("all of them are found page by page, by the names of their streams", async () => {
      const store = await open();
      const streams = Array.from({ length: 5 }, newStream);
      await store.save(streams.map((stream) => snapshot(stream, 1)));
      const found: string[] = [];
      for (let after = ""; ; ) {
        const page = await store.page(after, 2);
        expect(page.length).toBeLessThanOrEqual(2);
        if (page.length === 0) break;
        found.push(...page.map(({ stream }) => stream));
        after = found.at(-1) as string;
      }
      expect(found).toEqual([...found].sort());
      expect(found).toEqual(expect.arrayContaining(streams));
    });
  });
}

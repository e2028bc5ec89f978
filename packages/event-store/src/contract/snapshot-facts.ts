import { expect } from "vitest";
import { type Fact, newStream } from "./harness.ts";

export const snapshotFacts: readonly Fact[] = [
  {
    name: "snapshots are found by stream and schema, in input order",
    async test({ store, second }) {
      const [one, two] = [newStream(), newStream()];
      const snapshots = [
        { stream: one, revision: 5, schema: "account/1", state: '{"แต้ม":"5"}' },
        { stream: two, revision: 7, schema: "account/1", state: "{}" },
      ];
      await store.saveSnapshots(snapshots);
      const found = await (await second()).loadSnapshots([two, newStream(), one], "account/1");
      expect(found).toEqual([snapshots[1], undefined, snapshots[0]]);
      expect(await store.loadSnapshots([one, two], "account/2")).toEqual([undefined, undefined]);
      expect(await store.loadSnapshots([], "account/1")).toEqual([]);
    },
  },
  {
    name: "the snapshot of the highest revision stays, whichever was saved last",
    async test({ store }) {
      const stream = newStream();
      const snapshot = (revision: number) => ({
        stream,
        revision,
        schema: "account/1",
        state: `"${revision}"`,
      });
      for (const revisions of [[5], [9], [11, 3, 10], [7], []])
        await store.saveSnapshots(revisions.map(snapshot));
      expect(await store.loadSnapshots([stream], "account/1")).toEqual([snapshot(11)]);
    },
  },
  {
    name: "a snapshot of another schema takes the place of the old one, however old it is",
    async test({ store }) {
      const stream = newStream();
      const snapshot = (revision: number, schema: string) => ({ stream, revision, schema, state: "{}" });
      await store.saveSnapshots([snapshot(9, "account/1")]);
      await store.saveSnapshots([snapshot(4, "account/2")]);
      expect(await store.loadSnapshots([stream], "account/2")).toEqual([snapshot(4, "account/2")]);
    },
  },
];

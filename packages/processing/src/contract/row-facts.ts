import { createCatalogue } from "@taem/schema";
import { expect } from "vitest";
import { DefinitionHistory } from "../definition-history.ts";
import { rebuild } from "../rebuild.ts";
import { keyedRows } from "../rows/keyed-rows.ts";
import { rowsProjection } from "../rows/rows-projection.ts";
import { type Bench, BY_HAND, type Fact, newCard } from "./harness.ts";
import { type CardEvent, card as cardCategory } from "./stamp-cards.ts";

const BIG = 2n ** 60n;

/** Every type of column, with values that lose something where they pass through the wrong one. */
const collections = rowsProjection({
  name: "collections",
  version: 1,
  catalogue: createCatalogue([cardCategory]),
  rows: [
    keyedRows({
      table: {
        name: "collections",
        columns: {
          slice: "smallint NOT NULL",
          card: 'text COLLATE "C" NOT NULL',
          stamps: "bigint NOT NULL",
          total: "numeric NOT NULL",
          receipts: "jsonb NOT NULL",
          last: "text",
          is_full: "boolean NOT NULL",
        },
        key: ["card"],
        indexes: [],
        appendOnly: false,
      },
      key: ({ event }: { readonly event: CardEvent }) => ({ card: event.card }),
      apply(row, { event }) {
        if (event.type === "CardClosed") return undefined;
        if (event.receipt === "receipt 13") throw new Error("an unlucky receipt");
        const receipts = [...((row?.receipts ?? []) as string[]), event.receipt];
        return {
          card: event.card,
          stamps: (row?.stamps ?? BIG) + 1n,
          total: String(BigInt(row?.total ?? "0") * 10n + BIG),
          receipts,
          last: receipts.length > 1 ? event.receipt : null,
          is_full: receipts.length > 5,
        };
      },
    }),
  ],
});

async function tablesOf(bench: Bench): Promise<unknown[]> {
  const tables = ["collections", "parked", "checkpoints"];
  return await Promise.all(tables.map((table) => bench.rows(`taem_collections.${table}`)));
}

export const rowFacts: readonly Fact[] = [
  {
    name: "rows by key are the same whatever the batches, whatever their types, those of parked streams too, and rebuilt",
    async test(bench) {
      const [kept, closed, unlucky] = [newCard(), newCard(), newCard()];
      for (let stamp = 1; stamp <= 14; stamp++) {
        await bench.giveStamps(unlucky, stamp, stamp);
        if (stamp < 9) await bench.giveStamps(closed, stamp, stamp);
        if (stamp < 8) await bench.giveStamps(kept, stamp, stamp);
        if (stamp === 6) await bench.shop.closeCard(closed, BY_HAND);
      }
      const snapshots: unknown[][] = [];
      for (const batchSize of [1, 5, 2_000]) {
        await bench.database.query("DROP SCHEMA IF EXISTS taem_collections CASCADE");
        await bench.project(collections, batchSize);
        snapshots.push(await tablesOf(bench));
      }
      expect(snapshots[1]).toEqual(snapshots[0]);
      expect(snapshots[2]).toEqual(snapshots[0]);
      const [rows] = snapshots[0] as [Record<string, unknown>[]];
      expect(rows).toHaveLength(3);
      expect(rows.find(({ card }) => card === kept)).toMatchObject({ stamps: BIG + 7n, is_full: true });
      expect(rows.find(({ card }) => card === closed)).toMatchObject({ stamps: BIG + 2n, last: "receipt 8" });
      expect(rows.find(({ card }) => card === unlucky)).toMatchObject({ stamps: BIG + 12n });
      expect(snapshots[0]?.[1]).toMatchObject([
        { key: `taem.card-${unlucky}`, error: expect.stringContaining("an unlucky receipt") },
      ]);
      const { database, store } = bench;
      const outcome = await rebuild({ projection: collections, database, store, expect: "equal" });
      expect(outcome).toMatchObject({ outcome: "taken_over" });
      expect(await tablesOf(bench)).toEqual(snapshots[0]);
    },
  },
  {
    name: "definitions are what the stream said at a position, and are all refreshed in one round trip",
    async test(bench) {
      const [one, two] = [newCard(), newCard()];
      await bench.giveStamps(one, 1, 2);
      await bench.giveStamps(two, 1, 1);
      const reads: number[] = [];
      const store: typeof bench.store = Object.create(bench.store, {
        read: {
          value: (requests: Parameters<typeof bench.store.read>[0]) => {
            reads.push(requests.length);
            return bench.store.read(requests);
          },
        },
      });
      const history = new DefinitionHistory<readonly string[], CardEvent>(store, {
        stream: (id) => `taem.card-${id}`,
        events: cardCategory.events,
        initial: [],
        evolve: (receipts, event) => ("receipt" in event ? [...receipts, event.receipt] : []),
      });
      await history.refresh([one, two, one, newCard()]);
      expect(reads).toEqual([3]);
      await bench.giveStamps(one, 3, 3);
      await bench.shop.closeCard(two, BY_HAND);
      await Promise.all([history.refresh([one, two]), history.refresh([one])]);
      expect(reads).toEqual([3, 3]);
      const { events } = await bench.store.readLog("", 100);
      const positions = events.map(({ position }) => position);
      expect(history.definitionsAt(one, "")).toEqual([]);
      expect(positions.map((position) => history.definitionsAt(one, position).length)).toEqual([
        1, 2, 2, 3, 3,
      ]);
      expect(positions.map((position) => history.definitionsAt(two, position).length)).toEqual([
        0, 0, 1, 1, 0,
      ]);
      expect(history.definitionsAt(newCard(), positions.at(-1) ?? "")).toEqual([]);
    },
  },
];

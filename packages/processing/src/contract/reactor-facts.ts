import { expect } from "vitest";
import type { Projection } from "../projection.ts";
import { heldMessages } from "../queue/message.ts";
import { done } from "../queue/outcome.ts";
import { rebuild } from "../rebuild.ts";
import { replayParked } from "../replay.ts";
import { ECHOES, echo, echoes, sayAgain } from "./echoes.ts";
import { BY_HAND, drain, type Fact, newCard } from "./harness.ts";
import { stampCards, stampCommands, voucherKey, vouchers } from "./stamp-cards.ts";

const cards = stampCards.projection;

/** The projection of cards, whose writes fail after their rows: so often. */
function failing(times: number): Projection {
  let left = times;
  return {
    ...cards,
    begin() {
      const fold = cards.begin();
      return {
        ...fold,
        write(writes, schema) {
          fold.write(writes, schema);
          if (left-- > 0)
            writes.run("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$");
        },
      };
    },
  };
}

export const reactorFacts: readonly Fact[] = [
  {
    name: "what comes of events is in the outbox when their rows are in the tables, once, under the key that the fold states",
    async test(bench) {
      const [one, two] = [newCard(), newCard()];
      await bench.giveStamps(one, 1, 9);
      await bench.giveStamps(two, 1, 21);
      await bench.project(failing(2), 7);
      const sent = await bench.outbox(stampCards);
      const keys = [1, 2].map((round) => voucherKey({ card: two, round }));
      expect(sent.map(({ key, type, state }) => [key, type, state])).toEqual(
        keys.map((key) => [key, "IssueVoucher", "waiting"]),
      );
      const command = { type: "IssueVoucher", card: two, round: 1 } as const;
      expect(sent[0]).toMatchObject({ lane: `taem.card-${two}`, body: stampCommands.encode(command) });
      expect(await bench.rows("taem_stamp_cards.cards")).toHaveLength(2);
    },
  },
  {
    name: "rows and outbox are the same whatever the batches",
    async test(bench) {
      for (const round of [1, 2, 3]) {
        for (const name of [newCard(), newCard()]) {
          await bench.giveStamps(name, 1, 10);
          if (round === 2) await bench.shop.closeCard(name, BY_HAND);
        }
      }
      const snapshots: unknown[] = [];
      for (const batchSize of [1, 7, 2_000]) {
        await bench.database.query(
          "DROP SCHEMA IF EXISTS taem_stamp_cards CASCADE; DELETE FROM taem_queues.outbox",
        );
        await bench.project(cards, batchSize);
        const sent = await bench.outbox(stampCards);
        snapshots.push([await bench.rows("taem_stamp_cards.cards"), sent.sort(byKey)]);
      }
      expect(snapshots[1]).toEqual(snapshots[0]);
      expect(snapshots[2]).toEqual(snapshots[0]);
      expect(snapshots[0]).toMatchObject([{ length: 4 }, { length: 6 }]);
    },
  },
  {
    name: "a rebuild makes the rows anew, equal, and sends nothing",
    async test(bench) {
      const card = newCard();
      await bench.giveStamps(card, 1, 20);
      const { database, store } = bench;
      expect(await rebuild({ projection: cards, database, store, expect: "equal" })).toMatchObject({
        outcome: "taken_over",
      });
      expect(await bench.outbox(stampCards)).toEqual([]);
      await bench.giveStamps(card, 21, 30);
      await bench.project(cards);
      const keys = (await bench.outbox(stampCards)).map(({ key }) => key);
      expect(keys).toEqual([voucherKey({ card, round: 3 })]);
      expect(await rebuild({ projection: cards, database, store, expect: "equal" })).toMatchObject({
        outcome: "taken_over",
      });
      expect(await bench.outbox(stampCards)).toHaveLength(1);
    },
  },
  {
    name: "what is carried out leaves the outbox, and its causation and correlation are in the events that come of it",
    async test(bench) {
      const card = newCard();
      await bench.giveStamps(card, 1, 10);
      await bench.settle();
      expect(await bench.outbox(stampCards)).toEqual([]);
      const [streams] = await bench.store.read([{ stream: `taem.voucher-${card}-1`, afterRevision: 0 }]);
      const [stamps] = await bench.store.read([{ stream: `taem.card-${card}`, afterRevision: 9 }]);
      expect(JSON.parse(streams?.events[0]?.meta ?? "")).toEqual({
        actor: "stamp_cards",
        causation: stamps?.events[0]?.id,
        correlation: "by hand",
        v: 1,
      });
    },
  },
  {
    name: "a command without a key of its own has that of its event, so however often it is projected it is one",
    async test(bench) {
      await sayAgain(bench.store, 0, "first");
      for (let time = 0; time < 2; time++) {
        await bench.database.query("DROP SCHEMA IF EXISTS taem_echoes CASCADE");
        await bench.project(echoes.projection);
      }
      const [first] = (await bench.store.readLog("", 1)).events;
      const sent = await bench.outbox(echoes);
      expect(sent.map(({ key }) => key)).toEqual([`echoes:${first?.id}:0`]);
    },
  },
  {
    name: "reactions that call each other end: the ninth is parked, with what is behind it",
    async test(bench) {
      await sayAgain(bench.store, 0, "first");
      const sender = bench.sender(echoes, async ({ command, provenance }) => {
        await sayAgain(bench.store, command.no, command.text, provenance);
        return done();
      });
      for (let round = 0; round < 20; round++) {
        await bench.project(echoes.projection);
        await drain(sender);
      }
      expect(await bench.typesOf(echo.name)).toHaveLength(1 + ECHOES);
      const held = await Array.fromAsync(heldMessages(bench.database, "outbox", echoes.name));
      expect(held).toMatchObject([{ state: "parked", error: expect.stringContaining("9 reactions") }]);
    },
  },
  {
    name: "what an event could not be projected to comes of it when its stream is taken up again",
    async test(bench) {
      const card = newCard();
      await bench.giveStamps(card, 1, 10);
      const lame: Projection = {
        ...cards,
        begin: () => ({
          ...cards.begin(),
          add: () => {
            throw new Error("a bug");
          },
        }),
      };
      await bench.project(lame);
      expect(await bench.outbox(stampCards)).toEqual([]);
      await replayParked(bench.database, bench.store, cards, `taem.card-${card}`);
      expect((await bench.outbox(stampCards)).map(({ key }) => key)).toEqual([
        voucherKey({ card, round: 1 }),
      ]);
    },
  },
  {
    name: "a process goes on with the state that its last event left, and is forgotten when it is over",
    async test(bench) {
      const card = newCard();
      for (const [from, to] of [
        [1, 6],
        [7, 13],
        [14, 20],
      ] as const) {
        await bench.giveStamps(card, from, to);
        await bench.project(cards);
      }
      const keys = (await bench.outbox(stampCards)).map(({ key }) => key);
      expect(keys).toEqual([1, 2].map((round) => voucherKey({ card, round })));
      expect(await bench.rows("taem_stamp_cards.cards")).toMatchObject([{ card, stamps: 20 }]);
      await bench.shop.closeCard(card, BY_HAND);
      await bench.project(cards);
      expect(await bench.rows("taem_stamp_cards.cards")).toEqual([]);
    },
  },
  {
    name: "what a command needs is reserved before it, confirmed where it stands and released where it is refused",
    async test(bench) {
      const [open, closed] = [newCard(), newCard()];
      await bench.giveStamps(open, 1, 10);
      await bench.giveStamps(closed, 1, 10);
      await bench.project(cards);
      await bench.shop.closeCard(closed, BY_HAND);
      await bench.settle();
      expect((await bench.typesOf("voucher")).sort()).toEqual(["VoucherDenied", "VoucherIssued"]);
      expect((await bench.typesOf("stock")).sort()).toEqual([
        "CounterConfirmed",
        "CounterReleased",
        "CounterReserved",
        "CounterReserved",
      ]);
      const rows = await bench.rows("taem_vouchers.vouchers");
      expect(rows.map(({ card, status }) => [card, status]).sort()).toEqual(
        [
          [open, "issued"],
          [closed, "denied"],
        ].sort(),
      );
      expect(await bench.outbox(vouchers)).toEqual([]);
    },
  },
];

function byKey(one: Record<string, unknown>, other: Record<string, unknown>): number {
  return String(one["key"]).localeCompare(String(other["key"]));
}

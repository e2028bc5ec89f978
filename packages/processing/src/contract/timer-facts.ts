import { SLICES, sliceOfName } from "@taem/kernel";
import { streamOf } from "@taem/schema";
import { expect } from "vitest";
import type { Fold, Projection } from "../projection.ts";
import { done } from "../queue/outcome.ts";
import { defineReactor } from "../reactions/reactor.ts";
import { rebuild } from "../rebuild.ts";
import { replayParked } from "../replay.ts";
import { type Bench, BY_HAND, drain, type Fact, newCard } from "./harness.ts";
import { type StampCommand, type VoucherEvent, voucher, voucherReactor, vouchers } from "./stamp-cards.ts";

const projection = vouchers.projection;

/** Issues the first voucher of a new card, which expires at 1,000; its timer is set. */
async function issue(bench: Bench): Promise<string> {
  const card = newCard();
  const command: StampCommand = { type: "IssueVoucher", card, round: 1 };
  await bench.shop.carryOut(command, BY_HAND);
  await bench.project(projection);
  return card;
}

async function setTimers(bench: Bench): Promise<unknown[]> {
  const rows = await bench.rows("taem_vouchers.timers");
  return rows.map(({ key, due_at }) => [key, Number(due_at)]);
}

async function sentKeys(bench: Bench): Promise<unknown[]> {
  return (await bench.outbox(vouchers)).map(({ key }) => key);
}

const SOON = { timeout: 20_000, interval: 20 };

const keyOf = (card: string) => `expire:${card}:1`;

async function expectEqualRebuild(bench: Bench): Promise<void> {
  const { database, store } = bench;
  const outcome = await rebuild({ projection, database, store, expect: "equal" });
  expect(outcome).toMatchObject({ outcome: "taken_over" });
}

/** Cards whose first vouchers lie in one slice. */
function neighbours(): readonly [string, string, string] {
  const sliceOf = (card: string) => sliceOfName(streamOf(voucher, card, 1));
  const first = newCard();
  const found = [first];
  while (found.length < 3) {
    const card = newCard();
    if (sliceOf(card) === sliceOf(first)) found.push(card);
  }
  return found as [string, string, string];
}

/** A fold that cannot project the events of some cards. */
function failingFor(fold: Fold, cards: readonly string[]): Fold {
  return {
    ...fold,
    add(projected) {
      if (cards.includes((projected.event as VoucherEvent).card)) throw new Error("a bug");
      fold.add(projected);
    },
  };
}

export const timerFacts: readonly Fact[] = [
  {
    name: "a timer is sent when it is due on its scope's clock, once, under its key, and not before",
    async test(bench) {
      const card = await issue(bench);
      const { shop } = bench.shop;
      bench.clocks.set(shop, 999);
      bench.clocks.set("another", 5_000);
      expect(await drain(bench.timers(vouchers))).toBe(0);
      expect(await setTimers(bench)).toEqual([[keyOf(card), 1_000]]);
      bench.clocks.set(shop, 1_000);
      expect(await drain(bench.timers(vouchers))).toBe(1);
      expect(await drain(bench.timers(vouchers))).toBe(0);
      expect(await setTimers(bench)).toEqual([]);
      expect(await bench.outbox(vouchers)).toMatchObject([
        { key: keyOf(card), lane: card, type: "ExpireVoucher", state: "waiting" },
      ]);
      await bench.settle();
      expect(await bench.typesOf("voucher")).toEqual(["VoucherIssued", "VoucherExpired"]);
    },
  },
  {
    name: "a later event moves a timer or cancels it, in whichever batch it comes",
    async test(bench) {
      const [moved, used, extended] = [await issue(bench), await issue(bench), newCard()];
      await bench.shop.carryOut({ type: "IssueVoucher", card: extended, round: 1 }, BY_HAND);
      await bench.shop.extendVoucher(moved, 1, 3_000, BY_HAND);
      await bench.shop.useVoucher(used, 1, BY_HAND);
      await bench.shop.extendVoucher(extended, 1, 2_000, BY_HAND);
      await bench.project(projection);
      bench.clocks.set(bench.shop.shop, 1_500);
      expect(await drain(bench.timers(vouchers))).toBe(0);
      bench.clocks.set(bench.shop.shop, 2_500);
      expect(await drain(bench.timers(vouchers))).toBe(1);
      expect(await sentKeys(bench)).toEqual([keyOf(extended)]);
      expect(await setTimers(bench)).toEqual([[keyOf(moved), 3_000]]);
    },
  },
  {
    name: "timers are the same whatever the batches",
    async test(bench) {
      const [moved, used, plain] = [await issue(bench), await issue(bench), await issue(bench)];
      const [movedBack, setAgain] = [await issue(bench), await issue(bench)];
      const extend = (card: string, expiresAt: number) =>
        bench.shop.extendVoucher(card, 1, expiresAt, BY_HAND);
      for (const expiresAt of [2_000, 3_000]) await extend(moved, expiresAt);
      await extend(used, 2_000);
      await bench.shop.useVoucher(used, 1, BY_HAND);
      for (const expiresAt of [2_000, 1_000]) await extend(movedBack, expiresAt);
      for (let i = 0; i < 2; i++) await extend(setAgain, 1_000);
      const snapshots: unknown[] = [];
      for (const batchSize of [1, 3, 2_000]) {
        await bench.database.query("DROP SCHEMA taem_vouchers CASCADE");
        await bench.project(projection, batchSize);
        snapshots.push([
          await bench.rows("taem_vouchers.timers"),
          await bench.rows("taem_vouchers.vouchers"),
        ]);
      }
      expect(snapshots[1]).toEqual(snapshots[0]);
      expect(snapshots[2]).toEqual(snapshots[0]);
      expect((await setTimers(bench)).sort()).toEqual(
        [
          [keyOf(moved), 3_000],
          [keyOf(plain), 1_000],
          [keyOf(movedBack), 1_000],
          [keyOf(setAgain), 1_000],
        ].sort(),
      );
    },
  },
  {
    name: "a timer that is set again as it is stays as it was, and its row is not written",
    async test(bench) {
      const card = await issue(bench);
      const row = () => bench.database.query("SELECT xmin::text, t.* FROM taem_vouchers.timers t");
      const { rows: before } = await row();
      await bench.shop.extendVoucher(card, 1, 1_000, BY_HAND);
      await bench.project(projection);
      expect((await row()).rows).toEqual(before);
      await bench.shop.extendVoucher(card, 1, 2_000, BY_HAND);
      await bench.project(projection);
      expect(await setTimers(bench)).toEqual([[keyOf(card), 2_000]]);
    },
  },
  ...[900, 1_000].map((again) => ({
    name: `a timer of 1,000 that is set again for ${again} while its command is under way is sent when that has come to its end`,
    async test(bench: Bench) {
      const card = await issue(bench);
      bench.clocks.set(bench.shop.shop, 1_000);
      await drain(bench.timers(vouchers));
      // Set for what is past by whoever has not heard of it: the command may have been carried out before.
      await bench.shop.extendVoucher(card, 1, again, BY_HAND);
      await bench.project(projection);
      expect(await drain(bench.timers(vouchers))).toBe(0);
      expect(await setTimers(bench)).toEqual([[keyOf(card), again]]);
      await expectEqualRebuild(bench);
      const carriedOut: string[] = [];
      const sender = bench.sender(vouchers, async ({ key }) => {
        carriedOut.push(key);
        return done();
      });
      await drain(sender);
      expect(await drain(bench.timers(vouchers))).toBe(1);
      await drain(sender);
      expect(carriedOut).toEqual([keyOf(card), keyOf(card)]);
      await expectEqualRebuild(bench);
      expect(await setTimers(bench)).toEqual([]);
    },
  })),
  {
    name: "however many are due at once, they are sent some at a time, longest due first",
    async test(bench) {
      const { shop } = bench.shop;
      await issue(bench);
      await bench.database.query(
        `INSERT INTO taem_vouchers.timers
           SELECT i % ${SLICES}, 'many ' || i, scope, i, position, lane, type, body, meta
             FROM taem_vouchers.timers, generate_series(1001, 11000) i`,
      );
      bench.clocks.set(shop, 20_000);
      const sent = await bench.timers(vouchers).runOnce();
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThanOrEqual(5_000);
      const [latest] = await bench.database.queryArrays<[number]>(
        "SELECT max(split_part(key, ' ', 2)::int) FROM taem_queues.outbox WHERE key LIKE 'many %'",
      );
      expect(latest?.[0]).toBeLessThanOrEqual(6_000);
      expect(sent + (await drain(bench.timers(vouchers)))).toBe(10_001);
      expect(await setTimers(bench)).toEqual([]);
    },
  },
  {
    name: "several that send timers send each once",
    async test(bench) {
      const issued = [];
      for (let i = 0; i < 12; i++) issued.push(await issue(bench));
      bench.clocks.set(bench.shop.shop, 1_000);
      const senders = Array.from({ length: 3 }, () => bench.timers(vouchers));
      const sent = await Promise.all(senders.map((sender) => drain(sender)));
      // Whoever found its slices locked left them to another.
      const rest = await drain(bench.timers(vouchers));
      expect(sent.reduce((all, some) => all + some, rest)).toBe(issued.length);
      expect((await sentKeys(bench)).sort()).toEqual(issued.map(keyOf).sort());
    },
  },
  {
    name: "what is moved, or becomes due, while others are sent is neither lost nor sent too early",
    async test(bench) {
      const [moved, due] = [await issue(bench), await issue(bench)];
      bench.clocks.set(bench.shop.shop, 1_000);
      const added = newCard();
      const sending = await bench.database.transaction(async (projector) => {
        // As a batch would that is not committed yet.
        await projector.query("UPDATE taem_vouchers.timers SET due_at = 3000 WHERE key = $1", [keyOf(moved)]);
        await projector.query(
          `INSERT INTO taem_vouchers.timers SELECT slice, $1, scope, 1000, position, lane, type, body, meta
             FROM taem_vouchers.timers WHERE key = $2`,
          [keyOf(added), keyOf(moved)],
        );
        const sent = bench.timers(vouchers).runOnce();
        const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        await expect.poll(async () => (await bench.database.query(waits)).rowCount, SOON).toBe(1);
        return { sent };
      });
      expect(await sending.sent).toBe(1);
      expect(await sentKeys(bench)).toEqual([keyOf(due)]);
      expect((await setTimers(bench)).toSorted()).toEqual(
        [
          [keyOf(moved), 3_000],
          [keyOf(added), 1_000],
        ].toSorted(),
      );
      expect(await drain(bench.timers(vouchers))).toBe(1);
      expect(await sentKeys(bench)).toEqual([keyOf(due), keyOf(added)]);
    },
  },
  {
    name: "a scope whose clock cannot be read keeps no other waiting",
    async test(bench) {
      const card = await issue(bench);
      const { shop } = bench.shop;
      await bench.database.query(
        "INSERT INTO taem_vouchers.timers SELECT slice, 'a' || key, '0 ' || scope, due_at, position, lane, type, body, meta FROM taem_vouchers.timers",
      );
      const asked: string[] = [];
      const sender = bench.timers(vouchers, async (scope) => {
        asked.push(scope);
        if (scope !== shop) throw new Error("no such programme");
        return 1_000;
      });
      expect(await sender.runOnce()).toBe(1);
      expect(asked).toEqual([`0 ${shop}`, shop]);
      expect(await sentKeys(bench)).toEqual([keyOf(card)]);
    },
  },
  {
    name: "a rebuild makes the timers that are still to come, and none that was sent",
    async test(bench) {
      const [sent, coming] = [await issue(bench), await issue(bench)];
      await bench.shop.extendVoucher(coming, 1, 2_000, BY_HAND);
      await bench.project(projection);
      bench.clocks.set(bench.shop.shop, 1_000);
      await drain(bench.timers(vouchers));
      const late = await issue(bench);
      await expectEqualRebuild(bench);
      // What was set late was due from the first, and is sent by the rebuilt tables as by the live ones.
      expect((await setTimers(bench)).sort()).toEqual(
        [
          [keyOf(coming), 2_000],
          [keyOf(late), 1_000],
        ].sort(),
      );
      await drain(bench.timers(vouchers));
      expect((await sentKeys(bench)).sort()).toEqual([keyOf(sent), keyOf(late)].sort());
      await expectEqualRebuild(bench);
      expect(await setTimers(bench)).toEqual([[keyOf(coming), 2_000]]);
    },
  },
  {
    name: "a timer that comes late of a parked stream is sent, whether the stream is taken up or rebuilt",
    async test(bench) {
      const { database, store } = bench;
      const [sent, replayed, rebuilt] = neighbours();
      const lame: Projection = {
        ...projection,
        begin: () => failingFor(projection.begin(), [replayed, rebuilt]),
      };
      for (const card of [sent, replayed, rebuilt]) {
        await bench.shop.carryOut({ type: "IssueVoucher", card, round: 1 }, BY_HAND);
      }
      await bench.project(lame);
      bench.clocks.set(bench.shop.shop, 1_000);
      await drain(bench.timers(vouchers));
      expect(await sentKeys(bench)).toEqual([keyOf(sent)]);
      await replayParked(database, store, projection, streamOf(voucher, replayed, 1));
      const confirm = async () => true;
      await rebuild({ projection, database, store, expect: "changes", confirm });
      // The first is sent again if it has to be: its key is in the outbox.
      await drain(bench.timers(vouchers));
      expect((await sentKeys(bench)).sort()).toEqual([sent, replayed, rebuilt].map(keyOf).sort());
    },
  },
  {
    name: "first tables that a rebuild makes have the timers of the whole log",
    async test(bench) {
      const card = newCard();
      await bench.shop.carryOut({ type: "IssueVoucher", card, round: 1 }, BY_HAND);
      await expectEqualRebuild(bench);
      bench.clocks.set(bench.shop.shop, 1_000);
      expect(await drain(bench.timers(vouchers))).toBe(1);
      expect(await sentKeys(bench)).toEqual([keyOf(card)]);
    },
  },
  {
    name: "of another version with the same timers nothing that was sent is sent again",
    async test(bench) {
      const sent = await issue(bench);
      bench.clocks.set(bench.shop.shop, 1_000);
      await drain(bench.timers(vouchers));
      const late = await issue(bench);
      const { database, store } = bench;
      const next = defineReactor({ ...voucherReactor, version: 2, timersSince: 1 });
      const confirm = async () => true;
      await rebuild({ projection: next.projection, database, store, expect: "changes", confirm });
      expect(await setTimers(bench)).toEqual([[keyOf(late), 1_000]]);
      expect(await sentKeys(bench)).toEqual([keyOf(sent)]);
    },
  },
  {
    name: "of another version all that is due is sent again, and nothing comes of it twice",
    async test(bench) {
      await issue(bench);
      bench.clocks.set(bench.shop.shop, 1_000);
      await bench.settle();
      const { database, store } = bench;
      const next = defineReactor({ ...voucherReactor, version: 2 }).projection;
      const outcome = await rebuild({
        projection: next,
        database,
        store,
        expect: "changes",
        confirm: async () => true,
      });
      expect(outcome).toMatchObject({ outcome: "taken_over" });
      expect(await drain(bench.timers(vouchers))).toBe(1);
      await drain(
        bench.sender(vouchers, ({ command, provenance }) => bench.shop.carryOut(command, provenance)),
      );
      expect(await bench.outbox(vouchers)).toEqual([]);
      expect(await bench.typesOf("voucher")).toEqual(["VoucherIssued", "VoucherExpired"]);
    },
  },
];

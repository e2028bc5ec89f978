import { StoreUnavailable } from "@taem/event-store";
import type { Database } from "@taem/postgres";
import { expect } from "vitest";
import { Inbox, type IncomingMessage } from "../inbox/inbox.ts";
import { createInboxWorker, type InboxMessage } from "../inbox/inbox-worker.ts";
import { DELAYED_AFTER, heldMessages, replayMessage } from "../queue/message.ts";
import { done, later, type Outcome, park, refused } from "../queue/outcome.ts";
import type { QueueWorker } from "../queue/queue-worker.ts";
import { KEPT_DAYS, QueueUpkeep } from "../queue/upkeep.ts";
import { type Bench, BY_HAND, drain, type Fact } from "./harness.ts";

const ORDERS = "orders";

function message(key: string, lane: string, body = key): IncomingMessage {
  return { key, lane, type: "order", body, provenance: BY_HAND, answer: `thanks for ${body}` };
}

function inboxOf({ database }: Bench): Inbox {
  return new Inbox(database, ORDERS);
}

function worker(bench: Bench, handle: (message: InboxMessage) => Promise<Outcome>): QueueWorker {
  return createInboxWorker({ ...bench.platform, inbox: ORDERS, handle });
}

/** Answers by key what it is told to, and else that it is done; notes what it was asked. */
class Handler {
  readonly handled: string[] = [];
  readonly answers = new Map<string, () => Outcome>();

  readonly handle = async ({ key }: InboxMessage): Promise<Outcome> => {
    this.handled.push(key);
    return (this.answers.get(key) ?? done)();
  };
}

async function held(bench: Bench) {
  const messages = await Array.fromAsync(heldMessages(bench.database, "inbox", ORDERS));
  return messages.map(({ key, state, error }) => [key, state, error]);
}

const inboxFacts: readonly Fact[] = [
  {
    name: "what comes in is stored before it is answered, and committed to the disk whatever the database is set to",
    async test(bench) {
      const { database } = bench;
      await database.query(`
        CREATE TABLE seen (setting text);
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
        CREATE TRIGGER see BEFORE INSERT ON taem_queues.inbox FOR EACH ROW EXECUTE FUNCTION see();`);
      const careless: Database = {
        ...database,
        transaction: (work, options) =>
          database.transaction(async (transaction) => {
            await transaction.query("SET LOCAL synchronous_commit = off");
            return await work(transaction);
          }, options),
      };
      const [received] = await new Inbox(careless, ORDERS).receive([message("1", "a")]);
      expect(received).toEqual({ answer: "thanks for 1", isRepeated: false, isSame: true });
      expect(await bench.rows("seen")).toEqual([{ setting: "on" }]);
      expect(await bench.rows("taem_queues.inbox")).toMatchObject([
        { key: "1", body: "1", state: "waiting" },
      ]);
    },
  },
  {
    name: "what comes again is answered as at first, and worked off once, before or after that",
    async test(bench) {
      const inbox = inboxOf(bench);
      const handler = new Handler();
      const many = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          inbox.receive([message("1", "a", `body ${i}`), message("2", "a")]),
        ),
      );
      const firsts = many.filter(([first]) => first?.isRepeated === false);
      expect(firsts).toHaveLength(1);
      const answer = firsts[0]?.[0]?.answer;
      expect(many.every(([first]) => first?.answer === answer)).toBe(true);
      expect(many.filter(([first]) => first?.isSame === true)).toHaveLength(1);
      expect(many.every(([, second]) => second?.isSame === true)).toBe(true);
      await drain(worker(bench, handler.handle));
      const [again, fresh, twice] = await inbox.receive([
        message("2", "a", "other"),
        message("3", "a"),
        message("3", "a"),
      ]);
      expect(again).toEqual({ answer: "thanks for 2", isRepeated: true, isSame: false });
      expect([fresh?.isRepeated, twice?.isRepeated]).toEqual([false, true]);
      await drain(worker(bench, handler.handle));
      expect(handler.handled).toEqual(["1", "2", "3"]);
      expect(await inbox.receive([])).toEqual([]);
    },
  },
];

const deliveryFacts: readonly Fact[] = [
  {
    name: "messages of a lane are delivered one after the other; one that comes later holds up its lane alone",
    async test(bench) {
      await inboxOf(bench).receive([
        message("a1", "a"),
        message("b1", "b"),
        message("a2", "a"),
        message("b2", "b"),
      ]);
      const handler = new Handler();
      handler.answers.set("a1", () => later("not yet", 5_000));
      await drain(worker(bench, handler.handle));
      expect(handler.handled.sort()).toEqual(["a1", "b1", "b2"]);
      bench.now += 4_999;
      expect(await drain(worker(bench, handler.handle))).toBe(0);
      bench.now += 1;
      handler.answers.clear();
      await drain(worker(bench, handler.handle));
      expect(handler.handled.slice(-2)).toEqual(["a1", "a2"]);
    },
  },
  {
    name: "what is refused is recorded and not tried again, and holds up nothing",
    async test(bench) {
      await inboxOf(bench).receive([message("a1", "a"), message("a2", "a")]);
      const handler = new Handler();
      handler.answers.set("a1", () => refused("no such order"));
      await drain(worker(bench, handler.handle));
      bench.now += 10_000_000;
      expect(await drain(worker(bench, handler.handle))).toBe(0);
      expect(handler.handled).toEqual(["a1", "a2"]);
      expect(await held(bench)).toEqual([["a1", "refused", "no such order"]]);
    },
  },
  {
    name: "what is parked holds up its lane until somebody has it delivered again",
    async test(bench) {
      await inboxOf(bench).receive([message("a1", "a"), message("a2", "a")]);
      const handler = new Handler();
      handler.answers.set("a1", () => park("cannot be read"));
      await drain(worker(bench, handler.handle));
      bench.now += 10_000_000;
      expect(await drain(worker(bench, handler.handle))).toBe(0);
      expect(await held(bench)).toEqual([["a1", "parked", "cannot be read"]]);
      handler.answers.clear();
      expect(await replayMessage(bench.database, "inbox", ORDERS, "a1")).toBe(true);
      expect(await replayMessage(bench.database, "inbox", ORDERS, "unheard of")).toBe(false);
      await drain(worker(bench, handler.handle));
      expect(handler.handled).toEqual(["a1", "a1", "a2"]);
      expect(await held(bench)).toEqual([]);
      // What is done can be delivered again, too: its key keeps it from being done twice.
      expect(await replayMessage(bench.database, "inbox", ORDERS, "a2")).toBe(true);
      await drain(worker(bench, handler.handle));
      expect(handler.handled.at(-1)).toBe("a2");
    },
  },
  {
    name: "trouble that passes is tried again for as long as it takes, each time later; a failure that stays is parked",
    async test(bench) {
      await inboxOf(bench).receive([message("away", "a"), message("broken", "b")]);
      const handler = new Handler();
      handler.answers.set("away", () => {
        throw new StoreUnavailable(undefined);
      });
      handler.answers.set("broken", () => {
        throw new TypeError("not a function");
      });
      const waits: number[] = [];
      for (let attempt = 0; attempt < 9; attempt++) {
        await drain(worker(bench, handler.handle));
        const { rows } = await bench.database.query<{ due_at: bigint }>(
          "SELECT due_at FROM taem_queues.inbox WHERE key = 'away'",
        );
        waits.push(Number(rows[0]?.due_at) - bench.now);
        bench.now += 60_000;
      }
      expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
      expect(handler.handled.filter((key) => key === "broken")).toHaveLength(5);
      expect(await held(bench)).toEqual([
        ["away", "waiting", expect.stringContaining("StoreUnavailable")],
        ["broken", "parked", "TypeError: not a function"],
      ]);
      handler.answers.clear();
      await drain(worker(bench, handler.handle));
      expect(await bench.rows("taem_queues.inbox")).toMatchObject([{ state: "done" }, { state: "parked" }]);
    },
  },
  {
    name: "several workers share a queue by slice: each message is delivered once, and none of a lane beside another",
    async test(bench) {
      const lanes = Array.from({ length: 40 }, (_, i) => `lane ${i}`);
      const messages = [1, 2, 3].flatMap((no) => lanes.map((lane) => message(`${lane} ${no}`, lane)));
      await inboxOf(bench).receive(messages);
      const [handled, busy] = [new Map<string, string[]>(), new Set<string>()];
      const overlaps: string[] = [];
      const busyWorkers = new Set<number>();
      const two = Promise.withResolvers<void>();
      const workers = Array.from({ length: 4 }, (_, i) =>
        worker(bench, async ({ key, lane }) => {
          // None has so many slices that nothing is left to another: the first waits for a second one.
          if (busyWorkers.add(i).size > 1) two.resolve();
          await two.promise;
          if (busy.has(lane)) overlaps.push(key);
          busy.add(lane);
          await bench.database.query("SELECT 1");
          handled.set(key, [...(handled.get(key) ?? []), `worker ${i}`]);
          busy.delete(lane);
          return done();
        }),
      );
      for (const one of workers) one.start();
      await expect.poll(() => handled.size, { timeout: 30_000 }).toBe(messages.length);
      await Promise.all(workers.map((one) => one.stop()));
      expect(overlaps).toEqual([]);
      expect([...handled.values()].every((by) => by.length === 1)).toBe(true);
      expect(new Set([...handled.values()].flat()).size).toBeGreaterThan(1);
      for (const lane of lanes) {
        const order = [...handled.keys()].filter((key) => key.startsWith(`${lane} `));
        expect(order).toEqual([1, 2, 3].map((no) => `${lane} ${no}`));
      }
    },
  },
];

const upkeepFacts: readonly Fact[] = [
  {
    name: "what has come to an end is dropped with its key when it is old by the server's clock, and nothing else is",
    async test(bench) {
      const { database } = bench;
      const names = ["done", "refused", "parked", "fresh", "waiting"];
      await inboxOf(bench).receive(names.map((name) => message(name, name)));
      const handler = new Handler();
      handler.answers.set("refused", () => refused("no such order"));
      handler.answers.set("parked", () => park("cannot be read"));
      handler.answers.set("waiting", () => later("not yet", 1_000_000));
      await drain(worker(bench, handler.handle));
      const upkeep = new QueueUpkeep({ ...bench.platform, table: "inbox", queue: ORDERS });
      const age = `UPDATE taem_queues.inbox SET ended_at = ended_at - $1 * interval '1 day' WHERE key <> 'fresh'`;
      await database.query(age, [KEPT_DAYS - 1]);
      bench.now += 1_000 * 86_400_000;
      expect(await upkeep.runOnce()).toBe(0);
      await database.query(age, [1]);
      expect(await upkeep.runOnce()).toBe(2);
      const kept = await bench.rows("taem_queues.inbox");
      expect(kept.map(({ key }) => key).sort()).toEqual(["fresh", "parked", "waiting"]);
      const [again] = await inboxOf(bench).receive([message("done", "done")]);
      expect(again).toMatchObject({ isRepeated: false });
    },
  },
  {
    name: "all that is held is listed, however many that are",
    async test(bench) {
      const names = Array.from({ length: 2_100 }, (_, i) => `m${i}`);
      await inboxOf(bench).receive(names.map((name) => message(name, name)));
      await bench.database.query("UPDATE taem_queues.inbox SET state = 'parked'");
      expect((await held(bench)).map(([key]) => key)).toEqual(names);
    },
  },
  {
    name: "a message that was tried more often than a number counts, and fails with half a character, spoils no other",
    async test(bench) {
      await inboxOf(bench).receive(["a", "b"].map((name) => message(name, name)));
      await bench.database.query("UPDATE taem_queues.inbox SET attempts = 2147483647 WHERE key = 'a'");
      const handler = new Handler();
      handler.answers.set("a", () => park(`${"x".repeat(499)}🙂`));
      await drain(worker(bench, handler.handle));
      expect(await held(bench)).toEqual([["a", "parked", `${"x".repeat(499)}\ufffd`]]);
      expect(handler.handled.sort()).toEqual(["a", "b"]);
    },
  },
  {
    name: "what waits after many attempts is held, and delivered at once when it is replayed",
    async test(bench) {
      await inboxOf(bench).receive(["a"].map((name) => message(name, name)));
      const handler = new Handler();
      handler.answers.set("a", () => later("of a later version"));
      for (let i = 0; i < DELAYED_AFTER; i++) {
        expect(await held(bench)).toEqual([]);
        await bench.database.query("UPDATE taem_queues.inbox SET due_at = 0");
        await drain(worker(bench, handler.handle));
      }
      expect(await held(bench)).toEqual([["a", "waiting", "of a later version"]]);
      handler.answers.clear();
      expect(await replayMessage(bench.database, "inbox", ORDERS, "a")).toBe(true);
      await drain(worker(bench, handler.handle));
      expect(await held(bench)).toEqual([]);
      expect(handler.handled).toHaveLength(DELAYED_AFTER + 1);
    },
  },
  {
    name: "what is held is counted, by what it is, until it is held no more",
    async test(bench) {
      await inboxOf(bench).receive(["a", "b", "c"].map((name) => message(name, name)));
      const handler = new Handler();
      handler.answers.set("a", () => park("cannot be read"));
      handler.answers.set("b", () => refused("no such order"));
      const upkeep = new QueueUpkeep({ ...bench.platform, table: "inbox", queue: ORDERS });
      const counted = async (state: string) => {
        await upkeep.runOnce();
        const text = await bench.metrics.exposition();
        const label = new RegExp(
          `taem_queue_held_messages\\{queue="inbox:orders",state="${state}"\\} (\\d+)`,
        );
        return Number(label.exec(text)?.[1]);
      };
      expect([await counted("parked"), await counted("refused")]).toEqual([0, 0]);
      await drain(worker(bench, handler.handle));
      expect([await counted("parked"), await counted("refused")]).toEqual([1, 1]);
      handler.answers.clear();
      await replayMessage(bench.database, "inbox", ORDERS, "a");
      await drain(worker(bench, handler.handle));
      expect([await counted("parked"), await counted("refused")]).toEqual([0, 1]);
    },
  },
];

export const queueFacts: readonly Fact[] = [...inboxFacts, ...deliveryFacts, ...upkeepFacts];

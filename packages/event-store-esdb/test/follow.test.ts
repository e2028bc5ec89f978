import { type EventStore, type LogPage, type Position, START } from "@taem/event-store";
import { ERRORS, notLeader, type ReadFault, type ReadSeen } from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test, vi } from "vitest";
import { TIMING } from "../src/timing.ts";
import { appendOf, IMPATIENT, newEvent, newStream, openStore, wholeLog } from "./support/stores.ts";

/** Follows in steps, so that a test decides what happens between two pages. */
class Follower implements AsyncDisposable {
  readonly ids: string[] = [];
  readonly #done = new AbortController();
  readonly #pages: AsyncIterator<LogPage>;

  constructor(store: EventStore, after: Position, limit: number) {
    this.#pages = store.follow(after, { limit, signal: this.#done.signal })[Symbol.asyncIterator]();
  }

  /** Begins without waiting for a page. */
  begun(): this {
    this.#pages.next().catch(() => {});
    return this;
  }

  async page(): Promise<LogPage> {
    const { value } = await this.#pages.next();
    this.ids.push(...value.events.map(({ id }: { id: string }) => id));
    return value;
  }

  async until(count: number): Promise<void> {
    while (this.ids.length < count) await this.page();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#done.abort();
    await this.#pages.return?.();
  }
}

const manyAppends = (count: number) => Array.from({ length: count }, () => appendOf(1));
const idsOf = async (store: EventStore) => (await wholeLog(store)).map(({ id }) => id);

const ENDINGS: readonly (readonly [string, (server: TestServer) => void])[] = [
  ["the consumer was too slow", (server) => server.endSubscriptions(ERRORS.tooSlow)],
  ["the server is not ready", (server) => server.endSubscriptions(ERRORS.notReady)],
  ["the server fails without a reason", (server) => server.endSubscriptions(ERRORS.handlerThrew)],
  ["there is no leader", (server) => server.endSubscriptions(ERRORS.noLeaderInfo)],
  ["the node leads no longer", (server) => server.endSubscriptions(notLeader("127.0.0.1", server.port))],
  ["the connection breaks", (server) => server.dropConnections()],
];

test.each(ENDINGS)(
  "a subscription that ends because %s is begun again: nothing lost, nothing twice",
  async (_, end) => {
    await using server = await TestServer.start();
    await using store = await openStore(server);
    await store.append(manyAppends(100));
    await using follower = new Follower(store, START, 7);
    for (let pages = 0; pages < 8; pages++) {
      await follower.page();
      end(server);
    }
    await store.append(manyAppends(20));
    await follower.until(120);
    expect(follower.ids).toEqual(await idsOf(store));
  },
);

test("a subscription that is refused at first is asked for again", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  await store.append(manyAppends(3));
  const faults: ReadFault[] = [
    { kind: "drop" },
    { kind: "error", error: ERRORS.tooBusy },
    { kind: "error", error: ERRORS.unknown, afterMessages: 2 },
  ];
  server.faults.onRead = ({ subscription }) => (subscription ? faults.shift() : undefined);
  await using follower = new Follower(store, START, 10);
  await follower.until(3);
  expect(follower.ids).toEqual(await idsOf(store));
  expect(faults).toEqual([]);
});

test("a subscription that goes quiet is replaced", async () => {
  await using server = await TestServer.start();
  const told: string[] = [];
  await using store = await openStore(server, IMPATIENT, { log: (message) => told.push(message) });
  await using follower = new Follower(store, START, 10);
  await store.append([appendOf(1)]);
  await follower.page();
  server.muteSubscriptions(true);
  await store.append([appendOf(1)]);
  const page = follower.page();
  await vi.waitFor(() => expect(told).not.toEqual([]));
  server.muteSubscriptions(false);
  expect((await page).events).toHaveLength(1);
  expect(follower.ids).toEqual(await idsOf(store));
});

test("a subscription that the server accepts and never answers is replaced", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server, IMPATIENT);
  await store.append([appendOf(1)]);
  let swallowed = 0;
  server.faults.onRead = ({ subscription }) =>
    subscription && swallowed++ === 0 ? { kind: "swallow" } : undefined;
  await using follower = new Follower(store, START, 10);
  await follower.page();
  expect(follower.ids).toEqual(await idsOf(store));
});

test("a consumer that takes its time is no quiet subscription", async () => {
  await using server = await TestServer.start();
  await using empty = await TestServer.start();
  const told: string[] = [];
  await using store = await openStore(server, IMPATIENT, { log: (message) => told.push(message) });
  await store.append(manyAppends(200));
  await using follower = new Follower(store, START, 2);
  await follower.page();
  // A log without events tells how time passes: its subscription goes quiet again and again.
  const quiet: string[] = [];
  await using clock = await openStore(empty, IMPATIENT, { log: (message) => quiet.push(message) });
  await using _ = new Follower(clock, START, 1).begun();
  await vi.waitFor(() => expect(quiet.length).toBeGreaterThan(2), { timeout: 20_000 });
  await follower.until(200);
  expect(follower.ids).toEqual(await idsOf(store));
  expect(told).toEqual([]);
});

test("an event that a server sends again at the beginning of a subscription is left out", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  server.faults.isInclusive = true;
  await using follower = new Follower(store, START, 3);
  for (let count = 1; count <= 4; count++) {
    await store.append([appendOf(1)]);
    await follower.until(count);
    server.endSubscriptions(ERRORS.tooSlow);
  }
  expect(follower.ids).toEqual(await idsOf(store));
});

/** Where each subscription began, in the order of their beginnings. */
function beginningsOf(server: TestServer): ReadSeen["from"][] {
  const beginnings: ReadSeen["from"][] = [];
  server.faults.onRead = ({ subscription, from }) => {
    if (subscription) beginnings.push(from);
    return undefined;
  };
  return beginnings;
}

test("a checkpoint of the server is where the next subscription begins, once all before it is handled", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  const beginnings = beginningsOf(server);
  await store.append(manyAppends(4));
  await server.addSystemEvents(5_000);
  await using follower = new Follower(store, START, 3);
  const first = await follower.page();
  // The last event is received but not handed out, the checkpoints beyond it are received as well.
  for (let i = 0; i < 20; i++) await store.head();
  server.endSubscriptions(ERRORS.tooSlow);
  await follower.page();
  const waiting = follower.page();
  await vi.waitFor(() => expect(beginnings).toHaveLength(2));
  await store.append([appendOf(1)]);
  await waiting;
  const log = await wholeLog(store);
  expect(follower.ids).toEqual(log.map(({ id }) => id));
  const [begun, again] = beginnings;
  expect([begun, first.events.length]).toEqual([undefined, 3]);
  const last = log[3]?.position.split("-").map(Number) ?? [];
  expect(again?.commit).toBeGreaterThan(last[0] ?? Number.NaN);
});

test("a checkpoint received while events wait is not used: the events come again", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  await store.append(manyAppends(9));
  await server.addSystemEvents(5_000);
  const following = new AbortController();
  const pages = store.follow(START, { limit: 3, signal: following.signal })[Symbol.asyncIterator]();
  const { value } = await pages.next();
  for (let i = 0; i < 20; i++) await store.head();
  following.abort();
  await pages.return?.();
  await using follower = new Follower(store, value.next, 100);
  await follower.until(6);
  expect(follower.ids).toEqual((await idsOf(store)).slice(3));
});

const FORGOTTEN = [
  ["says so", ERRORS.invalidPosition],
  ["says nothing of it", ERRORS.handlerThrew],
] as const;

test.each(FORGOTTEN)(
  "where the server has forgotten its checkpoint and %s, the last event is where the next subscription begins",
  async (_, error) => {
    await using server = await TestServer.start();
    await using store = await openStore(server);
    await store.append(manyAppends(2));
    await server.addSystemEvents(3_000);
    await using follower = new Follower(store, START, 10);
    await follower.page();
    const waiting = follower.page();
    for (let i = 0; i < 20; i++) await store.head();
    const beginnings: ReadSeen["from"][] = [];
    server.faults.onRead = ({ subscription, from }) => {
      const forgotten = beginnings[0]?.commit;
      if (!subscription && from !== undefined && from.commit === forgotten)
        return { kind: "error", error: ERRORS.invalidPosition };
      if (!subscription) return undefined;
      beginnings.push(from);
      return beginnings.length === 1 ? { kind: "error", error } : undefined;
    };
    server.endSubscriptions(ERRORS.tooSlow);
    await vi.waitFor(() => expect(beginnings).toHaveLength(2));
    await store.append([appendOf(1)]);
    await waiting;
    expect(follower.ids).toEqual(await idsOf(store));
    expect(beginnings[1]?.commit).toBeLessThan(beginnings[0]?.commit ?? Number.NaN);
  },
);

test("a live consumer that takes less than comes is counted, and goes on from where it was: that is no failure", async () => {
  await using server = await TestServer.start();
  const told: string[] = [];
  let overtaken = 0;
  const reports = {
    log: (message: string) => told.push(message),
    onTooSlow: () => {
      overtaken++;
    },
  };
  await using store = await openStore(server, TIMING, reports);
  await using follower = new Follower(store, START, 2);
  await store.append([appendOf(1)]);
  await follower.page();
  const large = () => ({ ...appendOf(0), events: [newEvent(`"${"x".repeat(2_000)}"`)] });
  for (let i = 0; i < 20; i++) await store.append(Array.from({ length: 100 }, large));
  await follower.until(2_001);
  expect(follower.ids).toEqual(await idsOf(store));
  expect(overtaken).toBeGreaterThan(0);
  expect(told).toEqual([]);
});

test("events that share a commit position are told apart by the prepare position", async () => {
  await using server = await TestServer.start({ sharedCommits: true });
  await using store = await openStore(server);
  for (let i = 0; i < 5; i++) await store.append([appendOf(4)]);
  const log = await wholeLog(store);
  expect(new Set(log.map(({ position }) => position)).size).toBe(20);
  expect(log.map(({ position }) => position)).toEqual(log.map(({ position }) => position).toSorted());
  for (const [i, { position }] of log.entries()) {
    expect((await store.readLog(position, 3)).events).toEqual(log.slice(i + 1, i + 4));
    if (i === log.length - 1) continue;
    await using follower = new Follower(store, position, 1);
    expect((await follower.page()).events).toEqual(log.slice(i + 1, i + 2));
  }
});

test("of the server's log only our streams are seen, not its own events or marks", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server, IMPATIENT, { markSpacing: 1 });
  const stream = newStream();
  await server.addSystemEvents(10);
  await store.append([appendOf(1, 0, stream)]);
  const position = await store.positionAt(Number.MAX_SAFE_INTEGER);
  await server.addSystemEvents(10);
  expect(await store.head()).toBe(position);
  await using follower = new Follower(store, START, 10);
  await follower.page();
  await store.append([appendOf(1, 1, stream)]);
  await follower.page();
  expect(follower.ids).toEqual(await idsOf(store));
});

test("a follower that leaves gives its subscription up", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  await store.append(manyAppends(10));
  {
    await using follower = new Follower(store, START, 2);
    await follower.page();
    expect(server.openSubscriptions).toBe(1);
  }
  await vi.waitFor(() => expect(server.openSubscriptions).toBe(0));
});

import { type EventStore, type RecordedEvent, START } from "@taem/event-store";
import { type AppendFault, ERRORS } from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { expect, test } from "vitest";
import { appendOf, IMPATIENT, openStore, wholeLog } from "./support/stores.ts";

const MARKS = "taem-position-marks";
const SPACING = { markSpacing: 10 };

/** A clock that goes back now and then. */
function unsteadyClock(): () => number {
  let tick = 0;
  return () => {
    tick++;
    return 1_700_000_000_000 + tick * 10 - (tick % 13 === 0 ? 75 : 0);
  };
}

async function filled(server: TestServer, events: number): Promise<RecordedEvent[]> {
  await using store = await openStore(server);
  for (let i = 0; i < events; i++) await store.append([appendOf(1)]);
  return await wholeLog(store);
}

/** By the definition of the port. */
function expected(log: readonly RecordedEvent[], instant: number): string {
  const firstLater = log.findIndex(({ recordedAt }) => recordedAt > instant);
  return log.at(firstLater === -1 ? -1 : firstLater - log.length - 1)?.position ?? START;
}

async function expectDates(store: EventStore, log: readonly RecordedEvent[]): Promise<void> {
  for (const { recordedAt } of log) {
    for (const instant of [recordedAt - 1, recordedAt, recordedAt + 1]) {
      expect(await store.positionAt(instant)).toBe(expected(log, instant));
    }
  }
}

/** The positions that are marked, in the order of the marks. */
function marked(server: TestServer): string[] {
  return server.eventsOf(MARKS).map(({ data }) => JSON.parse(new TextDecoder().decode(data)).position);
}

/** How many events of the log the server was asked to begin before, and where the first reading began. */
function readingsOf(server: TestServer): (number | undefined)[] {
  const starts: (number | undefined)[] = [];
  server.faults.onRead = ({ stream, from }) => {
    if (stream === undefined) starts.push(from?.commit);
    return undefined;
  };
  return starts;
}

test("a date finds its position though the server's clock goes back, with marks and while they are made", async () => {
  await using server = await TestServer.start({ now: unsteadyClock() });
  const log = await filled(server, 95);
  await using store = await openStore(server, IMPATIENT, SPACING);
  await expectDates(store, log);
  expect(server.eventsOf(MARKS)).toHaveLength(9);
  await using another = await openStore(server, IMPATIENT, SPACING);
  await expectDates(another, log);
  expect(server.eventsOf(MARKS)).toHaveLength(9);
});

test("after a restart neither an old nor a new date means reading the log from its start", async () => {
  await using server = await TestServer.start();
  const log = await filled(server, 100);
  {
    await using store = await openStore(server, IMPATIENT, SPACING);
    await store.positionAt(Number.MAX_SAFE_INTEGER);
  }
  await server.restart();
  await using store = await openStore(server, IMPATIENT, SPACING);
  const starts = readingsOf(server);
  const middle = log[55]?.recordedAt ?? 0;
  expect(await store.positionAt(middle)).toBe(expected(log, middle));
  expect(await store.positionAt(Number.MAX_SAFE_INTEGER)).toBe(log.at(-1)?.position);
  const tenth = Number(log[9]?.position.split("-")[0]);
  expect(starts.length).toBeGreaterThan(0);
  expect(starts.every((start) => start !== undefined && start >= tenth)).toBe(true);
});

test("marks are extended where the log has grown", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server, IMPATIENT, SPACING);
  for (const size of [25, 50, 75]) {
    await filled(server, 25);
    expect(await store.positionAt(Number.MAX_SAFE_INTEGER)).toBe(await store.head());
    expect(server.eventsOf(MARKS)).toHaveLength(Math.floor(size / 10));
  }
});

test("several writers make the same marks", async () => {
  await using server = await TestServer.start({ now: unsteadyClock() });
  const log = await filled(server, 60);
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(server, IMPATIENT, SPACING)));
  const found = await Promise.all(stores.map((store) => store.positionAt(Number.MAX_SAFE_INTEGER)));
  expect(found).toEqual(Array(4).fill(log.at(-1)?.position));
  await expectDates(stores[0] as EventStore, log);
  expect(marked(server)).toEqual([9, 19, 29, 39, 49, 59].map((index) => log[index]?.position));
  await Promise.all(stores.map((store) => store.close()));
});

test("a writer that another has been faster than keeps what it has found beyond the other's marks", async () => {
  await using server = await TestServer.start();
  const log = await filled(server, 60);
  await using slow = await openStore(server, IMPATIENT, SPACING);
  await using fast = await openStore(server, IMPATIENT, SPACING);
  const isBeaten = Promise.withResolvers<void>();
  const isTried = Promise.withResolvers<void>();
  const faults: AppendFault[] = [{ kind: "write", until: isBeaten.promise }];
  server.faults.onAppend = () => {
    isTried.resolve();
    return faults.shift();
  };
  const finding = slow.positionAt(Number.MAX_SAFE_INTEGER);
  await isTried.promise;
  const early = log[14]?.recordedAt ?? 0;
  expect(await fast.positionAt(early)).toBe(expected(log, early));
  isBeaten.resolve();
  expect(await finding).toBe(log.at(-1)?.position);
  expect(marked(server)).toEqual([9, 19, 29, 39, 49, 59].map((index) => log[index]?.position));
});

test("dates asked for at the same time through one store leave the marks as they are, and extend them later", async () => {
  await using server = await TestServer.start();
  const log = await filled(server, 50);
  {
    await using first = await openStore(server, IMPATIENT, SPACING);
    await first.positionAt(Number.MAX_SAFE_INTEGER);
  }
  await using store = await openStore(server, IMPATIENT, SPACING);
  const ask = () => store.positionAt(Number.MAX_SAFE_INTEGER);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill(log.at(-1)?.position));
  const longer = await filled(server, 30);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill(longer.at(-1)?.position));
  expect(marked(server)).toEqual([9, 19, 29, 39, 49, 59, 69, 79].map((index) => longer[index]?.position));
  await expectDates(store, longer);
});

test("a mark that cannot be kept does not keep a date from being found", async () => {
  await using server = await TestServer.start();
  const log = await filled(server, 30);
  await using store = await openStore(server, IMPATIENT, SPACING);
  server.faults.onAppend = () => ({ kind: "error", stored: false, error: ERRORS.tooBusy });
  expect(await store.positionAt(Number.MAX_SAFE_INTEGER)).toBe(log.at(-1)?.position);
  expect(server.eventsOf(MARKS)).toEqual([]);
  server.faults.onAppend = undefined;
  await store.positionAt(Number.MAX_SAFE_INTEGER);
  expect(server.eventsOf(MARKS)).toHaveLength(3);
});

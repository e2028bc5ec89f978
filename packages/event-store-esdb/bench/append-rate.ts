/**
 * Appends per second and the rate of reading and following the log. On a test server these are the ceilings of the
 * client and of the test server, not of EventStoreDB. Run on an idle machine:
 * [EVENTSTORE_URL=esdb://...] node packages/event-store-esdb/bench/append-rate.ts
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventStore, type Position, START } from "@taem/event-store";
import { startServerProcess } from "@taem/testing/eventstoredb/server-process";
import { openEsdbEventStore } from "../src/index.ts";

const EVENTS = 40_000;
const BATCH = 256;
const PAGE = 500;
const DATA = JSON.stringify({ account: randomUUID(), amount: "12345", reason: "purchase".repeat(25) });
const META = JSON.stringify({ actor: "key-1", correlation: randomUUID() });

async function timed(what: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = Math.round(count / seconds).toLocaleString("en");
  process.stdout.write(
    `${what.padEnd(40)} ${rate.padStart(8)} events/s  ${Math.round((user + system) / count)} µs of ours each\n`,
  );
}

async function appendAll(store: EventStore, count: number, batch: number): Promise<void> {
  for (let sent = 0; sent < count; sent += batch) {
    await store.append(
      Array.from({ length: batch }, () => ({
        stream: `taem.account-${randomUUID()}`,
        slice: 0,
        expectedRevision: 0,
        events: [{ id: randomUUID(), type: "PointsEarned", data: DATA, meta: META }],
      })),
    );
  }
}

async function readAll(store: EventStore, from: Position): Promise<void> {
  for (let position = from, count = 1; count > 0; ) {
    const { events, next } = await store.readLog(position, PAGE);
    [position, count] = [next, events.length];
  }
}

async function followAll(store: EventStore, from: Position): Promise<void> {
  const head = await store.head();
  const done = new AbortController();
  for await (const { next } of store.follow(from, { limit: PAGE, signal: done.signal })) {
    if (next === head) done.abort();
  }
}

async function measure(url: string): Promise<void> {
  await using store = await openEsdbEventStore({ url });
  const base = (await store.head()) || START;
  await timed("append, one at a time", EVENTS / 10, () => appendAll(store, EVENTS / 10, 1));
  await timed(`append, ${BATCH} streams at a time`, EVENTS, () => appendAll(store, EVENTS, BATCH));
  await timed(`read the log, pages of ${PAGE}`, EVENTS * 1.1, () => readAll(store, base));
  await timed("follow the log", EVENTS * 1.1, () => followAll(store, base));
}

const given = process.env["EVENTSTORE_URL"];
if (given !== undefined) {
  process.stdout.write("EventStoreDB: that of EVENTSTORE_URL\n");
  await measure(given);
} else {
  process.stdout.write("EventStoreDB: test server in a process of its own\n");
  const folder = await mkdtemp(join(tmpdir(), "taem-append-rate-"));
  {
    await using server = await startServerProcess({ data: join(folder, "events.log") });
    await measure(server.url);
  }
  await rm(folder, { recursive: true });
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppendResult, OutcomeUnknown, START, StoreUnavailable } from "@taem/event-store";
import {
  type AppendFault,
  appendTooLarge,
  ERRORS,
  notLeader,
  type ReadFault,
} from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { startServerProcess } from "@taem/testing/eventstoredb/server-process";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openEsdbEventStore } from "../src/index.ts";
import { appendOf, IMPATIENT_READER, inTurn, newEvent, openStore, WAYS } from "./support/stores.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const PASSING = [
  ["has no leader", ERRORS.noLeaderInfo],
  ["is not ready", ERRORS.notReady],
  ["is too busy", ERRORS.tooBusy],
  ["times out", ERRORS.timedOut],
  ["runs past the deadline", ERRORS.deadlineExceeded],
  ["fails without a reason", ERRORS.unknown],
] as const;

const DEFINITE = [
  ["our user is not allowed to", ERRORS.accessDenied, "event_store_access_denied"],
  ["our user is not known", ERRORS.unauthenticated, "event_store_access_denied"],
] as const;

describe.each(WAYS)("%s", (_, batchAppend) => {
  test.each(PASSING)("an append is tried again while the server %s", async (_, error) => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const fault: AppendFault = { kind: "error", stored: false, error };
    server.faults.onAppend = inTurn(fault, fault);
    expect(await store.append([appendOf(1)])).toMatchObject([{ ok: true, revision: 1 }]);
  });

  test.each(DEFINITE)("an append is refused for good where %s", async (_, error, code) => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const fault: AppendFault = { kind: "error", stored: false, error };
    server.faults.onAppend = inTurn(fault);
    expect(await failureOf(store.append([appendOf(1)]))).toMatchObject({ code });
    expect(await store.head()).toBe(START);
  });

  test("an append larger than the server takes is refused, and its neighbours are stored", async () => {
    await using server = await TestServer.start({ batchAppend, maxAppendBytes: 1_000 });
    await using store = await openStore(server);
    const large = { ...appendOf(1), events: [newEvent(`"${"x".repeat(2_000)}"`)] };
    const small = appendOf(1);
    const huge = { ...appendOf(1), events: [newEvent(`"${"x".repeat(4_000_000)}"`)] };
    const refused = { ok: false, refused: { code: "event_store_append_too_large" } };
    expect(await store.append([large, small, huge])).toMatchObject([
      refused,
      { ok: true, revision: 1 },
      refused,
    ]);
    expect(await store.append([{ ...large, events: [] }])).toMatchObject([{ ok: true, revision: 0 }]);
  });

  test("a refusal after an attempt that may have been stored says nothing of that: the outcome is unknown", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server, IMPATIENT_READER);
    server.faults.onAppend = inTurn<AppendFault>(
      { kind: "swallow", stored: false },
      { kind: "error", stored: false, error: appendTooLarge(1) },
    );
    await expect(store.append([appendOf(1)])).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  test("a node that leads no longer names the leader, and everything goes there", async () => {
    await using leader = await TestServer.start({ batchAppend });
    await using follower = await TestServer.start({ batchAppend });
    await using store = await openStore(follower);
    const error = notLeader("127.0.0.1", leader.port);
    follower.faults.onAppend = () => ({ kind: "error", stored: false, error });
    follower.faults.onRead = () => ({ kind: "error", error });
    const append = appendOf(1);
    expect(await store.append([append])).toMatchObject([{ ok: true, revision: 1 }]);
    expect(leader.eventsOf(append.stream)).toHaveLength(1);
    expect(await store.read([{ stream: append.stream, afterRevision: 0 }])).toMatchObject([{ events: [{}] }]);
  });

  test("a node that is named is not connected to before whoever opened the store has been asked", async () => {
    await using leader = await TestServer.start({ batchAppend });
    await using follower = await TestServer.start({ batchAppend });
    const asked: string[] = [];
    const guard = (host: string) => {
      asked.push(host);
      if (asked.length > 1) throw new Error("not there");
    };
    await using store = await openEsdbEventStore({ url: follower.url, guard });
    follower.faults.onAppend = () => ({
      kind: "error",
      stored: false,
      error: notLeader("127.0.0.1", leader.port),
    });
    const append = appendOf(1);
    await expect(store.append([append])).rejects.toMatchObject({ cause: { message: "not there" } });
    expect([asked, leader.eventsOf(append.stream)]).toEqual([["127.0.0.1", "127.0.0.1"], []]);
  });
});

const READS = [
  [
    "streams",
    (store: Awaited<ReturnType<typeof openStore>>) => store.read([{ stream: "taem.a", afterRevision: 0 }]),
  ],
  ["the log", (store: Awaited<ReturnType<typeof openStore>>) => store.readLog(START, 10)],
  ["the head", (store: Awaited<ReturnType<typeof openStore>>) => store.head()],
  ["dates", (store: Awaited<ReturnType<typeof openStore>>) => store.positionAt(0)],
] as const;

describe.each(READS)("reading %s", (_, read) => {
  test.each([...PASSING, ["asks for the leader", notLeader("127.0.0.1", 1)] as const])(
    "rejects with StoreUnavailable while the server %s",
    async (_, error) => {
      await using server = await TestServer.start();
      await using store = await openStore(server);
      const fault: ReadFault = { kind: "error", error };
      server.faults.onRead = () => fault;
      await expect(read(store)).rejects.toBeInstanceOf(StoreUnavailable);
    },
  );

  test.each(DEFINITE)("rejects for good where %s", async (_, error, code) => {
    await using server = await TestServer.start();
    await using store = await openStore(server);
    server.faults.onRead = () => ({ kind: "error", error });
    await expect(read(store)).rejects.toMatchObject({ code });
  });

  test("rejects with StoreUnavailable when the server keeps silent or the connection breaks", async () => {
    await using server = await TestServer.start();
    await using store = await openStore(server, IMPATIENT_READER);
    for (const kind of ["swallow", "drop"] as const) {
      server.faults.onRead = () => ({ kind });
      await expect(read(store)).rejects.toBeInstanceOf(StoreUnavailable);
    }
  });
});

test("a position of another log, or of another kind of store, is refused", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server);
  await store.append([appendOf(1)]);
  const positions = ["0000000000000000042", "0000000000000000042-0000000000000000042", "?"];
  for (const position of positions) {
    const refused = { code: "event_store_position_unknown" };
    await expect(store.readLog(position, 10)).rejects.toMatchObject(refused);
    const { signal } = new AbortController();
    const pages = store.follow(position, { limit: 1, signal })[Symbol.asyncIterator]();
    await expect(pages.next()).rejects.toMatchObject(refused);
  }
});

test("while the server's process is frozen reads are refused and an append waits, and is stored once when it goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "taem-frozen-"));
  {
    await using server = await startServerProcess({ data: join(folder, "events.log") });
    await using store = await openStore(server, IMPATIENT_READER);
    const append = appendOf(2);
    await store.append([appendOf(1)]);
    server.pause();
    const appending = store.append([append]);
    await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable);
    server.resume();
    expect(await appending).toMatchObject([{ ok: true, revision: 2 }]);
    const [slice] = await store.read([{ stream: append.stream, afterRevision: 0 }]);
    expect(slice?.events.map(({ id }) => id)).toEqual(append.events.map(({ id }) => id));
  }
  await rm(folder, { recursive: true });
});

test("a server that is not there is unavailable, and the store opens when it is", async () => {
  const server = await TestServer.start();
  await server.stop();
  await expect(openStore(server, IMPATIENT_READER)).rejects.toBeInstanceOf(StoreUnavailable);
  await server.start();
  await using store = await openStore(server);
  expect(await store.head()).toBe(START);
  await server[Symbol.asyncDispose]();
});

test.each([
  "postgres://admin:geheim@localhost/x",
  "esdb://admin:geheim@localhost:not-a-port",
  "esdb://admin:geheim@localhost:2113?tls=maybe",
  "esdb://admin:geheim@localhost:2113?unknown=1",
  "esdb://admin:geheim@localhost:2113?throwOnAppendFailure=false",
  "esdb://admin:geheim@localhost:2113?tlsVerifyCert=false",
  "esdb://admin:geheim@localhost:2113?keepAliveInterval=100",
  "esdb://admin:geheim@localhost:2113?keepAliveInterval=-1",
  "esdb://admin:geheim@localhost:2113?tlsCAFile=missing.pem",
  "esdb://admin:geheim@",
])("%s is refused, and neither the error nor any warning quotes the credentials", async (url) => {
  const warn = vi.spyOn(console, "warn");
  const error = await openEsdbEventStore({ url }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "event_store_url_invalid" });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("geheim");
  expect(warn).not.toHaveBeenCalled();
});

/** What an append fails with, be it this one append's fault or not. */
async function failureOf(appending: Promise<AppendResult[]>): Promise<unknown> {
  const outcome = await appending.catch((error: unknown) => error);
  return Array.isArray(outcome) ? (outcome as { refused?: Error }[])[0]?.refused : outcome;
}

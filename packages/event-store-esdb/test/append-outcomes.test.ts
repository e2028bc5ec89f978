import { EventEmitter } from "node:events";
import { OutcomeUnknown, START } from "@taem/event-store";
import { type AppendFault, ERRORS } from "@taem/testing/eventstoredb/faults";
import { TestServer } from "@taem/testing/eventstoredb/server";
import { describe, expect, test, vi } from "vitest";
import { BatchAppends } from "../src/batch-appends.ts";
import type { Connection } from "../src/connection.ts";
import { Passing } from "../src/failures.ts";
import { TIMING } from "../src/timing.ts";
import { appendOf, IMPATIENT, inTurn, newEvent, openStore, WAYS, wholeLog } from "./support/stores.ts";

describe.each(WAYS)("%s", (_, batchAppend) => {
  const FAULTS: readonly (readonly [string, AppendFault])[] = [
    ["is never answered", { kind: "swallow", stored: false }],
    ["is stored and never answered", { kind: "swallow", stored: true }],
    ["is lost with the connection", { kind: "drop", stored: false }],
    ["is stored before the connection breaks", { kind: "drop", stored: true }],
    ["is refused for the moment", { kind: "error", stored: false, error: ERRORS.timedOut }],
    ["is stored and said to have failed", { kind: "error", stored: true, error: ERRORS.unknown }],
  ];

  test.each(FAULTS)(
    "an append that %s is stored once, and answered as if nothing had been",
    async (_, fault) => {
      await using server = await TestServer.start({ batchAppend });
      await using store = await openStore(server, IMPATIENT);
      const append = appendOf(3);
      server.faults.onAppend = inTurn(fault);
      const [result] = await store.append([append]);
      const log = await wholeLog(store);
      expect(log.map(({ id }) => id)).toEqual(append.events.map(({ id }) => id));
      expect(result).toEqual({ ok: true, revision: 3, position: log.at(-1)?.position });
    },
  );

  test("an append whose unanswered first attempt lost the race is a conflict", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server, IMPATIENT);
    await using other = await openStore(server);
    const winner = appendOf(2);
    const loser = appendOf(1, 0, winner.stream);
    server.faults.onAppend = inTurn<AppendFault>({ kind: "swallow", stored: false });
    const losing = store.append([loser]);
    await vi.waitFor(() =>
      expect(server.appendCalls.append + server.appendCalls.batchAppend).toBeGreaterThan(0),
    );
    await other.append([winner]);
    expect(await losing).toEqual([{ ok: false, conflict: { actualRevision: 2 } }]);
    expect(await wholeLog(store)).toHaveLength(2);
  });

  test("an answer that comes after its append was given up disturbs nobody", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server, IMPATIENT);
    const late = Promise.withResolvers<void>();
    server.faults.onAppend = inTurn<AppendFault>({ kind: "delay", until: late.promise });
    const append = appendOf(1);
    expect(await store.append([append])).toMatchObject([{ ok: true, revision: 1 }]);
    late.resolve();
    expect(await store.append([appendOf(1, 1, append.stream)])).toMatchObject([{ ok: true, revision: 2 }]);
    expect(await wholeLog(store)).toHaveLength(2);
  });

  test("a late answer over a call that goes on disturbs nobody either", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server, IMPATIENT);
    const late = Promise.withResolvers<void>();
    const slow = appendOf(1);
    const faults: AppendFault[] = [{ kind: "delay", until: late.promise }];
    server.faults.onAppend = ({ stream }) => (stream === slow.stream ? faults.shift() : undefined);
    const appending = store.append([slow]);
    await vi.waitFor(() => expect(faults).toEqual([]));
    // Its answer keeps the call in use when the slow one is given up.
    await store.append([appendOf(1)]);
    expect(await appending).toMatchObject([{ ok: true }]);
    late.resolve();
    expect(await store.append([appendOf(1)])).toMatchObject([{ ok: true }]);
    if (batchAppend) expect(server.appendCalls.batchAppend).toBe(1);
  });

  test("one append without an answer does not hold up its neighbours", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const silent = appendOf(1);
    const never = new AbortController();
    server.faults.onAppend = ({ stream }) =>
      stream === silent.stream ? { kind: "swallow", stored: false } : undefined;
    const waiting = store.append([silent], never.signal).catch((error: unknown) => error);
    for (let i = 0; i < 20; i++) expect(await store.append([appendOf(1)])).toMatchObject([{ ok: true }]);
    never.abort();
    expect(await waiting).toBeInstanceOf(OutcomeUnknown);
  });

  test("while the server is silent an append ends with its signal, and sent again is stored once", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server, IMPATIENT);
    for (const stored of [true, false]) {
      const append = appendOf(2);
      const impatient = new AbortController();
      server.faults.onAppend = () => {
        impatient.abort();
        return { kind: "swallow", stored };
      };
      await expect(store.append([append], impatient.signal)).rejects.toBeInstanceOf(OutcomeUnknown);
      server.faults.onAppend = undefined;
      const [result] = await store.append([append]);
      const [slice] = await store.read([{ stream: append.stream, afterRevision: 0 }]);
      expect(slice?.events).toHaveLength(2);
      expect(result).toEqual({ ok: true, revision: 2, position: slice?.events.at(-1)?.position });
    }
  });

  test("an append sent again while its first attempt is being written waits for that one's answer", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const written = Promise.withResolvers<void>();
    let sent = 0;
    server.faults.onAppend = () => {
      sent++;
      return { kind: "write", until: written.promise };
    };
    const append = appendOf(2);
    for (let i = 0; i < 3; i++) {
      const impatient = new AbortController();
      const leaving = store.append([append], impatient.signal).catch((error: unknown) => error);
      await vi.waitFor(() => expect(sent).toBe(1));
      for (let trip = 0; trip < 10; trip++) await store.head();
      impatient.abort();
      expect(await leaving).toBeInstanceOf(OutcomeUnknown);
    }
    const again = store.append([append]);
    for (let trip = 0; trip < 20; trip++) await store.head();
    written.resolve();
    expect(await again).toEqual([{ ok: true, revision: 2, position: await store.head() }]);
    // Sent again meanwhile it would have been answered when the server's commit had timed out.
    expect(sent).toBe(1);
  });

  test("an append whose first attempt was refused while nobody waited is sent again", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const impatient = new AbortController();
    server.faults.onAppend = inTurn<AppendFault>({ kind: "error", stored: false, error: ERRORS.tooBusy });
    const append = appendOf(1);
    const leaving = store.append([append], impatient.signal);
    impatient.abort();
    await expect(leaving).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(await store.append([append])).toMatchObject([{ ok: true, revision: 1 }]);
    expect(await wholeLog(store)).toHaveLength(1);
  });

  test("an id sent again with other bytes is a conflict, though the server would acknowledge the old bytes", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const append = appendOf(1);
    await store.append([append]);
    const [event = newEvent()] = append.events;
    const changes = [{ data: '"other"' }, { meta: '{"other":true}' }, { type: "PointsBurned" }];
    for (const change of changes) {
      const altered = { ...append, events: [{ ...event, ...change }] };
      expect(await store.append([altered])).toEqual([{ ok: false, conflict: { actualRevision: 1 } }]);
    }
    expect(await wholeLog(store)).toHaveLength(1);
  });

  test("of events stored long before this store was opened, the position of the last is told, not the server's", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const append = appendOf(5);
    const first = await store.append([append]);
    await using later = await openStore(server);
    expect(await later.append([append])).toEqual(first);
    expect(first).toMatchObject([{ position: (await wholeLog(store)).at(-1)?.position }]);
  });

  test("every append expects an exact revision", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server, IMPATIENT, { markSpacing: 2 });
    const expected: unknown[] = [];
    server.faults.onAppend = (append) => {
      expected.push(append.expected);
      return expected.length % 3 === 0 ? { kind: "drop", stored: true } : undefined;
    };
    for (let i = 0; i < 3; i++) await store.append([appendOf(1), appendOf(2)]);
    await store.positionAt(Number.MAX_SAFE_INTEGER);
    expect(expected.length).toBeGreaterThan(8);
    expect(expected.every((revision) => typeof revision === "number")).toBe(true);
  });

  test("appends to many streams are under way together, but never more than so many", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const gate = Promise.withResolvers<void>();
    let underWay = 0;
    server.faults.onAppend = () => {
      underWay++;
      return { kind: "delay", until: gate.promise };
    };
    const appending = Promise.all([
      store.append(Array.from({ length: 200 }, () => appendOf(1))),
      store.append(Array.from({ length: 200 }, () => appendOf(1))),
    ]);
    await vi.waitFor(() => expect(underWay).toBe(128));
    for (let i = 0; i < 20; i++) await store.head();
    expect(underWay).toBe(128);
    gate.resolve();
    expect((await appending).flat().filter(({ ok }) => ok)).toHaveLength(400);
  });

  test("a malformed append is refused whole and writes nothing", async () => {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    const good = appendOf(1);
    const malformed = [
      { ...appendOf(1), slice: 64 },
      { ...appendOf(1), expectedRevision: -1 },
      { ...appendOf(1), stream: "elsewhere-1" },
      { ...appendOf(1), events: [{ ...newEvent(), id: "not-a-uuid" }] },
      { ...appendOf(1), events: [newEvent('"\ud800"')] },
    ];
    for (const bad of malformed) await expect(store.append([good, bad])).rejects.toThrow(TypeError);
    expect(await store.head()).toBe(START);
  });

  test("closing the store ends an append that waits", async () => {
    await using server = await TestServer.start({ batchAppend });
    const store = await openStore(server);
    server.faults.onAppend = () => ({ kind: "swallow", stored: false });
    const waiting = store.append([appendOf(1)]).catch((error: unknown) => error);
    await vi.waitFor(() =>
      expect(server.appendCalls.append + server.appendCalls.batchAppend).toBeGreaterThan(0),
    );
    await store.close();
    expect(await waiting).toBeInstanceOf(OutcomeUnknown);
  });
});

test("many appends go over one call where the server takes that, and else each over its own", async () => {
  for (const [, batchAppend] of WAYS) {
    await using server = await TestServer.start({ batchAppend });
    await using store = await openStore(server);
    await store.append(Array.from({ length: 50 }, () => appendOf(1)));
    expect(server.appendCalls).toEqual(
      batchAppend ? { append: 0, batchAppend: 1 } : { append: 50, batchAppend: 0 },
    );
  }
});

test("everything asks the node that leads", async () => {
  for (const [, batchAppend] of WAYS) {
    await using server = await TestServer.start({ batchAppend });
    const asked: boolean[] = [];
    const note = ({ requiresLeader }: { requiresLeader: boolean }) => {
      asked.push(requiresLeader);
      return undefined;
    };
    server.faults.onAppend = note;
    server.faults.onRead = note;
    await using store = await openStore(server);
    await store.append([appendOf(1), appendOf(0)]);
    const following = new AbortController();
    for await (const _ of store.follow(START, { limit: 1, signal: following.signal })) following.abort();
    await wholeLog(store);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked).not.toContain(false);
  }
});

test("a call over which no answer comes any more is replaced", async () => {
  await using server = await TestServer.start();
  await using store = await openStore(server, IMPATIENT);
  await store.append([appendOf(1)]);
  server.faults.onAppend = inTurn<AppendFault>({ kind: "mute" });
  expect(await store.append([appendOf(1)])).toMatchObject([{ ok: true, revision: 1 }]);
  expect(server.appendCalls.batchAppend).toBe(2);
});

test("a call that ends just as an append is about to use it is not used", async () => {
  const call = Object.assign(new EventEmitter(), { cancel: () => {}, write: vi.fn() });
  call.on("newListener", (event) => {
    if (event === "end") queueMicrotask(() => call.emit("error", new Passing("gone")));
  });
  const connection = { batchAppend: async () => call } as unknown as Connection;
  const appends = new BatchAppends(connection, TIMING.append);
  const sending = appends.send({ stream: "taem.a", expectedRevision: 0, events: [] });
  await expect(sending).rejects.toBeInstanceOf(Passing);
  expect(call.write).not.toHaveBeenCalled();
});

test("an error of one store's server leaves alone what another store has under way", async () => {
  await using failing = await TestServer.start();
  await using healthy = await TestServer.start();
  await using one = await openStore(failing, IMPATIENT);
  await using other = await openStore(healthy);
  await Promise.all([one.append([appendOf(1)]), other.append([appendOf(1)])]);
  const gate = Promise.withResolvers<void>();
  let attempts = 0;
  healthy.faults.onAppend = () => {
    attempts++;
    return { kind: "delay", until: gate.promise };
  };
  const underWay = other.append([appendOf(1), appendOf(1)]);
  await vi.waitFor(() => expect(attempts).toBe(2));
  failing.faults.onAppend = inTurn<AppendFault>({ kind: "drop", stored: false });
  expect(await one.append([appendOf(1)])).toMatchObject([{ ok: true }]);
  gate.resolve();
  expect(await underWay).toMatchObject([{ ok: true }, { ok: true }]);
  // Had the other's error reached it, it would have asked again.
  expect(attempts).toBe(2);
});

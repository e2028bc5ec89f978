import type { EventStore } from "@taem/event-store";
import { programmeStream } from "@taem/programme/events";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Api } from "./support/api.ts";
import { DAY } from "./support/definitions.ts";
import { Installation } from "./support/installation.ts";

let installation: Installation;
/** Asked for accounts' events that a report needs: held back while their gate is closed. */
const gates = new Map<string, PromiseWithResolvers<void>>();
const reads: { readonly programme: string; readonly streams: readonly string[] }[] = [];
let scans = 0;
const undo = new AsyncDisposableStack();

beforeAll(async () => {
  installation = undo.use(await Installation.open(17));
  await installation.populate(40, 800, 90);
  await installation.project();
}, 120_000);
afterAll(() => undo.disposeAsync());

const isAccount = (stream: string) => stream.startsWith("taem.account-");

function programmeOf(stream: string): string {
  const account = installation.simulation.accounts.find((one) => one.stream === stream);
  return account?.programme.code ?? "nobody's";
}

/** The store, saying what is read of it. */
function watched(store: EventStore): EventStore {
  const note = async (streams: readonly string[]) => {
    const accounts = streams.filter(isAccount);
    const [first] = accounts;
    if (first === undefined) return;
    reads.push({ programme: programmeOf(first), streams: accounts });
    await gates.get(programmeOf(first))?.promise;
  };
  return {
    checksReads: store.checksReads,
    groupsAppends: store.groupsAppends,
    append: (...all) => store.append(...all),
    read: async (requests) => {
      await note(requests.map(({ stream }) => stream));
      return store.read(requests);
    },
    readStream: async function* (stream, ...rest) {
      await note([stream]);
      yield* store.readStream(stream, ...rest);
    },
    readLog: (...all) => {
      scans++;
      return store.readLog(...all);
    },
    follow: (...all) => store.follow(...all),
    head: () => store.head(),
    positionAt: (at) => store.positionAt(at),
    close: async () => undefined,
  };
}

/** A ledger that answers by the watched store. */
async function watchedApi(requestMs = 10_000): Promise<Api> {
  await installation.stop();
  await installation.start({ process: { store: watched(installation.store) }, limits: { requestMs } });
  reads.length = 0;
  scans = 0;
  gates.clear();
  return installation.api;
}

function close(programme: string): PromiseWithResolvers<void> {
  const gate = Promise.withResolvers<void>();
  gates.set(programme, gate);
  return gate;
}

/** Waits until so many reports stand at the gate. */
async function held(programme: string, count: number): Promise<void> {
  await vi.waitFor(() => expect(reads.filter((read) => read.programme === programme)).toHaveLength(count));
}

const past = (daysAgo: number) => new Date(installation.now - daysAgo * DAY).toISOString();

test("a report of the past reads the accounts of its own programme, and no log", async () => {
  const api = await watchedApi();
  const { status } = await api.get(`two/outstanding?asOf=${past(40)}`);
  expect(status).toBe(200);
  const own = installation.simulation.accounts.filter(({ programme }) => programme.code === "two");
  const streams = reads.flatMap((read) => read.streams);
  expect(streams.length).toBeGreaterThan(0);
  expect(streams.filter((stream) => !own.some((account) => account.stream === stream))).toEqual([]);
  expect(new Set(streams).size).toBe(streams.length);
  expect(scans).toBe(0);
  const two = installation.simulation.programmes.find(({ code }) => code === "two");
  expect(streams).not.toContain(programmeStream(two?.id ?? ""));
});

test("a report of now reads no events, but of what its rows do not tell", async () => {
  const api = await watchedApi();
  await api.get("two/outstanding");
  const changed = reads.flatMap((read) => read.streams);
  await api.get(`two/outstanding?asOf=${past(60)}`);
  const all = reads.flatMap((read) => read.streams);
  expect(changed.length).toBeLessThan((all.length - changed.length) / 4);
  expect(scans).toBe(0);
});

test("a tenant's reports hold nobody else's up: of their own programme four go on at once, of one caller two", async () => {
  const api = await watchedApi();
  const gate = close("one");
  const path = `one/outstanding?currency=POINT&asOf=${past(40)}`;
  const many = Array.from({ length: 5 }, () => api.get(path, { caller: "flood" }));
  await held("one", 2);
  expect(await api.get(`two/outstanding?asOf=${past(40)}`, { caller: "other" })).toMatchObject({
    status: 200,
  });
  const colleagues = ["b", "c"].map((caller) => api.get(path, { caller }));
  await held("one", 4);
  const waiting = api.get(path, { caller: "d" });
  expect(await api.get(`two/outstanding?asOf=${past(30)}`, { caller: "other" })).toMatchObject({
    status: 200,
  });
  await held("one", 4);
  gate.resolve();
  const answers = await Promise.all([...many, ...colleagues, waiting]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ body }) => JSON.stringify(body.currencies))).size).toBe(1);
});

test("a report whose turn does not come in time is refused, and may be asked for again", async () => {
  const api = await watchedApi(400);
  const gate = close("one");
  const path = `one/outstanding?currency=POINT&asOf=${past(40)}`;
  const first = [api.get(path), api.get(path)];
  await held("one", 2);
  expect(await api.get(path)).toMatchObject({ status: 429, body: { code: "overloaded", retryable: true } });
  gate.resolve();
  for (const answer of first) expect(await answer).toMatchObject({ status: 200 });
  expect(await api.get(path)).toMatchObject({ status: 200 });
});

test("a report ends with its connection, and so does its place in the queue", async () => {
  const api = await watchedApi();
  const gate = close("one");
  const path = `one/outstanding?asOf=${past(40)}`;
  const leaving = new AbortController();
  const abandoned = Array.from({ length: 4 }, () => api.get(path, { signal: leaving.signal }));
  for (const answer of abandoned) answer.catch(() => undefined);
  await held("one", 2);
  leaving.abort();
  for (const answer of abandoned) await expect(answer).rejects.toThrow();
  // What the server is asked after they left it answers after it has seen them leave.
  expect(await api.get("two/trial-balance", { caller: "other" })).toMatchObject({ status: 200 });
  gate.resolve();
  expect(await api.get(path)).toMatchObject({ status: 200 });
  // Both that had begun stood at the first of their two currencies, and went no further.
  await held("one", 4);
});

import { openPostgresEventStore } from "@taem/event-store-postgres";
import { openTcpProxy, type TcpProxy } from "@taem/postgres/testing";
import type { Api } from "@taem/testing/api";
import { audit } from "@taem/testing/auditor";
import { type Service, startService } from "@taem/testing/commands-service";
import { type FaultyStore, faultyStore, losesAnswer } from "@taem/testing/faulty-store";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { openTestStore, type TestStore, wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failure: a command that was done but not answered is done again by its repetition.

let testStore: TestStore;
let store: FaultyStore;
let service: Service;
let api: Api;
let shop: string;

beforeAll(async () => {
  testStore = await openTestStore();
  store = faultyStore(testStore.store);
  service = await startService(testStore, { store });
  api = service.api();
  shop = await defineProgramme(api, "shop");
});

afterAll(async () => {
  await service.close();
  await testStore.close();
});

const PTS = { currency: "PTS" };

async function memberWith(name: string, points: string): Promise<string> {
  const [member] = await enrolMany(api, "shop", name, 1);
  const path = `${shop}/members/${member}`;
  await succeeds(api.post(`${path}/earn`, { ...PTS, points, source: source("seed") }));
  return path;
}

async function account(path: string) {
  return audit(await wholeLog(testStore.store)).of(path.split("/").at(-1) as string);
}

test("a retry of a timed-out command gets its first result", async () => {
  const path = await memberWith("retry", "1000");
  const [to] = await enrolMany(api, "shop", "target", 1);
  const held = (await succeeds(api.post(`${path}/holds`, { ...PTS, points: "50" }, "hold"))).body.effect.hold
    .id;
  const commands: readonly [path: string, body: object][] = [
    [`${path}/earn`, { ...PTS, points: "10" }],
    [`${path}/burn`, { ...PTS, points: "10" }],
    [`${path}/holds`, { ...PTS, points: "10" }],
    [`${shop}/holds/${held}/capture`, { points: "5" }],
    [`${path}/transfers`, { ...PTS, points: "10", to }],
    [`${path}/reversals`, { ...PTS, origin: source("seed"), points: "10" }],
    [`${path}/adjustments`, { ...PTS, direction: "credit", points: "10", reason: "fix" }],
  ];
  for (const [i, [target, body]] of commands.entries()) {
    store.appendFaults.push(losesAnswer);
    const lost = await api.post(target, body, `c${i}`);
    expect([lost.status, lost.body.code]).toEqual([503, "outcome_unknown"]);
    const first = await succeeds(api.post(target, body, `c${i}`));
    expect(first.body.replayed).toBe(true);
    const second = await succeeds(api.post(target, body, `c${i}`));
    expect(second.body.effect).toEqual(first.body.effect);
  }
  const { sums } = await account(path);
  expect(Object.fromEntries(sums)).toEqual({
    PointsEarned: 1010n,
    HoldPlaced: 60n,
    PointsBurned: 10n,
    HoldCaptured: 5n,
    TransferOut: 10n,
    EarnReversed: 10n,
    AdjustmentRequested: 10n,
  });
});

test("a command that was stored after its caller's time was up is not done again", async () => {
  const path = await memberWith("late", "100");
  let passed = 0;
  await using hasty = await startService(testStore, { store, clock: { now: () => Date.now() + passed } });
  const caller = hasty.api();
  const commands: readonly [path: string, points: string][] = [
    ["earn", "10"],
    ["burn", "20"],
    ["holds", "30"],
  ];
  for (const [route, points] of commands) {
    const release = Promise.withResolvers<void>();
    store.appendFaults.push(async (append) => {
      const results = await append();
      passed += 60_000;
      await release.promise;
      return results;
    });
    const body = { ...PTS, points, source: source(route) };
    const timedOut = await caller.post(`${path}/${route}`, body);
    expect([timedOut.status, timedOut.body.code]).toEqual([503, "outcome_unknown"]);
    expect(timedOut.body.retryable).toBe(true);
    // Through the instance that waits still, and through another.
    const elsewhere = await succeeds(api.post(`${path}/${route}`, body));
    release.resolve();
    const here = await succeeds(caller.post(`${path}/${route}`, body));
    expect([elsewhere.body.replayed, here.body.replayed]).toEqual([true, true]);
    expect(here.body.effect).toEqual(elsewhere.body.effect);
  }
  const { sums } = await account(path);
  expect(Object.fromEntries(sums)).toEqual({ PointsEarned: 110n, PointsBurned: 20n, HoldPlaced: 30n });
});

test("a caller who hangs up and asks again gets the result of what was done meanwhile", async () => {
  const path = await memberWith("impatient", "100");
  const stored = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  store.appendFaults.push(async (append) => {
    const results = await append();
    stored.resolve();
    await release.promise;
    return results;
  });
  const impatient = service.api();
  const key = source("impatient");
  const gone = impatient.post(`${path}/burn`, { ...PTS, points: "60", source: key }).catch(() => "hung up");
  await stored.promise;
  await impatient[Symbol.asyncDispose]();
  expect(await gone).toBe("hung up");
  release.resolve();
  const again = await succeeds(api.post(`${path}/burn`, { ...PTS, points: "60", source: key }));
  expect(again.body).toMatchObject({ replayed: true, effect: { points: "60" } });
  expect(await account(path)).toMatchObject({ book: 40n });
});

test("a reply of the database to an append, lost on its way, is found out: nobody notices", async () => {
  await using proxy: TcpProxy = await openTcpProxy(testStore.url);
  await using proxied = await openPostgresEventStore({ url: proxy.url, max: 1 });
  const watched = faultyStore(proxied);
  const path = await memberWith("proxied", "1000");
  await using behind = await startService(testStore, { store: watched });
  const caller = behind.api();
  await succeeds(caller.post(`${path}/burn`, { ...PTS, points: "1" }, "warm"));
  for (let i = 0; i < 20; i++) {
    watched.appendFaults.push(async (append) => {
      const lost = proxy.loseNextReply();
      const results = await append();
      await lost;
      return results;
    });
    const burned = await succeeds(caller.post(`${path}/burn`, { ...PTS, points: "10" }, `b${i}`));
    expect(burned.body).toMatchObject({ replayed: false, effect: { points: "10" } });
    expect(burned.body.balance.book).toBe(String(999 - 10 * (i + 1)));
  }
  // Before anything is written a reply may be lost as well: then nothing was done, and that is what is said.
  const unknown = await memberWith("unknown", "10");
  const lost = proxy.loseNextReply();
  const unread = await caller.post(`${unknown}/burn`, { ...PTS, points: "10" }, "unread");
  await lost;
  expect([unread.status, unread.body.code, unread.body.retryable]).toEqual([503, "unavailable", true]);
  const { book, keys } = await account(path);
  expect([book, keys.size]).toEqual([799n, 22]);
});

test("connections cut at random under load lose nothing and double nothing", async () => {
  await using proxy = await openTcpProxy(testStore.url);
  await using proxied = await openPostgresEventStore({ url: proxy.url });
  await using behind = await startService(testStore, { store: proxied });
  const caller = behind.api();
  const path = await memberWith("cut", "100000");
  let done = 0;
  const burn = async (key: string) => {
    for (;;) {
      const { status, body } = await caller.post(`${path}/burn`, { ...PTS, points: "3" }, key);
      if (status < 300) break;
      expect(["unavailable", "outcome_unknown"]).toContain(body.code);
    }
    if (++done % 40 === 0) proxy.cut();
  };
  const lanes = Array.from({ length: 20 }, async (_, lane) => {
    for (let i = 0; i < 30; i++) await burn(`${lane}-${i}`);
  });
  await Promise.all(lanes);
  const { sums } = await account(path);
  expect(sums.get("PointsBurned")).toBe(BigInt(20 * 30 * 3));
});

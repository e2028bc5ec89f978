import { openPostgresEventStore } from "@taem/event-store-postgres";
import { openTcpProxy } from "@taem/postgres/testing";
import type { Answer } from "@taem/testing/api";
import {
  type AppendFault,
  breaks,
  conflicts,
  faultyStore,
  losesAnswer,
  unreachable,
  waitsFor,
} from "@taem/testing/faulty-store";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import type { ProgramOptions } from "@taem/testing/program";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bookOf, defineProgramme, done, enrol } from "./support/fixture.ts";

let fixture: Fixture;
let shop: string;

beforeAll(async () => {
  fixture = await openFixture();
  shop = await defineProgramme(fixture.api, "shop");
});

afterAll(() => fixture.close());

const PTS = { currency: "PTS" };

/** A member with 100 points, and an instance on a store whose faults the test chooses. */
async function faulty(name: string, options: ProgramOptions = {}) {
  const [member] = (await enrol(fixture.api, shop, name)) as [string];
  await done(fixture.api, `${member}/earn`, { ...PTS, points: "100" }, "seed");
  const store = faultyStore(fixture.testStore.store);
  const service = await fixture.another({ store, ...options });
  return { member, store, service, api: service.api() };
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.body.retryable).toBe(true);
  expect(answer.headers["retry-after"]).toBe("1");
}

test("while the store cannot be read every route says so and asks to try again", async () => {
  const { member, store, service, api } = await faulty("unread");
  const attempts = [
    () => api.get(shop),
    () => api.get(member),
    () => api.post(`${member}/earn`, { ...PTS, points: "1" }, "e1"),
    () => api.post(`${shop}/members`, { externalId: "x" }),
    () => api.put(`${shop}/clock`, { mode: "live" }),
    () => api.put(shop, { name: "shop", zone: "Asia/Bangkok" }),
  ];
  for (const attempt of attempts) {
    store.readFaults.push(unreachable);
    expectProblem(await attempt(), 503, "unavailable");
    expect(store.readFaults).toEqual([]);
  }
  store.readFaults.push(unreachable);
  const lines = [
    { op: "earn", member: "ext:unread", ...PTS, points: "1", source: { system: "pos", id: "1" } },
  ];
  expect(await api.bulk("shop", lines)).toMatchObject([{ status: 503, problem: { code: "unavailable" } }]);
  expect(service.errors).toEqual([]);
});

test.each<[string, AppendFault, number]>([
  ["that the store never heard of", breaks, 201],
  ["whose answer was lost after it was stored", losesAnswer, 200],
])("a command %s has an unknown outcome; repeated, it has one effect", async (what, fault, status) => {
  const name = what.slice(-5).trim();
  const { member, store, api } = await faulty(name);
  const burn = { ...PTS, points: "60" };
  store.appendFaults.push(fault);
  expectProblem(await api.post(`${member}/burn`, burn, "b1"), 503, "outcome_unknown");
  const again = await api.post(`${member}/burn`, burn, "b1");
  expect([again.status, again.body.effect.points]).toEqual([status, "60"]);
  expect(await bookOf(fixture, "shop", name)).toBe(40n);
});

test("a transfer whose second leg was not tried does not say that nothing was done", async () => {
  const { member, store, api } = await faulty("half");
  await enrol(fixture.api, shop, "other-half");
  const transfer = { ...PTS, points: "60", to: "ext:other-half" };
  // The first leg is stored; then the target cannot be read.
  store.appendFaults.push(async (append) => {
    const results = await append();
    store.readFaults.push(unreachable);
    return results;
  });
  expectProblem(await api.post(`${member}/transfers`, transfer, "t1"), 503, "outcome_unknown");
  expect(await bookOf(fixture, "shop", "half")).toBe(40n);
  const again = await api.post(`${member}/transfers`, transfer, "t1");
  expect(again.status).toBe(200);
  expect(await bookOf(fixture, "shop", "other-half")).toBe(60n);
});

test("a conflict is decided again on what is new, within the caller's time", async () => {
  const { member, store, api } = await faulty("busy");
  store.appendFaults.push(conflicts, conflicts, conflicts);
  await done(api, `${member}/burn`, { ...PTS, points: "60" }, "b1");
  expect(store.trips.append).toBe(4);
});

test("a command that meets conflicts until its time is up was not done", async () => {
  let now = Date.now();
  const { member, store, api } = await faulty("unlucky", { clock: { now: () => now } });
  store.appendFaults.push((_, appends) => {
    now += 3_600_000;
    return conflicts(() => Promise.resolve([]), appends);
  });
  expectProblem(
    await api.post(`${member}/burn`, { ...PTS, points: "1" }, "b1"),
    503,
    "conflict_retry_exhausted",
  );
  expect(await bookOf(fixture, "shop", "unlucky")).toBe(100n);
});

test("more commands than may wait are refused before any work, and the others are done", async () => {
  const { member, store, service, api } = await faulty("crowded", { handler: { maxQueued: 10 } });
  // The instance knows the account, so that nothing but its turn keeps a command.
  await service.api().post(`${member}/burn`, { ...PTS, points: "1000" }, "more than there is");
  const open = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  store.appendFaults.push((append, appends) => {
    begun.resolve();
    return waitsFor(open.promise)(append, appends);
  });
  const first = api.post(`${member}/burn`, { ...PTS, points: "1" }, "first");
  await begun.promise;
  const allRefused = Promise.withResolvers<void>();
  let answered = 0;
  const rest = Array.from({ length: 30 }, async (_, i) => {
    const answer = await api.post(`${member}/burn`, { ...PTS, points: "1" }, `k${i}`);
    if (++answered === 20) allRefused.resolve();
    return answer;
  });
  await allRefused.promise;
  open.resolve();
  const answers = await Promise.all([first, ...rest]);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused).toHaveLength(20);
  for (const answer of refused) expectProblem(answer, 429, "overloaded");
  expect(await bookOf(fixture, "shop", "crowded")).toBe(89n);
});

test("a server that is gone is an outcome unknown for who was writing, unavailable for who reads", async () => {
  const live = await defineProgramme(fixture.api, "live", { clock: { mode: "live" } });
  const [member] = (await enrol(fixture.api, live, "gone")) as [string];
  await done(fixture.api, `${member}/earn`, { ...PTS, points: "100" }, "seed");
  await using proxy = await openTcpProxy(fixture.testStore.url);
  const store = await openPostgresEventStore({ url: proxy.url });
  const faulty = faultyStore(store);
  const service = await fixture.another({ store: faulty, limits: { requestMs: 500 } });
  const api = service.api();
  await done(api, `${member}/burn`, { ...PTS, points: "1" }, "b1");
  faulty.appendFaults.push(async (append) => {
    await proxy.close();
    return append();
  });
  expectProblem(await api.post(`${member}/burn`, { ...PTS, points: "1" }, "b2"), 503, "outcome_unknown");
  expectProblem(await api.get(`${live}/members/ext:unread`), 503, "unavailable");
  await store.close();
  expect(await bookOf(fixture, "live", "gone")).toBe(99n);
});

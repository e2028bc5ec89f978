import type { Answer, Api } from "@taem/testing/api";
import { audit, underWay } from "@taem/testing/auditor";
import { type Service, startService } from "@taem/testing/commands-service";
import { defineProgramme, enrolMany, seeded, source, succeeds } from "@taem/testing/programme";
import { openTestStore, type TestStore, wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failures: one balance spent twice; the last write of two winning; an account below zero.

const PTS = { currency: "PTS" };
let testStore: TestStore;
let services: Service[];
let apis: Api[];
let shop: string;

beforeAll(async () => {
  testStore = await openTestStore();
  // On a busy machine a refund of 10,000 lots takes its time.
  const limits = { requestMs: 60_000 };
  services = [
    await startService(testStore, { limits }),
    await startService(testStore, { store: await testStore.another(), limits }),
  ];
  apis = services.map((service) => service.api());
  shop = await defineProgramme(apis[0] as Api, "shop");
});

afterAll(async () => {
  for (const service of services) await service.close();
  expect(services.flatMap(({ complaints }) => complaints)).toEqual([]);
  await testStore.close();
});

function oneOf(i: number): Api {
  return apis[i % apis.length] as Api;
}

async function memberWith(name: string, points: string): Promise<string> {
  const [member] = await enrolMany(oneOf(0), "shop", name, 1);
  const path = `${shop}/members/${member}`;
  await succeeds(oneOf(0).post(`${path}/earn`, { ...PTS, points, source: source("seed") }));
  return path;
}

async function findings() {
  return audit(await wholeLog(testStore.store));
}

function accepted(answers: readonly Answer[]): number {
  for (const { status, body } of answers) {
    if (status !== 201) expect([status, body.code]).toEqual([409, "insufficient_points"]);
  }
  return answers.filter(({ status }) => status === 201).length;
}

test("50 concurrent spends of one balance through two instances spend it once", async () => {
  const path = await memberWith("burner", "1000");
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => oneOf(i).post(`${path}/burn`, { ...PTS, points: "100" }, `b${i}`)),
  );
  expect(accepted(answers)).toBe(10);
  const member = answers.find(({ status }) => status === 201)?.body.member ?? "";
  expect((await findings()).of(member)).toMatchObject({ book: 0n, debt: 0n });
});

test("20 concurrent gifts of all there is make one gift", async () => {
  const path = await memberWith("giver", "100");
  const targets = await enrolMany(oneOf(0), "shop", "friend", 20);
  const answers = await Promise.all(
    targets.map((to, i) => oneOf(i).post(`${path}/transfers`, { ...PTS, points: "100", to }, `t${i}`)),
  );
  expect(accepted(answers)).toBe(1);
  const books = await findings();
  expect(targets.map((target) => books.of(target).book).toSorted()).toEqual([...Array(19).fill(0n), 100n]);
  expect(underWay(books)).toBe(0n);
});

test("burns, holds, transfers and debits at once take no more than there is", async () => {
  const path = await memberWith("busy", "1000");
  const [to] = await enrolMany(oneOf(0), "shop", "other", 1);
  const ask = (i: number) => {
    const caller = oneOf(i >> 2);
    const body = { ...PTS, points: "70" };
    if (i % 3 === 0) return caller.post(`${path}/burn`, body, `x${i}`);
    if (i % 3 === 1) return caller.post(`${path}/holds`, body, `x${i}`);
    return caller.post(`${path}/transfers`, { ...body, to }, `x${i}`);
  };
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i)));
  expect(accepted(answers)).toBe(14);
});

test("two writers on one stream lose no update and never fall below zero", async () => {
  const path = await memberWith("hammered", "50");
  const ROUNDS = 1_500;
  const LANES = 24;
  const expected = { earned: 50n, burned: 0n };
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const random = seeded(lane + 1);
    for (let i = lane; i < ROUNDS; i += LANES) {
      const points = 1 + random(40);
      const burns = random(2) === 0;
      const body = { ...PTS, points: String(points) };
      const answer = await oneOf(random(2)).post(`${path}/${burns ? "burn" : "earn"}`, body, `h${i}`);
      if (accepted([answer]) === 0) continue;
      if (burns) expected.burned += BigInt(points);
      else expected.earned += BigInt(points);
    }
  });
  await Promise.all(lanes);
  const { body } = await succeeds(oneOf(1).post(`${path}/earn`, { ...PTS, points: "1" }, "last"));
  const account = (await findings()).of(body.member);
  expect(account.sums.get("PointsEarned")).toBe(expected.earned + 1n);
  expect(account.sums.get("PointsBurned")).toBe(expected.burned);
  expect(account.book).toBe(expected.earned + 1n - expected.burned);
  expect(body.balance.book).toBe(String(account.book));
});

test("10,000 lots of one point are burned at once, and given back at once", async () => {
  const LOTS = 10_000;
  const [member] = await enrolMany(oneOf(0), "shop", "crumbs", 1);
  const lines = Array.from({ length: LOTS }, (_, i) => ({
    op: "earn",
    member,
    ...PTS,
    points: "1",
    source: source(`crumb ${i}`),
  }));
  const earned = await oneOf(0).bulk("shop", lines);
  expect(earned.filter(({ status }) => status === 201)).toHaveLength(LOTS);
  const path = `${shop}/members/${member}`;
  const burn = { ...PTS, points: String(LOTS), source: source("all of it") };
  const burned = (await succeeds(oneOf(1).post(`${path}/burn`, burn))).body;
  expect(burned.effect.debited).toHaveLength(LOTS);
  expect(burned.balance.book).toBe("0");
  const again = (await succeeds(oneOf(0).post(`${path}/burn`, burn))).body;
  expect([again.replayed, again.effect]).toEqual([true, burned.effect]);
  expect((await findings()).of(burned.member)).toMatchObject({ book: 0n });
  const back = { ...PTS, all: true, origin: burn.source };
  const returned = (await succeeds(oneOf(1).post(`${path}/reversals`, back, "back"))).body;
  expect(returned.balance).toMatchObject({ book: String(LOTS), available: String(LOTS) });
  const account = (await findings()).of(burned.member);
  expect([...account.lots.values()]).toEqual(Array(LOTS).fill(1n));
}, 180_000);

import type { Api } from "@taem/testing/api";
import { audit, underWay } from "@taem/testing/auditor";
import { type Service, startService } from "@taem/testing/commands-service";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { bookOf } from "@taem/testing/read-model";
import { openTestStore, type TestStore, wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failures: "your points are not there yet": a spend refused although the credit before it was acknowledged; a query that
// answers from before the caller's own write.

const PTS = { currency: "PTS" };
let testStore: TestStore;
let services: Service[];
let here: Api;
let there: Api;
let shop: string;

beforeAll(async () => {
  testStore = await openTestStore();
  services = [
    await startService(testStore),
    await startService(testStore, { store: await testStore.another() }),
  ];
  [here, there] = services.map((service) => service.api()) as [Api, Api];
  shop = await defineProgramme(here, "shop");
});

afterAll(async () => {
  for (const service of services) await service.close();
  expect(services.flatMap(({ complaints }) => complaints)).toEqual([]);
  await testStore.close();
});

/** As many members at once, each its rounds one after the other. */
async function inLanes(name: string, lanes: number, rounds: number, round: Round): Promise<string[]> {
  const members = await enrolMany(here, "shop", name, lanes);
  const run = async (member: string) => {
    for (let i = 0; i < rounds; i++) await round(`${shop}/members/${member}`, i, member);
  };
  await Promise.all(members.map(run));
  return members;
}

type Round = (path: string, round: number, member: string) => Promise<void>;

test("what one instance credited the other spends at once, 2,400 times", async () => {
  const members = await inLanes("spender", 16, 150, async (path, i) => {
    const [credits, spends] = i % 2 === 0 ? [here, there] : [there, here];
    await succeeds(credits.post(`${path}/earn`, { ...PTS, points: "7" }, `e${i}`));
    await succeeds(spends.post(`${path}/burn`, { ...PTS, points: "7" }, `b${i}`));
  });
  const books = audit(await wholeLog(testStore.store));
  for (const member of members) expect(books.of(member).book).toBe(0n);
});

test("what one instance transferred the other spends at once on the target", async () => {
  const [rich] = (await enrolMany(here, "shop", "rich", 1)) as [string];
  await succeeds(here.post(`${shop}/members/${rich}/earn`, { ...PTS, points: "800" }, "e"));
  await inLanes("target", 8, 25, async (path, i, member) => {
    const gift = { ...PTS, points: "4", to: member, source: source(`${member} ${i}`) };
    await succeeds(here.post(`${shop}/members/${rich}/transfers`, gift));
    await succeeds(there.post(`${path}/burn`, { ...PTS, points: "4" }, `b${i}`));
  });
  const books = audit(await wholeLog(testStore.store));
  expect([books.of(rich).book, underWay(books)]).toEqual([0n, 0n]);
});

test("a hold placed through one instance is captured through the other at once", async () => {
  await inLanes("holder", 8, 25, async (path, i) => {
    await succeeds(here.post(`${path}/earn`, { ...PTS, points: "5" }, `e${i}`));
    const { body } = await succeeds(there.post(`${path}/holds`, { ...PTS, points: "5" }, `h${i}`));
    await succeeds(here.post(`${shop}/holds/${body.effect.hold.id}/capture`, {}, `c${i}`));
  });
});

test("what was written through one instance a query with its token sees through another", async () => {
  await using installation = await createInstallation();
  await using writer = await installation.start({ services: "commands" });
  await using one = await installation.start({ services: "commands,ledger" });
  await using two = await installation.start({ services: "commands,ledger" });
  const programme = await defineProgramme(writer.api, "tokens");
  const members = await enrolMany(writer.api, "tokens", "member", 8);
  const lanes = members.map(async (member, lane) => {
    const path = `${programme}/members/${member}`;
    for (let round = 1; round <= 40; round++) {
      const { token } = (
        await succeeds(writer.api.post(`${path}/earn`, { ...PTS, points: "3" }, `e${round}`))
      ).body;
      const reader = (round + lane) % 2 === 0 ? one : two;
      expect(await bookOf(reader.api, path, token)).toBe(BigInt(3 * round));
    }
  });
  await Promise.all(lanes);
  // A transfer's token stands for what both see, whoever asks.
  const [giver, taker] = members as [string, string];
  const gift = { ...PTS, points: "100", to: taker };
  const { token } = (await succeeds(two.api.post(`${programme}/members/${giver}/transfers`, gift, "t"))).body;
  expect(await bookOf(one.api, `${programme}/members/${giver}`, token)).toBe(20n);
  expect(await bookOf(one.api, `${programme}/members/${taker}`, token)).toBe(220n);
  expect([...writer.errors, ...one.errors, ...two.errors]).toEqual([]);
});

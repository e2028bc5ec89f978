import { Api } from "@taem/testing/api";
import { type Service, startService } from "@taem/testing/commands-service";
import { faultyStore } from "@taem/testing/faulty-store";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { describeWith } from "@taem/testing/requirement";
import { openTestStore, type TestStore } from "@taem/testing/test-store";
import { openServers, startTopology, topologies } from "@taem/testing/topology";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Failure: what was published through one instance is not known to another, which prices an earn by what was in force before, for
// good.

/** One principal publishes, so that every change is in force at once. */
const ALONE = { singleHanded: true };
const PTS = { currency: "PTS" };
const RULE = { ...PTS, money: "THB", per: "100", points: "1" };
const SPEND = { amount: "100000", currency: "THB", rule: "fresh" };
const ROUNDS = 60;
const SKEW_MS = 120_000;

/** Before now by the clock of every instance. */
const past = () => new Date(Date.now() - 2 * SKEW_MS).toISOString();

/** Publishes versions through one instance after the other, and earns through the one that did not publish. */
async function expectNewestVersions(code: string, instances: readonly [Api, Api]): Promise<void> {
  const shop = await defineProgramme(instances[0], code, ALONE);
  const [member] = (await enrolMany(instances[0], code, "member", 1)) as [string];
  const path = `${shop}/members/${member}`;
  for (let round = 1; round <= ROUNDS; round++) {
    const [publishes, earns] = round % 2 === 0 ? instances : ([instances[1], instances[0]] as const);
    const validFrom = past();
    await succeeds(publishes.put(`${shop}/rules/fresh`, { ...RULE, points: String(round), validFrom }));
    const occurredAt = validFrom;
    const answers = await Promise.all(
      ["a", "b", "c"].map((part) =>
        earns.post(`${path}/earn`, { ...PTS, spend: SPEND, occurredAt }, `${round}${part}`),
      ),
    );
    for (const { body } of answers) {
      expect(body.effect).toMatchObject({ points: String(1_000 * round), rule: { version: round } });
    }
  }
}

describe("of two instances, whose clocks differ by two minutes", () => {
  let testStore: TestStore;
  let services: Service[];
  let here: Api;
  let there: Api;

  beforeAll(async () => {
    testStore = await openTestStore();
    services = [
      await startService(testStore),
      await startService(testStore, {
        store: await testStore.another(),
        clock: { now: () => Date.now() - SKEW_MS },
      }),
    ];
    [here, there] = services.map((service) => service.api()) as [Api, Api];
  });

  afterAll(async () => {
    for (const service of services) await service.close();
    expect(services.flatMap(({ complaints }) => complaints)).toEqual([]);
    await testStore.close();
  });

  test("an earn is priced by the version that was published before it came", async () => {
    await expectNewestVersions("rules", [here, there]);
  });

  test("lines of a bulk request are, too", async () => {
    const shop = await defineProgramme(here, "lines", ALONE);
    const [member] = (await enrolMany(here, "lines", "member", 1)) as [string];
    await there.bulk("lines", [{ op: "enrol", externalId: "warm" }]);
    for (let round = 1; round <= 20; round++) {
      const validFrom = past();
      await succeeds(here.put(`${shop}/rules/fresh`, { ...RULE, points: String(round), validFrom }));
      const lines = [1, 2, 3].map((no) => ({
        op: "earn",
        member,
        ...PTS,
        spend: SPEND,
        occurredAt: validFrom,
        source: { system: "pos", id: `${round}-${no}` },
      }));
      const answers = await there.bulk("lines", lines);
      expect(answers.map(({ result }) => result.effect.rule?.version)).toEqual([round, round, round]);
    }
  });

  test("a limit that was lowered holds at once", async () => {
    const shop = await defineProgramme(here, "limits", { adjustmentLimit: "1000" });
    const [member] = (await enrolMany(here, "limits", "member", 1)) as [string];
    const adjust = (api: Api, key: string) => {
      const body = { ...PTS, direction: "credit", points: "100", reason: "fix" };
      return succeeds(api.post(`${shop}/members/${member}/adjustments`, body, key));
    };
    for (let round = 0; round < 20; round++) {
      const [limit, kind] = round % 2 === 0 ? ["10", "adjustment_requested"] : ["1000", "adjusted"];
      const settings = { expiry: { kind: "never" }, adjustmentLimit: limit, validFrom: past() };
      const { body } = await succeeds(there.put(`${shop}/currencies/PTS`, settings));
      const { proposal } = body as unknown as { readonly proposal: number };
      await succeeds(here.post(`${shop}/proposals/${proposal}/approve`, {}));
      expect((await adjust(there, `a${round}`)).body.effect.kind).toBe(kind);
    }
  });

  test("a key of a system that was just declared of programme scope has one effect", async () => {
    const shop = await defineProgramme(here, "scopes");
    const members = await enrolMany(here, "scopes", "member", 2);
    await succeeds(there.post(`${shop}/members/${members[0]}/earn`, { ...PTS, points: "1" }, "warm"));
    for (let round = 0; round < 10; round++) {
      const system = `till-${round}`;
      await succeeds(here.put(`${shop}/sources/${system}`, { keys: "programme" }));
      const answers: (string | number)[] = [];
      for (const member of members) {
        const body = { ...PTS, points: "1", source: { system, id: "receipt" } };
        const answer = await there.post(`${shop}/members/${member}/earn`, body);
        answers.push(answer.body.code ?? answer.status);
      }
      expect(answers).toEqual([201, "key_reused"]);
    }
  });

  test("a replay clock that was moved on is what an undated command happens at", async () => {
    const clock = (day: number) => ({
      mode: "replay",
      at: `2026-03-${String(day).padStart(2, "0")}T00:00:00.000Z`,
    });
    const shop = await defineProgramme(here, "clocks", { clock: clock(1) });
    const [member] = (await enrolMany(here, "clocks", "member", 1)) as [string];
    for (let day = 2; day <= 20; day++) {
      await succeeds(here.put(`${shop}/clock`, clock(day)));
      const { body } = await succeeds(
        there.post(`${shop}/members/${member}/earn`, { ...PTS, points: "1" }, `${day}`),
      );
      expect(body.effect.effectiveAt).toBe(clock(day).at);
    }
  });

  test("what a held-up read found before the publication decides no earn that came after it", async () => {
    const shop = await defineProgramme(here, "held", ALONE);
    const [member] = (await enrolMany(here, "held", "member", 1)) as [string];
    await succeeds(here.put(`${shop}/rules/fresh`, RULE));
    const holding = Promise.withResolvers<void>();
    let isHeld = Promise.withResolvers<void>();
    let holds = false;
    const store = faultyStore(await testStore.another());
    const read: typeof store.read = async (requests) => {
      const found = await store.read(requests);
      if (holds) {
        isHeld.resolve();
        await holding.promise;
      }
      return found;
    };
    // As of a store whose appends look at no other stream.
    await using service = await startService(testStore, { store: { ...store, read, checksReads: false } });
    const api = service.api();
    const earn = (key: string) => api.post(`${shop}/members/${member}/earn`, { ...PTS, spend: SPEND }, key);
    await succeeds(earn("warm"));
    isHeld = Promise.withResolvers();
    holds = true;
    const before = earn("before");
    await isHeld.promise;
    await succeeds(
      here.put(`${shop}/rules/fresh`, { ...RULE, points: "5", validFrom: "2026-01-01T00:00:00Z" }),
    );
    const after = earn("after");
    // Whatever was sent before it has come by then.
    await api.get("/health/live");
    holding.resolve();
    expect((await succeeds(before)).body.effect.rule?.version).toBe(1);
    expect((await succeeds(after)).body.effect.rule?.version).toBe(2);
  });
});

test("an append that was held up before the publication is decided anew after it", async () => {
  const testStore = await openTestStore();
  const store = faultyStore(testStore.store);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => testStore.close());
  const here = undo.use(await startService(testStore, { store: await testStore.another() })).api();
  const there = undo.use(await startService(testStore, { store })).api();
  const shop = await defineProgramme(here, "held-append", ALONE);
  const [member] = (await enrolMany(here, "held-append", "member", 1)) as [string];
  await succeeds(here.put(`${shop}/rules/fresh`, RULE));
  const earn = (key: string) => there.post(`${shop}/members/${member}/earn`, { ...PTS, spend: SPEND }, key);
  await succeeds(earn("warm"));
  const isHeld = Promise.withResolvers<void>();
  const published = Promise.withResolvers<void>();
  store.appendFaults.push(async (append) => {
    isHeld.resolve();
    await published.promise;
    return append();
  });
  const before = earn("before");
  await isHeld.promise;
  const { read } = store.trips;
  await succeeds(
    here.put(`${shop}/rules/fresh`, { ...RULE, points: "5", validFrom: "2026-01-01T00:00:00Z" }),
  );
  published.resolve();
  expect((await succeeds(before)).body.effect.rule?.version).toBe(2);
  // It was decided at first on what memory had.
  expect(store.trips.read).toBe(read + 1);
});

describeWith("in an installation", "kafka", await sharedKafka(), ({ brokers }) => {
  test.each(topologies())(
    "of topology %s an earn is priced by the version that was published before it came",
    async (name) => {
      await using servers = await openServers(name, brokers);
      await using topology = await startTopology(name, servers.environment);
      const key = await topology.key("publisher");
      const urls = [...topology.processes.values()]
        .filter((process) => process.name === "taem" || process.name.startsWith("commands"))
        .map(({ url }) => url as string);
      await using here = new Api(urls[0] as string, key);
      await using there = new Api(urls.at(-1) as string, key);
      await expectNewestVersions("rules", [here, there]);
    },
  );
});

import { sliceOfName } from "@taem/kernel";
import { definitionEvents, programmeStream } from "@taem/programme/events";
import { newId, randomId } from "@taem/runtime";
import type { Api } from "@taem/testing/api";
import { type Fixture, openFixture } from "@taem/testing/fixture";
import { succeeds } from "@taem/testing/programme";
import { wholeLog } from "@taem/testing/test-store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgramme, done, enrol, refused } from "./support/fixture.ts";

// A source system is declared by an administrator, and by nobody else: a command leaves no trace of a system but in its own
// effect, and a refused one none at all.

const PTS = { currency: "PTS" };
const SYSTEMS_IN_USE = new Set<string>();

let fixture: Fixture;
let api: Api;

beforeAll(async () => {
  fixture = await openFixture({ ports: { isSystemInUse: async (_, system) => SYSTEMS_IN_USE.has(system) } });
  api = fixture.api;
});

afterAll(() => fixture.close());

const source = (system: string, id = "1") => ({ source: { system, id } });

test("a thousand refused commands under new names write nothing, and leave room for every declaration", async () => {
  const shop = await defineProgramme(api, "flooded");
  const [poor] = (await enrol(api, shop, "poor")) as [string];
  const member = poor.split("/").at(-1);
  const before = await fixture.testStore.store.head();
  const lines = Array.from({ length: 1_000 }, (_, i) => ({
    ...{ op: "burn", ...PTS, points: "1", member },
    ...source(`s-${i}`),
  }));
  const answers = await fixture.service.api({ permissions: ["burn"] }).bulk("flooded", lines);
  expect(new Set(answers.map(({ problem }) => problem?.code))).toEqual(new Set(["insufficient_points"]));
  expect(await fixture.testStore.store.head()).toBe(before);
  await succeeds(api.put(`${shop}/sources/s-1`, { keys: "programme" }));
  await done(api, `${poor}/earn`, { ...PTS, points: "1", ...source("another") });
});

test("a command under a system that nobody has declared writes its effect alone", async () => {
  const shop = await defineProgramme(api, "undeclared");
  const [member] = (await enrol(api, shop, "member")) as [string];
  const before = await fixture.testStore.store.head();
  await done(api, `${member}/earn`, { ...PTS, points: "1", ...source("till") });
  const log = await wholeLog(fixture.testStore.store);
  expect(log.filter(({ position }) => position > before).map(({ type }) => type)).toEqual(["PointsEarned"]);
});

test("a system whose keys are in use is not declared to reach further, nor one that is declared to reach otherwise", async () => {
  const shop = await defineProgramme(api, "in-use");
  SYSTEMS_IN_USE.add("till");
  const declare = (system: string, keys: string) => () => api.put(`${shop}/sources/${system}`, { keys });
  await refused(fixture, declare("till", "programme"), 409, "system_in_use");
  await succeeds(declare("till", "account")());
  await succeeds(declare("orders", "programme")());
  await refused(fixture, declare("till", "programme"), 409, "system_in_use");
  await refused(fixture, declare("orders", "account"), 409, "system_in_use");
  await refused(fixture, declare("api-1", "programme"), 400, "value_not_allowed");
});

test("a declaration holds for what is decided after it, through any instance", async () => {
  const shop = await defineProgramme(api, "declared");
  const [one, two] = (await enrol(api, shop, "one", "two")) as [string, string];
  const other = (await fixture.another()).api();
  await succeeds(other.put(`${shop}/sources/orders`, { keys: "programme" }));
  const order = { ...PTS, points: "1", ...source("orders") };
  await done(other, `${one}/earn`, order);
  await refused(fixture, () => other.post(`${two}/earn`, order), 422, "key_reused");
});

describe("a retired system", () => {
  test("takes no new commands, answers the retries of old ones, and can be declared again", async () => {
    const shop = await defineProgramme(api, "retiring");
    const [member] = (await enrol(api, shop, "member")) as [string];
    await succeeds(api.put(`${shop}/sources/old-till`, { keys: "account" }));
    const earn = (id: string) => ({ ...PTS, points: "1", ...source("old-till", id) });
    const first = await done(api, `${member}/earn`, earn("1"));
    const retired = await succeeds(api.put(`${shop}/sources/old-till`, { keys: "account", retired: true }));
    expect(retired.body).toMatchObject({
      sources: [{ system: "old-till", keys: "account", retired: true }],
    });
    await refused(fixture, () => api.post(`${member}/earn`, earn("2")), 409, "source_retired");
    const again = await api.post(`${member}/earn`, earn("1"));
    expect([again.status, again.body.effect]).toEqual([200, first.effect]);
    await succeeds(api.put(`${shop}/sources/old-till`, { keys: "account" }));
    await done(api, `${member}/earn`, earn("2"));
  });

  test("makes room for another, where a programme has its thousand", async () => {
    const shop = await defineProgramme(api, "thousand");
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        succeeds(api.put(`${shop}/sources/s-${i}`, { keys: "account" })),
      ),
    );
    const declare = () => api.put(`${shop}/sources/one-more`, { keys: "account" });
    await refused(fixture, declare, 409, "too_many_sources");
    await succeeds(api.put(`${shop}/sources/s-7`, { keys: "account", retired: true }));
    await succeeds(declare());
  });

  test("is retired for commands through another instance, too, that had seen it in use", async () => {
    const shop = await defineProgramme(api, "retired-elsewhere");
    const [member] = (await enrol(api, shop, "member")) as [string];
    await succeeds(api.put(`${shop}/sources/till`, { keys: "account" }));
    await done(api, `${member}/earn`, { ...PTS, points: "1", ...source("till") });
    const other = (await fixture.another()).api();
    await succeeds(other.put(`${shop}/sources/till`, { keys: "account", retired: true }));
    const late = () => api.post(`${member}/earn`, { ...PTS, points: "1", ...source("till", "2") });
    await refused(fixture, late, 409, "source_retired");
  });
});

test("a log whose systems were declared by their first commands is read as it is, and leaves room", async () => {
  const shop = await defineProgramme(api, "earlier");
  const [member] = (await enrol(api, shop, "member")) as [string];
  const id = String(JSON.parse(JSON.stringify((await succeeds(api.get(shop))).body)).id);
  const { store } = fixture.testStore;
  const stream = programmeStream(id);
  const [read] = await store.read([{ stream, afterRevision: 0 }]);
  const actor = { actor: "earlier", correlation: newId() };
  const events = Array.from({ length: 1_000 }, (_, i) => ({
    id: randomId(),
    type: "SourceDeclared",
    data: JSON.stringify({ declaredBy: "first_command", programme: id, scope: "account", system: `s-${i}` }),
    meta: definitionEvents.encodeMeta("SourceDeclared", actor),
  }));
  const slice = sliceOfName(stream);
  const expectedRevision = read?.events.length ?? 0;
  expect(await store.append([{ stream, slice, expectedRevision, events }])).toMatchObject([{ ok: true }]);
  await succeeds((await fixture.another()).api().put(`${shop}/sources/orders`, { keys: "programme" }));
  await refused(fixture, () => api.put(`${shop}/sources/s-1`, { keys: "programme" }), 409, "system_in_use");
  await done(api, `${member}/earn`, { ...PTS, points: "1", ...source("s-2") });
  const declared = (await wholeLog(store))
    .filter(({ type }) => type === "SourceDeclared")
    .map((event) => definitionEvents.decode(event));
  expect(declared.filter(({ type }) => type === "SourceDeclared").length).toBeGreaterThan(1_000);
});

describe("a client that lists the systems it may name", () => {
  test.each([
    [
      "none of them, which is any that nobody has declared as the programme's",
      null,
      { till: true, orders: false },
    ],
    ["an empty list", [], { till: false, orders: false }],
    ["one of them", ["orders"], { till: false, orders: true }],
    ["any", ["*"], { till: true, orders: true }],
  ])("%s", async (_, systems, expected) => {
    const code = `list-${systems?.length ?? "none"}-${systems?.[0]?.length ?? 0}`;
    const shop = await defineProgramme(api, code);
    const [member] = (await enrol(api, shop, "member")) as [string];
    await succeeds(api.put(`${shop}/sources/orders`, { keys: "programme" }));
    const client = fixture.service.api({ systems });
    for (const [system, mayName] of Object.entries(expected)) {
      const earn = () => client.post(`${member}/earn`, { ...PTS, points: "1", ...source(system) });
      if (mayName) expect((await earn()).status).toBe(201);
      else await refused(fixture, earn, 403, "forbidden");
      const line = { op: "earn", ...PTS, points: "1", member: "ext:member", ...source(system, "2") };
      const [answer] = await client.bulk(code, [line]);
      expect(answer?.problem?.code).toBe(mayName ? undefined : "forbidden");
    }
    await done(client, `${member}/earn`, { ...PTS, points: "1" }, "its own");
  });

  test("never takes the place of another's Idempotency-Keys, whatever it lists", async () => {
    const shop = await defineProgramme(api, "impostor");
    const [member] = (await enrol(api, shop, "member")) as [string];
    for (const systems of [null, ["*"], ["api-0123456789abcdef"]]) {
      const impostor = fixture.service.api({ systems });
      const earn = { ...PTS, points: "1", ...source("api-0123456789abcdef") };
      await refused(fixture, () => impostor.post(`${member}/earn`, earn), 403, "forbidden");
    }
  });
});

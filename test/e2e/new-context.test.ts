import { createClient, isRefusal } from "@taem/client";
import { rebuild } from "@taem/processing";
import { contexts } from "@taem/taem-service";
import { sharedKafka } from "@taem/testing/kafka/kafka";
import { KafkaInstallation } from "@taem/testing/kafka-installation";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { bookOf, expectAgreement } from "@taem/testing/read-model";
import { describeWith } from "@taem/testing/requirement";
import type { stampsApi } from "@taem/testing/stamps/api";
import { stamps } from "@taem/testing/stamps/context";
import { cards } from "@taem/testing/stamps/read-model";
import { expect, test } from "vitest";

// A new context is its folder and a line in whoever hosts it; and it never stops a program that has not heard of it.

const withStamps = [...contexts, stamps];
const WAIT = { timeout: 60_000, interval: 50 };

test("a context that nobody else knows is served, projected, described, and made anew the same", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start({ contexts: withStamps });
  const { api } = program;
  const shop = await defineProgramme(api, "shop");
  const [member] = (await enrolMany(api, "shop", "m", 1)) as [string];
  const path = `${shop}/members/${member}/stamps`;
  await succeeds(api.post(path, { stamps: 3 }));
  const { body: card } = await succeeds(api.post(path, { stamps: 4 }));
  expect(card).toMatchObject({ stamps: 7 });
  expect((await api.get(`${path}?token=${card.token}`)).body).toEqual({ stamps: 7 });
  expect(await api.post(path, { stamps: 11 })).toMatchObject({ status: 400 });
  const { database, store } = program.platform;
  const rebuilt = await rebuild({ projection: cards(), database, store, expect: "equal" });
  expect(rebuilt).toMatchObject({ outcome: "taken_over", changes: [] });
  const { body } = await api.get("/openapi.json");
  const paths = (body as unknown as { paths: Record<string, object> }).paths;
  const described = paths["/v1/programmes/{programme}/members/{member}/stamps"];
  expect(Object.keys(described ?? {}).sort()).toEqual(["get", "post"]);
});

test("what comes of its events is done, once, in queues that it has not asked for", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start({ contexts: withStamps });
  const { api, platform } = program;
  const shop = await defineProgramme(api, "shop");
  const [member] = (await enrolMany(api, "shop", "m", 1)) as [string];
  const path = `${shop}/members/${member}/stamps`;
  await succeeds(api.post(path, { stamps: 5 }));
  await expect.poll(async () => (await api.get(path)).body, WAIT).toEqual({ stamps: 6 });
  const waiting = () => platform.database.queryArrays("SELECT key FROM taem_queues.outbox");
  await expect.poll(waiting, WAIT).toEqual([]);
  expect((await api.get(path)).body).toEqual({ stamps: 6 });
});

test("its callers have a client by its description alone, a permission and a problem that nobody else knows", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start({ contexts: withStamps });
  const { api } = program;
  await defineProgramme(api, "shop");
  const [member] = (await enrolMany(api, "shop", "m", 1)) as [string];
  const keyWith = async (...permissions: readonly string[]) => {
    const { body } = await succeeds(api.post("/v1/clients", { name: "till", permissions }));
    return (body as unknown as { readonly token: string }).token;
  };
  await using till = createClient<typeof stampsApi>({ url: api.url, key: await keyWith("stamp", "read") });
  const route = "POST /v1/programmes/{programme}/members/{member}/stamps";
  const params = { programme: "shop", member };
  await till.call(route, { params, body: { stamps: 9 } });
  const { stamps: given }: { stamps: number } = await till.call(route, { params, body: { stamps: 9 } });
  expect(given).toBe(18);
  const full = { code: "card_full", problem: { status: 409, retryable: false, title: "Card full" } };
  const refusal = await till.call(route, { params, body: { stamps: 9 } }).catch((error: unknown) => error);
  expect(refusal).toMatchObject(full);
  expect(isRefusal<typeof stampsApi>(refusal, "card_full")).toBe(true);
  // @ts-expect-error a route of others: its description is not among those of this client
  await expect(till.call("GET /v1/clients", { params: {} })).rejects.toMatchObject({ code: "forbidden" });
  await using earner = createClient<typeof stampsApi>({ url: api.url, key: await keyWith("earn") });
  const refused = earner.call(route, { params, body: { stamps: 1 } });
  await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  expect(program.errors).toEqual([]);
});

test("a program that has never heard of it lives on its log, and proves its own rows", async () => {
  await using installation = await createInstallation();
  let member = "";
  {
    await using newer = await installation.start({ contexts: withStamps });
    const shop = await defineProgramme(newer.api, "shop");
    [member] = (await enrolMany(newer.api, "shop", "m", 1)) as [string];
    await succeeds(newer.api.post(`${shop}/members/${member}/stamps`, { stamps: 3 }));
  }
  await using older = await installation.start();
  const earned = await succeeds(
    older.api.post(`/v1/programmes/shop/members/${member}/earn`, {
      currency: "PTS",
      points: "5",
      source: source("after"),
    }),
  );
  expect(await bookOf(older.api, `/v1/programmes/shop/members/${member}`, String(earned.body.token))).toBe(
    5n,
  );
  await expectAgreement(installation.url);
});

describeWith("over Kafka", "kafka", await sharedKafka(), ({ brokers }) => {
  test.each([
    ["a relay that knows it", withStamps],
    ["a relay that does not", contexts],
  ])("an older ledger lives on, behind %s", async (_, relaying) => {
    await using installation = await KafkaInstallation.open(brokers);
    await using writer = await installation.start("commands", withStamps);
    await using _relay = await installation.start("relay", relaying);
    await using ledger = await installation.start("ledger", contexts);
    await installation.define(writer.api);
    for (const member of installation.members.slice(0, 10))
      await succeeds(writer.api.post(`/v1/programmes/shop/members/${member}/stamps`, { stamps: 1 }));
    await installation.trade(writer.api, "among stamps");
    await installation.expectAgreement(ledger.api);
  });
});

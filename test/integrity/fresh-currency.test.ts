import { reports } from "@taem/ledger/api";
import { startService } from "@taem/testing/commands-service";
import { faultyStore } from "@taem/testing/faulty-store";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered } from "@taem/testing/read-model";
import { openTestStore } from "@taem/testing/test-store";
import { afterAll, beforeAll, expect, test } from "vitest";

// Failure: a currency that was defined a moment ago, through another instance, is unknown to a query.

let installation: TestInstallation;
let writer: TestProgram;
let reader: TestProgram;
let shop: string;
let member: string;

beforeAll(async () => {
  installation = await createInstallation();
  writer = await installation.start({ services: "commands" });
  reader = await installation.start({ services: "ledger" });
  shop = await defineProgramme(writer.api, "shop");
  [member] = (await enrolMany(writer.api, "shop", "member", 1)) as [string];
});

afterAll(async () => {
  await using _ = installation;
  await writer[Symbol.asyncDispose]();
  await reader[Symbol.asyncDispose]();
  expect([...writer.errors, ...reader.errors]).toEqual([]);
});

test("every query of the account answers about it at once", async () => {
  for (let i = 0; i < 8; i++) {
    // The reader has just looked, and knows the programme without it.
    await succeeds(reader.api.get(`${shop}/members/${member}/balance?currency=PTS`));
    const currency = `NEW${i}`;
    await succeeds(writer.api.put(`${shop}/currencies/${currency}`, { expiry: { kind: "never" } }));
    const query = ["balance", "lots", "statement", "events"][i % 4];
    const { body } = await succeeds(
      reader.api.get(`${shop}/members/${member}/${query}?currency=${currency}`),
    );
    expect(body.currency).toBe(currency);
  }
});

/** What a roll-forward cannot do without. */
const SPAN = "from=2026-01-01&to=2026-12-31&";

test.each(Object.values(reports))("$path has it, asked for or not", async ({ path, query }) => {
  const report = `${path.replace("{programme}", "shop")}?${"to" in query ? SPAN : ""}`;
  for (let i = 0; i < 3; i++) {
    await succeeds(reader.api.get(report));
    const currency = `${path
      .replace(/[^a-z]/g, "")
      .toUpperCase()
      .slice(-8)}${i}`;
    await succeeds(writer.api.put(`${shop}/currencies/${currency}`, { expiry: { kind: "never" } }));
    await succeeds(reader.api.get(`${report}currency=${currency}`));
    const fresh = `${currency}B`;
    await succeeds(writer.api.put(`${shop}/currencies/${fresh}`, { expiry: { kind: "never" } }));
    const earning = writer.api.post(
      `${shop}/members/${member}/earn`,
      { currency: fresh, points: "1" },
      fresh,
    );
    const { token } = (await succeeds(earning)).body;
    const { body } = await answered(() => reader.api.get(`${report}token=${token}`));
    expect(JSON.stringify(body)).toContain(`"currency":"${fresh}"`);
  }
});

test("a programme whose first currency it is answers without naming it", async () => {
  const first = "/v1/programmes/first";
  await succeeds(writer.api.put(first, { name: "first", zone: "Asia/Bangkok" }));
  const [one] = (await enrolMany(writer.api, "first", "member", 1)) as [string];
  expect((await reader.api.get(`${first}/members/${one}/balance`)).body.code).toBe("currency_unknown");
  await succeeds(writer.api.put(`${first}/currencies/ONLY`, { expiry: { kind: "never" } }));
  expect((await succeeds(reader.api.get(`${first}/members/${one}/balance`))).body.currency).toBe("ONLY");
});

test("a flood of unknown currencies is no flood of reads, and each one is looked for", async () => {
  await using testStore = await openTestStore();
  const store = faultyStore(testStore.store);
  await using service = await startService(testStore, { store });
  const api = service.api();
  const path = await defineProgramme(api, "flood");
  const [one] = (await enrolMany(api, "flood", "member", 1)) as [string];
  const { read } = store.trips;
  const began = performance.now();
  const codes = await Promise.all(
    Array.from({ length: 600 }, async (_, i) => {
      const earn = { currency: `NOT${i}`, points: "1" };
      return (await api.post(`${path}/members/${one}/earn`, earn, `k${i}`)).body.code;
    }),
  );
  expect(new Set(codes)).toEqual(new Set(["currency_unknown"]));
  // One look in 50 ms.
  expect(store.trips.read - read).toBeLessThanOrEqual(2 + (performance.now() - began) / 50);
});

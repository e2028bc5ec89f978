import { createHash } from "node:crypto";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { openPool } from "@taem/postgres";
import { Api } from "@taem/testing/api";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme } from "@taem/testing/programme";
import { expect, test } from "vitest";

// Failures: an upgrade locks out whoever has a key of before, or forgets what was done under it; or a row written into
// the old table afterwards becomes a key.

const SECRET = "ab".repeat(32);
const tokenOf = (id: string) => `taem_${id}_${SECRET}`;
const [EARLIER, FORGED] = ["0123456789abcdef", "fedcba9876543210"];

test("a key of before works on, and its retries match; a row that is written later is no key", async () => {
  await using installation = await createInstallation();
  const insert = async (id: string) => {
    await using database = openPool({ url: installation.url, max: 1, applicationName: "test" });
    await database.query(
      `INSERT INTO taem_auth.api_keys (key_id, secret_hash, name, scopes) VALUES ($1, $2, 'till', '{earn,read,admin}')`,
      [id, createHash("sha256").update(SECRET).digest()],
    );
  };
  // As the earlier program left it: the tables, and no name of the log.
  {
    await using first = await installation.start({ services: "ledger" });
    expect(first.errors).toEqual([]);
  }
  await insert(EARLIER as string);
  await using program = await installation.start();
  await defineProgramme(program.api, "shop");
  await using till = new Api(program.api.url, tokenOf(EARLIER as string));
  const enrolled = await till.post("/v1/programmes/shop/members", { externalId: "malee" });
  expect(enrolled.status).toBe(201);
  const path = "/v1/programmes/shop/members/ext:malee/earn";
  const earned = await till.post(path, { currency: "PTS", points: "5" }, "order 1");
  expect(earned.status).toBe(201);
  await using store = await openPostgresEventStore({ url: installation.url, max: 1 });
  const { events } = await store.readLog("", 1_000);
  const effect = events.find(({ type }) => type === "PointsEarned");
  expect(JSON.parse(effect?.data ?? "{}")).toMatchObject({
    key: { system: `api-${EARLIER}`, id: "order 1" },
  });

  await insert(FORGED as string);
  await using again = await installation.start();
  await using forged = new Api(again.api.url, tokenOf(FORGED as string));
  expect((await forged.get("/v1/programmes/shop")).status).toBe(401);
  await using kept = new Api(again.api.url, tokenOf(EARLIER as string));
  expect((await kept.get("/v1/programmes/shop")).status).toBe(200);
});

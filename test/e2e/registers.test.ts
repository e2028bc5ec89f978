import { Api } from "@taem/testing/api";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { defineProgramme, listed, succeeds } from "@taem/testing/programme";
import { afterAll, beforeAll, expect, test } from "vitest";

// What there is, to those who may see it: programmes and members.

let installation: TestInstallation;
let program: TestProgram;
let api: Api;
let shop: string;
let rival: string;
const undo = new AsyncDisposableStack();

beforeAll(async () => {
  installation = undo.use(await createInstallation());
  program = undo.use(await installation.start());
  api = program.api;
  shop = await defineProgramme(api, "shop");
  rival = await defineProgramme(api, "rival");
});
afterAll(() => undo.disposeAsync());

interface Item {
  readonly programme: string;
  readonly member: string;
}

const list = (path: string, caller = api) => listed<Item>(caller.get(path));

/** A caller bound to a programme, with these permissions. */
async function callerOf(programme: string, ...permissions: string[]): Promise<Api> {
  const { body } = await succeeds(api.post("/v1/clients", { name: "tenant", programme, permissions }));
  return undo.use(new Api(api.url, String(body.token)));
}

test("a caller sees the programmes that it reaches, and what they are", async () => {
  const all = await list("/v1/programmes?consistency=strong");
  expect(all.map(({ programme }) => programme)).toEqual(["rival", "shop"]);
  const { programme, id, name, zone, singleHanded, clock } = (await succeeds(api.get(shop)))
    .body as unknown as Record<string, unknown>;
  expect(all[1]).toEqual({ programme, id, name, zone, singleHanded, clock });
  const tenant = await callerOf("shop", "read");
  expect(await list("/v1/programmes", tenant)).toEqual([all[1]]);
  const nobody = await callerOf("nothing", "read");
  expect(await list("/v1/programmes", nobody)).toEqual([]);
});

test("members are listed to callers of their programme alone", async () => {
  await succeeds(api.post(`${rival}/members`, { externalId: "malee" }));
  const ids: string[] = [];
  for (const externalId of ["malee", "somchai", "ploy"])
    ids.push((await succeeds(api.post(`${shop}/members`, { externalId }))).body.member as string);
  const tenant = await callerOf("shop", "read");
  const members = await list(`${shop}/members?consistency=strong`, tenant);
  expect(members.map(({ member }) => member)).toEqual(ids.toSorted().toReversed());
  const elsewhere = await tenant.get(`${rival}/members`);
  expect([elsewhere.status, elsewhere.body.code]).toEqual([404, "programme_unknown"]);
  const till = await callerOf("shop", "earn", "burn");
  expect((await till.get(`${shop}/members`)).body.code).toBe("forbidden");
});

test("a member is found by the external id, at once, in its programme alone, and nothing stores it in clear", async () => {
  const externalId = "line:U0123-findable";
  const path = `members?externalId=${encodeURIComponent(externalId)}`;
  expect(await list(`${shop}/${path}`)).toEqual([]);
  const { body } = await succeeds(api.post(`${shop}/members`, { externalId }));
  expect(await list(`${shop}/${path}`)).toEqual([{ member: body.member, enrolledAt: expect.any(String) }]);
  expect(await list(`${rival}/${path}`)).toEqual([]);
  expect(await list(`${shop}/members?externalId=U0123`)).toEqual([]);
  const { database } = program.platform;
  const tables = await database.queryArrays<[string]>(
    `SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema LIKE 'taem%'`,
  );
  expect(tables.length).toBeGreaterThan(10);
  for (const [table] of tables) {
    const [row] = await database.queryArrays<[bigint]>(
      `SELECT count(*) FROM ${table} t WHERE t::text LIKE ANY ($1)`,
      [[externalId, Buffer.from(externalId).toString("hex")].map((text) => `%${text}%`)],
    );
    expect(Number(row?.[0]), table).toBe(0);
  }
});

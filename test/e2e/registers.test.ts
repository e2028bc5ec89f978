import { randomUUID } from "node:crypto";
import type { EventStore } from "@taem/event-store";
import { member as memberCategory, memberStream } from "@taem/member/events";
import { openPool } from "@taem/postgres";
import { codeReservations } from "@taem/programme/events";
import { encodeMeta, streamOf, UNIQUE } from "@taem/schema";
import { Api } from "@taem/testing/api";
import { createInstallation, type TestInstallation, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, listed, succeeds } from "@taem/testing/programme";
import { answered } from "@taem/testing/read-model";
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

/** Read models of lists, with a table of each. */
const LISTED = [
  ["taem_programmes", "programmes"],
  ["taem_members", "members"],
  ["taem_clients", "clients"],
  ["taem_people", "people"],
] as const;

interface Item {
  readonly programme: string;
  readonly member: string;
}

const list = (path: string, caller = api) => listed<Item>(caller.get(path));

async function idOf(path: string, caller: Api): Promise<string> {
  return ((await succeeds(caller.get(path))).body as unknown as { readonly id: string }).id;
}

/** Begins a stream in a slice, as another program might have. */
async function append(
  store: EventStore,
  stream: string,
  slice: number,
  event: { readonly type: string; readonly data: string },
): Promise<void> {
  const meta = encodeMeta(1, { actor: "another", correlation: "another" });
  const events = [{ id: randomUUID(), meta, ...event }];
  const [appended] = await store.append([{ stream, slice, expectedRevision: 0, events }]);
  expect(appended).toMatchObject({ ok: true });
}

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

test("programmes are listed page by page, by their codes", async () => {
  const pages: string[][] = [];
  for (let cursor = ""; ; ) {
    const { body } = await succeeds(api.get(`/v1/programmes?limit=1&consistency=strong${cursor}`));
    const { items, next } = body as unknown as { items: Item[]; next?: string };
    pages.push(items.map(({ programme }) => programme));
    if (next === undefined) break;
    cursor = `&cursor=${next}`;
  }
  expect(pages).toEqual([["rival"], ["shop"]]);
});

test("the event that reserves a programme's code makes no programme", async () => {
  const { store } = program.platform;
  const defined = { programme: randomUUID(), code: "reserved-only", name: "x", zone: "UTC", validFrom: 0 };
  const data = codeReservations.events.encode({ type: "ProgrammeDefined", ...defined });
  await append(store, streamOf(UNIQUE, randomUUID()), 7, { type: "ProgrammeDefined", data });
  const all = await list("/v1/programmes?consistency=strong");
  expect(all.map(({ programme }) => programme)).toEqual(["rival", "shop"]);
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

test("who is enrolled meanwhile moves nobody: each of those before is on one page, highest id first", async () => {
  const many = await defineProgramme(api, "many");
  const before = (await enrolMany(api, "many", "before", 8)).toSorted().toReversed();
  const seen: string[] = [];
  for (let cursor = "", page = 0; ; page++) {
    const path = `${many}/members?limit=3&consistency=strong${cursor}`;
    const { body } = await succeeds(api.get(path));
    const { items, next } = body as unknown as { items: Item[]; next?: string };
    expect(items.length).toBeLessThanOrEqual(3);
    seen.push(...items.map(({ member }) => member));
    if (next === undefined) break;
    cursor = `&cursor=${next}`;
    await enrolMany(api, "many", `meanwhile ${page}`, 1);
  }
  expect(seen).toEqual(before);
});

test("a cursor with an external id, and a programme that is not there, are refused", async () => {
  for (const externalId of ["one", "two"]) await succeeds(api.post(`${shop}/members`, { externalId }));
  const { body } = await succeeds(api.get(`${shop}/members?limit=1&consistency=strong`));
  const { next } = body as unknown as { next: string };
  expect((await api.get(`${shop}/members?externalId=one&cursor=${next}`)).body.code).toBe(
    "conflicting_fields",
  );
  expect((await api.get("/v1/programmes/nowhere/members")).body.code).toBe("programme_unknown");
});

test("a member is listed to whoever brings the token of what was done for it", async () => {
  const [member] = (await enrolMany(api, "shop", "with a token", 1)) as [string];
  const earn = { currency: "PTS", points: "1", source: { system: "pos", id: "token", leg: "main" } };
  const { body } = await succeeds(api.post(`${shop}/members/${member}/earn`, earn));
  const members = await list(`${shop}/members?token=${encodeURIComponent(String(body.token))}`);
  expect(members.map((one) => one.member)).toContain(member);
  const elsewhere = await api.get(`${rival}/members?token=${encodeURIComponent(String(body.token))}`);
  expect(elsewhere.body.code).toBe("malformed_token");
});

test("a member whose stream began in another slice is listed, and the rows are made anew the same", async () => {
  await using other = await createInstallation();
  await using running = await other.start();
  const { store } = running.platform;
  const path = await defineProgramme(running.api, "elsewhere");
  const programme = await idOf(path, running.api);
  const member = randomUUID();
  const data = memberCategory.events.encode({ type: "MemberEnrolled", programme, member, enrolledAt: 7 });
  await append(store, memberStream(member), 41, { type: "MemberEnrolled", data });
  const enrolledAt = "1970-01-01T00:00:00.007Z";
  const members = await listed(running.api.get(`${path}/members?consistency=strong`));
  expect(members).toEqual([{ member, enrolledAt }]);
  const { exitCode, out } = await runTool(["verify"], { DATABASE_URL: other.url });
  expect([exitCode, out]).toEqual([0, expect.stringContaining("members: row for row")]);
});

test("a member whose enrolment cannot be read is not listed, and the list and `verify` say so", async () => {
  await using other = await createInstallation();
  await using running = await other.start();
  const { api: caller, platform } = running;
  const one = await defineProgramme(caller, "one");
  const two = await defineProgramme(caller, "two");
  const id = await idOf(one, caller);
  const stream = memberStream(randomUUID());
  const data = `{"programme":"${id}","type":"no enrolment"}`;
  await append(platform.store, stream, 9, { type: "MemberEnrolled", data });
  const list = async (path: string) =>
    (await succeeds(caller.get(`${path}/members?consistency=strong`))).body;
  expect(await list(one)).toMatchObject({ items: [], parked: 1 });
  expect(await list(two)).toMatchObject({ items: [], parked: 0 });
  const { exitCode, out } = await runTool(["verify"], { DATABASE_URL: other.url });
  expect([exitCode, out]).toEqual([3, expect.stringContaining(`  ${stream} from event 1`)]);
});

test("a list that is new to an old log is no answer before it has what there was", async () => {
  await using other = await createInstallation();
  const members: string[] = [];
  {
    await using before = await other.start();
    await defineProgramme(before.api, "old");
    members.push(...(await enrolMany(before.api, "old", "member", 5)));
    await succeeds(before.api.get("/v1/programmes/old/members?consistency=strong"));
  }
  await using database = openPool({ url: other.url, max: 2, applicationName: "test" });
  for (const [schema, table] of LISTED) {
    await database.query(`DELETE FROM ${schema}.${table}`);
    await database.query(`UPDATE ${schema}.checkpoints SET position = '', landmark = NULL, events = 0`);
  }
  const paths = ["/v1/programmes", "/v1/programmes/old/members", "/v1/clients", "/v1/people"];
  await using undo = new AsyncDisposableStack();
  const { api: caller } = await database.transaction(async (sql) => {
    for (const [schema] of LISTED) await sql.query(`LOCK TABLE ${schema}.checkpoints IN EXCLUSIVE MODE`);
    const running = undo.use(await other.start());
    const answers = await Promise.all(paths.map((path) => running.api.get(path)));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      paths.map(() => [503, "read_model_behind"]),
    );
    return running;
  });
  for (const path of paths) await answered(() => caller.get(path));
  const found = await list("/v1/programmes/old/members", caller);
  expect(found.map(({ member }) => member)).toEqual(members.toSorted().toReversed());
});

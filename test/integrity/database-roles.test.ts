import { accountStream } from "@taem/ledger/events";
import { type Database, openPool } from "@taem/postgres";
import { openRolesApart, type RolesApart } from "@taem/testing/database-roles";
import { PROJECTIONS } from "@taem/testing/product";
import { startTestProgram, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { answered, outstandingOf } from "@taem/testing/read-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Failure: whoever takes over a service, or gets hold of its password, rewrites the log with the rights that made it.

const PTS = { currency: "PTS" };
/** insufficient_privilege */
const FORBIDDEN = "42501";

let roles: RolesApart;
let worker: Database;
let owner: Database;

beforeAll(async () => {
  roles = await openRolesApart();
  worker = openPool({ url: roles.workerUrl, max: 1, applicationName: "test" });
  owner = openPool({ url: roles.ownerUrl, max: 1, applicationName: "test" });
});

afterAll(async () => {
  await worker.close();
  await owner.close();
  await roles[Symbol.asyncDispose]();
});

const tool = (...args: string[]) => runTool(args, { DATABASE_URL: roles.workerUrl });
const migrate = (settings = {}) =>
  runTool(["migrate"], { DATABASE_URL: roles.workerUrl, TAEM_MIGRATION_URL: roles.ownerUrl, ...settings });
const done = { exitCode: 0, out: "the database is up to date\n", err: "" };

test("a database that nobody has migrated is refused by who may not, with what to do", async () => {
  for (const args of [["start"], ["verify"], ["migrate"]]) {
    const { exitCode, err } = await tool(...args);
    expect([exitCode, err]).toEqual([
      1,
      expect.stringMatching(/^taem: database_not_migrated: .*`taem migrate`/),
    ]);
  }
});

test.each<[string, () => Partial<Record<"DATABASE_URL" | "TAEM_MIGRATION_URL", string>>]>([
  ["is the same", () => ({ DATABASE_URL: roles.ownerUrl })],
  ["is a superuser", () => ({ DATABASE_URL: roles.url })],
  ["has what owns the tables", () => ({ DATABASE_URL: roles.ownerUrl, TAEM_MIGRATION_URL: roles.workerUrl })],
])("a role that %s is not apart, and nothing is made", async (_, settings) => {
  const { exitCode, err } = await migrate(settings());
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: roles_not_apart: .*a role of its own/)]);
  const { rows } = await owner.query("SELECT to_regclass('taem_migrations') AS made");
  expect(rows).toEqual([{ made: null }]);
});

test("what owns another database makes nothing there", async () => {
  const elsewhere = new URL(roles.url);
  elsewhere.pathname = "/postgres";
  const { exitCode, err } = await migrate({ TAEM_MIGRATION_URL: elsewhere.href });
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^taem: migration_elsewhere: .*the role alone/)]);
});

test("what owns a database, without which database that is, makes none", async () => {
  const { exitCode, err } = await runTool(["migrate"], { TAEM_MIGRATION_URL: roles.ownerUrl });
  expect([exitCode, err]).toEqual([2, expect.stringContaining("DATABASE_URL")]);
});

describe("with a role that owns nothing", () => {
  let program: TestProgram;

  beforeAll(async () => {
    expect(await migrate()).toEqual(done);
    program = await startTestProgram(roles.workerUrl);
  });

  afterAll(async () => {
    await program[Symbol.asyncDispose]();
  });

  test("a programme is run, read, verified, and its read models are made anew", async () => {
    const { api } = program;
    const shop = await defineProgramme(api, "shop");
    const [malee, somchai] = await enrolMany(api, "shop", "member", 2);
    await succeeds(api.post(`${shop}/members/${malee}/earn`, { ...PTS, points: "80" }, "e1"));
    const gift = { ...PTS, points: "30", to: somchai };
    const { token } = (await succeeds(api.post(`${shop}/members/${malee}/transfers`, gift, "t1"))).body;
    await succeeds(api.post(`${shop}/members/${malee}/burn`, { ...PTS, points: "4" }, "b1"));
    await answered(() => api.get(`${shop}/members/${malee}/balance?currency=PTS&token=${token}`));
    expect(await outstandingOf(api, "shop")).toBe(76n);
    for (const projection of PROJECTIONS) {
      expect((await tool("rebuild", projection)).exitCode, projection).toBe(0);
    }
    expect((await tool("verify")).exitCode).toBe(0);
    await succeeds(api.post(`${shop}/members/${malee}/burn`, { ...PTS, points: "1" }, "b2"));
    expect(await outstandingOf(api, "shop")).toBe(75n);
    expect(program.errors).toEqual([]);
  });

  test("what is parked is listed, and replayed", async () => {
    const { api } = program;
    const [member] = (await enrolMany(api, "shop", "parked", 1)) as [string];
    const path = `/v1/programmes/shop/members/${member}`;
    const earn = (key: string) => succeeds(api.post(`${path}/earn`, { ...PTS, points: "10" }, key));
    const { token } = (await earn("p1")).body;
    await answered(() => api.get(`${path}/balance?currency=PTS&token=${token}`));
    const move = "UPDATE taem_ledger.statement_lines SET revision = $3 WHERE member = $1 AND revision = $2";
    await worker.query(move, [member, 1, 2]);
    await earn("p2");
    const stream = accountStream(member, 1);
    await expect.poll(async () => (await tool("parked", "list")).out, { timeout: 60_000 }).toContain(stream);
    await worker.query(move, [member, 2, 1]);
    expect((await tool("parked", "replay", "ledger", stream)).exitCode).toBe(0);
  });

  test.each([
    "UPDATE taem_store.events SET data = data",
    "DELETE FROM taem_store.events",
    "TRUNCATE taem_store.events",
    "INSERT INTO taem_store.events SELECT * FROM taem_store.events LIMIT 1",
    "UPDATE taem_store.streams SET name = name",
    "DELETE FROM taem_store.streams",
    "INSERT INTO taem_store.streams (id, name, slice) VALUES (0, 'x', 0)",
    "ALTER TABLE taem_store.events DISABLE TRIGGER append_only",
    "DROP TRIGGER append_only ON taem_store.events",
    "CREATE TRIGGER mine BEFORE INSERT ON taem_store.events EXECUTE FUNCTION taem_store.refuse_change()",
    "CREATE RULE mine AS ON INSERT TO taem_store.events DO INSTEAD NOTHING",
    "ALTER TABLE taem_store.events ADD COLUMN mine text",
    "ALTER TABLE taem_store.events OWNER TO CURRENT_USER",
    "DROP TABLE taem_store.events",
    "DROP SCHEMA taem_store CASCADE",
    "ALTER SCHEMA taem_store RENAME TO mine",
    "CREATE TABLE taem_store.mine ()",
    "CREATE OR REPLACE FUNCTION taem_store.seal(digest bytea, \"position\" bigint, recorded_at bigint) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "SELECT nextval('taem_store.stream_ids')",
    "SET session_replication_role = replica",
    "UPDATE taem_migrations SET name = name",
    "DROP TABLE taem_queues.outbox",
    "TRUNCATE taem_installation.identity",
  ])("it cannot: %s", async (statement) => {
    await expect(worker.query(statement)).rejects.toMatchObject({ code: FORBIDDEN });
  });

  test("it works in the tables of a relay, which are made whatever the settings of who migrates", async () => {
    await worker.query("UPDATE taem_relay.state SET topic = topic");
    await expect(worker.query("TRUNCATE taem_relay.state")).rejects.toMatchObject({ code: FORBIDDEN });
  });

  test("it cannot become who owns the tables, nor end the database", async () => {
    await expect(worker.query(`SET ROLE ${roles.owner}`)).rejects.toMatchObject({ code: FORBIDDEN });
    const name = new URL(roles.url).pathname.slice(1);
    await expect(worker.query(`DROP DATABASE ${name}`)).rejects.toMatchObject({ code: FORBIDDEN });
  });

  test("what it puts in the way of the function that appends is not called", async () => {
    const undone = new Error("undone");
    const trial = worker.transaction(async (sql) => {
      await sql.query(`
        CREATE SCHEMA mine;
        CREATE FUNCTION mine.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT 'forged'::bytea $$;
        CREATE FUNCTION mine.floor(numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT 1::numeric $$;
        SET LOCAL search_path = mine, pg_catalog`);
      await sql.query(
        `SELECT taem_store.append('{mine}', '{1}', '{0}', '{1}', '{1}', '{1}', ARRAY[gen_random_uuid()], '{t}', '{d}', '{m}',
                                  ARRAY['\\x00'::bytea])`,
      );
      const { rows } = await sql.query(
        `SELECT digest = pg_catalog.sha256('\\x00'::bytea || int8send(position) || int8send(recorded_at)) AS sealed,
                recorded_at > 1e12 AS timely
           FROM taem_store.events ORDER BY position DESC LIMIT 1`,
      );
      expect(rows).toEqual([{ sealed: true, timely: true }]);
      throw undone;
    });
    await expect(trial).rejects.toBe(undone);
  });
});

test("a schema that is called as the owner of the tables leads it nowhere", async () => {
  await worker.query(`
    CREATE SCHEMA ${roles.owner};
    CREATE TABLE ${roles.owner}.taem_migrations (component text, version int, name text, checksum text)`);
  expect(await migrate()).toEqual(done);
  await worker.query(`DROP SCHEMA ${roles.owner} CASCADE`);
});

test("where one role did everything, another takes over what it works in, and nothing else", async () => {
  await using apart = await openRolesApart();
  {
    await using alone = await startTestProgram(apart.ownerUrl);
    const shop = await defineProgramme(alone.api, "shop");
    const [member] = await enrolMany(alone.api, "shop", "member", 1);
    await succeeds(alone.api.post(`${shop}/members/${member}/earn`, { ...PTS, points: "80" }, "e1"));
    expect(await outstandingOf(alone.api, "shop")).toBe(80n);
  }
  const environment = { DATABASE_URL: apart.workerUrl };
  expect((await runTool(["verify"], environment)).err).toMatch(/^taem: database_not_migrated/);
  // One start may do both.
  {
    await using both = await startTestProgram(apart.workerUrl, {
      environment: { TAEM_MIGRATION_URL: apart.ownerUrl },
    });
    expect(await outstandingOf(both.api, "shop")).toBe(80n);
  }
  expect((await runTool(["rebuild", "ledger"], environment)).exitCode).toBe(0);
  expect((await runTool(["verify"], environment)).exitCode).toBe(0);
});

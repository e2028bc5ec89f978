import { INSTALLATION_STREAM } from "@taem/host";
import { type Database, openPool } from "@taem/postgres";
import type { Environment } from "@taem/runtime";
import { startTestProgram, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, source, succeeds } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import {
  hmacKeyIn,
  logOf,
  openSite,
  SITES,
  type Site,
  secretsIn,
  startEarlierService,
} from "@taem/testing/site";
import { describe, expect, test } from "vitest";

// Failures: a lost database is made anew without a word, and with it the key that unique names in the log depend on: members
// are unknown and enrolled twice, keys are used twice. A database in front of the log of another installation.

const MALEE = "/v1/programmes/shop/members/ext:malee";
const EARN = { currency: "PTS", points: "80", source: source("receipt 1") };
const SERVICES = ["commands", "ledger", "scheduler"];
const TOOLS = [
  ["verify"],
  ["rebuild", "ledger"],
  ["export", "--canonical"],
  ["parked", "list"],
  ["client", "create", "--name", "x", "--permissions", "read"],
];

const start = (site: Site, services?: string, environment = {}): Promise<TestProgram> =>
  startTestProgram(site.databaseUrl, {
    environment: { ...site.environment, ...environment },
    ...(services !== undefined && { services }),
  });

/** A member with 80 points, under a key that is the programme's. */
async function trade({ api }: TestProgram): Promise<void> {
  await defineProgramme(api, "shop");
  await succeeds(api.put("/v1/programmes/shop/sources/pos", { keys: "programme" }));
  await succeeds(api.post("/v1/programmes/shop/members", { externalId: "malee" }));
  await succeeds(api.post(`${MALEE}/earn`, EARN));
  expect(await outstandingOf(api, "shop")).toBe(80n);
}

async function withDatabase<T>({ databaseUrl: url }: Site, use: (sql: Database) => Promise<T>): Promise<T> {
  await using database = openPool({ url, max: 1, applicationName: "test" });
  return await use(database);
}

/** Each start of the test makes a client of its own. */
function ofNoClient<E extends { readonly stream: string }>(events: readonly E[]): E[] {
  return events.filter(({ stream }) => !stream.startsWith("taem.client-"));
}

/** Every service and every command refuses with the code, says what to do, and writes nothing. */
async function expectRefused(site: Site, code: string, advice: RegExp, environment = {}): Promise<void> {
  const [before, key] = [await logOf(site), await hmacKeyIn(site).catch(() => "")];
  for (const services of SERVICES) {
    await expect(start(site, services, environment), services).rejects.toMatchObject({
      code,
      message: expect.stringMatching(advice),
    });
  }
  for (const tool of TOOLS) {
    const { exitCode, out, err } = await runTool(tool, { ...site.environment, ...environment });
    expect([exitCode, out, err]).toEqual([1, "", expect.stringMatching(`^taem: ${code}: `)]);
  }
  expect(await logOf(site)).toEqual(before);
  expect(await hmacKeyIn(site)).toBe(key);
}

describe.each(SITES)("with the log in %s", (name) => {
  test("a new log is named once, whoever comes first, and never tells the key", async () => {
    await using site = await openSite(name);
    const processes = await Promise.all([1, 2, 3].map(() => start(site, "commands")));
    const ids = new Set(processes.map(({ platform }) => platform.installation));
    await using program = processes[0] as TestProgram;
    for (const other of processes.slice(1)) await other[Symbol.asyncDispose]();
    await defineProgramme(program.api, "shop");
    const { events, name: said } = await logOf(site);
    expect(events.filter(({ stream }) => stream === INSTALLATION_STREAM)).toHaveLength(1);
    expect(events[0]?.stream).toBe(INSTALLATION_STREAM);
    expect([...ids]).toEqual([said?.installation]);
    const key = await hmacKeyIn(site);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(said?.keyCheck).not.toBe(key);
    expect(JSON.stringify(events)).not.toContain(key);
  });

  test("an empty database in front of a log takes it over with the key, and is refused without", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await trade(program);
    }
    const key = await hmacKeyIn(site);
    const before = await logOf(site);
    await site.restoreDatabase(undefined);
    await expectRefused(site, "hmac_key_missing", /restore the database .* TAEM_HMAC_KEY/);
    await expectRefused(site, "hmac_key_differs", /set TAEM_HMAC_KEY/, { TAEM_HMAC_KEY: "0".repeat(64) });

    const environment = { TAEM_HMAC_KEY: key };
    {
      await using program = await start(site, undefined, environment);
      const { api, platform } = program;
      expect(platform.installation).toBe(before.name?.installation);
      const { body } = await succeeds(api.get(`${MALEE}/balance?currency=PTS&consistency=strong`));
      expect(body.balance.available).toBe("80");
      const again = await api.post("/v1/programmes/shop/members", { externalId: "malee" });
      expect(again.status).toBe(200);
      expect((await succeeds(api.post(`${MALEE}/earn`, EARN))).body.replayed).toBe(true);
      expect(await outstandingOf(api, "shop")).toBe(80n);
    }
    expect((await runTool(["verify"], { ...site.environment, ...environment })).exitCode).toBe(0);
    expect(ofNoClient((await logOf(site)).events)).toEqual(ofNoClient(before.events));
    expect(JSON.stringify(await secretsIn(site))).not.toContain(key);
  });

  test("a database keeps a key that is brought no more than to know it again, and one that it had kept no longer", async () => {
    await using site = await openSite(name);
    const restart = async (environment: Environment) => {
      await using program = await start(site, undefined, environment);
      const { body } = await succeeds(program.api.get(`${MALEE}/balance?currency=PTS&consistency=strong`));
      expect(body.balance.available).toBe("80");
      return program.complaints.filter((line) => line.includes("keeps the HMAC key no longer"));
    };
    {
      await using program = await start(site);
      await trade(program);
    }
    const key = await hmacKeyIn(site);
    const brought = { TAEM_HMAC_KEY: key };
    await expectRefused(site, "hmac_key_differs", /set TAEM_HMAC_KEY/, { TAEM_HMAC_KEY: "0".repeat(64) });
    // Who only looks changes nothing.
    expect((await runTool(["verify"], { ...site.environment, ...brought })).exitCode).toBe(0);
    expect(await hmacKeyIn(site)).toBe(key);
    const backup = await site.backUpDatabase();
    expect(await restart(brought)).toHaveLength(1);
    const kept = await secretsIn(site);
    expect([Object.keys(kept), JSON.stringify(kept).includes(key)]).toEqual([["hmac-check"], false]);
    expect(await restart(brought)).toEqual([]);
    await expectRefused(site, "hmac_key_missing", /set TAEM_HMAC_KEY to that key/);
    await expectRefused(site, "hmac_key_differs", /set TAEM_HMAC_KEY/, { TAEM_HMAC_KEY: "0".repeat(64) });
    expect(await secretsIn(site)).toEqual(kept);
    // A backup of before has it.
    await site.restoreDatabase(backup);
    expect(await restart(brought)).toHaveLength(1);
    expect(await secretsIn(site)).toEqual(kept);
  });

  test("of processes that begin together, with a key and without, one key stands", async () => {
    await using site = await openSite(name);
    const key = "7".repeat(64);
    const starts = [{}, { TAEM_HMAC_KEY: key }, {}, { TAEM_HMAC_KEY: key }].map((environment) =>
      start(site, "commands", environment),
    );
    const begun = await Promise.allSettled(starts);
    const keys = new Set<string>();
    for (const one of begun) {
      if (one.status === "rejected") expect(one.reason.code).toMatch(/^hmac_key_(differs|missing)$/);
      else {
        keys.add(one.value.platform.hmacKey.export().toString("hex"));
        await one.value[Symbol.asyncDispose]();
      }
    }
    expect([keys.size, Object.keys(await secretsIn(site)).length]).toEqual([1, 1]);
  });

  test("a database and the log of another installation refuse each other", async () => {
    await using site = await openSite(name);
    await using other = await openSite(name);
    for (const one of [site, other]) {
      await using program = await start(one);
      await trade(program);
    }
    await site.restoreLog(await other.backUpLog());
    const { name: said } = await logOf(other);
    await expectRefused(
      site,
      "log_of_another_installation",
      new RegExp(`installation ${said?.installation}`),
    );
  });

  test("read models of another installation's log are refused, and verify calls them a difference", async () => {
    await using site = await openSite(name);
    await using other = await openSite(name);
    for (const one of [site, other]) {
      await using program = await start(one);
      await trade(program);
    }
    const ofOther = await withDatabase(other, (sql) =>
      sql.query<{ rows: string }>("SELECT json_agg(c)::text AS rows FROM taem_ledger.checkpoints c"),
    );
    await withDatabase(site, (sql) =>
      sql.query(
        `UPDATE taem_ledger.checkpoints c SET position = o.position, landmark = o.landmark
           FROM json_populate_recordset(NULL::taem_ledger.checkpoints, $1::json) o WHERE o.slice = c.slice`,
        [ofOther.rows[0]?.rows],
      ),
    );
    const code = expect.stringMatching(/^checkpoint_(not_in_log|beyond_head)$/);
    for (const services of [...SERVICES, undefined])
      await expect(start(site, services)).rejects.toMatchObject({ code });
    const { exitCode, out } = await runTool(["verify"], site.environment);
    expect([exitCode, out]).toEqual([
      3,
      expect.stringMatching(/^the log disagrees: checkpoint, ledger has read /),
    ]);
  });

  test("a database that has seen its log begin refuses an empty one", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await trade(program);
    }
    await site.restoreLog(undefined);
    await expectRefused(site, "log_lost", /restore the event store/);
  });

  test("a database that has lost whose it is says so, and writes nothing", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await trade(program);
    }
    {
      await using database = openPool({ url: site.databaseUrl, max: 1, applicationName: "test" });
      await database.query("TRUNCATE taem_installation.identity");
    }
    await expectRefused(site, "installation_lost", /restore it from a backup/);
  });

  test("a log of an earlier program gets its name at the next start, and only in front of its own database", async () => {
    await using site = await openSite(name);
    // A command that only reads makes the key, and gives no name.
    expect((await runTool(["parked", "list"], site.environment)).exitCode).toBe(0);
    {
      await using earlier = await startEarlierService(site);
      await defineProgramme(earlier.api(), "shop");
      await succeeds(earlier.api().post("/v1/programmes/shop/members", { externalId: "malee" }));
    }
    const { events } = await logOf(site);
    {
      await using _ledger = await start(site, "ledger");
    }
    const unnamed = await logOf(site);
    expect([ofNoClient(unnamed.events), unnamed.name]).toEqual([ofNoClient(events), undefined]);

    const database = await site.backUpDatabase();
    await site.restoreDatabase(undefined);
    await expectRefused(site, "log_unnamed", /start with the database that belongs to it/);
    await expectRefused(site, "log_unnamed", /belongs to it/, { TAEM_HMAC_KEY: "0".repeat(64) });
    await site.restoreDatabase(database);
    {
      await using program = await start(site, "commands");
      await succeeds(program.api.post(`${MALEE}/earn`, { currency: "PTS", points: "80" }, "e"));
    }
    const named = await logOf(site);
    expect(named.name?.installation).toMatch(/^[0-9a-f-]{36}$/);
    const [kept, next] = [ofNoClient(events), ofNoClient(named.events)];
    expect(next.slice(0, kept.length)).toEqual(kept);
    expect(next[kept.length]?.stream).toBe(INSTALLATION_STREAM);
  });
});

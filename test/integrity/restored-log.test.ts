import { systemClock } from "@taem/runtime";
import { dieAt } from "@taem/testing/commands-service";
import { losesAnswer } from "@taem/testing/faulty-store";
import { PROJECTIONS } from "@taem/testing/product";
import { startTestProgram, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, source, succeeds } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import { type LogBackup, logOf, openSite, SITES, type Site, startEarlierService } from "@taem/testing/site";
import { openLog } from "@taem/testing/test-store";
import { describe, expect, test } from "vitest";

// Failures: a log restored from an older backup, whose lost events read models go on showing, for ever and ready all the while;
// a process that writes it longer than it was, so that nobody sees that it is another; advice that does not help.

const MALEE = "/v1/programmes/shop/members/ext:malee";
const SERVICES = ["commands", "ledger", "scheduler", undefined];

const WAIT = { timeout: 60_000, interval: 50 };
/** Past the grace that whoever began a transfer has to end it. */
const LATER = { now: () => Date.now() + 60_000 };

const start = (site: Site, services?: string, clock = systemClock): Promise<TestProgram> =>
  startTestProgram(site.databaseUrl, {
    environment: site.environment,
    clock,
    ...(services !== undefined && { services }),
  });

async function open({ api }: TestProgram): Promise<void> {
  await defineProgramme(api, "shop");
  await succeeds(api.post("/v1/programmes/shop/members", { externalId: "malee" }));
}

async function earn({ api }: TestProgram, receipt: string, points: string): Promise<void> {
  await succeeds(api.post(`${MALEE}/earn`, { currency: "PTS", points, source: source(receipt) }));
}

/** So much is owed, and every projection has read that. */
async function expectRead(
  { api, platform }: TestProgram,
  points: bigint,
  projections: readonly string[] = PROJECTIONS,
): Promise<void> {
  expect(await outstandingOf(api, "shop")).toBe(points);
  const head = await platform.store.head();
  for (const name of projections) {
    const read = async () => {
      const [row] = await platform.database.queryArrays<[string]>(
        `SELECT min(position) FROM taem_${name}.checkpoints`,
      );
      return row?.[0];
    };
    await expect.poll(read, { timeout: 60_000, interval: 20 }).toBe(head);
  }
}

/** Leaves a transfer of malee's to somchai half done: whoever began it died when the points had left. */
async function beginTransfer(site: Site, points: string): Promise<void> {
  await using store = await openLog(site.environment);
  const gift = { currency: "PTS", points, to: "ext:somchai" };
  const grounds = { url: site.databaseUrl, environment: site.environment, store };
  await dieAt(1, losesAnswer, grounds, (by) => by.post(`${MALEE}/transfers`, gift, "gift"));
}

async function available({ api }: TestProgram, consistency: "eventual" | "strong"): Promise<string> {
  const path = `${MALEE}/balance?currency=PTS&consistency=${consistency}`;
  return (await succeeds(api.get(path))).body.balance.available;
}

/** Read model and log say the same of malee, and of all, and `verify` says so too. */
async function expectBalance(site: Site, points: string, outstanding = points): Promise<void> {
  {
    await using program = await start(site);
    expect(await outstandingOf(program.api, "shop")).toBe(BigInt(outstanding));
    expect(await available(program, "eventual")).toBe(points);
    expect(await available(program, "strong")).toBe(points);
  }
  const verified = await runTool(["verify"], site.environment);
  expect([verified.exitCode, verified.out]).toEqual([
    0,
    expect.stringContaining("agree with the read models"),
  ]);
}

/** What `verify` lists of them, whatever becomes of the log, and ends with 0 all the same. */
async function expectLossesListed({ environment }: Site, since: number): Promise<void> {
  const { exitCode, out } = await runTool(["verify"], environment);
  const accepted = [
    ...out.matchAll(/^accepted on (\S+): (\w+) had read up to (\S+), and the log ended at (\S+)$/gm),
  ];
  expect(accepted.map(([, , name]) => name)).toEqual(PROJECTIONS);
  for (const [, at = "", , read = "", head = ""] of accepted) {
    expect(Date.parse(at)).toBeGreaterThan(since - 60_000);
    expect([read, head]).toEqual([expect.stringMatching(/^\d+/), expect.stringMatching(/^\d+/)]);
  }
  expect(exitCode).toBe(0);
}

/** Nothing starts, `verify` calls it a difference, and what the refusal advises puts it right. */
async function expectRefusedAndMended(site: Site, code: string): Promise<void> {
  for (const services of SERVICES) {
    await expect(start(site, services), services ?? "all").rejects.toMatchObject({
      code,
      message: expect.stringMatching(
        /newest backup .*`taem rebuild [a-z]+ --expect-changes --accept-lost-events`/,
      ),
    });
  }
  const { environment } = site;
  const verified = await runTool(["verify"], environment);
  expect([verified.exitCode, verified.out]).toEqual([
    3,
    expect.stringMatching(`disagrees: checkpoint, .*${code}`),
  ]);
  const equal = await runTool(["rebuild", "ledger"], environment);
  expect([equal.exitCode, equal.err]).toEqual([
    1,
    expect.stringContaining(`taem: ${code}: ledger has read `),
  ]);
  const before = Date.now();
  for (const name of PROJECTIONS) {
    // Only the one that was rebuilt is put right.
    await expect(start(site, "commands")).rejects.toMatchObject({ code });
    const change = ["rebuild", name, "--expect-changes", "--yes"];
    const unasked = await runTool(change, environment);
    expect([unasked.exitCode, unasked.err]).toEqual([1, expect.stringContaining(`taem: ${code}: ${name} `)]);
    const rebuilt = await runTool([...change, "--accept-lost-events"], environment);
    expect([rebuilt.exitCode, rebuilt.out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`${name} had read up to \\d.*given up[^]*have taken over`)),
    ]);
  }
  await expectLossesListed(site, before);
}

describe.each(SITES)("with the log in %s", (name) => {
  test("a log that ends before what was read of it is refused by all, and read models are made of what is left", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await open(program);
      await earn(program, "kept", "500");
      await expectRead(program, 500n);
    }
    const backup = await site.backUpLog();
    {
      await using program = await start(site);
      await earn(program, "lost", "300");
      await expectRead(program, 800n);
    }
    await site.restoreLog(backup);
    await expectRefusedAndMended(site, "checkpoint_beyond_head");
    await expectBalance(site, "500");
    {
      await using program = await start(site);
      await earn(program, "lost", "300");
    }
    await expectBalance(site, "800");
  });

  test("one that has gone on without what was read of it is refused by all, however long it is", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await open(program);
      await earn(program, "kept", "500");
      await expectRead(program, 500n);
    }
    const before = { log: await site.backUpLog(), database: await site.backUpDatabase() };
    {
      await using program = await start(site);
      await earn(program, "lost", "300");
      await expectRead(program, 800n);
    }
    const after = await site.backUpDatabase();
    await site.restoreDatabase(before.database);
    await site.restoreLog(before.log);
    {
      await using program = await start(site, "commands");
      for (const points of [1, 2, 3, 4]) await earn(program, `other ${points}`, String(points));
    }
    await site.restoreDatabase(after);
    await expectRefusedAndMended(site, "checkpoint_not_in_log");
    await expectBalance(site, "510");
  });

  test("a transfer whose second leg was lost with the log is ended once more", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site, "commands,ledger");
      await open(program);
      await succeeds(program.api.post("/v1/programmes/shop/members", { externalId: "somchai" }));
      await earn(program, "kept", "500");
      await expectRead(program, 500n, ["ledger"]);
    }
    await beginTransfer(site, "60");
    const backup = await site.backUpLog();
    const arrived = async ({ api }: TestProgram) => {
      const path = "/v1/programmes/shop/members/ext:somchai/balance?currency=PTS&consistency=strong";
      await expect.poll(async () => (await api.get(path)).body.balance.book, WAIT).toBe("60");
    };
    {
      await using program = await start(site, undefined, LATER);
      await arrived(program);
      await expectRead(program, 500n);
    }
    await site.restoreLog(backup);
    await expectRefusedAndMended(site, "checkpoint_beyond_head");
    {
      await using program = await start(site, undefined, LATER);
      await arrived(program);
    }
    await expectBalance(site, "440", "500");
  });

  test("a database that is older than the log catches up", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await open(program);
      await earn(program, "one", "500");
      await expectRead(program, 500n);
    }
    const backup = await site.backUpDatabase();
    {
      await using program = await start(site);
      await earn(program, "two", "300");
      await expectRead(program, 800n);
    }
    await site.restoreDatabase(backup);
    await expectBalance(site, "800");
  });

  test("checkpoints that an earlier program kept are still compared, and kept better from then on", async () => {
    await using site = await openSite(name);
    {
      await using program = await start(site);
      await open(program);
      await earn(program, "one", "500");
      await expectRead(program, 500n);
      for (const projection of PROJECTIONS)
        await program.platform.database.query(
          `ALTER TABLE taem_${projection}.checkpoints DROP COLUMN landmark`,
        );
    }
    const backup = await site.backUpLog();
    {
      await using program = await start(site);
      await earn(program, "two", "300");
      await expectRead(program, 800n);
    }
    await site.restoreLog(backup);
    await expectRefusedAndMended(site, "checkpoint_beyond_head");
    await expectBalance(site, "500");
  });
});

test.each(SITES)(
  "an older log of an earlier program, in front of a newer database in %s, is refused before it gets a name",
  async (name) => {
    await using site = await openSite(name);
    // A command that only reads makes the key, and names nothing.
    expect((await runTool(["parked", "list"], site.environment)).exitCode).toBe(0);
    let backup: LogBackup;
    {
      await using earlier = await startEarlierService(site);
      const api = earlier.api();
      await defineProgramme(api, "shop");
      await succeeds(api.post("/v1/programmes/shop/members", { externalId: "malee" }));
      backup = await site.backUpLog();
      await succeeds(api.post(`${MALEE}/earn`, { currency: "PTS", points: "500", source: source("lost") }));
      await using ledger = await start(site, "ledger");
      expect(await outstandingOf(ledger.api, "shop")).toBe(500n);
    }
    await site.restoreLog(backup);
    const before = await logOf(site);
    expect(before.name).toBeUndefined();
    for (const services of ["commands", "scheduler", undefined])
      await expect(start(site, services)).rejects.toMatchObject({ code: "checkpoint_beyond_head" });
    const tool = ["client", "create", "--name", "x", "--permissions", "read"];
    const { exitCode, err } = await runTool(tool, site.environment);
    expect([exitCode, err]).toEqual([1, expect.stringContaining("taem: checkpoint_beyond_head: ")]);
    expect(await logOf(site)).toEqual(before);
  },
);

test("a projector whose log is replaced while it runs is not ready, and goes on when the right one is back", async () => {
  await using site = await openSite("EventStoreDB");
  await using program = await start(site);
  const isReady = async () => (await fetch(`${program.api.url}/health/ready`)).ok;
  await open(program);
  await earn(program, "kept", "500");
  const older = await site.backUpLog();
  await earn(program, "lost", "300");
  await expectRead(program, 800n);
  expect(await isReady()).toBe(true);
  const newer = await site.backUpLog();
  await site.restoreLog(older);
  await expect.poll(isReady, { timeout: 60_000, interval: 100 }).toBe(false);
  await site.restoreLog(newer);
  await expect.poll(isReady, { timeout: 60_000, interval: 100 }).toBe(true);
  await expectRead(program, 800n);
});

test.each(SITES)(
  "with the log in %s, a process that takes commands writes on no log that was replaced while it runs",
  async (name) => {
    await using site = await openSite(name);
    let older: LogBackup;
    {
      await using program = await start(site);
      await open(program);
      await earn(program, "kept", "500");
      older = await site.backUpLog();
      await earn(program, "lost", "300");
      await expectRead(program, 800n);
    }
    await using commands = await start(site, "commands");
    const isReady = async () => (await fetch(`${commands.api.url}/health/ready`)).ok;
    await earn(commands, "lost too", "40");
    const newer = await site.backUpLog();
    await site.restoreLog(older);
    await expect.poll(isReady, { timeout: 60_000, interval: 100 }).toBe(false);
    const before = await logOf(site);
    const body = { currency: "PTS", points: "1", source: source("in vain") };
    for (const path of [`${MALEE}/earn`, `${MALEE}/burn`]) {
      const { status, body: problem } = await commands.api.post(path, body);
      expect([status, problem.code]).toEqual([503, "unavailable"]);
    }
    expect(await logOf(site)).toEqual(before);
    await site.restoreLog(newer);
    // It remembers accounts of the other log: only a restart helps, and it says so.
    const again = { currency: "PTS", points: "1", source: source("again") };
    expect((await commands.api.post(`${MALEE}/earn`, again)).status).toBe(503);
    expect((await fetch(`${commands.api.url}/health/live`)).ok).toBe(false);
    await using restarted = await start(site, "commands");
    expect((await succeeds(restarted.api.post(`${MALEE}/earn`, again))).body.balance.book).toBe("841");
  },
);

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openPool, startEmbeddedPostgres } from "@taem/postgres";
import type { Projector } from "@taem/processing";
import { startTestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { expectAgreement } from "@taem/testing/read-model";
import { expect, test } from "vitest";

// Failure: read models do not wait for the disk, so a crash of the database takes back what a process knows to be written; a query
// with the token of an acknowledged command is answered from rows without it.

const PTS = { currency: "PTS" };
const WAIT = { timeout: 30_000, interval: 50 };

/** The server's processes, by what they do. */
async function processesOf(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.queryArrays<[string, number]>(
    "SELECT backend_type, pid FROM pg_stat_activity WHERE backend_type IN ('walwriter', 'checkpointer', 'background writer')",
  );
  return new Map(rows);
}

test("what a crash of the database took back from read models no query with a token is answered without", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "taem-crash-"));
  let server = await startEmbeddedPostgres({ dataDir });
  const port = Number(new URL(server.url).port);
  try {
    await using program = await startTestProgram(server.url, { services: "commands,ledger" });
    const { api } = program;
    const shop = await defineProgramme(api, "shop");
    const [member] = (await enrolMany(api, "shop", "member", 1)) as [string];
    const path = `${shop}/members/${member}`;
    await succeeds(api.post(`${path}/earn`, { ...PTS, points: "100", source: source("before") }));
    const ledger = program.projectors.get("ledger") as Projector;
    const { database, store } = program.platform;

    // Nobody brings to the disk what nobody waits for.
    const writers = await processesOf(database);
    for (const pid of writers.values()) process.kill(pid, "SIGSTOP");
    const { token } = (
      await succeeds(api.post(`${path}/earn`, { ...PTS, points: "7", source: source("lost") }))
    ).body;
    const balance = () => api.get(`${path}/balance?currency=PTS&token=${encodeURIComponent(token)}`);
    expect((await succeeds(balance())).body.balance.book).toBe("107");
    // What it knows by now is all it knows: it finds nothing out by looking.
    await ledger.pause();
    const [row] = await database.queryArrays<[string]>("SELECT pg_read_file('postmaster.pid')");
    process.kill(Number.parseInt(row?.[0] ?? "", 10), "SIGQUIT");
    for (const pid of writers.values()) process.kill(pid, "SIGKILL");
    server = await startEmbeddedPostgres({ dataDir, port });

    await using other = openPool({ url: server.url, max: 1, applicationName: "test" });
    const head = await store.head();
    const lost = "SELECT slice FROM taem_ledger.checkpoints WHERE position < $1";
    expect(await other.queryArrays(lost, [head]), "the crash has lost something").not.toEqual([]);
    const asked = [
      `${path}/balance?currency=PTS`,
      `${path}/lots?currency=PTS`,
      `${path}/statement?currency=PTS`,
      `${shop}/trial-balance?currency=PTS`,
      `${shop}/holds?currency=PTS`,
      `${shop}/sources?`,
      `${shop}/approvals?`,
    ];
    for (const each of asked) {
      const { status, body } = await api.get(`${each}&token=${encodeURIComponent(token)}`);
      expect([each, status, body.code]).toEqual([each, 503, "read_model_behind"]);
    }
    ledger.resume();
    await expect.poll(async () => (await balance()).status, WAIT).toBe(200);
    expect((await balance()).body.balance.book).toBe("107");
    await expectAgreement(server.url);
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true });
  }
});

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { startEmbeddedPostgres } from "@taem/postgres";
import type { Answer, Api } from "@taem/testing/api";
import { audit, underWay } from "@taem/testing/auditor";
import { startService } from "@taem/testing/commands-service";
import { startTestProgram } from "@taem/testing/program";
import { defineProgramme, enrolMany, seeded, source, succeeds } from "@taem/testing/programme";
import { expectAgreement, outstandingOf } from "@taem/testing/read-model";
import { wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

// Failures: a restart or a crash of the database under load loses or doubles commands, leaves the service dead, or the
// read models, which do not wait for the disk, short of rows.

const PTS = { currency: "PTS" };
const LANES = 16;
const COMMANDS = 1_600;

/** What a caller may be told while the database is away; all of it says to repeat. */
const TRANSIENT = new Set(["unavailable", "outcome_unknown", "overloaded", "conflict_retry_exhausted"]);

/** Repeats with the same key until there is an answer. */
async function persist(attempt: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await attempt();
    if (answer.status < 300) return answer;
    expect(TRANSIENT).toContain(answer.body.code);
    expect(answer.body.retryable).toBe(true);
  }
}

/** Counts, and lets others wait for a count. */
class Progress {
  #count = 0;
  readonly #waiting = new Map<number, () => void>();

  add(): void {
    this.#waiting.get(++this.#count)?.();
  }

  reaches(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(count, resolve);
    });
  }
}

test("a database stopped and crashed under load: every command once, and service goes on", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "taem-restart-"));
  let server = await startEmbeddedPostgres({ dataDir });
  const port = Number(new URL(server.url).port);
  const crash = async () => {
    const pid = Number.parseInt(await readFile(join(dataDir, "cluster", "postmaster.pid"), "utf8"), 10);
    process.kill(pid, "SIGQUIT");
    server = await startEmbeddedPostgres({ dataDir, port });
  };
  const restart = async () => {
    await server.stop();
    server = await startEmbeddedPostgres({ dataDir, port });
  };
  try {
    // The whole program with its read models and scheduler, and another instance of the commands service.
    await using here = await startTestProgram(server.url);
    const { store } = here.platform;
    await using another = await openPostgresEventStore({ url: server.url });
    await using there = await startService({ url: server.url, store: another });
    const apis = [here.api, there.api()] as [Api, Api];
    const shop = await defineProgramme(apis[0], "shop");
    const members = await enrolMany(apis[0], "shop", "member", 30);
    for (const member of members) {
      const seed = { ...PTS, points: "1000000", source: source("seed") };
      await succeeds(apis[0].post(`${shop}/members/${member}/earn`, seed));
    }

    const progress = new Progress();
    const random = seeded(5);
    let expected = 30n * 1_000_000n;
    const send = async (i: number) => {
      const points = String(1 + random(9));
      const member = members[random(30)] as string;
      const to = members[(members.indexOf(member) + 1) % 30];
      const kind = random(3);
      const path = `${shop}/members/${member}/${["earn", "burn", "transfers"][kind]}`;
      expected += BigInt(points) * ([1n, -1n, 0n][kind] as bigint);
      const body = { ...PTS, points, source: source(`c${i}`), ...(kind === 2 ? { to } : {}) };
      await persist(() => (apis[i % 2] as Api).post(path, body));
      progress.add();
    };
    const troubles = [crash, restart, crash].map(async (trouble, i) => {
      await progress.reaches(Math.floor((COMMANDS * (i + 1)) / 4));
      await trouble();
    });
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let i = lane; i < COMMANDS; i += LANES) await send(i);
    });
    await Promise.all([...lanes, ...troubles]);

    const books = audit(await wholeLog(store));
    for (let i = 0; i < COMMANDS; i++) expect(books.effects.get(`pos c${i} main`), `command ${i}`).toBe(1);
    expect(underWay(books)).toBe(0n);
    const total = [...books.accounts.values()].reduce((sum, { book }) => sum + book, 0n);
    expect(total).toBe(expected);
    expect(await outstandingOf(here.api, "shop")).toBe(total);
    await expectAgreement(server.url);
    expect([...here.errors, ...there.errors]).toEqual([]);
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true });
  }
});

import type { Database } from "@taem/postgres";
import { createLogger, createMetrics } from "@taem/runtime";
import { expect, test } from "vitest";
import { vouchers } from "../src/contract/stamp-cards.ts";
import { createReactionRunner, done, ensureSchema, migrateQueues } from "../src/index.ts";
import { openInstallation } from "./support/installation.ts";

const NEVER = 2 ** 30;
const SOON = { timeout: 30_000 };

test("what a timer sends is delivered at once, though the outbox was found empty a moment ago", async () => {
  await using installation = await openInstallation();
  const { database } = installation;
  await migrateQueues(database);
  await ensureSchema(database, vouchers.projection);
  const [asked, delivered]: [string[], unknown[]] = [[], []];
  const runner = createReactionRunner({
    reactor: vouchers,
    database,
    logger: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics(),
    clock: { now: () => 0 },
    // The timers are looked at again as soon as they have been sent, and then not for days.
    pollMs: NEVER,
    now: async (scope) => {
      asked.push(scope);
      // Let the outbox be looked at first, and found empty.
      await expect.poll(() => looked(database), SOON).toBe(true);
      return 10;
    },
    deliver: async ({ command, key }) => {
      delivered.push([key, command.type]);
      return done();
    },
  });
  await setTimer(database);
  runner.start();
  await expect.poll(() => delivered, SOON).toEqual([["k", "ExpireVoucher"]]);
  expect(asked).toEqual(["s"]);
  await runner.stop();
});

test("timers become due by the servers' clock, where nobody has told of another", async () => {
  await using installation = await openInstallation();
  const { database } = installation;
  await migrateQueues(database);
  await ensureSchema(database, vouchers.projection);
  await setTimer(database);
  const delivered: string[] = [];
  let now = 9;
  const runner = createReactionRunner({
    reactor: vouchers,
    database,
    logger: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics(),
    clock: { now: () => now },
    pollMs: 10,
    deliver: async ({ key }) => {
      delivered.push(`${key} at ${now}`);
      return done();
    },
  });
  runner.start();
  await expect.poll(() => looked(database), SOON).toBe(true);
  now = 10;
  await expect.poll(() => delivered, SOON).toEqual(["k at 10"]);
  await runner.stop();
});

/** One of the scope s, due at 10. */
async function setTimer(database: Pick<Database, "query">): Promise<void> {
  const body = vouchers.commands.encode({ type: "ExpireVoucher", card: "c", round: 1 });
  const meta = vouchers.commands.encodeMeta("ExpireVoucher", { actor: "test", correlation: "test" });
  await database.query(
    "INSERT INTO taem_vouchers.timers VALUES (3, 'k', 's', 10, '', 'l', 'ExpireVoucher', $1, $2)",
    [body, meta],
  );
}

/** Whether a connection has looked for something due in the outbox. */
async function looked(database: { query: (sql: string) => Promise<{ rowCount: number }> }): Promise<boolean> {
  const { rowCount } = await database.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%generate_series(0, 63)%' AND pid <> pg_backend_pid()",
  );
  return rowCount > 0;
}

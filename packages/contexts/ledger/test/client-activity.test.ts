import { principalOf } from "@taem/kernel";
import { decodeMeta } from "@taem/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountEventOf } from "../src/verify/replay.ts";
import { Installation } from "./support/installation.ts";

// What each client did on a day, under which source system: it says which systems are in use, whoever has declared them.

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(31);
  await installation.populate(40, 1_500, 60);
  await installation.project();
}, 120_000);
afterAll(() => installation[Symbol.asyncDispose]());

interface Done {
  commands: number;
  earned: bigint;
}

/** From the events alone: by system and principal. */
async function expected(): Promise<Map<string, Done>> {
  const done = new Map<string, Done>();
  for (let after = ""; ; ) {
    const page = await installation.store.readLog(after, 2_000);
    if (page.events.length === 0) return done;
    for (const record of page.events) {
      const event = accountEventOf(record);
      if (event === undefined || !("fingerprint" in event)) continue;
      const of = `${event.key.system} ${principalOf(decodeMeta(record.meta).actor)}`;
      const before = done.get(of) ?? { commands: 0, earned: 0n };
      done.set(of, {
        commands: before.commands + ((event.part?.index ?? 1) === 1 ? 1 : 0),
        earned: before.earned + (event.type === "PointsEarned" ? event.lot.amount : 0n),
      });
    }
    after = page.next;
  }
}

test("commands and points of each client under each system are those of the events", async () => {
  const { rows } = await installation.database.query<{
    of: string;
    commands: bigint;
    earned: string;
  }>(
    `SELECT system || ' ' || principal AS of, sum(commands)::bigint AS commands, sum(earned)::text AS earned
       FROM taem_ledger.client_activity GROUP BY 1`,
  );
  const found = new Map(
    rows.map(({ of, commands, earned }) => [of, { commands: Number(commands), earned: BigInt(earned) }]),
  );
  expect(found).toEqual(await expected());
  expect(found.size).toBeGreaterThan(0);
});

test("a row that somebody has changed is found by verify, and named", async () => {
  await installation.database.query(
    `UPDATE taem_ledger.client_activity SET earned = earned + 1
      WHERE ctid = (SELECT ctid FROM taem_ledger.client_activity LIMIT 1)`,
  );
  expect(await installation.verify()).toMatchObject({
    ok: false,
    discrepancy: { check: "activity", where: expect.stringContaining(": earned") },
  });
});

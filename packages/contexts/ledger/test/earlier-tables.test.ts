import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedgerProjection } from "../src/read-model/ledger-projection.ts";
import { Installation } from "./support/installation.ts";

// Tables that an earlier version made, with other columns, without a table that there is now, and with one that is elsewhere now.

const { name, version } = createLedgerProjection({ store: { read: async () => [] } });
const EARLIER = [
  "ALTER TABLE taem_ledger.checkpoints DROP COLUMN landmark",
  "DROP TABLE taem_ledger.client_activity",
  "CREATE TABLE taem_ledger.members (slice smallint, member uuid)",
  "INSERT INTO taem_ledger.members VALUES (1, gen_random_uuid())",
  "ALTER TABLE taem_ledger.adjustments DROP COLUMN expires_at, ADD COLUMN was varchar DEFAULT 'old'",
  `UPDATE taem_ledger.definition SET version = ${version - 1}`,
];

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.open(7);
  await installation.populate(12, 300, 60);
  await installation.project();
  await installation.stop();
  for (const change of EARLIER) await installation.database.query(change);
}, 60_000);
afterAll(() => installation[Symbol.asyncDispose]());

test("are refused with what to do, and after it all is there", async () => {
  await expect(installation.start()).rejects.toMatchObject({
    code: "projection_outdated",
    message: expect.stringContaining(`run \`taem rebuild ${name} --expect-changes\``),
  });
  expect(await installation.rebuild({ expect: "changes" })).toMatchObject({ outcome: "declined" });
  const outcome = await installation.rebuild({ expect: "changes", confirm: async () => true });
  expect(outcome).toMatchObject({ outcome: "taken_over" });
  const changes = "changes" in outcome ? outcome.changes : [];
  expect(changes.map(({ table }) => table)).toEqual(["adjustments", "client_activity"]);
  const [activity] = changes.filter(({ table }) => table === "client_activity");
  expect(activity).toMatchObject({ removed: 0, added: expect.any(Number), changed: 0 });
  expect(activity?.added).toBeGreaterThan(0);
  const { rows } = await installation.database.query("SELECT to_regclass('taem_ledger.members') AS gone");
  expect(rows).toEqual([{ gone: null }]);
  expect(await installation.verify()).toMatchObject({ ok: true });
  await installation.start();
});

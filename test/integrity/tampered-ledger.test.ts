import { createTestDatabase } from "@taem/postgres/testing";
import { startTestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import { expect, test } from "vitest";

// Failures: a balance changed, a statement line deleted or forged, a posting moved to another day or a stored event
// altered by SQL that nobody notices.

const PTS = { currency: "PTS" };
const DIFFERS = 3;

const TAMPERINGS = {
  "a balance changed": [
    ["UPDATE taem_ledger.balances SET book = book + 1"],
    /: balance, .*expected 100, found 101/,
  ],
  "a statement line deleted": [
    ["DELETE FROM taem_ledger.statement_lines"],
    /: statement, account .* event 1 at \d+: expected a row, found no row/,
  ],
  "a statement line forged": [
    [
      "UPDATE taem_ledger.statement_lines SET external_id = 'FORGED', amount = amount + 1000, reason = 'gift', effective_at = 1",
    ],
    /: statement, account .* event 1 at \d+: effective_at: expected \d+, found 1/,
  ],
  "a posting moved to another day": [
    ["UPDATE taem_ledger.postings SET effective_at = effective_at + 3456000000"],
    /: posting, posting 0 at \d+: effective_at: expected/,
  ],
  "a stored event altered": [
    [
      "ALTER TABLE taem_store.events DISABLE TRIGGER USER",
      `UPDATE taem_store.events SET data = replace(data, '"till 7"', '"till 8"') WHERE data LIKE '%"till 7"%'`,
    ],
    /: event_altered, position \d+ of the log, PointsEarned, event 1 of taem.account-(\S{36})-1, member \1: /,
  ],
} as const;

test.each(Object.entries(TAMPERINGS))(
  "verify and rebuild fail on %s, and name it",
  async (_, [statements, what]) => {
    await using database = await createTestDatabase();
    const environment = { DATABASE_URL: database.url };
    {
      await using program = await startTestProgram(database.url);
      const shop = await defineProgramme(program.api, "shop");
      const [member] = (await enrolMany(program.api, "shop", "member", 1)) as [string];
      await succeeds(
        program.api.post(`${shop}/members/${member}/earn`, {
          ...PTS,
          points: "100",
          source: source("till 7"),
        }),
      );
      expect(await outstandingOf(program.api, "shop")).toBe(100n);
      for (const statement of statements) await program.platform.database.query(statement);
    }
    const verified = await runTool(["verify"], environment);
    expect([verified.exitCode, verified.out]).toEqual([DIFFERS, expect.stringMatching(what)]);
    const rebuilt = await runTool(["rebuild", "ledger", "--expect-equal"], environment);
    expect([rebuilt.exitCode, rebuilt.out]).toEqual([DIFFERS, expect.stringContaining("first difference: ")]);
    expect(rebuilt.out).toContain("--expect-changes reports them");
  },
);

import { createClient } from "@taem/client";
import { clientKey } from "@taem/testing/client-key";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme, succeeds } from "@taem/testing/programme";
import { expect, test } from "vitest";
import { financeReport } from "../src/finance-report.ts";

// Failure: from midnight in Bangkok until midnight in London the roll-forward lacks the day, and does not close at what is owed.

test("the roll-forward of the report ends on the programme's own day, and closes at what the trial balance owes", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start();
  const { api, platform } = program;
  // Three in the morning of the eleventh in Bangkok.
  const clock = { mode: "replay", at: "2026-03-10T20:00:00Z" };
  const shop = await defineProgramme(api, "shop", { clock });
  await succeeds(api.post(`${shop}/members`, { externalId: "malee" }));
  for (const [id, occurredAt, points] of [
    ["yesterday", "2026-03-10T16:59:59Z", "100"],
    ["today", "2026-03-10T19:00:00Z", "1234"],
  ])
    await succeeds(
      api.post(`${shop}/members/ext:malee/earn`, {
        currency: "PTS",
        points,
        occurredAt,
        source: { system: "pos", id },
      }),
    );
  const token = await clientKey(platform.store, "reader", { permissions: ["finance"] });
  await using client = createClient({ url: api.url, key: token });
  const report = (await financeReport(client, "shop")).join("\n");
  expect(report).toContain("Roll-forward, PTS, accounting days 2025-03-01 to 2026-03-11");
  expect(report).toMatch(/^ {2}closing +1,334 +0$/m);
  expect(report).toMatch(/^ {2}outstanding .* -1,334$/m);
});

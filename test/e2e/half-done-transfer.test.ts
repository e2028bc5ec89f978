import { createCommands } from "@taem/commands-service";
import type { AccountRef } from "@taem/ledger";
import { newId } from "@taem/runtime";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { expect, test } from "vitest";

const PTS = { currency: "PTS" };
/** Past the grace that whoever began a transfer has to end it. */
const LATER = { now: () => Date.now() + 60_000 };

test("a transfer whose process died between its legs is ended by the scheduler", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start({ clock: LATER });
  const { api, platform } = program;
  const shop = await defineProgramme(api, "shop");
  const [from, to] = (await enrolMany(api, "shop", "member", 2)) as [string, string];
  await succeeds(api.post(`${shop}/members/${from}/earn`, { ...PTS, points: "100" }, "earn"));

  // The first leg alone, through the writer: what is in the log when a process dies there.
  const commands = createCommands(platform);
  const source: AccountRef = await commands.service.account("shop", { member: { id: from } }, "PTS");
  const firstLeg = {
    type: "transfer",
    key: { system: "app", id: "T-1", leg: "main" },
    fingerprint: "0".repeat(32),
    occurredAt: LATER.now(),
    points: 60n,
    to,
    transfer: newId(),
  } as const;
  const caller = { actor: "test", correlation: "test", deadline: LATER.now() + 10_000 };
  expect(
    await commands.service.accounts.execute(source, { key: firstLeg.key, under: () => firstLeg }, caller),
  ).toMatchObject({
    replayed: false,
  });
  await commands.close();

  const bookOf = async (member: string): Promise<string> =>
    (await api.get(`${shop}/members/${member}/balance?currency=PTS&consistency=strong`)).body.balance.book;
  await expect.poll(() => bookOf(to), { timeout: 30_000, interval: 50 }).toBe("60");
  expect(await bookOf(from)).toBe("40");
});

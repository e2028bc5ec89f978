import { dieAt } from "@taem/testing/commands-service";
import { losesAnswer } from "@taem/testing/faulty-store";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme, enrolMany, succeeds } from "@taem/testing/programme";
import { expect, test } from "vitest";

const PTS = { currency: "PTS" };
/** Past the grace that whoever began a transfer has to end it. */
const LATER = { now: () => Date.now() + 60_000 };

test("a transfer whose process died between its legs is ended by the scheduler", async () => {
  await using installation = await createInstallation();
  await using program = await installation.start({ services: "commands,ledger" });
  await using _scheduler = await installation.start({ services: "scheduler", clock: LATER });
  const { api, platform } = program;
  const shop = await defineProgramme(api, "shop");
  const [from, to] = (await enrolMany(api, "shop", "member", 2)) as [string, string];
  await succeeds(api.post(`${shop}/members/${from}/earn`, { ...PTS, points: "100" }, "earn"));
  const grounds = { url: installation.url, store: platform.store };
  const gift = { ...PTS, points: "60", to };
  await dieAt(1, losesAnswer, grounds, (by) => by.post(`${shop}/members/${from}/transfers`, gift, "gift"));

  const bookOf = async (member: string): Promise<string> =>
    (await api.get(`${shop}/members/${member}/balance?currency=PTS&consistency=strong`)).body.balance.book;
  await expect.poll(() => bookOf(to), { timeout: 30_000, interval: 50 }).toBe("60");
  expect(await bookOf(from)).toBe("40");
});

import { createTestDatabase, openTcpProxy } from "@taem/postgres/testing";
import { Api } from "@taem/testing/api";
import { clientKeyOn } from "@taem/testing/client-key";
import { startProcess } from "@taem/testing/program-process";
import { defineProgramme, enrolMany, source } from "@taem/testing/programme";
import { expect, test } from "vitest";

// Failures: an outage fills the disk with what it has refused; or nothing at all is told of it.

const REQUESTS = 3_000;
const AT_ONCE = 50;
const LINES = 2_000;
/** A hundred lines of some hundred bytes, of each of the few kinds that an outage has. */
const MAX_BYTES = 400_000;

test("a flood of requests during an outage leaves a log that does not grow with it, without a stack", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  const lines: string[] = [];
  const environment = { DATABASE_URL: proxy.url, TAEM_LOG_LEVEL: "info" };
  await using program = await startProcess(environment, (line) => lines.push(line));
  await using api = new Api(program.url, await clientKeyOn({ DATABASE_URL: database.url }, "test"));
  const shop = await defineProgramme(api, "shop");
  await enrolMany(api, "shop", "m", 1);
  await proxy.close();
  const before = lines.length;
  const codes = new Set<string>();
  let sent = 0;
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    while (sent++ < REQUESTS) {
      const { status, body } = await api.get(`${shop}/members/ext:m-0/balance?currency=PTS`);
      expect(status).toBe(503);
      codes.add(String(body.code));
    }
  });
  await Promise.all(lanes);
  const earn = { op: "earn", member: "ext:m-0", currency: "PTS", points: "1" };
  const bulk = Array.from({ length: LINES }, (_, i) => ({ ...earn, source: source(`l${i}`) }));
  for (const { status } of await api.bulk("shop", bulk)) expect(status).toBe(503);
  const told = lines.slice(before);
  const bytes = told.reduce((sum, line) => sum + line.length + 1, 0);
  expect(bytes).toBeLessThan(MAX_BYTES);
  expect([...codes]).toContain("unavailable");
  const refusals = told.filter((line) => line.includes('"request not done"'));
  expect(refusals.length).toBeGreaterThan(0);
  expect(JSON.parse(refusals[0] as string)).toMatchObject({
    level: "warn",
    status: 503,
    problem: "unavailable",
    reason: expect.stringContaining("ECONNREFUSED"),
  });
  expect(told.filter((line) => line.includes('"stack"'))).toEqual([]);
});

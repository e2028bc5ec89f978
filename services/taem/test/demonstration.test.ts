import { openPostgresEventStore } from "@taem/event-store-postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { interruptTool } from "@taem/testing/program-process";
import { wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

const START = ["start", "--demo", "--members", "60"];
const API = /^API {3}http:.*$/m;

test("a year that is interrupted ends there, is taken up by the next start, and is not played again by the one after", async () => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, TAEM_PORT: "0" };

  const first = await interruptTool(START, environment, /playing day/, "SIGINT");
  expect(first).toMatchObject({ exitCode: 0, out: "" });
  expect(first.err).toMatch(/^(playing day .*\n)+$/);
  expect(await activeKeys(environment)).toBe(0);

  const second = await interruptTool(START, environment, API, "SIGTERM");
  expect(second.exitCode).toBe(0);
  expect(second.err).toMatch(/playing day 365 of 365/);
  expect(second.out).toMatch(/^Programme demo at /);
  expect(second.out).toMatch(/^ {2}total +([\d,]+) +\1 +0$/m);

  const third = await interruptTool(START, environment, API, "SIGTERM");
  expect(third).toMatchObject({ exitCode: 0, err: "" });
  expect(bookOf(third.out)).toEqual(bookOf(second.out));
});

test("keys of a demonstration that was killed end with the next one", async () => {
  await using database = await createTestDatabase();
  const environment = { DATABASE_URL: database.url, TAEM_PORT: "0" };
  await interruptTool(START, environment, /playing day/, "SIGKILL");
  expect(await activeKeys(environment)).toBe(2);
  await interruptTool(START, environment, API, "SIGTERM");
  expect(await activeKeys(environment)).toBe(0);
});

/** API keys that were created and not revoked. */
async function activeKeys({ DATABASE_URL: url }: { readonly DATABASE_URL: string }): Promise<number> {
  await using store = await openPostgresEventStore({ url, max: 1 });
  const types = (await wholeLog(store)).map(({ type }) => type);
  const count = (wanted: string) => types.filter((type) => type === wanted).length;
  return count("ApiKeyCreated") - count("ApiKeyRevoked");
}

/** What the report owes to members: the same, whatever has been swept by then. */
function bookOf(report: string): string[] {
  return report.match(/^ {2}outstanding +[\d,-]+$/gm) ?? [];
}

import { openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { expect, test } from "vitest";
import { audit } from "../support/auditor.ts";
import { startService } from "../support/commands-service.ts";
import { defineProgramme, enrolMany, source } from "../support/programme.ts";
import { openTestStore, wholeLog } from "../support/test-store.ts";

// Failures: a write transaction that somebody leaves open, even in another database of the server, stalls every reader
// of the log (a reader that waits for a snapshot), or has it skip events (a reader that trusts sequences).

const EVENTS = 6_000;
const LINES = 250;

test.each(["another database", "the same database"])("a write transaction left open in %s", async (where) => {
  await using testStore = await openTestStore();
  await using elsewhere = await createTestDatabase();
  const url = where === "the same database" ? testStore.url : elsewhere.url;
  await using foreign = openPool({ url, max: 1, applicationName: "foreign" });
  await foreign.query("CREATE TABLE foreigner (id bigint GENERATED ALWAYS AS IDENTITY, text text)");

  const opened = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const transaction = foreign.transaction(async (open) => {
    await open.query("INSERT INTO foreigner (text) VALUES ('open')");
    opened.resolve();
    await end.promise;
  });
  await opened.promise;

  await using service = await startService({ store: testStore.store });
  const api = service.api();
  await defineProgramme(api, "shop");
  const members = await enrolMany(api, "shop", "member", 100);
  const other = await testStore.another();
  const following = new AbortController();
  const seen: string[] = [];
  const follower = (async () => {
    for await (const page of other.follow("", { limit: 100, signal: following.signal })) {
      seen.push(...page.events.map(({ position }) => position));
      const last = page.events.findLast(({ type }) => type === "PointsBurned");
      if (last !== undefined) following.abort();
    }
  })();

  const line = (op: string, i: number) => ({
    op,
    member: members[i % members.length],
    currency: "PTS",
    points: "1",
    source: source(`${op} ${i}`),
  });
  for (let from = 0; from < EVENTS; from += 4 * LINES) {
    const batches = [0, 1, 2, 3].map((batch) =>
      api.bulk(
        "shop",
        Array.from({ length: LINES }, (_, i) => line("earn", from + batch * LINES + i)),
      ),
    );
    for (const answer of (await Promise.all(batches)).flat()) expect(answer.status).toBe(201);
  }
  // The last event of all, which the follower sees while the transaction is still open.
  const [last] = await api.bulk("shop", [line("burn", 0)]);
  expect(last?.status).toBe(201);
  await follower;

  const log = await wholeLog(testStore.store);
  expect(seen).toEqual(log.map(({ position }) => position));
  const sums = [...audit(log).accounts.values()].map(({ book }) => book);
  expect(sums.reduce((sum, book) => sum + book, 0n)).toBe(BigInt(EVENTS - 1));
  end.resolve();
  await transaction;
  expect(service.complaints).toEqual([]);
});

import { openPostgresEventStore } from "@taem/event-store-postgres";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import type { Api } from "@taem/testing/api";
import { audit } from "@taem/testing/auditor";
import { createInstallation } from "@taem/testing/program";
import { defineProgramme, enrolMany, source, succeeds } from "@taem/testing/programme";
import { bookOf, expectAgreement, outstandingOf } from "@taem/testing/read-model";
import { wholeLog } from "@taem/testing/test-store";
import { expect, test } from "vitest";

// Failures: a write transaction that somebody leaves open, even in another database of the server, stalls every reader
// of the log (a reader that waits for a snapshot), or has it skip events (a reader that trusts sequences).

const PTS = { currency: "PTS" };
const MEMBERS = 100;
/** Rounds of load while it is open: at least so many, and for a minute where somebody else's database holds it. */
const ROUNDS = 6;
const MINUTE_MS = 60_000;
/** In each round, in bulk requests of so many lines and one by one. */
const BULKS = 3;
const LINES = 250;
const SINGLES = 50;
const EVENTS_OF_ROUND = BULKS * LINES + SINGLES;

/** Holds a transaction open that has written; ends it on request, and rejects if it was not open all along. */
async function leaveOpen(foreign: Database) {
  await foreign.query("CREATE TABLE foreigner (id bigint GENERATED ALWAYS AS IDENTITY, text text)");
  const opened = Promise.withResolvers<string>();
  const end = Promise.withResolvers<void>();
  const finished = foreign.transaction(async (open) => {
    const own = async () =>
      (await open.queryArrays<[string]>("SELECT pg_current_xact_id_if_assigned()::text"))[0]?.[0] ?? "none";
    await open.query("INSERT INTO foreigner (text) VALUES ('open')");
    opened.resolve(await own());
    await end.promise;
    return own();
  });
  const began = await Promise.race([opened.promise, finished]);
  return {
    async end(): Promise<void> {
      end.resolve();
      expect(await finished).toBe(began);
    },
  };
}

/** One round of earns of one point each. */
async function load(api: Api, members: readonly string[], round: number): Promise<void> {
  const line = (part: string, i: number) => ({
    ...{ op: "earn", member: members[i % members.length], ...PTS, points: "1" },
    source: source(`${round} ${part} ${i}`),
  });
  const bulks = Array.from({ length: BULKS }, async (_, bulk) => {
    const lines = Array.from({ length: LINES }, (_, i) => line(`bulk ${bulk}`, i));
    for (const { status } of await api.bulk("shop", lines)) expect(status).toBe(201);
  });
  const singles = Array.from({ length: SINGLES }, async (_, i) => {
    const { op, member, ...body } = line("single", i);
    const path = `/v1/programmes/shop/members/${member}`;
    const earned = (await succeeds(api.post(`${path}/${op}`, body))).body;
    expect(await bookOf(api, path, earned.token)).toBeGreaterThanOrEqual(BigInt(earned.balance.book));
  });
  await Promise.all([...bulks, ...singles]);
}

test.each([
  ["for a minute in another database", MINUTE_MS],
  ["in the same database", 0],
])(
  "a write transaction open %s, under load all along, stalls nothing and skips nothing",
  async (where, forMs) => {
    await using installation = await createInstallation();
    await using elsewhere = await createTestDatabase();
    const url = where === "in the same database" ? installation.url : elsewhere.url;
    await using foreign = openPool({ url, max: 1, applicationName: "foreign" });
    await using program = await installation.start();
    await using store = await openPostgresEventStore({ url: installation.url, max: 2 });
    const { api } = program;

    const open = await leaveOpen(foreign);
    const until = performance.now() + forMs;
    await defineProgramme(api, "shop");
    const members = await enrolMany(api, "shop", "member", MEMBERS);
    const following = new AbortController();
    const seen: string[] = [];
    const follower = (async () => {
      for await (const page of store.follow("", { limit: 100, signal: following.signal })) {
        seen.push(...page.events.map(({ position }) => position));
        if (page.events.some(({ type }) => type === "PointsBurned")) following.abort();
      }
    })();
    let events = 0;
    for (let round = 1; round <= ROUNDS || performance.now() < until; round++) {
      await load(api, members, round);
      events += EVENTS_OF_ROUND;
      // Everything written so far is in the read model while the transaction is still open.
      expect(await outstandingOf(api, "shop")).toBe(BigInt(events));
    }
    // The last event of all, which the follower waits for.
    const path = `/v1/programmes/shop/members/${members[0]}`;
    await succeeds(api.post(`${path}/burn`, { ...PTS, points: "1" }, "last"));
    await follower;
    expect(await outstandingOf(api, "shop")).toBe(BigInt(events - 1));
    await open.end();

    const log = await wholeLog(store);
    expect(seen).toEqual(log.map(({ position }) => position));
    const books = [...audit(log).accounts.values()].map(({ book }) => book);
    expect(books.reduce((sum, book) => sum + book, 0n)).toBe(BigInt(events - 1));
    await expectAgreement(installation.url);
    expect(program.errors).toEqual([]);
  },
);

import { type AccountEvent, accountEvents } from "@taem/ledger/events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { verifyLedger } from "../src/verify/verify.ts";
import { Installation } from "./support/installation.ts";

let installation: Installation;

beforeEach(async () => {
  installation = await Installation.open(3);
  await installation.populate(24, 500, 100);
  await installation.project();
}, 60_000);
afterEach(() => installation[Symbol.asyncDispose]());

const sql = (text: string, values: readonly unknown[] = []) => installation.database.query(text, values);
const verify = () => installation.verify();

async function one<T extends object>(text: string): Promise<T> {
  const { rows } = await installation.database.query<T>(text);
  const [row] = rows;
  if (row === undefined) throw new Error(`no row for ${text}`);
  return row;
}

test("a sound ledger agrees with its events, and says how many accounts and events that were", async () => {
  const reports: string[] = [];
  const found = await installation.verify({
    onProgress: ({ phase, done, total }) => reports.push(`${phase} ${done}/${total}`),
  });
  const events = Number(await installation.store.head());
  const position = await installation.store.head();
  expect(found).toEqual({ ok: true, events, accounts: 24, position, foreign: [] });
  expect(reports).toContainEqual(expect.stringMatching(/^replay (\d+)\/\1$/));
  expect(reports.at(-1)).toBe("compare 64/64");
});

describe("tampering with the read model is named", () => {
  test("a balance changed", async () => {
    const { member, book } = await one<{ member: string; book: string }>(
      "UPDATE taem_ledger.balances SET book = book + 7 WHERE member = (SELECT max(member::text)::uuid FROM taem_ledger.balances) RETURNING member, book",
    );
    expect(await verify()).toMatchObject({
      ok: false,
      discrepancy: {
        check: "balance",
        where: expect.stringContaining(`${member}`),
        actual: book,
        expected: String(BigInt(book) - 7n),
      },
    });
  });

  test("points moved from one lot of an account to another", async () => {
    const { member } = await one<{ member: string }>(
      "SELECT member FROM taem_ledger.lots WHERE remaining > 1 GROUP BY member HAVING count(*) > 1 ORDER BY member LIMIT 1",
    );
    await sql(
      `WITH two AS (SELECT no, row_number() OVER (ORDER BY no) AS n FROM taem_ledger.lots WHERE member = $1 AND remaining > 1)
       UPDATE taem_ledger.lots l SET remaining = l.remaining + CASE two.n WHEN 1 THEN 1 ELSE -1 END
         FROM two WHERE l.member = $1 AND l.no = two.no AND two.n <= 2`,
      [member],
    );
    expect(await verify()).toMatchObject({
      discrepancy: { check: "lot", where: expect.stringContaining(`${member} `) },
    });
  });
});

describe("tampering with the log is named", () => {
  const openLog = () => sql("ALTER TABLE taem_store.events DISABLE TRIGGER USER");

  test("an event altered, though it still makes sense", async () => {
    await openLog();
    const { position, revision, stream } = await one<{ position: bigint; revision: number; stream: string }>(
      `UPDATE taem_store.events SET data = replace(data, '"bonus"', '"bogus"')
        WHERE position = (SELECT min(position) FROM taem_store.events WHERE data LIKE '%"bonus"%')
        RETURNING position, revision, (SELECT name FROM taem_store.streams s WHERE s.id = stream_id) AS stream`,
    );
    const member = stream.slice("taem.account-".length, -"-1".length);
    expect(await verify()).toMatchObject({
      discrepancy: {
        check: "event_altered",
        where: `position ${String(position).padStart(16, "0")} of the log, PointsEarned, event ${revision} of ${stream}, member ${member}`,
      },
    });
  });

  test("an event deleted", async () => {
    await openLog();
    await sql("DELETE FROM taem_store.events WHERE position = 100");
    expect(await verify()).toMatchObject({
      discrepancy: { check: "event_missing", where: expect.stringContaining("0000000000000100") },
    });
  });

  test("an amount altered in a store without digests, by the balance that the event itself states", async () => {
    await openLog();
    await sql(`UPDATE taem_store.events SET data = regexp_replace(data, '"lot":\\{"amount":"(\\d+)"', '"lot":{"amount":"9\\1"')
                WHERE position = (SELECT min(position) FROM taem_store.events WHERE type = 'PointsEarned')`);
    const { database, store } = installation;
    const withoutDigests = { readLog: store.readLog, read: store.read, head: store.head };
    expect(await verifyLedger({ database, store: withoutDigests })).toMatchObject({
      discrepancy: { check: "stated_book" },
    });
  });
});

describe("a business key applied a second time is named", () => {
  /** Writes the account's last earn once more, as a writer would that forgets to look for its key. */
  async function repeatEarn(change: Partial<AccountEvent<"PointsEarned">>) {
    const { simulation, store } = installation;
    const account = simulation.accounts.find(({ state }) => state.revision > 5 && state.book > 0n);
    if (account === undefined) throw new Error("no account has points");
    const { stream, slice, state } = account;
    const [read] = await store.read([{ stream, afterRevision: 0 }]);
    const original = read?.events.findLast(({ type }) => type === "PointsEarned");
    if (original === undefined) throw new Error("the account has no earn");
    const earn = accountEvents.decode(original) as AccountEvent<"PointsEarned">;
    const lot = { ...earn.lot, no: state.nextLot };
    const again = { ...earn, lot, book: state.book + lot.amount, ...change };
    const event = {
      id: crypto.randomUUID(),
      type: again.type,
      data: accountEvents.encode(again),
      meta: original.meta,
    };
    const [result] = await store.append([
      { stream, slice, expectedRevision: state.revision, events: [event] },
    ]);
    expect(result).toMatchObject({ ok: true });
    await installation.project();
    return { original, stream, key: earn.key.id, revision: state.revision + 1 };
  }

  test("by an event like the first", async () => {
    const { original, stream, key, revision } = await repeatEarn({});
    expect(await verify()).toEqual({
      ok: false,
      discrepancy: {
        check: "key_repeated",
        where: expect.stringMatching(`${stream} event ${revision} at \\d+: key pos ${key} main`),
        expected: "applied for the first time",
        actual: `applied by event ${original.revision}`,
      },
    });
  });

  test("by one that pretends to be a further part of the first", async () => {
    await repeatEarn({ part: { index: 2, count: 2 } });
    expect(await verify()).toMatchObject({ discrepancy: { check: "key_repeated" } });
  });
});

describe("in several passes over the log", () => {
  /** Few enough events at a time to take a pass for every few slices. */
  const verifyInPasses = (passes: number[] = []) =>
    verifyLedger({
      ...installation,
      eventsInMemory: 60,
      onProgress: ({ phase, done }) => phase === "compare" && passes.push(done),
    });

  test("a sound ledger is sound, every event and account counted once", async () => {
    const passes: number[] = [];
    expect(await verifyInPasses(passes)).toEqual(await verify());
    expect(passes.length).toBeGreaterThan(5);
    expect(passes.at(-1)).toBe(64);
  });

  const last = (table: string) => `(SELECT max(member::text)::uuid FROM taem_ledger.${table})`;
  test.each([
    `UPDATE taem_ledger.balances SET book = book + 7 WHERE member = ${last("balances")}`,
    `DELETE FROM taem_ledger.balances WHERE member = ${last("balances")}`,
    `UPDATE taem_ledger.lots SET held = held + 1 WHERE no = 1 AND member = ${last("lots")}`,
    `DELETE FROM taem_ledger.holds WHERE no = 1 AND member = ${last("holds")}`,
    `DELETE FROM taem_ledger.statement_lines WHERE revision = 3 AND member = ${last("statement_lines")}`,
    "DELETE FROM taem_ledger.postings WHERE position = (SELECT max(position) FROM taem_ledger.postings)",
    `UPDATE taem_ledger.control_totals SET postings = postings + 1
      WHERE ctid = (SELECT ctid FROM taem_ledger.control_totals ORDER BY slice DESC LIMIT 1)`,
    "INSERT INTO taem_ledger.control_totals VALUES (63, gen_random_uuid(), '2026-01-01', 1, 'POINT', 'outstanding', 'expired', 1)",
    `ALTER TABLE taem_store.events DISABLE TRIGGER USER;
     UPDATE taem_store.events SET meta = replace(meta, 'simulation', 'other') WHERE position = 300`,
    `ALTER TABLE taem_store.events DISABLE TRIGGER USER; DELETE FROM taem_store.events WHERE position = 300`,
  ])("the same is found as in one: %s", async (change) => {
    await sql(change);
    const found = await verify();
    expect(found.ok).toBe(false);
    expect(await verifyInPasses()).toEqual(found);
  });
});

describe("with a parked stream", () => {
  /** Appends what cannot be projected, and something after it. */
  async function park() {
    const { simulation, store } = installation;
    const account = simulation.accounts.find(({ state }) => state.revision > 5);
    if (account === undefined) throw new Error("no account has lived");
    const { stream, slice, state } = account;
    const [read] = await store.read([{ stream, afterRevision: 0 }]);
    const earn = read?.events.find(({ type }) => type === "PointsEarned");
    if (earn === undefined) throw new Error("the account has no earn");
    const { type, meta, data } = earn;
    const events = [`{"poison":true}`, data].map((text) => ({
      id: crypto.randomUUID(),
      type,
      meta,
      data: text,
    }));
    await store.append([{ stream, slice, expectedRevision: state.revision, events }]);
    await installation.project();
    return { stream, revision: state.revision + 1 };
  }

  test("it is listed, and all else is held against the events", async () => {
    const { stream, revision } = await park();
    const events = Number(await installation.store.head()) - 2;
    expect(await verify()).toEqual({
      ok: false,
      parked: [expect.objectContaining({ key: stream, revision })],
      damaged: [],
      foreign: [],
      events,
      accounts: 24,
      position: await installation.store.head(),
    });
  });

  test("a changed row is found, of the stream itself too", async () => {
    const { stream } = await park();
    const member = stream.slice("taem.account-".length, -"-1".length);
    await sql("UPDATE taem_ledger.balances SET book = book + 7 WHERE member = $1", [member]);
    expect(await verify()).toMatchObject({
      discrepancy: { check: "balance", where: expect.stringContaining(member) },
    });
  });
});

describe("a rebuild", () => {
  test("of a sound ledger is equal, row for row", async () => {
    const events = Number(await installation.store.head());
    expect(await installation.rebuild({ expect: "equal" })).toEqual({
      outcome: "taken_over",
      events,
      changes: [],
    });
    expect(await verify()).toMatchObject({ ok: true });
  });

  test("names a balance changed", async () => {
    await sql(
      "UPDATE taem_ledger.balances SET book = book + 7 WHERE member = (SELECT min(member::text)::uuid FROM taem_ledger.balances)",
    );
    expect(await installation.rebuild({ expect: "equal" })).toMatchObject({
      outcome: "different",
      difference: { table: "balances", column: "book" },
    });
  });

  test("names a statement line deleted, and a reason changed", async () => {
    await sql(
      "DELETE FROM taem_ledger.statement_lines WHERE revision = 3 AND member = (SELECT member FROM taem_ledger.balances WHERE revision > 3 ORDER BY member LIMIT 1)",
    );
    expect(await installation.rebuild({ expect: "equal" })).toMatchObject({
      difference: { table: "statement_lines", key: { revision: "3" }, live: null, rebuilt: "present" },
    });
    expect(await installation.rebuild({ expect: "changes", confirm: async () => true })).toMatchObject({
      outcome: "taken_over",
    });
    await sql("UPDATE taem_ledger.statement_lines SET reason = 'gift' WHERE revision = 1");
    expect(await installation.rebuild({ expect: "equal" })).toMatchObject({
      difference: { table: "statement_lines", column: "reason", live: "gift" },
    });
  });

  test.each([
    ["what it says", "data = replace(data, '\"bonus\"', '\"bogus\"') WHERE data LIKE '%\"bonus\"%'"],
    ["who made it", "meta = replace(meta, 'simulation', 'other') WHERE position = 300"],
  ])("refuses a log with an event of which %s was altered, and names it", async (_, change) => {
    await sql("ALTER TABLE taem_store.events DISABLE TRIGGER USER");
    await sql(`UPDATE taem_store.events SET ${change}`);
    await expect(
      installation.rebuild({ expect: "changes", confirm: async () => true }),
    ).rejects.toMatchObject({
      code: "event_log_damaged",
      message: expect.stringMatching(
        /another event than was written \(\w+, event \d+ of taem.account-.*compare it with a backup/,
      ),
    });
    expect(await verify()).toMatchObject({ discrepancy: { check: "event_altered" } });
  });
});

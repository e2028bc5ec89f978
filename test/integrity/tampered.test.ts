import { eventDigest } from "@taem/event-store-postgres";
import { type Database, openPool } from "@taem/postgres";
import { PROJECTIONS } from "@taem/testing/product";
import { startTestProgram, type TestProgram } from "@taem/testing/program";
import { runTool } from "@taem/testing/program-process";
import { defineProgramme, source, succeeds } from "@taem/testing/programme";
import { outstandingOf } from "@taem/testing/read-model";
import { openSite, SITES, type Site, type SiteName } from "@taem/testing/site";
import { openLog, wholeLog } from "@taem/testing/test-store";
import { describe, expect, test } from "vitest";

// Failures: what somebody who may write to the database, or to the event store's disk, has changed is believed, or is not
// named by whoever looks for it. What needs a witness outside of both is not found: an event altered with its digest, and last.

const WAIT = { timeout: 120_000, interval: 100 };
const MEMBERS = "/v1/programmes/shop/members";

interface Tampering {
  readonly sql: readonly string[];
  /** What `verify` says of it. */
  readonly found: RegExp;
  /** Of a log in PostgreSQL. */
  readonly only?: SiteName;
}

/** Every column of a kind, by the owner of the database. */
const READ_MODELS: Readonly<Record<string, Tampering>> = {
  "a balance": {
    sql: ["UPDATE taem_ledger.balances SET book = book + 1"],
    found: /: balance, .*expected 1\d0, found 1\d1/,
  },
  "a debt": {
    sql: ["UPDATE taem_ledger.balances SET debt = 5"],
    found: /: balance, .*debt: expected 0, found 5/,
  },
  "a posting's amount": {
    sql: ["UPDATE taem_ledger.postings SET amount = amount + 1"],
    found: /: posting, /,
  },
  "a posting's day": {
    sql: ["UPDATE taem_ledger.postings SET effective_at = effective_at + 3456000000"],
    found: /: posting, posting 0 at [\d-]+: effective_at: expected/,
  },
  "what is left of a lot": {
    sql: ["UPDATE taem_ledger.lots SET remaining = remaining - 1"],
    found: /: lot, .*remaining/,
  },
  "a lot's expiry": {
    sql: ["UPDATE taem_ledger.lots SET expires_at = expires_at + 1"],
    found: /: lot, .*expires_at/,
  },
  "a hold's status": { sql: ["UPDATE taem_ledger.holds SET status = 'voided'"], found: /: hold, .*status/ },
  "a control total": {
    sql: ["UPDATE taem_ledger.control_totals SET amount = amount + 1"],
    found: /: control_total, /,
  },
  "a statement line, deleted": {
    sql: ["DELETE FROM taem_ledger.statement_lines WHERE revision = 1"],
    found: /: statement, account .* event 1 at [\d-]+: expected a row, found no row/,
  },
  "a statement line, added": {
    sql: [
      "UPDATE taem_ledger.statement_lines SET revision = revision + 100",
      "INSERT INTO taem_ledger.statement_lines SELECT * FROM taem_ledger.statement_lines l WHERE false",
    ],
    found: /: statement, account .*revision|: statement, /,
  },
  "a statement line's reason": {
    sql: ["UPDATE taem_ledger.statement_lines SET reason = 'gift', amount = amount + 1000"],
    found: /: statement, account .* event \d+ at [\d-]+: /,
  },
  "a member's name": { sql: ["DELETE FROM taem_members.members"], found: /^members disagrees: / },
  "what is due": { sql: ["DELETE FROM taem_sweeps.timers"], found: /^sweeps disagrees: / },
  "a snapshot": {
    sql: ["UPDATE taem_snapshots.snapshots SET state = state || '\\x00'"],
    found: /^the snapshot of taem.account-\S+ at event 60 disagrees: this installation has not sealed it/,
  },
};

const withTriggersOff = (sql: string) => [
  `ALTER TABLE taem_store.events DISABLE TRIGGER append_only; ${sql}`,
];
const EARLY = "(SELECT e.position FROM taem_store.events e WHERE e.data LIKE '%\"till 7\"%')";

const LOG: Readonly<Record<string, Tampering>> = {
  "an event's amount": {
    sql: withTriggersOff(
      `UPDATE taem_store.events SET data = replace(data, '"amount":"100"', '"amount":"900"') WHERE position = ${EARLY}`,
    ),
    found:
      /: event_altered, position \d+ of the log, PointsEarned, event 1 of taem.account-(\S{36})-1, member \1: /,
  },
  "when an event was recorded": {
    sql: withTriggersOff(
      `UPDATE taem_store.events SET recorded_at = recorded_at - 1 WHERE position = ${EARLY}`,
    ),
    found: /: event_altered, position \d+ of the log, PointsEarned, event 1 of/,
  },
  "who made an event": {
    sql: withTriggersOff(
      `UPDATE taem_store.events SET meta = replace(meta, '"actor":"', '"actor":"x') WHERE position = ${EARLY}`,
    ),
    found: /: event_altered, position \d+ of the log, PointsEarned, event 1 of/,
  },
  "an event within, deleted": {
    sql: withTriggersOff(`DELETE FROM taem_store.events WHERE position = ${EARLY}`),
    found: /: event_missing, position \d+ of the log/,
  },
  "two events that change places": {
    sql: withTriggersOff(
      `UPDATE taem_store.events SET position = -position WHERE position IN (${EARLY}, ${EARLY} + 1);
       UPDATE taem_store.events SET position = CASE WHEN -position = (SELECT min(-position) FROM taem_store.events WHERE position < 0)
         THEN (SELECT max(-position) FROM taem_store.events WHERE position < 0)
         ELSE (SELECT min(-position) FROM taem_store.events WHERE position < 0) END WHERE position < 0`,
    ),
    found: /: event_altered, position \d+ of the log/,
  },
  "the newest event of the log, deleted": {
    sql: withTriggersOff(
      "DELETE FROM taem_store.events WHERE position = (SELECT max(position) FROM taem_store.events)",
    ),
    found: /^the log disagrees: checkpoint, .*checkpoint_beyond_head/,
  },
};

/** What is altered in the test server's file, a line an append; EventStoreDB keeps no digests. */
const FILE: Readonly<
  Record<string, { readonly alter: (lines: string[]) => string[]; readonly found: RegExp }>
> = {
  "an event's amount, as long as before": {
    alter: (lines) =>
      lines.map((line) => inData(line, (data) => data.replace('"amount":"100"', '"amount":"900"'))),
    found: /^the ledger disagrees: /m,
  },
  "an event that cannot be read any more": {
    alter: (lines) => lines.map((line) => inData(line, (data) => data.replace('"till 7"', 'xtill 7"'))),
    found: /^the ledger disagrees: event_unreadable, /m,
  },
  "metadata that hide events which are still there": {
    alter: (lines) => [...lines, ...accountsOf(lines).map(hidingMetadata)],
    found: /^the log disagrees: the stream taem.account-.* has metadata that hide events of it: {"\$tb":1}$/m,
  },
  "an event of another program, in a stream of ours": {
    alter: (lines) => [...lines, written(accountsOf(lines)[0] as string, "Greeting", "{}")],
    found:
      /^the log disagrees: the stream taem.account-\S+ has an event, Greeting, that no program of this kind wrote$/m,
  },
  "the newest event, taken off": {
    alter: (lines) => lines.slice(0, -1),
    found: /^the log disagrees: checkpoint, .*checkpoint_beyond_head/m,
  },
};

function accountsOf(lines: readonly string[]): string[] {
  const streams = lines.map((line) => (JSON.parse(line) as { stream: string }).stream);
  return [...new Set(streams)].filter((stream) => stream.startsWith("taem.account-"));
}

/** What the server's own page writes when the beginning of a stream is to be hidden. */
function hidingMetadata(stream: string): string {
  return written(`$$${stream}`, "$metadata", '{"$tb":1}');
}

/** An append as another program makes it. */
function written(stream: string, type: string, data: string): string {
  const event = [crypto.randomUUID(), type, "application/json", Buffer.from(data).toString("base64"), ""];
  return JSON.stringify({ stream, created: 0, events: [event] });
}

function inData(line: string, alter: (data: string) => string): string {
  const { events, ...append } = JSON.parse(line) as { events?: string[][] };
  const altered = events?.map(([id, type, content, data = "", meta]) => [
    ...[id, type, content],
    Buffer.from(alter(Buffer.from(data, "base64").toString())).toString("base64"),
    meta,
  ]);
  return JSON.stringify({ ...append, events: altered });
}

/** A programme with all kinds of rows: two members with 100 points and more, an open hold, lots that expire, a snapshot. */
async function populate(site: Site): Promise<void> {
  await using program = await startTestProgram(site.databaseUrl, { environment: site.environment });
  const { api } = program;
  await defineProgramme(api, "shop", { expiry: { kind: "end_of_month", count: 2 } });
  for (const externalId of ["malee", "somchai"]) await succeeds(api.post(MEMBERS, { externalId }));
  const earn = { currency: "PTS", points: "100", source: source("till 7") };
  await succeeds(api.post(`${MEMBERS}/ext:malee/earn`, earn));
  await succeeds(
    api.post(`${MEMBERS}/ext:malee/holds`, { currency: "PTS", points: "10", redemption: "gift" }, "hold"),
  );
  const lines = Array.from({ length: 60 }, (_, i) => ({
    op: "earn",
    member: "ext:somchai",
    currency: "PTS",
    points: "2",
    source: source(`till ${100 + i}`),
  }));
  expect((await api.bulk("shop", lines)).every(({ status }) => status < 300)).toBe(true);
  expect(await outstandingOf(api, "shop")).toBe(220n);
  await allRead(program);
}

/** Every projection has read the whole log. */
async function allRead({ platform: { store, database } }: TestProgram): Promise<void> {
  const head = await store.head();
  for (const projection of PROJECTIONS) {
    const read = () =>
      database.queryArrays<[string]>(`SELECT min(position) FROM taem_${projection}.checkpoints`);
    await expect.poll(read, WAIT).toEqual([[head]]);
  }
}

async function withDatabase<T>({ databaseUrl: url }: Site, use: (sql: Database) => Promise<T>): Promise<T> {
  await using database = openPool({ url, max: 1, applicationName: "test" });
  return await use(database);
}

const verify = ({ environment }: Site) => runTool(["verify"], environment);

describe.each(SITES)("with the log in %s", (name) => {
  test("whatever is altered is found by verify, and named", async () => {
    await using site = await openSite(name);
    await populate(site);
    const sound = await verify(site);
    expect([sound.exitCode, sound.out]).toEqual([0, expect.stringContaining("snapshots: 1 of 1 are")]);
    const [database, log] = [await site.backUpDatabase(), await site.backUpLog()];
    for (const [what, { sql, found }] of Object.entries({
      ...READ_MODELS,
      ...(name === "PostgreSQL" && LOG),
    })) {
      await withDatabase(site, async (tampering) => {
        for (const statement of sql) await tampering.query(statement);
      });
      const { exitCode, out } = await verify(site);
      expect.soft([exitCode, out], what).toEqual([3, expect.stringMatching(new RegExp(found, "m"))]);
      await site.restoreDatabase(database);
      await site.restoreLog(log);
    }
  });

  test("a stream that has lost its beginning is refused by whoever folds it, with a code, and by its name to operators", async () => {
    await using site = await openSite(name);
    await populate(site);
    const stream = await streamOf(site, "till 7");
    await site.loseBeginning(stream, 1);
    {
      await using program = await startTestProgram(site.databaseUrl, { environment: site.environment });
      const { api } = program;
      const path = `${MEMBERS}/ext:malee`;
      const again = await api.post(`${path}/earn`, {
        currency: "PTS",
        points: "100",
        source: source("till 7"),
      });
      expect([again.status, again.body.code]).toEqual([500, "stream_damaged"]);
      const strong = await api.get(`${path}/balance?currency=PTS&consistency=strong`);
      expect([strong.status, strong.body.code]).toEqual([500, "stream_damaged"]);
      for (const { body } of [again, strong]) expect(JSON.stringify(body)).not.toContain(stream);
      expect(program.complaints.join()).toContain(stream);
      // Nobody else's account is any the worse.
      const other = { currency: "PTS", points: "1", source: source("till 999") };
      await succeeds(api.post(`${MEMBERS}/ext:somchai/earn`, other));
    }
    const { exitCode, out } = await verify(site);
    expect([exitCode, out]).toEqual([3, expect.stringMatching(/: event_missing, /)]);
    for (const expected of [[], ["--expect-changes", "--yes", "--accept-lost-events"]]) {
      const rebuilt = await runTool(["rebuild", "ledger", ...expected], site.environment);
      expect([rebuilt.exitCode, rebuilt.err]).toEqual([
        1,
        expect.stringMatching(/^taem: (stream_damaged|event_log_damaged): /m),
      ]);
    }
  });

  test("what was due is missed although the scheduler has gone on", async () => {
    await using site = await openSite(name);
    await populate(site);
    await withDatabase(site, async (sql) => {
      const of = "(SELECT member FROM taem_ledger.balances WHERE held > 0)";
      await sql.query(`DELETE FROM taem_sweeps.timers WHERE lane = ${of} || ':PTS'`);
    });
    {
      await using program = await startTestProgram(site.databaseUrl, {
        environment: site.environment,
        clock: { now: () => Date.now() + 120 * 86_400_000 },
      });
      const books = () =>
        program.platform.database.queryArrays<[string]>(
          "SELECT book FROM taem_ledger.balances ORDER BY book",
        );
      await expect.poll(books, WAIT).toEqual([["0"], ["100"]]);
      await allRead(program);
    }
    const missing = await verify(site);
    expect([missing.exitCode, missing.out]).toEqual([
      3,
      expect.stringMatching(/^sweeps disagrees: timers .* the row is missing from the live table$/m),
    ]);
    // As if it had been sent: other timers of its slice have.
    await withDatabase(site, (sql) =>
      sql.query(
        `INSERT INTO taem_sweeps.timer_marks
         SELECT b.slice, m.scope, m.due_at, m.position FROM taem_ledger.balances b, taem_sweeps.timer_marks m WHERE b.book > 0
         ON CONFLICT (slice, scope) DO UPDATE SET due_at = excluded.due_at, position = excluded.position`,
      ),
    );
    const sent = await verify(site);
    expect([sent.exitCode, sent.out]).toEqual([
      3,
      expect.stringMatching(
        /: schedule, account \S+ PTS: expected a timer or message for what was due at \S+, found none/,
      ),
    ]);
  });

  test("a member's snapshot in the place of another's is dropped, counted and told of, and buys nothing", async () => {
    await using site = await openSite(name);
    await populate(site);
    await withDatabase(site, async (sql) => {
      const poor = await streamOf(site, "till 7");
      // One that is worth a snapshot, too.
      await sql.query(
        "INSERT INTO taem_snapshots.snapshots SELECT $1, revision, schema, state, seal FROM taem_snapshots.snapshots",
        [poor],
      );
    });
    await using program = await startTestProgram(site.databaseUrl, { environment: site.environment });
    const { api } = program;
    const strong = await succeeds(api.get(`${MEMBERS}/ext:malee/balance?currency=PTS&consistency=strong`));
    expect(strong.body.balance.book).toBe("100");
    const burn = { currency: "PTS", points: "119", redemption: "gift", source: source("spent") };
    expect((await api.post(`${MEMBERS}/ext:malee/burn`, burn)).body.code).toBe("insufficient_points");
    const metrics = await (await fetch(`${program.monitorUrl}/metrics`)).text();
    expect(metrics).toMatch(/^taem_snapshots_dropped_total 1$/m);
    const told = program.complaints.filter((line) => line.includes("a snapshot is not what its stream says"));
    expect(told).toHaveLength(1);
  });
});

async function streamOf({ environment }: Site, receipt: string): Promise<string> {
  await using store = await openLog(environment);
  const event = (await wholeLog(store)).find(({ data }) => data.includes(`"${receipt}"`));
  return event?.stream ?? "";
}

test("an event that was altered with its digest is found where the read models say otherwise, and named by these", async () => {
  await using site = await openSite("PostgreSQL");
  await populate(site);
  await using store = await openLog(site.environment);
  const event = (await wholeLog(store)).find(({ data }) => data.includes('"till 7"'));
  if (event === undefined) throw new Error("the event is there");
  const altered = { ...event, data: event.data.replaceAll('"100"', '"900"') };
  await withDatabase(site, (sql) =>
    sql.query(
      `ALTER TABLE taem_store.events DISABLE TRIGGER append_only;
       UPDATE taem_store.events SET data = '${altered.data}',
              digest = taem_store.seal('\\x${eventDigest(event.stream, event.revision, altered)}', position, recorded_at)
        WHERE event_id = '${event.id}'`,
    ),
  );
  const { exitCode, out } = await verify(site);
  expect([exitCode, out]).toEqual([3, expect.stringMatching(/the ledger disagrees: /)]);
});

test("what is altered on EventStoreDB's disk is found by verify", async () => {
  await using site = await openSite("EventStoreDB");
  await populate(site);
  const log = (await site.backUpLog()) as Buffer;
  for (const [what, { alter, found }] of Object.entries(FILE)) {
    const lines = log.toString().trimEnd().split("\n");
    await site.restoreLog(Buffer.from(`${alter(lines).join("\n")}\n`));
    const { exitCode, out } = await verify(site);
    expect.soft([exitCode, out], what).toEqual([3, expect.stringMatching(found)]);
  }
});

test("what another program wrote beside is told, and hides nothing else from verify", async () => {
  await using site = await openSite("EventStoreDB");
  await populate(site);
  const log = (await site.backUpLog()) as Buffer;
  await site.restoreLog(Buffer.from(`${log}${written("taem.zzz-taem", "Greeting", "{}")}\n`));
  const sound = await verify(site);
  const told = /^passed over at [\d-]+: the stream taem.zzz-taem has an event, Greeting, that no program/m;
  expect([sound.exitCode, sound.out]).toEqual([0, expect.stringMatching(told)]);
  await withDatabase(site, (sql) => sql.query("UPDATE taem_ledger.balances SET book = book + 1"));
  const altered = await verify(site);
  expect([altered.exitCode, altered.out]).toEqual([3, expect.stringMatching(/: balance, /)]);
});

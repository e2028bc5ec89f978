import { EventEmitter, once } from "node:events";
import { expect, test } from "vitest";
import { type Database, isConnectionLost, openPool } from "../src/index.ts";
import { createTestDatabase, openTcpProxy } from "../testing/index.ts";

const open = (url: string, max = 2): Database => openPool({ url, max, applicationName: "test" });

test("int8 is a bigint, numeric a string, timestamptz milliseconds, a date its text", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url);
  const { rows } = await pool.query(`
    SELECT 9007199254740993::int8 AS big, ARRAY[1, NULL]::int8[] AS bigs, 10.50::numeric AS exact,
           ARRAY[0.10]::numeric[] AS exacts, '2026-03-29 01:00:00.123+00'::timestamptz AS instant,
           '2026-03-29'::date AS day, 7::int4 AS small`);
  expect(rows).toEqual([
    {
      big: 9007199254740993n,
      bigs: [1n, null],
      exact: "10.50",
      exacts: ["0.10"],
      instant: Date.UTC(2026, 2, 29, 1, 0, 0, 123),
      day: "2026-03-29",
      small: 7,
    },
  ]);
});

test("rows come as arrays where asked, and a named statement serves other values", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url, 1);
  const statement = { name: "double", text: "SELECT $1::int8 * 2, $1::int8" };
  expect(await pool.queryArrays<[bigint, bigint]>(statement, [2n])).toEqual([[4n, 2n]]);
  expect(await pool.queryArrays<[bigint, bigint]>(statement, [5n])).toEqual([[10n, 5n]]);
});

test("a transaction whose work rejects leaves nothing, and its connection serves on", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url, 1);
  await pool.query("CREATE TABLE t (a int)");
  const work = pool.transaction(async (transaction) => {
    await transaction.query("INSERT INTO t VALUES (1)");
    throw new Error("no");
  });
  await expect(work).rejects.toThrow("no");
  await pool.transaction((transaction) => transaction.query("INSERT INTO t VALUES (2)"), { relaxed: true });
  expect((await pool.query("SELECT a FROM t")).rows).toEqual([{ a: 2 }]);
});

test("a transaction that hid a failed statement is refused, not silently rolled back", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url, 1);
  const work = pool.transaction(async (transaction) => {
    await transaction.query("SELECT 1 / 0").catch(() => {});
  });
  await expect(work).rejects.toMatchObject({ code: "transaction_aborted" });
});

test("a brief transaction in which its process falls silent is rolled back, and others get what it held", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url);
  await pool.query("CREATE TABLE t (a int)");
  await pool.query("INSERT INTO t VALUES (1)");
  const held = Promise.withResolvers<void>();
  const silence = Promise.withResolvers<void>();
  const silent = pool.transaction(
    async (transaction) => {
      await transaction.query("UPDATE t SET a = 2");
      held.resolve();
      await silence.promise;
      await transaction.query("UPDATE t SET a = 3");
    },
    { brief: true },
  );
  silent.catch(() => undefined);
  await held.promise;
  await pool.query("UPDATE t SET a = a + 10");
  silence.resolve();
  expect(await silent.catch(isConnectionLost)).toBe(true);
  expect((await pool.query("SELECT a FROM t")).rows).toEqual([{ a: 11 }]);
});

test("a snapshot transaction sees one instant", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url);
  await pool.query("CREATE TABLE t (a int)");
  const seen = await pool.transaction(
    async (transaction) => {
      const before = await transaction.query("SELECT FROM t");
      await pool.query("INSERT INTO t VALUES (1)");
      const after = await transaction.query("SELECT FROM t");
      return [before.rowCount, after.rowCount];
    },
    { snapshot: true },
  );
  expect(seen).toEqual([0, 0]);
});

test("COPY carries every kind of value and every awkward character", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url);
  await pool.query("CREATE TABLE t (n int, a text, b int8, c bytea, d bool)");
  const rows = [
    [1, "แต้ม \\ \t \n \r \\N 👍", 2n ** 62n, Buffer.from([0, 1, 92, 255]), true],
    [2, null, null, null, null],
    [3, "\\.", -1n, Buffer.alloc(0), false],
  ];
  expect(await pool.copyInto("t", ["n", "a", "b", "c", "d"], rows)).toBe(3);
  expect(await pool.queryArrays("SELECT n, a, b, c, d FROM t ORDER BY n")).toEqual(rows);
});

test("a COPY whose rows fail writes nothing, and its connection serves on", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url, 1);
  await pool.query("CREATE TABLE t (a int)");
  function* rows() {
    for (let i = 0; i < 50_000; i++) yield [i];
    throw new Error("no more");
  }
  await expect(pool.copyInto("t", ["a"], rows())).rejects.toThrow("no more");
  await expect(pool.copyInto("t", ["a"], [["x"]])).rejects.toMatchObject({ code: "22P02" });
  function* refusedEarly() {
    for (let i = 0; i < 500_000; i++) yield [i === 9 ? "x" : i];
  }
  await expect(pool.copyInto("t", ["a"], refusedEarly())).rejects.toMatchObject({ code: "22P02" });
  const ended = pool.transaction(async (transaction) => {
    await transaction.query("SELECT pg_terminate_backend(pg_backend_pid())").catch(() => {});
    await transaction.copyInto("t", ["a"], rows());
  });
  await expect(ended).rejects.toSatisfy(isConnectionLost);
  expect(await pool.copyInto("t", ["a"], [[1]])).toBe(1);
});

test("a listener hears, and after a lost connection is told to look again", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url);
  await using proxy = await openTcpProxy(database.url);
  await using listening = open(proxy.url);
  const heard = new EventEmitter();
  await using _listener = listening.listen("news", (payload) => heard.emit(payload ?? "listening"));
  await once(heard, "listening");

  const first = once(heard, "one");
  await pool.query("SELECT pg_notify('news', 'one')");
  await first;

  const again = once(heard, "listening");
  proxy.cut();
  await again;
  const second = once(heard, "two");
  await pool.query("SELECT pg_notify('news', 'two')");
  await second;
});

test("a connection ended by the server is reported as lost, and the pool serves on", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url);
  const error = await pool.query("SELECT pg_terminate_backend(pg_backend_pid())").catch((e: unknown) => e);
  expect(isConnectionLost(error)).toBe(true);
  const inTransaction = await pool
    .transaction((transaction) => transaction.query("SELECT pg_terminate_backend(pg_backend_pid())"))
    .catch((e: unknown) => e);
  expect(isConnectionLost(inTransaction)).toBe(true);
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a connection lost while its transaction waits for us harms nobody else", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using pool = open(proxy.url);
  const work = pool.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    proxy.cut();
    await expect(transaction.query("SELECT 1")).rejects.toSatisfy(isConnectionLost);
    return rows;
  });
  await expect(work).rejects.toSatisfy(isConnectionLost);
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a refused connection and a lost answer are lost connections; a failed statement is not", async () => {
  await using nowhere = open("postgres://nobody:none@127.0.0.1:1/none");
  await expect(nowhere.query("SELECT 1")).rejects.toSatisfy(isConnectionLost);

  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using pool = open(proxy.url, 1);
  await pool.query("CREATE TABLE t (a int)");
  const lost = proxy.loseNextReply();
  await expect(pool.query("INSERT INTO t VALUES (1)")).rejects.toSatisfy(isConnectionLost);
  await lost;
  expect((await pool.query("SELECT a FROM t")).rows).toEqual([{ a: 1 }]);
  await expect(pool.query("SELECT 1 / 0")).rejects.not.toSatisfy(isConnectionLost);
});

test("what is asked within a time gives a silent connection up, and none that may be as silent is used after it", async () => {
  await using database = await createTestDatabase();
  await using proxy = await openTcpProxy(database.url);
  await using pool = open(proxy.url, 4);
  await Promise.all(Array.from({ length: 20 }, () => pool.query("SELECT pg_sleep(0.01)")));
  proxy.pause("present");
  const given = await pool
    .within(200)
    .query("SELECT 1")
    .catch((error: unknown) => error);
  expect(isConnectionLost(given)).toBe(true);
  // Nothing limits these: over one of the silent connections they would wait for ever.
  for (let i = 0; i < 5; i++) expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("an answer that keeps coming is no silence, however long it takes", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url, 1);
  const rows = await pool
    .within(1_500)
    .queryArrays("SELECT pg_sleep(0.25)::text, repeat('x', 10000) FROM generate_series(1, 10)");
  expect(rows).toHaveLength(10);
});

test("a named statement that its table has left behind fails once, and then sees the table as it is", async () => {
  await using database = await createTestDatabase();
  await using pool = open(database.url, 1);
  const statement = { name: "all", text: "SELECT * FROM t" };
  await pool.query("CREATE TABLE t AS SELECT 1 AS a");
  for (const ask of [pool, pool.within(60_000)]) {
    await ask.query(statement);
    await pool.query("ALTER TABLE t ALTER COLUMN a TYPE text");
    await expect(ask.query(statement)).rejects.toMatchObject({ code: "0A000" });
    expect((await ask.query(statement)).rows).toEqual([{ a: "1" }]);
    await pool.query("ALTER TABLE t ALTER COLUMN a TYPE int USING a::int");
    await ask.query(statement).catch(() => {});
  }
});

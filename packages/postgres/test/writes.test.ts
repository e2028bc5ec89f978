import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Database, isConnectionLost, isLockTimeout, openPool, Writes } from "../src/index.ts";
import { createTestDatabase, openTcpProxy, type TcpProxy } from "../testing/index.ts";

// Failures: a transaction that is sent as a whole is committed in part, or believed committed when it is not; a connection
// that is out of step afterwards, and gives one caller another's answer.

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let proxy: TcpProxy;
let pool: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await openTcpProxy(database.url);
  pool = openPool({ url: proxy.url, max: 1, applicationName: "writes" });
});
afterAll(async () => {
  await pool.close();
  await proxy.close();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await pool.query("DROP TABLE IF EXISTS t");
  await pool.query("CREATE TABLE t (a int PRIMARY KEY, b text)");
});

const insert = { name: "insert", text: "INSERT INTO t SELECT $1::int, $2" };
const update = { name: "update", text: "UPDATE t SET b = $1 WHERE a >= $2::int" };
const rows = () => pool.queryArrays("SELECT a, b FROM t ORDER BY a");

function writesOf(...steps: readonly ((writes: Writes) => void)[]): Writes {
  const writes = new Writes();
  for (const step of steps) step(writes);
  return writes;
}
const inserting = (a: number) => (writes: Writes) => writes.run(insert, [a, `row ${a}`]);
const copying = (from: number, count: number) => (writes: Writes) =>
  writes.copy(
    "t",
    ["a", "b"],
    Array.from({ length: count }, (_, i) => [from + i, "copied"]),
  );
const updating = (from: number, expected?: number) => (writes: Writes) =>
  writes.run(update, ["changed", from], expected === undefined ? undefined : { rows: expected });

/** The connection is as it was: what is asked next is answered with what was asked. */
async function expectSound(): Promise<void> {
  expect(await pool.queryArrays("SELECT $1::int", [7])).toEqual([[7]]);
  await pool.write(writesOf(inserting(900)), { relaxed: true });
  expect(await pool.queryArrays("SELECT b FROM t WHERE a = 900")).toEqual([["row 900"]]);
  expect((await pool.query("DELETE FROM t WHERE a = 900")).rowCount).toBe(1);
}

test("statements and copies in their order are one round trip, whether or not they are known to the connection", async () => {
  for (const from of [10, 20]) {
    const before = proxy.roundTrips;
    const writes = writesOf(
      inserting(from),
      copying(from + 1, 2),
      inserting(from + 3),
      updating(from + 2, 2),
    );
    await pool.write(writes, { relaxed: true, brief: true });
    expect(proxy.roundTrips - before).toBe(1);
  }
  expect(await rows()).toEqual(
    [10, 20]
      .flatMap((from) => [
        [from, from === 10 ? "row 10" : "row 20"],
        [from + 1, "copied"],
        [from + 2, "changed"],
        [from + 3, "changed"],
      ])
      .map(([a, b]) => [a, b]),
  );
  await expectSound();
});

test("settings are those of the transaction and end with it", async () => {
  const setting = "current_setting('synchronous_commit') || ' ' || current_setting('lock_timeout')";
  const note = (a: number) => (writes: Writes) => writes.run(`INSERT INTO t SELECT ${a}, ${setting}`);
  await pool.write(writesOf(note(1), note(2)), { relaxed: true, brief: true });
  await pool.write(writesOf(note(3)));
  expect(await rows()).toEqual([
    [1, "off 10s"],
    [2, "off 10s"],
    [3, "on 0"],
  ]);
});

test.each([
  [
    "a statement that fails",
    "23505",
    writesOf(inserting(2), copying(3, 2), inserting(1), inserting(5), copying(6, 1)),
  ],
  [
    "a statement that is none",
    "42601",
    writesOf(inserting(2), (w) => w.run("INSERT INTO"), copying(6, 1), inserting(7)),
  ],
  ["a copy that fails", "23505", writesOf(inserting(2), copying(0, 2), inserting(5))],
  ["a long copy that fails at its start", "23505", writesOf(inserting(2), copying(1, 400_000), inserting(5))],
  ["other rows than expected", "rows_not_as_expected", writesOf(copying(2, 3), updating(2, 4), inserting(5))],
])("with %s nothing is written, and the connection serves on", async (_, code, writes) => {
  await pool.write(writesOf(inserting(1)));
  await expect(pool.write(writes, { relaxed: true })).rejects.toMatchObject({ code });
  expect(await rows()).toEqual([[1, "row 1"]]);
  await expectSound();
});

test("whoever expects rows says what it means when they are not there", async () => {
  const otherwise = () => new Error("nobody is there");
  const writes = writesOf((w) => w.run(update, ["changed", 0], { rows: 1, otherwise }));
  await expect(pool.write(writes)).rejects.toThrow("nobody is there");
  await expect(pool.write(writesOf((w) => w.run("SELECT ln(0)"), updating(0, 0)))).rejects.toMatchObject({
    code: "2201E",
  });
});

test("in a transaction that was begun they are a part of it", async () => {
  const failing = pool.transaction(async (transaction) => {
    await transaction.write(writesOf(inserting(1), copying(2, 2)));
    expect((await transaction.query("SELECT FROM t")).rowCount).toBe(3);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await pool.transaction(async (transaction) => {
    await transaction.query("SAVEPOINT s");
    await expect(transaction.write(writesOf(inserting(1), updating(0, 2)))).rejects.toMatchObject({
      code: "rows_not_as_expected",
    });
    await transaction.query("ROLLBACK TO SAVEPOINT s");
    await transaction.write(writesOf(inserting(4)));
  });
  expect(await rows()).toEqual([[4, "row 4"]]);
});

test("a large copy goes through whole", async () => {
  await pool.write(writesOf(copying(0, 300_000), updating(299_999, 1)));
  expect(await pool.queryArrays("SELECT count(*), max(b) FROM t")).toEqual([[300_000n, "copied"]]);
});

test("a row that cannot be sent, or a source of rows that fails, ends the connection and writes nothing", async () => {
  function* failing() {
    for (let a = 0; a < 50_000; a++) yield [a, "copied"];
    throw new Error("no more");
  }
  await expect(
    pool.write(writesOf(inserting(-1), (w) => w.copy("t", ["a", "b"], failing()))),
  ).rejects.toThrow("no more");
  await expect(
    pool.write(writesOf(inserting(-1), (w) => w.copy("t", ["a", "b"], [[1, {}]]))),
  ).rejects.toThrow("COPY takes");
  expect(await rows()).toEqual([]);
  await expectSound();
});

test("nothing is known of what a connection was lost with, and nothing of it is there in part", async () => {
  const lost = proxy.loseNextReply();
  const writing = pool.write(writesOf(inserting(1), copying(2, 3), inserting(9)));
  await lost;
  expect(await writing.catch(isConnectionLost)).toBe(true);
  await vi.waitFor(async () => expect(await rows()).toHaveLength(5), 10_000);
});

test("a brief one waits for a lock so long and no longer", async () => {
  await using other = openPool({ url: database.url, max: 1, applicationName: "other" });
  await pool.write(writesOf(inserting(1)));
  await other.transaction(async (transaction) => {
    await transaction.query("UPDATE t SET b = 'held'");
    const writing = pool.write(writesOf(inserting(2), updating(1, 2)), { brief: true });
    expect(await writing.catch(isLockTimeout)).toBe(true);
  });
  expect(await rows()).toEqual([[1, "held"]]);
}, 30_000);

import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPostgresEventStore } from "@taem/event-store-postgres";
import { readLogName } from "@taem/host";
import { type Database, openPool } from "@taem/postgres";
import { createTestDatabase } from "@taem/postgres/testing";
import { type Environment, randomId } from "@taem/runtime";
import { type Service, startService } from "./commands-service.ts";
import { TestServer } from "./eventstoredb/server.ts";
import { openLog, wholeLog } from "./test-store.ts";

export type SiteName = "PostgreSQL" | "EventStoreDB";

/** Where the log is kept. What a site's tests find true must be true of each. */
export const SITES: readonly SiteName[] = ["PostgreSQL", "EventStoreDB"];

/** A copy of a log. Opaque. */
export type LogBackup = unknown;

/** The servers of one installation, whose log and whose database can be backed up and put back, each without the other. */
export interface Site extends AsyncDisposable {
  readonly databaseUrl: string;
  /** What a process on it is started with. */
  readonly environment: Environment;
  backUpLog(): Promise<LogBackup>;
  /** The log is what it was then. `undefined`: it is new, and empty. No process may run meanwhile. */
  restoreLog(backup: LogBackup | undefined): Promise<void>;
  /** The first events of a stream are gone, by other means than ours. */
  loseBeginning(stream: string, events: number): Promise<void>;
  /** All that is in the database but the log. No process may run meanwhile. */
  backUpDatabase(): Promise<string>;
  /** The database is what it was then. `undefined`: it is new, and empty. No process may run meanwhile. */
  restoreDatabase(backup: string | undefined): Promise<void>;
}

export async function openSite(name: SiteName): Promise<Site> {
  return name === "PostgreSQL" ? openPostgresSite() : openEventStoreSite();
}

/** All that is in the log, and whose it says that it is. */
export async function logOf(site: Site) {
  await using store = await openLog(site.environment);
  return { events: await wholeLog(store), name: await readLogName(store) };
}

/** The HMAC key that a site's database keeps, in hexadecimal; empty where it keeps none. */
export async function hmacKeyIn(site: Site): Promise<string> {
  return (await secretsIn(site))["hmac"] ?? "";
}

/** All that a site's database keeps secret, by name, in hexadecimal. */
export async function secretsIn({ databaseUrl: url }: Site): Promise<Readonly<Record<string, string>>> {
  await using database = openPool({ url, max: 1, applicationName: "test" });
  const { rows } = await database.query<{ name: string; value: string }>(
    "SELECT name, encode(value, 'hex') AS value FROM taem_installation.secrets",
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** The commands service of an earlier program, which gave no log a name: its database is not the site's. */
export async function startEarlierService(site: Site): Promise<Service> {
  await using undo = new AsyncDisposableStack();
  const { url } = undo.use(await createTestDatabase());
  const store = undo.use(await openLog(site.environment));
  const environment = { TAEM_HMAC_KEY: await hmacKeyIn(site) };
  const service = undo.use(await startService({ url, store, environment }));
  const started = undo.move();
  const close = () => started.disposeAsync();
  return { ...service, close, [Symbol.asyncDispose]: close };
}

/** A database of one's own that can be copied as a whole. */
async function openCopyable(undo: AsyncDisposableStack) {
  const { url, name } = undo.use(await createTestDatabase());
  const asAdmin = async (statements: readonly string[]) => {
    await using admin = openPool({ url: withName(url, "postgres"), max: 1, applicationName: "test-admin" });
    for (const statement of statements) await admin.query(statement);
  };
  const backups = undo.use(new AsyncDisposableStack());
  let made = 0;
  return {
    url,
    async backUp() {
      const backup = `${name}_${++made}`;
      await asAdmin([`CREATE DATABASE ${backup} TEMPLATE ${name}`]);
      backups.defer(() => asAdmin([`DROP DATABASE ${backup}`]));
      return backup;
    },
    restore: (backup = "template0") =>
      asAdmin([`DROP DATABASE ${name}`, `CREATE DATABASE ${name} TEMPLATE ${backup}`]),
  };
}

function withName(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** The log lies in EventStoreDB's place: the test server, which keeps it in a file. */
async function openEventStoreSite(): Promise<Site> {
  await using undo = new AsyncDisposableStack();
  const database = await openCopyable(undo);
  const file = join(tmpdir(), `taem-site-${randomId()}`);
  let server = await TestServer.start({ file });
  undo.defer(async () => {
    await server[Symbol.asyncDispose]();
    await rm(file);
  });
  const { url, port } = server;
  const opened = undo.move();
  return {
    databaseUrl: database.url,
    environment: { DATABASE_URL: database.url, EVENTSTORE_URL: url },
    backUpLog: () => readFile(file),
    async restoreLog(backup = "") {
      await server[Symbol.asyncDispose]();
      await writeFile(file, backup as Buffer | string);
      server = await TestServer.start({ file, port });
    },
    async loseBeginning(stream, events) {
      await server.truncate(stream, events);
      server.scavenge();
    },
    backUpDatabase: database.backUp,
    restoreDatabase: database.restore,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Rows = Readonly<Record<"streams" | "events", string>>;

/** The log lies in the database, where it is a schema beside others. */
async function openPostgresSite(): Promise<Site> {
  await using undo = new AsyncDisposableStack();
  const database = await openCopyable(undo);
  const { url } = database;
  const opened = undo.move();
  const backUpLog = () => withLog(url, readRows);
  const restoreLog = (backup?: LogBackup) =>
    withLog(url, (sql) => writeRows(sql, (backup ?? { streams: "[]", events: "[]" }) as Rows));
  return {
    databaseUrl: url,
    environment: { DATABASE_URL: url },
    backUpLog,
    restoreLog,
    loseBeginning: (stream, events) =>
      withLog(url, async (sql) => {
        await sql.query("ALTER TABLE taem_store.events DISABLE TRIGGER append_only");
        await sql.query(
          `DELETE FROM taem_store.events e USING taem_store.streams s
            WHERE s.id = e.stream_id AND s.name = $1 AND e.revision <= $2`,
          [stream, events],
        );
        await sql.query("ALTER TABLE taem_store.events ENABLE TRIGGER append_only");
      }),
    backUpDatabase: database.backUp,
    async restoreDatabase(backup) {
      const log = await backUpLog();
      await database.restore(backup);
      await restoreLog(log);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function withLog<T>(url: string, use: (sql: Database) => Promise<T>): Promise<T> {
  await using sql = openPool({ url, max: 2, applicationName: "test-log" });
  // Makes the schema where the database is new.
  await (await openPostgresEventStore({ database: sql })).close();
  return await use(sql);
}

async function readRows(sql: Database): Promise<Rows> {
  const all = async (table: string) => {
    const { rows } = await sql.query<{ all: string }>(
      `SELECT coalesce(json_agg(t), '[]')::text AS all FROM taem_store.${table} t`,
    );
    return (rows[0] as { all: string }).all;
  };
  return { streams: await all("streams"), events: await all("events") };
}

async function writeRows(sql: Database, rows: Rows): Promise<void> {
  await sql.query(`
    ALTER TABLE taem_store.events DISABLE TRIGGER append_only;
    ALTER TABLE taem_store.streams DISABLE TRIGGER append_only;
    DELETE FROM taem_store.events;
    DELETE FROM taem_store.streams;
    ALTER TABLE taem_store.events ENABLE TRIGGER append_only;
    ALTER TABLE taem_store.streams ENABLE TRIGGER append_only`);
  for (const table of ["streams", "events"] as const) {
    await sql.query(
      `INSERT INTO taem_store.${table} SELECT * FROM json_populate_recordset(NULL::taem_store.${table}, $1::json)`,
      [rows[table]],
    );
  }
  await sql.query(
    `SELECT setval('taem_store.stream_ids', (SELECT coalesce(max(id), 0) + 1 FROM taem_store.streams))`,
  );
}

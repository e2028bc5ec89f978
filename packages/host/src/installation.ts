import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { type EventStore, START } from "@taem/event-store";
import type { Database, Log, Migration, Queryable } from "@taem/postgres";
import { OperatorError } from "@taem/runtime";
import { checkValueOf, type LogName, nameLog, readLogName } from "./log-name.ts";
import { lostEventsTable } from "./lost-events.ts";

const SCHEMA = "taem_installation";

/** What belongs to an installation as a whole. Component `installation`. */
export const installationMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "secrets",
    sql: `
      CREATE SCHEMA ${SCHEMA};
      CREATE TABLE ${SCHEMA}.secrets (
        name  text PRIMARY KEY,
        value bytea NOT NULL
      );`,
  },
  {
    version: 2,
    name: "identity",
    sql: `
      CREATE TABLE ${SCHEMA}.identity (
        singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        id          uuid NOT NULL,
        event_store text
      );
      COMMENT ON COLUMN ${SCHEMA}.identity.id IS 'stamped on what leaves the installation';
      COMMENT ON COLUMN ${SCHEMA}.identity.event_store IS 'where the log is: positions of one mean nothing in another';
      INSERT INTO ${SCHEMA}.identity (id, event_store)
      VALUES (gen_random_uuid(), CASE WHEN to_regclass('taem_store.events') IS NOT NULL THEN 'PostgreSQL' END);`,
  },
  {
    version: 3,
    name: "name of the log",
    sql: `
      ALTER TABLE ${SCHEMA}.identity ADD COLUMN is_named boolean NOT NULL DEFAULT false;
      COMMENT ON COLUMN ${SCHEMA}.identity.is_named IS 'the log has said that it is this installation''s';`,
  },
  { version: 4, name: "lost events that were accepted", sql: lostEventsTable },
];

/** Whose log a process has opened. */
export interface Installation {
  /** UUID. */
  readonly id: string;
  /** Names unique values in the log: the same for ever. */
  readonly hmacKey: KeyObject;
  /** Whether it begins with this process. */
  readonly isNew: boolean;
}

/** What a database says of the installation it belongs to. */
interface Kept {
  readonly id: string;
  readonly eventStore: EventStoreKind | null;
  /** Whether it has seen the log say whose it is. */
  readonly isNamed: boolean;
  /** Undefined in a database that nothing has used. */
  readonly key: Buffer | undefined;
}

type EventStoreKind = "PostgreSQL" | "EventStoreDB";

/** What the log is compared with. */
export interface Identification {
  readonly database: Database;
  readonly store: Pick<EventStore, "append" | "read" | "head">;
  readonly eventStore: EventStoreKind;
  /** The key that the operator brings, in hexadecimal. */
  readonly givenKey: string | undefined;
  /** Whether this process may append: then it gives a log without a name its name. */
  readonly mayWrite: boolean;
  /** Throws where the database has read what the log has not. Nothing is written to such a log, not even its name. */
  readonly assertRead: () => Promise<void>;
  /**
   * Brings over what an earlier version kept in the database and the log holds now. Once: whoever writes to the database of
   * a log that has its name gets nothing into the log by it.
   */
  readonly beforeNaming: () => Promise<void>;
  readonly log: Log;
}

/** Throws `event_store_changed` where the first start found the log elsewhere. Before the store is opened: that may write. */
export async function assertEventStore(database: Database, eventStore: EventStoreKind): Promise<void> {
  const { eventStore: begun } = await keptBy(database);
  if (begun === null || begun === eventStore) return;
  throw new OperatorError(
    "event_store_changed",
    `this installation keeps its log in ${begun}, and is started on ${eventStore}: ` +
      `${begun === "EventStoreDB" ? "set" : "unset"} EVENTSTORE_URL, or use another database`,
  );
}

/**
 * Compares the database with the log before anything is read on or written. A new installation gets its id and key here, and
 * its log the event that names them. Throws `log_of_another_installation`, `log_lost`, `log_unnamed`, `hmac_key_missing`,
 * `hmac_key_differs`, and what `assertRead` throws; a refusal has written nothing to the log.
 */
export async function identify(asked: Identification): Promise<Installation> {
  const { database, store, givenKey } = asked;
  // In this order: whatever another process of the same database does meanwhile, what is seen later has it.
  const before = await keptBy(database);
  const head = await store.head();
  const name = await readLogName(store);
  const kept = await keptBy(database);
  const given = givenKey === undefined ? undefined : Buffer.from(givenKey, "hex");
  if (kept.key !== undefined && given !== undefined && !kept.key.equals(given)) throw keyDiffers();
  if (name !== undefined) return await compare(asked, kept, given, name);
  if (before.isNamed && head === START) throw logLost(kept);
  if (kept.key === undefined && head !== START) throw logUnnamed();
  return await begin(asked, kept, given ?? randomBytes(32));
}

/** The database of a named log: in use, or taken over by whoever has the key. */
async function compare(
  { database, eventStore, assertRead, log }: Identification,
  kept: Kept,
  given: Buffer | undefined,
  name: LogName,
): Promise<Installation> {
  if (kept.key === undefined && given === undefined) throw keyMissing(name);
  const key = kept.key ?? (given as Buffer);
  const id = kept.key === undefined ? name.installation : kept.id;
  const own = { id, hmacKey: createSecretKey(key), isNew: false };
  assertSame(own, name);
  if (kept.key === undefined) {
    await keep(database, own.id, eventStore, key);
    log("an unused database has taken over the log's installation, by its key", { installation: own.id });
  }
  if (!kept.isNamed) await noteNamed(database);
  await assertRead();
  return own;
}

/** No process of this database has seen the log named. */
async function begin(
  { database, store, eventStore, mayWrite, assertRead, beforeNaming }: Identification,
  { id, key: before }: Kept,
  key: Buffer,
): Promise<Installation> {
  const kept = { ...(await keep(database, id, eventStore, key)), isNew: before === undefined };
  await assertRead();
  if (!mayWrite) return kept;
  await beforeNaming();
  const own = { installation: kept.id, keyCheck: checkValueOf(kept.hmacKey) };
  assertSame(kept, await nameLog(store, { type: "InstallationNamed", ...own }));
  await noteNamed(database);
  return kept;
}

function assertSame(
  { id, hmacKey }: Pick<Installation, "id" | "hmacKey">,
  { installation, keyCheck }: LogName,
): void {
  if (id !== installation) {
    throw new OperatorError(
      "log_of_another_installation",
      `the log is that of installation ${installation}, and the database belongs to ${id}: ` +
        `use the database of the one, or the event store of the other, or restore what was mixed up`,
    );
  }
  if (checkValueOf(hmacKey) !== keyCheck) throw keyDiffers();
}

function keyDiffers(): OperatorError {
  return new OperatorError(
    "hmac_key_differs",
    "the HMAC key is not the one this installation was begun with, and names in the log depend on it: set TAEM_HMAC_KEY to " +
      "that key where it is set, or restore the database that has it",
  );
}

function keyMissing({ installation }: LogName): OperatorError {
  return new OperatorError(
    "hmac_key_missing",
    `the log is that of installation ${installation}, and the database has nothing of it: restore the database from a ` +
      "backup, however old; or, if there is none, set TAEM_HMAC_KEY to the installation's key and start with this one",
  );
}

function logUnnamed(): OperatorError {
  return new OperatorError(
    "log_unnamed",
    "the log has events and does not say whose it is, and the database has never seen it: start with the database that " +
      "belongs to it, or restore that from a backup, however old",
  );
}

function logLost({ id }: Kept): OperatorError {
  return new OperatorError(
    "log_lost",
    `the log of installation ${id} has begun, and this one is empty: restore the event store; a new installation ` +
      "takes a new database",
  );
}

async function keptBy(sql: Queryable): Promise<Kept> {
  const { rows } = await sql.query<Omit<Kept, "key"> & { key: Buffer | null }>(
    `SELECT i.id, i.event_store AS "eventStore", i.is_named AS "isNamed", s.value AS key
       FROM ${SCHEMA}.identity i LEFT JOIN ${SCHEMA}.secrets s ON s.name = 'hmac'`,
  );
  const [row] = rows;
  if (row === undefined) {
    throw new OperatorError(
      "installation_lost",
      `the database has lost whose it is (${SCHEMA}.identity is empty): restore it from a backup, however old`,
    );
  }
  const { key, ...kept } = row;
  return { ...kept, key: key === null ? undefined : Buffer.from(key) };
}

/** Fixes id and key together, unless another process has: what stands then. */
async function keep(
  database: Database,
  id: string,
  eventStore: EventStoreKind,
  key: Buffer,
): Promise<Pick<Installation, "id" | "hmacKey">> {
  return await database.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(
      `INSERT INTO ${SCHEMA}.secrets (name, value) VALUES ('hmac', $1) ON CONFLICT (name) DO NOTHING`,
      [key],
    );
    await transaction.query(
      `UPDATE ${SCHEMA}.identity SET event_store = $1, id = CASE WHEN $2 THEN $3::uuid ELSE id END`,
      [eventStore, rowCount > 0, id],
    );
    const kept = await keptBy(transaction);
    return { id: kept.id, hmacKey: createSecretKey(kept.key as Buffer) };
  });
}

async function noteNamed(database: Database): Promise<void> {
  await database.query(`UPDATE ${SCHEMA}.identity SET is_named = true`);
}

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
  /** By which the HMAC key is known again. Undefined in a database that nothing has used. */
  readonly keyCheck: string | undefined;
  /** The HMAC key itself, unless the operator brings it. */
  readonly key: KeyObject | undefined;
}

export type EventStoreKind = "PostgreSQL" | "EventStoreDB";

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

/** Rows of `secrets`: the HMAC key, or the value by which the one that the operator brings is known again. Never both. */
const KEY = "hmac";
const KEY_CHECK = "hmac-check";

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
  const { database, store, givenKey, mayWrite, log } = asked;
  // In this order: whatever another process of the same database does meanwhile, what is seen later has it.
  const before = await keptBy(database);
  const head = await store.head();
  const name = await readLogName(store);
  const kept = await keptBy(database);
  const given = givenKey === undefined ? undefined : createSecretKey(Buffer.from(givenKey, "hex"));
  const key = keyOf(kept, given);
  if (name === undefined && before.isNamed && head === START) throw logLost(kept);
  if (name === undefined && kept.keyCheck === undefined && head !== START) throw logUnnamed();
  const own = await (name === undefined ? begin(asked, kept, key) : compare(asked, kept, key, name));
  if (mayWrite && given !== undefined && (await forgetKey(database, given))) {
    log(
      "the database keeps the HMAC key no longer: every process needs TAEM_HMAC_KEY from now on; backups that were made before hold it still",
    );
  }
  return own;
}

/** The key of a database in use, or the one that is brought to a new one. */
function keyOf({ keyCheck, key }: Kept, given: KeyObject | undefined): KeyObject | undefined {
  if (given !== undefined && keyCheck !== undefined && checkValueOf(given) !== keyCheck) throw keyDiffers();
  if (given === undefined && keyCheck !== undefined && key === undefined) throw keyNotGiven();
  return given ?? key;
}

/** The database of a named log: in use, or taken over by whoever has the key. */
async function compare(
  { database, eventStore, givenKey, assertRead, log }: Identification,
  kept: Kept,
  key: KeyObject | undefined,
  name: LogName,
): Promise<Installation> {
  if (key === undefined) throw keyMissing(name);
  const isNew = kept.keyCheck === undefined;
  const own = { id: isNew ? name.installation : kept.id, hmacKey: key, isNew: false };
  assertSame(own, name);
  if (isNew) {
    await keep(database, { id: own.id, eventStore, key, isGiven: givenKey !== undefined });
    log("an unused database has taken over the log's installation, by its key", { installation: own.id });
  }
  if (!kept.isNamed) await noteNamed(database);
  await assertRead();
  return own;
}

/** No process of this database has seen the log named. */
async function begin(
  { database, store, eventStore, givenKey, mayWrite, assertRead, beforeNaming }: Identification,
  { id, keyCheck }: Kept,
  key: KeyObject = createSecretKey(randomBytes(32)),
): Promise<Installation> {
  const stands = await keep(database, { id, eventStore, key, isGiven: givenKey !== undefined });
  const own = { ...stands, isNew: keyCheck === undefined };
  await assertRead();
  if (!mayWrite) return own;
  await beforeNaming();
  const said = { installation: own.id, keyCheck: checkValueOf(own.hmacKey) };
  assertSame(own, await nameLog(store, { type: "InstallationNamed", ...said }));
  await noteNamed(database);
  return own;
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

function keyNotGiven(): OperatorError {
  return new OperatorError(
    "hmac_key_missing",
    "this installation was begun with a TAEM_HMAC_KEY, and the database keeps none of it but a value to know it by: set " +
      "TAEM_HMAC_KEY to that key",
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

async function keptBy(sql: Queryable, lock = ""): Promise<Kept> {
  const { rows } = await sql.query<Pick<Kept, "id" | "eventStore" | "isNamed">>(
    `SELECT id, event_store AS "eventStore", is_named AS "isNamed" FROM ${SCHEMA}.identity ${lock}`,
  );
  const [row] = rows;
  if (row === undefined) {
    throw new OperatorError(
      "installation_lost",
      `the database has lost whose it is (${SCHEMA}.identity is empty): restore it from a backup, however old`,
    );
  }
  const { rows: secrets } = await sql.query<{ name: string; value: Buffer }>(
    `SELECT name, value FROM ${SCHEMA}.secrets WHERE name IN ('${KEY}', '${KEY_CHECK}')`,
  );
  const secretOf = (wanted: string) => secrets.find(({ name }) => name === wanted)?.value;
  const stored = secretOf(KEY);
  const key = stored === undefined ? undefined : createSecretKey(stored);
  const keyCheck = key === undefined ? secretOf(KEY_CHECK)?.toString("hex") : checkValueOf(key);
  return { ...row, key, keyCheck };
}

interface Begun {
  readonly id: string;
  readonly eventStore: EventStoreKind;
  readonly key: KeyObject;
  /** Whether the operator brings the key: then the database keeps what tells it again, and not what forges by it. */
  readonly isGiven: boolean;
}

/** Fixes id and key together, unless another process has: what stands then. */
async function keep(
  database: Database,
  { id, eventStore, key, isGiven }: Begun,
): Promise<Pick<Installation, "id" | "hmacKey">> {
  return await database.transaction(async (transaction) => {
    const { id: before, ...kept } = await keptBy(transaction, "FOR UPDATE");
    const isNew = kept.keyCheck === undefined;
    if (isNew) await insertSecret(transaction, isGiven ? KEY_CHECK : KEY, key);
    const stands = isNew ? id : before;
    await transaction.query(`UPDATE ${SCHEMA}.identity SET event_store = $1, id = $2`, [eventStore, stands]);
    const hmacKey = isNew ? key : keyOf({ ...kept, id: before }, isGiven ? key : undefined);
    return { id: stands, hmacKey: hmacKey as KeyObject };
  });
}

async function insertSecret(transaction: Queryable, name: string, key: KeyObject): Promise<void> {
  const value = name === KEY ? key.export() : Buffer.from(checkValueOf(key), "hex");
  await transaction.query(`INSERT INTO ${SCHEMA}.secrets (name, value) VALUES ($1, $2)`, [name, value]);
}

/** Of a key that the operator brings the database keeps no more than tells it again. Whether it had kept more. */
async function forgetKey(database: Database, key: KeyObject): Promise<boolean> {
  return await database.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(`DELETE FROM ${SCHEMA}.secrets WHERE name = '${KEY}'`);
    if (rowCount === 0) return false;
    await insertSecret(transaction, KEY_CHECK, key);
    return true;
  });
}

async function noteNamed(database: Database): Promise<void> {
  await database.query(`UPDATE ${SCHEMA}.identity SET is_named = true`);
}

import { type Database, type Migration, migrate } from "@taem/postgres";
import { assertTables } from "../schema.ts";

/** The durable queues of a database: what is to be delivered, and what came in. Nothing of them is rebuilt. */
export type QueueTable = "outbox" | "inbox";

export const QUEUE_TABLES: readonly QueueTable[] = ["outbox", "inbox"];

const SCHEMA = "taem_queues";

/** What a queue is called: of this name by whoever looks at it from outside. */
export function nameOfQueue({
  table,
  queue,
}: {
  readonly table: QueueTable;
  readonly queue: string;
}): string {
  return `${table}:${queue}`;
}

/** The table in a statement. */
export function tableOf(table: QueueTable): string {
  return `${SCHEMA}.${table}`;
}

/** The same columns for both: they are worked off by the same worker. */
const queueTable = (table: QueueTable, what: string) => `
  CREATE TABLE ${SCHEMA}.${table} (
    queue    text COLLATE "C" NOT NULL,
    key      text COLLATE "C" NOT NULL,
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    slice    smallint NOT NULL,
    lane     text COLLATE "C" NOT NULL,
    type     text NOT NULL,
    body     text NOT NULL,
    meta     text NOT NULL,
    answer   text NOT NULL DEFAULT '',
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused', 'parked')),
    attempts int NOT NULL DEFAULT 0,
    failures int NOT NULL DEFAULT 0,
    due_at   bigint NOT NULL DEFAULT 0,
    error    text,
    ended_at timestamptz,
    PRIMARY KEY (queue, key)
  ) WITH (fillfactor = 70);
  COMMENT ON TABLE ${SCHEMA}.${table} IS '${what}';
  COMMENT ON COLUMN ${SCHEMA}.${table}.lane IS 'messages of one lane are delivered one after the other, by seq';
  COMMENT ON COLUMN ${SCHEMA}.${table}.failures IS 'attempts in a row that failed for no passing reason';
  COMMENT ON COLUMN ${SCHEMA}.${table}.due_at IS 'not delivered before: milliseconds since the epoch, server time';
  COMMENT ON COLUMN ${SCHEMA}.${table}.ended_at IS 'when it was done or refused: kept for some time from then on';
  CREATE INDEX ON ${SCHEMA}.${table} (queue, slice, due_at) WHERE state = 'waiting';
  CREATE INDEX ON ${SCHEMA}.${table} (queue, slice, seq) WHERE state = 'waiting';
  CREATE INDEX ON ${SCHEMA}.${table} (queue, slice, lane) WHERE state = 'parked';
  CREATE INDEX ON ${SCHEMA}.${table} (queue, ended_at) WHERE state IN ('done', 'refused');
  CREATE INDEX ON ${SCHEMA}.${table} (queue, state) WHERE state IN ('refused', 'parked');`;

const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "outbox and inbox",
    sql: `CREATE SCHEMA ${SCHEMA};
      ${queueTable("outbox", "commands that events have led to, until they are carried out")}
      ${queueTable("inbox", "what came from outside, and what has become of it")}`,
  },
];

/**
 * Makes the queues of a database before anything writes to them. Those that it had and has lost are not made again: what was on
 * its way in them is nowhere else. Then it throws PostgreSQL's error.
 */
export async function migrateQueues(database: Database): Promise<void> {
  await migrate(database, "queues", migrations);
  await assertTables(database, QUEUE_TABLES.map(tableOf));
}

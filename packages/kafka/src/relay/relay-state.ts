import { type EventStore, type Position, START } from "@taem/event-store";
import { SLICES } from "@taem/kernel";
import type { Database, Migration } from "@taem/postgres";
import { findMismatch, type Landmark, type Reach } from "@taem/processing";
import { OperatorError } from "@taem/runtime";

const SCHEMA = "taem_relay";

/** Component `relay`. One row for each topic: another topic is told everything from the log's start. */
export const relayMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "state",
    sql: `
      CREATE SCHEMA ${SCHEMA};
      CREATE TABLE ${SCHEMA}.state (
        topic        text COLLATE "C" PRIMARY KEY,
        epoch        bigint NOT NULL,
        leased_until timestamptz NOT NULL,
        position     text COLLATE "C" NOT NULL,
        slices       text[] NOT NULL
      );
      COMMENT ON COLUMN ${SCHEMA}.state.epoch IS 'counts leaders: one of an earlier epoch can write nothing here';
      COMMENT ON COLUMN ${SCHEMA}.state.position IS 'everything up to here is in the topic';
      COMMENT ON COLUMN ${SCHEMA}.state.slices IS 'position of the newest event of each slice up to there';`,
  },
  {
    version: 2,
    name: "landmark",
    sql: `
      ALTER TABLE ${SCHEMA}.state ADD COLUMN landmark jsonb;
      COMMENT ON COLUMN ${SCHEMA}.state.landmark IS 'an event up to the position, by which the log is known again';`,
  },
];

/** How far a topic has been told, and by which leader. */
export interface RelayState extends Reach {
  readonly epoch: bigint;
  /** Position of the newest event of each slice up to there. */
  readonly slices: readonly Position[];
}

/** Another relay leads now. Whatever this one has sent since is a repetition. */
export class Superseded extends Error {
  readonly code = "superseded";
  constructor() {
    super("another relay has taken over");
    this.name = "Superseded";
  }
}

/** A leader that is not heard of for this long is replaced. */
const LEASE_MS = 3_000;
export const RENEW_MS = LEASE_MS / 3;

/** The relay's row in the database: how far it has come, and who leads. */
export class RelayTable {
  readonly #database: Database;
  readonly #topic: string;

  constructor(database: Database, topic: string) {
    this.#database = database;
    this.#topic = topic;
  }

  /** How far the topic has been told. */
  async reach(): Promise<Reach> {
    const [row] = await this.#database.queryArrays<[Position, Landmark | null]>(
      `SELECT position, landmark FROM ${SCHEMA}.state WHERE topic = $1`,
      [this.#topic],
    );
    const [position, landmark] = row ?? [START, null];
    return { position, landmark: landmark ?? undefined };
  }

  /** Throws `checkpoint_beyond_head` or `checkpoint_not_in_log` where the topic was told what the log has not. */
  async assertOfThisLog(store: Pick<EventStore, "read" | "head">): Promise<void> {
    const mismatch = await findMismatch(store, await this.reach());
    if (mismatch === undefined) return;
    throw new OperatorError(
      mismatch.code,
      `the relay to topic ${this.#topic} ${mismatch.reason}: restore the newest backup of the event store, or, if what is ` +
        "missing is lost for good, set TAEM_KAFKA_TOPIC to a topic that was never used",
    );
  }

  /** Becomes the leader, unless there is one. */
  async claim(): Promise<RelayState | undefined> {
    await this.#database.query(
      `INSERT INTO ${SCHEMA}.state (topic, epoch, leased_until, position, slices)
       VALUES ($1, 0, '-infinity', '', array_fill(''::text, ARRAY[$2::int])) ON CONFLICT (topic) DO NOTHING`,
      [this.#topic, SLICES],
    );
    const { rows } = await this.#database.query<Omit<RelayState, "landmark"> & { landmark: Landmark | null }>(
      `UPDATE ${SCHEMA}.state
          SET epoch = epoch + 1, leased_until = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE topic = $1 AND leased_until <= clock_timestamp()
       RETURNING epoch, position, slices, landmark`,
      [this.#topic, LEASE_MS],
    );
    const [state] = rows;
    return state && { ...state, landmark: state.landmark ?? undefined };
  }

  /** Says how far the leader has come, and that it lives. Throws `Superseded`. */
  async save({ epoch, position, slices, landmark }: RelayState): Promise<void> {
    // What is lost here is sent once more.
    const saved = await this.#database.transaction(
      (transaction) =>
        transaction.query(
          {
            name: `${SCHEMA}_save`,
            text: `UPDATE ${SCHEMA}.state
                      SET position = $3, slices = $4, leased_until = clock_timestamp() + $5 * interval '1 millisecond',
                          landmark = coalesce($6, landmark)
                    WHERE topic = $1 AND epoch = $2`,
          },
          [this.#topic, epoch, position, slices, LEASE_MS, landmark && JSON.stringify(landmark)],
        ),
      { relaxed: true, brief: true },
    );
    if (saved.rowCount === 0) throw new Superseded();
  }

  /** Says that the leader lives, however long what it does takes. */
  async renew({ epoch }: RelayState): Promise<void> {
    await this.#database.query(
      `UPDATE ${SCHEMA}.state SET leased_until = clock_timestamp() + $3 * interval '1 millisecond'
        WHERE topic = $1 AND epoch = $2`,
      [this.#topic, epoch, LEASE_MS],
    );
  }

  /** Others need not wait until the lease has run out. */
  async release({ epoch }: RelayState): Promise<void> {
    await this.#database.query(
      `UPDATE ${SCHEMA}.state SET leased_until = '-infinity' WHERE topic = $1 AND epoch = $2`,
      [this.#topic, epoch],
    );
  }
}

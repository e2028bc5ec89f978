import { SLICES } from "@taem/contracts";
import type { Position } from "@taem/event-store";
import type { Database, Migration } from "@taem/postgres";

/** Component `relay`. One row for each topic: another topic is told everything from the log's start. */
export const relayMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "state",
    sql: `
      CREATE SCHEMA taem_relay;
      CREATE TABLE taem_relay.state (
        topic        text COLLATE "C" PRIMARY KEY,
        epoch        bigint NOT NULL,
        leased_until timestamptz NOT NULL,
        position     text COLLATE "C" NOT NULL,
        slices       text[] NOT NULL
      );
      COMMENT ON COLUMN taem_relay.state.epoch IS 'counts leaders: one of an earlier epoch can write nothing here';
      COMMENT ON COLUMN taem_relay.state.position IS 'everything up to here is in the topic';
      COMMENT ON COLUMN taem_relay.state.slices IS 'position of the newest event of each slice up to there';`,
  },
];

/** How far a topic has been told, and by which leader. */
export interface RelayState {
  readonly epoch: bigint;
  readonly position: Position;
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

  /** Position up to which the topic has been told; undefined if nobody ever began. */
  async position(): Promise<Position | undefined> {
    const [row] = await this.#database.queryArrays<[Position]>(
      "SELECT position FROM taem_relay.state WHERE topic = $1",
      [this.#topic],
    );
    return row?.[0];
  }

  /** Becomes the leader, unless there is one. */
  async claim(): Promise<RelayState | undefined> {
    await this.#database.query(
      `INSERT INTO taem_relay.state (topic, epoch, leased_until, position, slices)
       VALUES ($1, 0, '-infinity', '', array_fill(''::text, ARRAY[$2::int])) ON CONFLICT (topic) DO NOTHING`,
      [this.#topic, SLICES],
    );
    const { rows } = await this.#database.query<RelayState>(
      `UPDATE taem_relay.state
          SET epoch = epoch + 1, leased_until = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE topic = $1 AND leased_until <= clock_timestamp()
       RETURNING epoch, position, slices`,
      [this.#topic, LEASE_MS],
    );
    return rows[0];
  }

  /** Says how far the leader has come, and that it lives. Throws `Superseded`. */
  async save({ epoch, position, slices }: RelayState): Promise<void> {
    // What is lost here is sent once more.
    const saved = await this.#database.transaction(
      (transaction) =>
        transaction.query(
          {
            name: "taem_relay_save",
            text: `UPDATE taem_relay.state
                      SET position = $3, slices = $4, leased_until = clock_timestamp() + $5 * interval '1 millisecond'
                    WHERE topic = $1 AND epoch = $2`,
          },
          [this.#topic, epoch, position, slices, LEASE_MS],
        ),
      { relaxed: true, brief: true },
    );
    if (saved.rowCount === 0) throw new Superseded();
  }

  /** Says that the leader lives, however long what it does takes. */
  async renew({ epoch }: RelayState): Promise<void> {
    await this.#database.query(
      `UPDATE taem_relay.state SET leased_until = clock_timestamp() + $3 * interval '1 millisecond'
        WHERE topic = $1 AND epoch = $2`,
      [this.#topic, epoch, LEASE_MS],
    );
  }

  /** Others need not wait until the lease has run out. */
  async release({ epoch }: RelayState): Promise<void> {
    await this.#database.query(
      "UPDATE taem_relay.state SET leased_until = '-infinity' WHERE topic = $1 AND epoch = $2",
      [this.#topic, epoch],
    );
  }
}

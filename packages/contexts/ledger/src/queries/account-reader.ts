import type { EventStore } from "@taem/event-store";
import type { Cut } from "@taem/host";
import type { Database, Queryable } from "@taem/postgres";
import type { Parked } from "@taem/processing";
import { businessNow, type Programme } from "@taem/programme/definitions";
import type { Clock, Logger } from "@taem/runtime";
import { accountSnapshots } from "../application/account-aggregate.ts";
import { type AccountState, dueEvents, evolve, newAccount } from "../domain/index.ts";
import type { AccountEvent } from "../events.ts";
import { SCHEMA } from "../read-model/schema.ts";
import { accountEvents, type Horizon } from "./account-events.ts";
import { type AccountRef, identityOf, streamOf } from "./account-ref.ts";
import { ACCOUNT_COLUMNS, type AccountFields, accountRow, needsEvents } from "./account-rows.ts";
import { cutAt } from "./cut.ts";
import { programmeAt } from "./programme-history.ts";

/** How a member's account is to be seen. */
export interface View {
  /** Instant to see it at; undefined = now, on the programme's business clock. */
  readonly asOf: number | undefined;
  /** Instant whose knowledge to see it with; undefined = everything recorded. */
  readonly knownAt: number | undefined;
  readonly consistency: "eventual" | "strong";
}

/** Where an answer stands. */
export interface Basis {
  /** The instant it is seen at. */
  readonly at: number;
  readonly cut: Cut;
  /** Set where the read model has stopped following this account: what it says is old. */
  readonly parked: Parked | undefined;
}

export interface Seen extends Basis {
  readonly state: AccountState;
  /** Time has done its work on it up to the instant. */
  readonly isSettled: boolean;
}

/** A view that takes the events themselves: the read model has no past, and may be behind. */
export function isFolded(view: View): boolean {
  return view.consistency === "strong" || view.asOf !== undefined || view.knownAt !== undefined;
}

const NOW: View = { asOf: undefined, knownAt: undefined, consistency: "strong" };

/** A view that every event of the account counts in. */
export function isWhole(view: View): boolean {
  return view.asOf === undefined && view.knownAt === undefined;
}

/** Where the read model stands with the slice of an account, and whether it has stopped following its stream. */
const STANDING_COLUMNS = `c.position, (SELECT to_json(p) FROM ${SCHEMA}.parked p WHERE p.slice = c.slice AND p.key = $2)`;
type BasisFields = [position: string, parked: Parked | null];

const BASIS = {
  name: `${SCHEMA}_basis`,
  text: `SELECT ${STANDING_COLUMNS} FROM ${SCHEMA}.checkpoints c WHERE c.slice = $1`,
};

/** In one statement, so all of it is of one instant. */
const SEEN = {
  name: `${SCHEMA}_seen`,
  text: `SELECT ${STANDING_COLUMNS}, ${ACCOUNT_COLUMNS}
           FROM ${SCHEMA}.checkpoints c LEFT JOIN ${SCHEMA}.balances b ON b.member = $3 AND b.currency = $4
          WHERE c.slice = $1`,
};

export interface AccountReaderPlatform {
  readonly database: Database;
  readonly store: EventStore;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Sees accounts, in the read model or in the events themselves. */
export class AccountReader {
  readonly #platform: AccountReaderPlatform;

  constructor(platform: AccountReaderPlatform) {
    this.#platform = platform;
  }

  async see(account: AccountRef, view: View): Promise<Seen> {
    return isFolded(view) ? this.#fold(account, view) : this.#readModel(account);
  }

  async #fold(account: AccountRef, view: View): Promise<Seen> {
    // Before the horizon: whatever a snapshot has in it, the head then reaches.
    const state = (isWhole(view) ? await this.#snapshot(account) : undefined) ?? newAccount();
    const { horizon, ...basis } = await this.horizon(account.programme, view);
    if (horizon.effectiveBy !== undefined) return { ...basis, ...(await this.#past(account, horizon)) };
    const tail = accountEvents(this.#platform.store, account, horizon, state.revision);
    for await (const { event } of tail) evolve(state, event);
    return { ...basis, state, isSettled: false };
  }

  /**
   * What counted by an instant: of the events recorded, and of those that time alone makes of them by then. They are
   * worked out on all that was recorded, as a sweep does it, so that it makes no difference when one runs.
   */
  async #past(account: AccountRef, horizon: Horizon): Promise<Pick<Seen, "state" | "isSettled">> {
    const { effectiveBy = Number.POSITIVE_INFINITY, recordedBy } = horizon;
    const { programme, currency, member } = account;
    const recorded = newAccount();
    const state = newAccount();
    const count = (event: AccountEvent) => {
      if (event.effectiveAt <= effectiveBy) evolve(state, event);
    };
    const all = { effectiveBy: undefined, recordedBy };
    for await (const { event } of accountEvents(this.#platform.store, account, all)) {
      evolve(recorded, event);
      count(event);
    }
    dueEvents(recorded, identityOf(programme, currency.code, member), effectiveBy).forEach(count);
    return { state, isSettled: true };
  }

  /** Which events a view of the past counts, and the instant it stands at. */
  async horizon(
    programme: Programme,
    { asOf, knownAt }: View,
  ): Promise<Basis & { readonly horizon: Horizon }> {
    const { store, clock } = this.#platform;
    const position = knownAt === undefined ? await store.head() : await store.positionAt(knownAt);
    const then = knownAt === undefined ? programme : await programmeAt(store, programme.id, position);
    const at = asOf ?? businessNow(then ?? programme, knownAt ?? clock.now());
    return {
      horizon: { effectiveBy: asOf, recordedBy: position },
      at,
      cut: cutAt(position),
      parked: undefined,
    };
  }

  /** Where the read model stands with an account; in a transaction, as of its snapshot. */
  async basis(account: AccountRef, sql: Queryable = this.#platform.database): Promise<Basis> {
    const [fields] = await sql.queryArrays<BasisFields>(BASIS, [account.slice, streamOf(account)]);
    return this.#basisOf(account, fields);
  }

  #basisOf({ programme }: AccountRef, fields: BasisFields | undefined): Basis {
    const [position, parked] = fields ?? ["", null];
    const at = businessNow(programme, this.#platform.clock.now());
    return { at, cut: cutAt(position), parked: parked ?? undefined };
  }

  /** What the write side has kept of the account's fold: a cache, so one that cannot be read is none. */
  async #snapshot(account: AccountRef): Promise<AccountState | undefined> {
    const { store, logger } = this.#platform;
    const stream = streamOf(account);
    const [snapshot] = await store.loadSnapshots([stream], accountSnapshots.schema);
    if (snapshot === undefined) return undefined;
    try {
      return accountSnapshots.read(snapshot.state).state;
    } catch (error) {
      logger.warn({ stream, err: error }, "a snapshot cannot be read; folding the stream from its start");
      return undefined;
    }
  }

  async #readModel(account: AccountRef): Promise<Seen> {
    const { slice, member, currency } = account;
    const values = [slice, streamOf(account), member, currency.code];
    const { database } = this.#platform;
    const [fields] = await database.queryArrays<[...BasisFields, ...AccountFields]>(SEEN, values);
    const [position = "", parked = null, ...columns] = fields ?? [];
    const basis = this.#basisOf(account, [position, parked]);
    const isThere = (read: readonly unknown[]): read is AccountFields => typeof read[0] === "string";
    if (!isThere(columns)) return { ...basis, state: newAccount(), isSettled: false };
    const found = accountRow(columns);
    if (needsEvents(found, basis.at)) return this.#fold(account, NOW);
    return { ...basis, state: found.state, isSettled: false };
  }
}

import type { EventStore, SealedSnapshot, SealedSnapshots } from "@taem/event-store";
import type { Cut } from "@taem/host";
import type { Queryable, Transactional } from "@taem/postgres";
import type { Parked } from "@taem/processing";
import { businessNow, type Programme } from "@taem/programme/definitions";
import type { Clock } from "@taem/runtime";
import { accountAggregate } from "../application/account-aggregate.ts";
import { type AccountState, dueEvents, evolve, newAccount } from "../domain/index.ts";
import { SCHEMA } from "../read-model/schema.ts";
import { type AccountRecord, accountEvents, follow, type Horizon } from "./account-events.ts";
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
  readonly database: Transactional;
  readonly store: EventStore;
  readonly snapshots: SealedSnapshots;
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
    const snapshot = isWhole(view) ? await this.#snapshot(account) : undefined;
    const { horizon, ...basis } = await this.horizon(account.programme, view);
    if (horizon.effectiveBy !== undefined) return { ...basis, ...(await this.#past(account, horizon)) };
    const state =
      snapshot === undefined
        ? await this.#fromStart(account, horizon)
        : await this.#fromSnapshot(account, horizon, snapshot);
    return { ...basis, state, isSettled: false };
  }

  async #fromStart(account: AccountRef, horizon: Horizon): Promise<AccountState> {
    const state = newAccount();
    for await (const one of accountEvents(this.#platform.store, account, horizon)) follow(state, one);
    return state;
  }

  /** From the event on that is the last in the snapshot: it says whether the snapshot can be right. */
  async #fromSnapshot(
    account: AccountRef,
    horizon: Horizon,
    snapshot: SealedSnapshot,
  ): Promise<AccountState> {
    const { store, snapshots } = this.#platform;
    const restore = async (record: AccountRecord["record"] | undefined) =>
      (await snapshots.restore(snapshot, accountAggregate, record))?.state;
    let state: AccountState | undefined;
    for await (const one of accountEvents(store, account, horizon, snapshot.revision - 1)) {
      if (state !== undefined) follow(state, one);
      else {
        state = await restore(one.record);
        if (state === undefined) return await this.#fromStart(account, horizon);
      }
    }
    if (state !== undefined) return state;
    await restore(undefined);
    return await this.#fromStart(account, horizon);
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
    const counts = ({ event }: Pick<AccountRecord, "event">) => event.effectiveAt <= effectiveBy;
    const all = { effectiveBy: undefined, recordedBy };
    for await (const one of accountEvents(this.#platform.store, account, all)) {
      follow(recorded, one);
      if (counts(one)) follow(state, one);
    }
    for (const event of dueEvents(recorded, identityOf(programme, currency.code, member), effectiveBy))
      if (counts({ event })) evolve(state, event);
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

  /** What the write side has kept of the account's fold. */
  async #snapshot(account: AccountRef): Promise<SealedSnapshot | undefined> {
    const schema = accountAggregate.snapshots?.schema ?? "";
    const [snapshot] = await this.#platform.snapshots.load([streamOf(account)], schema);
    return snapshot;
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

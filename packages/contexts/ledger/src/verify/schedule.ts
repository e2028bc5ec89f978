import type { EventStore } from "@taem/event-store";
import type { Queryable } from "@taem/postgres";
import { versionOf } from "@taem/processing";
import { dueEvents } from "../domain/sweep.ts";
import type { ZoneHistory } from "../read-model/zone-history.ts";
import { Discrepant } from "./discrepancy.ts";
import type { ReplayedAccount } from "./replay.ts";

/** Where the timers are that have accounts swept, and the queue that takes them from there. */
const SWEEPS = "taem_sweeps";
const QUEUE = "sweeps";

/** Of a slice and programme: all timers due by then, of those that events up to a position had set, have been sent. */
interface Mark {
  readonly dueAt: number;
  readonly position: string;
}

/** What has a timer of its own; the rest of what time does comes with it, or with the next command. */
const TIMED: readonly string[] = ["PointsExpired", "HoldTimedOut", "AdjustmentLapsed"];

/**
 * Whether somebody is about to write what time has done to accounts. Timers that are to come are compared row for row; one that was
 * sent leaves no trace where it was, so what it is for is looked for in the account.
 */
export class Schedule {
  readonly #sql: Queryable;
  readonly #marks: ReadonlyMap<string, Mark>;

  private constructor(sql: Queryable, marks: ReadonlyMap<string, Mark>) {
    this.#sql = sql;
    this.#marks = marks;
  }

  /** As of the transaction's instant. Nothing is expected where no scheduler has ever run. */
  static async load(sql: Queryable): Promise<Schedule> {
    if ((await versionOf(sql, SWEEPS)) === undefined) return new Schedule(sql, new Map());
    const rows = await sql.queryArrays<[slice: number, scope: string, dueAt: bigint, position: string]>(
      `SELECT slice, scope, due_at, position FROM ${SWEEPS}.timer_marks`,
    );
    const marks = rows.map(
      ([slice, scope, dueAt, position]) => [`${slice} ${scope}`, { dueAt: Number(dueAt), position }] as const,
    );
    return new Schedule(sql, new Map(marks));
  }

  /** Throws `Discrepant` on the first account that time has changed and that nobody sweeps. */
  async check(
    accounts: readonly ReplayedAccount[],
    zones: ZoneHistory,
    store: Pick<EventStore, "read">,
  ): Promise<void> {
    for (const account of accounts) {
      const due = this.#dueIn(account, zones);
      if (due === undefined || (await this.#isOnItsWay(account))) continue;
      // What was swept meanwhile is written in the stream before the message is taken out of the queue.
      const [after] = await store.read([
        { stream: account.stream, afterRevision: account.state.revision, limit: 1 },
      ]);
      if (after?.events.length !== 0) continue;
      throw new Discrepant({
        check: "schedule",
        where: `account ${account.member} ${account.currency}`,
        expected: `a timer or message for what was due at ${new Date(due).toISOString()}`,
        actual: "none",
      });
    }
  }

  /** When it was due. */
  #dueIn(account: ReplayedAccount, zones: ZoneHistory): number | undefined {
    const { slice, programme, member, currency, state, position } = account;
    const mark = this.#marks.get(`${slice} ${programme}`);
    if (mark === undefined || position > mark.position) return undefined;
    const zoneAt = (at: number) => zones.zoneAt(programme, at, position);
    const due = dueEvents(state, { programme, member, currency, zoneAt }, mark.dueAt);
    return due.find(({ type }) => TIMED.includes(type))?.effectiveAt;
  }

  async #isOnItsWay({ slice, member, currency, stream }: ReplayedAccount): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `SELECT FROM ${SWEEPS}.timers WHERE slice = $1 AND lane = $2
       UNION ALL SELECT FROM taem_queues.outbox WHERE queue = $3 AND slice = $1 AND lane = $2 AND state <> 'done'
       UNION ALL SELECT FROM ${SWEEPS}.parked WHERE slice = $1 AND key = $4`,
      [slice, `${member}:${currency}`, QUEUE, stream],
    );
    return rowCount > 0;
  }
}

import type { Database } from "@taem/postgres";
import type { Logger } from "@taem/runtime";
import { complain } from "../passing.ts";
import { schemaOf } from "../projection.ts";
import { RestingLoop } from "../queue/resting-loop.ts";
import type { Reactor } from "./reactor.ts";
import { claimTimers, roundUpTo, scopesWithTimers, sendDueTimers } from "./timers.ts";

export interface TimerSenderOptions {
  readonly reactor: Pick<Reactor, "name">;
  readonly database: Database;
  /** The present by a scope's clock, in milliseconds since the epoch. */
  readonly now: (scope: string) => Promise<number>;
  /** Timers have been sent: the outbox has something to deliver. */
  readonly onSent?: () => void;
  readonly logger: Logger;
  /** How long it rests when nothing was due; 1,000 unless told. */
  readonly pollMs?: number;
}

const POLL_MS = 1_000;
/** How often it is said that scopes have no clock: they are looked at in every round. */
const COMPLAIN_EVERY_MS = 60_000;
const SCOPES_NAMED = 5;

/**
 * Moves timers into the outbox when they are due, where they are commands like any other. Several share the work by
 * slice. Whoever dies in the middle has moved nothing.
 */
export class TimerSender {
  readonly #options: TimerSenderOptions;
  readonly #schema: string;
  readonly #logger: Logger;
  readonly #loop: RestingLoop;
  #complainAgainAt = 0;

  constructor(options: TimerSenderOptions) {
    const { reactor, logger, pollMs = POLL_MS } = options;
    this.#options = options;
    this.#schema = schemaOf(reactor);
    this.#logger = logger.child({ timers: reactor.name });
    const complaint = "timers were not looked at; trying again";
    this.#loop = new RestingLoop(() => this.runOnce(), pollMs, this.#logger, complaint);
  }

  start(): void {
    this.#loop.start();
  }

  /** Ends after what is under way. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** One round through the scopes; how many timers were sent. */
  async runOnce(): Promise<number> {
    const { database, onSent } = this.#options;
    let sent = 0;
    const failed = new Map<string, unknown>();
    for (const { scope, dueAt } of await scopesWithTimers(database, this.#schema)) {
      if (this.#loop.isStopping) break;
      try {
        sent += await this.#sendDue(scope, dueAt);
      } catch (err) {
        // One scope whose clock cannot be read keeps no other waiting.
        failed.set(scope, err);
      }
    }
    this.#complain(failed);
    if (sent > 0) onSent?.();
    return sent;
  }

  #complain(failed: ReadonlyMap<string, unknown>): void {
    const [err] = failed.values();
    if (err === undefined || performance.now() < this.#complainAgainAt) return;
    this.#complainAgainAt = performance.now() + COMPLAIN_EVERY_MS;
    const scopes = [...failed.keys()].slice(0, SCOPES_NAMED);
    complain(this.#logger, err, "timers of scopes were not sent; they stay due", {
      scopes,
      count: failed.size,
    });
  }

  async #sendDue(scope: string, dueAt: number): Promise<number> {
    const { database, now: clockOf, reactor } = this.#options;
    const present = await clockOf(scope);
    if (dueAt > present) return 0;
    return await database.transaction(
      async (transaction) => {
        const now = await roundUpTo(transaction, this.#schema, scope, present);
        const slices = await claimTimers(transaction, this.#schema, scope, now);
        if (slices.length === 0) return 0;
        return await sendDueTimers(transaction, this.#schema, reactor.name, { scope, now, slices });
      },
      // Lost together where they are lost: the timer is there again, and so is what sends it.
      { brief: true, relaxed: true },
    );
  }
}

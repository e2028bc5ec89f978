import type { Caller } from "@taem/host";
import { ApiError } from "@taem/http";
import type { Database } from "@taem/postgres";
import {
  createReactionRunner,
  done,
  later,
  type Outcome,
  park,
  type ReactionRunner,
  refused,
} from "@taem/processing";
import { type Clock, type Logger, type Metrics, OperatorError } from "@taem/runtime";
import { type SweepAccount, sweeps } from "./sweeps.ts";
import { type CompleteTransfer, transfers } from "./transfers.ts";

/** Who carries out what the reactors send. All of it is idempotent; what rejects is asked for again. */
export interface AccountKeeper {
  /** The programme's business clock. Rejects while nothing may be done by what time it is. */
  now(programme: string): Promise<number>;
  /** Records what time has done to an account by now. */
  sweep(account: Omit<SweepAccount, "type">, caller: Caller): Promise<void>;
  /** Brings a transfer to its end, now or before; why there is none, undefined where there is. */
  completeTransfer(transfer: Omit<CompleteTransfer, "type">, caller: Caller): Promise<string | undefined>;
}

export interface RunnersPlatform {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly newId: () => string;
}

/** No balance waits for what is sent here; a timer that was sent is seen at once. */
const POLL_MS = 1_000;

/** Keep the log up with time, and end what was left half done. Any number may run, in any number of processes. */
export function createRunners(platform: RunnersPlatform, keeper: AccountKeeper): readonly ReactionRunner[] {
  const { logger, newId } = platform;
  const common = { ...platform, pollMs: POLL_MS };
  const trace = (correlationId: string, cause: SweepAccount | CompleteTransfer, message: string) => {
    if (logger.isDebug) logger.debug({ correlationId, cause }, message);
  };
  const sweeping = createReactionRunner({
    ...common,
    reactor: sweeps,
    now: (programme) => keeper.now(programme),
    deliver: ({ command, provenance: { actor }, deadline }) =>
      carriedOut(async () => {
        // A process whose clock is ahead has sent it, or one that has heard before this one of a clock that was moved.
        if ((await keeper.now(command.programme)) < command.dueAt)
          return later("not due by this process's clock");
        // Time is its cause: the events that led to it may be many, and years old.
        const correlation = newId();
        trace(correlation, command, "sweeping an account");
        await keeper.sweep(command, { actor, correlation, deadline });
        return done();
      }),
  });
  const ending = createReactionRunner({
    ...common,
    reactor: transfers,
    deliver: ({ command, provenance, deadline }) =>
      carriedOut(async () => {
        trace(provenance.correlation, command, "seeing a transfer to its end");
        const reason = await keeper.completeTransfer(command, { ...provenance, deadline });
        return reason === undefined ? done() : park(reason);
      }),
  });
  return [sweeping, ending];
}

/** How an account is not known to the log: an older one was restored than the outbox has messages of. */
const UNKNOWN: readonly string[] = ["programme_unknown", "member_unknown", "currency_unknown"];

async function carriedOut(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && UNKNOWN.includes(error.code)) return refused(error.code);
    // Wrong with the installation and not with the message, such as clocks that differ.
    if (error instanceof OperatorError) return later(error.message);
    throw error;
  }
}

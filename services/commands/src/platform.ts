import { createHmac, type KeyObject } from "node:crypto";
import type { TokenIssuer, Tokens } from "@taem/api";
import type { Claimant, CommandHandler, EventStore } from "@taem/event-store";
import type { Activity } from "@taem/ledger/domain";
import type { Clock, Logger, Metrics, Tracer } from "@taem/runtime";
import { type Provenance, streamOf, UNIQUE } from "@taem/schema";

/** What the commands service stands on. */
export interface CommandsPlatform extends TokenIssuer {
  readonly store: EventStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer?: Tracer | undefined;
  /** Why the log may not be written now; undefined = it may. */
  readonly barred?: () => Error | undefined;
  /** Names unique values (external ids, programme-wide keys) in the log; the same on every instance, for ever. */
  readonly hmacKey: KeyObject;
  /** When API keys were last used, in milliseconds since the epoch. Without it nobody knows. */
  readonly lastUses?: (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /**
   * Ids of clients, in their order, after one: of a programme by its code, or with null all. What a read model says, so one
   * that was just created may be missing; undefined where there is no such read model yet. Without it nothing is known.
   */
  readonly clientsAfter?: (
    programme: string | null,
    limit: number,
    after: string | undefined,
  ) => Promise<readonly string[] | undefined>;
  /**
   * Whether commands are known to have been done under keys of a source system, by the programme's id: what a read model
   * says, so it may be behind. Without it nothing is known.
   */
  readonly isSystemInUse?: (programme: string, system: string) => Promise<boolean>;
  /**
   * What a principal is known to have done on a local day of the server's time, in a currency of a programme, by its id.
   * Without it each instance counts alone.
   */
  readonly activityOn?: (
    programme: string,
    currency: string,
    principal: string,
    date: string,
  ) => Promise<Activity>;
}

/** Who asks, and until when the caller waits. */
export interface Caller {
  /** Principal of the API key: the actor of what is recorded. */
  readonly actor: string;
  readonly correlation: string;
  readonly causation?: string;
  /** In the clock's milliseconds. */
  readonly deadline: number;
  /** W3C Trace Context of the request, where it is traced. */
  readonly traceparent?: string | undefined;
  /** Streams of accounts of which an earlier command was refused for today: what comes later must not overtake it. */
  readonly heldBack?: Set<string>;
  /** Called when the command has its place in its account's order: what follows may be decided after it. */
  readonly placed?: () => void;
}

/** What every part of the service works with. */
export interface Toolbox extends CommandsPlatform {
  readonly handler: CommandHandler;
  readonly newId: () => string;
  readonly tokens: Tokens;
}

export function metaOf({ actor, correlation, causation }: Caller): Provenance {
  return { actor, correlation, ...(causation === undefined ? {} : { causation }) };
}

export function claimantOf(caller: Caller): Claimant {
  return { meta: metaOf(caller), deadline: caller.deadline, traceparent: caller.traceparent };
}

/** The stream of a value that must be unique in its scope; the value itself never reaches the log. */
export function uniqueStreamOf(hmacKey: KeyObject, ...parts: readonly string[]): string {
  return streamOf(UNIQUE, createHmac("sha256", hmacKey).update(parts.join("\u0000")).digest("hex"));
}

import {
  type Claimant,
  HandlerRefusal,
  OutcomeUnknown,
  StoreUnavailable,
  StreamDamaged,
} from "@taem/event-store";
import { ApiError, type AuthenticatedContext, actorOf } from "@taem/http";
import { isUnavailable } from "@taem/postgres";
import type { Provenance } from "@taem/schema";

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
}

export function callerOf({ principal, correlationId, deadline, traceparent }: AuthenticatedContext): Caller {
  return { actor: actorOf(principal), correlation: correlationId, deadline, traceparent };
}

export function metaOf({ actor, correlation, causation }: Caller): Provenance {
  return { actor, correlation, ...(causation === undefined ? {} : { causation }) };
}

export function claimantOf(caller: Caller): Claimant {
  return { meta: metaOf(caller), deadline: caller.deadline, traceparent: caller.traceparent };
}

/** What the machinery refuses, or cannot do while something it stands on is away, as a problem. */
export function asProblem(error: unknown): unknown {
  if (error instanceof HandlerRefusal) {
    return new ApiError(error.code === "shutting_down" ? "unavailable" : error.code, { cause: error });
  }
  if (error instanceof OutcomeUnknown) return new ApiError("outcome_unknown", { cause: error });
  if (error instanceof StoreUnavailable || isUnavailable(error))
    return new ApiError("unavailable", { cause: error });
  // Which stream it is, the log says: the caller may have asked about another one that stands on it.
  if (error instanceof StreamDamaged) return new ApiError("stream_damaged", { cause: error });
  return error;
}

/** What is found; undefined where that is refused with this code. */
export async function unlessRefused<T>(found: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof ApiError && error.code === code) return undefined;
    throw error;
  }
}

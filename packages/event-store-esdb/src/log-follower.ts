import { type FollowOptions, type LogPage, Pauses, type Position, unlessAborted } from "@taem/event-store";
import type { Connection } from "./connection.ts";
import { ConsumerTooSlow, EsdbError, Passing, RequestFailed } from "./failures.ts";
import type { Log } from "./log.ts";
import { readPage } from "./log-reader.ts";
import { Subscription } from "./subscription.ts";
import type { Timing } from "./timing.ts";

export interface Following extends FollowOptions {
  readonly after: Position;
}

/** What is told of subscriptions that end. */
export interface FollowerReports {
  readonly log?: Log;
  /** The server has ended one that fell behind. */
  readonly onTooSlow?: () => void;
}

/** Subscribes again, after the last position that was handled, whenever a subscription ends. */
export async function* followLog(
  connection: Connection,
  { after, limit, signal, onFailure, ...filter }: Following,
  timing: Timing,
  { log, onTooSlow }: FollowerReports,
): AsyncGenerator<LogPage> {
  const pauses = new Pauses();
  let lastEvent = after;
  let position = after;
  while (!signal.aborted) {
    let subscription: Subscription | undefined;
    try {
      subscription = await opened(Subscription.open(connection, position, limit, filter, timing), signal);
      onFailure?.(undefined);
      for (;;) {
        const events = await unlessAborted(subscription.next(), signal);
        pauses.reset();
        lastEvent = events.at(-1)?.position ?? lastEvent;
        yield { events, next: lastEvent };
      }
    } catch (error) {
      if (signal.aborted) return;
      const handled = subscription?.handled ?? position;
      const reason = await reasonOf(error, () => readPage(connection, timing.silence, handled, 1));
      position = placeAfter(reason, handled, lastEvent);
      if (reason instanceof ConsumerTooSlow) onTooSlow?.();
      else {
        onFailure?.(reason);
        log?.("the subscription to the event store ended and is begun again", {
          reason: (reason as Error).message,
        });
      }
    } finally {
      subscription?.close();
    }
    await pauses.take(signal);
  }
}

/** A subscription whose position the server cannot place fails without a reason; a read from there is told it. */
async function reasonOf(error: unknown, read: () => Promise<LogPage>): Promise<unknown> {
  if (!(error instanceof RequestFailed)) return error;
  try {
    await read();
    return error;
  } catch (failure) {
    return failure instanceof EsdbError ? failure : error;
  }
}

/** Where to go on after a failure that passes; throws one that does not. */
function placeAfter(error: unknown, handled: Position, lastEvent: Position): Position {
  if (error instanceof Passing) return handled;
  // The server may have forgotten a checkpoint of its own, but never an event.
  const isUnknown = error instanceof EsdbError && error.code === "event_store_position_unknown";
  if (isUnknown && handled !== lastEvent) return lastEvent;
  throw error;
}

async function opened(opening: Promise<Subscription>, signal: AbortSignal): Promise<Subscription> {
  try {
    return await unlessAborted(opening, signal);
  } catch (error) {
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  }
}

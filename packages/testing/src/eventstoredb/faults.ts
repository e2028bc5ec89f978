import type { ExpectedRevision } from "./event-log.ts";
import { grpc, type Metadata } from "./wire.ts";

/** An error that the server ends a call with; `trailers` tell the client what it means. */
export interface WireError {
  readonly code: number;
  readonly details: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What a server of the real kind answers, with its codes, texts and trailers. */
export const ERRORS = {
  accessDenied: { code: 7, details: "Access Denied", trailers: { exception: "access-denied" } },
  deadlineExceeded: { code: 4, details: "Deadline exceeded" },
  handlerThrew: { code: 2, details: "Exception was thrown by handler." },
  invalidPosition: { code: 3, details: "Trying to read from an invalid position." },
  noLeaderInfo: { code: 2, details: "No leader info available in response" },
  notReady: { code: 14, details: "Server Is Not Ready" },
  timedOut: { code: 10, details: "Operation timed out: Commit phase timeout." },
  tooBusy: { code: 14, details: "Server Is Too Busy" },
  tooSlow: {
    code: 2,
    details: "Consumer too slow to handle event while live. Client resubscription required.",
  },
  unauthenticated: { code: 16, details: "Unauthenticated" },
  unknown: { code: 2, details: "Unexpected OperationResult: Unknown" },
} as const satisfies Record<string, WireError>;

export function notLeader(host: string, port: number): WireError {
  return {
    code: 5,
    details: "Leader info available",
    trailers: {
      exception: "not-leader",
      "leader-endpoint-host": host,
      "leader-endpoint-port": String(port),
    },
  };
}

export function streamDeleted(stream: string): WireError {
  return {
    code: 9,
    details: `Event stream '${stream}' is deleted.`,
    trailers: { exception: "stream-deleted", "stream-name": stream },
  };
}

export function appendTooLarge(bytes: number): WireError {
  return {
    code: 3,
    details: `Maximum Append Size of ${bytes} Exceeded.`,
    trailers: { exception: "maximum-append-size-exceeded", "maximum-append-size": String(bytes) },
  };
}

/** What becomes of one append instead of being stored and answered. */
export type AppendFault =
  /** No answer ever comes. */
  | { readonly kind: "swallow"; readonly stored: boolean }
  /** The connection breaks before the answer. */
  | { readonly kind: "drop"; readonly stored: boolean }
  | { readonly kind: "error"; readonly stored: boolean; readonly error: WireError }
  /** Nothing that comes over the same call is stored or answered any more. */
  | { readonly kind: "mute" }
  /** Stored and answered, but not before the promise resolves. */
  | { readonly kind: "delay"; readonly until: Promise<void> }
  /** Being written until the promise resolves; then it is seen, and answered. */
  | { readonly kind: "write"; readonly until: Promise<void> };

/** What becomes of one read or subscription. */
export type ReadFault =
  | { readonly kind: "swallow" }
  | { readonly kind: "drop" }
  /** After some messages, so that a part of the answer has been received. */
  | { readonly kind: "error"; readonly error: WireError; readonly afterMessages?: number };

export interface AppendSeen {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** Whether a node that does not lead must send the client to the one that does. */
  readonly requiresLeader: boolean;
}

export interface ReadSeen {
  /** Undefined for $all. */
  readonly stream: string | undefined;
  readonly subscription: boolean;
  readonly requiresLeader: boolean;
  /** The position in $all that it begins at or after, if any. */
  readonly from: { readonly commit: number; readonly prepare: number } | undefined;
}

/** Asked once for each call; undefined lets it be. */
export interface Faults {
  onAppend?: ((append: AppendSeen) => AppendFault | undefined) | undefined;
  onRead?: ((read: ReadSeen) => ReadFault | undefined) | undefined;
  /** Whether a subscription begins with the event at its position, where a server begins after it. */
  isInclusive?: boolean | undefined;
  /** Events in the answer to a read of $all at most, however many were asked for. */
  longestRead?: number | undefined;
}

export function requiresLeader(call: { metadata: { get(key: string): unknown[] } }): boolean {
  return call.metadata.get("requires-leader")[0] === "true";
}

export function serviceError({ code, details, trailers = {} }: WireError) {
  const metadata: Metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

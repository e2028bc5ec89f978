import { StoreUnavailable, StreamDamaged } from "@taem/event-store";

/** What the event store answers for good: trying again changes nothing. */
export type EsdbErrorCode =
  | "event_store_access_denied"
  | "event_store_append_too_large"
  | "event_store_position_unknown"
  | "event_store_refused"
  | "event_store_unsupported"
  | "event_store_url_invalid";

export class EsdbError extends Error {
  readonly code: EsdbErrorCode;
  constructor(code: EsdbErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EsdbError";
    this.code = code;
  }
}

/** It passes: the server is away, busy, has no leader, or did not answer. What was asked for may have happened. */
export class Passing extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Passing";
  }
}

/** The connection was gone, or just being replaced, when it was to be used: another attempt makes a new one. */
export class ConnectionLost extends Passing {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConnectionLost";
  }
}

/** A live subscription whose consumer took less than came: the server ends it, and nothing is lost. */
export class ConsumerTooSlow extends Passing {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConsumerTooSlow";
  }
}

/** The server failed on the request and does not say why. */
export class RequestFailed extends Passing {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RequestFailed";
  }
}

const CODE = {
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

const INVALID_POSITION = "Trying to read from an invalid position";
const TOO_SLOW = "Consumer too slow";
const HANDLER_THREW = "Exception was thrown by handler";

interface ServiceError extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata?: { get(key: string): readonly (string | Buffer)[] };
}

const OURS = [Passing, EsdbError, StreamDamaged] as const;

/** What an error of a call means, in our terms; what is no error of a call comes back as it is. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof Error) || OURS.some((own) => error instanceof own)) return error;
  if (!isServiceError(error))
    return isLostChannel(error) ? new Passing(error.message, { cause: error }) : error;
  const exception = error.metadata?.get("exception")[0]?.toString();
  switch (exception) {
    case "access-denied":
      return accessDenied(error);
    case "stream-deleted":
      return streamDeleted(error.metadata?.get("stream-name")[0]?.toString() ?? "", error);
    case "maximum-append-size-exceeded":
    case "maximum-append-event-size-exceeded":
      return appendTooLarge(error);
    case "not-leader":
      return new Passing(error.details, { cause: error });
  }
  return failureOfCode(error);
}

function failureOfCode(error: ServiceError): EsdbError | Passing {
  switch (error.code) {
    case CODE.PERMISSION_DENIED:
    case CODE.UNAUTHENTICATED:
      return accessDenied(error);
    case CODE.INVALID_ARGUMENT:
      return error.details.startsWith(INVALID_POSITION)
        ? positionUnknown(error)
        : refused(error.details, error);
    case CODE.NOT_FOUND:
    case CODE.FAILED_PRECONDITION:
      return refused(error.details, error);
    case CODE.UNIMPLEMENTED:
      return new EsdbError(
        "event_store_unsupported",
        "the event store does not know this call: use EventStoreDB 24 or KurrentDB 25, or newer",
        { cause: error },
      );
    case CODE.UNKNOWN:
      if (error.details.startsWith(TOO_SLOW)) return new ConsumerTooSlow(error.details, { cause: error });
      if (error.details.startsWith(HANDLER_THREW)) return new RequestFailed(error.details, { cause: error });
      return new Passing(error.details, { cause: error });
    case CODE.UNAVAILABLE:
      return new ConnectionLost(error.details, { cause: error });
    default:
      return new Passing(error.details, { cause: error });
  }
}

export function accessDenied(cause: unknown): EsdbError {
  return new EsdbError(
    "event_store_access_denied",
    "the event store refuses our user: check the credentials of the connection string and the access rules of $all and the streams taem*",
    { cause },
  );
}

export function appendTooLarge(cause: unknown): EsdbError {
  return new EsdbError(
    "event_store_append_too_large",
    "the append is larger than the event store takes: raise MaxAppendSize and MaxAppendEventSize of the server",
    { cause },
  );
}

export function streamDeleted(stream: string, cause: unknown): StreamDamaged {
  return new StreamDamaged(stream, "was deleted in the event store for ever", { cause });
}

export function refused(reason: string, cause: unknown): EsdbError {
  return new EsdbError(
    "event_store_refused",
    `the event store refuses the request, which is a fault of this program or of the server's settings: ${reason}`,
    { cause },
  );
}

function positionUnknown(cause: unknown): EsdbError {
  return new EsdbError(
    "event_store_position_unknown",
    "the position is not one of this event store: was it restored or replaced? Rebuild what was read from the other one",
    { cause },
  );
}

/** For reads, which are not repeated inside. */
export function toReadFailure(error: unknown): unknown {
  const failure = failureOf(error);
  return failure instanceof Passing ? new StoreUnavailable(failure) : failure;
}

export function isUnimplemented(error: unknown): boolean {
  return error instanceof EsdbError && error.code === "event_store_unsupported";
}

function isServiceError(error: Error): error is ServiceError {
  return typeof (error as Partial<ServiceError>).code === "number";
}

/** What the client throws without a code when its channel has just been replaced, or no node of a cluster answers. */
function isLostChannel({ message }: Error): boolean {
  return /^(Channel has been shut down|Failed to discover|write after end|Cannot call write after)/i.test(
    message,
  );
}

import { StoreUnavailable } from "@taem/event-store";
import { isLoginRefused, isUnavailable } from "@taem/postgres";
import { schemaOf } from "@taem/processing";
import { OperatorError } from "@taem/runtime";
import type { AnyContext } from "./context.ts";
import { projectionNames } from "./contexts.ts";

/** A server that a process stands on does not serve, and may yet: it starts, elects a leader, is restarted. */
export class NotThereYet extends OperatorError {
  readonly server: string;

  constructor(server: string, code: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = "NotThereYet";
    this.server = server;
  }
}

/**
 * Why a server could not be used, where that is what an error says, whatever was asked of it: `database_unavailable`,
 * `event_store_unavailable`, or as it was told. `NotThereYet` where it is worth waiting for: a database that is not there may be
 * coming, while a role that is not, or a wrong password, is what somebody has set.
 */
export function unavailabilityOf(error: unknown): OperatorError | undefined {
  if (error instanceof NotThereYet) return error;
  if (error instanceof StoreUnavailable && !isUnavailable(error.cause)) return eventStoreUnavailable(error);
  const cause = error instanceof StoreUnavailable ? error.cause : error;
  return isUnavailable(cause) ? databaseUnavailable(cause as Error) : undefined;
}

function eventStoreUnavailable(cause: StoreUnavailable): NotThereYet {
  const said = (cause.cause as Error | undefined)?.message ?? cause.message;
  const message = `EventStoreDB does not answer (${said}): start it, or mend EVENTSTORE_URL`;
  return new NotThereYet("EventStoreDB", "event_store_unavailable", message, { cause });
}

const NO_SUCH_DATABASE = "3D000";

function databaseUnavailable(cause: Error): OperatorError {
  const code = "database_unavailable";
  const { message: said } = cause;
  if (!isLoginRefused(cause)) {
    const message = `PostgreSQL does not answer (${said}): start it, or mend DATABASE_URL`;
    return new NotThereYet("PostgreSQL", code, message, { cause });
  }
  const message = `PostgreSQL takes no connection (${said}): mend DATABASE_URL, or make the database and its role`;
  if (codeOf(cause) === NO_SUCH_DATABASE) return new NotThereYet("the database", code, message, { cause });
  return new OperatorError(code, message, { cause });
}

/** What PostgreSQL says of a relation, or of a schema, that is not there. */
const NOT_THERE = new Set(["42P01", "3F000"]);

/** `schema_lost` where an error says so, whatever was asked of the database. */
function lostSchema(error: unknown, contexts: readonly AnyContext[]): OperatorError | undefined {
  if (!(error instanceof Error) || !NOT_THERE.has(codeOf(error))) return undefined;
  const what = `the database lacks what belongs in it (${error.message})`;
  const isMadeOfTheLog = projectionNames(contexts).some((name) => error.message.includes(schemaOf({ name })));
  const message = isMadeOfTheLog
    ? `${what}: it is made of the log, by \`taem start\` or \`taem rebuild\`; nothing is lost`
    : `${what}: keep a copy of what is there, and restore that part alone from a backup, however old`;
  return new OperatorError("schema_lost", message, { cause: error });
}

/**
 * Anything thrown in a program of these contexts as what an operator can mend, with a code by which the runbook knows it;
 * undefined where that is not known of it.
 */
export function operatorErrorOf(thrown: unknown, contexts: readonly AnyContext[]): OperatorError | undefined {
  if (thrown instanceof OperatorError) return thrown;
  return unavailabilityOf(thrown) ?? lostSchema(thrown, contexts);
}

/** Codes of ours, of whatever package: SQLSTATE and Node's have capitals or digits. */
const OWN_CODE = /^[a-z]+(_[a-z]+)+$/;

/** What keeps a program from starting: an `OperatorError` wherever it has a code of ours, anything else as it is. */
export function startFaultOf(thrown: unknown, contexts: readonly AnyContext[]): unknown {
  const known = operatorErrorOf(thrown, contexts);
  if (known !== undefined || !(thrown instanceof Error) || !OWN_CODE.test(codeOf(thrown)))
    return known ?? thrown;
  return new OperatorError(codeOf(thrown), thrown.message, { cause: thrown });
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

/** Anything thrown in a program of these contexts, for whoever operates it. */
export function messageOf(thrown: unknown, contexts: readonly AnyContext[]): string {
  const error = startFaultOf(thrown, contexts);
  if (error instanceof OperatorError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

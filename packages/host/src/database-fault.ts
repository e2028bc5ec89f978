import { StreamDamaged } from "@taem/event-store";
import { isConnectionLost } from "@taem/postgres";
import { schemaOf } from "@taem/processing";
import { OperatorError } from "@taem/runtime";
import type { AnyContext } from "./context.ts";
import { projectionNames } from "./contexts.ts";

/** What PostgreSQL says where it takes no connection: no such database, no such role, a wrong password. */
const REFUSES = new Set(["3D000", "28000", "28P01"]);

/** The first that is asked of PostgreSQL. Throws `database_unavailable` where it does not answer, or not to this caller. */
export async function onFirstContact<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message: said } = error as Error;
    const refuses = REFUSES.has(codeOf(error));
    if (!refuses && !isConnectionLost(error)) throw error;
    const message = refuses
      ? `PostgreSQL takes no connection (${said}): mend DATABASE_URL, or make the database and its role`
      : `PostgreSQL does not answer (${said}): start it, or mend DATABASE_URL`;
    throw new OperatorError("database_unavailable", message, { cause: error });
  }
}

/** What PostgreSQL says of a relation, or of a schema, that is not there. */
const NOT_THERE = new Set(["42P01", "3F000"]);
/** `schema_lost` where an error says so, whatever was asked of the database. */
export function lostSchema(error: unknown, contexts: readonly AnyContext[]): OperatorError | undefined {
  if (!(error instanceof Error) || !NOT_THERE.has(codeOf(error))) return undefined;
  const what = `the database lacks what belongs in it (${error.message})`;
  const isMadeOfTheLog = projectionNames(contexts).some((name) => error.message.includes(schemaOf({ name })));
  const message = isMadeOfTheLog
    ? `${what}: it is made of the log, by \`taem start\` or \`taem rebuild\`; nothing is lost`
    : `${what}: keep a copy of what is there, and restore that part alone from a backup, however old`;
  return new OperatorError("schema_lost", message, { cause: error });
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

/**
 * Anything thrown in a program of these contexts, for whoever operates it: what an operator can mend has a code, by which the
 * runbook knows it.
 */
export function messageOf(thrown: unknown, contexts: readonly AnyContext[]): string {
  const error = lostSchema(thrown, contexts) ?? thrown;
  if (error instanceof OperatorError || error instanceof StreamDamaged)
    return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

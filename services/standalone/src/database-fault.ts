import { isConnectionLost } from "@taem/postgres";
import { OperatorError } from "@taem/runtime";

/** The first that is asked of PostgreSQL. Throws `database_unavailable` where it does not answer. */
export async function onFirstContact<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    const message = `PostgreSQL does not answer (${(error as Error).message}): start it, or mend DATABASE_URL`;
    throw new OperatorError("database_unavailable", message, { cause: error });
  }
}

/** What PostgreSQL says of a relation, or of a schema, that is not there. */
const NOT_THERE = new Set(["42P01", "3F000"]);

/** `schema_lost` where an error says so, whatever was asked of the database. */
export function lostSchema(error: unknown): OperatorError | undefined {
  if (!(error instanceof Error) || !NOT_THERE.has((error as { code?: string }).code ?? "")) return undefined;
  const message =
    `the database lacks what belongs in it (${error.message}): restore it from a backup, however old; where nothing was ` +
    "ever started on it, `taem start` makes it";
  return new OperatorError("schema_lost", message, { cause: error });
}

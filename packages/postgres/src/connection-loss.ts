const SERVER_UNAVAILABLE = new Set([
  "57P01", // admin_shutdown
  "57P02", // crash_shutdown
  "57P03", // cannot_connect_now
  "53300", // too_many_connections
  "25P03", // idle_in_transaction_session_timeout
]);

const SOCKET_FAILURES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** pg reports these without a code. */
const CLIENT_FAILURES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|timeout expired)/;

const ROLLED_BACK = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "55P03", // lock_not_available
  "57014", // query_canceled
]);

/**
 * Whether the connection or the server went away, so that trying again later may succeed. What was in flight may or
 * may not have happened.
 */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (code?.startsWith("08") || SERVER_UNAVAILABLE.has(code ?? "") || SOCKET_FAILURES.has(code ?? "")) {
    return true;
  }
  return code === undefined && CLIENT_FAILURES.test(error.message);
}

/** What the server says where it takes no connection: no such database, no such role, a wrong password. */
const LOGIN_REFUSED = new Set(["3D000", "28000", "28P01"]);

/** Whether the server answers, and takes no connection from this caller or to this database. */
export function isLoginRefused(error: unknown): boolean {
  return error instanceof Error && LOGIN_REFUSED.has(codeOf(error) ?? "");
}

/**
 * Whether it is the database, and not what was asked of it, that kept something from being done: it is away, takes no
 * connection, is out of disk, memory or connections (SQLSTATE class 53), or rolled back for the sake of another.
 */
export function isUnavailable(error: unknown): boolean {
  if (isConnectionLost(error) || isRolledBack(error) || isLoginRefused(error)) return true;
  return error instanceof Error && codeOf(error)?.startsWith("53") === true;
}

/** Whether the server rolled the transaction back for the sake of another one: trying again is safe and may succeed. */
export function isRolledBack(error: unknown): boolean {
  return error instanceof Error && ROLLED_BACK.has(codeOf(error) ?? "");
}

/** Whether a lock was not to be had in time: whoever has it may be silent. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === "55P03";
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

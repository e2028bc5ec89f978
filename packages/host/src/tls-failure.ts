import { OperatorError } from "@taem/runtime";

/** What Node and OpenSSL say where a certificate is not taken, and pg where the server has none; libraries keep the words, and lose the code. */
const REASON =
  /certificate|altnames|does not support SSL|establishing an SSL connection|SSL routines|wrong version number|alert (handshake|bad|unknown|unsupported)/i;

/**
 * `tls_failed` where an error, or what it was caused by, says that no TLS connection came about: trying again changes nothing. Undefined
 * of anything else.
 */
export function tlsFailure(
  error: unknown,
  server: string,
  setting: string,
  authority: string,
): OperatorError | undefined {
  const reason = reasonOf(error);
  if (reason === undefined) return undefined;
  return new OperatorError(
    "tls_failed",
    `no TLS connection to ${server} (${reason}): have it use TLS with a certificate for the host of ${setting}, from an ` +
      `authority that is known here, or whose own certificate is in the file that ${authority} names`,
    { cause: error },
  );
}

function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (REASON.test(error.message)) return error.message.trim();
  return reasonOf(error.cause);
}

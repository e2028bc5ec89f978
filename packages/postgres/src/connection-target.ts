import pg from "pg";
import { PostgresError } from "./postgres-error.ts";

/** Where a URL leads, and how the connection is made. */
export interface ConnectionTarget {
  /** A name, an address, or the folder of a Unix socket, which begins with a slash. */
  readonly host: string;
  /** Whether it is encrypted, and the server shows a certificate of an authority that is trusted and for this host. */
  readonly isVerified: boolean;
}

/**
 * As pg itself takes the URL and the environment (`host=` and `ssl=` in the query, `PGHOST`, `PGSSLMODE`, libpq's meanings where they
 * are asked for), with nothing connected. Throws `tls_file_unreadable` where a file that the URL names is not there.
 */
export function connectionTarget(url: string): ConnectionTarget {
  const { host, ssl } = clientFor(url) as unknown as { readonly host: string; readonly ssl: unknown };
  return { host, isVerified: verifiesServer(ssl) };
}

function clientFor(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url });
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    // Any other message of the parser's may quote the URL, password and all.
    const reason = path === undefined ? "the URL is none that pg can read" : `${path}: ${code}`;
    throw new PostgresError("tls_file_unreadable", `what DATABASE_URL says of TLS cannot be used: ${reason}`);
  }
}

/** What pg hands to `tls.connect`: whoever takes a check out or puts a laxer one in its place trusts any server, or any host. */
function verifiesServer(ssl: unknown): boolean {
  if (ssl === true) return true;
  if (typeof ssl !== "object" || ssl === null) return false;
  const { rejectUnauthorized = true, checkServerIdentity } = ssl as {
    readonly rejectUnauthorized?: unknown;
    readonly checkServerIdentity?: unknown;
  };
  return rejectUnauthorized === true && checkServerIdentity === undefined;
}
